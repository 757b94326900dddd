/* One block's graph read as Grams, forward and in reverse; theory.md, section 3.
 *
 * A signal is sum_b diag(c_b) B_b over independent components B_b, number 0 the block's input (in reverse: the gradient
 * at its output) and number 1 + s what branch s gives. A node holds the coefficients c_b[rows].
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_FLOW_H
#define SPANSCOPE_ANALYSIS_LIMIT_FLOW_H

#include "analysis/limit/rule.h"
#include "sim/block.h"

/* The replica that a block is evaluated in. */
struct flow_run {
    const struct model *model;
    struct gram_space space;
    uint64_t seed, replica;
    int heads;   /* attention matrices to draw */
    bool *drawn; /* set where random numbers are used */
};

/* Doubles of scratch. */
size_t flow_work(const struct model *model, struct gram_space space, const struct graph *graph);

/* out = Gram of the block's output; outputs[s] [gram_size] = that of branch s, kept for the reverse pass. Returns the
 * sum over tokens of the covariance of input and output, per feature. */
double flow_forward(const struct flow_run *run, const struct block *block, const double *in, double *out,
                    double *outputs, struct arena work, struct rule_report reports[]);

/* dx = Gram of the gradient at the block's input for one of Gram dy at its output. reports[s].weight become those of
 * branch s. */
void flow_backward(const struct flow_run *run, const struct block *block, const double *in, double *outputs,
                   const double *dy, double *dx, struct arena work, struct rule_report reports[]);

#endif
