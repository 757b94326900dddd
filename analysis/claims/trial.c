#include "analysis/claims/trial.h"

#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bounds/hypothesis.h"
#include "analysis/claims/contrast.h"
#include "sim/clock.h"
#include "sim/estimate.h"
#include "sim/readers.h"
#include "sim/setting.h"

/* A variance is estimated in batches of this many samples. With k degrees of freedom the logarithm of a normal sample's
 * variance has the bias psi(k/2) - log(k/2), which is taken off, and a spread of sqrt(2/k): an efficiency of 94 % here.
 */
enum { BATCH = 16 };

static int64_t budget_of(const struct trial *trial)
{
    return trial->options->samples > 0 ? trial->options->samples : trial->claim->plans[trial->options->tier].samples;
}

/* Configurations */

/* Overrides can make configurations equal: the first stands for all. */
static bool is_repeated(const struct trial *trial, const struct configuration *next)
{
    for (int j = 0; j < trial->count; j++)
        if (configuration_same(&trial->configurations[j], next))
            return true;
    return false;
}

static enum fit choose_configurations(struct trial *trial, struct error *error)
{
    int all = claim_configuration_count(trial->claim, trial->options->tier);
    enum fit fit = FIT_YES;
    trial->configurations = calloc((size_t)all + 1, sizeof *trial->configurations);
    if (!trial->configurations)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d configurations", all), FIT_ERROR;
    for (int i = 0; fit == FIT_YES && i < all; i++) {
        struct configuration *next = &trial->configurations[trial->count];
        fit = configuration_choose(next, trial->claim, trial->options, i, error);
        if (fit == FIT_YES && is_repeated(trial, next))
            configuration_free(next);
        else
            trial->count++;
    }
    return fit;
}

/* The list of tests */

static enum fit make_room(struct trial *trial, struct error *error)
{
    size_t checks = (size_t)claim_check_count(trial->claim), count = (size_t)trial->count, tests = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < checks; c++)
            tests += (size_t)trial->configurations[i].families[c].count;
    trial->list = calloc(tests + 1, sizeof *trial->list);
    trial->tests = calloc(tests + 1, sizeof *trial->tests);
    trial->members = calloc(checks * count + 1, sizeof *trial->members);
    trial->weights = calloc(checks * count + 1, sizeof *trial->weights);
    trial->points = calloc(count + 1, sizeof *trial->points);
    if (trial->list && trial->tests && trial->members && trial->weights && trial->points)
        return FIT_YES;
    return error_set(error, ERROR_RESOURCE, "out of memory for %zu tests", tests), FIT_ERROR;
}

/* Weights of the check's contrast over its members; FIT_NO where the options have left too few configurations. */
static enum fit weigh_members(const struct trial *trial, int c, int count, const int *members, double *weights,
                              struct error *error)
{
    const struct claim_check *check = &trial->claim->checks[c];
    const struct contrast *contrast = contrast_find(check->contrast);
    const struct configuration *of = trial->configurations;
    for (int m = 0; m < count; m++) {
        const struct model *model = &of[members[m]].model;
        if (claim_scalar("contrast", check->against ? check->against : "1", model, model->layers, &trial->points[m],
                         error) != ERROR_NONE)
            return FIT_ERROR;
    }
    contrast->weights(count, trial->points, weights);
    bool usable = count >= contrast->least;
    for (int m = 0; usable && m < count; m++)
        usable = (check->predictor.statistic || isfinite(weights[m])) &&
                 of[members[m]].families[c].count == of[members[0]].families[c].count;
    if (usable)
        return FIT_YES;
    error_set(error, ERROR_INPUT, "the claim compares configurations of different %s, and the options leave too few",
              check->against ? check->against
              : check->where ? check->where
                             : "settings");
    return FIT_NO;
}

/* A test for every number of the family. */
static void add_tests(struct trial *trial, int c, int member_count, const int *members, const double *weights)
{
    int numbers = trial->configurations[members[0]].families[c].count;
    for (int i = 0; i < numbers; i++)
        trial->list[trial->test_count++] = (struct trial_test){c, i, member_count, members, weights};
}

/* Of one check: over its contrast, or of every configuration that it means. */
static enum fit list_check(struct trial *trial, int c, struct error *error)
{
    int *members = trial->members + c * trial->count, count = 0;
    double *weights = trial->weights + c * trial->count;
    for (int i = 0; i < trial->count; i++)
        if (trial->configurations[i].families[c].member)
            members[count++] = i;
    if (trial->claim->checks[c].contrast) {
        enum fit fit = weigh_members(trial, c, count, members, weights, error);
        if (fit == FIT_YES)
            add_tests(trial, c, count, members, weights);
        return fit;
    }
    for (int m = 0; m < count; m++) {
        weights[m] = 1;
        add_tests(trial, c, 1, &members[m], &weights[m]);
    }
    return FIT_YES;
}

static enum fit list_tests(struct trial *trial, struct error *error)
{
    int checks = claim_check_count(trial->claim);
    enum fit fit = make_room(trial, error);
    for (int c = 0; fit == FIT_YES && c < checks; c++)
        fit = list_check(trial, c, error);
    if (fit != FIT_YES || trial->test_count > 0)
        return fit;
    return error_set(error, ERROR_INPUT, "the options leave no configuration that the claim means"), FIT_NO;
}

/* Bounds and labels */

static const struct contrast *contrast_of(const struct trial *trial, const struct trial_test *test)
{
    const char *name = trial->claim->checks[test->check].contrast;
    return name ? contrast_find(name) : NULL;
}

/* What the reference has for the test, through its statistic and its contrast as if it were a sample. */
static int reference_bound(struct trial *trial, const struct trial_test *test, const char *id, double *value,
                           struct error *error)
{
    for (int m = 0; m < test->member_count; m++) {
        struct configuration *configuration = &trial->configurations[test->members[m]];
        const struct family *family = &configuration->families[test->check];
        struct reference_place place = {.id = id, .observable = family->check->observable};
        family_layers(family, test->number, &place.first, &place.last);
        int code = reference_gather(&configuration->reference, &place, &configuration->depth, configuration->by_token,
                                    configuration->gathered, configuration->work, error);
        if (code != ERROR_NONE)
            return code;
        trial->points[m] = family->statistic->evaluate(configuration->gathered, place.first, place.last);
    }
    *value = contrast_apply(contrast_of(trial, test), test->member_count, test->weights, trial->points);
    return ERROR_NONE;
}

static int bound(struct trial *trial, const struct trial_test *test, const char *text, double absent, double *value,
                 struct error *error)
{
    *value = absent;
    if (!text)
        return ERROR_NONE;
    if (text[0] == '@')
        return reference_bound(trial, test, text + 1, value, error);
    const struct configuration *configuration = &trial->configurations[test->members[0]];
    int first, last;
    family_layers(&configuration->families[test->check], test->number, &first, &last);
    return claim_scalar("bound", text, &configuration->model, last, value, error);
}

static void print_label(const struct trial *trial, const struct trial_test *test, char label[VERDICT_LABEL_MAX])
{
    const struct claim_check *check = &trial->claim->checks[test->check];
    const struct configuration *configuration = &trial->configurations[test->members[0]];
    const struct family *family = &configuration->families[test->check];
    char at[32] = "", over[120], x[80];
    if (family->statistic->by_layer)
        snprintf(at, sizeof at, " at layer %d", family->first + test->number);
    if (family->statistic->by_layer && check->contrast && strcmp(check->first, check->last) == 0)
        snprintf(at, sizeof at, " at layer %.16s", check->first); /* which may differ between configurations */
    if (check->contrast)
        snprintf(over, sizeof over, "over %d configurations, its %s%s%s", test->member_count, check->contrast,
                 claim_print_against(check, x, sizeof x) > 0 ? " against " : "", x);
    else
        snprintf(over, sizeof over, "of %.70s", configuration->text);
    snprintf(label, VERDICT_LABEL_MAX, "%s%s of %s%s %s", check->variance ? "log variance of " : "",
             family->statistic->name, check->observable, at, over);
}

static int set_bounds(struct trial *trial, size_t t, struct error *error)
{
    const struct trial_test *test = &trial->list[t];
    const struct claim_check *check = &trial->claim->checks[test->check];
    const struct configuration *configuration = &trial->configurations[test->members[0]];
    struct verdict_test *evidence = &trial->tests[t];
    int first, last;
    family_layers(&configuration->families[test->check], test->number, &first, &last);
    *evidence = (struct verdict_test){.exact = configuration->families[test->check].column.exact};
    print_label(trial, test, evidence->label);
    int code = bound(trial, test, check->lower, -INFINITY, &evidence->lower, error);
    if (code == ERROR_NONE)
        code = bound(trial, test, check->upper, INFINITY, &evidence->upper, error);
    if (code == ERROR_NONE)
        code = claim_scalar("margin", check->margin, &configuration->model, last, &evidence->margin, error);
    if (code == ERROR_NONE && check->loose)
        code = claim_scalar("looseness", check->loose, &configuration->model, last, &evidence->loose, error);
    return code;
}

/* What is predicted of each member becomes its x. It is asked for late: predictions take longer than texts. */
static int predict_members(struct trial *trial, size_t t, struct error *error)
{
    const struct trial_test *test = &trial->list[t];
    const struct claim_quantity *by = &trial->claim->checks[test->check].predictor;
    const struct statistic *statistic = by->statistic ? statistic_find(by->statistic) : NULL;
    int code = ERROR_NONE;
    for (int m = 0; statistic && code == ERROR_NONE && m < test->member_count; m++) {
        struct configuration *configuration = &trial->configurations[test->members[m]];
        code = configuration_predicted(configuration, by, &trial->points[m], error);
    }
    if (statistic && code == ERROR_NONE)
        contrast_of(trial, test)
            ->weights(test->member_count, trial->points, trial->weights + (test->weights - trial->weights));
    return code;
}

static int set_all_bounds(struct trial *trial, struct error *error)
{
    int code = ERROR_NONE;
    for (size_t t = 0; code == ERROR_NONE && t < trial->test_count; t++)
        code = predict_members(trial, t, error);
    for (size_t t = 0; code == ERROR_NONE && t < trial->test_count; t++)
        code = set_bounds(trial, t, error);
    trial->bounded = code == ERROR_NONE;
    if (code == ERROR_INPUT)
        snprintf(trial->why, TRIAL_WHY_MAX, "its bounds say nothing here: %s", error->text);
    return code;
}

/* Evidence */

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

static void weigh(struct trial *trial, size_t t)
{
    const struct trial_test *test = &trial->list[t];
    struct verdict_test *evidence = &trial->tests[t];
    struct estimate estimate = {0};
    int64_t numbers = evidence->exact ? 1 : number_count(trial_check(trial, t), trial->samples);
    for (int64_t k = 0; k < numbers; k++) {
        for (int m = 0; m < test->member_count; m++)
            trial->points[m] = number(&trial->configurations[test->members[m]].families[test->check], k, test->number);
        estimate_add(&estimate, wide_of(contrast_apply(contrast_of(trial, test), test->member_count, test->weights,
                                                       trial->points)));
    }
    struct wide se = estimate_se(&estimate);
    evidence->n = estimate.n;
    evidence->mean = estimate.n > 0 ? wide_value(estimate_mean(&estimate)) : NAN;
    evidence->se = wide_present(se) ? wide_value(se) : NAN;
}

static int extend(void *context, int64_t samples, struct verdict_claim *verdict, struct error *error)
{
    struct trial *trial = context;
    int code = ERROR_NONE;
    bool sampled = false;
    for (int i = 0; code == ERROR_NONE && i < trial->count; i++) {
        code = configuration_extend(&trial->configurations[i], trial->options, samples, error);
        sampled |= configuration_needs_samples(&trial->configurations[i]);
    }
    if (code == ERROR_NONE && !trial->bounded)
        code = set_all_bounds(trial, error);
    verdict->count = 0;
    if (code != ERROR_NONE)
        return code;
    trial->samples = sampled ? samples : 0;
    for (size_t t = 0; t < trial->test_count; t++)
        weigh(trial, t);
    *verdict = trial_evidence(trial);
    return ERROR_NONE;
}

/* Trials */

static enum fit unplanned(const struct trial *trial, struct error *error)
{
    enum claim_tier tier = trial->options->tier;
    while (tier < CLAIM_FULL && !claim_is_planned(trial->claim, tier))
        tier++;
    error_set(error, ERROR_INPUT, "it takes longer than tier %s has; --tier %s measures it",
              claim_tier_names[trial->options->tier], claim_tier_names[tier]);
    return FIT_NO;
}

static enum fit prepare(struct trial *trial, struct error *error)
{
    if (trial->claim->beyond)
        return error_set(error, ERROR_INPUT, "%s", trial->claim->beyond), FIT_NO;
    if (!claim_is_planned(trial->claim, trial->options->tier))
        return unplanned(trial, error);
    enum fit fit = choose_configurations(trial, error);
    for (int i = 0; fit == FIT_YES && i < trial->count; i++)
        fit = configuration_prepare(&trial->configurations[i], trial->claim, budget_of(trial), error);
    return fit == FIT_YES ? list_tests(trial, error) : fit;
}

int trial_init(struct trial *trial, const struct claim *claim, const struct trial_options *options, struct error *error)
{
    double begin = clock_now();
    *trial = (struct trial){.claim = claim, .options = options};
    trial->fit = prepare(trial, error);
    trial->seconds = clock_now() - begin;
    if (trial->fit == FIT_ERROR) {
        trial_free(trial);
        return error->code;
    }
    if (trial->fit != FIT_YES)
        snprintf(trial->why, TRIAL_WHY_MAX, "%s", error->text);
    return ERROR_NONE;
}

void trial_free(struct trial *trial)
{
    for (int i = 0; i < trial->count; i++)
        configuration_free(&trial->configurations[i]);
    free(trial->configurations);
    free(trial->list);
    free(trial->tests);
    free(trial->members);
    free(trial->weights);
    free(trial->points);
    *trial = (struct trial){0};
}

const struct claim_check *trial_check(const struct trial *trial, size_t test)
{
    return &trial->claim->checks[trial->list[test].check];
}

bool trial_reads(const struct trial *trial, const char *name)
{
    struct error ignored;
    const struct setting *setting = setting_find(name, &ignored);
    for (int i = 0; setting && i < trial->count; i++)
        if (readers_exist(setting, &trial->configurations[i].model))
            return true;
    return false;
}

struct verdict_claim trial_evidence(const struct trial *trial)
{
    return (struct verdict_claim){.tests = trial->tests,
                                  .count = trial->bounded && !trial->why[0] ? trial->test_count : 0,
                                  .not_applicable = trial->why[0] ? trial->why : NULL};
}

int trial_decide(struct trial *trial, double alpha, struct verdict_claim *verdict, struct error *error)
{
    double begin = clock_now();
    struct verdict_looks looks = verdict_looks(budget_of(trial));
    *verdict = trial_evidence(trial);
    bool applied = !trial->why[0];
    int code = verdict_sequence(verdict, alpha, &looks, extend, trial, error);
    if (code != ERROR_NONE) {
        *verdict = trial_evidence(trial);
        verdict->count = 0;
        if (applied && trial->why[0]) /* found out by set_all_bounds */
            code = ERROR_NONE;
        verdict_decide(verdict, alpha);
    }
    trial->seconds += clock_now() - begin;
    return code;
}
