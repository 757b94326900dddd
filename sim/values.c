#include "sim/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

const struct values_whole *values_whole_of(const struct setting *setting, struct values_whole *whole)
{
    if (setting->type != SETTING_INTEGER)
        return NULL;
    *whole = (struct values_whole){(long long)setting->least, (long long)setting->most};
    return whole;
}

static int allocate(struct values *values, int count, struct error *error)
{
    values->value = calloc((size_t)count, sizeof *values->value);
    return values->value ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
}

/* As it was typed, as a double may hold another. */
static int check_whole(const char *what, const char *text, const struct values_whole *whole, double value,
                       struct error *error)
{
    if (value != round(value))
        return error_set(error, ERROR_INPUT, "%s: '%s' is not a whole number", what, text);
    if (value < (double)whole->least || value > (double)whole->most)
        return error_set(error, ERROR_INPUT, "%s: %s is not between %lld and %lld", what, text, whole->least,
                         whole->most);
    return ERROR_NONE;
}

static int parse_number(const char *what, const char *text, const struct values_whole *whole, double *value,
                        struct error *error)
{
    *value = NAN;
    int code = setting_real(what, text, value, error);
    return whole ? check_whole(what, text, whole, *value, error) : code;
}

static int parse_list(struct values *values, const char *what, char *text, const struct values_whole *whole,
                      struct error *error)
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

/* Ratio and difference of the ends may leave the range of double though no value does; where they do not, the plainer
 * form has the bits that stores know. */
static double between(double from, double to, bool logarithmic, double share)
{
    if (!logarithmic)
        return isfinite(to - from) ? from + (to - from) * share : from * (1 - share) + to * share;
    if (isfinite(to / from))
        return from * pow(to / from, share);
    double third = pow(cbrt(to) / cbrt(from), share);
    return from * third * third * third;
}

static void fill(struct values *values, int points, const struct values_whole *whole, double from, double to)
{
    for (int i = 0; i < points; i++) {
        double value = i == points - 1 ? to : between(from, to, values->logarithmic, (double)i / (points - 1));
        value = whole ? round(value) : value;
        if (values->count == 0 || value > values->value[values->count - 1])
            values->value[values->count++] = value;
    }
}

/* points: of an axis that does not say. */
static int parse_axis(struct values *values, const char *what, char *text, const struct values_whole *whole,
                      long long points, int most, struct error *error)
{
    char *words[5] = {NULL}, counted[96];
    int count = 0;
    double from = 0, to = 0;
    for (char *word; count < 5 && (word = strsep(&text, ":"));)
        words[count++] = word;
    if (count > 2 && (strcmp(words[count - 1], "log") == 0 || strcmp(words[count - 1], "lin") == 0))
        values->logarithmic = strcmp(words[--count], "log") == 0;
    if (count < 2 || count > 3)
        return error_set(error, ERROR_INPUT, "%s: expected FROM:TO[:COUNT][:log|:lin]", what);
    snprintf(counted, sizeof counted, "points of %s", what);
    int code = parse_number(what, words[0], whole, &from, error);
    if (code == ERROR_NONE)
        code = parse_number(what, words[1], whole, &to, error);
    if (code == ERROR_NONE && count == 3)
        code = setting_integer(counted, words[2], 2, most, &points, error);
    if (code == ERROR_NONE && !(from < to))
        code = error_set(error, ERROR_INPUT, "%s: %s is not below %s", what, words[0], words[1]);
    if (code == ERROR_NONE && values->logarithmic && !(from > 0))
        code = error_set(error, ERROR_INPUT, "%s: a logarithmic axis begins above 0, not at %s", what, words[0]);
    if (code == ERROR_NONE)
        code = allocate(values, (int)points, error);
    if (code == ERROR_NONE)
        fill(values, (int)points, whole, from, to);
    return code;
}

static int parse(struct values *values, const char *what, const char *text, const struct values_whole *whole, bool axis,
                 int points, int most, struct error *error)
{
    *values = (struct values){0};
    char *copy = strdup(text);
    if (!copy)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    int code = axis ? parse_axis(values, what, copy, whole, points, most, error)
                    : parse_list(values, what, copy, whole, error);
    free(copy);
    if (code != ERROR_NONE)
        values_free(values);
    return code;
}

int values_parse(struct values *values, const char *what, const char *text, const struct values_whole *whole,
                 struct error *error)
{
    return parse(values, what, text, whole, strchr(text, ':'), VALUES_COUNT, VALUES_MOST, error);
}

int values_parse_axis(struct values *values, const char *what, const char *text, const struct values_whole *whole,
                      int points, int most, struct error *error)
{
    return parse(values, what, text, whole, true, points, most, error);
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
