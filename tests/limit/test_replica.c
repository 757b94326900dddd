#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/replica.h"
#include "sim/setting.h"
#include "tests/cells.h"
#include "tests/support.h"

static const struct {
    const char *model;
    struct course_options options;
} readings[] = {
    {"mask=causal", {.width_limit = true, .full = true}},
    {"mask=causal norm=layernorm", {.full = true}},
    {"placement='state x, u; x = norm(x + attn(x)); u = u + x; x = norm(x + glu(norm(u)))'", {.full = true}},
    {"placement='x = norm(x + moe(x, experts=3, top=2, body=glu))'", {0}},
    {"placement=postnorm", {0}}, // to first order
};

static size_t bytes_of(const struct replica *replica)
{
    size_t bytes = 0;
    for (int b = 0; b < replica->course->depth.block_count; b++)
        bytes += replica->flows[b].pool.bytes;
    return bytes;
}

static void run(struct replica *replica, const struct course *course, size_t budget)
{
    struct error error;
    ck_assert_int_eq(replica_init(replica, course, 7, budget, &error), ERROR_NONE);
    ck_assert_msg(replica_run(replica, 3, NULL, &error) == ERROR_NONE, "%s", error.text);
}

/* Blocks that hold more than they may are given up behind the forward pass, but for the first, and read again when their
 * gradients need them: with the same bits. */
START_TEST(what_is_given_up_is_read_again)
{
    struct model model;
    struct course course;
    struct replica all, few;
    struct error error;
    support_model(&model, "placement=spannorm layers=5 width=24 heads=3 tokens=7 ffn-width=31");
    ck_assert(setting_apply_all(&model, readings[_i].model, &error) == ERROR_NONE);
    ck_assert(model_check(&model, &error) == ERROR_NONE);
    ck_assert_int_eq(course_init(&course, &model, &readings[_i].options, &error), ERROR_NONE);
    run(&all, &course, SIZE_MAX);
    run(&few, &course, 1);
    ck_assert(all.read[4] && !few.read[4] && few.read[0]);
    ck_assert_uint_lt(bytes_of(&few), bytes_of(&all) / 2);
    ck_assert(memcmp(all.values, few.values, course.cells * sizeof *all.values) == 0);
    ck_assert_double_eq(all.order.variance, few.order.variance);
    ck_assert(course.mode.first_order == (all.order.variance > 0));
    replica_free(&all), replica_free(&few);
    course_free(&course);
    model_free(&model);
}
END_TEST

/* Everything that the language has, in models so narrow that the limit is far off. */
static const char *const narrow[] = {
    "placement=prenorm mask=causal",
    "placement=postnorm tokens=30 width=20 heads=2",                             // longer than wide
    "placement='x = norm(x + ffn(x))' layers=24 width=12 ffn-width=40 tokens=2", // products of gradient and signal add up
    "placement=spannorm cotangent=pooled input-correlation=0.4",
    "placement='def qk(u) = wo(attend(norm(wq(u), groups=H), norm(wk(u), groups=H), wv(u), rope=50)); "
    "x = x + norm(qk(norm(x))); x = x + norm(ffn(norm(x)))' mask=causal",
    "placement='x = x + attn(norm(x), window=2*mod(l, 2), cap=1.5, kv_heads=2, head_width=10, rope=20, rotary=0.5); "
    "x = x + ffn(norm(x))' activation=gelu",
    "placement='def gated(u) = wo(attend(wq(u), wk(u), wv(u)) * sigmoid(wg(u))); x = x + gated(norm(x)); "
    "x = x + w2(relu2(w1(norm(x), F)))' norm=layernorm mask=causal",
    "placement='state x, u; x = norm(x + attn(x)); u = u + x; x = norm(x + glu(norm(u)))'",
    "placement='input m; x = x + attn(norm(x)); x = x + attn(norm(x), norm(m)); x = x + ffn(norm(x))' memory-tokens=4 "
    "memory-correlation=0.3 mask=causal",
    "placement='def f(u) = w2(norm(phi(w1(norm(u), F)))); x = x + norm(attn(norm(x), bias=alibi, sink=1)); "
    "x = x + f(x)' norm=layernorm mask=causal",
    "placement='x = norm(x + attn(x, bias=t5, bias_sd=1.5, sink=1, sink_sd=0.8)); x = norm(x + ffn(x))' mask=causal",
    "placement='x = x + attn(norm(x), bias=swin2, bias_sd=0.3, rope=9, rope_scaling=yarn, rope_factor=8, "
    "rope_length=20, "
    "rope_gain=1.3); x = x + ffn(norm(x))' tokens=9",
    "placement='u = norm(x); c = norm(wc(u, 24)); x = x + wo(attend(wq(u, 4*12), "
    "join(wd(u, 4), wk(c, 4*8), parts=4, repeat=4), wv(c, 4*6), rope=20, rotary=0.34)); x = x + ffn(norm(x))' "
    "mask=causal",
    "placement='x = tanh(0.5*x + attn(x)); x = x*sigmoid(wg(x)) + ffn(x)'",
    "placement='def f(u) = w2(phi(w1(u, F) + wa(ones(u), F))) + wb(ones(u)); y = norm(x + attn(x)); x = norm(y + "
    "f(y))' "
    "norm=layernorm init='w = 1/sqrt(n); wa = 0.6; wb = 0.8'",
    "placement='x = x + attn(norm(x)); x = x + ffn(norm(x)); final: x = norm(x)' mask=causal cotangent=cross-entropy "
    "vocabulary=4 input-correlation=0.3",
    "placement='x = x + attn(x); x = x*sigmoid(wg(x)) + ffn(x)' cotangent=cross-entropy vocabulary=30 zipf=1",
    // what a loss sends back along the outputs adds up over tokens that are alike: T r/d = 3.6
    "placement='x = 0.5*x + wa(x)' layers=1 tokens=32 width=8 input-correlation=0.9 cotangent=cross-entropy "
    "vocabulary=16",
    "placement='x = norm(x + attend(x, x, x)); y = wa(x); x = norm(x + y*relu(y))'",
    "placement='y = x + attn(norm(x, groups=10)); x = norm(y, layernorm, groups=8) + wa(y)' input-correlation=0.3",
    "placement='x = norm(x, groups=1 + 9*mod(l, 2)) + wa(x)' input-correlation=0.3", // every second block looks at groups
    "placement='x = x + w2(norm(norm(w1(x, 8)), groups=2))'",
    // experts: gated, of the features that they are given, with norms, means and sums of their own
    "placement='x = x + moe(x, experts=4, top=2, body=glu)' width=16",
    "placement='def e(u) = w2(u*wz(u)); x = x + moe(x, experts=4, top=2, body=e)' layers=2",
    "placement='def e(u) = wz(tanh(u)); x = x + moe(x, experts=4, top=2, body=e)' width=16 tokens=12",
    "placement='def e(u) = w2(norm(w1(u, 24), groups=4)*tanh(wg(u, 24))); y = norm(x + attn(x)); "
    "x = norm(y + moe(y, experts=3, top=1, router=switch, body=e))' mask=causal",
    "placement='def e(u) = u + w2(tanh(w1(u, F) + wb(ones(u), F))); "
    "x = norm(x + moe(x, experts=3, top=2, router=independent, body=e, weigh=input))' init='w = 1/sqrt(n)'",
    "placement='def e(u) = relu(w1(u, d)); x = norm(x + moe(norm(x), experts=5, top=2, body=e))' norm=layernorm "
    "init='w = 1/sqrt(n)' tokens=50 width=20",
    "placement='x = attn(x)' heads=1 layers=2 tokens=38 mask=causal", // attention of a condition beyond 1e7
};

/* Numbers of the whole stack are means over replicas as over samples, of logarithms too. */
static void check_overalls(const struct profile *measured, const struct profile *predicted, const char *what)
{
    for (int i = 0; i < OVERALLS; i++) {
        double means[2] = {wide_value(estimate_mean(&measured->overall[i])),
                           wide_value(estimate_mean(&predicted->overall[i]))};
        double se = hypot(wide_value(profile_overall_se(measured, i)), wide_value(profile_overall_se(predicted, i)));
        if (predicted->overall[i].n > 0) // a sample of a gradient that is common to tokens has its rounding
            ck_assert_msg(fabs(means[0] - means[1]) <= 6 * se + 1e-12, "%s: %s %g and %g, se %g", what,
                          overalls[i].name, means[0], means[1], se);
    }
}

/* A replica has the law of a sample: means within 6 standard errors of both (1e-9 a cell, 1e-6 over all), logarithms'
 * standard deviations within 6 of theirs, 1/sqrt(2 n) each, doubled for tails. Nothing is allowed for the width. */
START_TEST(replicas_have_the_law_of_samples)
{
    enum { COUNT = 400 };
    struct model model;
    struct sampler sampler;
    struct profile measured, predicted;
    struct moments_options options = moments_defaults();
    options.width_limit = false;
    options.replicas = COUNT;
    options.error = 0;
    options.per_token = true;
    support_model(&model, "width=40 heads=4 layers=3 tokens=6 ffn-width=90 init=unit");
    struct error error = {0};
    int code = setting_apply_all(&model, narrow[_i], &error);
    if (code == ERROR_NONE)
        code = model_check(&model, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    cells_predict(&predicted, &model, &options);
    ck_assert_int_eq(predicted.samples, COUNT);
    cells_measure(&measured, &sampler, &model, COUNT);
    cells_check(&measured, &predicted, 6, 1e-9, narrow[_i]);
    check_overalls(&measured, &predicted, narrow[_i]);
    int column = measured.schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    double sd[2] = {estimate_sd_log(profile_cell(&measured, 0, column)),
                    estimate_sd_log(profile_cell(&predicted, 0, column))};
    ck_assert(isfinite(sd[0]) && isfinite(sd[1]));
    ck_assert_msg(fabs(log(sd[0] / sd[1])) <= 6 * 2 / sqrt(COUNT), "%s: %g and %g", narrow[_i], sd[0], sd[1]);
    profile_free(&measured), profile_free(&predicted);
    sampler_free(&sampler);
    model_free(&model);
}
END_TEST

Suite *replica_suite(void)
{
    Suite *suite = suite_create("replica");
    TCase *tests = tcase_create("replica"), *slow = tcase_create("samples");
    tcase_set_timeout(slow, 300);
    tcase_set_tags(slow, "slow");
    tcase_add_loop_test(tests, what_is_given_up_is_read_again, 0, sizeof readings / sizeof *readings);
    tcase_add_loop_test(slow, replicas_have_the_law_of_samples, 0, sizeof narrow / sizeof *narrow);
    suite_add_tcase(suite, tests);
    suite_add_tcase(suite, slow);
    return suite;
}
