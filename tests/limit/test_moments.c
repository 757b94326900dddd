#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analysis/limit/course.h"
#include "analysis/limit/flight.h"
#include "analysis/limit/kernel.h"
#include "analysis/profile.h"
#include "tests/cells.h"
#include "tests/support.h"

/* ---- the two paths ---- */

static const char *const exchangeable[] = {
    "placement=prenorm activation=swiglu init=unit",
    "placement=postnorm cotangent=pooled input-correlation=0.4 init=unit",
    "placement=spannorm activation=tanh input-scale=0.3 init=unit tokens=2",
    "placement=x=attn(x+attn(0.9*x))+0.5*x;x=x-ffn(x);final:x=norm(x+attn(x)) activation=gelu init=xavier",
    "placement=y=attn(1.4*x);x=norm(y+x)",
    "placement=spannorm cotangent=cross-entropy vocabulary=40 zipf=1 input-correlation=0.3 init=unit",
    "placement=prenorm width=48 heads=4 kv-heads=1 input-correlation=0.2 init=unit",
};

/* 64 heads a replica: their spread moves means by the square of a relative 0.5/sqrt(64), halved: 2e-3. Beyond that 6
 * standard errors, which 16 flights know with 15 degrees of freedom: false alarms 2e-5 a cell, 0.003 over some 150. */
START_TEST(exchangeable_tokens_need_no_matrices)
{
    struct model model;
    struct profile fast, full;
    support_model(&model, exchangeable[_i]);
    struct moments_options options = moments_defaults();
    cells_predict(&fast, &model, &options);
    ck_assert(fast.moments.exchangeable);
    ck_assert_int_eq(fast.samples, 1);
    options.full = true;
    options.heads = 64;
    options.draws = 64 * 64;
    options.most = 1;
    cells_predict(&full, &model, &options);
    ck_assert(!full.moments.exchangeable);
    cells_check(&full, &fast, 6, 4e-3, exchangeable[_i]);
    profile_free(&fast), profile_free(&full);
    model_free(&model);
}
END_TEST

/* Logits of standard deviation above 4 are drawn, in the exchangeable path too: both meet at the edge. */
START_TEST(large_logits_are_drawn)
{
    struct model model;
    struct profile below, above;
    struct moments_options options = moments_defaults();
    options.draws = 8192;
    support_model(&model, "placement=x=attn(1.99*x) layers=1 init=unit"); // logits of sd 1.99^2
    cells_predict(&below, &model, &options);
    model_free(&model);
    support_model(&model, "placement=x=attn(2.01*x) layers=1 init=unit"); // 4.04 > SOFTMAX_SIGMA
    cells_predict(&above, &model, &options);
    ck_assert(below.samples == 1 && above.samples > 1);
    /* q, and with it all else, changes by 2 % from one to the other; 10 times that for what grows like logits' powers
     */
    cells_check(&above, &below, 6, 0.1, "edge");
    profile_free(&below), profile_free(&above);
    model_free(&model);
}
END_TEST

/* What keeps a prediction from the error asked for is what is named: replicas of a large model by the budget, of a small
 * one by the draws, and more of either makes the error less. */
START_TEST(the_budget_is_spent_and_said_to_be)
{
    struct model model;
    struct profile poor, rich, drawn;
    struct moments_options options = moments_defaults();
    options.error = 1e-6;
    options.budget = 1;
    support_model(&model, "placement=prenorm mask=causal layers=8 tokens=48 width=240");
    cells_predict(&poor, &model, &options);
    options.budget = 2;
    cells_predict(&rich, &model, &options);
    model_free(&model);
    ck_assert(poor.moments.spent && poor.moments.worst > options.error);
    ck_assert_int_gt(rich.moments.replicas, poor.moments.replicas);
    ck_assert_double_lt(rich.moments.worst, poor.moments.worst);
    support_model(&model, "placement=prenorm mask=causal");
    options.draws = 64;
    cells_predict(&drawn, &model, &options);
    ck_assert(!drawn.moments.spent && drawn.moments.worst > options.error);
    profile_free(&poor), profile_free(&rich), profile_free(&drawn);
    model_free(&model);
}
END_TEST

/* At a width long sequences are given more, as a stack of them takes more; what is asked for is what is spent. */
START_TEST(long_sequences_are_given_more)
{
    static const struct {
        int tokens;
        bool width_limit;
        double asked, given;
    } cases[] = {{16, false, 0, 2}, {64, false, 0, 2},      {128, false, 0, 8},   {256, false, 0, 16},
                 {512, true, 0, 2}, {512, false, 0.5, 0.5}, {512, true, 0.5, 0.5}};
    struct model model;
    support_model(&model, "placement=prenorm");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct moments_options options = moments_defaults();
        options.width_limit = cases[i].width_limit;
        options.budget = cases[i].asked;
        model.tokens = cases[i].tokens;
        ck_assert_double_eq(moments_budget(&options, &model), cases[i].given);
    }
    model_free(&model);
}
END_TEST

/* ---- exact properties ---- */

/* Attention averages equal tokens into themselves, so of a token-specific gradient it returns nothing: PostNorm keeps
 * 1/2 of it per block (theory.md, section 4), and all of the shared part, whatever the depth. 1e-6 a norm: its epsilon.
 */
START_TEST(collapsed_tokens_halve_the_specific_gradient)
{
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=postnorm init=unit layers=900 input-correlation=1 tokens=7");
    cells_predict(&profile, &model, &options);
    int column = observe_find(profile.schema, "gradient_specific"),
        total = observe_find(profile.schema, "gradient_variance");
    struct wide top = estimate_mean(profile_cell(&profile, 900, column));
    struct wide bottom = estimate_mean(profile_cell(&profile, 0, column));
    ck_assert(bottom.mantissa > 0);
    ck_assert_double_le(fabs(wide_log(top) - wide_log(bottom) - 900 * M_LN2), 900 * 4e-6);
    ck_assert_double_le(fabs(wide_value(estimate_mean(profile_cell(&profile, 0, total))) - 1. / 7), 900 * 4e-6);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* A chain of normed FFNs multiplies the gradient by E phi'^2 / E phi^2 per block, 1.18 for tanh; beyond double's range
 * it is known by its exponent. 5e-6 a block: the norm's epsilon. */
START_TEST(gradients_leave_the_range_of_double)
{
    enum { LAYERS = 6000 };
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=x=norm(ffn(x)) layers=6000 mask=causal activation=tanh init=unit tokens=2");
    cells_predict(&profile, &model, &options);
    double k, slope;
    kernel_pair(model.activation, 1, 1, 1, &k, &slope);
    double got = wide_log(estimate_mean(profile_cell(&profile, 0, observe_find(profile.schema, "gradient_variance"))));
    ck_assert(isfinite(got) && got > 709);
    ck_assert_double_le(fabs(got - LAYERS * log(slope / k)), LAYERS * 5e-6);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* A softmax that is saturated passes nothing back: of 1000 x + attn(x), whose logits begin at 1e4 and grow a
 * million-fold a block, the skips alone return the gradient, 10^6 a block, of one vector for all tokens. The terms of
 * the queries' and keys' paths cancel to their rounding, 1e-16 of 1e13 times as much. Draws that are near a tie in the
 * first block add a part in 1e4. */
START_TEST(saturated_attention_passes_nothing_back)
{
    enum { LAYERS = 4 };
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=x=1000*x+attn(x) init=xavier layers=4 tokens=4 width=64 heads=1 mask=causal "
                          "input-correlation=0.1 input-scale=0.1 cotangent=pooled");
    cells_predict(&profile, &model, &options);
    int gradient = observe_find(profile.schema, "gradient_variance");
    int cosine = observe_find(profile.schema, "gradient_token_cosine");
    for (int l = 0; l <= LAYERS; l++) {
        double got = wide_log(estimate_mean(profile_cell(&profile, l, gradient)));
        double alike = wide_value(estimate_mean(profile_cell(&profile, l, cosine)));
        ck_assert_msg(fabs(got - 6 * (LAYERS - l) * M_LN10) < 0.03, "layer %d: exp(%g)", l, got);
        ck_assert_msg(alike > 0.98 && alike < 1 + 1e-9, "layer %d: cosine %g", l, alike);
    }
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* The same numbers by another spelling, with the same draws; 1e-12 is rounding. */
START_TEST(spelling_does_not_matter)
{
    static const char *const spellings[][2] = {
        {"placement=x=norm(x+attn(x)) mask=causal", "placement=y=0.5*x;z=attn(y+y);x=norm(2*y+z) mask=causal"},
        {"placement=x=2*x-ffn(2*x)", "placement=y=x+x;x=y-ffn(y)"},
        {"placement=x=norm(x+moe(norm(x)))", "placement=y=norm(x);x=norm(moe(y)-(x-2*x))"},
    };
    struct model model;
    struct profile profiles[2];
    struct moments_options options = moments_defaults();
    options.most = 1;
    for (int s = 0; s < 2; s++) {
        support_model(&model, spellings[_i][s]);
        cells_predict(&profiles[s], &model, &options);
        if (s == 0)
            model_free(&model);
    }
    profiles[0].model = &model;
    cells_check(&profiles[0], &profiles[1], 0, 1e-12, spellings[_i][0]);
    profile_free(&profiles[0]), profile_free(&profiles[1]);
    model_free(&model);
}
END_TEST

/* norm(x) of mean square e^2: q = e^2 / (e^2 + eps), and as the width grows a gradient is divided by e^2 + eps. Two
 * roundings of each: 1e-14. */
START_TEST(eps_is_under_the_root)
{
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=x=norm(x) layers=1 input-scale=0.5 eps=0.37");
    cells_predict(&profile, &model, &options);
    int q = profile.schema->layer_column[OBSERVE_ACTIVATION_VARIANCE];
    int g = profile.schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    ck_assert_double_eq_tol(wide_value(estimate_mean(profile_cell(&profile, 1, q))), 0.25 / 0.62, 1e-14);
    ck_assert_double_eq_tol(wide_value(estimate_mean(profile_cell(&profile, 0, g))), 1 / 0.62, 1e-14);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* A norm at the door: layers above do not see the input's scale (but for the norm's epsilon), gradients below it fall
 * with its square. */
START_TEST(input_scale_is_normed_away)
{
    struct model model;
    struct profile profiles[2];
    struct moments_options options = moments_defaults();
    options.most = 1;
    support_model(&model, "placement=first:x=norm(x)+attn(norm(x));block:x=norm(x+ffn(x)) mask=causal activation=tanh");
    for (int s = 0; s < 2; s++) {
        model.input_scale = s == 0 ? 1 : 3;
        cells_predict(&profiles[s], &model, &options);
    }
    for (int l = 0; l <= model.layers; l++) {
        for (int c = 0; c < profiles[0].schema->column_count; c++) {
            enum observe_id id = profiles[0].schema->columns[c].observable;
            double factor = id == OBSERVE_ACTIVATION_VARIANCE && l == 0 ? 9 : 1;
            if ((id == OBSERVE_GRADIENT_VARIANCE || id == OBSERVE_GRADIENT_SPECIFIC) && l == 0)
                factor = 1. / 9;
            if ((id == OBSERVE_BRANCH_RATIO || id == OBSERVE_BRANCH_CONTRIBUTION) && l == 1)
                factor = 1. / 9;
            if (profile_cell(&profiles[0], l, c)->n == 0 || (id == OBSERVE_LAYER_COSINE && l == 0))
                continue;
            double a = wide_value(estimate_mean(profile_cell(&profiles[0], l, c)));
            double b = wide_value(estimate_mean(profile_cell(&profiles[1], l, c)));
            ck_assert(isfinite(a) && isfinite(b));
            double rounding = observables[id].cosine ? 1e-15 : 0; // of what is orthogonal
            ck_assert_msg(fabs(b - factor * a) <= 2e-5 * fabs(factor * a) + rounding, "%s at layer %d: %g and %g",
                          profiles[0].schema->columns[c].name, l, a, b);
        }
    }
    profile_free(&profiles[0]), profile_free(&profiles[1]);
    model_free(&model);
}
END_TEST

START_TEST(threads_do_not_matter)
{
    struct model model;
    struct profile profiles[2];
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=y=x+attn(norm(x));x=y+moe(norm(y)) mask=causal");
    for (int s = 0; s < 2; s++) {
        options.threads = 1 + s;
        cells_predict(&profiles[s], &model, &options);
    }
    size_t cells = (size_t)(model.layers + 1) * (size_t)profiles[0].schema->column_count;
    ck_assert_int_eq(profiles[0].samples, profiles[1].samples);
    ck_assert_mem_eq(profiles[0].moments.se, profiles[1].moments.se, cells * sizeof(double));
    for (size_t i = 0; i < cells; i++) {
        ck_assert_int_eq(profiles[0].moments.mean[i].exponent, profiles[1].moments.mean[i].exponent);
        ck_assert(profiles[0].moments.mean[i].mantissa == profiles[1].moments.mean[i].mantissa);
    }
    profile_free(&profiles[0]), profile_free(&profiles[1]);
    model_free(&model);
}
END_TEST

static int replicas_at_most(const char *text, const struct moments_options *options, double *flops)
{
    struct model model;
    struct course course;
    struct error error;
    struct course_options reading = {.width_limit = options->width_limit, .full = true};
    support_model(&model, text);
    ck_assert_int_eq(course_init(&course, &model, &reading, &error), ERROR_NONE);
    int count = moments_replicas(&course, options, true);
    *flops = course_flops(&course);
    course_free(&course);
    model_free(&model);
    return count;
}

/* Where replicas are dear their number is what the budget allows and not a few flights of them: as many more as there
 * is more to spend, but for whole ones, and two at least. */
START_TEST(dear_replicas_keep_to_the_budget)
{
    const char *const dear[] = {"layers=6 width=256 heads=4 tokens=128 mask=causal",
                                "layers=24 width=256 heads=4 tokens=128 mask=causal"};
    const char *const dearer = "layers=8 width=256 heads=4 tokens=1500 mask=causal";
    for (int limit = 0; limit < 2; limit++) {
        struct moments_options options = moments_defaults();
        double flops, more;
        options.width_limit = limit;
        options.budget = 1;
        int two = replicas_at_most(dear[limit], &options, &flops);
        options.budget *= 2;
        int four = replicas_at_most(dear[limit], &options, &more);
        ck_assert(two >= 2 && two < 16 && flops == more);
        ck_assert_msg(four >= 2 * two && four <= 2 * two + 1, "%d and %d", two, four);
        ck_assert_int_eq(replicas_at_most(dearer, &options, &more), 2);
    }
}
END_TEST

/* Replicas that are asked for alone are drawn, whatever they take; beside a budget the smaller decides. */
START_TEST(replicas_keep_to_a_budget_beside_them)
{
    const char *const text = "layers=6 width=256 heads=4 tokens=128 mask=causal";
    struct moments_options options = moments_defaults();
    double flops;
    options.width_limit = false;
    options.budget = 1;
    int allowed = replicas_at_most(text, &options, &flops);
    options.replicas = 20000;
    ck_assert_int_eq(replicas_at_most(text, &options, &flops), allowed);
    options.replicas = 1;
    ck_assert_int_eq(replicas_at_most(text, &options, &flops), 1);
    options.budget = 0;
    ck_assert_int_eq(replicas_at_most(text, &options, &flops), 1);
    options.replicas = 20000;
    ck_assert_int_eq(replicas_at_most(text, &options, &flops), 20000);
}
END_TEST

static void note_dear(void *context, double seconds, bool drawn, double budget)
{
    ck_assert(seconds > budget);
    *(int *)context += drawn ? 10 : 1;
}

/* What a budget does not buy is told before a replica is run: of closed forms, of stacks at a width, of attention in the
 * limit, and not of stacks whose number is asked for. */
START_TEST(a_budget_that_cannot_be_kept_is_told_first)
{
    static const struct {
        const char *text;
        bool width_limit;
        int replicas, told;
        double budget;
    } cases[] = {
        {"", false, 0, 1, 1e-9},
        {"", true, 0, 1, 1e-9},
        {"mask=causal", false, 0, 10, 1e-9},
        {"mask=causal", true, 0, 10, 1e-9},
        {"", false, 0, 0, 1},
        {"mask=causal", false, 0, 0, 1},
        {"mask=causal", false, 5000, 0, 0},
        {"mask=causal cotangent=last placement='x=x+ffn(x)'", true, 0, 1, 1e-9},
    };
    static const volatile sig_atomic_t stop = 1;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct model model;
        struct moments moments;
        struct error error;
        int told = 0;
        struct moments_options options = moments_defaults();
        options.width_limit = cases[i].width_limit;
        options.replicas = cases[i].replicas;
        options.budget = cases[i].budget;
        options.stop = &stop;
        options.dear = note_dear;
        options.dear_context = &told;
        support_model(&model, cases[i].text);
        ck_assert_int_eq(moments_predict(&model, &options, &moments, &error), ERROR_INTERRUPTED);
        ck_assert_msg(told == cases[i].told, "%s: %d", cases[i].text, told);
        model_free(&model);
    }
}
END_TEST

/* A batch that adds nothing to the least there are is not the last. Six flights, and 20 batches of one. */
START_TEST(small_batches_add_up)
{
    struct model model;
    struct profile profile;
    struct moments_options options = moments_defaults();
    options.draws = 1;
    options.most = 20;
    options.error = 1e-12;
    support_model(&model, "placement=prenorm mask=causal");
    cells_predict(&profile, &model, &options);
    ck_assert_int_eq(profile.samples, 20 * FLIGHT);
    profile_free(&profile);
    model_free(&model);
}
END_TEST

/* Over seeds, (mean - best mean) / se has the spread that se claims: 40 runs of 8 flights each against one of 40 times
 * the draws. The mean square is that of Student's t with 7 degrees of freedom, 1.4 with a standard deviation of 0.65
 * over 40 runs; [0.3, 4] is 4 of them to the right. */
START_TEST(standard_errors_are_honest)
{
    enum { RUNS = 40 };
    struct model model;
    struct profile best, profile;
    struct moments_options options = moments_defaults();
    support_model(&model, "placement=postnorm mask=causal init=unit");
    options.most = 1;
    options.draws = 9600;
    cells_predict(&best, &model, &options);
    static const char *const names[] = {"gradient_variance", "token_cosine", "attention_entropy"};
    double sums[3] = {0};
    options.draws = 96; // three heads a replica: 32 replicas
    for (int r = 0; r < RUNS; r++) {
        options.seed = 100 + (uint64_t)r;
        cells_predict(&profile, &model, &options);
        for (int i = 0; i < 3; i++) {
            int column = observe_find(profile.schema, names[i]), layer = i == 0 ? 0 : model.layers;
            size_t cell = (size_t)layer * (size_t)profile.schema->column_count + (size_t)column;
            double z = (wide_value(profile.moments.mean[cell]) - wide_value(best.moments.mean[cell])) /
                       profile.moments.se[cell];
            sums[i] += z * z / RUNS;
        }
        profile_free(&profile);
    }
    for (int i = 0; i < 3; i++)
        ck_assert_msg(sums[i] > 0.3 && sums[i] < 4, "%s: mean square score %g", names[i], sums[i]);
    profile_free(&best);
    model_free(&model);
}
END_TEST

Suite *moments_suite(void)
{
    Suite *suite = suite_create("moments");
    TCase *tests = tcase_create("moments");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, exchangeable_tokens_need_no_matrices, 0, sizeof exchangeable / sizeof *exchangeable);
    tcase_add_test(tests, large_logits_are_drawn);
    tcase_add_test(tests, the_budget_is_spent_and_said_to_be);
    tcase_add_test(tests, dear_replicas_keep_to_the_budget);
    tcase_add_test(tests, replicas_keep_to_a_budget_beside_them);
    tcase_add_test(tests, a_budget_that_cannot_be_kept_is_told_first);
    tcase_add_test(tests, long_sequences_are_given_more);
    tcase_add_test(tests, small_batches_add_up);
    tcase_add_test(tests, collapsed_tokens_halve_the_specific_gradient);
    tcase_add_test(tests, gradients_leave_the_range_of_double);
    tcase_add_test(tests, saturated_attention_passes_nothing_back);
    tcase_add_loop_test(tests, spelling_does_not_matter, 0, 3);
    tcase_add_test(tests, eps_is_under_the_root);
    tcase_add_test(tests, input_scale_is_normed_away);
    tcase_add_test(tests, threads_do_not_matter);
    tcase_add_test(tests, standard_errors_are_honest);
    suite_add_tcase(suite, tests);
    return suite;
}
