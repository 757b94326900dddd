#include "lib/spanscope.h"

#include <gsl/gsl_errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/profile.h"
#include "build_version.h"
#include "sim/budget.h"
#include "sim/memory.h"
#include "sim/readers.h"
#include "sim/setting.h"
#include "sim/team.h"
#include "sim/text.h"

const char *spanscope_version(void)
{
    return BUILD_VERSION;
}

/* ---- errors ---- */

static void silence(void)
{
    gsl_set_error_handler_off();
}

/* GSL would end the process where a quadrature does not converge; every caller looks at what it got. */
static void begin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
}

/* Hands an error over and returns its code. */
static int tell(const struct error *from, int code, struct spanscope_error *to)
{
    if (!to)
        return code;
    to->code = code;
    snprintf(to->text, sizeof to->text, "%s", code == SPANSCOPE_OK ? "" : from->text);
    return code;
}

/* ---- models ---- */

struct spanscope_model {
    struct model model;
    atomic_int holders; /* profiles, and the user */
};

static struct spanscope_model *hold(const struct spanscope_model *model)
{
    struct spanscope_model *held = (struct spanscope_model *)(uintptr_t)model; // only the count changes
    atomic_fetch_add(&held->holders, 1);
    return held;
}

/* Of a setting that is given twice one text would be lost. */
static int check_once(const struct setting *setting, bool *given, struct error *error)
{
    size_t i = (size_t)(setting - settings);
    if (given[i])
        return error_set(error, ERROR_INPUT, "%s is given twice", setting->name);
    given[i] = true;
    return ERROR_NONE;
}

/* The settings that a model was given. */
struct given {
    const struct model *model;
    bool *settings; // [setting_count]
};

/* A word NAME=VALUE, and the parameter that a value such as scaleinit:2 gives beside it. */
static int check_word(void *context, char *word, struct error *error)
{
    const struct given *given = context;
    const struct model *model = given->model;
    char readers[128], *value = strchr(word, '=');
    *value++ = '\0';
    setting_unquote(value);
    const struct setting *setting = setting_find(word, error);
    if (!setting || check_once(setting, given->settings, error) != ERROR_NONE)
        return error->code;
    const struct setting *parameter = setting_gives(setting, value);
    if (parameter && check_once(parameter, given->settings, error) != ERROR_NONE)
        return error->code;
    if (readers_exist(setting, model))
        return ERROR_NONE;
    readers_print(setting, readers, sizeof readers);
    return error_set(error, ERROR_INPUT, "%s: nothing in placement %s reads it; it is for %s", setting->name,
                     model->placement, readers);
}

/* Something in the model must read every setting that was given; the text has made one. */
static int check_words(const struct model *model, const char *text, struct error *error)
{
    bool settings_given[setting_count];
    memset(settings_given, 0, sizeof settings_given);
    return setting_each(text, check_word, &(struct given){model, settings_given}, error);
}

static int set_up(struct model *model, const char *text, struct error *error)
{
    model_defaults(model);
    int code = setting_apply_all(model, SETTING_BEGIN, error);
    if (code == ERROR_NONE)
        code = setting_apply_all(model, text, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code == ERROR_NONE)
        code = check_words(model, text, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

spanscope_model *spanscope_model_new(const char *text, struct spanscope_error *error)
{
    struct error own = {0};
    struct spanscope_model *model = calloc(1, sizeof *model);
    begin();
    int code = model ? set_up(&model->model, text ? text : "", &own)
                     : error_set(&own, ERROR_RESOURCE, "out of memory for a model");
    if (code != ERROR_NONE) {
        free(model);
        model = NULL;
    } else {
        model->holders = 1;
    }
    tell(&own, code, error);
    return model;
}

void spanscope_model_free(spanscope_model *model)
{
    if (!model || atomic_fetch_sub(&model->holders, 1) > 1)
        return;
    model_free(&model->model);
    free(model);
}

long spanscope_model_get(const spanscope_model *model, const char *setting, char *buffer, size_t size,
                         struct spanscope_error *error)
{
    struct error own = {0};
    const struct setting *found = setting_find(setting, &own);
    tell(&own, found ? ERROR_NONE : own.code, error);
    return found ? (long)setting_print(found, &model->model, buffer, size) : (long)own.code;
}

/* ---- profiles ---- */

struct spanscope_profile {
    struct spanscope_model *model;
    int layers, columns;
    int64_t samples;
    char (*text)[OBSERVE_NAME_MAX];  // [columns], of the names
    const char **names, **summaries; // [columns]
    double *values;                  // [SPANSCOPE_STATISTICS][columns][L + 1]
    double stack[OVERALLS][SPANSCOPE_STATISTICS];
};

static double *column_of(const struct spanscope_profile *profile, int column, int statistic)
{
    size_t rows = (size_t)profile->layers + 1;
    return profile->values + ((size_t)statistic * (size_t)profile->columns + (size_t)column) * rows;
}

void spanscope_profile_free(spanscope_profile *profile)
{
    if (!profile)
        return;
    free(profile->text);
    free(profile->names);
    free(profile->summaries);
    free(profile->values);
    spanscope_model_free(profile->model);
    free(profile);
}

/* An empty profile of the columns of a schema: no number is known. */
static struct spanscope_profile *make_profile(const struct spanscope_model *model, const struct observe_schema *schema,
                                              struct error *error)
{
    size_t columns = (size_t)schema->column_count, rows = (size_t)model->model.layers + 1;
    size_t count = memory_multiply(memory_multiply(columns, rows), SPANSCOPE_STATISTICS);
    struct spanscope_profile *profile = calloc(1, sizeof *profile);
    if (profile) {
        profile->model = hold(model);
        profile->text = calloc(columns, sizeof *profile->text);
        profile->names = calloc(columns, sizeof *profile->names);
        profile->summaries = calloc(columns, sizeof *profile->summaries);
        profile->values = memory_doubles(count);
    }
    if (!profile || !profile->text || !profile->names || !profile->summaries || !profile->values) {
        spanscope_profile_free(profile);
        error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", model->model.layers);
        return NULL;
    }
    profile->layers = model->model.layers;
    profile->columns = schema->column_count;
    for (size_t c = 0; c < columns; c++) {
        memcpy(profile->text[c], schema->columns[c].name, sizeof *profile->text);
        profile->names[c] = profile->text[c];
        profile->summaries[c] = observables[schema->columns[c].observable].summary;
    }
    for (size_t i = 0; i < count; i++)
        profile->values[i] = NAN;
    for (int i = 0; i < OVERALLS; i++)
        for (int s = 0; s < SPANSCOPE_STATISTICS; s++)
            profile->stack[i][s] = NAN;
    return profile;
}

/* What an estimate says, spread only where it has one. */
static void fill(double values[SPANSCOPE_STATISTICS], const struct estimate *estimate, struct wide se, bool has_spread)
{
    struct wide lo, hi, mean = estimate_mean(estimate);
    if (estimate->n == 0)
        return;
    values[SPANSCOPE_MEAN] = wide_exact(mean);
    values[SPANSCOPE_LOG10_MEAN] = wide_log10(mean);
    values[SPANSCOPE_SE] = wide_exact(se);
    if (!has_spread)
        return;
    estimate_interval(estimate, 0.95, &lo, &hi);
    values[SPANSCOPE_SD] = wide_exact(estimate_sd(estimate));
    values[SPANSCOPE_LO] = wide_exact(lo);
    values[SPANSCOPE_HI] = wide_exact(hi);
    values[SPANSCOPE_MEAN_LOG] = estimate_mean_log(estimate);
    values[SPANSCOPE_SD_LOG] = estimate_sd_log(estimate);
}

static void take_cell(struct spanscope_profile *to, const struct profile *from, int layer, int column)
{
    double values[SPANSCOPE_STATISTICS];
    for (int s = 0; s < SPANSCOPE_STATISTICS; s++)
        values[s] = NAN;
    fill(values, profile_cell(from, layer, column), profile_se(from, layer, column), profile_has_spread(from));
    for (int s = 0; s < SPANSCOPE_STATISTICS; s++)
        column_of(to, column, s)[layer] = values[s];
}

static struct spanscope_profile *take_profile(const struct spanscope_model *model, const struct profile *from,
                                              struct error *error)
{
    struct spanscope_profile *profile = make_profile(model, from->schema, error);
    if (!profile)
        return NULL;
    profile->samples = from->samples;
    for (int l = 0; l <= profile->layers; l++)
        for (int c = 0; c < profile->columns; c++)
            take_cell(profile, from, l, c);
    for (int i = 0; i < OVERALLS; i++)
        fill(profile->stack[i], &from->overall[i], profile_overall_se(from, i), from->kind == SCHEMA_MEASURED);
    return profile;
}

/* ---- sampling ---- */

enum { DEFAULT_SAMPLES = 16, DEFAULT_BUDGET = 100000, THREADS_MAX = 1024 };

/* The default in place of 0. */
static int read_threads(int given, int *threads, struct error *error)
{
    *threads = given == 0 ? team_processors() : given;
    if (*threads < 1 || *threads > THREADS_MAX)
        return error_set(error, ERROR_INPUT, "threads: %d is not between 1 and %d", given, THREADS_MAX);
    return ERROR_NONE;
}

/* 0, or a fraction. */
static int check_fraction(const char *name, double value, struct error *error)
{
    if (value >= 0 && value < 1)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "%s: %g is not 0, nor above 0 and below 1", name, value);
}

static int read_engine(const char *name, const struct linear_engine **engine, struct error *error)
{
    const char *names[8] = {"auto"};
    size_t count = 1;
    for (; count <= linear_engine_count; count++)
        names[count] = linear_engines[count - 1].name;
    *engine = name ? linear_engine_find(name) : NULL;
    if (!name || *engine || strcmp(name, names[0]) == 0)
        return ERROR_NONE;
    return text_unknown(error, "engine", name, names, count);
}

static int read_plan(const struct spanscope_sampling *sampling, struct profile_plan *plan, struct error *error)
{
    int64_t usual = sampling->precision > 0 ? DEFAULT_BUDGET : DEFAULT_SAMPLES;
    if (sampling->samples < 0)
        return error_set(error, ERROR_INPUT, "samples: %lld is below 0", (long long)sampling->samples);
    *plan = (struct profile_plan){.seed = sampling->seed,
                                  .first = sampling->first,
                                  .samples = sampling->samples > 0 ? sampling->samples : usual,
                                  .precision = sampling->precision,
                                  .stop = sampling->stop};
    return check_fraction("precision", sampling->precision, error);
}

/* The profile of the samples, of those so far where it was interrupted. */
static int measure(const struct spanscope_model *model, struct sampler *sampler, const struct profile_plan *plan,
                   struct spanscope_profile **made, struct error *error)
{
    struct profile profile;
    int code = profile_init(&profile, sampler, error);
    if (code != ERROR_NONE)
        return code;
    code = profile_measure(&profile, sampler, plan, error);
    if (code == ERROR_NONE || (code == ERROR_INTERRUPTED && profile.samples > 0)) {
        *made = take_profile(model, &profile, error);
        code = *made ? code : (int)error->code;
    }
    if (code == ERROR_INTERRUPTED)
        error_set(error, code, "interrupted after %lld of %lld samples", (long long)profile.samples,
                  (long long)plan->samples);
    profile_free(&profile);
    return code;
}

static int sample(const struct spanscope_model *model, const struct spanscope_sampling *sampling,
                  struct spanscope_profile **made, struct error *error)
{
    const struct linear_engine *engine;
    struct profile_plan plan;
    struct sampler sampler;
    int threads, code = read_plan(sampling, &plan, error);
    if (code == ERROR_NONE)
        code = read_engine(sampling->engine, &engine, error);
    if (code == ERROR_NONE)
        code = read_threads(sampling->threads, &threads, error);
    if (code != ERROR_NONE)
        return code;
    threads = plan.samples < threads ? (int)plan.samples : threads;
    size_t memory = sampling->memory > 0 ? sampling->memory : budget_available(threads);
    code = sampler_init(&sampler, &model->model, engine, sampling->per_token != 0, threads, memory, error);
    if (code != ERROR_NONE)
        return code;
    code = measure(model, &sampler, &plan, made, error);
    sampler_free(&sampler);
    return code;
}

spanscope_profile *spanscope_sample(const spanscope_model *model, const struct spanscope_sampling *sampling,
                                    struct spanscope_error *error)
{
    static const struct spanscope_sampling defaults;
    struct error own = {0};
    struct spanscope_profile *profile = NULL;
    begin();
    tell(&own, sample(model, sampling ? sampling : &defaults, &profile, &own), error);
    return profile;
}

/* ---- predicting ---- */

static int read_moments(const struct spanscope_prediction *given, struct moments_options *options, struct error *error)
{
    *options = moments_defaults();
    options->per_token = given->per_token != 0;
    options->width_limit = given->width_limit != 0;
    options->full = given->full != 0 || given->replicas > 0;
    options->seed = given->seed;
    options->stop = given->stop;
    if (given->error > 0)
        options->error = options->order = given->error;
    if (given->draws > 0)
        options->draws = given->draws;
    options->replicas = given->replicas;
    if (given->draws < 0 || given->replicas < 0)
        return error_set(error, ERROR_INPUT, "%s: %d is below 0", given->draws < 0 ? "draws" : "replicas",
                         given->draws < 0 ? given->draws : given->replicas);
    int code = check_fraction("error", given->error, error);
    return code == ERROR_NONE ? read_threads(given->threads, &options->threads, error) : code;
}

/* What draws there are depends on the reading. */
static int check_draws(const struct spanscope_prediction *given, bool at_width, struct error *error)
{
    if (at_width && given->draws > 0)
        return error_set(error, ERROR_INPUT, "draws is for width_limit; the model's own width has replicas");
    if (!at_width && given->replicas > 0)
        return error_set(
            error, ERROR_INPUT,
            "replicas is for the model's own width, which is known of normal weights; the limit has draws");
    return ERROR_NONE;
}

static int predict(const struct spanscope_model *model, const struct spanscope_prediction *prediction,
                   struct spanscope_profile **made, struct error *error)
{
    struct moments_options options;
    struct profile profile;
    int code = read_moments(prediction, &options, error);
    if (code == ERROR_NONE)
        code = check_draws(prediction, moments_at_width(&options, &model->model), error);
    if (code == ERROR_NONE)
        code = budget_check(options.threads, 0, error);
    if (code == ERROR_NONE)
        code = profile_predict(&profile, &model->model, &options, error);
    if (code != ERROR_NONE)
        return code;
    *made = take_profile(model, &profile, error);
    profile_free(&profile);
    return *made ? ERROR_NONE : (int)error->code;
}

spanscope_profile *spanscope_predict(const spanscope_model *model, const struct spanscope_prediction *prediction,
                                     struct spanscope_error *error)
{
    static const struct spanscope_prediction defaults;
    struct error own = {0};
    struct spanscope_profile *profile = NULL;
    begin();
    tell(&own, predict(model, prediction ? prediction : &defaults, &profile, &own), error);
    return profile;
}

/* ---- bounding ---- */

static int bound(const struct spanscope_model *model, bool per_token, struct spanscope_profile **made,
                 struct error *error)
{
    struct bounds bounds;
    struct bounds_options options = {.per_token = per_token};
    int code = bounds_derive(&model->model, &options, &bounds, error);
    if (code != ERROR_NONE)
        return code;
    struct spanscope_profile *profile = *made = make_profile(model, &bounds.depth.schema, error);
    for (int l = 0; profile && l <= profile->layers; l++)
        for (int c = 0; c < profile->columns; c++) {
            size_t cell = (size_t)l * (size_t)profile->columns + (size_t)c;
            column_of(profile, c, SPANSCOPE_FLOOR)[l] = wide_exact(bounds.lo[cell]);
            column_of(profile, c, SPANSCOPE_CEILING)[l] = wide_exact(bounds.hi[cell]);
        }
    bounds_free(&bounds);
    return profile ? ERROR_NONE : (int)error->code;
}

spanscope_profile *spanscope_bound(const spanscope_model *model, int per_token, struct spanscope_error *error)
{
    struct error own = {0};
    struct spanscope_profile *profile = NULL;
    begin();
    tell(&own, bound(model, per_token != 0, &profile, &own), error);
    return profile;
}

/* ---- reading ---- */

int spanscope_profile_layers(const spanscope_profile *profile)
{
    return profile->layers;
}

int spanscope_profile_columns(const spanscope_profile *profile)
{
    return profile->columns;
}

int64_t spanscope_profile_samples(const spanscope_profile *profile)
{
    return profile->samples;
}

static bool has_column(const struct spanscope_profile *profile, int column)
{
    return column >= 0 && column < profile->columns;
}

const char *spanscope_profile_name(const spanscope_profile *profile, int column)
{
    return has_column(profile, column) ? profile->names[column] : NULL;
}

const char *spanscope_profile_summary(const spanscope_profile *profile, int column)
{
    return has_column(profile, column) ? profile->summaries[column] : NULL;
}

int spanscope_profile_find(const spanscope_profile *profile, const char *name, struct spanscope_error *error)
{
    struct error own = {0};
    for (int c = 0; c < profile->columns; c++)
        if (strcmp(profile->names[c], name) == 0) {
            tell(&own, SPANSCOPE_OK, error);
            return c;
        }
    return tell(&own, text_unknown(&own, "column", name, profile->names, (size_t)profile->columns), error);
}

const double *spanscope_profile_column(const spanscope_profile *profile, int column, enum spanscope_statistic statistic)
{
    return has_column(profile, column) && (int)statistic >= 0 && statistic < SPANSCOPE_STATISTICS
               ? column_of(profile, column, (int)statistic)
               : NULL;
}

int spanscope_profile_quantity(const spanscope_profile *profile, const char *quantity,
                               enum spanscope_statistic statistic, double *value, struct spanscope_error *error)
{
    struct error own = {0};
    int i = overall_find(quantity, &own), code = i < 0 ? (int)own.code : ERROR_NONE;
    if (i >= 0 && ((int)statistic < 0 || statistic >= SPANSCOPE_STATISTICS))
        code = error_set(&own, ERROR_INPUT, "there is no statistic number %d", (int)statistic);
    *value = code == ERROR_NONE ? profile->stack[i][statistic] : NAN;
    return tell(&own, code, error);
}
