/* One block: its graph read as exact tensors, forward and reverse. */
#ifndef SPANSCOPE_SIM_BLOCK_H
#define SPANSCOPE_SIM_BLOCK_H

#include "sim/linear.h"
#include "sim/mixture.h"
#include "sim/plan.h"

struct block {
    const struct graph *graph;
    const struct plan *plan;
    const double *scalars;         // [node_count], graph_evaluate's values in this block
    const double *sd;              // [matrix_count], of its matrices
    const struct law *const *laws; // [matrix_count], theirs
    uint32_t number;               /* l from 1; L + 1 for the section final: */
};

/* The sample that a block is evaluated in. */
struct block_run {
    const struct model *model;
    const struct linear_engine *engine;
    uint64_t seed, sample;
};

/* Who wants to see the attentions themselves, as the forward pass makes them. */
struct block_watch {
    void (*attention)(void *context, const struct block *block, int node, const struct attention *attention,
                      const real *a); // [B][heads][queries][keys]
    void *context;
};

/* What a block tells the observables. The caller owns the arrays; one that is NULL is not asked for, but gradients. */
struct block_report {
    double *outputs;                     // [site_count], mean square of what a branch puts out
    double *added;                       // [site_count], mean square of what of it is added to the stream
    double *gradients;                   // [matrix_count], |dW|_F^2, summed over experts
    struct attention_report *attentions; // [node_count], of those that attend
    struct mixture_report *mixtures;     // [node_count], of mixtures
    const struct block_watch *watch;     // NULL: nobody
};

/* What forward and backward take; two blocks of one plan cost the same. Of operations, the products with matrices and
 * those of attention are counted: what else there is is linear in d. */
struct linear_cost block_cost(const struct model *model, const struct linear_engine *engine, const struct plan *plan);

/* Map of a matrix as this sample has it; expert counts a mixture's copies, 0 elsewhere. */
void block_map(const struct block_run *run, const struct block *block, int matrix, int expert, struct linear_map *map);

/* Evaluates the block on inputs, states first, and sets the states' outputs, which lie on the tape or are inputs
 * themselves. Fills the report but its gradients. */
void block_forward(const struct block_run *run, const struct block *block,
                   const real *const inputs[], // [input_count] of [rows][d]
                   const real *outputs[],      // [state_count] of [B T][d]
                   struct arena tape, struct arena work, struct block_report *report);

/* dx = J^T dy with the tape of the forward pass; the report gets the weight gradients. A dy of NULL is 0. None of them
 * overlap. */
void block_backward(const struct block_run *run, const struct block *block, const real *const inputs[],
                    const real *const dy[], // [state_count] of [B T][d]
                    real *const dx[],       // [input_count] of [rows][d]
                    struct arena tape, struct arena work, struct block_report *report);

#endif
