/* Kernels of the one activation that is known by another. */
#include "analysis/limit/near.h"

#include <check.h>
#include <math.h>

#include "analysis/limit/kernel.h"
#include "tests/rows.h"

static size_t evaluated;

static void count_value(size_t count, const double *u, double *out)
{
    evaluated += count;
    activation_find("gelu_tanh")->value(count, u, out);
}

static void count_slope(size_t count, const double *u, double *out)
{
    evaluated += count;
    activation_find("gelu_tanh")->slope(count, u, out);
}

/* Nodes do not grow with the variance. Two lines and an inner one of at most 2 LINE_END/LINE_STEP or 4 reach/(0.2 strip)
 * steps, 73, are 73^2 + 2 73 nodes, twice for value and slope. */
START_TEST(large_variances_cost_no_more)
{
    static const double variances[] = {3, 40, 1e3, 1e6, 1e12};
    struct activation counted = *activation_find("gelu_tanh");
    double k, slope, a = variances[_i];
    counted.value = count_value;
    counted.slope = count_slope;
    evaluated = 0;
    kernel_pair(&counted, a, 1.37 * a, 0.6 * a, &k, &slope);
    ck_assert_uint_gt(evaluated, 100);
    ck_assert_uint_le(evaluated, 2 * (73 * 73 + 2 * 73));
    evaluated = 0;
    kernel_means(&counted, a, &k, &slope);
    ck_assert_uint_le(evaluated, 2 * 73);
}
END_TEST

/* E phi(u) phi(v) by a plain double sum, of 2 * 9/h steps each way, which errs by exp(-2 pi 2.7/(h sd)) and by its
 * rounding. */
static struct dual by_sums(double a, double b, double rho)
{
    const struct activation *phi = activation_find("gelu_tanh");
    const double h = 0.01;
    struct dual sum = {0, 0};
    for (double z = -9; z <= 9; z += h) {
        double u = sqrt(a) * z, own[2], weight = h * exp(-z * z / 2) / sqrt(2 * M_PI);
        struct dual inner = {0, 0};
        phi->value(1, &u, &own[0]);
        phi->slope(1, &u, &own[1]);
        for (double y = -9; y <= 9; y += h) {
            double v = sqrt(b) * (rho * z + sqrt(1 - rho * rho) * y), other[2];
            double w = h * exp(-y * y / 2) / sqrt(2 * M_PI);
            phi->value(1, &v, &other[0]);
            phi->slope(1, &v, &other[1]);
            inner.k += w * other[0];
            inner.slope += w * other[1];
        }
        sum.k += weight * own[0] * inner.k;
        sum.slope += weight * own[1] * inner.slope;
    }
    return sum;
}

static const struct {
    double a, b, rho;
} pairs[] = {{5, 7, -0.83}, {90, 40, 0.37}, {3, 640, 0.94}, {0.04, 700, 0.51}, {900, 900, 1}};

/* sqrt(ab) and 1 are at most a few times the kernels' own scales. */
START_TEST(pairs_agree_with_sums)
{
    double a = pairs[_i].a, b = pairs[_i].b, k, slope;
    struct dual expected = by_sums(a, b, pairs[_i].rho);
    kernel_pair(activation_find("gelu_tanh"), a, b, pairs[_i].rho * sqrt(a * b), &k, &slope);
    ck_assert_msg(fabs(k - expected.k) <= KERNEL_ACCURACY * sqrt(a * b), "%.15g, by sums %.15g", k, expected.k);
    ck_assert_msg(fabs(slope - expected.slope) <= KERNEL_ACCURACY, "%.15g, by sums %.15g", slope, expected.slope);
}
END_TEST

/* What it is no use for is said: it would take too many nodes. */
START_TEST(variances_far_apart_are_left)
{
    const struct activation *activation = activation_find("gelu_tanh");
    const struct dual_near *near = dual_find(activation->name).near;
    struct dual value;
    ck_assert(near_pair(activation, near, dual_pair_of(1e3, 1, 31), &value) && isfinite(value.k));
    ck_assert(near_pair(activation, near, dual_pair_of(0, 0, 0), &value) && value.k == 0 && isfinite(value.slope));
    ck_assert(near_pair(activation, near, dual_pair_of(2, 0, 0), &value) && fabs(value.k) < 1e-15);
    ck_assert(!near_pair(activation, near, dual_pair_of(1, 1e9, 0.9999 * sqrt(1e9)), &value));
}
END_TEST

Suite *near_suite(void);
Suite *near_suite(void)
{
    Suite *suite = suite_create("near");
    TCase *tests = tcase_create("near");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, large_variances_cost_no_more, 0, 5);
    tcase_add_loop_test(tests, pairs_agree_with_sums, 0, sizeof pairs / sizeof *pairs);
    tcase_add_test(tests, variances_far_apart_are_left);
    suite_add_tcase(suite, tests);
    return suite;
}
