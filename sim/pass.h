/* A pass over a block's nodes, forward or in reverse; for sim/block and those that read its nodes for it. */
#ifndef SPANSCOPE_SIM_PASS_H
#define SPANSCOPE_SIM_PASS_H

#include "sim/block.h"

/* What a node has of memory. */
struct pass_node {
    const real *signal; // [rows][width]
    real *own;          /* the same where this node has written it, else NULL */
    struct arena extra; /* what else it keeps from forward to reverse */
    real *gradient;     // [rows][width], the cotangent on its way; NULL where it is not wanted
    bool arrived;       /* who arrives first writes it, the others add */
};

struct pass {
    const struct block_run *run;
    const struct block *block; /* NULL while costs are counted */
    const struct graph *graph;
    const struct plan *plan;
    struct pass_node *nodes; // [node_count]
    struct arena work;       /* scratch of one node */
    struct block_report *report;
    int mixture;      /* whose body this is of, -1: of none */
    int expert, rows; /* of a body: whose, and how many it has been given */
};

static inline const real *pass_signal(const struct pass *pass, int n)
{
    return pass->nodes[n].signal;
}

/* Rows of a node's signal, doubles of it. */
int pass_rows(const struct pass *pass, int n);
size_t pass_entries(const struct pass *pass, int n);

/* What nodes [first, end) of the pass's mixture take together, not their scratch added but the largest. */
struct linear_cost pass_cost(const struct pass *pass, int first, int end);

/* Hands out the tapes of these nodes, the same forward and in reverse. */
void pass_lay_out(struct pass *pass, int first, int end, struct arena *tape);

void pass_forward(struct pass *pass, int first, int end);

/* From the cotangents that have arrived. */
void pass_backward(struct pass *pass, int first, int end);

/* The node's cotangent gets scale times dy. */
void pass_arrive(struct pass *pass, int n, double scale, const real *dy);

/* What a kind of signal does in either pass. */
struct pass_operation {
    size_t (*extra)(const struct pass *pass, int n);            /* doubles from forward to reverse beside the signal */
    struct linear_cost (*cost)(const struct pass *pass, int n); /* scratch, normals and flops; no tape */
    void (*forward)(struct pass *pass, int n);
    void (*backward)(struct pass *pass, int n);
};

extern const struct pass_operation mixture_operation; /* sim/mixture.c */

#endif
