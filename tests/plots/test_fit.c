#include <check.h>
#include <math.h>

#include "plots/fit.h"
#include "plots/series.h"

/* Of three points the line leaves residuals of -1/6, 1/3 and -1/6, one degree of freedom and a variance of 1/6, over a sum
 * of squares of 2 in x. */
START_TEST(slopes_by_hand)
{
    const struct series_point points[] = {{0, 0, NAN, NAN}, {1, -1, NAN, NAN}, {2, -3, 9, 9}};
    struct fit fit;
    char words[64];
    ck_assert(fit_line(&fit, points, 3));
    ck_assert_double_eq_tol(fit.slope, -1.5, 1e-14);
    ck_assert_double_eq_tol(fit.se, sqrt(1. / 12), 1e-14);
    ck_assert(fit_print(FIT_SLOPE, points, 3, words, sizeof words));
    ck_assert_str_eq(words, "slope -1.50 ± 0.29");
    ck_assert(fit_line(&fit, points, 2));
    ck_assert(fit_print(FIT_SLOPE, points, 2, words, sizeof words));
    ck_assert_str_eq(words, "slope -1.00");
    ck_assert(!fit_print(FIT_NONE, points, 3, words, sizeof words));
}
END_TEST

START_TEST(points_above_each_other_have_no_slope)
{
    const struct series_point points[] = {{1, 0, NAN, NAN}, {1, 2, NAN, NAN}};
    struct fit fit;
    ck_assert(!fit_line(&fit, points, 2) && !fit_line(&fit, points, 1) && !fit_line(&fit, points, 0));
}
END_TEST

/* Learners at 1, 2 and 4 against failures at 0, 2 and 3: 5 pairs of 9 the right way round, and a tie. */
START_TEST(areas_by_hand)
{
    const struct series_point points[] = {{0, 0.9, NAN, NAN}, {1, 0.7, NAN, NAN}, {2, 0.1, NAN, NAN},
                                          {2, 0.8, NAN, NAN}, {3, 1.1, NAN, NAN}, {4, 0.2, NAN, NAN}};
    char words[64];
    ck_assert_double_eq_tol(fit_area(points, 6), 5.5 / 9, 1e-15);
    ck_assert(fit_print(FIT_AREA, points, 6, words, sizeof words));
    ck_assert_str_eq(words, "ROC area 0.61");
    ck_assert(!fit_print(FIT_AREA, points + 1, 2, words, sizeof words)); // both learn
}
END_TEST

/* The same runs: a failure, a learner, a tie of both, a failure and a learner from the left; trapezia of 1/9, 1/6 and 1/3. */
START_TEST(curves_of_thresholds_by_hand)
{
    struct series_point points[7] = {{0, 0.9, NAN, NAN}, {1, 0.7, NAN, NAN}, {2, 0.1, NAN, NAN},
                                     {2, 0.8, NAN, NAN}, {3, 1.1, NAN, NAN}, {4, 0.2, NAN, NAN}};
    static const double corners[][2] = {{0, 0}, {0, 1. / 3}, {1. / 3, 1. / 3}, {2. / 3, 2. / 3}, {2. / 3, 1}, {1, 1}};
    double wanted = fit_area(points, 6), area = 0;
    ck_assert_uint_eq(fit_roc(points, 6), 6);
    for (int i = 0; i < 6; i++) {
        ck_assert_double_eq_tol(points[i].x, corners[i][0], 1e-15);
        ck_assert_double_eq_tol(points[i].y, corners[i][1], 1e-15);
        ck_assert(isnan(points[i].lo) && isnan(points[i].hi));
        area += i > 0 ? (points[i].x - points[i - 1].x) * (points[i].y + points[i - 1].y) / 2 : 0;
    }
    ck_assert_double_eq_tol(area, wanted, 1e-15);
    struct series_point alike[3] = {{0, 0.9, NAN, NAN}, {1, 0.8, NAN, NAN}};
    ck_assert_uint_eq(fit_roc(alike, 2), 0);
    ck_assert_uint_eq(fit_roc(alike, 0), 0);
}
END_TEST

Suite *fit_suite(void)
{
    Suite *suite = suite_create("fit");
    TCase *tests = tcase_create("lines");
    tcase_add_test(tests, slopes_by_hand);
    tcase_add_test(tests, points_above_each_other_have_no_slope);
    tcase_add_test(tests, areas_by_hand);
    tcase_add_test(tests, curves_of_thresholds_by_hand);
    suite_add_tcase(suite, tests);
    return suite;
}
