/* One block read as Grams, forward and in reverse: rule.h's operations over the graph, and what a block hands on.
 *
 * A block hands on the coordinates of its states in a frame of their own (frame.h); the gradient at them comes back in
 * the next block's frame, which begins with that one.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_FLOW_H
#define SPANSCOPE_ANALYSIS_LIMIT_FLOW_H

#include "analysis/limit/rule.h"

/* What goes from block to block: [state_count] signals, or their gradients. */
struct flow_states {
    int count;
    struct signal signals[GRAPH_INPUTS_MAX];
    const double *ripples; /* to first order: those of the components that are handed on, a triangle; else NULL */
    double normed[GRAPH_INPUTS_MAX], spread[GRAPH_INPUTS_MAX], uneven[GRAPH_INPUTS_MAX]; /* as of a rule_node */
};

struct flow_block {
    const struct layout *layout;
    const struct block *block;
    struct pool pool;
    struct rule_run run;
    bool spanned;        /* what is handed on has the rows that the states span as its frame, else that of the block */
    struct signal basis; /* at a width those rows, [columns handed on][columns here], behind the kept ones */
    int kept, handed;    /* columns that are handed on as they are, and all */
    double *variance;    /* of flow_replica */
};

/* What every block of a replica shares. */
struct flow_replica {
    uint64_t seed, replica;
    const struct signal *memories; /* [inputs that are memories] */
    struct pool *scratch;          /* of one block's reverse pass, or of one rule forward */
    bool *drawn, *too_sharp;
    double *variance; /* to first order: += that of the logarithms of the signal's and its gradient's squares, about */
    double *uneven;   /* to first order: of rule_run */
};

int flow_open(struct flow_block *flow, const struct layout *layout, const struct block *block, struct error *error);
void flow_close(struct flow_block *flow);

/* Reads the block on the states `in` and hands on `out`, which lives in `keep`. covariance[s]: the sum over tokens of
 * that of state s at input and output, per feature; covariance[0] is NaN where a signal of the block leaves the range of
 * double, which is no error here. ERROR_RESOURCE. */
int flow_forward(struct flow_block *flow, const struct flow_replica *replica, const struct flow_states *in,
                 struct flow_states *out, struct pool *keep, double covariance[], struct error *error);

/* dx, at the block's inputs, from the gradients dy at what it handed on. dx lives in `keep`. */
int flow_backward(struct flow_block *flow, const struct flow_states *dy, struct flow_states *dx, struct pool *keep,
                  struct error *error);

/* What comes from above: of tokens alike (frame_factor_alike), or of a Gram, where that is not NULL. It is independent of
 * everything, unless `along` says what it is along the columns handed on. */
struct flow_cotangent {
    const double *own; // [gram_rows]
    double shared;
    const double *gram;  // [T][T]
    const double *along; // [T][handed]
};

/* dy of a stack's last block: the cotangent on the first state. */
int flow_cotangent(struct flow_block *flow, const struct flow_cotangent *from, struct flow_states *dy,
                   struct pool *keep, struct error *error);

#endif
