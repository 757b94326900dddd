/* What a prediction takes, before it is made: from one replica of the model, or of one with fewer layers and tokens. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_EFFORT_H
#define SPANSCOPE_ANALYSIS_LIMIT_EFFORT_H

#include "analysis/limit/moments.h"

struct effort {
    double least, most; /* seconds on the threads: the error asked for decides between them while replicas are drawn */
    size_t bytes;       /* of all threads, beside what the program has before it begins */
    bool drawn;         /* else in closed form, by one thread */
};

/* Spends some tenths of a second. Errors are those of moments_predict. */
int effort_measure(struct effort *effort, const struct model *model, const struct moments_options *options,
                   struct error *error);

#endif
