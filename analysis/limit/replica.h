/* One stack of Gaussian coordinates, forward and in reverse, with the observables of every layer. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_REPLICA_H
#define SPANSCOPE_ANALYSIS_LIMIT_REPLICA_H

#include <signal.h>

#include "analysis/limit/course.h"
#include "analysis/limit/flow.h"

/* Of what the first order of T/d leaves (moments.c). */
struct replica_order {
    double variance; /* of log g_0/g_L, about */
    double alike;    /* of the cotangent: the square that tokens share over what each has by itself */
    double logits;   /* of a loss: the variance over tokens of their logits' own variance */
    double uneven;   /* of what tokens have by themselves, where attention reads it: relative variance, by few heads */
};

/* One thread's memory; serves any number of replicas one after another. */
struct replica {
    const struct course *course;
    uint64_t seed, number;
    struct flow_block *flows;   // [block_count]
    bool *read;                 // [block_count] whether a flow holds what its forward pass left
    struct flow_states *states; // [block_count + 1] at every block's input, and at the end
    struct pool forward, reverse[2], sources, scratch;
    struct signal memories[GRAPH_INPUTS_MAX];
    struct wide *values; // [course->cells]
    size_t budget;       /* bytes that flows may hold */
    bool drawn, too_sharp;
    struct replica_order order;
};

int replica_init(struct replica *replica, const struct course *course, uint64_t seed, size_t budget,
                 struct error *error);
void replica_free(struct replica *replica);

/* Fills values. stop may be NULL: nonzero is ERROR_INTERRUPTED. ERROR_INPUT names the block where a signal or its
 * gradient leaves the range of double; ERROR_RESOURCE. */
int replica_run(struct replica *replica, uint64_t number, const volatile sig_atomic_t *stop, struct error *error);

#endif
