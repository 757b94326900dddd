#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "sim/activation.h"
#include "tests/suites.h"
#include "tests/support.h"

/* The definitions once more, by other functions of the mathematical library. */
struct formula_row {
    const char *name;
    double (*value)(double);
};

static double relu(double u)
{
    return fmax(u, 0);
}

static double gelu(double u)
{
    return u * erfc(-u / sqrt(2)) / 2;
}

static double silu(double u)
{
    return u >= 0 ? u / (1 + exp(-u)) : u * exp(u) / (1 + exp(u));
}

static double identity(double u)
{
    return u;
}

static const struct formula_row formulas[] = {
    {"relu", relu}, {"gelu", gelu}, {"silu", silu}, {"tanh", tanh}, {"identity", identity}, {"swiglu", silu},
};

enum { POINTS = 401 };

static double point(int i)
{
    return -8 + 0.0401 * i + 0.00017; // never 0
}

static double value_at(const struct activation *activation, double u)
{
    double h = NAN;
    activation->value(1, &u, &h);
    return h;
}

static double slope_at(const struct activation *activation, double u)
{
    double s = NAN;
    activation->slope(1, &u, &s);
    return s;
}

START_TEST(values_follow_the_definition)
{
    ck_assert_uint_eq(activation_count, sizeof formulas / sizeof *formulas);
    for (size_t a = 0; a < activation_count; a++) {
        const struct activation *activation = activation_find(formulas[a].name);
        ck_assert_ptr_nonnull(activation);
        for (int i = 0; i < POINTS; i++) {
            double u = point(i), expected = formulas[a].value(u), h = value_at(activation, u);
            ck_assert(isfinite(h));
            /* The tail of the normal distribution magnifies the rounding of u / sqrt(2) by u^2 <= 64. */
            ck_assert_msg(fabs(h - expected) <= 100 * DBL_EPSILON * fabs(expected), "%s(%g) = %.17g, not %.17g",
                          activation->name, u, h, expected);
        }
    }
}
END_TEST

/* Five-point differences of step h err by h^4/30 |phi^(5)| <= 1e-12 (|phi^(5)| < 30 for all rows) and by 2 eps |phi| /
 * h
 * <= 2e-12 at h = 1e-3 and |phi| <= 8. */
START_TEST(slopes_are_the_derivatives)
{
    const double h = 1e-3;
    for (size_t a = 0; a < activation_count; a++) {
        for (int i = 0; i < POINTS; i++) {
            double u = point(i), s = slope_at(&activations[a], u);
            if (fabs(u) < 2 * h)
                continue; // relu's kink
            double near = value_at(&activations[a], u + h) - value_at(&activations[a], u - h);
            double far = value_at(&activations[a], u + 2 * h) - value_at(&activations[a], u - 2 * h);
            ck_assert(isfinite(s));
            ck_assert_msg(fabs(s - (8 * near - far) / (12 * h)) <= 1e-11, "%s'(%g) = %.15g, not %.15g",
                          activations[a].name, u, s, (8 * near - far) / (12 * h));
        }
    }
    ck_assert_double_eq(slope_at(activation_find("relu"), 0), 0);
}
END_TEST

START_TEST(far_arguments_stay_finite)
{
    const double far[] = {-1e6, -800, -45, 45, 800, 1e6};
    for (size_t a = 0; a < activation_count; a++) {
        for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
            ck_assert_msg(isfinite(value_at(&activations[a], far[i])), "%s(%g)", activations[a].name, far[i]);
            ck_assert_msg(isfinite(slope_at(&activations[a], far[i])), "%s'(%g)", activations[a].name, far[i]);
        }
    }
}
END_TEST

START_TEST(arrays_are_the_points_one_by_one)
{
    enum { COUNT = 37 };
    double *u = support_normals(1, COUNT), h[COUNT], s[COUNT];
    for (size_t a = 0; a < activation_count; a++) {
        activations[a].value(COUNT, u, h);
        activations[a].slope(COUNT, u, s);
        for (int i = 0; i < COUNT; i++) {
            /* A vector exp may differ from the scalar one in the last bits. */
            ck_assert_double_eq_tol(h[i], value_at(&activations[a], u[i]), 8 * DBL_EPSILON * fabs(u[i]));
            ck_assert_double_eq_tol(s[i], slope_at(&activations[a], u[i]), 16 * DBL_EPSILON);
        }
    }
    free(u);
}
END_TEST

/* The trapezoidal rule converges geometrically for functions analytic in a strip: the poles of tanh at i pi/2 leave
 * exp(-2 pi (pi/2) / 0.05), the truncation at 12 leaves exp(-72). */
static double trapezoid(double (*phi)(double))
{
    double sum = 0;
    for (int i = -240; i <= 240; i++) {
        double z = 0.05 * i;
        sum += phi(z) * phi(z) * exp(-z * z / 2);
    }
    return sum * 0.05 / sqrt(2 * M_PI);
}

/* gelu: E z^2 Phi^2 = E Phi^2 + 2 E z Phi phi by Stein's lemma, 1/3 + 2 / (4 pi sqrt(3)). Header: about 1e-13. */
START_TEST(second_moments_are_known)
{
    const double tolerance = 3e-13;
    struct {
        const char *name;
        double phi2;
    } rows[] = {{"relu", 0.5},
                {"gelu", 1.0 / 3 + 1 / (2 * M_PI * sqrt(3))},
                {"silu", trapezoid(silu)},
                {"tanh", trapezoid(tanh)},
                {"identity", 1},
                {"swiglu", trapezoid(silu)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double phi2 = activation_second_moment(activation_find(rows[i].name));
        ck_assert(isfinite(phi2));
        ck_assert_msg(fabs(phi2 - rows[i].phi2) <= tolerance * rows[i].phi2, "%s: %.17g, not %.17g", rows[i].name, phi2,
                      rows[i].phi2);
    }
}
END_TEST

START_TEST(only_swiglu_is_gated_and_strangers_are_not_found)
{
    for (size_t a = 0; a < activation_count; a++) {
        ck_assert_ptr_eq(activation_find(activations[a].name), &activations[a]);
        ck_assert_int_eq(activations[a].gated, activation_find("swiglu") == &activations[a]);
    }
    ck_assert_ptr_null(activation_find("Relu"));
    ck_assert_ptr_null(activation_find(""));
}
END_TEST

Suite *activation_suite(void)
{
    Suite *suite = suite_create("activation");
    TCase *tests = tcase_create("activation");
    tcase_add_test(tests, values_follow_the_definition);
    tcase_add_test(tests, slopes_are_the_derivatives);
    tcase_add_test(tests, far_arguments_stay_finite);
    tcase_add_test(tests, arrays_are_the_points_one_by_one);
    tcase_add_test(tests, second_moments_are_known);
    tcase_add_test(tests, only_swiglu_is_gated_and_strangers_are_not_found);
    suite_add_tcase(suite, tests);
    return suite;
}
