/* All curves of a figure, along what it shows them. */
#include "plots/curves.h"

#include <math.h>

#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

#define HEAD(kind, config)                                                                                             \
    "{\"schema\":\"spanscope/profile/1\",\"kind\":\"" kind "\",\"config\":{\"placement\":\"b2t\",\"init\":"            \
    "\"scaleinit\"," config "},\"manifest\":{\"seconds\":6.5},\"layers\":["

static void make_curves(const struct series_choice *choice, const char *text, struct series_list *series,
                        struct legend *legend)
{
    struct saved_list list;
    struct error error;
    profiles_text(&list, text);
    ck_assert_int_eq(legend_init(legend, &list, choice->abscissa, &error), ERROR_NONE);
    int code = curves_init(series, choice, true, &list, &list, legend, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    saved_free(&list);
}

/* Widths in any order make one curve though heads, samples and engine go along; the slope starts at its first point. */
START_TEST(curves_run_along_widths)
{
    static const char text[] = HEAD("measured",
                                    "\"layers\":3,\"width\":40,\"heads\":4,\"samples\":8,\"engine\":"
                                    "\"conditioned\"") "{\"layer\":0,\"gradient_variance\":{\"mean\":0.5}}]"
                                                       "}\n" HEAD("measured", "\"layers\":3,\"width\":10,"
                                                                              "\"heads\":2,\"samples\":64,"
                                                                              "\"engine\":\"dense\"") "{\"layer\":"
                                                                                                      "0,"
                                                                                                      "\"gradient_"
                                                                                                      "variance\":"
                                                                                                      "{\"mean\":"
                                                                                                      "2}}]}\n";
    static const struct series_choice choice = {.abscissa = &abscissa_width,
                                                .quantity = &quantity_value,
                                                .variants = {{"gradient_variance", NULL, false, 0}},
                                                .slope = -1,
                                                .slope_label = "1/d"};
    struct series_list series;
    struct legend legend;
    make_curves(&choice, text, &series, &legend);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(series.series[0].points[0].x, 1, 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[0].y, log10(2), 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[1].x, log10(40), 1e-15);
    ck_assert_int_eq(series.series[1].role, SERIES_SLOPE);
    ck_assert_double_eq_tol(series.series[1].points[0].y, log10(2), 1e-15);
    ck_assert_double_eq_tol(series.series[1].points[1].y, log10(0.5), 1e-14);
    ck_assert_str_eq(legend.names[0], "b2t");
    ck_assert_str_eq(legend.caption,
                     "init scaleinit, L = 3, H = 2 to 4, no mask, 8 to 64 samples, conditioned and dense engine");
    series_free(&series);
    legend_free(&legend);
}
END_TEST

/* The engine is part of the name where cost is shown. */
START_TEST(curves_of_cost_are_told_apart_by_engine)
{
    static const char text[] =
        HEAD("measured", "\"layers\":3,\"width\":40,\"samples\":1,\"engine\":\"conditioned\"") "{\"layer\":0}]}\n" HEAD(
            "measured",
            "\"layers\":3,\"width\":10,\"samples\":1,\"engine\":\"conditioned\"") "{\"layer\":0}]}\n" HEAD("measured",
                                                                                                           "\"layers\":"
                                                                                                           "3,"
                                                                                                           "\"width\":"
                                                                                                           "10,"
                                                                                                           "\"samples\""
                                                                                                           ":1,"
                                                                                                           "\"engine\":"
                                                                                                           "\"dense\"") "{\"layer\":0}]}\n";
    static const struct series_choice choice = {.abscissa = &abscissa_width_by_engine,
                                                .quantity = &quantity_seconds,
                                                .variants = {{"activation_variance", NULL, false, 0}}};
    struct series_list series;
    struct legend legend;
    make_curves(&choice, text, &series, &legend);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_str_eq(series.series[0].name, "b2t, conditioned engine");
    series_free(&series);
    legend_free(&legend);
}
END_TEST

START_TEST(curves_run_along_positions)
{
    static const char text[] = HEAD(
        "measured", "\"layers\":1,\"tokens\":3") "{\"layer\":0,\"gradient_variance\":{\"mean\":7},"
                                                 "\"gradient_variance.token1\":{\"mean\":10},\"gradient_variance."
                                                 "token2\":{\"mean\":0.1},"
                                                 "\"gradient_variance.token3\":{\"mean\":0.01}},{\"layer\":1,"
                                                 "\"gradient_variance.token1\":{\"mean\":99}}]}\n";
    static const struct series_choice choice = {.abscissa = &abscissa_position,
                                                .quantity = &quantity_value,
                                                .variants = {{"gradient_variance", NULL, false, 0}}};
    struct series_list series;
    struct legend legend;
    make_curves(&choice, text, &series, &legend);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_uint_eq(series.series[0].count, 3);
    for (int t = 0; t < 3; t++)
        ck_assert_double_eq(series.series[0].points[t].x, t + 1);
    ck_assert_double_eq_tol(series.series[0].points[0].y, 1, 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[2].y, -2, 1e-15);
    series_free(&series);
    legend_free(&legend);
}
END_TEST

Suite *curves_suite(void)
{
    Suite *suite = suite_create("curves");
    TCase *tests = folder_case(suite, "curves");
    tcase_add_test(tests, curves_run_along_widths);
    tcase_add_test(tests, curves_of_cost_are_told_apart_by_engine);
    tcase_add_test(tests, curves_run_along_positions);
    return suite;
}
