/* One block: its graph read as exact tensors, forward and reverse. */
#ifndef SPANSCOPE_SIM_BLOCK_H
#define SPANSCOPE_SIM_BLOCK_H

#include "sim/branch.h"

struct block {
    const struct graph *graph;
    const double *scalars;    // [node_count], graph_evaluate's values in this block
    double sd[INIT_MATRICES]; /* of its matrices */
    uint32_t number;          /* l from 1; L + 1 for the section final: */
};

/* The sample that a block is evaluated in. */
struct block_run {
    const struct model *model;
    const struct linear_engine *engine;
    uint64_t seed, sample;
};

/* What forward and backward take; two equal graphs cost the same. */
struct linear_cost block_cost(const struct model *model, const struct linear_engine *engine, const struct graph *graph);

/* Evaluates the block on x and returns its output, which lies on the tape or is x itself. ratios[s] becomes the mean
 * square of branch s's output, reports[s] is cleared and gets its entropies. */
const double *block_forward(const struct block_run *run, const struct block *block, const double *x, // [T][d]
                            struct arena tape, struct arena work, double ratios[], struct branch_report reports[]);

/* dx = J^T dy with the tape of the forward pass; reports get the weight gradients. dx and dy do not overlap. */
void block_backward(const struct block_run *run, const struct block *block, const double *x, const double *dy,
                    double *dx, // [T][d]
                    struct arena tape, struct arena work, struct branch_report reports[]);

#endif
