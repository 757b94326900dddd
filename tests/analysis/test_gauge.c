/* Quantities of a prediction are those of its profile, with its errors. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "analysis/profile.h"
#include "analysis/gauge.h"
#include "tests/support.h"

static struct gauge parsed(const char *text)
{
    struct gauge quantity;
    struct error error = {0};
    int code = gauge_parse(&quantity, text, strlen(text), &error);
    ck_assert_msg(code == ERROR_NONE, "%s: %s", text, error.text);
    return quantity;
}

enum { LAYERS = 2, COUNT = 4 };
static const char *const texts[COUNT] = {"gradient_ratio", "log10_specific_ratio", "token_cosine",
                                         "branch_ratio.attn@1"};

static void predict(const char *words, const struct moments_options *options, struct gauge_value values[COUNT],
                    struct gauge_reading *reading)
{
    struct model model;
    struct gauge quantities[COUNT];
    struct error error = {0};
    for (int i = 0; i < COUNT; i++)
        quantities[i] = parsed(texts[i]);
    support_model(&model, words);
    int code = gauge_predict(quantities, COUNT, &model, options, values, reading, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    model_free(&model);
}

#define SHAPE "layers=2 heads=2 tokens=5 ffn-width=24 placement=prenorm "

/* Drawn at a width and in the limit, to first order in T/d, and by quadrature. */
static const struct {
    const char *words;
    bool width_limit, drawn, first_order;
} rows[] = {
    {SHAPE "width=24 mask=causal", false, true, false},
    {SHAPE "width=24 mask=causal", true, true, false},
    {"layers=2 width=256 heads=4 tokens=64 ffn-width=1024", false, false, true},
    {SHAPE "width=24", true, false, false},
};

/* To the last digit: the profile's numbers of the whole stack for ratios, and its cells. */
START_TEST(quantities_are_those_of_the_profile)
{
    struct moments_options options = moments_defaults();
    struct gauge_value values[COUNT];
    struct gauge_reading reading;
    struct profile profile;
    struct model model;
    struct error error = {0};
    options.width_limit = rows[_i].width_limit;
    options.budget = 0.05;
    predict(rows[_i].words, &options, values, &reading);
    support_model(&model, rows[_i].words);
    int code = profile_predict(&profile, &model, &options, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    ck_assert_int_eq(reading.at_width, !rows[_i].width_limit);
    ck_assert((reading.order_error > 0) == rows[_i].first_order);
    ck_assert_int_eq(reading.replicas, rows[_i].drawn ? profile.moments.replicas : 0);
    int columns[] = {observe_find(profile.schema, "token_cosine"), observe_find(profile.schema, "branch_ratio.attn")};
    const struct estimate *cells[COUNT] = {&profile.overall[0], &profile.overall[1],
                                           profile_cell(&profile, LAYERS, columns[0]),
                                           profile_cell(&profile, 1, columns[1])};
    const struct wide errors[COUNT] = {profile_overall_se(&profile, 0), profile_overall_se(&profile, 1),
                                       profile_se(&profile, LAYERS, columns[0]), profile_se(&profile, 1, columns[1])};
    for (int i = 0; i < COUNT; i++) {
        struct gauge quantity = parsed(texts[i]);
        struct wide mean = estimate_mean(cells[i]);
        double value = quantity.log10 ? wide_log10(mean) : wide_value(mean);
        double se = quantity.log10 ? wide_value(errors[i]) / wide_value(mean) / M_LN10 : wide_value(errors[i]);
        ck_assert_msg(gauge_number(&quantity, &values[i]) == value, "%s", texts[i]);
        /* Of the limit's logarithm the order of two roundings. */
        ck_assert_double_le(fabs(gauge_error(&quantity, &values[i]) - se), 1e-12 * se);
        ck_assert((se > 0) == rows[_i].drawn);
        /* Three factors of order 1. */
        double unit = quantity.log10 ? 1 / M_LN10 : i == 2 ? 1 : value, order = reading.order_error * unit;
        ck_assert_double_le(fabs(gauge_order(&quantity, &values[i], &reading) - order), 1e-15 * order);
    }
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* One stack knows nothing of its error: that is no error of 0. */
START_TEST(an_error_that_is_not_known_is_none)
{
    struct moments_options options = moments_defaults();
    struct gauge_value values[COUNT];
    struct gauge_reading reading;
    options.width_limit = false;
    options.replicas = 1;
    predict(rows[0].words, &options, values, &reading);
    ck_assert_int_eq(reading.replicas, 1);
    for (int i = 0; i < COUNT; i++) {
        struct gauge quantity = parsed(texts[i]);
        ck_assert(isfinite(gauge_number(&quantity, &values[i])));
        ck_assert(isnan(gauge_error(&quantity, &values[i])));
    }
}
END_TEST

START_TEST(what_a_model_has_not_is_named)
{
    struct moments_options options = moments_defaults();
    struct gauge_value values[COUNT];
    struct gauge_reading reading;
    predict("layers=2 width=24 tokens=1 placement='x = x + ffn(norm(x))'", &options, values, &reading);
    const struct gauge cosine = parsed(texts[2]);
    ck_assert(isnan(gauge_number(&cosine, &values[2])) && isnan(gauge_error(&cosine, &values[2])));
    ck_assert_ptr_nonnull(strstr(values[2].none.text, "no column token_cosine"));
    ck_assert_ptr_nonnull(strstr(values[3].none.text, "no column branch_ratio.attn"));
    ck_assert(wide_present(values[0].mean));
}
END_TEST

Suite *gauge_suite(void);
Suite *gauge_suite(void)
{
    Suite *suite = suite_create("gauge");
    TCase *tests = tcase_create("gauge");
    tcase_add_loop_test(tests, quantities_are_those_of_the_profile, 0, sizeof rows / sizeof *rows);
    tcase_add_test(tests, an_error_that_is_not_known_is_none);
    tcase_add_test(tests, what_a_model_has_not_is_named);
    suite_add_tcase(suite, tests);
    return suite;
}
