/* The prediction against stacks that are drawn: samples, and replicas at a model's width. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/profile.h"
#include "sim/setting.h"
#include "tests/cells.h"
#include "tests/random_formula.h"
#include "tests/support.h"

/* ---- to first order ---- */

static const char *const long_sequences[] = {
    "placement=postnorm input-correlation=0.3",
    "placement=olmo2", // attention's own ripples are a third of the signal's
    "placement='state x, u; x = norm(x + attn(x)); u = u + x; x = norm(x + glu(norm(u)))'",
    "placement='input m; def look(u, v) = wo(attend(norm(wq(u)), norm(wk(v)), 1.4*(wv(v) + wu(v)))); "
    "x = x + look(norm(x), norm(m)); x = x + attn(norm(x)); x = x + w2(silu(w1(norm(x))))' memory-tokens=80 "
    "memory-correlation=0.2",
};

static double wq_of(const struct profile *profile)
{
    for (int c = 0; c < profile->schema->column_count; c++)
        if (strstr(profile->schema->columns[c].name, "weight_gradient_variance") &&
            strstr(profile->schema->columns[c].name, "wq"))
            return wide_value(estimate_mean(profile_cell(profile, profile->model->layers, c)));
    return NAN;
}

/* At T = 3 d/4 the closed form is within its own estimate of stacks that are drawn, or 6 of their standard errors of 24
 * (1e-5 a cell); wq's gradient in the last block, of which the limit has four fifths or less, is three times as near as
 * the limit or 3 % (its standard error is 1 to 4 %). */
START_TEST(long_sequences_have_a_first_order)
{
    struct model model;
    struct profile drawn, closed, limit;
    struct error error;
    struct moments_options options = moments_defaults();
    support_model(&model, "width=128 heads=2 layers=2 tokens=96 ffn-width=200 init=unit");
    ck_assert(setting_apply_all(&model, long_sequences[_i], &error) == ERROR_NONE &&
              model_check(&model, &error) == ERROR_NONE);
    cells_predict(&limit, &model, &options);
    options.width_limit = false;
    options.order = 1;
    cells_predict(&closed, &model, &options);
    ck_assert(closed.moments.first_order && closed.samples == 1);
    ck_assert(closed.moments.order_error > 5. / 128 && closed.moments.order_error < 0.15);
    options.order = 0; // reaches nothing
    options.replicas = 24;
    options.error = 0;
    cells_predict(&drawn, &model, &options);
    ck_assert(!drawn.moments.first_order && drawn.samples == 24);
    cells_check(&closed, &drawn, 6, closed.moments.order_error, long_sequences[_i]);
    double gap = fabs(log(wq_of(&closed) / wq_of(&drawn))), before = fabs(log(wq_of(&limit) / wq_of(&drawn)));
    ck_assert_msg(before > 0.2 && gap <= fmax(0.03, before / 3), "%s: %g of %g", long_sequences[_i], gap, before);
    profile_free(&drawn), profile_free(&closed), profile_free(&limit);
    model_free(&model);
}
END_TEST

/* Groups of few features have squares that vary: first order says so, with a tolerance of a twentieth, and of wide ones
 * that it suffices. */
START_TEST(norms_of_groups_are_as_wide_as_their_groups)
{
    static const char *const widths[] = {"width=64", "width=4096"};
    for (int w = 0; w < 2; w++) {
        struct model model;
        struct profile profile;
        struct moments_options options = moments_defaults();
        options.width_limit = false;
        options.replicas = 4;
        char text[100];
        snprintf(text, sizeof text, "placement='x = norm(x, groups=16)' heads=1 tokens=6 layers=1 %s", widths[w]);
        support_model(&model, text);
        cells_predict(&profile, &model, &options);
        ck_assert_int_eq(profile.moments.first_order, w == 1);
        ck_assert_int_eq(profile.samples, w == 1 ? 1 : 4);
        profile_free(&profile);
        model_free(&model);
    }
}
END_TEST

/* ---- a head's features, and few heads ---- */

static const struct {
    const char *settings;
    int replicas;
} narrow_heads[] = {
    {"placement='x = x + attn(norm(x))' heads=8 tokens=32", 1000},    // normed over the width, queries of 8 features
    {"placement='x = x + attn(x)' width=16 heads=2 tokens=12", 2000}, // values are as long as logits are large
    {"placement='def a(u) = wo(attend(norm(wq(u), groups=H), 1.3*norm(wk(u), groups=H), wv(u))); x = x + a(x)' heads=4 "
     "tokens=32",
     1000},
    {"placement='x = x + attn(norm(x))' heads=1 tokens=2", 1000}, // two rows and one head: a root's mean is 11 % low
};

static bool is_of_softmax(enum observe_id id)
{
    return id == OBSERVE_ATTENTION_ENTROPY || id == OBSERVE_ATTENTION_SQUARE || id == OBSERVE_LOGIT_DEVIATION ||
           id == OBSERVE_BRANCH_RATIO;
}

/* What a softmax averages at heads of 8 to 64 features: within 6 standard errors of 1000 stacks or 2000 (2e-9 a cell), of
 * 0.05 to 1 %, and 0.4 % for what is of second order; the limit is not, in some cell of each. */
START_TEST(heads_of_few_features_have_their_own_softmax)
{
    struct model model;
    struct profile drawn, closed, limit;
    struct error error;
    bool told = false;
    struct moments_options options = moments_defaults();
    support_model(&model, "width=64 heads=1 layers=1 ffn-width=8 init=unit");
    ck_assert(setting_apply_all(&model, narrow_heads[_i].settings, &error) == ERROR_NONE &&
              model_check(&model, &error) == ERROR_NONE);
    cells_predict(&limit, &model, &options);
    options.width_limit = false;
    options.order = 1;
    cells_predict(&closed, &model, &options);
    ck_assert(closed.moments.first_order);
    options.order = 0; // reaches nothing
    options.replicas = narrow_heads[_i].replicas;
    options.error = 0;
    cells_predict(&drawn, &model, &options);
    for (int c = 0; c < closed.schema->column_count; c++) {
        if (!is_of_softmax(closed.schema->columns[c].observable))
            continue;
        double of_limit = wide_value(estimate_mean(profile_cell(&limit, 1, c)));
        double of_closed = wide_value(estimate_mean(profile_cell(&closed, 1, c)));
        double mean = wide_value(estimate_mean(profile_cell(&drawn, 1, c))), se = wide_value(profile_se(&drawn, 1, c));
        ck_assert_msg(fabs(of_closed - mean) <= 6 * se + 0.004 * mean, "%s: %s %g, drawn %g +- %g",
                      narrow_heads[_i].settings, closed.schema->columns[c].name, of_closed, mean, se);
        told |= fabs(of_limit - mean) > 6 * se + 0.004 * mean;
    }
    ck_assert_msg(told, "%s is the limit", narrow_heads[_i].settings);
    profile_free(&drawn), profile_free(&closed), profile_free(&limit);
    model_free(&model);
}
END_TEST

/* At 5/512 of what tokens' norms leave, twice the heads halve what tokens' squares differ by: (0.39/1.39)^2 Var p_2/p_2^2,
 * 0.01 for one head, and nothing without a norm behind them. */
START_TEST(few_heads_are_less_sure)
{
    static const char *const formulas[] = {"placement='x = norm(x + attn(x))'", "placement='x = x + attn(x)'"};
    double errors[2][2];
    for (int f = 0; f < 2; f++)
        for (int heads = 1; heads <= 2; heads++) {
            struct model model;
            struct profile closed;
            struct error error;
            struct moments_options options = moments_defaults();
            options.width_limit = false;
            options.order = 1;
            support_model(&model, "width=512 layers=1 tokens=4 ffn-width=8 init=unit heads=1");
            model.heads = heads;
            ck_assert(setting_apply_all(&model, formulas[f], &error) == ERROR_NONE &&
                      model_check(&model, &error) == ERROR_NONE);
            cells_predict(&closed, &model, &options);
            errors[f][heads - 1] = closed.moments.order_error;
            profile_free(&closed);
            model_free(&model);
        }
    ck_assert_double_lt(fabs(errors[0][0] - errors[0][1] - 0.005), 0.003);
    ck_assert_double_lt(fabs(errors[1][0] - errors[1][1]), 1e-3);
}
END_TEST

/* ---- at the width, by replicas ---- */

static void predict_at_width(struct profile *profile, struct model *model, const char *text, int replicas)
{
    struct moments_options options = moments_defaults();
    options.width_limit = false;
    options.full = true;
    options.replicas = replicas;
    options.error = 0;
    support_model(model, text);
    cells_predict(profile, model, &options);
}

/* One expert of one is its body, number by number; 1e-12 is rounding. */
START_TEST(one_expert_is_its_body)
{
    static const char *const texts[] = {
        "placement='x = x + glu(x)' init=unit layers=2 width=24 ffn-width=30 tokens=6",
        "placement='x = x + moe(x, experts=1, top=1, body=glu)' init=unit layers=2 width=24 ffn-width=30 tokens=6"};
    struct model models[2];
    struct profile profiles[2];
    for (int i = 0; i < 2; i++)
        predict_at_width(&profiles[i], &models[i], texts[i], 3);
    static const enum observe_id ids[] = {OBSERVE_ACTIVATION_VARIANCE, OBSERVE_TOKEN_COSINE, OBSERVE_GRADIENT_VARIANCE,
                                          OBSERVE_GRADIENT_SPECIFIC};
    for (int l = 0; l <= 2; l++)
        for (size_t k = 0; k < sizeof ids / sizeof *ids; k++) {
            double values[2];
            for (int i = 0; i < 2; i++)
                values[i] = wide_value(
                    estimate_mean(profile_cell(&profiles[i], l, profiles[i].schema->layer_column[ids[k]])));
            ck_assert_msg(fabs(values[0] - values[1]) <= 1e-12 * fabs(values[0]) + 1e-15, "layer %d: %g and %g", l,
                          values[0], values[1]);
        }
    for (int i = 0; i < 2; i++)
        profile_free(&profiles[i]), model_free(&models[i]);
}
END_TEST

/* Gradients at the bottom as drawn samples have them: `spanscope run`, 20,000 each. Within 6 standard errors of both
 * (1e-9 each), which are 15 % at most. By Grams of experts that are means the numbers were 29.0, 29.0 and 6.4. */
static const struct {
    const char *text;
    int replicas;
    double gradient, se;
} mixed[] = {
    {"placement='def e(u) = w2(u*wz(u)); x = x + moe(x, experts=4, top=2, body=e)' width=64 tokens=4", 3000, 33.97,
     0.13},
    {"placement='def e(u) = w2(u*wz(u)); x = x + moe(x, experts=4, top=2, body=e)' width=256 tokens=4", 1000, 30.43,
     0.06},
    {"placement='x = x + moe(x, experts=4, top=2, body=glu)' width=16 ffn-width=64 tokens=6", 3000, 7.825, 0.054},
};

START_TEST(experts_know_the_width)
{
    struct model model;
    struct profile profile;
    char text[256];
    snprintf(text, sizeof text, "%s init=unit layers=2", mixed[_i].text);
    predict_at_width(&profile, &model, text, mixed[_i].replicas);
    const struct estimate *cell = profile_cell(&profile, 0, profile.schema->layer_column[OBSERVE_GRADIENT_VARIANCE]);
    double mean = wide_value(estimate_mean(cell)), se = hypot(wide_value(estimate_se(cell)), mixed[_i].se);
    ck_assert(isfinite(mean) && 6 * se < 0.15 * mean);
    ck_assert_msg(fabs(mean - mixed[_i].gradient) <= 6 * se, "%s: %g +- %g", text, mean, se);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* Three features without their mean lie on a circle, x_i = sqrt(2) cos(a + 2 pi i/3): mean x^4 is 3/2 in every sample, but
 * for the norm's epsilon, 1e-6 of a square that may be a tenth of its mean, and what is added, 1e-4 of its root. */
static const char *const circles[] = {
    "x = norm(x, layernorm)",
    "x = 1e-4*x + norm(wz(x), layernorm)",
    "x = norm(1e-4*x + norm(wz(x), layernorm), rmsnorm)",
};

START_TEST(centred_features_have_their_own_kurtosis)
{
    struct model model;
    struct profile profile;
    char text[128];
    snprintf(text, sizeof text, "placement='%s' width=3 heads=1 layers=1 tokens=2", circles[_i]);
    predict_at_width(&profile, &model, text, 2);
    int column = profile.schema->layer_column[OBSERVE_KURTOSIS];
    double mean = wide_value(estimate_mean(profile_cell(&profile, 1, column)));
    ck_assert_double_eq_tol(mean, 1.5, 1e-3);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* ---- samples ---- */

static const char *const sampled[] = {
    "placement=prenorm mask=causal init=unit",
    "placement=x=x+attn(1.6*norm(x)) mask=causal cotangent=last init=unit",
    "placement=postnorm activation=swiglu norm=layernorm init=unit mask=causal",
    "placement=spannorm activation=gelu mask=causal input-correlation=0.3 input-scale=0.1 init=unit",
    "placement=parallel activation=silu cotangent=pooled mask=causal init=xavier",
    "placement='first: x = 2*x; block if l == 2: x = x - attn(norm(x)); block: y = norm(x + ffn(x)); x = y + x; final: "
    "x = "
    "norm(ffn(x))' mask=causal activation=tanh init=unit",
    "placement=x=norm(x+moe(x)) activation=swiglu router=renormalised init=unit",
    "placement=y=norm(x+attn(x));x=y+moe(y) router=switch activation=tanh top-k=3 mask=causal init=unit",
    "placement=x=x+attn(norm(x))+ffn(norm(x)) cotangent=last activation=swiglu init=unit",
    "placement=spannorm mask=causal init=unit cotangent=cross-entropy vocabulary=5 zipf=0.5",
    // experts with a mean in common, which routers see and LayerNorm takes off
    "placement='def body(u) = relu(w1(u, d)); x = norm(x + moe(norm(x), body=body))' init='w = 1/sqrt(n)'",
    ("placement='def body(u) = w2(relu(w1(u, F)))*sigmoid(w3(u)) + 0.5*relu(w4(u)); x = norm(x + moe(x, body=body))' "
     "router=switch norm=layernorm init='w = 1/sqrt(n)'"),
};

/* Sampling error: 6 standard errors over some 100 correlated cells each, the samples' own by 200: false alarms below
 * 1e-5. Finite width: a cell's gap is a few units of 1/d times L = 3; measured 6/d at most for all but the products of
 * four gradients and activations that the weights' gradients are; 20/d is allowed, 2 % at d = 1024. */
START_TEST(samples_agree_with_the_prediction)
{
    struct model model;
    struct sampler sampler;
    struct profile measured, predicted;
    struct moments_options options = moments_defaults();
    options.per_token = true;
    options.draws = 2048;
    options.full = true; // with the heads that the samples have
    support_model(&model, "width=1024 heads=32 ffn-width=1111 layers=3 tokens=6 experts=5 top-k=2");
    struct error error = {0};
    int code = setting_apply_all(&model, sampled[_i], &error);
    if (code == ERROR_NONE)
        code = model_check(&model, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    cells_predict(&predicted, &model, &options);
    cells_measure(&measured, &sampler, &model, 200);
    cells_check(&measured, &predicted, 6, 20. / model.width, sampled[_i]);
    profile_free(&measured), profile_free(&predicted);
    sampler_free(&sampler);
    model_free(&model);
}
END_TEST

/* This one takes from a signal itself up to the norm's epsilon and norms what is left: at any width that is all noise.
 */
enum { FORMULAS = 40, UNLIKE = 23 };

/* Any formula: what samples have is predicted and near. Random blocks multiply the gap of a branch: 100/d, 0.2 at d =
 * 512, is a net against gross errors; 8 standard errors because few samples of products are skewed. */
START_TEST(random_formulas_are_predicted)
{
    if (_i == UNLIKE)
        return;
    char formula[RANDOM_FORMULA_MAX];
    random_formula((uint64_t)_i, _i % 2 == 0, formula);
    struct model model;
    struct sampler sampler;
    struct profile measured, predicted;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    options.per_token = options.full = true;
    support_model(&model, "width=512 heads=16 layers=3 tokens=4 experts=3 top-k=2 ffn-width=700");
    model.activation = &activations[(size_t)_i % activation_count];
    model.mask = &masks[(size_t)_i / 2 % mask_count];
    model.cotangent = &cotangents[(size_t)_i / 3 % cotangent_count];
    model.norm = &norms[(size_t)_i / 4 % norm_count];
    int code = setting_apply(&model, "placement", formula, &error);
    if (code == ERROR_NONE)
        code = model_check(&model, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    cells_predict(&predicted, &model, &options);
    cells_measure(&measured, &sampler, &model, 60);
    cells_check(&measured, &predicted, 8, 100. / model.width, formula);
    profile_free(&measured), profile_free(&predicted);
    sampler_free(&sampler);
    model_free(&model);
}
END_TEST

/* Sharp logits of tokens that lie together: what attention makes of their ripples is bounded, and at d = 4096 within 3 %
 * of what there is without them. */
START_TEST(ripples_of_sharp_logits_do_not_grow)
{
    struct model model;
    struct profile closed, limit;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=siamese init=scaleinit layers=4 width=4096 ffn-width=4096 heads=8 tokens=4 "
                          "input-correlation=0.3");
    cells_predict(&limit, &model, &options);
    options.width_limit = false;
    cells_predict(&closed, &model, &options);
    ck_assert(closed.moments.first_order);
    double gap = log(wq_of(&closed) / wq_of(&limit));
    ck_assert_msg(fabs(gap) <= 0.03, "%g", gap);
    profile_free(&closed), profile_free(&limit);
    model_free(&model);
}
END_TEST

/* Tokens' squares vary with what a row attends to, by few heads, and with them the fourth moment: of 64 stacks within 6
 * standard errors (2e-9) and 0.02, which is of second order; a normal signal's 3 is not. */
START_TEST(attention_of_few_heads_has_a_kurtosis)
{
    struct model model;
    struct profile closed, drawn;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement='x = attn(norm(x))' layers=1 width=256 heads=4 tokens=64 init='w = 1.5/sqrt(n)'");
    options.width_limit = false;
    options.order = 1;
    cells_predict(&closed, &model, &options);
    options.order = 0; // reaches nothing
    options.replicas = 64;
    options.error = 0;
    cells_predict(&drawn, &model, &options);
    ck_assert(closed.moments.first_order && drawn.moments.drawn);
    int c = observe_find(closed.schema, "kurtosis");
    double mean = wide_value(estimate_mean(profile_cell(&drawn, 1, c))), se = wide_value(profile_se(&drawn, 1, c));
    double own = wide_value(estimate_mean(profile_cell(&closed, 1, c)));
    ck_assert_msg(fabs(own - mean) <= 6 * se + 0.02, "%g, drawn %g +- %g", own, mean, se);
    ck_assert_msg(mean - 3 > 6 * se + 0.02, "%g +- %g", mean, se);
    profile_free(&closed), profile_free(&drawn);
    model_free(&model);
}
END_TEST

static const struct {
    const char *words;
    bool closed;
} reached[] = {
    {"placement=spannorm layers=4 width=512 ffn-width=512 heads=4 tokens=8 init=scaleinit", true},
    /* Tokens share all of the gradient: what they have by themselves is of the order that is left out. */
    {"placement=spannorm layers=4 width=512 ffn-width=512 heads=4 tokens=8 init=scaleinit cotangent=pooled", false},
    {"placement=nonorm layers=3 width=256 ffn-width=256 heads=4 tokens=8 init='w = 0.5/sqrt(n)'", true},
    /* Its mean over stacks is beyond double, they are not. */
    {"placement=nonorm layers=4 width=256 ffn-width=256 heads=4 tokens=8 init='w = 100/sqrt(n)'", false},
    /* What tokens have by themselves varies from stack to stack, by few heads, where the second attention reads it. */
    {"placement='x = norm(attn(x))' layers=2 width=512 heads=4 tokens=16 input-correlation=0.3", false},
    /* Logits of a loss whose variances differ from token to token. */
    {"placement='x = x + attn(x)' layers=1 width=512 heads=4 tokens=64 init='w = 1.5/sqrt(n)' cotangent=cross-entropy "
     "vocabulary=64",
     false},
    /* 1/d of each is left. */
    {"placement='x = norm(x, layernorm) - norm(x)' layers=1 width=256", false},
};

START_TEST(what_the_first_order_lacks_is_drawn)
{
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    options.width_limit = false;
    options.replicas = 2;
    support_model(&model, reached[_i].words);
    cells_predict(&profile, &model, &options);
    ck_assert_int_eq(profile.moments.first_order, reached[_i].closed);
    ck_assert_int_eq(profile.moments.drawn, !reached[_i].closed);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

Suite *moments_drawn_suite(void)
{
    Suite *suite = suite_create("moments_drawn");
    TCase *tests = tcase_create("width"), *slow = tcase_create("samples");
    tcase_set_timeout(tests, 60);
    tcase_set_timeout(slow, 300);
    tcase_set_tags(slow, "slow");
    tcase_add_test(tests, few_heads_are_less_sure);
    tcase_add_test(tests, ripples_of_sharp_logits_do_not_grow);
    tcase_add_test(tests, attention_of_few_heads_has_a_kurtosis);
    tcase_add_loop_test(tests, what_the_first_order_lacks_is_drawn, 0, sizeof reached / sizeof *reached);
    tcase_add_loop_test(slow, heads_of_few_features_have_their_own_softmax, 0,
                        sizeof narrow_heads / sizeof *narrow_heads);
    tcase_add_loop_test(slow, long_sequences_have_a_first_order, 0, sizeof long_sequences / sizeof *long_sequences);
    tcase_add_test(tests, norms_of_groups_are_as_wide_as_their_groups);
    tcase_add_test(tests, one_expert_is_its_body);
    tcase_add_loop_test(tests, centred_features_have_their_own_kurtosis, 0, (int)(sizeof circles / sizeof *circles));
    tcase_add_loop_test(tests, experts_know_the_width, 0, sizeof mixed / sizeof *mixed);
    tcase_add_loop_test(slow, samples_agree_with_the_prediction, 0, sizeof sampled / sizeof *sampled);
    tcase_add_loop_test(slow, random_formulas_are_predicted, 0, FORMULAS);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, slow);
    return suite;
}
