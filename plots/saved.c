#include "plots/saved.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/schema.h"
#include "plots/learning.h"
#include "sim/observe.h"
#include "sim/setting.h"
#include "train/recipe.h"

/* Where a message points. */
struct place {
    const char *path;
    size_t line;
    const struct saved_list *list; /* what is read into */
};

static int broken(const struct place *place, struct error *error, const char *expected)
{
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected %s", place->path, place->line, expected);
}

static bool whole_number(const json_t *value, int least, int *number)
{
    double size = json_is_number(value) ? json_number_value(value) : NAN;
    if (!(size >= least && size <= INT_MAX) || size != floor(size))
        return false;
    *number = (int)size;
    return true;
}

/* Whether a row's key is an observable (activation_variance) or one of its columns (branch_ratio.attn). */
static bool is_observable(const char *key)
{
    size_t length = strcspn(key, ".");
    for (size_t i = 0; i < OBSERVABLES; i++)
        if (strlen(observables[i].name) == length && memcmp(observables[i].name, key, length) == 0)
            return true;
    return false;
}

/* A number, null or absent, and not beyond what `run` can write: a mean's exponent of 32 bits, a whole n. Figures need no
 * other care of huge numbers. */
static bool is_statistic(const json_t *value)
{
    static const struct {
        const char *key;
        double least, most;
    } members[] = {
        {"mean", -INFINITY, INFINITY},  {"se", 0, INFINITY},
        {"lo", -INFINITY, INFINITY},    {"hi", -INFINITY, INFINITY},
        {"log10_mean", -1e9, 1e9},      {"mean_log", -2.5e9, 2.5e9},
        {"sd_log", 0, 2.5e9},           {"n", 0, 9007199254740992.0},
        {"floor", -INFINITY, INFINITY}, {"ceiling", -INFINITY, INFINITY},
    };
    if (!json_is_object(value) || !json_object_get(value, "mean"))
        return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *member = json_object_get(value, members[i].key);
        if (!member || json_is_null(member))
            continue;
        double number = json_is_number(member) ? json_number_value(member) : NAN;
        if (!(number >= members[i].least && number <= members[i].most))
            return false;
    }
    return true;
}

/* Every setting that the configuration holds as a number is within the setting's range. */
static int check_config(const json_t *config, const struct place *place, struct error *error)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        const json_t *value = json_object_get(config, setting->key);
        double number = json_is_number(value) ? json_number_value(value) : NAN;
        if (!value || !setting_is_number(setting) || (number >= setting->least && number <= setting->most))
            continue;
        char expected[160], least[32], most[32];
        setting_print_number(setting->least, least, sizeof least);
        setting_print_number(setting->most, most, sizeof most);
        snprintf(expected, sizeof expected, "\"%s\" of \"config\", a number from %s to %s", setting->key, least, most);
        return broken(place, error, expected);
    }
    return ERROR_NONE;
}

static int check_row(json_t *row, int layers, int *previous, const struct place *place, struct error *error)
{
    char expected[200];
    int layer;
    if (!whole_number(json_object_get(row, "layer"), 0, &layer) || layer > layers || layer <= *previous) {
        snprintf(expected, sizeof expected, "every row of \"layers\" to have a \"layer\", ascending from 0 to %d",
                 layers);
        return broken(place, error, expected);
    }
    *previous = layer;
    const char *key;
    json_t *value;
    json_object_foreach(row, key, value)
    {
        if (!is_observable(key) || is_statistic(value))
            continue;
        snprintf(expected, sizeof expected, "%.60s of layer %d to be a mean and its statistics, within their ranges",
                 key, layer);
        return broken(place, error, expected);
    }
    return ERROR_NONE;
}

/* Numbers of a training are within the ranges of the options that they are given by. */
static int check_training(json_t *training, const struct place *place, struct error *error)
{
    const char *key;
    json_t *value;
    struct recipe scratch;
    int code = ERROR_NONE;
    recipe_defaults(&scratch);
    json_object_foreach(training, key, value)
    {
        char name[64], text[40], expected[200];
        struct error own;
        snprintf(name, sizeof name, "%s", key);
        for (char *c = name; *c; c++)
            *c = *c == '_' ? '-' : *c;
        if (code != ERROR_NONE || !json_is_number(value) || !recipe_has(name))
            continue;
        setting_print_number(json_number_value(value), text, sizeof text);
        if (recipe_set(&scratch, name, text, &own) == ERROR_NONE)
            continue;
        snprintf(expected, sizeof expected, "\"%.60s\" of \"training\" as `train` takes it (%.100s)", key, own.text);
        code = broken(place, error, expected);
    }
    recipe_free(&scratch);
    const json_t *step = json_object_get(training, "step");
    int steps;
    if (code == ERROR_NONE && step && !whole_number(step, 0, &steps))
        code = broken(place, error, "\"step\" of \"training\", a whole number from 0");
    return code;
}

/* A run becomes rows along its steps; of one that has no score there are none. */
static int interpret_run(struct saved *run, const struct place *place, struct error *error)
{
    json_t *rows = learning_is_whole(run->root) ? learning_rows(run->root) : NULL;
    if (!rows || json_object_set_new(run->root, "layers", rows) != 0)
        return broken(place, error, "\"loss\", \"bayes\" and \"spread\", numbers for each step of \"training\"");
    json_t *spread = json_array_get(json_object_get(run->root, "spread"), 0);
    if (json_is_number(spread))
        json_object_set(run->config, LEARNING_SPREAD, spread);
    run->rows = rows;
    run->kind = schema_kinds[SCHEMA_MEASURED];
    run->layers = (int)json_number_value(json_object_get(json_object_get(run->root, SCHEMA_TRAINING_MEMBER), "steps")) -
                  1;
    return ERROR_NONE;
}

static int unexpected(const struct place *place, const char *schema, struct error *error)
{
    const char *quote = schema ? "\"" : "", *others = place->list->others ? place->list->others : "";
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected schema \"%s\"%s%s, found %s%.60s%s",
                     place->path, place->line, SCHEMA_PROFILE, place->list->runs ? ", \"" SCHEMA_TRAINING "\"" : "",
                     others, quote, schema ? schema : "none", quote);
}

/* Points profile into its root and checks what every reader relies on. */
static int interpret(struct saved *profile, const struct place *place, struct error *error)
{
    const char *schema = json_string_value(json_object_get(profile->root, "schema"));
    bool run = learning_is(profile->root);
    if (!run && (!schema || strcmp(schema, SCHEMA_PROFILE) != 0))
        return unexpected(place, schema, error);
    profile->line = place->line;
    profile->kind = json_string_value(json_object_get(profile->root, "kind"));
    profile->config = json_object_get(profile->root, "config");
    profile->rows = json_object_get(profile->root, "layers");
    json_object_update_missing(profile->config, json_object_get(profile->root, SCHEMA_TRAINING_MEMBER));
    profile->placement = json_string_value(json_object_get(profile->config, "placement"));
    profile->init = json_string_value(json_object_get(profile->config, "init"));
    if (!profile->kind && !run)
        return broken(place, error, "\"kind\", a string");
    if (!profile->placement || !profile->init)
        return broken(place, error, "\"config\" to name \"placement\" and \"init\"");
    int code = check_config(profile->config, place, error);
    if (code == ERROR_NONE)
        code = check_training(json_object_get(profile->root, SCHEMA_TRAINING_MEMBER), place, error);
    if (code != ERROR_NONE)
        return code;
    if (!whole_number(json_object_get(profile->config, "layers"), 1, &profile->layers))
        return broken(place, error, "\"layers\" of \"config\", a whole number from 1");
    if (run)
        return interpret_run(profile, place, error);
    if (json_array_size(profile->rows) == 0)
        return broken(place, error, "\"layers\", an array with a row for each layer");
    int previous = -1;
    for (size_t i = 0; i < json_array_size(profile->rows) && code == ERROR_NONE; i++)
        code = check_row(json_array_get(profile->rows, i), profile->layers, &previous, place, error);
    return code;
}

/* Whether the profile was measured in the run, before its first step. */
static bool begins(const struct saved *profile, const struct saved *run)
{
    const char *key;
    json_t *value;
    if (!learning_is(run->root) || learning_is(profile->root) || saved_number(profile, "step", NAN) != 0)
        return false;
    json_object_foreach(run->config, key, value)
    {
        const json_t *own = json_object_get(profile->config, key);
        if (strcmp(key, LEARNING_SPREAD) != 0 && !(own && json_equal(value, own)))
            return false;
    }
    return true;
}

/* What a figure of runs wants of the profile that stands behind one. */
static void tell_run(const struct saved *profile, const struct saved *run)
{
    static const char *const observable = "gradient_variance";
    struct saved_value input, output;
    size_t top;
    if (!begins(profile, run) || !saved_find(profile, profile->layers, &top) || saved_layer(profile, 0) != 0 ||
        !saved_value(profile, 0, observable, &input) || !saved_value(profile, top, observable, &output))
        return;
    double ratio = input.log10_mean - output.log10_mean;
    if (isfinite(ratio))
        json_object_set_new(run->config, LEARNING_RATIO, json_real(ratio));
}

static int append(struct saved_list *list, const struct saved *profile, struct error *error)
{
    if (list->count == SAVED_MOST)
        return error_set(error, ERROR_RESOURCE, "more than %d profiles; a figure of so many shows nothing", SAVED_MOST);
    struct saved *grown = reallocarray(list->profiles, list->count + 1, sizeof *grown);
    if (!grown)
        return error_set(error, ERROR_RESOURCE, "out of memory for the profiles");
    list->profiles = grown;
    list->profiles[list->count++] = *profile;
    return ERROR_NONE;
}

static void free_profile(struct saved *profile)
{
    if (profile->model)
        model_free(profile->model);
    free(profile->model);
    json_decref(profile->root);
}

/* The model of the configuration, where it can be made again: an older file lacks texts, a newer one has other names. */
static int make_model(struct saved *profile, struct error *error)
{
    struct error unused;
    profile->model = malloc(sizeof *profile->model);
    if (!profile->model)
        return error_set(error, ERROR_RESOURCE, "out of memory for the profiles");
    if (config_read(profile->config, profile->model, &unused) != ERROR_NONE) {
        free(profile->model);
        profile->model = NULL;
    }
    return ERROR_NONE;
}

/* Takes root over. */
static int add_profile(json_t *root, const struct place *place, struct saved_list *list, struct error *error)
{
    struct saved profile = {.root = root};
    int code = interpret(&profile, place, error);
    if (code == ERROR_NONE)
        code = make_model(&profile, error);
    if (code == ERROR_NONE && list->count > 0)
        tell_run(&profile, &list->profiles[list->count - 1]);
    if (code == ERROR_NONE)
        code = append(list, &profile, error);
    if (code != ERROR_NONE)
        free_profile(&profile);
    return code;
}

static int read_all(struct document_reader *reader, struct saved_list *list, struct error *error)
{
    struct place place = {reader->path, 0, list};
    size_t before = list->count;
    json_t *root;
    int code = document_next(reader, &root, &place.line, error);
    while (code == ERROR_NONE && root) {
        if (learning_is(root) && !list->runs)
            json_decref(root); // it stands before the profiles that were measured in it
        else
            code = add_profile(root, &place, list, error);
        if (code == ERROR_NONE)
            code = document_next(reader, &root, &place.line, error);
    }
    if (code == ERROR_NONE && list->count == before)
        code = error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected a profile, found the end of the file",
                         reader->path, reader->line);
    return code;
}

int saved_read(const char *path, struct saved_list *list, struct error *error)
{
    struct document_reader reader;
    int code = document_open(&reader, path, error);
    if (code == ERROR_NONE)
        code = saved_take(&reader, list, error);
    document_close(&reader);
    return code;
}

int saved_take(struct document_reader *reader, struct saved_list *list, struct error *error)
{
    size_t before = list->count;
    int code = read_all(reader, list, error);
    while (code != ERROR_NONE && list->count > before)
        free_profile(&list->profiles[--list->count]);
    return code;
}

void saved_free(struct saved_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free_profile(&list->profiles[i]);
    free(list->profiles);
    *list = (struct saved_list){0};
}

double saved_number(const struct saved *profile, const char *key, double otherwise)
{
    const json_t *value = json_object_get(profile->config, key);
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

const char *saved_text(const struct saved *profile, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(profile->config, key));
    return text ? text : otherwise;
}

bool saved_is_initial(const struct saved *profile)
{
    return !(saved_number(profile, "step", 0) > 0);
}

size_t saved_rows(const struct saved *profile)
{
    return json_array_size(profile->rows);
}

int saved_layer(const struct saved *profile, size_t row)
{
    return (int)json_number_value(json_object_get(json_array_get(profile->rows, row), "layer"));
}

static double member(const json_t *statistic, const char *key)
{
    const json_t *value = json_object_get(statistic, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

bool saved_value(const struct saved *profile, size_t row, const char *observable, struct saved_value *value)
{
    const json_t *statistic = json_object_get(json_array_get(profile->rows, row), observable);
    if (!statistic)
        return false;
    *value = (struct saved_value){.mean = member(statistic, "mean"),
                                  .se = member(statistic, "se"),
                                  .lo = member(statistic, "lo"),
                                  .hi = member(statistic, "hi"),
                                  .log10_mean = member(statistic, "log10_mean"),
                                  .mean_log = member(statistic, "mean_log"),
                                  .sd_log = member(statistic, "sd_log"),
                                  .n = fmax(member(statistic, "n"), 0)};
    if (isnan(value->log10_mean) && value->mean > 0)
        value->log10_mean = log10(value->mean);
    return true;
}

int saved_tokens(const struct saved *profile, size_t row, const char *observable)
{
    static const char by_token[] = ".token";
    size_t length = strlen(observable);
    int last = 0;
    const char *key;
    json_t *value;
    json_object_foreach(json_array_get(profile->rows, row), key, value)
    {
        if (strncmp(key, observable, length) != 0 || strncmp(key + length, by_token, strlen(by_token)) != 0)
            continue;
        int t = (int)strtol(key + length + strlen(by_token), NULL, 10);
        last = t > last ? t : last;
    }
    return last;
}

double saved_limit(const struct saved *profile, size_t row, const char *observable, const char *limit)
{
    return member(json_object_get(json_array_get(profile->rows, row), observable), limit);
}

bool saved_find(const struct saved *profile, int layer, size_t *row)
{
    size_t first = 0, count = saved_rows(profile);
    while (count > 0) { // layers ascend
        *row = first + count / 2;
        int found = saved_layer(profile, *row);
        if (found == layer)
            return true;
        if (found < layer)
            first = *row + 1;
        count = found < layer ? (count - 1) / 2 : count / 2;
    }
    return false;
}
