#include "cli/reading.h"

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/schema.h"

/* Attention matrices of a point in the limit: fewer than of a prediction alone. */
enum { LIMIT_DRAWS = 64 };

static int refuse_others(const struct reading *reading, struct error *error)
{
    const struct {
        const char *name;
        bool given;
    } others[] = {{"budget", reading->budget > 0},
                  {"error", reading->error > 0},
                  {"replicas", reading->replicas > 0},
                  {"full", reading->full}};
    if (reading->at_width && reading->draws > 0)
        return error_set(error, ERROR_INPUT, "--draws is for the limit; --at-width has --replicas");
    for (size_t i = 0; !reading->at_width && i < sizeof others / sizeof *others; i++)
        if (others[i].given)
            return error_set(error, ERROR_INPUT, "--%s is for --at-width; the limit has --draws", others[i].name);
    return ERROR_NONE;
}

int reading_options(const struct reading *reading, struct moments_options *moments, struct error *error)
{
    int code = refuse_others(reading, error);
    *moments = moments_defaults();
    moments->width_limit = !reading->at_width;
    moments->seed = reading->seed;
    if (!reading->at_width) {
        moments->draws = reading->draws > 0 ? reading->draws : LIMIT_DRAWS;
        moments->most = 1;
        return code;
    }
    moments->full = reading->full || reading->replicas > 0;
    moments->replicas = reading->replicas;
    moments->budget = reading->budget;
    if (reading->error > 0)
        moments->error = moments->order = reading->error;
    return code;
}

int reading_check(const struct reading *reading, const struct model *model, struct error *error)
{
    if (!reading->at_width || model_is_normal(model))
        return ERROR_NONE;
    return error_set(
        error, ERROR_INPUT,
        "--at-width: a width's own is known of normal weights; without it, the limit, which all laws share");
}

void reading_tell_undrawn(const struct options *options, const char *command, bool at_width)
{
    static const char *const names[] = {"draws", "budget", "error"};
    for (size_t i = 0; i < sizeof names / sizeof *names - at_width; i++)
        if (options_given(options, names[i]))
            fprintf(stderr, "spanscope %s: nothing is drawn here, so that --%s has no part in it\n", command, names[i]);
}

const char *reading_words(const struct reading *reading)
{
    return reading->at_width ? "at the model's width" : "at infinite width";
}

json_t *reading_object(bool *ok, const struct reading *reading, const struct moments_options *moments)
{
    json_t *object = json_object();
    document_put(ok, object, SCHEMA_NAME, json_string(reading->at_width ? SCHEMA_AT_WIDTH : SCHEMA_WIDTH_LIMIT));
    document_put(ok, object, SCHEMA_SEED, config_seed(moments->seed));
    if (!reading->at_width) {
        document_put(ok, object, "draws", json_integer(moments->draws));
        return object;
    }
    if (moments->budget > 0)
        document_put(ok, object, "budget", document_number(moments->budget));
    document_put(ok, object, "error", document_number(moments->error));
    document_put(ok, object, "order", document_number(moments->order));
    document_put(ok, object, "full", json_boolean(moments->full));
    if (moments->replicas > 0)
        document_put(ok, object, "replicas", json_integer(moments->replicas));
    return object;
}
