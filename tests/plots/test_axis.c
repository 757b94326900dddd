#include <math.h>

#include "plots/axis.h"
#include <check.h>

static struct axis fit(bool logarithmic, const struct axis_wish *wish, double lo, double hi, double theory)
{
    struct series_point data[] = {{0, lo, NAN, NAN}, {1, hi, NAN, NAN}}, line[] = {{0, theory, NAN, NAN}};
    struct series both[] = {{.role = SERIES_MEASURED, .points = data, .count = 2},
                            {.role = SERIES_FLOOR, .points = line, .count = 1}};
    struct series_list list = {.series = both, .count = 2};
    struct axis axis;
    axis_fit(&axis, logarithmic, wish, &list);
    return axis;
}

START_TEST(axes_do_not_blow_up_noise)
{
    static const struct axis_wish cosine = {-1, 1, 0.1, 0}, variance = {0, INFINITY, 0, 0.5}, gradient = {0, 0, 1, 0};
    struct axis axis = fit(false, &variance, 0.999, 1.001, 1);
    ck_assert_double_eq_tol(axis.hi - axis.lo, 0.5 * 1.001, 1e-9);
    axis = fit(false, &cosine, 0.9999, 1, 1); /* keeps its span inside the bound */
    ck_assert_double_eq(axis.hi, 1);
    ck_assert_double_eq_tol(axis.lo, 0.9, 1e-3);
    axis = fit(false, &variance, 0, 0, 0);
    ck_assert(axis.hi > axis.lo && axis.lo >= 0);
    axis = fit(true, &gradient, -0.01, 0.01, 0);
    ck_assert_double_eq_tol(axis.hi - axis.lo, 1, 1e-9);
}
END_TEST

START_TEST(axes_give_theory_room_but_not_the_figure)
{
    static const struct axis_wish gradient = {0, 0, 1, 0};
    struct axis near = fit(true, &gradient, -2, 0, -2.5), far = fit(true, &gradient, -2, 0, -300);
    ck_assert(near.lo <= -2.5 && near.lo > -3);
    ck_assert(far.lo < -2 && far.lo > -3);
    ck_assert(far.hi >= 0);
}
END_TEST

START_TEST(axes_have_whole_steps)
{
    static const int cases[][2] = {{1, 1},  {7, 1},    {8, 1},    {12, 2},    {24, 4},
                                   {64, 8}, {100, 10}, {128, 16}, {2000, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_int_eq(axis_whole_step(cases[i][0]), cases[i][1]);
}
END_TEST

Suite *axis_suite(void)
{
    Suite *suite = suite_create("axis");
    TCase *tests = tcase_create("axis");
    tcase_add_test(tests, axes_do_not_blow_up_noise);
    tcase_add_test(tests, axes_give_theory_room_but_not_the_figure);
    tcase_add_test(tests, axes_have_whole_steps);
    suite_add_tcase(suite, tests);
    return suite;
}
