#include "paper-repro/verdicts.h"

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "paper-repro/expected.h"
#include "paper-repro/table.h"

static const char schema[] = "spanscope/verdict/1";
static const char header[] = "id\tverdict\tstatistic\tlo\thi";

static int append(struct verdicts *report, const struct verdicts_claim *claim, struct error *error)
{
    struct verdicts_claim *grown = reallocarray(report->claims, report->count + 1, sizeof *grown);
    if (grown == NULL)
        return error_set(error, ERROR_RESOURCE, "out of memory for a report of claims");
    report->claims = grown;
    report->claims[report->count++] = *claim;
    return ERROR_NONE;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool text(const json_t *object, const char *key, char *buffer, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && snprintf(buffer, size, "%s", value) < (int)size;
}

static bool read_claim(const json_t *object, struct verdicts_claim *claim)
{
    *claim = (struct verdicts_claim){.statistic = number(object, "statistic"),
                                     .lo = number(object, "lo"),
                                     .hi = number(object, "hi"),
                                     .bound = number(object, "bound"),
                                     .margin = number(object, "margin"),
                                     .tests = (long)json_integer_value(json_object_get(object, "tests")),
                                     .samples = (long)json_integer_value(json_object_get(object, "samples")),
                                     .seconds = number(object, "seconds")};
    return text(object, "id", claim->id, sizeof claim->id) &&
           text(object, "verdict", claim->verdict, sizeof claim->verdict) &&
           text(object, "expected", claim->expected, sizeof claim->expected);
}

int verdicts_read(const char *path, struct verdicts *report, struct error *error)
{
    json_error_t why;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    *report = (struct verdicts){0};
    if (root == NULL)
        return error_set(error, ERROR_RESOURCE, "%.300s, line %d: %s", path, why.line, why.text);
    const char *found = json_string_value(json_object_get(root, "schema"));
    const json_t *claims = json_object_get(root, "claims");
    int code = ERROR_NONE;
    if (found == NULL || strcmp(found, schema) != 0 || json_array_size(claims) == 0)
        code = error_set(error, ERROR_RESOURCE, "%.300s: expected claims in schema %s", path, schema);
    for (size_t i = 0; i < json_array_size(claims) && code == ERROR_NONE; i++) {
        struct verdicts_claim claim;
        if (read_claim(json_array_get(claims, i), &claim))
            code = append(report, &claim, error);
        else
            code = error_set(error, ERROR_RESOURCE, "%.300s: claim %zu lacks id, verdict or expected", path, i + 1);
    }
    json_decref(root);
    return code;
}

static bool parse_number(const char *field, double *value)
{
    char *end;
    *value = NAN;
    if (strcmp(field, "-") == 0)
        return true;
    *value = strtod(field, &end);
    return end != field && *end == '\0' && isfinite(*value);
}

static bool take(void *context, char *const fields[], int *code, struct error *error)
{
    struct verdicts_claim claim = {0};
    snprintf(claim.id, sizeof claim.id, "%s", fields[0]);
    snprintf(claim.verdict, sizeof claim.verdict, "%s", fields[1]);
    if (!parse_number(fields[2], &claim.statistic) || !parse_number(fields[3], &claim.lo) ||
        !parse_number(fields[4], &claim.hi))
        return false;
    *code = append(context, &claim, error);
    return true;
}

int report_read_record(const char *path, struct verdicts *report, struct error *error)
{
    *report = (struct verdicts){0};
    return table_read(path, header, "a claim", take, report, error);
}

static void write_number(double value, FILE *stream)
{
    if (isfinite(value))
        fprintf(stream, "\t%.12g", value);
    else
        fprintf(stream, "\t-");
}

void report_write_record(const struct verdicts *report, FILE *stream)
{
    fprintf(stream, "%s\n", header);
    for (size_t i = 0; i < report->count; i++) {
        const struct verdicts_claim *claim = &report->claims[i];
        fprintf(stream, "%s\t%s", claim->id, claim->verdict);
        write_number(claim->statistic, stream);
        write_number(claim->lo, stream);
        write_number(claim->hi, stream);
        fputc('\n', stream);
    }
}

void verdicts_free(struct verdicts *report)
{
    free(report->claims);
    *report = (struct verdicts){0};
}

const struct verdicts_claim *verdicts_find(const struct verdicts *report, const char *id)
{
    for (size_t i = 0; i < report->count; i++)
        if (strcmp(report->claims[i].id, id) == 0)
            return &report->claims[i];
    return NULL;
}

enum verdicts_outcome verdicts_compare(const struct verdicts_claim *record, const struct verdicts_claim *claim)
{
    if (strcmp(record->verdict, claim->verdict) != 0)
        return VERDICTS_WRONG;
    if (isnan(record->statistic) && isnan(claim->statistic))
        return VERDICTS_SAME; /* not applicable then and now */
    double difference = fabs(record->statistic - claim->statistic);
    if (!isfinite(difference))
        return VERDICTS_WRONG;
    if (difference <= EXPECTED_ROUNDING * (1 + fabs(record->statistic)))
        return VERDICTS_SAME;
    return record->lo <= claim->hi && claim->lo <= record->hi ? REPORT_SAMPLED_ANEW : VERDICTS_WRONG;
}
