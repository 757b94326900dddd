/* Columns of two signals side by side, in groups: the heads of keys that are put together from two parts. */
#ifndef SPANSCOPE_SIM_JOIN_H
#define SPANSCOPE_SIM_JOIN_H

#include "sim/real.h"

struct join {
    int groups;        /* of what comes out: in each a group of the first signal and one of the second */
    int repeat;        /* groups that one of the first signal stands in, one behind the other; divides groups */
    int first, second; /* columns of their groups */
};

void join_forward(const struct join *join, int rows, const real *a, // [rows][groups/repeat first]
                  const real *b,                                    // [rows][groups second]
                  real *y);                                         // [rows][groups (first + second)]

/* The gradients of both; one that stands in several groups gets their sum. */
void join_backward(const struct join *join, int rows, const real *dy, real *da, real *db);

#endif
