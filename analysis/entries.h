/* One sample from within: how the entries of activations and gradients are spread at every layer, and what one head of
 * attention looks at.
 *
 * Entries are counted in units of their layer's root mean square, so that layers compare whatever their size: of normal
 * entries, 68 % lie within 1.
 */
#ifndef SPANSCOPE_ANALYSIS_ENTRIES_H
#define SPANSCOPE_ANALYSIS_ENTRIES_H

#include "sim/stack.h"

enum { ENTRIES_BINS = 40, ENTRIES_REACH = 4 /* root mean squares, to either side */, ENTRIES_MAPS_MOST = 64 };

/* Bin i holds the entries from (-REACH + i w) rms on, w = 2 REACH / BINS. */
struct entries_histogram {
    struct wide rms;
    double least, most;   /* entries, in rms; 0 where all are 0 */
    int64_t below, above; /* entries beyond the bins */
    int64_t bins[ENTRIES_BINS];
};

/* The attention of one head in one block. */
struct entries_map {
    int block;                 /* from 1 */
    char site[GRAPH_NAME_MAX]; /* "attn2" */
    int heads, head;           /* head from 1 */
    int queries, keys;
    double *a; // [queries][keys], rows that sum to 1, or less beside a sink
};

struct entries {
    int layers;                            /* L */
    struct entries_histogram *activations; // [L + 1]
    struct entries_histogram *gradients;   // [L + 1]
    struct entries_map *maps;              // [map_count]
    int map_count;
    const char *engine;
};

struct entries_wish {
    const struct linear_engine *engine; /* NULL: the cheaper */
    uint64_t seed, sample;
    int head;   /* from 1 */
    int blocks; /* whose attentions are kept, spread evenly from the first to the last */
    size_t memory;
    const volatile sig_atomic_t *stop;
};

/* ERROR_INPUT for a head that a block's attention does not have, and what stack_sample meets. */
int entries_init(struct entries *entries, const struct model *model, const struct entries_wish *wish,
                 struct error *error);
void entries_free(struct entries *entries);

#endif
