/* The phases of a trainability map: what a stack is good for, told from its end-to-end values by stated thresholds. */
#ifndef SPANSCOPE_ANALYSIS_PHASE_H
#define SPANSCOPE_ANALYSIS_PHASE_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/map.h"

struct phase {
    const char *name;
    const char *summary; /* with its threshold */
    bool (*holds)(const double values[MAP_VALUES]);
};

/* In the order in which they are tried. */
extern const struct phase phases[];
extern const size_t phase_count;

/* The first phase that holds, or -1: none does, or the point has no values. */
int phase_find(const double values[MAP_VALUES]);

#endif
