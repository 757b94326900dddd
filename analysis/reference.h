/* What a bound of a claim refers to: a row of analysis/theory, or the prediction, as a column of layers. */
#ifndef SPANSCOPE_ANALYSIS_REFERENCE_H
#define SPANSCOPE_ANALYSIS_REFERENCE_H

#include "analysis/column.h"

struct moments;

/* The prediction of one configuration, made when it is first asked for. */
struct reference {
    struct moments *moments;
};

void reference_free(struct reference *reference);

/* The values at layers first - 2 to last (statistics look two layers below their range at most) of row id of the
 * theory; of id "predicted", the column of the prediction, at all layers. */
int reference_gather(struct reference *reference, const char *id, const struct column *column,
                     const struct stack *stack, int first, int last, bool by_token,
                     struct wide *gathered, // [L + 1]
                     struct wide *work,     // [T]
                     struct error *error);

#endif
