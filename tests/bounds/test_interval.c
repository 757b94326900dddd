#include "analysis/bounds/interval.h"

#include <stdbool.h>
#include <stdlib.h>

#include <check.h>

static double uniform(unsigned *state, double lo, double hi)
{
    return lo + (hi - lo) * rand_r(state) / RAND_MAX;
}

/* Of every mix of signs, sometimes a point or with an end at 0. */
static struct interval random_interval(unsigned *state)
{
    double a = uniform(state, -3, 3), b = uniform(state, -3, 3);
    if (rand_r(state) % 8 == 0)
        b = a;
    if (rand_r(state) % 8 == 0)
        a = 0;
    return (struct interval){fmin(a, b), fmax(a, b)};
}

/* A member: an end as often as an inner point. */
static double member(unsigned *state, struct interval a)
{
    int which = rand_r(state) % 4;
    return which == 0 ? a.lo : which == 1 ? a.hi : uniform(state, a.lo, a.hi);
}

/* Rounding of one operation on numbers below 10. */
static void check_holds(struct interval a, double value, const char *what)
{
    ck_assert(isfinite(a.lo) && isfinite(a.hi) && isfinite(value));
    ck_assert_msg(a.lo <= a.hi, "%s: ends [%g, %g] out of order", what, a.lo, a.hi);
    ck_assert_msg(value >= a.lo - 1e-14 && value <= a.hi + 1e-14, "%s: %g not in [%g, %g]", what, value, a.lo, a.hi);
}

START_TEST(results_hold_members_results)
{
    unsigned state = 11;
    for (int n = 0; n < 8000; n++) {
        struct interval a = random_interval(&state), b = random_interval(&state);
        double x = member(&state, a), y = member(&state, b), factor = uniform(&state, -2, 2);
        check_holds(interval_add(a, b), x + y, "sum");
        check_holds(interval_multiply(a, b), x * y, "product");
        check_holds(interval_scale(factor, a), factor * x, "scale");
        check_holds(interval_square(a), x * x, "square");
        check_holds((struct interval){0, interval_magnitude(a)}, fabs(x), "magnitude");
        check_holds(interval_join(a, b), x, "join");
        check_holds(interval_join(a, b), y, "join");
        check_holds(interval_subtract(a, b), x - y, "difference");
        check_holds(interval_root(interval_square(a)), fabs(x), "root");
        check_holds(interval_positive(a), fmax(x, 0), "positive part");
        check_holds(interval_symmetric(interval_magnitude(a)), x, "symmetric");
        if (b.lo > 0.1)
            check_holds(interval_scale(0.1, interval_divide(a, b)), 0.1 * x / y, "quotient");
        if (x >= b.lo && x <= b.hi)
            check_holds(interval_meet(a, b), x, "meet");
    }
}
END_TEST

/* No wider than needed: each end is some pair of ends, or 0 for a square across 0. */
START_TEST(results_are_attained)
{
    unsigned state = 12;
    for (int n = 0; n < 4000; n++) {
        struct interval a = random_interval(&state), b = random_interval(&state);
        struct interval product = interval_multiply(a, b), square = interval_square(a), meet;
        double ends[4] = {a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi};
        bool lo = false, hi = false;
        for (int i = 0; i < 4; i++) {
            lo |= product.lo == ends[i];
            hi |= product.hi == ends[i];
        }
        ck_assert(lo && hi);
        ck_assert(square.hi == interval_magnitude(a) * interval_magnitude(a));
        ck_assert(square.lo == (a.lo <= 0 && a.hi >= 0 ? 0 : fmin(a.lo * a.lo, a.hi * a.hi)));
        meet = interval_meet(a, (struct interval){a.lo + 0.25 * (a.hi - a.lo), a.hi + 1});
        ck_assert(meet.lo == a.lo + 0.25 * (a.hi - a.lo) && meet.hi == a.hi);
    }
    /* Pulled apart by rounding: ends stay in order. */
    struct interval apart = interval_meet(interval_point(1), interval_point(1 + 1e-15));
    ck_assert(apart.lo <= apart.hi);
}
END_TEST

Suite *interval_suite(void)
{
    Suite *suite = suite_create("interval");
    TCase *fast = tcase_create("fast");
    tcase_add_test(fast, results_hold_members_results);
    tcase_add_test(fast, results_are_attained);
    suite_add_tcase(suite, fast);
    return suite;
}
