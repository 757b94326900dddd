#include "analysis/bounds/range.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/limit/kernel.h"
#include "tests/rows.h"
#include <check.h>

/* An activation that no table has: neither its values nor its slopes have even parts that are monotone. */
static void wave_value(size_t count, const double *u, double *h)
{
    for (size_t i = 0; i < count; i++)
        h[i] = 0.3 + sin(2 * u[i]) + 0.5 * cos(3 * u[i]);
}

static void wave_slope(size_t count, const double *u, double *s)
{
    for (size_t i = 0; i < count; i++)
        s[i] = 2 * cos(2 * u[i]) - 1.5 * sin(3 * u[i]);
}

static const struct activation wave = {.name = "wave", .value = wave_value, .slope = wave_slope};

static struct range range_of(const struct activation *activation)
{
    struct error error = {0};
    struct range range;
    ck_assert_int_eq(range_init(&range, activation, &error), ERROR_NONE);
    return range;
}

static void check_relative(double value, double expected, double tolerance, const char *what)
{
    ck_assert(isfinite(value));
    ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%s: %.15g, expected %.15g", what, value,
                  expected);
}

/* Closed forms; 1e-12 is the precision that range_moment states. sin and cos of a Gaussian: E cos(a u) = exp(-a^2 s/2).
 */
START_TEST(closed_forms)
{
    static const double variances[] = {1e-6, 0.037, 1, 2.9, 180};
    struct range relu = range_of(activation_find("relu")), identity = range_of(activation_find("identity"));
    struct range sine = range_of(&wave);
    for (size_t i = 0; i < sizeof variances / sizeof *variances; i++) {
        double s = variances[i];
        check_relative(range_moment(&relu, RANGE_MEAN, s), sqrt(s / (2 * M_PI)), 1e-12, "relu mean");
        check_relative(range_moment(&relu, RANGE_SQUARE, s), s / 2, 1e-12, "relu square");
        check_relative(range_moment(&relu, RANGE_SLOPE, s), 0.5, 1e-12, "relu slope");
        ck_assert(fabs(range_moment(&identity, RANGE_MEAN, s)) < 1e-300);
        check_relative(range_moment(&identity, RANGE_SQUARE, s), s, 1e-12, "identity square");
        check_relative(range_moment(&sine, RANGE_MEAN, s), 0.3 + 0.5 * exp(-4.5 * s), 1e-12, "wave mean");
        check_relative(range_moment(&sine, RANGE_SLOPE, s), 2 * (1 + exp(-8 * s)) + 2.25 / 2 * (1 - exp(-18 * s)),
                       1e-12, "wave slope");
    }
    range_free(&relu);
    range_free(&identity);
    range_free(&sine);
}
END_TEST

/* Section 4's backward gains of unit branches: f'/f = 1.072 for GELU, 1.067 for SiLU, to its three digits. */
START_TEST(backward_gains_of_the_text)
{
    static const struct {
        const char *name;
        double ratio;
    } rows[] = {{"gelu", 1.072}, {"silu", 1.067}, {"relu", 1}, {"identity", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct range range = range_of(activation_find(rows[i].name));
        double ratio = range_moment(&range, RANGE_SLOPE, 1) / range_moment(&range, RANGE_SQUARE, 1);
        ck_assert_msg(fabs(ratio - rows[i].ratio) <= 0.0006, "%s: %g", rows[i].name, ratio);
        range_free(&range);
    }
}
END_TEST

/* The quadrature against the closed forms of analysis/kernel, whose accuracy is 1e-10, and at correlation 1, where the
 * slope's kernel has a square root's end, about 1e-9. */
START_TEST(moments_are_the_kernels_diagonal)
{
    for (size_t a = 0; a < activation_count; a++) {
        struct range range = range_of(&activations[a]);
        for (double s = 1e-4; s < 1e4; s *= 3.7) {
            double k, slope;
            kernel_pair(&activations[a], s, s, s, &k, &slope);
            check_relative(range_moment(&range, RANGE_SQUARE, s), k, 2e-10, activations[a].name);
            check_relative(range_moment(&range, RANGE_SLOPE, s), slope, 1e-8, activations[a].name);
        }
        range_free(&range);
    }
}
END_TEST

/* Rounding and quadrature: 1e-11 relative. */
static void check_encloses(struct range *range, enum range_moment moment, double lo, double hi)
{
    enum { POINTS = 60 };
    struct interval all = range_moments(range, moment, (struct interval){lo, hi});
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i <= POINTS; i++) {
        double s = lo > 0 ? lo * pow(hi / lo, (double)i / POINTS) : hi * i / POINTS;
        double value = range_moment(range, moment, s), slack = 1e-11 * fabs(value) + 1e-300;
        ck_assert(isfinite(value) && isfinite(all.lo) && isfinite(all.hi));
        ck_assert_msg(value >= all.lo - slack && value <= all.hi + slack,
                      "%s, moment %d, s = %g of [%g, %g]: %.15g not in [%.15g, %.15g]", range->activation->name, moment,
                      s, lo, hi, value, all.lo, all.hi);
        least = fmin(least, value);
        most = fmax(most, value);
    }
    /* Where the ends decide, nothing is lost. Pieces lose the fourth root at most: (hi/lo)^(1/128). */
    double loss = range->direction[moment] != 0 ? 1e-11 : pow(hi / lo, 1.0 / 128) - 1 + 1e-3;
    double base = moment == RANGE_TILT ? range->steepest : 0; // pieces are of what is above the least slope
    if (lo > hi / 1000 && !(moment == RANGE_MEAN && range->direction[moment] == 0))
        ck_assert_msg(all.hi - most <= loss * (fabs(most) + base) + 1e-300 &&
                          least - all.lo <= loss * (fabs(least) + base) + 1e-300,
                      "%s, moment %d of [%g, %g]: [%.15g, %.15g] is wider than [%.15g, %.15g]", range->activation->name,
                      moment, lo, hi, all.lo, all.hi, least, most);
}

START_TEST(moments_over_intervals)
{
    static const double intervals[][2] = {{1, 1}, {1 - 1e-6, 1}, {0.4, 1.3}, {0.02, 9}, {0, 2}, {1e-7, 40}, {2, 3}};
    for (size_t a = 0; a <= activation_count; a++) {
        struct range range = range_of(a < activation_count ? &activations[a] : &wave);
        for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++)
            for (int m = 0; m < RANGE_MOMENTS; m++)
                check_encloses(&range, (enum range_moment)m, intervals[i][0], intervals[i][1]);
        range_free(&range);
    }
}
END_TEST

static double uniform(unsigned *state)
{
    return (double)rand_r(state) / RAND_MAX;
}

START_TEST(pairs)
{
    unsigned state = 7;
    for (size_t a = 0; a < activation_count; a++) {
        struct range range = range_of(&activations[a]);
        for (int i = 0; i < 60; i++) {
            double su = exp(3 * uniform(&state) - 2), sv = i % 3 == 0 ? su : su * exp(uniform(&state));
            double top = i % 4 == 0 ? 0.99 : 1, bottom = i % 2 == 0 ? 0 : -1;
            double covariance = sqrt(su * sv) * (i % 5 == 0 ? 0.97 : bottom + (top - bottom) * uniform(&state));
            struct interval square = {fmin(su, sv), fmax(su, sv)};
            struct interval pair = {covariance - 0.1 * uniform(&state) * su, covariance + 0.1 * uniform(&state) * su};
            struct interval all = range_pair(&range, square, i % 2 == 0 ? pair : interval_point(covariance));
            double k, slack = 1e-9 * all.hi; // analysis/kernel's accuracy is 1e-10
            kernel_pair(&activations[a], su, sv, covariance, &k, NULL);
            ck_assert(isfinite(all.lo) && isfinite(all.hi) && isfinite(k));
            ck_assert_msg(k >= all.lo - slack && k <= all.hi + slack, "%s: K(%g, %g; %g) = %g not in [%g, %g]",
                          activations[a].name, su, sv, covariance, k, all.lo, all.hi);
        }
        range_free(&range);
    }
}
END_TEST

/* One variance for both: every member within, and at points nothing is lost but the kernel's rounding where the
 * correlation is not negative. */
START_TEST(pairs_alike)
{
    unsigned state = 8;
    for (size_t a = 0; a < activation_count; a++) {
        struct range range = range_of(&activations[a]);
        for (int i = 0; i < 60; i++) {
            double s = exp(3 * uniform(&state) - 2), bottom = i % 2 == 0 ? 0 : -1;
            double covariance = s * (bottom + (1 - bottom) * uniform(&state)), width = i % 3 == 0 ? 0 : 0.05;
            struct interval square = {s * (1 - width * uniform(&state)), s * (1 + width * uniform(&state))};
            struct interval pair = {covariance - 2 * width * uniform(&state), covariance + width * uniform(&state)};
            struct interval all = range_pair_alike(&range, square, pair);
            double k, slack = 1e-9 * all.hi;
            kernel_pair(&activations[a], s, s, covariance, &k, NULL);
            ck_assert(isfinite(all.lo) && isfinite(all.hi) && isfinite(k));
            ck_assert_msg(k >= all.lo - slack && k <= all.hi + slack, "%s: K(%g; %g) = %g not in [%g, %g]",
                          activations[a].name, s, covariance, k, all.lo, all.hi);
            if (width == 0 && covariance >= 0)
                ck_assert_msg(all.hi - all.lo <= 1e-8 * (fabs(k) + s), "%s: [%g, %g]", activations[a].name, all.lo,
                              all.hi);
        }
        range_free(&range);
    }
}
END_TEST

Suite *range_suite(void)
{
    Suite *suite = suite_create("range");
    TCase *fast = tcase_create("fast");
    tcase_set_timeout(fast, 30);
    tcase_add_test(fast, closed_forms);
    tcase_add_test(fast, backward_gains_of_the_text);
    tcase_add_test(fast, moments_are_the_kernels_diagonal);
    tcase_add_test(fast, moments_over_intervals);
    tcase_add_test(fast, pairs);
    tcase_add_test(fast, pairs_alike);
    suite_add_tcase(suite, fast);
    return suite;
}
