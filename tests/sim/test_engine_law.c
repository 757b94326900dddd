/* Engines sample one law: every observable of dense samples against those of conditioned ones. Widths are small and
 * odd, where a wrong term would be largest. */
#include <check.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sampler.h"
#include <check.h>
#include "tests/support.h"

static const char *const models[] = {
    "placement=prenorm width=5 heads=1 tokens=3 ffn-width=7",
    "placement=postnorm width=7 heads=7 tokens=7 ffn-width=5 activation=gelu mask=causal",
    "placement=spannorm init=scaleinit width=12 heads=3 tokens=4 ffn-width=31 layers=3",
    "placement=spannorm width=5 heads=1 tokens=8 ffn-width=6 activation=tanh norm=layernorm",
    "placement=deepnorm init=deepnorm width=7 heads=1 tokens=5 ffn-width=28 activation=swiglu cotangent=pooled",
    "placement=b2t width=12 heads=2 tokens=2 ffn-width=9 cotangent=last mask=causal",
    "placement=parallel init=xavier width=5 heads=5 tokens=5 ffn-width=20 activation=silu",
    "placement=x=norm(x+moe(norm(x+attn(x)))) width=7 heads=1 tokens=6 ffn-width=11 experts=4 top-k=2",
    "placement=x=x+attn(norm(x));x=x+moe(x) width=5 heads=1 tokens=9 ffn-width=4 experts=3 top-k=1 router=switch",
    "placement=postnorm width=12 heads=4 tokens=6 ffn-width=24 input-correlation=1 layers=4",
    "placement=nonorm width=7 heads=1 tokens=1 ffn-width=11",
    /* Four maps of one input share its factor; two of them in a second group by another name of it. */
    "placement='u=norm(x);x=x+wo(sigmoid(wz(u))*attend(wq(u),wk(u),wv(u),rope=50,cap=2))' width=8 heads=2 tokens=5 "
    "init='w=1/sqrt(n)'",
    "placement='state x,u;y=attn(norm(u));u=u+tanh(wa(x)+wb(x)*wc(x,d));x=norm(x+y)' width=6 heads=2 tokens=4 "
    "init='w=1/sqrt(n)'",
    "placement='input m;x=x+attn(norm(x),m);x=x+glu(norm(x))' width=6 heads=3 kv-heads=1 tokens=4 memory-tokens=7 "
    "ffn-width=9",
    "placement=postnorm width=6 heads=2 tokens=5 ffn-width=9 cotangent=cross-entropy vocabulary=4 zipf=0.7",
    "placement='x=x+moe(norm(x),router=sigmoid,body=glu,width=5)+wz(x,fan_out=d)' width=7 heads=1 tokens=6 experts=3 "
    "top-k=2 init='w=1/sqrt(n)'",
};
enum { MODELS = sizeof models / sizeof *models, SAMPLES = 3000, PAIR_MAX = 6, COLUMNS_MAX = 512 };

/* Columns of numbers of one engine. */
struct sampled {
    int count;
    double *values[COLUMNS_MAX]; // [SAMPLES]
    char *names[COLUMNS_MAX];
};

struct gathering {
    struct sampled *to;
    const struct observe_schema *schema;
    int layers;
    uint64_t first;
};

/* Cosines as they are; the fourth root of a square, which a deviation is not, brings tails in and keeps exact zeros, as of a dead ReLU
 * at width 5. */
static double number_of(const struct observe_schema *schema, int column, struct wide value)
{
    enum observe_id id = schema->columns[column].observable;
    if (observables[id].cosine)
        return wide_value(value);
    return pow(wide_value(value), id == OBSERVE_LOGIT_DEVIATION ? 0.5 : 0.25);
}

static void visit(void *context, uint64_t sample, const struct wide *values)
{
    const struct gathering *gathering = context;
    int cells = (gathering->layers + 1) * gathering->schema->column_count;
    for (int i = 0; i < cells; i++)
        gathering->to->values[i][sample - gathering->first] =
            wide_present(values[i]) ? number_of(gathering->schema, i % gathering->schema->column_count, values[i]) : 0;
}

static double *add_column(struct sampled *to, const char *format, ...)
{
    ck_assert_int_lt(to->count, COLUMNS_MAX);
    va_list arguments;
    va_start(arguments, format);
    ck_assert_int_ge(vasprintf(&to->names[to->count], format, arguments), 0);
    va_end(arguments);
    double *values = to->values[to->count++] = calloc(SAMPLES, sizeof *values);
    ck_assert_ptr_nonnull(values);
    return values;
}

static void sample(const struct model *model, const char *engine, uint64_t first, struct sampled *to)
{
    struct sampler sampler;
    struct error error = {0};
    int code = sampler_init(&sampler, model, linear_engine_find(engine), false, 1, (size_t)1 << 30, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    const struct observe_schema *schema = &sampler.stack.depth.schema;
    to->count = 0;
    for (int l = 0; l <= model->layers; l++)
        for (int c = 0; c < schema->column_count; c++)
            add_column(to, "%s at layer %d", schema->columns[c].name, l);
    struct gathering gathering = {to, schema, model->layers, first};
    code = sampler_run(&sampler, 77, first, SAMPLES, NULL, visit, &gathering, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    sampler_free(&sampler);
}

/* Products of centred columns stand for the joint law: with equal joint laws they have equal laws. Centres and scales
 * are those of `scales`, the same for both engines. */
static void add_products(struct sampled *to, const struct sampled *scales, const int pair[], int pairs)
{
    double mean[PAIR_MAX];
    for (int i = 0; i < pairs; i++) {
        mean[i] = 0;
        for (int s = 0; s < SAMPLES; s++)
            mean[i] += scales->values[pair[i]][s] / SAMPLES;
    }
    for (int i = 0; i < pairs; i++)
        for (int j = 0; j < i; j++) {
            double *product = add_column(to, "%s with %s", to->names[pair[i]], to->names[pair[j]]);
            for (int s = 0; s < SAMPLES; s++)
                product[s] = (to->values[pair[i]][s] - mean[i]) * (to->values[pair[j]][s] - mean[j]);
        }
}

/* P(sup |F1 - F2| > x sqrt(2/n)), both of n samples, is below 2 exp(-2 x^2) (Wei and Dudley, 2012, for n >= 458). */
static double kolmogorov_smirnov(const double *a, const double *b)
{
    double u[SAMPLES], v[SAMPLES], largest = 0;
    memcpy(u, a, sizeof u);
    memcpy(v, b, sizeof v);
    gsl_sort(u, 1, SAMPLES);
    gsl_sort(v, 1, SAMPLES);
    for (int i = 0, j = 0; i < SAMPLES && j < SAMPLES;) {
        double at = fmin(u[i], v[j]);
        while (i < SAMPLES && u[i] <= at)
            i++;
        while (j < SAMPLES && v[j] <= at)
            j++;
        largest = fmax(largest, (double)abs(i - j) / SAMPLES);
    }
    return largest * sqrt(SAMPLES / 2.0);
}

/* Difference of the means of (value - centre)^power in its standard errors. */
static double moment_difference(const double *a, const double *b, double centre, int power)
{
    double mean[2] = {0}, square[2] = {0};
    for (int s = 0; s < SAMPLES; s++)
        for (int k = 0; k < 2; k++) {
            double value = pow((k == 0 ? a : b)[s] - centre, power);
            mean[k] += value / SAMPLES;
            square[k] += value * value / SAMPLES;
        }
    double variance = square[0] - mean[0] * mean[0] + square[1] - mean[1] * mean[1];
    return variance > 0 ? (mean[0] - mean[1]) / sqrt(variance / SAMPLES) : mean[0] == mean[1] ? 0 : INFINITY;
}

/* A column that differs by rounding only (q behind a norm, the gradient of wq where all tokens are equal: zero in exact
 * arithmetic) has no law to compare. The fourth root of a square of rounding, 1e-26 at most, is below 1e-6. */
static bool is_constant(const double *a, const double *b)
{
    double low = a[0], high = a[0];
    for (int s = 0; s < SAMPLES; s++) {
        low = fmin(low, fmin(a[s], b[s]));
        high = fmax(high, fmax(a[s], b[s]));
    }
    return high - low <= 1e-6 * fmax(1, fmax(fabs(low), fabs(high)));
}

/* About 120 columns in each of 15 models, a Kolmogorov-Smirnov test and two moment tests each: 5400 tests. Each is
 * failed with probability below 4e-8 (KS: 2 exp(-2 3^2) = 3e-8; 5.5 standard errors: 4e-8), in all below 2.2e-4. */
static const double KS_LIMIT = 3, MOMENT_LIMIT = 5.5;

static void compare(const char *model, const struct sampled *dense, const struct sampled *conditioned)
{
    for (int c = 0; c < dense->count; c++) {
        const double *a = dense->values[c], *b = conditioned->values[c];
        double centre = 0;
        for (int s = 0; s < SAMPLES; s++)
            centre += (a[s] + b[s]) / (2 * SAMPLES);
        ck_assert_msg(isfinite(centre), "%s, %s", model, dense->names[c]);
        if (is_constant(a, b))
            continue;
        double distance = kolmogorov_smirnov(a, b);
        ck_assert_msg(distance <= KS_LIMIT, "%s, %s: KS %g", model, dense->names[c], distance);
        for (int power = 1; power <= 2; power++) {
            double errors = moment_difference(a, b, centre, power);
            ck_assert_msg(fabs(errors) <= MOMENT_LIMIT, "%s, %s: moment %d apart by %g standard errors", model,
                          dense->names[c], power, errors);
        }
    }
}

static void free_sampled(struct sampled *sampled)
{
    for (int c = 0; c < sampled->count; c++)
        free(sampled->values[c]), free(sampled->names[c]);
}

/* Those whose joint law is looked at: gradient at the input, token cosine, layer cosine and a weight gradient at the
 * output, and the variances there. */
static int list_pairs(const struct sampled *sampled, int columns, int layers, int pair[PAIR_MAX])
{
    static const char *const wanted[PAIR_MAX] = {"gradient_variance at layer 0",
                                                 "gradient_token_cosine at layer 0",
                                                 "activation_variance at",
                                                 "token_cosine at",
                                                 "layer_cosine at",
                                                 "weight_gradient_variance"};
    int count = 0;
    for (int w = 0; w < PAIR_MAX; w++)
        for (int c = 0; c < sampled->count; c++) {
            bool last = c >= layers * columns;
            if (strncmp(sampled->names[c], wanted[w], strlen(wanted[w])) == 0 && (w < 2 ? c < columns : last)) {
                pair[count++] = c;
                break;
            }
        }
    return count;
}

/* The engines draw from samples of their own, so that nothing ties a dense sample to a conditioned one. */
START_TEST(observables_have_one_law)
{
    struct model model;
    support_model(&model, models[_i]);
    static struct sampled dense, conditioned;
    sample(&model, "dense", 0, &dense);
    sample(&model, "conditioned", SAMPLES, &conditioned);
    ck_assert_int_eq(dense.count, conditioned.count);
    int pair[PAIR_MAX], columns = dense.count / (model.layers + 1);
    int pairs = list_pairs(&dense, columns, model.layers, pair);
    ck_assert_int_ge(pairs, 3);
    add_products(&conditioned, &dense, pair, pairs);
    add_products(&dense, &dense, pair, pairs);
    compare(models[_i], &dense, &conditioned);
    free_sampled(&dense);
    free_sampled(&conditioned);
    model_free(&model);
}
END_TEST

Suite *engine_law_suite(void)
{
    Suite *suite = suite_create("engine_law");
    TCase *tests = tcase_create("engines");
    tcase_set_tags(tests, "slow");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, observables_have_one_law, 0, MODELS);
    suite_add_tcase(suite, tests);
    return suite;
}
