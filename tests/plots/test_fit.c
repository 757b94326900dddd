/* What curves come to: of points by hand, of runs in names and ROC curves. */
#include "plots/fit.h"

#include <math.h>

#include "plots/figure.h"
#include "plots/learning.h"
#include "plots/profile_curves.h"
#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

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

/* ---- of curves ---- */

/* Of those profiles that the choice shows something of, as figures are made. */
static int make_shown(struct series_list *series, const struct series_choice *choice, const struct saved_list *list,
                      struct error *error)
{
    struct saved profiles[16];
    struct saved_list shown = {.profiles = profiles};
    for (size_t i = 0; i < list->count; i++)
        if (profile_curves_shows(choice, list, i))
            profiles[shown.count++] = list->profiles[i];
    return profiles_curves(series, choice, false, &shown, error);
}

#define RUN(rate, width, loss)                                                                                         \
    "{\"schema\":\"spanscope/training/"                                                                                \
    "1\",\"config\":{\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"width\":" width                            \
    "},\"training\":{\"steps\":1,\"vocabulary\":2,\"lr\":" rate "},\"bayes\":[0.2],\"loss\":[" loss "]}\n"

/* Edges between rates that are halved where the width is doubled: a slope of -1, up to rounding without an error. */
START_TEST(fitted_curves_are_named_by_their_slopes)
{
    static const char runs[] = RUN("0.01", "8", "0.3") RUN("0.04", "8", "0.7") RUN("0.005", "16", "0.3")
        RUN("0.02", "16", "0.7") RUN("0.0025", "32", "0.3") RUN("0.01", "32", "0.7");
    struct series_choice choice = {.abscissa = &abscissa_edge_width,
                                   .quantity = &quantity_edge,
                                   .variants = {{"score", NULL, true, 0}},
                                   .fit = FIT_SLOPE};
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_text(&list, runs);
    ck_assert_int_eq(profiles_curves(&series, &choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_str_eq(series.series[0].name, "b2t, slope -1.00 ± 0.00");
    series_free(&series);
    choice.fit = FIT_NONE;
    ck_assert_int_eq(profiles_curves(&series, &choice, true, &list, &error), ERROR_NONE);
    ck_assert_str_eq(series.series[0].name, "b2t");
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* A run of one step, and the profile that it took before, in which g_0/g_L is 10^-log. */
#define TAKEN(placement, seed, spread, loss)                                                                           \
    "{\"schema\":\"spanscope/training/1\",\"config\":{\"placement\":\"" placement                                      \
    "\",\"init\":\"unit\",\"layers\":2,\"seed\":" seed                                                                 \
    "},\"training\":{\"steps\":1,\"vocabulary\":2},\"spread\":[" spread "],\"bayes\":[0.2],\"loss\":[" loss "]}\n"
#define BEFORE(placement, seed, step, log)                                                                             \
    "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":\"" placement                 \
    "\",\"init\":\"unit\",\"layers\":2,\"seed\":" seed "},\"training\":{\"steps\":1,\"vocabulary\":2,\"step\":" step   \
    "},\"layers\":[{\"layer\":0,\"gradient_variance\":{\"mean\":1}},{\"layer\":2,\"gradient_variance\":{\"mean\":"     \
    "1e" log "}}]}\n"

static double area_under(const struct series *series)
{
    double area = 0;
    for (size_t i = 1; i < series->count; i++)
        area += (series->points[i].x - series->points[i - 1].x) * (series->points[i].y + series->points[i - 1].y) / 2;
    return area;
}

/* Five runs of two placements: those of a spread of 0.1 and 0.2 fail, of 0.3 to 0.5 learn. Of the three whose profile
 * before the first step is there, the second fails: above one learner's g_0/g_L, below the other's. Profiles of another
 * step or run are passed over. */
START_TEST(roc_curves_are_of_all_runs)
{
    static const char runs[] = TAKEN("b2t", "1", "0.4", "0.3") BEFORE("b2t", "1", "0", "-4")
        TAKEN("b2t", "2", "0.2", "0.7") BEFORE("b2t", "2", "0", "2") TAKEN("keel", "3", "0.5", "0.3")
            BEFORE("keel", "3", "0", "3") TAKEN("keel", "4", "0.1", "0.7") BEFORE("keel", "4", "1", "-9")
                TAKEN("keel", "5", "0.3", "0.3") BEFORE("keel", "4", "0", "9");
    const struct series_choice *choice = &figure_find("collapse-roc")->choice;
    static const struct series_point by_spread[] = {{.x = 0, .y = 0},      {.x = 0, .y = 0.5},    {.x = 0, .y = 1},
                                                    {.x = 1. / 3, .y = 1}, {.x = 2. / 3, .y = 1}, {.x = 1, .y = 1}};
    static const struct series_point by_ratio[] = {
        {.x = 0, .y = 0}, {.x = 0.5, .y = 0}, {.x = 0.5, .y = 1}, {.x = 1, .y = 1}};
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_text(&list, runs);
    ck_assert_double_eq_tol(saved_number(&list.profiles[0], LEARNING_RATIO, 0), 4, 1e-15);
    ck_assert(isnan(saved_number(&list.profiles[6], LEARNING_RATIO, NAN)));
    ck_assert(isnan(saved_number(&list.profiles[8], LEARNING_RATIO, NAN)));
    ck_assert_int_eq(make_shown(&series, choice, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    ck_assert_str_eq(series.series[0].name, "ROC area 1.00");
    ck_assert_str_eq(series.series[1].name, "ROC area 0.50");
    for (int v = 0; v < 2; v++) {
        const struct series *curve = &series.series[v];
        const struct series_point *wanted = v ? by_ratio : by_spread;
        ck_assert_uint_eq(curve->count, v ? 4 : 6);
        for (size_t i = 0; i < curve->count; i++) {
            ck_assert_double_eq_tol(curve->points[i].x, wanted[i].x, 1e-15);
            ck_assert_double_eq_tol(curve->points[i].y, wanted[i].y, 1e-15);
        }
        ck_assert_double_eq_tol(area_under(curve), v ? 0.5 : 1, 1e-15);
    }
    const struct series *chance = &series.series[2];
    ck_assert_int_eq(chance->role, SERIES_SLOPE);
    ck_assert_double_eq(chance->points[0].x, 0);
    ck_assert_double_eq(chance->points[0].y, 0);
    ck_assert_double_eq(chance->points[1].x, 1);
    ck_assert_double_eq(chance->points[1].y, 1);
    series_free(&series);
    saved_free(&list);
}
END_TEST

START_TEST(runs_that_all_learn_have_no_roc_curve)
{
    static const char runs[] = TAKEN("b2t", "1", "0.4", "0.3") TAKEN("b2t", "2", "0.2", "0.3");
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_text(&list, runs);
    ck_assert_int_eq(make_shown(&series, &figure_find("collapse-roc")->choice, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no runs of both kinds, such that learn and such that fail");
    saved_free(&list);
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
    tests = folder_case(suite, "curves");
    tcase_add_test(tests, fitted_curves_are_named_by_their_slopes);
    tcase_add_test(tests, roc_curves_are_of_all_runs);
    tcase_add_test(tests, runs_that_all_learn_have_no_roc_curve);
    return suite;
}
