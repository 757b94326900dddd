/* Per-token normalisation without learned gain; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_NORM_H
#define SPANSCOPE_SIM_NORM_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/real.h"

/* What eps is unless a model says otherwise. */
#define NORM_EPSILON 1e-6

struct norm {
    const char *name;
    const char *summary;
    bool centres; /* takes the mean over features off first */
    /* y = norm(x); eps is added to the mean square (or variance) under the root. scale[t] keeps the token's factor for
     * the backward pass. */
    void (*forward)(int tokens, int width, double eps, const real *x, // [T][d]
                    real *y,                                          // [T][d]
                    real *scale);                                     // [T]
    /* dx = beta dx + J^T dy, from y and scale of the forward pass. */
    void (*backward)(int tokens, int width, const real *y, // [T][d]
                     const real *scale,                    // [T]
                     const real *dy,                       // [T][d]
                     double beta, real *dx);               // [T][d]
};

extern const struct norm norms[];
extern const size_t norm_count;

#endif
