/* Which signals of a block share a space, and what has to be drawn feature by feature.
 *
 * Two signals share a space where a sum, a product, a function or a norm takes one to the other. A map's output is
 * fresh. Norms, sums and maps need no features; a function of a Gaussian signal and a product of independent ones have
 * closed forms (kernel.h); heads of attention, functions of what is not Gaussian and products of dependent signals are
 * drawn: their spaces hold features.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_LAYOUT_H
#define SPANSCOPE_ANALYSIS_LIMIT_LAYOUT_H

#include "analysis/limit/frame.h"
#include "sim/plan.h"

/* How a model is read, in all of its blocks. */
struct layout_mode {
    bool width_limit;  /* else at the model's width */
    bool exchangeable; /* two rows for all tokens; everything in closed form */
    bool first_order;  /* with both of them: and what a Gram at the model's width adds to order T/d (ripple.h) */
    int heads;         /* of an attention in the limit, about: whole groups of them */
    int tokens, memory_tokens;
};

/* What the blocks' states are like, which all blocks have to agree on. */
struct layout_states {
    bool gaussian; /* every block's output is, where its input is */
    bool features; /* some block has functions or products in the states' space */
    bool open;     /* some of them have no closed form, or attention reads the states as they are */
    bool centres;  /* some block has a norm that takes their mean over features off */
};

struct layout_node {
    int space;               /* -1 for scalars */
    int matrix;              /* its own, else the first of those that read it, else none: -1 */
    bool gaussian;           /* given the Grams of all fresh signals */
    bool closed;             /* functions, products and attention: in closed form */
    struct attention attend; /* of a GRAPH_ATTEND as it is drawn */
    bool wide;               /* an attention's heads are widened until its logits are Gaussian */
    bool biased;             /* in the limit: a GRAPH_MOE's experts have a mean in common, the same in all features */
    double readings, rows;   /* how many times it is read, on how many rows each time: on average of experts' */
};

struct layout {
    const struct plan *plan;
    struct layout_mode mode;
    struct layout_node *nodes; // [node_count]
    struct space *spaces;      // [space_count], empty
    double *rows;              // [space_count] of its frame, on average
    bool *blended;             // [space_count] what a function gives may meet its argument, in a sum or a mean
    int space_count;
    int states; /* the space of the block's states */
};

/* Adds to `states` what the block says of them. */
int layout_init(struct layout *layout, const struct plan *plan, struct layout_mode mode, struct layout_states *states,
                struct error *error);
void layout_free(struct layout *layout);

/* Whether a node is of a mixture's experts and these are read one by one, by the mixture (rule_expert.c). */
bool layout_is_apart(const struct layout *layout, int node);

/* Whether every attention, function and product of the block has a closed form for exchangeable tokens. */
bool layout_is_closed(const struct layout *layout);

#endif
