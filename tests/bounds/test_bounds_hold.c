/* Bounds hold of samples and predictions, of formulas of every kind; the engines agree on them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/moments.h"
#include "sim/estimate.h"
#include "sim/sampler.h"
#include "tests/derived.h"
#include "tests/random_formula.h"
#include <check.h>

enum { TEXT_MAX = 512 };

/* ---- samples ---- */

/* Expectations at width 1024 differ from the limit by a few 1/d: 12/d, relative, or absolute for a cosine. The mean of
 * 24 samples errs by 6.5 standard errors with probability 1e-6 (Student t, 23 degrees of freedom); of the 2e4 cells
 * some hundreds lie on their bounds: a false alarm in 1e-3 of all seeds. */
enum { SAMPLES = 24, SAMPLE_WIDTH = 1024 };
#define SLACK (12.0 / SAMPLE_WIDTH)

struct sums {
    struct estimate *cells;
    size_t count;
};

static void add_sample(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct sums *sums = context;
    for (size_t i = 0; i < sums->count; i++)
        estimate_add(&sums->cells[i], values[i]);
}

/* Whether lo and hi, widened, hold the mean. slack is relative, or absolute for cosines, which may be 0. Everything is
 * in units of the mean's own power of two. */
static bool is_within(const struct estimate *estimate, struct wide lo, struct wide hi, bool cosine, double slack)
{
    struct wide mean = estimate_mean(estimate), se = estimate_se(estimate);
    double m = mean.mantissa, error = 6.5 * ldexp(se.mantissa, se.exponent - mean.exponent);
    if (!isfinite(m) || !isfinite(error))
        return false;
    error += cosine ? ldexp(slack, -mean.exponent) : 0;
    double factor = cosine ? 1 : 1 + slack, least = -INFINITY, most = INFINITY;
    if (wide_present(lo))
        least = ldexp(lo.mantissa, lo.exponent - mean.exponent) / factor;
    if (wide_present(hi))
        most = ldexp(hi.mantissa, hi.exponent - mean.exponent) * factor;
    return m + error >= least && m - error <= most;
}

static void check_inside(const struct derived *derived, const struct sums *sums, double slack, const char *text,
                         const char *formula)
{
    const struct observe_schema *schema = &derived->bounds.depth.schema;
    for (size_t i = 0; i < sums->count; i++) {
        const struct estimate *estimate = &sums->cells[i];
        struct wide lo = derived->bounds.lo[i], hi = derived->bounds.hi[i];
        if (estimate->n < SAMPLES || (!wide_present(lo) && !wide_present(hi)))
            continue;
        size_t columns = (size_t)schema->column_count;
        ck_assert_msg(is_within(estimate, lo, hi, observables[schema->columns[i % columns].observable].cosine, slack),
                      "%s\n%s\nlayer %zu, %s: %g +- %g, not in [%g, %g]", text, formula, i / columns,
                      schema->columns[i % columns].name, wide_value(estimate_mean(estimate)),
                      wide_value(estimate_se(estimate)), wide_value(lo), wide_value(hi));
    }
}

/* Statistics of every cell over samples by the engine; the caller frees sums->cells. */
static void measure(const struct model *model, const char *engine, uint64_t seed, int samples, struct sums *sums)
{
    struct sampler sampler;
    struct error error = {0};
    int code = sampler_init(&sampler, model, linear_engine_find(engine), false, 1, SIZE_MAX, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    sums->count = (size_t)(model->layers + 1) * (size_t)sampler.stack.depth.schema.column_count;
    sums->cells = calloc(sums->count, sizeof *sums->cells);
    ck_assert_ptr_nonnull(sums->cells);
    code = sampler_run(&sampler, seed, 0, (uint64_t)samples, NULL, add_sample, sums, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    sampler_free(&sampler);
}

static void check_samples(const char *text, const char *formula, double slack, uint64_t seed)
{
    struct derived derived;
    struct sums sums;
    derived_make(&derived, text, formula, false);
    measure(&derived.model, "conditioned", seed, SAMPLES, &sums);
    check_inside(&derived, &sums, slack, text, formula);
    free(sums.cells);
    derived_free(&derived);
}

/* A random formula in a random setting. One head, so that logits are sums over all features and not over a few. */
static void random_text(uint64_t seed, unsigned words, char text[TEXT_MAX + RANDOM_FORMULA_MAX],
                        char formula[RANDOM_FORMULA_MAX])
{
    static const char *const masks_of[] = {"none", "causal"};
    static const char *const inits_of[] = {"unit", "scaleinit:1.4", "xavier", "gpt2:0.034", "deepnorm"};
    static const char *const cotangents_of[] = {"iid", "pooled", "last"};
    static const char *const correlations_of[] = {"0", "0.4", "0.97", "1"};
    random_formula(seed, words, formula);
    snprintf(text, TEXT_MAX,
             "width=%d heads=1 tokens=%d ffn-width=%d layers=%d mask=%s init=%s activation=%s norm=%s "
             "cotangent=%s router=%s top-k=%d experts=%d input-correlation=%s input-scale=%s",
             SAMPLE_WIDTH, 1 + (int)(seed % 5), SAMPLE_WIDTH + 17, 2 + (int)(seed % 3), masks_of[seed % 2],
             inits_of[seed / 2 % 5], activations[seed / 3 % activation_count].name, norms[seed / 5 % norm_count].name,
             cotangents_of[seed / 7 % (seed % 2 ? 3 : 2)], routers[seed / 11 % router_count].name,
             1 + (int)(seed / 13 % 3), 3 + (int)(seed / 17 % 3), correlations_of[seed / 19 % 4],
             seed / 23 % 2 ? "1" : "0.6");
}

/* Whether a norm reads a difference that nearly vanishes, such as x + norm(-x) at second moment 1. Such a signal has no
 * limit that samples of any width come near: what is left is the norms' fluctuation, 1/sqrt(d). Coefficients as in the
 * bounds but as numbers, against the same with all signs positive; what attention, a function or a mixture puts out has
 * about half its input's square. Returns the output's second moment, or NAN. */
static double uncancelled(const struct block *block, double input_square)
{
    const struct graph *graph = block->graph;
    int count = graph->node_count;
    double c[count][count], gross[count], square[count];
    memset(c, 0, sizeof c);
    for (int n = 0; n < count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        int a = node->a, b = node->b;
        bool linear = node->kind == GRAPH_SUM || node->kind == GRAPH_SCALE || node->kind == GRAPH_NORM;
        square[n] = 0;
        for (int i = 0; i < n && linear; i++) {
            c[n][i] = node->kind == GRAPH_SUM     ? c[a][i] + c[b][i]
                      : node->kind == GRAPH_SCALE ? block->scalars[b] * c[a][i]
                                                  : c[a][i] / sqrt(square[a]);
            square[n] += c[n][i] != 0 ? c[n][i] * c[n][i] * square[i] : 0;
        }
        if (!linear) {
            c[n][n] = 1;
            square[n] = node->kind == GRAPH_INPUT  ? input_square
                        : node->kind == GRAPH_ONES ? 1
                        : node->kind == GRAPH_MAP
                            ? block->sd[node->index] * block->sd[node->index] * block->plan->nodes[a].width * square[a]
                        : node->kind == GRAPH_PRODUCT ? square[a] * square[b]
                        : node->kind == GRAPH_ATTEND  ? square[node->c] / 2
                        : node->kind == GRAPH_EXPERT  ? square[a]
                                                      : square[node->kind == GRAPH_MOE ? b : a] / 2;
        }
        gross[n] = node->kind == GRAPH_SUM     ? gross[a] + gross[b]
                   : node->kind == GRAPH_SCALE ? fabs(block->scalars[b]) * gross[a]
                                               : sqrt(square[n]);
        if (!(square[n] > 0.1 * gross[n] * gross[n]))
            return NAN;
    }
    return square[graph->outputs[0]];
}

/* Samples come near their limit at this width. Signals that have all but died are left out too: a gated FFN squares its
 * input, so that a few in a row turn a gap of 1/d into any factor. */
static bool is_regular(const char *text, const char *formula)
{
    struct derived derived;
    derived_make(&derived, text, formula, false);
    double square = derived.model.input_scale * derived.model.input_scale;
    for (int b = 0; b < derived.bounds.depth.block_count && square > 0; b++)
        square = uncancelled(&derived.bounds.depth.blocks[b], square);
    bool regular = square > 0;
    for (int l = 1; l <= derived.model.layers; l++)
        regular &= derived.bounds.lo[derived_cell(&derived, l, "activation_variance")].mantissa > 1e-3;
    derived_free(&derived);
    return regular;
}

/* The infinite-width prediction has no gap to the bounds but its own error: eight standard errors of it (the least of
 * tens of replicas) and the kernels' and quadratures' rounding, 1e-6; where features
 * are drawn one by one, a gap like that of samples besides. False where there are no bounds. */
static bool check_prediction(const char *text, const char *formula, double gap)
{
    struct derived derived;
    struct moments moments;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    options.threads = 1;
    options.draws = 64;
    options.most = 4;
    if (!derived_try(&derived, text, formula, false))
        return false;
    int code = moments_predict(&derived.model, &options, &moments, &error);
    ck_assert_msg(code == ERROR_NONE, "%s\n%s\n%s", text, formula, error.text);
    size_t columns = (size_t)moments.schema.column_count;
    for (size_t i = 0; i < (size_t)(derived.model.layers + 1) * columns; i++) {
        struct wide mean = moments.mean[i], lo = derived.bounds.lo[i], hi = derived.bounds.hi[i];
        if (!wide_present(mean))
            continue;
        double m = mean.mantissa, slack = 8 * moments.se[i];
        bool cosine = observables[moments.schema.columns[i % columns].observable].cosine;
        slack += (1e-6 + gap) * (cosine ? ldexp(1, -mean.exponent) : fabs(m));
        double least = wide_present(lo) ? ldexp(lo.mantissa, lo.exponent - mean.exponent) : -INFINITY;
        double most = wide_present(hi) ? ldexp(hi.mantissa, hi.exponent - mean.exponent) : INFINITY;
        ck_assert(isfinite(m) && isfinite(slack));
        ck_assert_msg(m + slack >= least && m - slack <= most, "%s\n%s\nlayer %zu, %s: %.9g +- %g not in [%.9g, %.9g]",
                      text, formula, i / columns, moments.schema.columns[i % columns].name, wide_value(mean),
                      moments.se[i], wide_value(lo), wide_value(hi));
    }
    moments_free(&moments);
    derived_free(&derived);
    return true;
}

START_TEST(predictions_of_random_formulas)
{
    char text[TEXT_MAX + RANDOM_FORMULA_MAX], formula[RANDOM_FORMULA_MAX];
    for (uint64_t seed = 1001; seed <= 1150; seed++) {
        random_text(seed, RANDOM_MOE, text, formula);
        ck_assert(check_prediction(text, formula, 0));
    }
}
END_TEST

/* Of a population of 512 features, the least that the prediction draws where an argument is not Gaussian. */
#define GAP (12.0 / 512)

/* Blocks of the grown grammar: every operation and option, states, a memory, operands that depend on each other. */
static const char *const blocks[] = {
    "y=norm(x);x=x+wo(attend(norm(wq(y),groups=H),norm(wk(y),groups=H),wv(y),rope=10000));x=x+glu(norm(x))",
    "x=x+norm(attn(norm(x),cap=2,window=3*mod(l,2),kv_heads=2));x=x+norm(ffn(norm(x)))",
    "y=norm(x,layernorm);x=x+wo(sigmoid(wg(y))*attend(wq(y),wk(y),wv(y)));x=x+w2(relu2(w1(norm(x,layernorm),F)))",
    "state x, u\nf=ffn(norm(x))+attn(norm(x));x=norm(x+f);u=u+f\nfinal: x=norm(x)+norm(u)",
    "state x, u\nx=norm(x+attn(x));u=u+ffn(norm(u)+x);x=x+0.5*u",
    "input m\nx=x+attn(norm(x),mask=causal);x=x+attn(norm(x),m);x=x+ffn(norm(x))",
    "x=norm(x+attn(x,sink=1));x=norm(x+w2(tanh(w1(x,F))),eps=1e-3)",
    "x=x+wo(attend(wq(x),wk(x),wv(x),bias=alibi,scale=0.2,mask=causal));x=norm(x+ffn(x))",
    "x=x+attn(x,bias=t5,bias_sd=1.5,sink=1,sink_sd=0.7);x=norm(x+ffn(x))",
    "x=norm(x+attn(norm(x),rope=9,rope_scaling=yarn,rope_factor=8,rope_length=20,rope_gain=1.4));x=x+ffn(x)",
    "x=norm(x+attn(norm(x),rope=9,rope_gain=0.6,rotary=0.5,cap=2,sink=1,sink_sd=1))",
    "u=norm(x);x=x+wo(attend(wq(u,H*6),join(wd(u,2),wk(wc(u,8),H*4),parts=H,repeat=H),wv(u),rope=9,rotary=0.34))",
    "u=wa(norm(x),8);x=norm(x+wz(tanh(join(u,join(wb(x,4),u,parts=2),parts=2))))",
    "x=x+tanh(0.5*x)",
    "x=norm(x+silu(x)+wz(tanh(x)))",
    "y=wz(x);x=norm(relu(y)+y+x)",
    "x=norm(relu(wa(x))+relu(wb(x))+x,layernorm)",
    "x=norm(x+sigmoid(wg(x))*x)",
    "y=wz(norm(x));x=x+(sigmoid(wg(y))*y)*tanh(wh(y))",
    "y=norm(x);x=norm(x+wz(y*y)+wa(y*tanh(y)))",
    "y=wz(norm(x));x=norm(x+0.3*y*y)",
    "y=wa(norm(x));x=norm(x+tanh(y)*y)",
    "x=norm(x+attend(wq(x),wk(x),x))",
    "x=norm(norm(attend(wq(x),wk(x),wv(x)),groups=H)+x)",
    "x=norm(x+tanh(attend(wq(x),wk(x),tanh(wv(x)))))",
    "x=norm(x+moe(norm(x),router=sigmoid,body=glu)+moe(x,experts=2,top=1,router=switch))",
    "def body(u)=w2(tanh(w1(u,F)))\nx=norm(x+moe(norm(x),body=body))",
    "x=norm(relu(wq(x))-relu(wq(x))+gelu(tanh(wz(x))))",
    "x=norm(x-0.5*wo(attend(relu(wq(x)),relu(wk(x)),relu(wv(x)))),layernorm)",
    "x=x+norm(w2(silu(norm(w1(norm(x),F)))*norm(w3(norm(x),F))))",
    "state x, u\nx=tanh(x)+wz(u);u=x*sigmoid(wu(u))\nfinal: x=x+u",
    "x=attn(x,mask=causal,window=2,kv_heads=1)-ffn(x)",
    "def f(u)=w2(phi(w1(u,F)+wb(ones(u),F)))+wc(ones(u))\nx=norm(x+attn(x)+wz(ones(x)));x=norm(x+f(x))",
    "def f(u)=w2(tanh(w1(u,F)+wb(ones(u),F)))\nx=norm(x+moe(x,body=f,router=independent,top=2)+wz(tanh(wy(ones(x)))))",
    "x=norm(x+moe(norm(x),experts=4,top=2,expert_groups=2,top_groups=1,router=switch))",
};

START_TEST(predictions_of_the_grammar)
{
    static const char *const settings_of[] = {
        "width=64 heads=4 tokens=5 layers=3 init=unit activation=relu input-correlation=0.4",
        "width=64 heads=4 tokens=4 layers=4 init=scaleinit:1.4 activation=gelu input-correlation=0 input-scale=0.6",
        "width=64 heads=4 tokens=6 layers=2 init=xavier activation=silu mask=causal input-correlation=0.9",
        "width=64 heads=4 tokens=3 layers=3 init=unit activation=tanh norm=layernorm memory-tokens=7 cotangent=pooled",
    };
    char text[TEXT_MAX];
    for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++)
        for (size_t s = 0; s < sizeof settings_of / sizeof *settings_of; s++) {
            snprintf(text, sizeof text, "%s", settings_of[s]);
            ck_assert(check_prediction(text, blocks[b], GAP));
        }
}
END_TEST

/* A mixture's experts share what mean their bodies have. */
START_TEST(samples_of_bodies_with_means)
{
    check_samples("width=1024 heads=1 tokens=4 layers=3 init=unit experts=3 top-k=2 input-correlation=0.4",
                  "def body(u)=relu(w1(u,d))\nx=norm(x+moe(norm(x),body=body))", SLACK, 5);
}
END_TEST

START_TEST(predictions_of_random_operations)
{
    char text[TEXT_MAX + RANDOM_FORMULA_MAX], formula[RANDOM_FORMULA_MAX];
    int checked = 0;
    for (uint64_t seed = 3001; seed <= 3050; seed++) {
        random_text(seed, seed % 2 ? RANDOM_OPERATIONS | RANDOM_MOE : RANDOM_OPERATIONS, text, formula);
        checked += check_prediction(text, formula, GAP);
    }
    ck_assert_int_ge(checked, 40);
}
END_TEST

START_TEST(samples_of_random_formulas)
{
    int checked = 0;
    char text[TEXT_MAX + RANDOM_FORMULA_MAX], formula[RANDOM_FORMULA_MAX];
    for (uint64_t seed = 1; seed <= 80; seed++) {
        random_text(seed, RANDOM_MOE, text, formula);
        if (!is_regular(text, formula))
            continue;
        check_samples(text, formula, SLACK, seed);
        checked++;
    }
    ck_assert_int_ge(checked, 40);
}
END_TEST

/* Equal tokens under a pooled cotangent have no gradient of their own. What is left of it is the square of rounding,
 * 1e-32 of the whole for one operation and 1e-26 after a thousand times more; the engines round differently. */
static bool is_rounding(const struct observe_schema *schema, const struct estimate *row, size_t column)
{
    return schema->columns[column].observable == OBSERVE_GRADIENT_SPECIFIC &&
           estimate_mean_log(&row[column]) <
               estimate_mean_log(&row[schema->layer_column[OBSERVE_GRADIENT_VARIANCE]]) + log(1e-26);
}

/* The conditioned engine has the dense one's law at every width, whatever the formula: means of 40 samples differ by
 * less than 7 standard errors of both (Student t of about 78 degrees of freedom: 1e-9 each where values are normal;
 * they are skewed, so cells are compared by the mean logarithm where there is one). */
START_TEST(engines_agree_on_random_formulas)
{
    enum { BOTH = 40 };
    char text[TEXT_MAX + RANDOM_FORMULA_MAX], formula[RANDOM_FORMULA_MAX];
    for (uint64_t seed = 2001; seed <= 2040; seed++) {
        struct derived derived;
        struct sums dense, conditioned;
        random_text(seed, RANDOM_MOE, text, formula);
        char *width = strstr(text, "width=1024"), *ffn = strstr(text, "ffn-width=1041");
        ck_assert(width && ffn);
        memcpy(width, "width=0030", strlen("width=0030"));
        memcpy(ffn, "ffn-width=0037", strlen("ffn-width=0037"));
        derived_make(&derived, text, formula, false);
        measure(&derived.model, "dense", seed, BOTH, &dense);
        measure(&derived.model, "conditioned", seed + 1000000, BOTH, &conditioned);
        for (size_t i = 0; i < dense.count; i++) {
            const struct estimate *a = &dense.cells[i], *b = &conditioned.cells[i];
            ck_assert_int_eq(a->n, b->n);
            if (a->n < BOTH || !isfinite(estimate_sd_log(a)) || !isfinite(estimate_sd_log(b)))
                continue;
            double se = hypot(estimate_sd_log(a), estimate_sd_log(b)) / sqrt(BOTH);
            double apart = estimate_mean_log(a) - estimate_mean_log(b);
            const struct observe_schema *schema = &derived.bounds.depth.schema;
            size_t columns = (size_t)schema->column_count;
            if (is_rounding(schema, a - i % columns, i % columns))
                continue;
            ck_assert_msg(fabs(apart) <= 7 * se + 1e-12, "%s\n%s\nlayer %zu, %s: logarithms %g apart, error %g", text,
                          formula, i / columns, schema->columns[i % columns].name, apart, se);
        }
        free(dense.cells);
        free(conditioned.cells);
        derived_free(&derived);
    }
}
END_TEST

Suite *bounds_hold_suite(void)
{
    Suite *suite = suite_create("bounds_hold");
    TCase *slow = tcase_create("random");
    tcase_set_timeout(slow, 300);
    tcase_set_tags(slow, "slow");
    tcase_add_test(slow, predictions_of_random_formulas);
    tcase_add_test(slow, predictions_of_the_grammar);
    tcase_add_test(slow, samples_of_bodies_with_means);
    tcase_add_test(slow, predictions_of_random_operations);
    tcase_add_test(slow, samples_of_random_formulas);
    tcase_add_test(slow, engines_agree_on_random_formulas);
    suite_add_tcase(suite, slow);
    return suite;
}
