/* Which curves are made of profiles. */
#include "plots/profile_curves.h"

#include <math.h>
#include <string.h>

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

static const char *const CUSTOM[] = {"\"placement\":\"custom\",\"init\":\"unit\"," PROFILES_BASE, NULL};

START_TEST(curves_are_linear_or_log10)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", CUSTOM, profiles_rows);
    ck_assert_int_eq(profiles_curves(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 1);
    ck_assert_uint_eq(series.series[0].count, 1); /* layer 1 absent, layer 2 beyond double */
    ck_assert_double_eq(series.series[0].points[0].y, 1.37);
    ck_assert_double_eq(series.series[0].points[0].lo, 1.25);
    series_free(&series);
    ck_assert_int_eq(profiles_curves(&series, &activation_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.series[0].count, 2);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(1.5), 1e-15);
    ck_assert_double_eq(series.series[0].points[1].x, 2);
    ck_assert_double_eq(series.series[0].points[1].y, -600.5);
    ck_assert(isnan(series.series[0].points[1].lo));
    series_free(&series);
    ck_assert(profile_curves_needs_logarithm(&activation_choice, &list));
    saved_free(&list);
}
END_TEST

START_TEST(curves_of_logarithms_know_zero)
{
    struct saved_list list;
    struct series_list series;
    struct error error;
    profiles_read(&list, "measured", CUSTOM, profiles_rows);
    ck_assert_int_eq(profiles_curves(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_str_eq(series.series[1].label, "specific");
    ck_assert_uint_eq(series.series[0].count, 2); /* the 0 of layer 1 has no place */
    ck_assert_double_eq(series.series[0].points[0].y, -2);
    ck_assert(series.series[0].points[0].lo == -INFINITY);
    ck_assert_double_eq_tol(series.series[0].points[0].hi, log10(0.52), 1e-15);
    ck_assert_double_eq_tol(series.series[0].points[1].lo, log10(1.9), 1e-15);
    ck_assert(!profile_curves_needs_logarithm(&gradient_choice, &list)); /* for a 0 */
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
    ck_assert_int_eq(profiles_curves(&series, &choice, false, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no profile has layer_cosine");
    ck_assert_int_eq(profiles_curves(&series, &depth_choice, true, &list, &error), ERROR_INPUT);
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
    ck_assert_int_eq(profiles_curves(&series, &depth_choice, true, &list, &error), ERROR_NONE);
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
    ck_assert_int_eq(profiles_curves(&series, &choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    for (int v = 0; v < 3; v++) {
        ck_assert_uint_eq(series.series[v].count, 1);
        ck_assert_double_eq(series.series[v].points[0].y, wanted[v]);
        ck_assert_str_eq(series.series[v].label, choice.variants[v].label);
    }
    series_free(&series);
    saved_free(&list);
    profiles_read(&list, "measured", configs, "{\"layer\":1,\"gradient_variance\":{\"mean\":9}}");
    ck_assert_int_eq(profiles_curves(&series, &choice, false, &list, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "no profile has gradient_variance by token (run --per-token)");
    saved_free(&list);
}
END_TEST

Suite *profile_curves_suite(void)
{
    Suite *suite = suite_create("profile_curves");
    TCase *tests = folder_case(suite, "curves");
    tcase_add_test(tests, curves_are_linear_or_log10);
    tcase_add_test(tests, curves_of_logarithms_know_zero);
    tcase_add_test(tests, curves_that_nobody_has_are_an_error);
    tcase_add_test(tests, curves_against_depth_are_ratios);
    tcase_add_test(tests, curves_of_single_tokens);
    return suite;
}
