#include <check.h>
#include <float.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "sim/estimate.h"
#include <check.h>
#include "tests/support.h"

enum { COUNT = 1000 };

static struct estimate estimate_of(int count, const double *values, int exponent)
{
    struct estimate estimate = {0};
    for (int i = 0; i < count; i++)
        estimate_add(&estimate, (struct wide){values[i], exponent});
    return estimate;
}

/* Far from 0, so that a difference of sums of squares would lose everything: mean 1e6, spread 1. */
START_TEST(moments_are_those_of_two_passes)
{
    double *x = support_normals(1, COUNT);
    long double mean = 0, m2 = 0, mean_log = 0, m2_log = 0;
    for (int i = 0; i < COUNT; i++) {
        x[i] += 1e6;
        mean += x[i] / (long double)COUNT;
        mean_log += logl(x[i]) / COUNT;
    }
    for (int i = 0; i < COUNT; i++) {
        m2 += (x[i] - mean) * (x[i] - mean);
        m2_log += (logl(x[i]) - mean_log) * (logl(x[i]) - mean_log);
    }
    double sd = (double)sqrtl(m2 / (COUNT - 1)), sd_log = (double)sqrtl(m2_log / (COUNT - 1));
    struct estimate e = estimate_of(COUNT, x, 0);
    ck_assert_int_eq((int)e.n, COUNT);
    /* Welford's mean rounds 1e6 once a step, in effect sqrt(COUNT) times; each deviation carries that rounding. */
    double rounding = 1e6 * DBL_EPSILON * sqrt(COUNT);
    ck_assert_double_eq_tol(wide_value(estimate_mean(&e)), (double)mean, rounding);
    ck_assert_double_eq_tol(wide_value(estimate_sd(&e)), sd, rounding);
    ck_assert_double_eq_tol(wide_value(estimate_se(&e)), sd / sqrt(COUNT), rounding);
    /* log x = 13.8 with spread 1e-6: its own rounding, 2e-15, is 1e-9 of the spread. */
    ck_assert_double_eq_tol(estimate_mean_log(&e), (double)mean_log, 14 * DBL_EPSILON * sqrt(COUNT));
    ck_assert_double_eq_tol(estimate_sd_log(&e) / sd_log, 1, 1e-7);
    free(x);
}
END_TEST

/* Intervals of N samples of N(0.31, 1.37^2) hold the mean with probability LEVEL. Of TRIALS independent ones the number
 * that do is binomial; 5 standard deviations are passed by chance once in 1.7e6. With normal in place of t quantiles
 * 0.86 of 0.95 would at N = 4, 130 standard deviations off. */
START_TEST(intervals_cover_as_often_as_they_say)
{
    enum { N = 4, TRIALS = 40000 };
    static const double levels[] = {0.5, 0.95, 0.99};
    double level = levels[_i], *x = support_normals(100 + (unsigned long)_i, N * TRIALS);
    int covered = 0;
    for (int i = 0; i < TRIALS; i++) {
        struct estimate e = estimate_of(N, x + i * N, 0);
        struct wide lo, hi;
        estimate_interval(&e, level, &lo, &hi);
        ck_assert(isfinite(wide_value(lo)) && wide_value(lo) < wide_value(hi));
        covered += wide_value(lo) <= 0.31 && 0.31 <= wide_value(hi);
    }
    ck_assert_double_eq_tol(covered, level * TRIALS, 5 * sqrt(TRIALS * level * (1 - level)));
    free(x);
}
END_TEST

/* The reported error against the actual spread of means over replicates: the variance of the mean, estimated from R of
 * them, has relative error sqrt(2/R); the mean of R reported variances sqrt(2/(R (N - 1))). */
START_TEST(reported_errors_are_actual_errors)
{
    enum { N = 8, R = 20000 };
    double *x = support_normals(7, N * R), reported = 0;
    struct estimate means = {0};
    for (int i = 0; i < R; i++) {
        struct estimate e = estimate_of(N, x + i * N, 0);
        reported += pow(wide_value(estimate_se(&e)), 2) / R;
        estimate_add(&means, estimate_mean(&e));
    }
    double actual = pow(wide_value(estimate_sd(&means)), 2), tolerance = 5 * sqrt(2.0 / R * (1 + 1.0 / (N - 1)));
    ck_assert_double_eq_tol(reported / actual, 1, tolerance);
    free(x);
}
END_TEST

/* A common exponent changes nothing but itself, however far out. */
START_TEST(an_exponent_is_carried)
{
    static const int exponents[] = {-100000, -3000, 3000, 100000};
    double *x = support_normals(2, COUNT);
    struct estimate near = estimate_of(COUNT, x, 0), far = estimate_of(COUNT, x, exponents[_i]);
    ck_assert_double_eq(far.mean, near.mean);
    ck_assert_double_eq(far.m2, near.m2);
    ck_assert_int_eq(estimate_mean(&far).exponent, exponents[_i]);
    ck_assert_int_eq(estimate_sd(&far).exponent, exponents[_i]);
    struct wide lo, hi;
    estimate_interval(&far, 0.95, &lo, &hi);
    ck_assert_int_eq(lo.exponent, exponents[_i]);
    ck_assert_double_eq(estimate_precision(&far, false), estimate_precision(&near, false));
    free(x);
}
END_TEST

/* Samples whose exponents differ: mean and spread are those of the largest, in any order. */
START_TEST(exponents_mix)
{
    static const struct wide values[] = {{1.5, -3000}, {1.25, 10}, {1.75, -3000}, {1.75, 12}, {1.5, -20}, {1.125, 700}};
    enum { VALUES = sizeof values / sizeof *values };
    for (int shift = 0; shift < VALUES; shift++) {
        struct estimate e = {0};
        for (int i = 0; i < VALUES; i++)
            estimate_add(&e, values[(i + shift) % VALUES]);
        struct wide mean = estimate_mean(&e), sd = estimate_sd(&e);
        /* Beside 1.125 2^700 the others are nothing: mean v/6, sd v/sqrt(6). Six roundings each. */
        double v = 700 * log(2) + log(1.125);
        ck_assert_double_eq_tol(wide_log(mean), v - log(6), 1e-12);
        ck_assert_double_eq_tol(wide_log(sd), v - log(6) / 2, 1e-12);
        double mean_log = 0;
        for (int i = 0; i < VALUES; i++)
            mean_log += wide_log(values[i]) / VALUES;
        ck_assert_double_eq_tol(estimate_mean_log(&e), mean_log, 1e-11);
    }
    /* Near each other, whatever exponents they are written with. */
    struct estimate e = {0};
    estimate_add(&e, (struct wide){3, 500});
    estimate_add(&e, (struct wide){5 * 1024.0, 490});
    estimate_add(&e, (struct wide){1.0 / 1024, 510});
    ck_assert_double_eq_tol(wide_log(estimate_mean(&e)), log(3) + 500 * log(2), 1e-12);
    ck_assert_double_eq_tol(wide_log(estimate_sd(&e)), log(2) + 500 * log(2), 1e-12);
}
END_TEST

START_TEST(few_or_odd_samples)
{
    struct estimate e = {0};
    struct wide lo, hi;
    estimate_add(&e, wide_absent());
    ck_assert_int_eq((int)e.n, 0);
    ck_assert(isnan(estimate_mean_log(&e)));
    estimate_add(&e, wide_of(2));
    ck_assert_double_eq(wide_value(estimate_mean(&e)), 2);
    ck_assert(!wide_present(estimate_sd(&e)) && !wide_present(estimate_se(&e)));
    estimate_interval(&e, 0.95, &lo, &hi);
    ck_assert(!wide_present(lo) && !wide_present(hi));
    ck_assert_double_eq_tol(estimate_mean_log(&e), log(2), 1e-15);
    ck_assert(isnan(estimate_sd_log(&e)));
    ck_assert(isinf(estimate_precision(&e, false)));
    estimate_add(&e, wide_of(2));
    ck_assert_double_eq(wide_value(estimate_sd(&e)), 0);
    ck_assert_double_eq(estimate_precision(&e, false), 0);
    estimate_add(&e, wide_of(0)); // has no logarithm: none of the whole
    ck_assert(isnan(estimate_mean_log(&e)) && isnan(estimate_sd_log(&e)));
    ck_assert_double_eq_tol(wide_value(estimate_mean(&e)), 4.0 / 3, 1e-15);
}
END_TEST

/* Half-width by the t table: n = 4, t = 3.182446 for 95 %. */
START_TEST(precision_is_the_half_width)
{
    const double x[] = {-1, -3, -2, -6}; // mean -3, sd sqrt(14/3)
    struct estimate e = estimate_of(4, x, 0);
    double half = 3.182446305 * sqrt(14.0 / 3) / 2;
    ck_assert_double_eq_tol(estimate_precision(&e, true), half, 1e-8);
    ck_assert_double_eq_tol(estimate_precision(&e, false), half / 3, 1e-8);
}
END_TEST

Suite *estimate_suite(void)
{
    Suite *suite = suite_create("estimate");
    TCase *tests = tcase_create("estimate");
    tcase_add_test(tests, moments_are_those_of_two_passes);
    tcase_add_loop_test(tests, intervals_cover_as_often_as_they_say, 0, 3);
    tcase_add_test(tests, reported_errors_are_actual_errors);
    tcase_add_loop_test(tests, an_exponent_is_carried, 0, 4);
    tcase_add_test(tests, exponents_mix);
    tcase_add_test(tests, few_or_odd_samples);
    tcase_add_test(tests, precision_is_the_half_width);
    suite_add_tcase(suite, tests);
    return suite;
}
