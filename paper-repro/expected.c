#include "paper-repro/expected.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "paper-repro/table.h"
#include "sim/quantile.h"

const char *const expected_scale_names[EXPECTED_SCALES] = {"mean", "mean_log"};

static const char header[] = "figure\tprofile\tconfiguration\tobservable\tlayer\tscale\tvalue\tse\tn";

/* What of a profile is worth keeping. */
static const struct key {
    const char *observable;
    bool at_input; /* layer 0, else L */
} keys[] = {
    {"activation_variance", false}, {"token_cosine", false},     {"layer_cosine", false},
    {"gradient_variance", true},    {"gradient_specific", true},
};

static int append(struct expected_list *list, const struct expected_value *value, struct error *error)
{
    struct expected_value *grown = reallocarray(list->values, list->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_set(error, ERROR_RESOURCE, "out of memory for the expected values");
    list->values = grown;
    list->values[list->count++] = *value;
    return ERROR_NONE;
}

static void describe(const struct saved *profile, char label[EXPECTED_LABEL_MAX])
{
    snprintf(label, EXPECTED_LABEL_MAX, "%s %s L=%d d=%.0f T=%.0f %s", profile->placement, profile->init,
             profile->layers, saved_number(profile, "width", 0), saved_number(profile, "tokens", 0), profile->kind);
}

/* The statistic on the scale on which it is nearly Gaussian. */
static void take_statistic(const struct saved_value *statistic, struct expected_value *value)
{
    bool logarithm = isfinite(statistic->mean_log) && isfinite(statistic->sd_log);
    value->n = (int)statistic->n;
    value->scale = logarithm ? EXPECTED_MEAN_LOG : EXPECTED_MEAN;
    value->value = logarithm ? statistic->mean_log : statistic->mean;
    value->se = logarithm ? statistic->sd_log / sqrt(statistic->n) : statistic->se;
    if (value->n == 0 && isnan(value->se))
        value->se = 0;
}

int expected_take(const char *figure, const struct saved_list *profiles, struct expected_list *list,
                  struct error *error)
{
    int code = ERROR_NONE;
    for (size_t i = 0; i < profiles->count; i++) {
        const struct saved *profile = &profiles->profiles[i];
        for (size_t k = 0; k < sizeof keys / sizeof *keys && code == ERROR_NONE; k++) {
            struct expected_value value = {.profile = (int)i + 1, .layer = keys[k].at_input ? 0 : profile->layers};
            struct saved_value statistic;
            size_t row;
            if (!saved_find(profile, value.layer, &row) || !saved_value(profile, row, keys[k].observable, &statistic))
                continue;
            snprintf(value.figure, sizeof value.figure, "%s", figure);
            snprintf(value.observable, sizeof value.observable, "%s", keys[k].observable);
            describe(profile, value.label);
            take_statistic(&statistic, &value);
            code = append(list, &value, error);
        }
    }
    return code;
}

void expected_write(const struct expected_list *list, FILE *stream)
{
    fprintf(stream, "%s\n", header);
    for (size_t i = 0; i < list->count; i++) {
        const struct expected_value *value = &list->values[i];
        fprintf(stream, "%s\t%d\t%s\t%s\t%d\t%s\t%.12g\t%.4g\t%d\n", value->figure, value->profile, value->label,
                value->observable, value->layer, expected_scale_names[value->scale], value->value, value->se, value->n);
    }
}

static bool read_number(const char *text, double *number)
{
    char *end;
    *number = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*number);
}

static bool read_whole(const char *text, int least, int *number)
{
    double value;
    if (!read_number(text, &value) || value != floor(value) || value < least || value > 1e9)
        return false;
    *number = (int)value;
    return true;
}

static bool read_scale(const char *text, enum expected_scale *scale)
{
    for (int i = 0; i < EXPECTED_SCALES; i++) {
        if (strcmp(text, expected_scale_names[i]) == 0) {
            *scale = (enum expected_scale)i;
            return true;
        }
    }
    return false;
}

static bool take(void *context, char *const fields[], int *code, struct error *error)
{
    struct expected_value value = {0};
    snprintf(value.figure, sizeof value.figure, "%s", fields[0]);
    snprintf(value.label, sizeof value.label, "%s", fields[2]);
    snprintf(value.observable, sizeof value.observable, "%s", fields[3]);
    if (!read_whole(fields[1], 1, &value.profile) || !read_whole(fields[4], 0, &value.layer) ||
        !read_scale(fields[5], &value.scale) || !read_number(fields[6], &value.value) ||
        !read_number(fields[7], &value.se) || value.se < 0 || !read_whole(fields[8], 0, &value.n))
        return false;
    *code = append(context, &value, error);
    return true;
}

int expected_read(const char *path, struct expected_list *list, struct error *error)
{
    return table_read(path, header, "a value", take, list, error);
}

void expected_free(struct expected_list *list)
{
    free(list->values);
    *list = (struct expected_list){0};
}

const struct expected_value *expected_find(const struct expected_list *list, const struct expected_value *value)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct expected_value *other = &list->values[i];
        if (other->profile == value->profile && other->layer == value->layer &&
            strcmp(other->figure, value->figure) == 0 && strcmp(other->observable, value->observable) == 0)
            return other;
    }
    return NULL;
}

static double rounding(const struct expected_value *a)
{
    return EXPECTED_ROUNDING * (1 + fabs(a->value));
}

double expected_tolerance(const struct expected_value *a, const struct expected_value *b, size_t count)
{
    int n = a->n < b->n ? a->n : b->n;
    double tail = EXPECTED_FALSE_ALARM / 2 / (double)count;
    double quantile = n == 0 ? quantile_normal(tail) : n > 1 ? quantile_student(tail, n - 1) : 0;
    return quantile * hypot(a->se, b->se) + rounding(a);
}

enum expected_outcome expected_compare(const struct expected_value *expected, const struct expected_value *measured,
                                       size_t count)
{
    double difference = fabs(expected->value - measured->value);
    double tolerance = expected_tolerance(expected, measured, count);
    if (!isfinite(difference) || !isfinite(tolerance) || expected->scale != measured->scale ||
        (expected->n == 0) != (measured->n == 0) || strcmp(expected->label, measured->label) != 0)
        return EXPECTED_WRONG;
    if (difference <= rounding(expected))
        return EXPECTED_SAME;
    return difference <= tolerance ? EXPECTED_SAMPLED_ANEW : EXPECTED_WRONG;
}
