#include "plots/learning.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "train/score.h"

enum { STEPS_MOST = 1000000 };

bool learning_is(const json_t *root)
{
    const char *schema = json_string_value(json_object_get(root, SCHEMA_KEY));
    return schema && strcmp(schema, SCHEMA_TRAINING) == 0;
}

static double number_at(const json_t *array, size_t i)
{
    const json_t *value = json_array_get(array, i);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

/* Of a run that stopped early there is no score, as where the best loss is not known. */
static bool append(json_t *rows, size_t step, double score)
{
    if (!isfinite(score))
        return true;
    json_t *row = json_pack("{sI s{sf}}", "layer", (json_int_t)step, LEARNING_SCORE, SCHEMA_MEAN, score);
    return row && json_array_append_new(rows, row) == 0;
}

/* Both series as numbers. */
static double *copy(const json_t *loss, const json_t *bayes, size_t count)
{
    double *values = calloc(2 * count + 1, sizeof *values);
    for (size_t i = 0; values && i < count; i++) {
        values[i] = number_at(loss, i);
        values[count + i] = number_at(bayes, i);
    }
    return values;
}

static bool fill(json_t *rows, size_t count, size_t window, int vocabulary, const double *loss, const double *bayes)
{
    bool ok = true;
    for (size_t end = window; ok && end <= count; end++)
        ok = append(rows, end - 1, score_over((int64_t)(end - window), (int64_t)end, vocabulary, loss, bayes));
    return ok;
}

bool learning_is_whole(const json_t *root)
{
    const json_t *loss = json_object_get(root, "loss"), *bayes = json_object_get(root, "bayes"),
                 *spread = json_object_get(root, "spread");
    double steps = json_number_value(json_object_get(json_object_get(root, SCHEMA_TRAINING_MEMBER), "steps"));
    bool ended = json_is_true(json_object_get(root, "finished")) && !json_is_number(json_object_get(root, "diverged"));
    size_t count = json_array_size(loss);
    return json_array_size(bayes) == count && (!spread || json_array_size(spread) == count) &&
           (!ended || (double)count == steps);
}

json_t *learning_rows(const json_t *root)
{
    const json_t *training = json_object_get(root, SCHEMA_TRAINING_MEMBER);
    const json_t *loss = json_object_get(root, "loss"), *bayes = json_object_get(root, "bayes");
    double steps = json_number_value(json_object_get(training, "steps"));
    double vocabulary = json_number_value(json_object_get(training, "vocabulary"));
    size_t count = json_array_size(loss);
    if (!(steps >= 1 && steps <= STEPS_MOST) || !(vocabulary >= 2 && vocabulary <= 1 << 24) || (double)count > steps ||
        json_array_size(bayes) != count)
        return NULL;
    double *values = copy(loss, bayes, count);
    json_t *rows = json_array();
    size_t window = ((size_t)steps + 9) / 10;
    if (values && rows && fill(rows, count, window, (int)vocabulary, values, values + count)) {
        free(values);
        return rows;
    }
    free(values);
    json_decref(rows);
    return NULL;
}
