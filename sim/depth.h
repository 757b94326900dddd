/* The blocks of a model, whoever reads them: each block's graph and plan, its scalars and scales, and the observables'
 * layout. */
#ifndef SPANSCOPE_SIM_DEPTH_H
#define SPANSCOPE_SIM_DEPTH_H

#include "sim/observe.h"

struct depth {
    const struct model *model;
    struct observe_schema schema;
    struct block *blocks; /* [L], and the section final: where the formula has one */
    int block_count;
    int state_count, input_count; /* of every block */
    int **branch_index; /* [block_count][sites of the block]: index into schema.branches, -1 for the unnamed site */
    int **
        matrix_index; /* [block_count][matrices of the block]: index into schema.matrices; unset for final:, as above */
    double *scalars;  /* the blocks' scalar values, and behind them the scales of their matrices */
    const struct law **laws; /* of the blocks' matrices */
    struct plan **plans;     /* [plan_count], different ones */
    int plan_count;
    int sites_max, matrices_max, nodes_max; /* of a block */
};

/* Checks every block's formula, scalars, sizes and scales. The model must outlive the depth. */
int depth_init(struct depth *depth, const struct model *model, bool per_token, struct error *error);
void depth_free(struct depth *depth);

/* NULL, or why weights must be drawn as matrices: a law that is not normal, a matrix that two blocks share. */
const char *depth_needs_matrices(const struct depth *depth);

/* What depth_init allocates that grows with the blocks. */
size_t depth_bytes(const struct depth *depth);

/* Whether a mixture in any block chooses experts by token. */
bool depth_has_router(const struct depth *depth);

#endif
