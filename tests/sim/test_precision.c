/* Samples in single precision against the same samples in double. */
#include "sim/precision.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/placement.h"
#include "sim/sampler.h"
#include <check.h>
#include "tests/support.h"

/* One sample of a model: values [(L + 1) columns], which the caller frees. */
struct drawn {
    struct model model;
    struct sampler sampler;
    struct wide *values;
    size_t cells;
};

static void keep(void *context, uint64_t sample, const struct wide *values)
{
    struct drawn *drawn = context;
    memcpy(drawn->values + sample * drawn->cells, values, drawn->cells * sizeof *values);
}

static int draw(struct drawn *drawn, const char *text, const char *engine, int threads, uint64_t samples,
                struct error *error)
{
    support_model(&drawn->model, text);
    int code = sampler_init(&drawn->sampler, &drawn->model, linear_engine_find(engine), true, threads, (size_t)1 << 28,
                            error);
    ck_assert_int_eq(code, ERROR_NONE);
    drawn->cells = drawn->sampler.cells;
    drawn->values = calloc(samples * drawn->cells, sizeof *drawn->values);
    return sampler_run(&drawn->sampler, 7, 0, samples, NULL, keep, drawn, error);
}

static void release(struct drawn *drawn)
{
    free(drawn->values);
    sampler_free(&drawn->sampler);
    model_free(&drawn->model);
}

/* Rounding errors of u = 6e-8 of a signal's rms are independent from one operation to the next, of which some 30 follow
 * each other in a block and its reverse; three blocks pass them on with a factor near 1. Means over d T = 75 entries see
 * 2 u sqrt(90) sqrt(3 / 75) or so; the largest of thousands of cells, whose own conditions differ (an attention that is
 * nearly one-hot, a gradient that cancels), is allowed 2^10 u = 6e-5. A function taken from the other precision's table,
 * a sigma or a scale lost, or a normal of another place errs by 1. */
#define CLOSE (1024 * (double)FLT_EPSILON / 2)

static const char *const shapes[] = {
    "width=15 heads=3 tokens=5 ffn-width=11 layers=3 activation=gelu mask=causal",
    "width=33 heads=3 kv-heads=1 tokens=7 ffn-width=37 layers=3 activation=swiglu norm=layernorm rope=50 bias=alibi "
    "cap=3",
    "width=34 heads=2 tokens=1 ffn-width=65 layers=2 activation=silu sink=1",
    "width=6 heads=2 tokens=9 ffn-width=5 layers=2 activation=tanh input-correlation=0.5 cotangent=pooled window=4",
    "width=16 heads=4 tokens=4 ffn-width=24 layers=2 activation=gelu_tanh cotangent=last experts=4 top-k=2 "
    "router=sigmoid",
};
enum { SHAPES = sizeof shapes / sizeof *shapes, ENGINES = 2 };

/* Of a cosine the difference, of a square and what is made of squares relative to it. */
static double distance(const struct observe_column *column, struct wide a, struct wide b)
{
    double difference = fabs(wide_value(a) - wide_value(b));
    return observables[column->observable].cosine ? difference : difference / fabs(wide_value(a));
}

/* What single precision may leave out: a cosine that rounding makes 1, the deviations of a gradient that is all mean. */
static bool may_be_lost(const struct drawn *twice, size_t i)
{
    const struct observe_schema *schema = &twice->sampler.stack.depth.schema;
    size_t columns = (size_t)schema->column_count, row = i / columns * columns;
    enum observe_id id = schema->columns[i % columns].observable;
    double value = fabs(wide_value(twice->values[i])), near = 16 * (double)FLT_EPSILON;
    if (id == OBSERVE_GRADIENT_SPECIFIC)
        return value < near * wide_value(twice->values[row + (size_t)schema->layer_column[OBSERVE_GRADIENT_VARIANCE]]);
    return observables[id].cosine && value > 1 - near;
}

static void check_same(const struct drawn *twice, const struct drawn *once, const char *what)
{
    const struct observe_schema *schema = &twice->sampler.stack.depth.schema;
    ck_assert_uint_eq(twice->cells, once->cells);
    for (size_t i = 0; i < twice->cells; i++) {
        const struct observe_column *column = &schema->columns[i % (size_t)schema->column_count];
        struct wide a = twice->values[i], b = once->values[i];
        bool same = wide_present(a) == wide_present(b) &&
                    (!wide_present(a) || (wide_value(a) == 0 && wide_value(b) == 0) || distance(column, a, b) < CLOSE ||
                     (isnan(b.mantissa) && may_be_lost(twice, i)));
        ck_assert_msg(same, "%s: %s of layer %zu is %.9g, in single precision %.9g", what, column->name,
                      i / (size_t)schema->column_count, wide_value(a), wide_value(b));
    }
}

static void compare(const char *settings, const char *engine)
{
    char text[512];
    struct drawn twice, once;
    struct error error = {0};
    ck_assert_int_eq(draw(&twice, settings, engine, 1, 1, &error), ERROR_NONE);
    snprintf(text, sizeof text, "%s single=1", settings);
    ck_assert_int_eq(draw(&once, text, engine, 1, 1, &error), ERROR_NONE);
    check_same(&twice, &once, settings);
    release(&twice);
    release(&once);
}

START_TEST(samples_are_those_of_double)
{
    char text[512];
    const char *engine = linear_engines[_i % ENGINES].name, *shape = shapes[_i / ENGINES];
    for (size_t p = 0; p < placement_count; p++) {
        snprintf(text, sizeof text, "placement=%s init=scaleinit %s", placements[p].name, shape);
        compare(text, engine);
    }
}
END_TEST

/* Experts, memories, several states; with the engine's other laws. */
START_TEST(formulas_and_laws_too)
{
    compare("placement=x=norm(x+moe(norm(x+attn(x)))) width=7 heads=1 tokens=6 ffn-width=11 experts=4 top-k=2",
            "dense");
    compare("placement=x=x+attn(norm(x));x=x+moe(x) width=5 heads=1 tokens=9 ffn-width=4 experts=3 top-k=1 "
            "router=switch",
            "conditioned");
    compare("placement='state x,u;y=attn(norm(u));u=u+tanh(wa(x)+wb(x)*wc(x,d));x=norm(x+y)' width=6 heads=2 tokens=4 "
            "init='w=1/sqrt(n)'",
            "conditioned");
    compare("placement='input m;x=x+attn(norm(x),m);x=x+glu(norm(x))' width=6 heads=3 kv-heads=1 tokens=4 "
            "memory-tokens=7 ffn-width=9",
            "conditioned");
    for (size_t i = 0; i < law_count; i++) {
        char text[128];
        snprintf(text, sizeof text, "placement=spannorm law=%s width=15 layers=3", laws[i].name);
        compare(text, "dense");
    }
}
END_TEST

START_TEST(threads_do_not_matter)
{
    struct drawn one, three;
    struct error error = {0};
    const char *text = "placement=spannorm width=33 mask=causal layers=3 single=1";
    ck_assert_int_eq(draw(&one, text, "conditioned", 1, 11, &error), ERROR_NONE);
    ck_assert_int_eq(draw(&three, text, "conditioned", 3, 11, &error), ERROR_NONE);
    for (size_t i = 0; i < 11 * one.cells; i++)
        ck_assert(memcmp(&one.values[i].mantissa, &three.values[i].mantissa, sizeof(double)) == 0 &&
                  one.values[i].exponent == three.values[i].exponent);
    release(&one);
    release(&three);
}
END_TEST

/* Equal tokens stay equal: double says 1 to its own rounding, single precision that it cannot tell. */
START_TEST(what_is_not_resolved_is_no_number)
{
    struct drawn drawn;
    struct error error = {0};
    const char *text = "placement=postnorm tokens=4 layers=2 input-correlation=1 single=1";
    ck_assert_int_eq(draw(&drawn, text, "conditioned", 1, 1, &error), ERROR_NONE);
    const struct observe_schema *schema = &drawn.sampler.stack.depth.schema;
    for (int l = 0; l <= 2; l++) {
        const struct wide *row = drawn.values + (size_t)l * (size_t)schema->column_count;
        ck_assert(isnan(row[schema->layer_column[OBSERVE_TOKEN_COSINE]].mantissa));
        ck_assert(isnan(row[schema->layer_column[OBSERVE_LATE_TOKEN_COSINE]].mantissa));
        ck_assert(isfinite(row[schema->layer_column[OBSERVE_ACTIVATION_VARIANCE]].mantissa));
    }
    release(&drawn);
}
END_TEST

/* A bias of the keys moves all logits of a row alike, so that its gradient is 0; those of the queries' are not. */
START_TEST(gradients_that_cancel_are_no_numbers)
{
    struct drawn drawn;
    struct error error = {0};
    const char *text = "placement='x=x+wo(attend(wq(x)+wbq(ones(x)),wk(x)+wbk(ones(x)),wv(x)))' tokens=6 layers=2 "
                       "init='w=1/sqrt(n);wbq=.5;wbk=.5' single=1";
    ck_assert_int_eq(draw(&drawn, text, linear_engines[_i].name, 1, 1, &error), ERROR_NONE);
    const struct observe_schema *schema = &drawn.sampler.stack.depth.schema;
    int found = 0;
    for (int c = 0; c < schema->column_count; c++) {
        double value = drawn.values[schema->column_count + c].mantissa;
        bool keys = strcmp(schema->columns[c].name, "weight_gradient_variance.wbk") == 0;
        if (schema->columns[c].observable != OBSERVE_WEIGHT_GRADIENT_VARIANCE)
            continue;
        ck_assert_msg(keys ? isnan(value) : value > 0, "%s is %g", schema->columns[c].name, value);
        found += keys;
    }
    ck_assert_int_eq(found, 1);
    release(&drawn);
}
END_TEST

/* q = 1e-36 is far within double's range; its square root, 1e-18, is a float, but the sums of its squares are not. */
START_TEST(what_leaves_the_range_is_said)
{
    struct drawn drawn;
    struct error error = {0};
    ck_assert_int_eq(draw(&drawn, "placement=nonorm input-scale=1e-18 layers=2", "dense", 1, 1, &error), ERROR_NONE);
    release(&drawn);
    ck_assert_int_eq(draw(&drawn, "placement=nonorm input-scale=1e-18 layers=2 single=1", "dense", 1, 1, &error),
                     ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "the range of single precision in block 1 of 2"), "%s", error.text);
    release(&drawn);
}
END_TEST

Suite *precision_suite(void)
{
    Suite *suite = suite_create("precision");
    TCase *tcase = tcase_create("precision");
    tcase_add_loop_test(tcase, samples_are_those_of_double, 0, SHAPES * ENGINES);
    tcase_add_test(tcase, formulas_and_laws_too);
    tcase_add_test(tcase, threads_do_not_matter);
    tcase_add_test(tcase, what_is_not_resolved_is_no_number);
    tcase_add_loop_test(tcase, gradients_that_cancel_are_no_numbers, 0, ENGINES);
    tcase_add_test(tcase, what_leaves_the_range_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
