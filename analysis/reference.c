#include "analysis/reference.h"

#include <string.h>

#include "analysis/theory.h"

void reference_free(struct reference *reference)
{
    (void)reference;
}

static int gather_line(const char *id, const struct model *model, int first, int last, struct wide *gathered,
                       struct error *error)
{
    const struct theory_line *line = theory_find(id);
    if (!line)
        return error_set(error, ERROR_INPUT, "bound @%s is no row of the theory", id);
    int code = ERROR_NONE;
    for (int l = first > 2 ? first - 2 : 0; code == ERROR_NONE && l <= last; l++) {
        struct graph_scope scope = model_scope(model, l);
        double at = 0;
        code = theory_evaluate(line, &scope, &at, error);
        gathered[l] = wide_of(at);
    }
    return code;
}

int reference_gather(struct reference *reference, const char *id, const struct column *column,
                     const struct stack *stack, int first, int last, bool by_token, struct wide *gathered,
                     struct wide *work, struct error *error)
{
    (void)reference, (void)column, (void)by_token, (void)work;
    return gather_line(id, stack->model, first, last, gathered, error);
}
