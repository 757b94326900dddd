/* How a token's k experts are chosen and weighed by its router logits; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_ROUTER_H
#define SPANSCOPE_SIM_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/real.h"

/* Of one token: the experts with the k largest logits are chosen, in groups of experts that are chosen before; ties go to
 * the smaller index. */
struct router {
    const char *name;
    const char *summary;
    bool apart; /* a weight depends on its own logit alone, and those of a token have no sum */
    /* Of groups those are chosen whose `best` largest scores have the largest sums; score NULL: the logit. */
    int best;
    double (*score)(double logit);
    /* p_e from the logits and chosen: the weight where that is 1; what it is elsewhere is the router's own affair. */
    void (*weigh)(int experts, const real *logits, const real *chosen, // [E]
                  real *p);                                            // [E]
    /* dlogits from dp, which is read at the chosen experts only. */
    void (*backward)(int experts, const real *logits, const real *chosen, const real *p, const real *dp,
                     real *dlogits); // [E] all
};

extern const struct router routers[];
extern const size_t router_count;

/* E experts in `groups` groups of neighbours, and how many of each a token chooses; no groups: 0 or 1. */
struct router_sizes {
    int experts, top_k, groups, top_groups;
};

/* chosen[E] is 1 at the k largest logits of the chosen groups, 0 elsewhere, and p the router's weights. */
void router_gate(const struct router *router, const struct router_sizes *sizes, const real *logits, real *chosen,
                 real *p);

/* What of an expert its weight multiplies. */
struct router_weigh {
    const char *name;
    const char *summary;
    bool input;
};

extern const struct router_weigh router_weighs[];
extern const size_t router_weigh_count;

#endif
