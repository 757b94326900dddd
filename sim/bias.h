/* What attention adds to its logits by position.
 *
 * A row either has slopes, which are numbers of the head, or is drawn: a table of numbers for every head, one of which
 * each pair of positions is given. */
#ifndef SPANSCOPE_SIM_BIAS_H
#define SPANSCOPE_SIM_BIAS_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/real.h"
#include "sim/stream.h"

/* The positions that an attention compares. */
struct bias_grid {
    int queries, keys; /* rows i < queries, columns j < keys */
    bool causal;
};

/* How a bias is drawn. */
struct bias_drawing {
    double (*usual)(int width);                      /* standard deviation unless given, in a model of that width */
    bool shared;                                     /* one for all blocks */
    bool square;                                     /* positions are those of a square, row by row */
    size_t (*entries)(const struct bias_grid *grid); /* of a head's table */
    size_t (*entry)(const struct bias_grid *grid, int i, int j);
    void (*fill)(const struct bias_grid *grid, int heads, double sd, const struct stream *stream,
                 real *tables); // [heads][entries]
};

struct bias {
    const char *name;
    const char *summary;
    double (*slope)(int head, int heads); /* bias = -slope |i - j|; head from 0; NULL: none */
    const struct bias_drawing *drawing;   /* NULL: nothing is drawn */
};

extern const struct bias biases[];
extern const size_t bias_count;

/* The number of a distance among T5's 32; j - i of key j and row i. */
int bias_bucket(int distance, bool causal);

/* The side of a square of so many positions, 0 where they make none. */
int bias_side(int positions);

#endif
