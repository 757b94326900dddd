/* The blocks of a model, whoever reads them: each block's graph, its scalars and scales, and the observables' layout.
 */
#ifndef SPANSCOPE_SIM_DEPTH_H
#define SPANSCOPE_SIM_DEPTH_H

#include "sim/observe.h"

struct depth {
    const struct model *model;
    struct observe_schema schema;
    struct block *blocks; /* [L], and the section final: where the formula has one */
    int block_count;
    int **branch_index; /* [block_count][sites of the block]: index into schema.branches; unset for final: */
    double *scalars;    /* the blocks' scalar values */
    int sites_max;      /* of a block */
};

/* Checks every block's formula, scalars and scales. The model must outlive the depth. */
int depth_init(struct depth *depth, const struct model *model, bool per_token, struct error *error);
void depth_free(struct depth *depth);

/* What depth_init allocates that grows with the blocks. */
size_t depth_bytes(const struct depth *depth);

/* Whether a branch of any block chooses experts by token. */
bool depth_has_router(const struct depth *depth);

#endif
