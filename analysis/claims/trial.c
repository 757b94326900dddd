#include "analysis/claims/trial.h"

#include <gsl/gsl_sf_psi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "analysis/claims/column.h"
#include "analysis/claims/contrast.h"
#include "sim/estimate.h"
#include "analysis/bounds/hypothesis.h"
#include "analysis/claims/reference.h"
#include "analysis/claims/statistic.h"
#include "sim/sampler.h"
#include "sim/setting.h"

/* A variance is estimated in batches of this many samples. With k degrees of freedom the logarithm of a normal sample's
 * variance has the bias psi(k/2) - log(k/2), which is taken off, and a spread of sqrt(2/k): an efficiency of 94 % here.
 */
enum { BATCH = 16 };

/* One check in one configuration. */
struct family {
    const struct claim_check *check;
    const struct statistic *statistic;
    bool member; /* whether the check means this configuration */
    struct column column;
    int first, last;
    int count;      /* numbers a sample */
    double *series; // [budget][count]
};

struct trial_configuration {
    struct model model;
    char text[CLAIM_TEXT_MAX];
    struct depth depth; /* schema and blocks */
    bool by_token;
    struct family families[CLAIM_CHECKS_MAX];
    struct reference reference;
    struct wide *gathered; /* [L + 1]: one column */
    struct wide *work;     /* [T] */
    int64_t seen;
};

static void configuration_free(struct trial_configuration *configuration)
{
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++)
        free(configuration->families[c].series);
    reference_free(&configuration->reference);
    free(configuration->gathered);
    free(configuration->work);
    depth_free(&configuration->depth);
    model_free(&configuration->model);
}

/* Configurations */

static bool is_overridden(const struct trial_options *options, const char *word)
{
    size_t length = strcspn(word, "= ");
    for (int o = 0; o < options->override_count; o++)
        if (strlen(options->overrides[o].name) == length && strncmp(options->overrides[o].name, word, length) == 0)
            return true;
    return false;
}

/* The plan's words that the overrides leave, and the overrides, as far as they fit. */
static void describe(const struct claim *claim, const struct trial_options *options, int i, char text[CLAIM_TEXT_MAX])
{
    char plan[CLAIM_TEXT_MAX];
    const char *rest = plan;
    size_t used = 0, length;
    claim_configuration(claim, options->tier, i, plan);
    text[0] = '\0';
    for (const char *word; (word = setting_word(&rest, &length)); used = strlen(text))
        if (!is_overridden(options, word))
            snprintf(text + used, CLAIM_TEXT_MAX - used, "%s%.*s", used > 0 ? " " : "", (int)length, word);
    for (int o = 0; o < options->override_count; o++, used = strlen(text))
        snprintf(text + used, CLAIM_TEXT_MAX - used, "%s%s=%s", used > 0 ? " " : "", options->overrides[o].name,
                 options->overrides[o].text);
}

/* Overrides can make configurations equal: the first stands for all. */
static bool is_repeated(const struct trial *trial, const struct model *model)
{
    for (int j = 0; j < trial->count; j++)
        if (hypothesis_same(&trial->configurations[j].model, model))
            return true;
    return false;
}

static int add_configurations(struct trial *trial, struct error *error)
{
    const struct trial_options *options = trial->options;
    int all = claim_configuration_count(trial->claim, options->tier);
    trial->configurations = calloc((size_t)all + 1, sizeof *trial->configurations);
    if (!trial->configurations)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d configurations", all);
    for (int i = 0; i < all; i++) {
        struct trial_configuration *next = &trial->configurations[trial->count];
        char failed[HYPOTHESIS_WORD_MAX];
        bool holds;
        int code = claim_model(trial->claim, options->tier, i, options->overrides, options->override_count,
                               &next->model, error);
        if (code != ERROR_NONE)
            return code;
        if (is_repeated(trial, &next->model)) {
            model_free(&next->model);
            continue;
        }
        trial->count++;
        describe(trial->claim, options, i, next->text);
        code = hypothesis_holds(trial->claim->hypotheses, &next->model, &holds, failed, error);
        if (code == ERROR_NONE && !holds)
            snprintf(trial->not_applicable, TRIAL_WHY_MAX, "the claim assumes %s", failed);
        if (code != ERROR_NONE || !holds)
            return code;
    }
    return ERROR_NONE;
}

/* Families */

static int layer_of(const char *text, const struct model *model, int *layer, struct error *error)
{
    double value = 0;
    int code = claim_scalar("layer", text, model, model->layers, &value, error);
    *layer = (int)fmax(0, fmin(value, model->layers));
    return code;
}

/* not_applicable stays empty where the check can be made. */
static int family_init(struct family *family, const struct claim_check *check,
                       const struct trial_configuration *configuration, int64_t budget, char *why, struct error *error)
{
    const struct model *model = &configuration->model;
    char failed[HYPOTHESIS_WORD_MAX];
    bool found = false;
    *family = (struct family){.check = check, .statistic = statistic_find(check->statistic)};
    int code = hypothesis_holds(check->where, model, &family->member, failed, error);
    if (code != ERROR_NONE || !family->member)
        return code;
    code = column_parse(&family->column, check->observable, &configuration->depth.schema, &found, error);
    if (code == ERROR_NONE)
        code = layer_of(check->first, model, &family->first, error);
    if (code == ERROR_NONE)
        code = layer_of(check->last, model, &family->last, error);
    if (code != ERROR_NONE)
        return code;
    if (!found)
        snprintf(why, TRIAL_WHY_MAX, "the model has no %s", check->observable);
    else if (family->first < family->statistic->least || family->first > family->last)
        snprintf(why, TRIAL_WHY_MAX, "the claim needs more than %d layers", model->layers);
    if (*why)
        return ERROR_NONE;
    family->count = family->statistic->by_layer ? family->last - family->first + 1 : 1;
    family->series = calloc((size_t)budget * (size_t)family->count, sizeof *family->series);
    return family->series ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for %s", check->observable);
}

static int configuration_init(struct trial_configuration *configuration, const struct trial *trial, int64_t budget,
                              char *why, struct error *error)
{
    const struct claim *claim = trial->claim;
    int checks = claim_check_count(claim);
    for (int c = 0; c < checks; c++)
        configuration->by_token |= column_by_token(claim->checks[c].observable);
    int code = depth_init(&configuration->depth, &configuration->model, configuration->by_token, error);
    configuration->gathered = calloc((size_t)configuration->model.layers + 1, sizeof *configuration->gathered);
    configuration->work = calloc((size_t)configuration->model.tokens, sizeof *configuration->work);
    if (code == ERROR_NONE && (!configuration->gathered || !configuration->work))
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d layers", configuration->model.layers);
    for (int c = 0; code == ERROR_NONE && !*why && c < checks; c++)
        code = family_init(&configuration->families[c], &claim->checks[c], configuration, budget, why, error);
    return code;
}

/* Tests */

/* The configurations that a test is over, with their weights: one with weight 1, or those of a contrast. */
struct members {
    int count;
    struct trial_configuration **of; /* [count] */
    double *weights;                 /* [count] */
    double *points;                  /* [count]: scratch */
};

static int members_init(struct members *members, int most, struct error *error)
{
    *members = (struct members){.of = calloc((size_t)most + 1, sizeof *members->of),
                                .weights = calloc(2 * (size_t)most + 1, sizeof *members->weights)};
    members->points = members->weights + most;
    return members->of && members->weights ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
}

static void members_free(struct members *members)
{
    free(members->of);
    free(members->weights);
}

/* Weights of the check's contrast; why is set where the options have left too few configurations. */
static int members_weigh(struct members *members, const struct claim_check *check, int c, char *why,
                         struct error *error)
{
    const struct contrast *contrast = contrast_find(check->contrast);
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < members->count; i++)
        code = claim_scalar("contrast", check->against ? check->against : "1", &members->of[i]->model,
                            members->of[i]->model.layers, &members->points[i], error);
    if (code != ERROR_NONE)
        return code;
    contrast->weights(members->count, members->points, members->weights);
    bool usable = members->count >= contrast->least;
    for (int i = 0; usable && i < members->count; i++)
        usable = isfinite(members->weights[i]) &&
                 members->of[i]->families[c].count == members->of[0]->families[c].count;
    if (!usable)
        snprintf(why, TRIAL_WHY_MAX, "the claim compares configurations of different %s, and the options leave too few",
                 check->against ? check->against
                 : check->where ? check->where
                                : "settings");
    return ERROR_NONE;
}

/* Value of a bound for number i of the family. */
static int bound(const char *text, double absent, const struct members *members, int c, int i, double *value,
                 struct error *error)
{
    *value = absent;
    if (!text)
        return ERROR_NONE;
    int code = ERROR_NONE;
    for (int m = 0; code == ERROR_NONE && m < members->count; m++) {
        struct trial_configuration *configuration = members->of[m];
        const struct family *family = &configuration->families[c];
        int first = family->first + i, last = family->statistic->by_layer ? first : family->last;
        if (text[0] != '@')
            return claim_scalar("bound", text, &configuration->model, last, value, error);
        first = family->statistic->by_layer ? first : family->first;
        struct reference_place place = {text + 1, family->check->observable, first, last};
        code = reference_gather(&configuration->reference, &place, &configuration->depth, configuration->by_token,
                                configuration->gathered, configuration->work, error);
        if (code == ERROR_NONE)
            members->points[m] = family->statistic->evaluate(configuration->gathered, first, last);
    }
    if (code == ERROR_NONE)
        *value = contrast_apply(members->count, members->weights, members->points);
    return code;
}

static int add_test(struct trial *trial, const struct members *members, int c, int i, struct error *error)
{
    const struct claim_check *check = &trial->claim->checks[c];
    const struct family *family = &members->of[0]->families[c];
    struct verdict_test *test = &trial->tests[trial->test_count];
    int layer = family->first + i, last = family->statistic->by_layer ? layer : family->last;
    *test = (struct verdict_test){.exact = family->column.exact};
    int code = bound(check->lower, -INFINITY, members, c, i, &test->lower, error);
    if (code == ERROR_NONE)
        code = bound(check->upper, INFINITY, members, c, i, &test->upper, error);
    if (code == ERROR_NONE)
        code = claim_scalar("margin", check->margin, &members->of[0]->model, last, &test->margin, error);
    char at[32] = "", over[80];
    if (family->statistic->by_layer)
        snprintf(at, sizeof at, " at layer %d", layer);
    if (family->statistic->by_layer && check->contrast && strcmp(check->first, check->last) == 0)
        snprintf(at, sizeof at, " at layer %.16s", check->first); /* which may differ between configurations */
    if (check->contrast)
        snprintf(over, sizeof over, "over %d configurations, its %s%s%s", members->count, check->contrast,
                 check->against ? " against " : "", check->against ? check->against : "");
    else
        snprintf(over, sizeof over, "of %.70s", members->of[0]->text);
    snprintf(test->label, sizeof test->label, "%s%s of %s%s %s", check->variance ? "log variance of " : "",
             family->statistic->name, check->observable, at, over);
    trial->checks[trial->test_count++] = check;
    return code;
}

/* Calls add for every test: where there is a contrast, one for each number of the family; else for each configuration.
 */
static int each_test(struct trial *trial, int add(struct trial *, const struct members *, int c, int i, struct error *),
                     struct error *error)
{
    struct members members;
    int code = members_init(&members, trial->count, error), checks = claim_check_count(trial->claim);
    for (int c = 0; code == ERROR_NONE && !*trial->not_applicable && c < checks; c++) {
        const struct claim_check *check = &trial->claim->checks[c];
        members.count = 0;
        for (int k = 0; code == ERROR_NONE && k < trial->count; k++) {
            struct trial_configuration *configuration = &trial->configurations[k];
            if (!configuration->families[c].member)
                continue;
            members.of[members.count++] = configuration;
            if (check->contrast)
                continue;
            members.weights[0] = 1;
            for (int i = 0; code == ERROR_NONE && i < configuration->families[c].count; i++)
                code = add(trial, &members, c, i, error);
            members.count = 0;
        }
        if (code == ERROR_NONE && check->contrast)
            code = members_weigh(&members, check, c, trial->not_applicable, error);
        for (int i = 0;
             code == ERROR_NONE && check->contrast && !*trial->not_applicable && i < members.of[0]->families[c].count;
             i++)
            code = add(trial, &members, c, i, error);
    }
    members_free(&members);
    return code;
}

static int count_test(struct trial *trial, const struct members *members, int c, int i, struct error *error)
{
    (void)members, (void)c, (void)i, (void)error;
    trial->test_count++;
    return ERROR_NONE;
}

static int add_tests(struct trial *trial, struct error *error)
{
    int code = each_test(trial, count_test, error);
    if (code != ERROR_NONE || *trial->not_applicable)
        return code;
    trial->tests = calloc(trial->test_count + 1, sizeof *trial->tests);
    trial->checks = calloc(trial->test_count + 1, sizeof *trial->checks);
    if (!trial->tests || !trial->checks)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu tests", trial->test_count);
    trial->test_count = 0;
    return each_test(trial, add_test, error);
}

/* Numbers of a family that a test averages over: samples, or batches of them. */
static int64_t number_count(const struct claim_check *check, int64_t samples)
{
    return check->variance ? samples / BATCH : samples;
}

static double log_variance(const struct family *family, int64_t batch, int i)
{
    struct estimate estimate = {0};
    for (int64_t s = batch * BATCH; s < (batch + 1) * BATCH; s++)
        estimate_add(&estimate, wide_of(family->series[s * family->count + i]));
    double half = (BATCH - 1) / 2.;
    return 2 * wide_log(estimate_sd(&estimate)) - (gsl_sf_psi(half) - log(half));
}

static double number(const struct family *family, int64_t k, int i)
{
    if (family->column.exact) /* no sample changes it, and none need be drawn */
        return family->series[i];
    return family->check->variance ? log_variance(family, k, i) : family->series[k * family->count + i];
}

/* The next test's evidence, from the series. */
static int weigh_test(struct trial *trial, const struct members *members, int c, int i, struct error *error)
{
    (void)error;
    struct verdict_test *test = &trial->tests[trial->test_count++];
    struct estimate estimate = {0};
    int64_t numbers = test->exact ? 1 : number_count(trial->checks[trial->test_count - 1], trial->samples);
    for (int64_t k = 0; k < numbers; k++) {
        for (int m = 0; m < members->count; m++)
            members->points[m] = number(&members->of[m]->families[c], k, i);
        estimate_add(&estimate, wide_of(contrast_apply(members->count, members->weights, members->points)));
    }
    struct wide se = estimate_se(&estimate);
    test->n = estimate.n;
    test->mean = estimate.n > 0 ? wide_value(estimate_mean(&estimate)) : NAN;
    test->se = wide_present(se) ? wide_value(se) : NAN;
    return ERROR_NONE;
}

/* Sampling */

static void visit(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct trial_configuration *configuration = context;
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++) {
        struct family *family = &configuration->families[c];
        if (!family->member)
            continue;
        column_gather(&family->column, &configuration->depth, values, configuration->gathered, configuration->work);
        for (int i = 0; i < family->count; i++) {
            int first = family->first + i, last = family->statistic->by_layer ? first : family->last;
            family->series[configuration->seen * family->count + i] = family->statistic->evaluate(
                configuration->gathered, first, last);
        }
    }
    configuration->seen++;
}

static bool needs_samples(const struct trial_configuration *configuration)
{
    bool needs = false;
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++)
        needs |= configuration->families[c].member && !configuration->families[c].column.exact;
    return needs;
}

static int configuration_sample(struct trial_configuration *configuration, const struct trial_options *options,
                                int64_t samples, struct error *error)
{
    int64_t missing = samples - configuration->seen;
    int threads = missing < options->threads ? (int)missing : options->threads;
    struct sampler sampler;
    int code = sampler_init(&sampler, &configuration->model, options->engine, configuration->by_token, threads,
                            options->memory, error);
    if (code != ERROR_NONE)
        return code;
    code = sampler_run(&sampler, options->seed, (uint64_t)configuration->seen, (uint64_t)missing, options->stop, visit,
                       configuration, error);
    sampler_free(&sampler);
    return code;
}

static int extend(void *context, int64_t samples, struct verdict_claim *verdict, struct error *error)
{
    struct trial *trial = context;
    int code = ERROR_NONE;
    bool sampled = false;
    for (int i = 0; code == ERROR_NONE && i < trial->count; i++) {
        struct trial_configuration *configuration = &trial->configurations[i];
        bool needs = needs_samples(configuration);
        if (needs)
            code = configuration_sample(configuration, trial->options, samples, error);
        else if (configuration->seen == 0)
            visit(configuration, 0, NULL);
        sampled |= needs;
    }
    if (code == ERROR_NONE && !trial->tests)
        code = add_tests(trial, error);
    if (code == ERROR_NONE) {
        trial->samples = sampled ? samples : 0;
        trial->test_count = 0;
        code = each_test(trial, weigh_test, error);
    }
    if (code != ERROR_NONE)
        trial->test_count = 0;
    verdict->tests = trial->tests;
    verdict->count = trial->test_count;
    return code;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int64_t budget_of(const struct trial *trial)
{
    return trial->options->samples > 0 ? trial->options->samples : trial->claim->plans[trial->options->tier].samples;
}

int trial_init(struct trial *trial, const struct claim *claim, const struct trial_options *options, struct error *error)
{
    double begin = now();
    *trial = (struct trial){.claim = claim, .options = options};
    if (claim->beyond) {
        snprintf(trial->not_applicable, TRIAL_WHY_MAX, "%s", claim->beyond);
        return ERROR_NONE;
    }
    int code = add_configurations(trial, error);
    for (int i = 0; code == ERROR_NONE && !*trial->not_applicable && i < trial->count; i++)
        code = configuration_init(&trial->configurations[i], trial, budget_of(trial), trial->not_applicable, error);
    if (code == ERROR_NONE && !*trial->not_applicable) {
        code = each_test(trial, count_test, error);
        if (code == ERROR_NONE && !*trial->not_applicable && trial->test_count == 0)
            snprintf(trial->not_applicable, TRIAL_WHY_MAX, "the options leave no configuration that the claim means");
        trial->test_count = 0;
    }
    trial->seconds = now() - begin;
    if (code != ERROR_NONE)
        trial_free(trial);
    return code;
}

void trial_free(struct trial *trial)
{
    for (int i = 0; i < trial->count; i++)
        configuration_free(&trial->configurations[i]);
    free(trial->configurations);
    free(trial->tests);
    free(trial->checks);
    *trial = (struct trial){0};
}

bool trial_reads(const struct trial *trial, const char *name)
{
    struct error ignored;
    const struct setting *setting = setting_find(name, &ignored);
    for (int i = 0; setting && i < trial->count; i++)
        if (setting_is_read(setting, &trial->configurations[i].model))
            return true;
    return false;
}

struct verdict_claim trial_evidence(const struct trial *trial)
{
    return (struct verdict_claim){.tests = trial->tests,
                                  .count = trial->test_count,
                                  .not_applicable = trial->not_applicable[0] ? trial->not_applicable : NULL};
}

int trial_decide(struct trial *trial, double alpha, struct verdict_claim *verdict, struct error *error)
{
    double begin = now();
    struct verdict_looks looks = verdict_looks(budget_of(trial));
    *verdict = trial_evidence(trial);
    int code = verdict_sequence(verdict, alpha, &looks, extend, trial, error);
    trial->seconds += now() - begin;
    return code;
}
