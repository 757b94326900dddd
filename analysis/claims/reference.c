#include "analysis/claims/reference.h"

#include <string.h>

#include "analysis/bounds/theory.h"

void reference_free(struct reference *reference)
{
    if (reference->predicted)
        moments_free(&reference->moments);
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

static int predict(struct reference *reference, const struct depth *depth, bool by_token, struct error *error)
{
    struct moments_options options = moments_defaults();
    options.per_token = by_token;
    int code = moments_predict(depth->model, &options, &reference->moments, error);
    reference->predicted = code == ERROR_NONE;
    return code;
}

/* The prediction's schema is laid out by itself: the column is looked up in it again. */
static int gather_prediction(const struct reference *reference, const struct reference_place *place,
                             const struct depth *depth, struct wide *gathered, struct wide *work, struct error *error)
{
    struct depth layout = *depth;
    struct column column;
    bool found;
    layout.schema = reference->moments.schema;
    int code = column_parse(&column, place->observable, &layout.schema, &found, error);
    if (code == ERROR_NONE && !found)
        code = error_set(error, ERROR_INPUT, "there is no prediction of %s", place->observable);
    if (code == ERROR_NONE)
        column_gather(&column, &layout, reference->moments.mean, gathered, work);
    return code;
}

int reference_gather(struct reference *reference, const struct reference_place *place, const struct depth *depth,
                     bool by_token, struct wide *gathered, struct wide *work, struct error *error)
{
    if (strcmp(place->id, "predicted") != 0)
        return gather_line(place, depth->model, gathered, error);
    int code = reference->predicted ? ERROR_NONE : predict(reference, depth, by_token, error);
    return code == ERROR_NONE ? gather_prediction(reference, place, depth, gathered, work, error) : code;
}
