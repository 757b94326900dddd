#include "plots/saved.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/observe.h"

/* Where a message points. */
struct place {
    const char *path;
    size_t line;
};

static int broken(const struct place *place, struct error *error, const char *expected)
{
    return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected %s", place->path, place->line, expected);
}

/* jansson keeps 63 bits of an integer. A larger one (a seed may have 64 bits) is read again as a real number. */
static json_t *parse(const char *text, size_t length, json_error_t *why)
{
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, why);
    if (root == NULL && json_error_code(why) == json_error_numeric_overflow)
        root = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, why);
    return root;
}

static bool whole_number(const json_t *value, int least, int *number)
{
    double real = json_is_number(value) ? json_number_value(value) : NAN;
    if (!(real >= least && real <= INT_MAX) || real != floor(real))
        return false;
    *number = (int)real;
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

static bool is_statistic(const json_t *value)
{
    static const char *const members[] = {"mean",     "se",     "lo", "hi",    "log10_mean",
                                          "mean_log", "sd_log", "n",  "floor", "ceiling"};
    if (!json_is_object(value) || json_object_get(value, "mean") == NULL)
        return false;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const json_t *member = json_object_get(value, members[i]);
        if (member != NULL && !json_is_number(member) && !json_is_null(member))
            return false;
    }
    return true;
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
        snprintf(expected, sizeof expected, "%.60s of layer %d to be an object with a number or null as \"mean\"", key,
                 layer);
        return broken(place, error, expected);
    }
    return ERROR_NONE;
}

/* Points profile into its root and checks what every reader relies on. */
static int interpret(struct saved *profile, const struct place *place, struct error *error)
{
    const char *schema = json_string_value(json_object_get(profile->root, "schema"));
    if (schema == NULL || strcmp(schema, SAVED_SCHEMA) != 0)
        return error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected schema \"%s\", found %s%.60s%s",
                         place->path, place->line, SAVED_SCHEMA, schema != NULL ? "\"" : "",
                         schema != NULL ? schema : "none", schema != NULL ? "\"" : "");
    profile->line = place->line;
    profile->kind = json_string_value(json_object_get(profile->root, "kind"));
    profile->config = json_object_get(profile->root, "config");
    profile->rows = json_object_get(profile->root, "layers");
    profile->placement = json_string_value(json_object_get(profile->config, "placement"));
    profile->init = json_string_value(json_object_get(profile->config, "init"));
    if (profile->kind == NULL)
        return broken(place, error, "\"kind\", a string");
    if (profile->placement == NULL || profile->init == NULL)
        return broken(place, error, "\"config\" to name \"placement\" and \"init\"");
    if (!whole_number(json_object_get(profile->config, "layers"), 1, &profile->layers))
        return broken(place, error, "\"layers\" of \"config\", a whole number from 1");
    if (json_array_size(profile->rows) == 0)
        return broken(place, error, "\"layers\", an array with a row for each layer");
    int previous = -1;
    for (size_t i = 0; i < json_array_size(profile->rows); i++) {
        int code = check_row(json_array_get(profile->rows, i), profile->layers, &previous, place, error);
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static int append(struct saved_list *list, const struct saved *profile, struct error *error)
{
    struct saved *grown = reallocarray(list->profiles, list->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_set(error, ERROR_RESOURCE, "out of memory for the profiles");
    list->profiles = grown;
    list->profiles[list->count++] = *profile;
    return ERROR_NONE;
}

static int read_line(const char *text, size_t length, const struct place *place, struct saved_list *list,
                     struct error *error)
{
    json_error_t why;
    struct saved profile = {.root = parse(text, length, &why)};
    if (profile.root == NULL)
        return error_set(error, ERROR_RESOURCE, "%.300s, line %zu, column %d: not JSON: %s", place->path, place->line,
                         why.column, why.text);
    int code = interpret(&profile, place, error);
    if (code == ERROR_NONE)
        code = append(list, &profile, error);
    if (code != ERROR_NONE)
        json_decref(profile.root);
    return code;
}

static int read_stream(FILE *stream, const char *path, struct saved_list *list, struct error *error)
{
    char *text = NULL;
    size_t room = 0, before = list->count;
    struct place place = {path, 0};
    int code = ERROR_NONE;
    ssize_t length;
    errno = 0;
    while (code == ERROR_NONE && (length = getline(&text, &room, stream)) >= 0) {
        place.line++;
        if (strspn(text, " \t\r\n") < (size_t)length)
            code = read_line(text, (size_t)length, &place, list, error);
        errno = 0;
    }
    if (code == ERROR_NONE && !feof(stream))
        code = error_set(error, ERROR_RESOURCE, "%.300s, line %zu: cannot be read: %s", path, place.line + 1,
                         strerror(errno));
    if (code == ERROR_NONE && list->count == before)
        code = error_set(error, ERROR_RESOURCE, "%.300s, line %zu: expected a profile, found the end of the file", path,
                         place.line + 1);
    free(text);
    return code;
}

int saved_read(const char *path, struct saved_list *list, struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    size_t before = list->count;
    FILE *stream = standard ? stdin : fopen(path, "re");
    if (stream == NULL)
        return error_set(error, ERROR_RESOURCE, "%.300s: cannot be opened: %s", path, strerror(errno));
    int code = read_stream(stream, standard ? "standard input" : path, list, error);
    if (!standard)
        fclose(stream);
    while (code != ERROR_NONE && list->count > before)
        json_decref(list->profiles[--list->count].root);
    return code;
}

void saved_free(struct saved_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->profiles[i].root);
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
    return text != NULL ? text : otherwise;
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
    if (statistic == NULL)
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

double saved_limit(const struct saved *profile, size_t row, const char *observable, const char *limit)
{
    return member(json_object_get(json_array_get(profile->rows, row), observable), limit);
}

bool saved_find(const struct saved *profile, int layer, size_t *row)
{
    for (*row = 0; *row < saved_rows(profile); ++*row)
        if (saved_layer(profile, *row) == layer)
            return true;
    return false;
}
