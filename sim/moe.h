/* Mixture of experts: each token goes to the k of E feed-forward experts with the largest router logits u W_r, and gets
 * sum_e p_e ffn_e(u); theory.md, section 1. */
#ifndef SPANSCOPE_SIM_MOE_H
#define SPANSCOPE_SIM_MOE_H

#include <stdbool.h>
#include <stddef.h>

/* Both routers gate by a softmax and differ in what it runs over. */
struct router {
    const char *name;
    const char *summary;
    bool over_chosen; /* softmax over the chosen logits, else over all, kept at the chosen */
};

extern const struct router routers[];
extern const size_t router_count;

const struct router *router_find(const char *name);

struct branch;
extern const struct branch moe_branch;

/* For one token: chosen[E] is 1 at the k largest logits (ties go to the smaller index), 0 elsewhere, and p[E] the
 * router's softmax, 0 outside what it runs over. */
void moe_gate(const struct router *router, int experts, int top_k, const double *logits, // [E]
              double *chosen, double *p);                                                // [E]

/* dlogits from dp, the gradient of the gates, which is read at the chosen experts only. */
void moe_gate_backward(int experts, const double *chosen, const double *p, const double *dp, // [E]
                       double *dlogits);                                                     // [E]

#endif
