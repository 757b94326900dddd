#include "analysis/claims/configuration.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bounds/hypothesis.h"
#include "sim/invariant.h"
#include "sim/readers.h"
#include "sim/sampler.h"
#include "sim/setting.h"

static enum fit fit_of(int code)
{
    return code == ERROR_NONE ? FIT_YES : FIT_ERROR;
}

/* Choosing */

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

/* Whether the configuration has the setting otherwise than the claim, which does not speak of it. */
static bool is_silent_of(const struct claim *claim, const struct setting *setting, const struct model *own,
                         const struct model *model)
{
    return setting && !claim_speaks_of(claim, setting->name) && readers_exist(setting, model) &&
           !setting_same(setting, own, model);
}

/* A claim is about what its hypotheses name and what it leaves free; every other setting is as its own configurations
 * have it. So a setting that nobody thought of makes a claim inapplicable and never false, and so does the number that
 * comes with one: c of init=scaleinit:c. */
static enum fit check_silence(const struct configuration *configuration, const struct claim *claim,
                              const struct trial_options *options, int i, struct error *error)
{
    struct model own;
    if (claim_model(claim, options->tier, i, NULL, 0, &own, error) != ERROR_NONE)
        return FIT_ERROR;
    enum fit fit = FIT_YES;
    for (int o = 0; fit == FIT_YES && o < options->override_count; o++) {
        const struct claim_override *override = &options->overrides[o];
        const struct setting *setting = setting_find(override->name, error);
        if (!setting)
            fit = FIT_ERROR;
        else if (is_silent_of(claim, setting, &own, &configuration->model) ||
                 is_silent_of(claim, setting_parameter(setting, &configuration->model), &own, &configuration->model)) {
            error_set(error, ERROR_INPUT, "the claim says nothing of %s=%s", override->name, override->text);
            fit = FIT_NO;
        }
    }
    model_free(&own);
    return fit;
}

/* What no check reads is not measured: the losses without a block take longer than many a run. */
static int choose_recipe(struct configuration *configuration, const struct claim *claim,
                         const struct trial_options *options, int i, struct error *error)
{
    struct recipe *recipe = &configuration->recipe;
    configuration->trains = true;
    int code = claim_recipe(claim, options->tier, i, recipe, error);
    if (code == ERROR_NONE)
        code = recipe_check(recipe, &configuration->model, error);
    recipe->training.unablated = true;
    configuration->search = outcome_search_of(claim->checks[0].observable);
    for (int c = 0; c < claim_check_count(claim); c++) {
        const char *observable = claim->checks[c].observable;
        recipe->training.unablated &= !strstr(observable, MEASURE_ABLATED);
        if (outcome_search_of(observable) != configuration->search)
            configuration->search = NULL;
    }
    return code;
}

bool configuration_same(const struct configuration *a, const struct configuration *b)
{
    return hypothesis_same(&a->model, &b->model) && (!a->trains || recipe_same(&a->recipe, &b->recipe));
}

enum fit configuration_choose(struct configuration *configuration, const struct claim *claim,
                              const struct trial_options *options, int i, struct error *error)
{
    struct model *model = &configuration->model;
    char failed[HYPOTHESIS_WORD_MAX];
    bool holds = true;
    int code = claim_settings(claim, options->tier, i, options->overrides, options->override_count, model, error);
    if (code != ERROR_NONE)
        return FIT_ERROR;
    if (model_check(model, error) != ERROR_NONE)
        return error->code == ERROR_INPUT ? FIT_UNMADE : FIT_ERROR;
    if (claim->trains && choose_recipe(configuration, claim, options, i, error) != ERROR_NONE)
        return error->code == ERROR_INPUT ? FIT_UNMADE : FIT_ERROR;
    describe(claim, options, i, configuration->text);
    code = hypothesis_holds(claim->hypotheses, model, &holds, failed, error);
    if (code == ERROR_NONE && holds)
        return check_silence(configuration, claim, options, i, error);
    if (code == ERROR_NONE)
        error_set(error, ERROR_INPUT, "the claim assumes %s", failed);
    return code == ERROR_NONE ? FIT_NO : FIT_ERROR;
}

/* Preparing */

/* A layer that the model does not have is the one behind its last: it is not read in another's place. */
static int layer_of(const char *text, const struct model *model, int *layer, struct error *error)
{
    double value = 0;
    int code = claim_scalar("layer", text, model, model->layers, &value, error);
    *layer = (int)fmax(0, fmin(value, model->layers + 1));
    return code;
}

int configuration_predicted(struct configuration *configuration, const struct claim_quantity *quantity, double *value,
                            struct error *error)
{
    const struct model *model = &configuration->model;
    struct reference_place place = {.id = "predicted", .observable = quantity->observable};
    int code = layer_of(quantity->first, model, &place.first, error);
    if (code == ERROR_NONE)
        code = layer_of(quantity->last, model, &place.last, error);
    invariant(place.first <= model->layers && place.last <= model->layers);
    if (code == ERROR_NONE)
        code = reference_gather(&configuration->reference, &place, &configuration->depth, configuration->by_token,
                                configuration->gathered, configuration->work, error);
    if (code == ERROR_NONE)
        *value = statistic_find(quantity->statistic)->evaluate(configuration->gathered, place.first, place.last);
    return code;
}

/* What the check names, in this configuration; found is false where the model has no such observable. */
static int family_read(struct family *family, const struct claim_check *check,
                       const struct configuration *configuration, bool *found, struct error *error)
{
    char failed[HYPOTHESIS_WORD_MAX];
    const struct model *model = &configuration->model;
    *family = (struct family){.check = check, .statistic = statistic_find(check->statistic)};
    *found = true;
    int code = hypothesis_holds(check->where, model, &family->member, failed, error);
    if (code != ERROR_NONE || !family->member)
        return code;
    code = column_parse(&family->column, check->observable, &configuration->depth.schema, found, error);
    if (code == ERROR_NONE)
        code = layer_of(check->first, model, &family->first, error);
    if (code == ERROR_NONE)
        code = layer_of(check->last, model, &family->last, error);
    return code;
}

static enum fit family_init(struct family *family, const struct claim_check *check,
                            const struct configuration *configuration, int64_t budget, struct error *error)
{
    bool found;
    int code = family_read(family, check, configuration, &found, error);
    if (code != ERROR_NONE || !family->member)
        return fit_of(code);
    if (!found) {
        error_set(error, ERROR_INPUT, "the model has no %s", check->observable);
        return FIT_NO;
    }
    if (family->first < family->statistic->least || family->first > family->last ||
        family->last > configuration->model.layers) {
        error_set(error, ERROR_INPUT, "the claim needs more layers than %d", configuration->model.layers);
        return FIT_NO;
    }
    family->count = family->statistic->by_layer ? family->last - family->first + 1 : 1;
    family->series = calloc((size_t)budget * (size_t)family->count, sizeof *family->series);
    if (!family->series)
        error_set(error, ERROR_RESOURCE, "out of memory for %s", check->observable);
    return family->series ? FIT_YES : FIT_ERROR;
}

enum fit configuration_prepare(struct configuration *configuration, const struct claim *claim, int64_t budget,
                               struct error *error)
{
    const struct model *model = &configuration->model;
    int checks = claim_check_count(claim);
    for (int c = 0; c < checks; c++)
        configuration->by_token |= column_by_token(claim->checks[c].observable);
    enum fit fit = fit_of(depth_init(&configuration->depth, model, configuration->by_token, error));
    if (fit == FIT_YES && configuration->trains)
        fit = fit_of(outcome_columns(&configuration->depth.schema, error));
    configuration->gathered = calloc((size_t)model->layers + 1, sizeof *configuration->gathered);
    configuration->work = calloc((size_t)model->tokens, sizeof *configuration->work);
    if (fit == FIT_YES && (!configuration->gathered || !configuration->work))
        fit = fit_of(error_set(error, ERROR_RESOURCE, "out of memory for %d layers", model->layers));
    for (int c = 0; fit == FIT_YES && c < checks; c++)
        fit = family_init(&configuration->families[c], &claim->checks[c], configuration, budget, error);
    return fit;
}

void configuration_free(struct configuration *configuration)
{
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++)
        free(configuration->families[c].series);
    reference_free(&configuration->reference);
    recipe_free(&configuration->recipe);
    free(configuration->gathered);
    free(configuration->work);
    depth_free(&configuration->depth);
    model_free(&configuration->model);
}

/* Sampling */

void family_layers(const struct family *family, int i, int *first, int *last)
{
    *first = family->first + i;
    *last = family->statistic->by_layer ? *first : family->last;
}

static void visit(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct configuration *configuration = context;
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++) {
        struct family *family = &configuration->families[c];
        if (!family->member)
            continue;
        column_gather(&family->column, &configuration->depth, values, configuration->gathered, configuration->work);
        for (int i = 0; i < family->count; i++) {
            int first, last;
            family_layers(family, i, &first, &last);
            family->series[configuration->seen * family->count + i] = family->statistic->evaluate(
                configuration->gathered, first, last);
        }
    }
    configuration->seen++;
}

bool configuration_needs_samples(const struct configuration *configuration)
{
    bool needs = false;
    for (int c = 0; c < CLAIM_CHECKS_MAX; c++)
        needs |= configuration->families[c].member && !configuration->families[c].column.exact;
    return needs;
}

static int train(struct configuration *configuration, const struct trial_options *options, int64_t samples,
                 struct error *error)
{
    struct outcome_plan plan = {
        .model = &configuration->model,
        .recipe = &configuration->recipe,
        .schema = &configuration->depth.schema,
        .search = configuration->search,
        .memo = options->memo,
        .seed = options->seed,
        .threads = options->threads,
        .memory = options->memory,
        .stop = options->stop,
        .visit = visit,
        .context = configuration,
    };
    return outcome_sample(&plan, (uint64_t)configuration->seen, (uint64_t)(samples - configuration->seen), error);
}

static int sample(struct configuration *configuration, const struct trial_options *options, int64_t samples,
                  struct error *error)
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

int configuration_extend(struct configuration *configuration, const struct trial_options *options, int64_t samples,
                         struct error *error)
{
    if (configuration_needs_samples(configuration))
        return configuration->trains ? train(configuration, options, samples, error)
                                     : sample(configuration, options, samples, error);
    if (configuration->seen == 0)
        visit(configuration, 0, NULL);
    return ERROR_NONE;
}
