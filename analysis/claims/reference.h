/* What a bound of a claim refers to: a row of analysis/theory, or a prediction, as a column of layers: "predicted" in
 * the limit of infinite width, "predicted-at-width" at the model's own. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_REFERENCE_H
#define SPANSCOPE_ANALYSIS_CLAIMS_REFERENCE_H

#include "analysis/claims/column.h"
#include "analysis/limit/moments.h"

enum { REFERENCE_PREDICTIONS = 2 };

/* The predictions of one configuration, each made when it is first asked for. */
struct reference {
    bool predicted[REFERENCE_PREDICTIONS];
    struct moments moments[REFERENCE_PREDICTIONS];
};

/* Whether it names a prediction. */
bool reference_is_predicted(const char *id);

void reference_free(struct reference *reference);

struct reference_place {
    const char *id;         /* of a row of the theory, or a prediction's name */
    const char *observable; /* in the words of analysis/column; a row of the theory has its own */
    int first, last;        /* layers; statistics look two layers below the first at most */
};

/* The values at layers first - 2 .. last, where there are such. ERROR_INPUT for an unknown id. */
int reference_gather(struct reference *reference, const struct reference_place *place, const struct depth *depth,
                     bool by_token, struct wide *gathered, // [L + 1]
                     struct wide *work,                    // [T]
                     struct error *error);

#endif
