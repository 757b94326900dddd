/* A block's graph with the sizes of a model: rows and width of every signal, options resolved, maps grouped.
 *
 * A graph says "wq(u, H*D)" and "mask=causal"; every reading of it needs numbers. They are resolved once per block and
 * checked here (widths that do not fit, heads that do not divide them, sizes that are no whole numbers), with the place
 * in the text; whoever reads a plan may rely on them. Blocks of one graph whose sizes and options agree share a plan.
 */
#ifndef SPANSCOPE_SIM_PLAN_H
#define SPANSCOPE_SIM_PLAN_H

#include "sim/join.h"
#include "sim/model.h"

/* Maps of one input within one site: they share one factor of it, and are evaluated together. */
struct plan_group {
    int input;        /* node */
    int count;        /* maps */
    const int *nodes; /* [count], by their matrices' addresses */
    int first;        /* the least of them */
};

/* Options of a GRAPH_NORM. */
struct plan_norm {
    const struct norm *norm;
    int groups; /* divides the width */
    double eps;
};

/* Options of a GRAPH_MOE. Its body is the nodes between the GRAPH_EXPERT and itself. */
struct plan_mixture {
    const struct router *router;
    const struct router_weigh *weigh;
    struct router_sizes sizes;
    int expert; /* node */
};

/* What is known of a node. */
struct plan_node {
    int width; /* columns of a signal; 0 for scalars */
    int rows;  /* B T, of a memory B T_m; in the body of a mixture the most that an expert can be given */
    bool live; /* a signal that an output depends on */
    int slot;  /* where its cotangent lies in the reverse pass; -1 for inputs */
    int group; /* GRAPH_MAP: into groups */
    const struct activation *function; /* GRAPH_POINTWISE */
    union {
        struct plan_norm norm;
        struct attention attend;
        struct join join;
        struct plan_mixture mixture;
    };
};

struct plan {
    const struct graph *graph;
    struct plan_node *nodes; // [node_count of the graph]
    struct plan_group *groups;
    int group_count;
    int *members;       /* what the groups' nodes point into */
    size_t *slot_sizes; // [slot_count], doubles
    int slot_count;
};

/* scalars are graph_evaluate's values in that block. ERROR_INPUT with line, column and block where sizes do not fit. */
int plan_init(struct plan *plan, const struct model *model, const struct graph *graph, const double *scalars, int block,
              struct error *error);
void plan_free(struct plan *plan);

/* Whether two plans of one graph agree. */
bool plan_same(const struct plan *a, const struct plan *b);

/* Doubles of a node's signal. */
size_t plan_entries(const struct plan *plan, int node);

/* The matrix's fan-in and fan-out, and how many there are of it: the experts of a mixture, else 1. */
struct init_size plan_matrix(const struct plan *plan, int matrix);
int plan_copies(const struct plan *plan, int matrix);

#endif
