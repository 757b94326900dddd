#include "sim/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

static int allocate(struct values *values, int count, struct error *error)
{
    values->value = calloc((size_t)count, sizeof *values->value);
    return values->value ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
}

static int parse_number(const char *what, const char *text, bool whole, double *value, struct error *error)
{
    int code = setting_real(what, text, value, error);
    if (whole && (code != ERROR_NONE || *value != round(*value)))
        code = error_set(error, ERROR_INPUT, "%s: '%s' is not a whole number", what, text);
    return code;
}

static int parse_list(struct values *values, const char *what, char *text, bool whole, struct error *error)
{
    int code = ERROR_NONE, commas = 0;
    for (const char *c = text; *c; c++)
        commas += *c == ',';
    if (commas >= VALUES_MOST)
        return error_set(error, ERROR_INPUT, "%s: more than %d values", what, VALUES_MOST);
    code = allocate(values, commas + 1, error);
    for (char *word; code == ERROR_NONE && (word = strsep(&text, ",")); values->count++)
        code = parse_number(what, word, whole, &values->value[values->count], error);
    return code;
}

static void fill(struct values *values, int points, bool logarithmic, bool whole, double from, double to)
{
    for (int i = 0; i < points; i++) {
        double share = (double)i / (points - 1);
        double value = logarithmic ? from * pow(to / from, share) : from + (to - from) * share;
        value = i == points - 1 ? to : value;
        value = whole ? round(value) : value;
        if (values->count == 0 || value > values->value[values->count - 1])
            values->value[values->count++] = value;
    }
}

static int parse_axis(struct values *values, const char *what, char *text, bool whole, struct error *error)
{
    char *words[5] = {NULL}, counted[64];
    int count = 0;
    bool logarithmic = false;
    long long points = VALUES_COUNT;
    double from = 0, to = 0;
    for (char *word; count < 5 && (word = strsep(&text, ":"));)
        words[count++] = word;
    if (count > 2 && (strcmp(words[count - 1], "log") == 0 || strcmp(words[count - 1], "lin") == 0))
        logarithmic = strcmp(words[--count], "log") == 0;
    if (count < 2 || count > 3)
        return error_set(error, ERROR_INPUT, "%s: expected a number, a list or FROM:TO[:COUNT][:log|:lin]", what);
    snprintf(counted, sizeof counted, "points of %s", what);
    int code = parse_number(what, words[0], whole, &from, error);
    if (code == ERROR_NONE)
        code = parse_number(what, words[1], whole, &to, error);
    if (code == ERROR_NONE && count == 3)
        code = setting_integer(counted, words[2], 2, VALUES_MOST, &points, error);
    if (code == ERROR_NONE && !(from < to))
        code = error_set(error, ERROR_INPUT, "%s: %g is not below %g", what, from, to);
    if (code == ERROR_NONE && logarithmic && !(from > 0))
        code = error_set(error, ERROR_INPUT, "%s: a logarithmic axis begins above 0, not at %g", what, from);
    if (code == ERROR_NONE)
        code = allocate(values, (int)points, error);
    if (code == ERROR_NONE)
        fill(values, (int)points, logarithmic, whole, from, to);
    return code;
}

int values_parse(struct values *values, const char *what, const char *text, bool whole, struct error *error)
{
    *values = (struct values){0};
    char *copy = strdup(text);
    if (!copy)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    bool axis = strchr(text, ':');
    int code = (axis ? parse_axis : parse_list)(values, what, copy, whole, error);
    free(copy);
    if (code != ERROR_NONE)
        values_free(values);
    return code;
}

void values_free(struct values *values)
{
    free(values->value);
    *values = (struct values){0};
}

bool values_same(const struct values *a, const struct values *b)
{
    bool same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++)
        same = a->value[i] == b->value[i];
    return same;
}
