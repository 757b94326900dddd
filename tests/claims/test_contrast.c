#include <math.h>

#include "analysis/claims/contrast.h"
#include <check.h>

static double apply(const char *name, int count, const double *x, const double *y)
{
    double w[8];
    const struct contrast *contrast = contrast_find(name);
    ck_assert_ptr_nonnull(contrast);
    contrast->weights(count, x, w);
    return contrast_apply(contrast, count, w, y);
}

/* y = 5 + 0.7 log x - 0.3 (log x)^2 has the bend -0.3 whatever the points; without it, the slope 0.7. */
START_TEST(powers_of_a_logarithm)
{
    const double x[] = {3, 7, 31, 200, 1000};
    double line[5], parabola[5];
    for (int i = 0; i < 5; i++) {
        line[i] = 5 + 0.7 * log(x[i]);
        parabola[i] = line[i] - 0.3 * log(x[i]) * log(x[i]);
    }
    ck_assert_double_eq_tol(apply("slope", 5, x, line), 0.7, 1e-13);
    ck_assert_double_eq_tol(apply("slope", 2, x, line), 0.7, 1e-13);
    ck_assert_double_eq_tol(apply("bend", 5, x, line), 0, 1e-13);
    ck_assert_double_eq_tol(apply("bend", 5, x, parabola), -0.3, 1e-12);
    ck_assert_double_eq_tol(apply("bend", 3, x, parabola), -0.3, 1e-12);
}
END_TEST

/* y = 5 + 11/x is 5 at infinity; so is what noise leaves of 5 at unequal points, since the weights sum to 1. */
START_TEST(limits_of_an_inverse)
{
    const double x[] = {16, 50, 128, 1000}, level[] = {5, 5, 5, 5};
    double line[4];
    for (int i = 0; i < 4; i++)
        line[i] = 5 + 11 / x[i];
    ck_assert_double_eq_tol(apply("limit", 4, x, line), 5, 1e-13);
    ck_assert_double_eq_tol(apply("limit", 2, x, line), 5, 1e-13);
    ck_assert_double_eq_tol(apply("limit", 4, x, level), 5, 1e-13);
}
END_TEST

START_TEST(differences_of_halves)
{
    const double x[4] = {1, 1, 1, 1}, y[] = {2, 5, 11, 4};
    ck_assert_double_eq_tol(apply("difference", 2, x, y), 3, 1e-15);
    ck_assert_double_eq_tol(apply("difference", 4, x, y), 4, 1e-15);
}
END_TEST

/* Powers 0.3 and then -1.1 of x; the halves' levels do not matter. */
START_TEST(slopes_of_halves)
{
    const double x[] = {4, 16, 2, 8, 16};
    double y[5];
    for (int i = 0; i < 5; i++)
        y[i] = i < 2 ? 0.3 * log(x[i]) : 7 - 1.1 * log(x[i]);
    ck_assert_double_eq_tol(apply("steepening", 5, x, y), -1.4, 1e-13);
}
END_TEST

/* Three that train against two that do not: 6 pairs, of which x orders four rightly, one wrongly, and ties one. */
START_TEST(areas_by_counting)
{
    const double x[] = {3, 1, 9, 1, 2}, y[] = {1, 0, 1, 1, 0}, all[] = {1, 1, 1, 1, 1};
    ck_assert_double_eq_tol(apply("roc-area", 5, x, y), 4.5 / 6, 1e-15);
    ck_assert(isnan(apply("roc-area", 5, x, all)));
}
END_TEST

/* All x equal: no line, no number that could pass. */
START_TEST(equal_points_have_no_line)
{
    const double x[] = {3, 3, 3}, two[] = {3, 3, 7}, y[] = {1, 2, 4};
    ck_assert(isnan(apply("slope", 3, x, y)) && isnan(apply("bend", 3, x, y)) && isnan(apply("limit", 3, x, y)));
    ck_assert(isnan(apply("bend", 3, two, y)));
}
END_TEST

Suite *contrast_suite(void)
{
    Suite *suite = suite_create("contrast");
    TCase *tests = tcase_create("contrast");
    tcase_add_test(tests, powers_of_a_logarithm);
    tcase_add_test(tests, limits_of_an_inverse);
    tcase_add_test(tests, differences_of_halves);
    tcase_add_test(tests, equal_points_have_no_line);
    tcase_add_test(tests, slopes_of_halves);
    tcase_add_test(tests, areas_by_counting);
    suite_add_tcase(suite, tests);
    return suite;
}
