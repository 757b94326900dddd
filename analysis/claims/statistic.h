/* Per-sample statistics: what a claim makes of one observable at the layers of one sample. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_STATISTIC_H
#define SPANSCOPE_ANALYSIS_CLAIMS_STATISTIC_H

#include <stddef.h>

#include "sim/wide.h"

struct statistic {
    const char *name;
    const char *summary;
    bool by_layer; /* a number for every layer of a range; else one for the whole range */
    int least;     /* the lowest layer that a range may begin with */
    /* by_layer: first = last = the layer. NAN where a value is absent or its logarithm undefined. */
    double (*evaluate)(const struct wide *column, int first, int last); // column [L + 1]
};

extern const struct statistic statistics[];
extern const size_t statistic_count;

const struct statistic *statistic_find(const char *name);

#endif
