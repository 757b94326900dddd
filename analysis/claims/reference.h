/* What a bound of a claim refers to: a row of analysis/theory, or the prediction, as a column of layers. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_REFERENCE_H
#define SPANSCOPE_ANALYSIS_CLAIMS_REFERENCE_H

#include "analysis/claims/column.h"
#include "analysis/limit/moments.h"

/* The prediction of one configuration, made when it is first asked for. */
struct reference {
    bool predicted;
    struct moments moments;
};

void reference_free(struct reference *reference);

struct reference_place {
    const char *id;         /* of a row of the theory, or "predicted" */
    const char *observable; /* in the words of analysis/column; a row of the theory has its own */
    int first, last;        /* layers; statistics look two layers below the first at most */
};

/* The values at layers first - 2 .. last, where there are such. ERROR_INPUT for an unknown id. */
int reference_gather(struct reference *reference, const struct reference_place *place, const struct depth *depth,
                     bool by_token, struct wide *gathered, // [L + 1]
                     struct wide *work,                    // [T]
                     struct error *error);

#endif
