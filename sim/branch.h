/* What the branches of a block (attention, FFN, MoE) have in common: each owns weights and reads one signal.
 *
 * A branch is a row of three functions over caller's memory. cost() depends on the model and engine only, forward()
 * fills the tape, backward() reads it; both may overwrite work.
 */
#ifndef SPANSCOPE_SIM_BRANCH_H
#define SPANSCOPE_SIM_BRANCH_H

#include "sim/linear.h"
#include "sim/model.h"

/* The branch at one place of one block of one sample. */
struct branch_site {
    const struct model *model;
    const struct linear_engine *engine;
    const double *sd;              // [INIT_MATRICES] of this block
    struct stream_address address; /* seed, sample, block and site */
};

/* What a branch tells the observables. */
struct branch_report {
    double entropy, relative_entropy;       /* attention only */
    double gradient_squares[INIT_MATRICES]; /* |dW|_F^2, summed over experts */
};

struct branch {
    bool has_entropy;
    struct linear_cost (*cost)(const struct model *model, const struct linear_engine *engine);
    /* y = branch(u) */
    void (*forward)(const struct branch_site *site, const double *u, // [T][d]
                    double *y,                                       // [T][d]
                    struct arena tape, struct arena work, struct branch_report *report);
    /* du = beta du + J^T dy, beta 0 or 1; adds to report->gradient_squares. y is what forward gave. */
    void (*backward)(const struct branch_site *site, const double *u, const double *y, const double *dy, // [T][d]
                     double beta, double *du,                                                            // [T][d]
                     struct arena tape, struct arena work, struct branch_report *report);
    /* Number of entries of a matrix, all experts together; 0 where the branch has no such matrix. */
    size_t (*entries)(const struct model *model, enum init_matrix matrix);
};

/* The branch behind a graph node, or NULL for the other kinds. */
const struct branch *branch_of(enum graph_kind kind);

/* The engine's backward pass, the weight gradients of its maps added to the report. */
void branch_linear_backward(const struct branch_site *site, const struct linear *linear,
                            const double *x,                                   // [rows][fan_in]
                            const double *const y[], const double *const dy[], // [count] of [rows][fan_out_i]
                            double beta, double *dx,                           // [rows][fan_in]
                            const double *tape, struct arena work, struct branch_report *report);

/* Map number `matrix` of the given shape at this site. */
struct linear_map branch_map(const struct branch_site *site, enum init_matrix matrix, int expert, int fan_out);

#endif
