#include <math.h>

#include "analysis/claims/statistic.h"
#include <check.h>

/* An observable at the layers 0..4, by hand: 3, 5, 0.7 2^-1100, 12 2^-1100 (below the range of double), absent. */
static const struct wide column[] = {{3, 0}, {2.5, 1}, {0.7, -1100}, {12, -1100}, {0, WIDE_ABSENT}};

static double evaluate(const char *name, const struct wide *of, int first, int last)
{
    const struct statistic *statistic = statistic_find(name);
    ck_assert_ptr_nonnull(statistic);
    return statistic->evaluate(of, first, last);
}

START_TEST(values_by_hand)
{
    ck_assert_double_eq(evaluate("value", column, 1, 1), 5);
    ck_assert_double_eq(evaluate("increment", column, 1, 1), 2);
    ck_assert_double_eq_tol(evaluate("block-factor", column, 1, 1), 0.6, 1e-15);
    /* 0.7/12 over one block, in the range of wide numbers only; the logarithms near -760 carry 1e-13. */
    ck_assert_double_eq_tol(evaluate("block-factor", column, 3, 3), 0.7 / 12, 1e-13);
    /* Blocks 1..3: 3/(12 2^-1100) = 2^1098, its cube root 2^366, relative error 1e-13. */
    ck_assert_double_eq_tol(ldexp(evaluate("block-factor", column, 1, 3), -366), 1, 1e-12);
    ck_assert_double_eq_tol(evaluate("log-ratio", column, 0, 1), log(0.6), 1e-15);
    ck_assert_double_eq_tol(evaluate("log-ratio", column, 0, 3), 1098 * M_LN2, 1e-12);
    ck_assert_double_eq_tol(evaluate("log-sum", column, 0, 1), log(8), 1e-15);
    ck_assert_double_eq_tol(evaluate("log-sum", column, 2, 3), log(12.7) - 1100 * M_LN2, 1e-12);
    ck_assert_double_eq_tol(evaluate("log-value", column, 3, 3), log(12) - 1100 * M_LN2, 1e-12);
    ck_assert_double_eq(evaluate("approach", column, 1, 1), -4);
    ck_assert_double_eq_tol(evaluate("log-distance", column, 0, 1), -log(0.6), 1e-15);
    /* 1, 3, 2, 5 above layer 0: 7 of 11. */
    const struct wide stairs[] = {{3, 0}, {4, 0}, {6, 0}, {5, 0}, {8, 0}};
    ck_assert_double_eq_tol(evaluate("upper-share", stairs, 1, 4), 7. / 11, 1e-15);
}
END_TEST

START_TEST(absent_and_negative_values_are_no_numbers)
{
    const struct wide negative[] = {{3, 0}, {-1, 0}};
    for (size_t i = 0; i < statistic_count; i++)
        ck_assert_msg(!isfinite(statistics[i].evaluate(column, statistics[i].by_layer ? 4 : 3, 4)), "%s of absent",
                      statistics[i].name);
    ck_assert(!isfinite(evaluate("block-factor", negative, 1, 1)));
    ck_assert(!isfinite(evaluate("log-ratio", negative, 0, 1)));
}
END_TEST

/* 1 - v = 0.37 l^-1.3 over layers 2..9: slope -1.3 exactly; layers outside the range are not read. */
START_TEST(slopes_of_power_laws)
{
    struct wide power[11];
    for (int l = 0; l <= 10; l++)
        power[l] = l < 2 || l > 9 ? wide_absent() : wide_of(1 - 0.37 * pow(l, -1.3));
    ck_assert_double_eq_tol(evaluate("approach-slope", power, 2, 9), -1.3, 1e-12);
    ck_assert(isnan(evaluate("approach-slope", power, 5, 5)));
}
END_TEST

/* 1 - v = 0.37 2^-l: factor 1/2 a block, spread (9 - 3) log 2; v = 5 l^0.7: slope 0.7. a_l = 0.5 a_(l-1)^3: order 3. */
START_TEST(approaches_by_hand)
{
    struct wide halved[11], power[11],
        cubed[] = {wide_of(0.8), wide_of(1 - 0.004), wide_of(1 - 0.5 * 0.004 * 0.004 * 0.004)};
    for (int l = 0; l <= 10; l++) {
        halved[l] = wide_of(1 - 0.37 * pow(2, -l));
        power[l] = wide_of(5 * pow(l, 0.7));
    }
    ck_assert_double_eq_tol(evaluate("approach-factor", halved, 3, 9), 0.5, 1e-12);
    ck_assert_double_eq_tol(evaluate("approach-spread", halved, 3, 9), 6 * M_LN2, 1e-12);
    ck_assert_double_eq_tol(evaluate("approach", halved, 3, 3), 0.37 / 8, 1e-15);
    ck_assert_double_eq_tol(evaluate("log-slope", power, 2, 9), 0.7, 1e-12);
    /* log 0.004 - log 0.2 and log 3.2e-8 - log 0.004, whose 1 - v carries 1e-16/3.2e-8. */
    ck_assert_double_eq_tol(evaluate("approach-order", cubed, 2, 2), log(3.2e-8 / 0.004) / log(0.004 / 0.2), 1e-8);
}
END_TEST

Suite *statistic_suite(void)
{
    Suite *suite = suite_create("statistic");
    TCase *tests = tcase_create("statistic");
    tcase_add_test(tests, values_by_hand);
    tcase_add_test(tests, absent_and_negative_values_are_no_numbers);
    tcase_add_test(tests, slopes_of_power_laws);
    tcase_add_test(tests, approaches_by_hand);
    suite_add_tcase(suite, tests);
    return suite;
}
