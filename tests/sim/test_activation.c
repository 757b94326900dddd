#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "sim/activation.h"
#include <check.h>
#include "tests/rows.h"
#include "tests/support.h"

/* The definitions once more, in long double: phi, phi' and the sum of the sizes of phi' 's terms. */
struct reference {
    long double value, slope, size;
};

struct formula_row {
    const char *name;
    struct reference (*at)(long double u);
};

static struct reference relu(long double u)
{
    return (struct reference){fmaxl(u, 0), u > 0, 1};
}

static struct reference gelu(long double u)
{
    long double p = erfcl(-u / sqrtl(2)) / 2, density = expl(-u * u / 2) / sqrtl(2 * acosl(-1));
    return (struct reference){u * p, p + u * density, p + fabsl(u) * density};
}

static struct reference silu(long double u)
{
    long double e = expl(-fabsl(u)), large = 1 / (1 + e), small = e / (1 + e);
    long double own = u > 0 ? large : small, other = u > 0 ? small : large;
    return (struct reference){u * own, own * (1 + u * other), own * (1 + fabsl(u) * other)};
}

static struct reference hyperbolic(long double u)
{
    long double slope = 1 / (coshl(u) * coshl(u));
    return (struct reference){tanhl(u), slope, slope};
}

static struct reference identity(long double u)
{
    return (struct reference){u, 1, 1};
}

static struct reference relu2(long double u)
{
    return (struct reference){u > 0 ? u * u : 0, u > 0 ? 2 * u : 0, u > 0 ? 2 * u : 0};
}

/* u/(1 + exp(-2 w)), w = sqrt(2/pi) (u + 0.044715 u^3), where 1 + tanh(w) = 2/(1 + exp(-2 w)) does not cancel. */
static struct reference gelu_tanh(long double u)
{
    const long double a = sqrtl(2 / acosl(-1)), b = 0.044715L;
    long double w = a * (u + b * u * u * u), e = expl(-2 * fabsl(w)), large = 1 / (1 + e), small = e / (1 + e);
    long double own = w > 0 ? large : small, other = w > 0 ? small : large, slope = 2 * a * (1 + 3 * b * u * u);
    if (own == 0 || other == 0)
        return (struct reference){own == 0 ? 0 : u, own, own};
    return (struct reference){u * own, own * (1 + u * slope * other), own * (1 + fabsl(u) * slope * other)};
}

static struct reference sigmoid(long double u)
{
    long double e = expl(-fabsl(u)), large = 1 / (1 + e), small = e / (1 + e);
    return (struct reference){u > 0 ? large : small, large * small, large * small};
}

static const struct formula_row formulas[] = {
    {"relu", relu},   {"gelu", gelu},  {"silu", silu},   {"tanh", hyperbolic},     {"identity", identity},
    {"swiglu", silu}, {"geglu", gelu}, {"relu2", relu2}, {"gelu_tanh", gelu_tanh}, {"sigmoid", sigmoid},
};

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

static void check_point(const struct formula_row *row, double u)
{
    const struct activation *activation = activation_find(row->name);
    ck_assert_ptr_nonnull(activation);
    struct reference exact = row->at(u);
    double h = value_at(activation, u), s = slope_at(activation, u);
    if (fabsl(exact.value) > DBL_MAX) // a square that overflows
        return;
    ck_assert(isfinite(h) && isfinite(s));
    ck_assert_msg(fabsl(h - exact.value) <= ACTIVATION_ERROR * fabsl(exact.value) + ACTIVATION_FLOOR,
                  "%s(%.17g) = %.17g, not %.17Lg", row->name, u, h, exact.value);
    ck_assert_msg(fabsl(s - exact.slope) <= ACTIVATION_ERROR * exact.size + ACTIVATION_FLOOR,
                  "%s'(%.17g) = %.17g, not %.17Lg", row->name, u, s, exact.slope);
}

/* The bound is the header's. Of it, long double's own rounding (the tail of erfc magnifies that of u / sqrt(2) by u^2)
 * takes at most 1500 * 1.1e-19, less than an epsilon. The three grids: where functions bend, to where they are 0, and
 * every magnitude. */
START_TEST(every_number_is_within_the_bound)
{
    const struct formula_row *row = &formulas[_i];
    ck_assert_uint_eq(activation_count, sizeof formulas / sizeof *formulas);
    for (int i = -20000; i <= 20000; i++) {
        check_point(row, 1.00037e-4 * i);
        check_point(row, 0.0400031 * i);
    }
    for (double u = 1e-323; u < 1e308; u *= 1.37) {
        check_point(row, u);
        check_point(row, -u);
    }
}
END_TEST

START_TEST(special_numbers_give_their_limits)
{
    static const struct {
        const char *name;
        double below, above, slope_below, slope_above; // at -inf and inf
    } limits[] = {{"relu", 0, INFINITY, 0, 1},      {"gelu", 0, INFINITY, 0, 1},
                  {"silu", 0, INFINITY, 0, 1},      {"tanh", -1, 1, 0, 0},
                  {"swiglu", 0, INFINITY, 0, 1},    {"identity", -INFINITY, INFINITY, 1, 1},
                  {"geglu", 0, INFINITY, 0, 1},     {"relu2", 0, INFINITY, 0, INFINITY},
                  {"gelu_tanh", 0, INFINITY, 0, 1}, {"sigmoid", 0, 1, 0, 0}};
    ck_assert_uint_eq(activation_count, sizeof limits / sizeof *limits);
    for (size_t i = 0; i < activation_count; i++) {
        const struct activation *activation = activation_find(limits[i].name);
        ck_assert(value_at(activation, -INFINITY) == limits[i].below);
        ck_assert(value_at(activation, INFINITY) == limits[i].above);
        ck_assert(slope_at(activation, -INFINITY) == limits[i].slope_below);
        ck_assert(slope_at(activation, INFINITY) == limits[i].slope_above);
        ck_assert(value_at(activation, 0) == (activation == activation_find("sigmoid") ? 0.5 : 0));
        ck_assert(!signbit(value_at(activation, 0)));
        ck_assert(isnan(value_at(activation, NAN)));
    }
}
END_TEST

enum { POINTS = 401 };

static double point(int i)
{
    return -8 + 0.0401 * i + 0.00017; // never 0
}

/* Five-point differences of step h err by h^4/30 |phi^(5)| <= 1e-12 (|phi^(5)| < 30 for all rows) and by 2 eps |phi| / h
 * <= 2e-12 at h = 1e-3 and |phi| <= 8, which for a square is 64. */
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
            ck_assert_msg(fabs(s - (8 * near - far) / (12 * h)) <= 1e-11 * fmax(1, value_at(&activations[a], u) / 8),
                          "%s'(%g) = %.15g, not %.15g", activations[a].name, u, s, (8 * near - far) / (12 * h));
        }
    }
    ck_assert_double_eq(slope_at(activation_find("relu"), 0), 0);
}
END_TEST

/* Every length, so that every place in a vector and in what is left of an array is met, bit by bit; nothing is written
 * beyond the end. */
START_TEST(arrays_are_the_points_one_by_one)
{
    enum { COUNT = 37 };
    double *u = support_normals(1, COUNT), h[COUNT + 1], s[COUNT + 1];
    for (size_t a = 0; a < activation_count; a++) {
        for (size_t count = 0; count <= COUNT; count++) {
            h[count] = s[count] = 1.37;
            activations[a].value(count, u + COUNT - count, h);
            activations[a].slope(count, u + COUNT - count, s);
            ck_assert(h[count] == 1.37 && s[count] == 1.37);
            for (size_t i = 0; i < count; i++) {
                double value = value_at(&activations[a], u[COUNT - count + i]);
                double slope = slope_at(&activations[a], u[COUNT - count + i]);
                ck_assert_mem_eq(&h[i], &value, sizeof value);
                ck_assert_mem_eq(&s[i], &slope, sizeof slope);
            }
        }
    }
    free(u);
}
END_TEST

/* The trapezoidal rule converges geometrically for functions analytic in a strip: the poles of tanh at i pi/2 leave
 * exp(-2 pi (pi/2) / 0.05), the truncation at 12 leaves exp(-72). */
static double trapezoid(struct reference (*at)(long double))
{
    double sum = 0;
    for (int i = -240; i <= 240; i++) {
        double z = 0.05 * i, phi = (double)at(z).value;
        sum += phi * phi * exp(-z * z / 2);
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
                {"tanh", trapezoid(hyperbolic)},
                {"identity", 1},
                {"swiglu", trapezoid(silu)},
                {"geglu", 1.0 / 3 + 1 / (2 * M_PI * sqrt(3))},
                {"relu2", 1.5},
                {"gelu_tanh", trapezoid(gelu_tanh)},
                {"sigmoid", trapezoid(sigmoid)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double phi2 = activation_second_moment(activation_find(rows[i].name));
        ck_assert(isfinite(phi2));
        ck_assert_msg(fabs(phi2 - rows[i].phi2) <= tolerance * rows[i].phi2, "%s: %.17g, not %.17g", rows[i].name, phi2,
                      rows[i].phi2);
    }
}
END_TEST

START_TEST(gated_rows_are_no_functions)
{
    for (size_t a = 0; a < activation_count; a++) {
        ck_assert_int_eq(activations[a].gated, activations[a].example == NULL);
        ck_assert_int_eq(activations[a].gated,
                         strcmp(activations[a].name + strlen(activations[a].name) - 3, "glu") == 0);
    }
}
END_TEST

Suite *activation_suite(void)
{
    Suite *suite = suite_create("activation");
    TCase *tests = tcase_create("activation");
    tcase_add_loop_test(tests, every_number_is_within_the_bound, 0, sizeof formulas / sizeof *formulas);
    tcase_add_test(tests, special_numbers_give_their_limits);
    tcase_add_test(tests, slopes_are_the_derivatives);
    tcase_add_test(tests, arrays_are_the_points_one_by_one);
    tcase_add_test(tests, second_moments_are_known);
    tcase_add_test(tests, gated_rows_are_no_functions);
    suite_add_tcase(suite, tests);
    return suite;
}
