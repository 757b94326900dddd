#include "explore/lesson_measure.h"

#include <math.h>

int lesson_reading_init(struct lesson_reading *reading, const struct model *model, bool bounds, struct error *error)
{
    struct moments_options options = moments_defaults();
    options.threads = 1;
    *reading = (struct lesson_reading){.layers = model->layers};
    int code = moments_predict(model, &options, &reading->moments, error);
    if (code != ERROR_NONE || !bounds)
        return code;
    code = bounds_derive(model, &(struct bounds_options){0}, &reading->bounds, error);
    if (code != ERROR_NONE)
        moments_free(&reading->moments);
    return code;
}

void lesson_reading_free(struct lesson_reading *reading)
{
    moments_free(&reading->moments);
    bounds_free(&reading->bounds);
}

/* Absent where the model does not have the observable. */
static struct wide value(const struct lesson_reading *reading, const struct wide *values, enum observe_id id, int layer)
{
    const struct observe_schema *schema = &reading->moments.schema;
    int column = schema->layer_column[id];
    return column < 0 ? wide_absent() : values[(size_t)layer * (size_t)schema->column_count + (size_t)column];
}

static double log_at(const struct lesson_reading *reading, enum observe_id id, int layer)
{
    return wide_log10(value(reading, reading->moments.mean, id, layer));
}

/* log10 of the value at the input over that at the end. */
static double fall(const struct lesson_reading *reading, enum observe_id id)
{
    return log_at(reading, id, 0) - log_at(reading, id, reading->layers);
}

static double gradient(const struct lesson_reading *reading)
{
    return fall(reading, OBSERVE_GRADIENT_VARIANCE);
}

static double specific(const struct lesson_reading *reading)
{
    return fall(reading, OBSERVE_GRADIENT_SPECIFIC);
}

static double growth(const struct lesson_reading *reading)
{
    return -fall(reading, OBSERVE_ACTIVATION_VARIANCE);
}

static double tokens(const struct lesson_reading *reading)
{
    return wide_exact(value(reading, reading->moments.mean, OBSERVE_TOKEN_COSINE, reading->layers));
}

static double turn(const struct lesson_reading *reading)
{
    return wide_exact(value(reading, reading->moments.mean, OBSERVE_LAYER_COSINE, reading->layers));
}

/* The layer where the token-specific gradient is smallest. */
static double deepest(const struct lesson_reading *reading)
{
    int least = 0;
    for (int l = 1; l <= reading->layers; l++)
        if (log_at(reading, OBSERVE_GRADIENT_SPECIFIC, l) < log_at(reading, OBSERVE_GRADIENT_SPECIFIC, least))
            least = l;
    return least;
}

/* log10 of the ceiling over the gradient that it bounds, at the input. */
static double slack(const struct lesson_reading *reading)
{
    return wide_log10(value(reading, reading->bounds.hi, OBSERVE_GRADIENT_VARIANCE, 0)) -
           log_at(reading, OBSERVE_GRADIENT_VARIANCE, 0);
}

const struct lesson_measure lesson_gradient = {"g_0/g_L", false, true, gradient};
const struct lesson_measure lesson_specific = {"token-specific g_0/g_L", false, true, specific};
const struct lesson_measure lesson_growth = {"q_L/q_0", false, true, growth};
const struct lesson_measure lesson_tokens = {"r_L", false, false, tokens};
const struct lesson_measure lesson_turn = {"cosine of the last two layers", false, false, turn};
const struct lesson_measure lesson_deepest = {"the layer of the smallest token-specific gradient", false, false,
                                              deepest};
const struct lesson_measure lesson_slack = {"ceiling over gradient", true, true, slack};
