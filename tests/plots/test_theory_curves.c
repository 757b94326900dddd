/* Which lines of theory are drawn beside curves. */
#include "plots/theory_curves.h"

#include <math.h>
#include <stdio.h>

#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

static const struct series_choice activation_choice = {
    .abscissa = &abscissa_layer, .quantity = &quantity_value, .variants = {{"activation_variance", NULL, false, 0}}};
static const struct series_choice gradient_choice = {
    .abscissa = &abscissa_layer,
    .quantity = &quantity_geometric,
    .variants = {{"gradient_variance", "total", false, 0}, {"gradient_specific", "specific", false, 0}}};

#define SPAN_FORMULA                                                                                                   \
    "first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(x+ffn(y))"
#define COLLAPSED "\"placement\":\"spannorm\",\"init\":\"unit\",\"layers\":2,\"activation\":\"relu\","

/* Whether (3/4)^(L - l) is drawn through gradient_specific: each row breaks one hypothesis, behind a step of training
 * that of the initial weights. */
static const struct {
    const char *config;
    bool drawn;
} hypotheses[] = {
    {COLLAPSED "\"mask\":\"none\",\"input_correlation\":0.95,\"input_scale\":1", true},
    {COLLAPSED "\"input_correlation\":0.9,\"formula\":\"" SPAN_FORMULA "\"", true},
    {COLLAPSED "\"input_correlation\":0.95,\"step\":0", true},
    {COLLAPSED "\"input_correlation\":0.95,\"step\":1", false},
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
    ck_assert_int_eq(profiles_curves(&series, &gradient_choice, true, &list, &error), ERROR_NONE);
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
    ck_assert_int_eq(profiles_curves(&series, &activation_choice, false, &list, &error), ERROR_NONE);
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
    ck_assert_int_eq(profiles_curves(&series, &activation_choice, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 3);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_uint_eq(series.series[1].count, 2);
    ck_assert_double_eq(series.series[1].points[1].x, 2);
    ck_assert_double_eq(series.series[1].points[1].y, 1.25);
    ck_assert_int_eq(series.series[2].role, SERIES_CEILING);
    ck_assert_uint_eq(series.series[2].count, 1); /* the other is beyond double */
    series_free(&series);
    ck_assert_int_eq(profiles_curves(&series, &complement, false, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    ck_assert_int_eq(series.series[1].role, SERIES_FLOOR);
    ck_assert_str_eq(series.series[1].label, "floor");
    ck_assert_double_eq(series.series[1].points[0].y, 0.25);
    series_free(&series);
    saved_free(&list);
}
END_TEST

/* Of a placement with a floor: it is drawn at layer 0 with c of the abscissa, (1 + c^2/L)^-L. */
START_TEST(theory_runs_along_the_constant)
{
    static const char format[] =
        "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":\"spannorm\",\"init\":"
        "\"scaleinit\",\"c\":%g,\"layers\":3},\"layers\":[{\"layer\":0,\"gradient_variance\":{\"mean\":1}},{\"layer\":"
        "3,\"gradient_variance\":{\"mean\":1}}]}\n";
    static const struct series_choice choice = {.abscissa = &abscissa_constant,
                                                .quantity = &quantity_gain,
                                                .variants = {{"gradient_variance", NULL, false, 0}}};
    char text[2000];
    struct saved_list list;
    struct series_list series;
    struct error error;
    int length = snprintf(text, sizeof text, format, 0.5);
    snprintf(text + length, sizeof text - (size_t)length, format, 2.5);
    profiles_text(&list, text);
    ck_assert_int_eq(profiles_curves(&series, &choice, true, &list, &error), ERROR_NONE);
    ck_assert_uint_eq(series.count, 2);
    const struct series *line = &series.series[1];
    ck_assert_int_eq(line->role, SERIES_FLOOR);
    for (size_t i = 0; i < line->count; i++)
        ck_assert_double_eq_tol(line->points[i].y, -3 * log10(1 + pow(10, 2 * line->points[i].x) / 3), 1e-12);
    ck_assert_double_eq_tol(line->points[line->count - 1].x, log10(2.5), 1e-12);
    series_free(&series);
    saved_free(&list);
}
END_TEST

Suite *theory_curves_suite(void)
{
    Suite *suite = suite_create("theory_curves");
    TCase *tests = folder_case(suite, "theory");
    tcase_add_loop_test(tests, theory_is_drawn_where_it_holds, 0, (int)(sizeof hypotheses / sizeof *hypotheses));
    tcase_add_test(tests, theory_takes_c_from_the_profile_and_merges_equals);
    tcase_add_test(tests, bounds_of_a_profile_are_drawn);
    tcase_add_test(tests, theory_runs_along_the_constant);
    return suite;
}
