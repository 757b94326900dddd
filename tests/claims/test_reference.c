/* What a claim's bound refers to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/reference.h"
#include "analysis/bounds/theory.h"
#include <check.h>
#include "tests/support.h"

enum { LAYERS = 7 };

static struct model model;
static struct depth depth;
static struct reference reference;
static struct wide gathered[LAYERS + 1], work[5];
static struct error error;

static void make(const char *settings)
{
    support_model(&model, settings);
    ck_assert_int_eq(model.layers, LAYERS);
    ck_assert_int_eq(depth_init(&depth, &model, true, &error), ERROR_NONE);
    reference = (struct reference){0};
}

static void discard(void)
{
    reference_free(&reference);
    depth_free(&depth);
    model_free(&model);
}

static int gather(const char *id, const char *observable, int first, int last, bool by_token)
{
    for (int l = 0; l <= LAYERS; l++)
        gathered[l] = wide_of(-37);
    return reference_gather(&reference, &(struct reference_place){id, observable, first, last}, &depth, by_token,
                            gathered, work, &error);
}

/* (1 + c^2/L)^-(L - l) with c = 1.37, from two layers below the first on, and nothing else. */
START_TEST(rows_of_the_theory_are_evaluated)
{
    make("placement=spannorm init=scaleinit:1.37 layers=7");
    ck_assert_int_eq(gather("span-gradient-floor", "gradient_variance", 4, 6, false), ERROR_NONE);
    for (int l = 0; l <= LAYERS; l++) {
        double wanted = l < 2 || l > 6 ? -37 : pow(1 + 1.37 * 1.37 / LAYERS, l - LAYERS);
        ck_assert_double_eq_tol(wide_value(gathered[l]), wanted, 1e-14 * fabs(wanted));
    }
    ck_assert_int_eq(gather("span-gradient-floor", "gradient_variance", 0, 1, false), ERROR_NONE);
    ck_assert_double_eq_tol(wide_value(gathered[0]), pow(1 + 1.37 * 1.37 / LAYERS, -LAYERS), 1e-14);
    ck_assert_double_eq(wide_value(gathered[2]), -37);
    ck_assert(!reference.predicted[0] && !reference.predicted[1]); // nothing was predicted for it
    discard();
}
END_TEST

START_TEST(unknown_rows_are_named)
{
    make("layers=7");
    ck_assert_int_eq(gather("span-gradient-roof", "gradient_variance", 1, 2, false), ERROR_INPUT);
    ck_assert_str_eq(error.text, "bound @span-gradient-roof is no row of the theory");
    discard();
}
END_TEST

/* Each prediction itself, made once, whose columns are laid out otherwise than those of samples. */
START_TEST(predictions_are_those_of_the_moments)
{
    struct moments_options options = moments_defaults();
    struct moments moments;
    const char *id = _i ? "predicted-at-width" : "predicted";
    make("placement=postnorm layers=7");
    options.per_token = true;
    options.width_limit = _i == 0;
    ck_assert_int_eq(moments_predict(&model, &options, &moments, &error), ERROR_NONE);
    int columns = moments.schema.column_count, g = observe_find(&moments.schema, "gradient_variance"),
        q = observe_find(&moments.schema, "gradient_specific"),
        t = observe_find(&moments.schema, "gradient_variance.token2");
    ck_assert(g >= 0 && q >= 0 && t >= 0);
    ck_assert_int_eq(gather(id, "gradient_variance/gradient_specific", 1, LAYERS, true), ERROR_NONE);
    for (int l = 0; l <= LAYERS; l++) {
        double wanted = exp(wide_log(moments.mean[l * columns + g]) - wide_log(moments.mean[l * columns + q]));
        ck_assert_double_eq_tol(wide_value(gathered[l]), wanted, 1e-13 * wanted);
    }
    ck_assert_int_eq(gather(id, "gradient_variance.token2", 1, LAYERS, true), ERROR_NONE);
    ck_assert_double_eq(wide_value(gathered[3]), wide_value(moments.mean[3 * columns + t]));
    reference.moments[_i].mean[3 * columns + t] = wide_of(1.37); // asked again, it is not made again
    ck_assert_int_eq(gather(id, "gradient_variance.token2", 1, LAYERS, true), ERROR_NONE);
    ck_assert_double_eq(wide_value(gathered[3]), 1.37);
    ck_assert(!reference.predicted[1 - _i]);
    moments_free(&moments);
    discard();
}
END_TEST

/* Columns by token come before those of matrices, so a name stands elsewhere where they are left out. */
START_TEST(columns_are_found_by_name)
{
    static const char name[] = "weight_gradient_variance.ffn.w2";
    make("placement=prenorm layers=7");
    ck_assert_int_eq(gather("predicted", name, 1, LAYERS, false), ERROR_NONE);
    const struct observe_schema *schema = &reference.moments[0].schema;
    int here = observe_find(schema, name);
    ck_assert_int_ne(here, observe_find(&depth.schema, name));
    ck_assert_double_eq(wide_value(gathered[5]),
                        wide_value(reference.moments[0].mean[5 * schema->column_count + here]));
    discard();
}
END_TEST

START_TEST(what_is_not_predicted_is_said)
{
    make("placement=postnorm layers=7");
    ck_assert_int_eq(gather("predicted", "gradient_variance.token2", 1, 2, false), ERROR_INPUT);
    ck_assert_str_eq(error.text, "there is no prediction of gradient_variance.token2");
    ck_assert_int_eq(gather("predicted", "gradient_variance*", 1, 2, false), ERROR_INPUT);
    discard();
    reference_free(&reference); // twice does no harm
}
END_TEST

Suite *reference_suite(void)
{
    Suite *suite = suite_create("reference");
    TCase *tests = tcase_create("reference");
    tcase_add_test(tests, rows_of_the_theory_are_evaluated);
    tcase_add_test(tests, unknown_rows_are_named);
    tcase_add_loop_test(tests, predictions_are_those_of_the_moments, 0, REFERENCE_PREDICTIONS);
    tcase_add_test(tests, columns_are_found_by_name);
    tcase_add_test(tests, what_is_not_predicted_is_said);
    suite_add_tcase(suite, tests);
    return suite;
}
