/* A block's graph with the sizes of a model: rows and width of every signal, options resolved, maps grouped.
 *
 * A graph says "wq(u, H*D)" and "mask=causal"; every reading of it needs numbers. They are resolved once per block and
 * checked here (widths that do not fit, heads that do not divide them, sizes that are no whole numbers), with the place
 * in the text; whoever reads a plan may rely on them.
 */
#ifndef SPANSCOPE_SIM_PLAN_H
#define SPANSCOPE_SIM_PLAN_H

#include "sim/model.h"

/* Maps of one input within one site: they share one factor of it. Members are ordered by their matrices' addresses. */
struct plan_group {
    int input;        /* node */
    int count;        /* maps */
    const int *nodes; /* [count] */
    int first;        /* the least of them: where the group is evaluated */
};

/* options of a GRAPH_NORM */
struct plan_norm {
    const struct norm *norm;
    int groups;
    double eps;
};

/* options of a GRAPH_MOE */
struct plan_moe {
    const struct router *router;
    int experts, top_k;
    int expert_node;  /* the body is nodes expert_node .. the mixture's node - 1 */
};

/* What is known of a node. */
struct plan_node {
    int width; /* columns of a signal; 0 for scalars */
    int rows;  /* of one sequence: T, of a memory T_m; of nodes in a mixture's body T, the most that one expert has */
    union {
        struct plan_norm norm;
        struct attention attend; /* sim/attention.h */
        struct plan_moe moe;
        const struct activation *function; /* GRAPH_POINTWISE */
        int group;                         /* GRAPH_MAP: into groups */
    };
};

struct plan {
    const struct graph *graph;
    const double *scalars;   // [node_count] graph_evaluate's values in this block
    struct plan_node *nodes; // [node_count]
    struct plan_group *groups;
    int group_count;
    int *members; // what the groups' nodes point into
};

/* scalars are kept, not copied. ERROR_INPUT with line, column and block where sizes do not fit. */
int plan_init(struct plan *plan, const struct model *model, const struct graph *graph, const double *scalars, int block,
              struct error *error);
void plan_free(struct plan *plan);

/* Fan-in and fan-out of a matrix, and how many there are of it (the experts of a mixture, else 1). */
struct plan_matrix {
    int fan_in, fan_out, copies;
};
struct plan_matrix plan_matrix(const struct plan *plan, int matrix);

#endif
