#include "analysis/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/estimate.h"
#include "analysis/theory.h"
#include "sim/setting.h"

const char *const claim_tier_names[CLAIM_TIERS] = {"smoke", "check", "full"};

/* Norms add eps = 1e-6 to the mean square Q that they divide by, so an output's mean square is Q/(Q + eps). */
#define EPS_MARGIN "2e-6"
#define EPS_REASON "the norm's eps of 1e-6 takes off 1e-6/Q, Q the mean square before the norm, at least 1/2"

/* Factors per block of the token-specific gradient at widths 32, 64, 128, 256 (T = 8, 2 heads, 3,200 to 600 samples):
 * geometric mean over 7 blocks 0.510, 0.503, 0.503, 0.501 (PostNorm) and 0.761, 0.756, 0.752, 0.750 (SpanNorm), so
 * 0.35/d above the limit; the mean of single blocks' factors is 1.2/d above it, half the variance of their logarithm.
 * Tokens that are not quite equal leak gradient from the token-mean mode: where two tokens' angle is theta, their ReLU
 * masks differ in a share theta/pi of features, which adds theta/(4 pi T) to a specific part of 2^-(L - l + 1). At
 * correlation 1 - 1e-4, T = L = 8, that makes the PostNorm mean 0.004 larger (0.003 measured, same seeds); at
 * 1 - 1e-10 and L = 16, 0.0005. */
#define FACTOR_MARGIN "2/d"
#define FACTOR_REASON                                                                                                  \
    "O(1/d): 0.35/d measured for the geometric mean over the blocks, 1.2/d for a single block; tokens that are not "   \
    "quite equal add at most 0.1 %"

const struct claim claims[] = {
    {
        "pre-variance",
        "theory 4; Xiong et al., arXiv 2002.04745, Lemma 2",
        "PreNorm with unit init: the activation variance grows linearly, every block adds between f = 1 (the FFN "
        "alone) "
        "and f + alpha = 2 (all tokens equal)",
        "placement=prenorm init=unit",
        "placement=prenorm init=unit heads=2 tokens=8",
        {{"increment", "activation_variance", "1", "L", "@pre-variance-floor", "@pre-variance-ceiling", "0.1",
          "the bounds are exact in expectation at every width; 5 % of the ceiling is what the samples resolve where "
          "the tokens have collapsed and the increment nears 2"}},
        VERDICT_SUPPORTED,
        {{"layers=8 width=64", 256}, {"layers=16 width=128", 800}, {"layers=32 width=256", 2000}},
    },
    {
        "post-variance",
        "theory 4",
        "PostNorm: the activation variance is 1 at every block's output, whatever L",
        "placement=postnorm input-scale=1",
        "placement=postnorm heads=2 tokens=8 width=64",
        {{"value", "activation_variance", "1", "L", "@post-variance", "@post-variance", EPS_MARGIN, EPS_REASON}},
        VERDICT_SUPPORTED,
        {{"init=unit layers=8; init=scaleinit layers=24", 4},
         {"init=unit layers=8; init=scaleinit layers=8; init=unit layers=128", 8},
         {"init=unit layers=8; init=scaleinit layers=8; init=xavier layers=8; init=unit layers=1024", 16}},
    },
    {
        "span-variance",
        "theory 4; arXiv 2601.22580 (\"bounded signal variance\")",
        "SpanNorm: the activation variance is 1 at every block's output, whatever L",
        "placement=spannorm input-scale=1",
        "placement=spannorm heads=2 tokens=8 width=64",
        {{"value", "activation_variance", "1", "L", "@span-variance", "@span-variance", EPS_MARGIN, EPS_REASON}},
        VERDICT_SUPPORTED,
        {{"init=unit layers=8; init=scaleinit layers=24", 4},
         {"init=unit layers=8; init=scaleinit layers=8; init=scaleinit layers=128", 8},
         {"init=unit layers=8; init=scaleinit layers=8; init=xavier layers=8; init=scaleinit layers=1024", 16}},
    },
    {
        "post-vanishing",
        "theory 4",
        "PostNorm with unit init and equal tokens: the token-specific gradient is multiplied by 1/2 per block from the "
        "output, whose cotangent is independent between tokens, to the input",
        "placement=postnorm init=unit activation=relu mask=none cotangent=iid input-scale=1 "
        "input-correlation>=0.9999999999 layers<=16",
        "placement=postnorm init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        {{"block-factor", "gradient_specific", "1", "L", "@post-half-life", "@post-half-life", FACTOR_MARGIN,
          FACTOR_REASON}},
        VERDICT_SUPPORTED,
        {{"layers=8 width=64", 256},
         {"layers=8 width=128; layers=16 width=128", 512},
         {"layers=8 width=256; layers=16 width=256; layers=8 width=256 tokens=32 heads=4", 1024}},
    },
    {
        "span-half-life",
        "theory 4",
        "SpanNorm with unit init and equal tokens: the token-specific gradient is multiplied by 3/4 per block from the "
        "output, whose cotangent is independent between tokens, to the input",
        "placement=spannorm init=unit activation=relu mask=none cotangent=iid input-scale=1 "
        "input-correlation>=0.9999999999 layers<=16",
        "placement=spannorm init=unit heads=2 tokens=8 input-correlation=0.9999999999",
        {{"block-factor", "gradient_specific", "1", "L", "@span-half-life", "@span-half-life", FACTOR_MARGIN,
          FACTOR_REASON}},
        VERDICT_SUPPORTED,
        {{"layers=8 width=64", 256},
         {"layers=8 width=128; layers=16 width=128", 512},
         {"layers=8 width=256; layers=16 width=256; layers=8 width=256 tokens=32 heads=4", 1024}},
    },
    {
        /* Ceiling: the product of (1 + f' rho_l)/(1 + f) with f = f' = c^2/L is exp of about the sum of f (rho_l - 1),
         * rho_l - 1 the surplus of attention's backward gain over its forward gain, both O(c^2/L): k c^4/L in all.
         * Measured in the limit of width: k = 0.15 at most (T = 8, L = 2, 4, 8; T = 2 to 32, L = 4). Width adds 2.5/d
         * to the log (d = 32, 64, 128 at L = 8: 0.091, 0.052, 0.037). */
        "span-isometry",
        "theory 4; arXiv 2601.22580 (\"stable gradients\")",
        "SpanNorm with ScaleInit: g_0/g_L lies between (1 + c^2/L)^-L, which is at least e^(-c^2), and 1 + O(1/L) for "
        "every L, and does not drift with L",
        "placement=spannorm init=scaleinit activation=relu mask=none cotangent=iid input-scale=1",
        "placement=spannorm init=scaleinit heads=2 tokens=8",
        {{"log-ratio", "gradient_variance", "0", "L", "@span-gradient-floor", "c^4/2/L", "10/d",
          "O(1/d): 2.5/d measured at d = 32 to 128 for every L; the ceiling is the exact value, not a bound with room"},
         {"log-ratio-trend", "gradient_variance", "0", "L", "0", "0", "0.0225*c^4 + 1/d",
          "the ceiling's own O(1/L) lets the log fall by c^4/16 from L = 8 to 128, a slope of 0.0225; 1/d where the "
          "2.5/d of the width is not the same for every L"}},
        VERDICT_SUPPORTED,
        {{"layers=8 width=64; layers=32 width=64; layers=128 width=64", 256},
         {"layers=8 width=128; layers=32 width=128; layers=128 width=128", 256},
         {"layers=8 width=128; layers=32 width=128; layers=128 width=128; layers=1024 width=128", 256}},
    },
    {
        /* With uniform attention the recursion of (q, p) is two lines; over layers L/8..L its slope is within 0.03 of
         * -1 for L = 32 to 1024 and T = 1 to 64: -0.980 (L = 32, T = 1) to -1.028 (L = 128, T = 64). */
        "pre-collapse",
        "theory 4; arXiv 2002.04745; claims C31",
        "PreNorm with unit init: 1 - cos(x_(l-1), x_l) falls like 1/l (log-log slope -1 over the layers L/8 to L)",
        "placement=prenorm init=unit mask=none input-scale=1 layers>=32",
        "placement=prenorm init=unit heads=2 tokens=8",
        {{"approach-slope", "layer_cosine", "L/8", "L", "-1", "-1", "0.03 + 4/d",
          "0.03 is the distance of the infinite-width slope from -1 at finite L; 4/d for the width (0.4/d measured)"}},
        VERDICT_SUPPORTED,
        {{"layers=32 width=64", 128}, {"layers=64 width=64", 256}, {"layers=64 width=128; layers=256 width=128", 512}},
    },
};
const size_t claim_count = sizeof claims / sizeof *claims;

const struct claim *claim_find(const char *id, struct error *error)
{
    const char *names[sizeof claims / sizeof *claims];
    for (size_t i = 0; i < claim_count; i++) {
        if (strcmp(claims[i].id, id) == 0)
            return &claims[i];
        names[i] = claims[i].id;
    }
    const char *nearest = error_nearest(id, names, claim_count);
    if (nearest)
        error_set(error, ERROR_INPUT, "unknown claim '%s'; did you mean '%s'?", id, nearest);
    else
        error_set(error, ERROR_INPUT, "unknown claim '%s'; see `spanscope verify --list`", id);
    return NULL;
}

/* Configurations */

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " ;");
}

int claim_configuration_count(const struct claim *claim, enum claim_tier tier)
{
    int count = 0;
    for (const char *s = skip_blanks(claim->plans[tier].configurations); *s; s = skip_blanks(s + strcspn(s, ";")))
        count++;
    return count;
}

enum { CONFIGURATION_MAX = 256 };

/* Number i of the plan's, which exists. */
static void configuration_text(const struct claim_plan *plan, int i, char text[CONFIGURATION_MAX])
{
    const char *s = skip_blanks(plan->configurations);
    while (i-- > 0)
        s = skip_blanks(s + strcspn(s, ";"));
    snprintf(text, CONFIGURATION_MAX, "%.*s", (int)strcspn(s, ";"), s);
}

int claim_model(const struct claim *claim, const struct claim_options *options, int i, struct model *model,
                struct error *error)
{
    char text[CONFIGURATION_MAX];
    configuration_text(&claim->plans[options->tier], i, text);
    model_defaults(model);
    int code = setting_apply_all(model, claim->settings, error);
    if (code == ERROR_NONE)
        code = setting_apply_all(model, text, error);
    for (int o = 0; code == ERROR_NONE && o < options->override_count; o++)
        code = setting_apply(model, options->overrides[o].name, options->overrides[o].text, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

/* The model without what it owns or calls itself by: plain values that can be compared as bytes, because a setting
 * writes its own field only. */
static struct model *plain_copy(const struct model *model, struct model *copy)
{
    memcpy(copy, model, sizeof *copy);
    memset(copy->placement, 0, sizeof copy->placement);
    memset(&copy->formula, 0, sizeof copy->formula);
    memset(&copy->init, 0, sizeof copy->init);
    return copy;
}

static bool same_settings(const struct model *a, const struct model *b)
{
    struct model x, y;
    return strcmp(a->placement, b->placement) == 0 && strcmp(a->init.label, b->init.label) == 0 &&
           a->init.c == b->init.c && a->init.s == b->init.s &&
           memcmp(plain_copy(a, &x), plain_copy(b, &y), sizeof x) == 0;
}

/* Hypotheses */

struct hypothesis {
    char name[64];
    char relation; /* '=', '<' or '>'; the last two include equality */
    const char *value;
    char word[160];
};

/* Takes the next word of *text; false at its end. */
static bool next_hypothesis(const char **text, struct hypothesis *hypothesis)
{
    *text += strspn(*text, " ");
    size_t length = strcspn(*text, " ");
    if (length == 0)
        return false;
    snprintf(hypothesis->word, sizeof hypothesis->word, "%.*s", (int)length, *text);
    size_t name = strcspn(hypothesis->word, "<>=");
    snprintf(hypothesis->name, sizeof hypothesis->name, "%.*s", (int)name, hypothesis->word);
    hypothesis->relation = hypothesis->word[name];
    hypothesis->value = hypothesis->word + name + strspn(hypothesis->word + name, "<>=");
    *text += length;
    return true;
}

/* The model with the setting taken is the model itself. Labels stand for formulas and initialisations. */
static int holds_equal(const struct hypothesis *hypothesis, const struct model *model, bool *holds, struct error *error)
{
    struct model taken;
    plain_copy(model, &taken);
    int code = setting_apply(&taken, hypothesis->name, hypothesis->value, error);
    if (code == ERROR_NONE) {
        if (taken.placement[0] == '\0')
            memcpy(taken.placement, model->placement, sizeof taken.placement);
        if (taken.init.label[0] == '\0')
            memcpy(taken.init.label, model->init.label, sizeof taken.init.label);
        if (!strchr(hypothesis->value, ':')) { /* any value of the initialisation's parameter */
            taken.init.c = model->init.c;
            taken.init.s = model->init.s;
        }
        *holds = same_settings(&taken, model);
    }
    model_free(&taken);
    return code;
}

/* A numeric field: the table of settings gives integers the argument N and reals X. */
static double field_value(const struct setting *setting, const struct model *model)
{
    const char *field = (const char *)model + setting->offset;
    if (setting->argument[0] == 'N')
        return *(const int *)field;
    return *(const double *)field;
}

static int holds_order(const struct hypothesis *hypothesis, const struct model *model, bool *holds, struct error *error)
{
    const struct setting *setting = setting_find(hypothesis->name, error);
    double value;
    if (!setting)
        return error->code;
    int code = setting_real(hypothesis->name, hypothesis->value, &value, error);
    if (code != ERROR_NONE)
        return code;
    double difference = field_value(setting, model) - value;
    *holds = hypothesis->relation == '<' ? difference <= 0 : difference >= 0;
    return ERROR_NONE;
}

int claim_hypotheses(const struct claim *claim, const struct model *model, bool *holds, char why[CLAIM_WHY_MAX],
                     struct error *error)
{
    struct hypothesis hypothesis;
    int code = ERROR_NONE;
    *holds = true;
    for (const char *text = claim->hypotheses; code == ERROR_NONE && *holds && next_hypothesis(&text, &hypothesis);) {
        bool equal = hypothesis.relation == '=';
        code = equal ? holds_equal(&hypothesis, model, holds, error) : holds_order(&hypothesis, model, holds, error);
    }
    if (code == ERROR_NONE && !*holds)
        snprintf(why, CLAIM_WHY_MAX, "the claim assumes %s", hypothesis.word);
    return code;
}

/* Bounds */

static int scalar(const char *what, const char *text, const struct graph_scope *scope, double *value,
                  struct error *error)
{
    struct theory_line line = {.id = what, .expression = text};
    return theory_evaluate(&line, scope, value, error);
}

/* The row's values at the layers 0..L as if they were a sample, through the statistic. */
static int theory_bound(const char *id, const struct statistic *statistic, const struct model *model, int first,
                        int last, double *value, struct error *error)
{
    const struct theory_line *line = theory_find(id);
    if (!line)
        return error_set(error, ERROR_INPUT, "bound @%s is no row of the theory", id);
    struct wide *column = calloc((size_t)model->layers + 1, sizeof *column);
    if (!column)
        return error_set(error, ERROR_RESOURCE, "out of memory for a bound");
    int code = ERROR_NONE;
    int from = first > 0 ? first - 1 : 0; /* statistics look one layer below their range at most */
    for (int l = from; code == ERROR_NONE && l <= last; l++) {
        struct graph_scope scope = model_scope(model, l);
        double at = 0;
        code = theory_evaluate(line, &scope, &at, error);
        column[l] = wide_of(at);
    }
    if (code == ERROR_NONE)
        *value = statistic->evaluate(column, first, last);
    free(column);
    return code;
}

static int bound(const char *text, double absent, const struct claim_check *check, const struct model *model, int first,
                 int last, double *value, struct error *error)
{
    *value = absent;
    if (!text)
        return ERROR_NONE;
    if (text[0] == '@')
        return theory_bound(text + 1, statistic_find(check->statistic), model, first, last, value, error);
    struct graph_scope scope = model_scope(model, last);
    return scalar("bound", text, &scope, value, error);
}

int claim_bounds(const struct claim_check *check, const struct model *model, int first, int last, double *lower,
                 double *upper, double *margin, struct error *error)
{
    struct graph_scope scope = model_scope(model, last);
    int code = bound(check->lower, -INFINITY, check, model, first, last, lower, error);
    if (code == ERROR_NONE)
        code = bound(check->upper, INFINITY, check, model, first, last, upper, error);
    if (code == ERROR_NONE)
        code = scalar("margin", check->margin, &scope, margin, error);
    return code;
}

/* Measuring */

/* One check in one configuration. */
struct family {
    const struct claim_check *check;
    const struct statistic *statistic;
    int column, first, last;
    int count;                  /* numbers a sample */
    struct estimate *estimates; /* [count] */
    double *series;             /* [samples] of a trend, else NULL */
};

struct configuration {
    struct model model;
    char text[CONFIGURATION_MAX];
    struct family families[CLAIM_CHECKS_MAX];
    int families_count;
    int columns; /* of the schema */
    int64_t seen;
    struct wide *gathered; /* [L + 1]: one column */
};

static void configuration_free(struct configuration *configuration)
{
    model_free(&configuration->model);
    for (int f = 0; f < configuration->families_count; f++) {
        free(configuration->families[f].estimates);
        free(configuration->families[f].series);
    }
    free(configuration->gathered);
}

static void visit(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct configuration *configuration = context;
    for (int f = 0; f < configuration->families_count; f++) {
        struct family *family = &configuration->families[f];
        for (int l = 0; l <= configuration->model.layers; l++)
            configuration->gathered[l] = values[l * configuration->columns + family->column];
        for (int i = 0; i < family->count; i++) {
            int first = family->first + i, last = family->statistic->by_layer ? first : family->last;
            double number = family->statistic->evaluate(configuration->gathered, first, last);
            estimate_add(&family->estimates[i], wide_of(number));
            if (family->series)
                family->series[configuration->seen] = number;
        }
    }
    configuration->seen++;
}

static int layer_of(const char *text, const struct model *model, int *layer, struct error *error)
{
    struct graph_scope scope = model_scope(model, model->layers);
    double value = 0;
    int code = scalar("layer", text, &scope, &value, error);
    *layer = (int)fmax(0, fmin(value, model->layers));
    return code;
}

/* why stays empty where the check can be made. */
static int family_init(struct family *family, const struct claim_check *check, const struct configuration *of,
                       const struct observe_schema *schema, int64_t samples, char *why, struct error *error)
{
    *family = (struct family){.check = check, .statistic = statistic_find(check->statistic)};
    family->column = observe_find(schema, check->observable);
    int code = layer_of(check->first, &of->model, &family->first, error);
    if (code == ERROR_NONE)
        code = layer_of(check->last, &of->model, &family->last, error);
    if (code != ERROR_NONE)
        return code;
    if (family->column < 0)
        snprintf(why, CLAIM_WHY_MAX, "the model has no %s", check->observable);
    else if (family->first < family->statistic->least || family->first > family->last)
        snprintf(why, CLAIM_WHY_MAX, "the claim needs more than %d layers", of->model.layers);
    if (*why)
        return ERROR_NONE;
    family->count = family->statistic->by_layer ? family->last - family->first + 1 : 1;
    family->estimates = calloc((size_t)family->count, sizeof *family->estimates);
    family->series = family->statistic->trend ? calloc((size_t)samples, sizeof *family->series) : NULL;
    if (!family->estimates || (family->statistic->trend && !family->series))
        return error_set(error, ERROR_RESOURCE, "out of memory for %s", check->observable);
    return ERROR_NONE;
}

static int configuration_measure(struct configuration *configuration, const struct claim *claim,
                                 const struct claim_options *options, int64_t samples, char *why, struct error *error)
{
    struct sampler sampler;
    int threads = samples < options->threads ? (int)samples : options->threads;
    int code = sampler_init(&sampler, &configuration->model, options->engine, false, threads, options->memory, error);
    if (code != ERROR_NONE)
        return code;
    configuration->columns = sampler.stack.depth.schema.column_count;
    configuration->gathered = calloc((size_t)configuration->model.layers + 1, sizeof *configuration->gathered);
    if (!configuration->gathered)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d layers", configuration->model.layers);
    for (int c = 0; code == ERROR_NONE && !*why && c < CLAIM_CHECKS_MAX && claim->checks[c].statistic; c++)
        code = family_init(&configuration->families[configuration->families_count++], &claim->checks[c], configuration,
                           &sampler.stack.depth.schema, samples, why, error);
    if (code == ERROR_NONE && !*why)
        code = sampler_run(&sampler, options->seed, 0, (uint64_t)samples, options->stop, visit, configuration, error);
    sampler_free(&sampler);
    return code;
}

static void add_test(struct claim_result *result, const struct claim_check *check, const struct estimate *estimate,
                     const double bounds[3], const char *label)
{
    struct verdict_test *test = &result->tests[result->count];
    result->checks[result->count++] = check;
    struct wide se = estimate_se(estimate);
    snprintf(test->label, sizeof test->label, "%s", label);
    test->n = estimate->n;
    test->mean = wide_value(estimate_mean(estimate));
    test->se = wide_present(se) ? wide_value(se) : NAN;
    test->lower = bounds[0];
    test->upper = bounds[1];
    test->margin = bounds[2];
}

static int add_family(struct claim_result *result, const struct configuration *configuration,
                      const struct family *family, struct error *error)
{
    for (int i = 0; i < family->count; i++) {
        int first = family->first + i, last = family->statistic->by_layer ? first : family->last;
        double bounds[3];
        char label[VERDICT_LABEL_MAX];
        int code = claim_bounds(family->check, &configuration->model, first, last, &bounds[0], &bounds[1], &bounds[2],
                                error);
        if (code != ERROR_NONE)
            return code;
        if (family->statistic->by_layer)
            snprintf(label, sizeof label, "%s at layer %d of %.40s", family->statistic->name, first,
                     configuration->text);
        else
            snprintf(label, sizeof label, "%s of %.60s", family->statistic->name, configuration->text);
        add_test(result, family->check, &family->estimates[i], bounds, label);
    }
    return ERROR_NONE;
}

/* The slope over configurations, one number a sample: sample i of every configuration belongs together. */
static int add_trend(struct claim_result *result, const struct configuration *configurations, int count, int f,
                     int64_t samples, double *x, double *y, struct error *error)
{
    struct estimate estimate = {0};
    const struct family *family = &configurations[0].families[f];
    double bounds[3];
    for (int64_t s = 0; s < samples; s++) {
        for (int i = 0; i < count; i++) {
            x[i] = log(configurations[i].model.layers);
            y[i] = configurations[i].families[f].series[s];
        }
        estimate_add(&estimate, wide_of(statistic_slope(count, x, y)));
    }
    int code = claim_bounds(family->check, &configurations[0].model, family->first, family->last, &bounds[0],
                            &bounds[1], &bounds[2], error);
    if (code == ERROR_NONE)
        add_test(result, family->check, &estimate, bounds, family->statistic->name);
    return code;
}

static int add_tests(struct claim_result *result, const struct configuration *configurations, int count,
                     struct error *error)
{
    size_t tests = 0;
    for (int i = 0; i < count; i++)
        for (int f = 0; f < configurations[i].families_count; f++)
            tests += (size_t)configurations[i].families[f].count;
    result->tests = calloc(tests, sizeof *result->tests);
    result->checks = calloc(tests, sizeof *result->checks);
    double *points = calloc(2 * (size_t)count, sizeof *points);
    int code = ERROR_NONE;
    if (!result->tests || !result->checks || !points)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %zu tests", tests);
    for (int f = 0; code == ERROR_NONE && f < configurations[0].families_count; f++) {
        if (configurations[0].families[f].statistic->trend)
            code = add_trend(result, configurations, count, f, result->samples, points, points + count, error);
        else
            for (int i = 0; code == ERROR_NONE && i < count; i++)
                code = add_family(result, &configurations[i], &configurations[i].families[f], error);
    }
    free(points);
    return code;
}

/* Overrides can make configurations equal: the first stands for all. */
static bool is_repeated(const struct configuration *configurations, int i)
{
    for (int j = 0; j < i; j++)
        if (same_settings(&configurations[j].model, &configurations[i].model))
            return true;
    return false;
}

static bool is_overridden(const struct claim_options *options, const char *word)
{
    size_t length = strcspn(word, "= ");
    for (int o = 0; o < options->override_count; o++)
        if (strlen(options->overrides[o].name) == length && strncmp(options->overrides[o].name, word, length) == 0)
            return true;
    return false;
}

/* The plan's words that the overrides leave, and the overrides, as far as they fit. */
static void describe(const struct claim *claim, const struct claim_options *options, int i,
                     char text[CONFIGURATION_MAX])
{
    char plan[CONFIGURATION_MAX];
    size_t used = 0;
    configuration_text(&claim->plans[options->tier], i, plan);
    text[0] = '\0';
    for (const char *word = plan; *word; word += strspn(word, " ")) {
        size_t length = strcspn(word, " ");
        if (!is_overridden(options, word))
            snprintf(text + used, CONFIGURATION_MAX - used, "%s%.*s", used > 0 ? " " : "", (int)length, word);
        used = strlen(text);
        word += length;
    }
    for (int o = 0; o < options->override_count; o++, used = strlen(text))
        snprintf(text + used, CONFIGURATION_MAX - used, "%s%s=%s", used > 0 ? " " : "", options->overrides[o].name,
                 options->overrides[o].text);
}

/* Builds every configuration before anything is sampled. */
static int prepare(const struct claim *claim, const struct claim_options *options, struct configuration *configurations,
                   int *count, char *why, struct error *error)
{
    int all = claim_configuration_count(claim, options->tier), code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && !*why && i < all; i++) {
        struct configuration *next = &configurations[*count];
        bool holds = true;
        code = claim_model(claim, options, i, &next->model, error);
        if (code != ERROR_NONE)
            return code;
        describe(claim, options, i, next->text);
        code = claim_hypotheses(claim, &next->model, &holds, why, error);
        if (is_repeated(configurations, *count))
            model_free(&next->model);
        else
            (*count)++;
    }
    return code;
}

static bool has_trend(const struct claim *claim)
{
    bool trend = false;
    for (int c = 0; c < CLAIM_CHECKS_MAX && claim->checks[c].statistic; c++)
        trend |= statistic_find(claim->checks[c].statistic)->trend;
    return trend;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int claim_measure(const struct claim *claim, const struct claim_options *options, struct claim_result *result,
                  struct error *error)
{
    double begin = now();
    int all = claim_configuration_count(claim, options->tier), count = 0;
    *result = (struct claim_result){.claim = claim};
    result->samples = options->samples > 0 ? options->samples : claim->plans[options->tier].samples;
    char *why = result->not_applicable;
    struct configuration *configurations = calloc((size_t)all, sizeof *configurations);
    if (!configurations)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d configurations", all);
    int code = prepare(claim, options, configurations, &count, why, error);
    if (code == ERROR_NONE && !*why && has_trend(claim) && count < 2)
        snprintf(why, CLAIM_WHY_MAX, "the claim compares several depths, and the options leave one");
    for (int i = 0; code == ERROR_NONE && !*why && i < count; i++)
        code = configuration_measure(&configurations[i], claim, options, result->samples, why, error);
    if (code == ERROR_NONE && !*why)
        code = add_tests(result, configurations, count, error);
    for (int i = 0; i < count; i++)
        configuration_free(&configurations[i]);
    free(configurations);
    result->seconds = now() - begin;
    if (code != ERROR_NONE)
        claim_result_free(result);
    return code;
}

void claim_result_free(struct claim_result *result)
{
    free(result->tests);
    free(result->checks);
    result->tests = NULL;
    result->checks = NULL;
    result->count = 0;
}

struct verdict_claim claim_evidence(const struct claim_result *result)
{
    return (struct verdict_claim){.tests = result->tests,
                                  .count = result->count,
                                  .not_applicable = result->not_applicable[0] ? result->not_applicable : NULL};
}
