/* What enters a stack: the input tokens, and the cotangent on its output. */
#ifndef SPANSCOPE_SIM_SOURCE_H
#define SPANSCOPE_SIM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/real.h"

/* x_t = scale (sqrt(1-r) z_t + sqrt(r) z) with z_t, z of N(0,1) entries: tokens of pairwise correlation r. Number 0 is
 * the stack's input, the others are memories, independent of it and each other. */
void source_input(uint64_t seed, uint64_t sample, uint32_t number, int tokens, int width, double correlation,
                  double scale,
                  real *x); // [T][d]

struct cotangent {
    const char *name;
    const char *summary;
    bool loss; /* the gradient of a loss at the output, which it depends on (sim/readout); has neither of these: */
    void (*fill)(uint64_t seed, uint64_t sample, int tokens, int width, real *g); // [T][d]
    double (*gram)(int tokens, int s, int t); /* E of the product of a feature at tokens s and t, the same for all
                                                 s != t */
    bool exchangeable;                        /* where tokens are, the cotangent is: gram depends on s == t only */
};

extern const struct cotangent cotangents[];
extern const size_t cotangent_count;

const struct cotangent *cotangent_find(const char *name);

#endif
