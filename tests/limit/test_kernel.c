#include <check.h>
#include <float.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/kernel.h"
#include "tests/rows.h"

/* ---- reference: E f(u) f(v) by nested adaptive quadrature, f the activation or its slope ---- */

enum { INTERVALS = 400 };

struct reference {
    const struct activation *activation;
    bool slope;
    double a, b, rho, rest; /* rest = sqrt(1 - rho^2) */
    double first;           /* the outer normal variable */
    double tolerance;
    gsl_integration_cquad_workspace *inner, *outer;
};

static double f(const struct reference *r, double u)
{
    double out;
    (r->slope ? r->activation->slope : r->activation->value)(1, &u, &out);
    return out;
}

static double density(double z)
{
    return exp(-z * z / 2) / sqrt(2 * M_PI);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Adaptive over [-9, 9] with breaks at the place `kink` and up to 30 widths beside it. What lies beyond 9 is below
 * 1e-17 of E f^2 for functions that grow linearly. */
static double integrate(double (*integrand)(double, void *), struct reference *r,
                        gsl_integration_cquad_workspace *workspace, double kink, const double widths[2])
{
    static const double beside[] = {-30, -3, 3, 30};
    double points[12] = {-9, 9}, result, sum = 0;
    size_t count = 2;
    if (fabs(kink) < 9)
        points[count++] = kink;
    for (int i = 0; i < 8; i++)
        if (fabs(kink + beside[i % 4] * widths[i / 4]) < 9)
            points[count++] = kink + beside[i % 4] * widths[i / 4];
    qsort(points, count, sizeof *points, ascending);
    gsl_function function = {integrand, r};
    for (size_t i = 0; i + 1 < count; i++) {
        gsl_integration_cquad(&function, points[i], points[i + 1], r->tolerance, 1e-12, workspace, &result, NULL, NULL);
        ck_assert(isfinite(result));
        sum += result;
    }
    return sum;
}

static double at_second(double z, void *context)
{
    const struct reference *r = context;
    return density(z) * f(r, sqrt(r->b) * (r->rho * r->first + r->rest * z));
}

static double at_first(double z, void *context)
{
    struct reference *r = context;
    double own = f(r, sqrt(r->a) * z), rest = r->rest;
    r->first = z;
    if (own == 0)
        return 0;
    double width = 1 / (sqrt(r->b) * rest);
    double other = rest == 0 ? f(r, sqrt(r->b) * r->rho * z)
                             : integrate(at_second, r, r->inner, -r->rho * z / rest, (double[]){width, width});
    return density(z) * own * other;
}

/* sqrt(ab - c^2) of the numbers as they are: long double's 64 bits leave 1e-19 of ab. */
static long double root_determinant(double a, double b, double c)
{
    return sqrtl(fmaxl(0, (long double)a * b - (long double)c * c));
}

static double expectation(const struct activation *activation, bool slope, double a, double b, double c, double scale)
{
    gsl_integration_cquad_workspace *inner = gsl_integration_cquad_workspace_alloc(INTERVALS);
    gsl_integration_cquad_workspace *outer = gsl_integration_cquad_workspace_alloc(INTERVALS);
    ck_assert(inner && outer);
    gsl_set_error_handler_off(); // rounding may keep a panel from its tolerance
    double most = sqrt(a * b), rest = (double)(root_determinant(a, b, c) / sqrtl((long double)a * b));
    struct reference r = {activation, slope, a, b, c / most, rest, 0, 1e-13 * scale, inner, outer};
    double result = integrate(at_first, &r, outer, 0, (double[]){1 / sqrt(a), rest});
    gsl_integration_cquad_workspace_free(inner);
    gsl_integration_cquad_workspace_free(outer);
    return result;
}

/* ---- accuracy ---- */

static double scale_of(const struct activation *activation, bool slope, double a, double b)
{
    double k[2], s[2];
    kernel_pair(activation, a, a, a, &k[0], &s[0]);
    kernel_pair(activation, b, b, b, &k[1], &s[1]);
    return slope ? sqrt(s[0] * s[1]) : sqrt(k[0] * k[1]);
}

static const struct pair {
    double a, b;
} pairs[] = {{1, 1}, {1e-9, 2.3e-9}, {0.07, 1.6}, {3.7, 3.7}, {14, 19}, {370, 140}, {2.1e6, 5e5}};
static const double correlations[] = {-1, -1 + 1e-13, -0.9999, 0, 0.41, 0.999999, 1 - 1e-15, 1};

/* The bound is the header's, which quadrature of tolerance 1e-12 a panel stays far below, but for a function that grows
 * like a square: there its own error is 2e-9. */
START_TEST(pairs_agree_with_adaptive_quadrature)
{
    const struct activation *activation = &activations[_i];
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        double a = pairs[p].a, b = pairs[p].b;
        double allowed = strcmp(activation->name, "relu2") == 0 ? 5e-9 : KERNEL_ACCURACY;
        for (size_t c = 0; c < sizeof correlations / sizeof *correlations; c++) {
            double rho = correlations[c], got[2], product = rho * sqrt(a * b);
            kernel_pair(activation, a, b, product, &got[0], &got[1]);
            for (int slope = 0; slope < 2; slope++) {
                double scale = scale_of(activation, slope, a, b);
                double expected = expectation(activation, slope, a, b, product, scale);
                ck_assert(isfinite(got[slope]) && scale > 0);
                ck_assert_msg(fabs(got[slope] - expected) <= allowed * scale,
                              "%s%s at %g, %g, correlation %g: %.15g, by quadrature %.15g", activation->name,
                              slope ? "'" : "", a, b, rho, got[slope], expected);
            }
        }
    }
}
END_TEST

/* Functions that the kernels' table does not know go by series and quadrature. */
START_TEST(unknown_activations_are_integrated)
{
    const struct activation *known = &activations[_i];
    struct activation unknown = *known;
    unknown.name = "unknown";
    static const struct pair few[] = {{0.8, 1.3}, {31, 97}};
    for (size_t p = 0; p < sizeof few / sizeof *few; p++) {
        for (double rho = -0.95; rho < 1; rho += 0.65) {
            double a = few[p].a, b = few[p].b, k[2], slope[2];
            kernel_pair(known, a, b, rho * sqrt(a * b), &k[0], &slope[0]);
            kernel_pair(&unknown, a, b, rho * sqrt(a * b), &k[1], &slope[1]);
            ck_assert(isfinite(k[1]) && isfinite(slope[1]));
            ck_assert_double_le(fabs(k[1] - k[0]), KERNEL_ACCURACY * scale_of(known, false, a, b));
            ck_assert_double_le(fabs(slope[1] - slope[0]), KERNEL_ACCURACY * scale_of(known, true, a, b));
        }
    }
}
END_TEST

/* ---- properties ---- */

/* E phi and E phi' of one input against a fine trapezoidal sum, whose kinks err by its step squared. */
START_TEST(means_of_one_input)
{
    static const double step = 1e-3, variances[] = {0.3, 1, 45, 900};
    const struct activation *activation = &activations[_i];
    for (int v = 0; v < 4; v++) {
        double sum[2] = {0}, size = 0, got[2];
        for (int i = -9000; i < 9000; i++) {
            double z = (i + 0.5) * step, u = sqrt(variances[v]) * z, value, slope;
            double weight = step * exp(-z * z / 2) / sqrt(2 * M_PI);
            activation->value(1, &u, &value);
            activation->slope(1, &u, &slope);
            sum[0] += weight * value, sum[1] += weight * slope, size += weight * fabs(value);
        }
        kernel_means(activation, variances[v], &got[0], &got[1]);
        ck_assert_msg(fabs(got[0] - sum[0]) <= 1e-6 * size, "%s at %g: %.9g", activation->name, variances[v], got[0]);
        ck_assert_msg(fabs(got[1] - sum[1]) <= 1e-6 * (1 + fabs(sum[1])), "%s' at %g: %.9g", activation->name,
                      variances[v], got[1]);
    }
}
END_TEST

/* Price: K' = dK/dc. Central differences at h and 2h extrapolated; 1e-6 is far above their error (h^4 and 1e-10/h at h
 * = 3e-3 of sqrt(ab)) and far below any term of K'. */
START_TEST(slope_is_the_derivative)
{
    const struct activation *activation = &activations[_i];
    double a = 1.7, b = 0.6, c = 0.37, h = 3e-3, k[4], slope, unused;
    kernel_pair(activation, a, b, c, &unused, &slope);
    for (int i = 0; i < 4; i++)
        kernel_pair(activation, a, b, c + h * (double[]){-2, -1, 1, 2}[i], &k[i], NULL);
    double near = (k[2] - k[1]) / (2 * h), far = (k[3] - k[0]) / (4 * h), expected = (4 * near - far) / 3;
    ck_assert(isfinite(slope));
    ck_assert_double_le(fabs(slope - expected), 1e-6);
}
END_TEST

START_TEST(a_matrix_is_its_pairs)
{
    enum { N = 5 };
    const struct activation *activation = &activations[_i];
    double gram[N * N], k[N * N], slope[N * N], scale = 1.37;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) // token 2 differs from 1 by what a norm's epsilon leaves; token 4 is zero
            gram[i * N + j] = i == 4 || j == 4 ? 0
                              : i == j         ? (i == 2 ? 1 + 1e-6 : 1 + 0.4 * (i == 3))
                                               : 0.3 + 0.05 * i * j;
    kernel_matrix(activation, N, scale, gram, k, slope);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            double pair[2], a = scale * gram[i * N + i], b = scale * gram[j * N + j];
            kernel_pair(activation, a, b, scale * gram[i * N + j], &pair[0], &pair[1]);
            ck_assert(isfinite(k[i * N + j]) && isfinite(slope[i * N + j]));
            ck_assert_double_le(fabs(k[i * N + j] - pair[0]), KERNEL_ACCURACY);
            ck_assert_double_le(fabs(slope[i * N + j] - pair[1]), KERNEL_ACCURACY);
        }
    }
}
END_TEST

/* What is rounding between equal tokens does not part them. */
START_TEST(equal_tokens_of_a_gram_are_equal)
{
    double gram[4] = {1.37, 1.37 * (1 - DBL_EPSILON), 1.37 * (1 - DBL_EPSILON), 1.37 * (1 - DBL_EPSILON / 2)}, k[4],
           slope[4];
    kernel_matrix(activation_find("relu"), 2, 0.7, gram, k, slope);
    ck_assert_double_eq(slope[1], 0.5);
}
END_TEST

/* Against ReLU's formula in long double; 1e-8 is the header's. */
START_TEST(small_differences_keep_their_precision)
{
    for (double specific = 1e-2; specific > 1e-16; specific /= 10) {
        double gram[2] = {specific, 1.37 - specific}, k[2], slope[2];
        kernel_exchangeable(activation_find("relu"), 1, gram, k, slope);
        long double q = (long double)gram[0] + gram[1], o = gram[1], angle = atan2l(sqrtl((q - o) * (q + o)), o);
        long double pi = acosl(-1), shared = (sqrtl((q - o) * (q + o)) + (pi - angle) * o) / (2 * pi);
        double expected = (double)(q / 2 - shared);
        ck_assert(isfinite(k[0]) && isfinite(slope[0]));
        ck_assert_double_le(fabs(slope[0] - (double)(angle / (2 * pi))), KERNEL_ACCURACY / 2);
        ck_assert_double_le(fabs(k[0] - expected), 1e-8 * expected + 4e-19); // long double's own rounding
        ck_assert_double_le(fabs(k[0] + k[1] - (double)q / 2), 1e-9);
    }
}
END_TEST

Suite *kernel_suite(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tests = tcase_create("kernel"), *slow = tcase_create("quadrature");
    int rows = (int)activation_count;
    tcase_set_timeout(slow, 300);
    tcase_set_tags(slow, "slow");
    tcase_add_loop_test(slow, means_of_one_input, 0, (int)activation_count);
    tcase_add_loop_test(slow, pairs_agree_with_adaptive_quadrature, 0, rows);
    tcase_add_loop_test(tests, unknown_activations_are_integrated, 0, rows);
    tcase_add_loop_test(tests, slope_is_the_derivative, 0, rows);
    tcase_add_loop_test(tests, a_matrix_is_its_pairs, 0, rows);
    tcase_add_test(tests, equal_tokens_of_a_gram_are_equal);
    tcase_add_test(tests, small_differences_keep_their_precision);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, slow);
    return suite;
}
