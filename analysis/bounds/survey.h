/* What the bounds need to know of a block's graph before any number: which signals are made of which components. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_SURVEY_H
#define SPANSCOPE_ANALYSIS_BOUNDS_SURVEY_H

#include "sim/depth.h"

/* Components: 0 is the signal of ones, then the block's inputs, then one of each node that makes something new of what
 * it reads, in the order of the nodes. A signal's base is every component that its entries, feature by feature, depend
 * on: a map's is itself alone. Signals whose bases are disjoint are independent. */
struct survey {
    const struct graph *graph;
    const struct plan *plan;
    int components, words;
    int *component;  /* [node_count], -1 where it has none */
    int *node;       /* [components], -1 of ones and inputs */
    bool *alone;     /* [node_count] nothing but its one reader depends on what it is made of, feature by feature */
    bool *swayed;    /* [node_count] gradients may depend on the node's own entries, feature by feature */
    bool entangled;  /* so may those of the block's inputs */
    uint64_t *bases; // [node_count][words]
    int *readers;    /* [node_count], signals and outputs */
};

/* For blocks of up to so many nodes. False without memory. */
bool survey_init(struct survey *self, int nodes);
void survey_free(struct survey *self);

/* entangled: gradients at the outputs may depend on the outputs' entries. */
void survey_block(struct survey *self, const struct block *block, bool entangled);

/* Whether the signals of two nodes have bases that meet. */
bool survey_related(const struct survey *self, int a, int b);

/* The same of components. */
bool survey_components_related(const struct survey *self, int a, int b);

/* Whether a component is in the node's base. */
bool survey_has(const struct survey *self, int node, int component);

#endif
