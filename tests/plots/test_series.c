/* Which curves are made of profiles, and which lines of theory. */
#include <math.h>
#include <string.h>

#include "plots/figure.h"
#include "plots/learning.h"
#include "plots/series.h"
#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

static const struct series_choice activation_choice = {
    .abscissa = &abscissa_layer, .quantity = &quantity_value, .variants = {{"activation_variance", NULL, false, 0}}};
static const struct series_choice gradient_choice = {
    .abscissa = &abscissa_layer,
    .quantity = &quantity_geometric,
    .variants = {{"gradient_variance", "total", false, 0}, {"gradient_specific", "specific", false, 0}}};
static const struct series_choice depth_choice = {
    .abscissa = &abscissa_depth, .quantity = &quantity_gain, .variants = {{"gradient_variance", NULL, false, 0}}};

static int make_series(struct series_list *series, const struct series_choice *choice, bool logarithmic,
                       const struct saved_list *list, struct error *error)
{
    struct legend legend;
    ck_assert_int_eq(legend_init(&legend, list, choice->abscissa, error), ERROR_NONE);
    int code = series_init(series, choice, logarithmic, list, list, &legend, error);
    legend_free(&legend);
    return code;
}

/* Of those profiles that the choice shows something of, as figures are made. */
static int make_shown(struct series_list *series, const struct series_choice *choice, const struct saved_list *list,
                      struct error *error)
{
    struct saved profiles[16];
    struct saved_list shown = {.profiles = profiles};
    for (size_t i = 0; i < list->count; i++)
        if (series_shows(choice, list, i))
            profiles[shown.count++] = list->profiles[i];
    return make_series(series, choice, false, &shown, error);
}

static const char *const CUSTOM[] = {"\"placement\":\"custom\",\"init\":\"unit\"," PROFILES_BASE, NULL};

START_TEST(curves_are_linear_or_log10)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", CUSTOM, profiles_rows);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_uint_eq(series.series[0].count, 1); /* layer 1 absent, layer 2 beyond double */
    ck_assert_double_eq(series.series[0].points[0].y, 1.37);
    ck_assert_double_eq(series.series[0].points[0].lo, 1.25);
    series_free(&series);
    ck_assert_int_eq(make_series(&series, &activation_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(1.5), 1e-15);
    ck_assert_double_eq(series.series[0].points[1].x, 2);
    ck_assert_double_eq(series.series[0].points[1].y, -600.5);
    ck_assert(isnan(series.series[0].points[1].lo));
    series_free(&series);
    ck_assert(series_needs_logarithm(&activation_choice, &list));
    saved_free(&list);
}
END_TEST

START_TEST(curves_of_logarithms_know_zero)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", CUSTOM, profiles_rows);
    ck_assert_int_eq(make_series(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_str_eq(series.series[1].label, "specific");
    ck_assert_uint_eq(series.series[0].count, 2); /* the 0 of layer 1 has no place */
    ck_assert_double_eq(series.series[0].points[0].y, -2);
    ck_assert(series.series[0].points[0].lo == -INFINITY);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(0.52), 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[1].lo, log10(1.9), 1e-15);
    ck_assert(!series_needs_logarithm(&gradient_choice, &list)); /* for a 0 */
    series_free(&series);
    saved_free(&list);
}
END_TEST

START_TEST(curves_that_nobody_has_are_an_error)
{
    static const struct series_choice choice = {
        .abscissa = &abscissa_layer, .quantity = &quantity_value, .variants = {{"layer_cosine", NULL, false, 0}}};
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", CUSTOM, profiles_rows);
    ck_assert_int_eq(make_series(&series, &choice, false, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no profile has layer_cosine");
    ck_assert_int_eq(make_series(&series, &depth_choice, true, &list, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "two depths"));
    saved_free(&list);
}
END_TEST

START_TEST(curves_against_depth_are_ratios)
{
    struct saved_list list = {0};
    struct series_list series;
    struct error error;
    FILE *file = fopen(folder_path("depths.json"), "w");
    /* the deeper first: points come out by depth; at L = 5 the ratio is 1e-400 / 1e-3 */
    profiles_add(file, "measured", "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":5",
                 "{\"layer\":0,\"gradient_variance\":{\"mean\":null,\"log10_mean\":-400}},"
                 "{\"layer\":5,\"gradient_variance\":{\"mean\":0.001,\"log10_mean\":-3}}");
    profiles_add(
        file, "measured", "\"placement\":\"spannorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":2",
        "{\"layer\":0,\"gradient_variance\":{\"mean\":3,\"lo\":2,\"hi\":4,\"log10_mean\":0.47712125471966244}},"
        "{\"layer\":2,\"gradient_variance\":{\"mean\":6,\"lo\":5,\"hi\":7,\"log10_mean\":0.77815125038364363}}");
    fclose(file);
    ck_assert_int_eq(saved_read(folder_path("depths.json"), &list, &error), ERROR_NONE);
    ck_assert_int_eq(make_series(&series, &depth_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2); /* and the floor */
    const struct series_point *points = series.series[0].points;
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(points[0].x, log10(2), 1e-15);
    ck_assert_double_eq_tol(points[0].y, log10(0.5), 1e-14);
    ck_assert_double_eq_tol(points[0].lo, log10(2. / 6), 1e-14);
    ck_assert_double_eq_tol(points[0].hi, log10(4. / 6), 1e-14);
    ck_assert_double_eq_tol(points[1].x, log10(5), 1e-15);
    ck_assert_double_eq_tol(points[1].y, -397, 1e-12);
    /* (1 + c^2/L)^-L between the depths */
    const struct series *floor_line = &series.series[1];
    ck_assert_int_eq(floor_line->role, SERIES_FLOOR);
    ck_assert_double_eq_tol(floor_line->points[0].y, -2 * log10(1 + 1.37 * 1.37 / 2), 1e-12);
    ck_assert_double_eq_tol(floor_line->points[floor_line->count - 1].y, -5 * log10(1 + 1.37 * 1.37 / 5), 1e-12);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Of six tokens the first, the third (half way, rounded down) and the last; no line of theory, though SpanNorm's floor
 * is one of the mean over tokens. */
START_TEST(curves_of_single_tokens)
{
    static const struct series_choice choice = {
        .abscissa = &abscissa_layer,
        .quantity = &quantity_value,
        .variants = {{"gradient_variance", "first", false, SERIES_FIRST_TOKEN},
                     {"gradient_variance", "middle", false, SERIES_MIDDLE_TOKEN},
                     {"gradient_variance", "last", false, SERIES_LAST_TOKEN}}};
    static const char *const configs[] = {"\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"tokens\":6",
                                          NULL};
    static const double wanted[] = {0.1, 0.3, 0.6};
    char rows[1000] = "{\"layer\":1,\"gradient_variance\":{\"mean\":9}";
    for (int t = 1; t <= 6; t++)
        sprintf(rows + strlen(rows), ",\"gradient_variance.token%d\":{\"mean\":0.%d}", t, t);
    strcat(rows, "}");
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", configs, rows);
    ck_assert_int_eq(make_series(&series, &choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    for (int v = 0; v < 3; v++) {
        ck_assert_uint_eq(series.series[v].count, 1);
        ck_assert_double_eq(series.series[v].points[0].y, wanted[v]);
        ck_assert_str_eq(series.series[v].label, choice.variants[v].label);
    }
    series_free(&series);
    saved_free(&list);
    profiles_read(&list, "measured", configs, "{\"layer\":1,\"gradient_variance\":{\"mean\":9}}");
    ck_assert_int_eq(make_series(&series, &choice, false, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no profile has gradient_variance by token (run --per-token)");
    saved_free(&list);
}
END_TEST

/* Theory */

#define SPAN_FORMULA                                                                                                   \
    "first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(x+ffn(y))"
#define COLLAPSED "\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"activation\":\"relu\","

/* Whether (3/4)^(L - l) is drawn through gradient_specific: each row breaks one hypothesis. */
static const struct {
    const char *config;
    bool drawn;
} hypotheses[] = {
    {COLLAPSED "\"mask\":\"none\",\"input_correlation\":0.95,\"input_scale\":1", true},
    {COLLAPSED "\"input_correlation\":0.9,\"formula\":\"" SPAN_FORMULA "\"", true},
    {COLLAPSED "\"mask\":\"none\",\"input_correlation\":0.5", false},
    {COLLAPSED "\"mask\":\"none\"", false},
    {COLLAPSED "\"mask\":\"causal\",\"input_correlation\":0.95", false},
    {COLLAPSED "\"input_correlation\":0.95,\"input_scale\":0.02", false},
    {COLLAPSED "\"input_correlation\":0.95,\"cotangent\":\"pooled\"", false},
    {COLLAPSED "\"input_correlation\":0.95,\"formula\":\"x = norm(x + ffn(x))\"", false},
    {"\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"activation\":\"gelu\",\"input_correlation\":1",
     false},
    {"\"placement\":\"spannorm\",\"init\":\"xavier\",\"layers\":2,\"activation\":\"relu\",\"input_correlation\":1",
     false},
    {"\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"activation\":\"relu\",\"input_correlation\":1", false},
};

START_TEST(theory_is_drawn_where_it_holds)
{
    static const char rows[] = "{\"layer\":0,\"gradient_specific\":{\"mean\":1}},"
                               "{\"layer\":1,\"gradient_specific\":{\"mean\":1}}";
    const char *configs[] = {hypotheses[_i].config, NULL};
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", configs, rows);
    ck_assert_int_eq(make_series(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, hypotheses[_i].drawn ? 2 : 1);
    if (hypotheses[_i].drawn) {
        ck_assert_int_eq(series.series[1].role, SERIES_EXACT);
        ck_assert_uint_eq(series.series[1].count, 2);
        ck_assert_double_eq_tol(series.series[1].points[0].y, 2 * log10(0.75), 1e-14);
        ck_assert_double_eq(series.series[1].points[1].x, 1);
        ck_assert_double_eq_tol(series.series[1].points[1].y, log10(0.75), 1e-14);
    }
    series_free(&series);
    saved_free(&list);
}
END_TEST

START_TEST(theory_takes_c_from_the_profile_and_merges_equals)
{
    static const char *const configs[] = {
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":3,\"width\":8",
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":1.37,\"layers\":3,\"width\":16",
        "\"placement\":\"prenorm\",\"init\":\"scaleinit\",\"c\":0.5,\"layers\":3,\"width\":16", NULL};
    static const char rows[] = "{\"layer\":1,\"activation_variance\":{\"mean\":2}},"
                               "{\"layer\":3,\"activation_variance\":{\"mean\":3}}";
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", configs, rows);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3 + 2 + 2); /* floor and ceiling; the first two profiles share theirs */
    ck_assert_int_eq(series.series[3].role, SERIES_FLOOR);
    ck_assert_int_eq(series.series[3].group, -1);
    ck_assert_str_eq(series.series[3].name, "");
    ck_assert_double_eq_tol(series.series[3].points[0].y, 1 + 1.37 * 1.37 / 3, 1e-14);
    ck_assert_int_eq(series.series[6].role, SERIES_CEILING);
    ck_assert_int_eq(series.series[6].group, 2);
    ck_assert_double_eq_tol(series.series[6].points[1].y, 1 + 2 * 0.25, 1e-14);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Bounds that a profile carries stand for the table's lines; for what falls where the observable rises, a floor is a
 * ceiling. */
START_TEST(bounds_of_a_profile_are_drawn)
{
    static const char *const configs[] = {"\"placement\":\"prenorm\",\"init\":\"unit\",\"layers\":3,\"width\":8", NULL};
    static const char rows[] = "{\"layer\":0,\"activation_variance\":{\"mean\":1,\"floor\":1,\"ceiling\":1}},"
                               "{\"layer\":2,\"activation_variance\":{\"mean\":2,\"floor\":1.25,\"ceiling\":null},"
                               "\"layer_cosine\":{\"mean\":0.5,\"ceiling\":0.75}}";
    static const struct series_choice complement = {
        .abscissa = &abscissa_layer, .quantity = &quantity_complement, .variants = {{"layer_cosine", NULL, false, 0}}};
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "predicted", configs, rows);
    ck_assert_int_eq(make_series(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_uint_eq(series.series[1].count, 2);
    ck_assert_double_eq(series.series[1].points[1].x, 2);
    ck_assert_double_eq(series.series[1].points[1].y, 1.25);
    ck_assert_int_eq(series.series[2].role, SERIES_CEILING);
    ck_assert_uint_eq(series.series[2].count, 1); /* the other is beyond double */
    series_free(&series);
    ck_assert_int_eq(make_series(&series, &complement, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_str_eq(series.series[1].label, "floor");
    ck_assert_double_eq(series.series[1].points[0].y, 0.25);
    series_free(&series);
    saved_free(&list);
}
END_TEST

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
    struct saved_list list = {.runs = true};
    struct series_list series;
    struct error error;
    folder_write("runs.json", runs);
    ck_assert_msg(saved_read(folder_path("runs.json"), &list, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(make_series(&series, &choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_str_eq(series.series[0].name, "b2t, slope -1.00 ± 0.00");
    series_free(&series);
    choice.fit = FIT_NONE;
    ck_assert_int_eq(make_series(&series, &choice, true, &list, &error), ERROR_NONE);
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
    struct saved_list list = {.runs = true};
    struct series_list series;
    struct error error;
    folder_write("runs.json", runs);
    ck_assert_msg(saved_read(folder_path("runs.json"), &list, &error) == ERROR_NONE, "%s", error.text);
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
    struct saved_list list = {.runs = true};
    struct series_list series;
    struct error error;
    folder_write("runs.json", runs);
    ck_assert_msg(saved_read(folder_path("runs.json"), &list, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(make_shown(&series, &figure_find("collapse-roc")->choice, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no runs of both kinds, such that learn and such that fail");
    saved_free(&list);
}
END_TEST

Suite *series_suite(void)
{
    Suite *suite = suite_create("series");
    TCase *tests = folder_case(suite, "curves");
    tcase_add_test(tests, fitted_curves_are_named_by_their_slopes);
    tcase_add_test(tests, roc_curves_are_of_all_runs);
    tcase_add_test(tests, runs_that_all_learn_have_no_roc_curve);
    tcase_add_test(tests, curves_are_linear_or_log10);
    tcase_add_test(tests, curves_of_logarithms_know_zero);
    tcase_add_test(tests, curves_that_nobody_has_are_an_error);
    tcase_add_test(tests, curves_against_depth_are_ratios);
    tcase_add_test(tests, curves_of_single_tokens);
    tests = folder_case(suite, "theory");
    tcase_add_loop_test(tests, theory_is_drawn_where_it_holds, 0, (int)(sizeof hypotheses / sizeof *hypotheses));
    tcase_add_test(tests, theory_takes_c_from_the_profile_and_merges_equals);
    tcase_add_test(tests, bounds_of_a_profile_are_drawn);
    return suite;
}
