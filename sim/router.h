/* How a token's k experts are chosen and weighed by its router logits; theory.md, section 1. */
#ifndef SPANSCOPE_SIM_ROUTER_H
#define SPANSCOPE_SIM_ROUTER_H

#include <stddef.h>

#include "sim/real.h"

/* Of one token: the experts with the k largest logits are chosen, ties go to the smaller index. */
struct router {
    const char *name;
    const char *summary;
    /* p_e from the logits and chosen: the weight where that is 1; what it is elsewhere is the router's own affair. */
    void (*weigh)(int experts, const real *logits, const real *chosen, // [E]
                  real *p);                                            // [E]
    /* dlogits from dp, which is read at the chosen experts only. */
    void (*backward)(int experts, const real *logits, const real *chosen, const real *p, const real *dp,
                     real *dlogits); // [E] all
};

extern const struct router routers[];
extern const size_t router_count;

/* chosen[E] is 1 at the k largest logits, 0 elsewhere, and p the router's weights. */
void router_gate(const struct router *router, int experts, int top_k, const real *logits, real *chosen, real *p);

#endif
