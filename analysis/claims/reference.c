#include "analysis/claims/reference.h"

#include <string.h>

#include "analysis/bounds/theory.h"

static const struct {
    const char *id;
    bool width_limit;
} predictions[REFERENCE_PREDICTIONS] = {{"predicted", true}, {"predicted-at-width", false}};

/* Its number; REFERENCE_PREDICTIONS of no prediction's name. */
static int find(const char *id)
{
    int p = 0;
    while (p < REFERENCE_PREDICTIONS && strcmp(predictions[p].id, id) != 0)
        p++;
    return p;
}

bool reference_is_predicted(const char *id)
{
    return find(id) < REFERENCE_PREDICTIONS;
}

void reference_free(struct reference *reference)
{
    for (int p = 0; p < REFERENCE_PREDICTIONS; p++)
        if (reference->predicted[p])
            moments_free(&reference->moments[p]);
    *reference = (struct reference){0};
}

static int gather_line(const struct reference_place *place, const struct model *model, struct wide *gathered,
                       struct error *error)
{
    const struct theory_line *line = theory_find(place->id);
    if (!line)
        return error_set(error, ERROR_INPUT, "bound @%s is no row of the theory", place->id);
    int code = ERROR_NONE;
    for (int l = place->first > 2 ? place->first - 2 : 0; code == ERROR_NONE && l <= place->last; l++) {
        struct graph_scope scope = model_scope(model, l);
        double at = 0;
        code = theory_evaluate(line, &scope, &at, error);
        gathered[l] = wide_of(at);
    }
    return code;
}

static int predict(struct reference *reference, int p, const struct depth *depth, bool by_token, struct error *error)
{
    struct moments_options options = moments_defaults();
    options.width_limit = predictions[p].width_limit;
    options.per_token = by_token;
    int code = moments_predict(depth->model, &options, &reference->moments[p], error);
    reference->predicted[p] = code == ERROR_NONE;
    return code;
}

/* The prediction's schema is laid out by itself: the column is looked up in it again. */
static int gather_prediction(const struct moments *moments, const struct reference_place *place,
                             const struct depth *depth, struct wide *gathered, struct wide *work, struct error *error)
{
    struct depth layout = *depth;
    struct column column;
    bool found;
    layout.schema = moments->schema;
    int code = column_parse(&column, place->observable, &layout.schema, &found, error);
    if (code == ERROR_NONE && !found)
        code = error_set(error, ERROR_INPUT, "there is no prediction of %s", place->observable);
    if (code == ERROR_NONE)
        column_gather(&column, &layout, moments->mean, gathered, work);
    return code;
}

int reference_gather(struct reference *reference, const struct reference_place *place, const struct depth *depth,
                     bool by_token, struct wide *gathered, struct wide *work, struct error *error)
{
    int p = find(place->id);
    if (p == REFERENCE_PREDICTIONS)
        return gather_line(place, depth->model, gathered, error);
    int code = reference->predicted[p] ? ERROR_NONE : predict(reference, p, depth, by_token, error);
    return code == ERROR_NONE ? gather_prediction(&reference->moments[p], place, depth, gathered, work, error) : code;
}
