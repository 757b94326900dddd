/* Samples drawn by other ranks, for rank 0, in the order in which it would have drawn them itself. */
#ifndef SPANSCOPE_CLI_SPREAD_H
#define SPANSCOPE_CLI_SPREAD_H

#include "analysis/store.h"
#include "cli/ranks.h"
#include "cli/ticker.h"

enum spread_act { SPREAD_POINT, SPREAD_DRAW, SPREAD_QUIT };

/* What rank 0 tells another rank to do. Memory and threads decide the engine, so they are the same everywhere. */
struct spread_order {
    enum spread_act act;
    int threads;
    size_t memory;
    int64_t point;
    uint64_t seed, first, count;
};

/* What one rank draws for rank 0. */
struct spread_remote {
    int64_t orders; /* whose samples are not all here */
    size_t cells;
    int64_t config;                   /* in the store */
    struct spread_part *first, *last; /* samples that are here, a list */
    int code;                         /* ERROR_INTERRUPTED once a part broke off */
};

struct spread {
    struct store *store;           /* keeps samples as they arrive; NULL where nothing does */
    struct spread_remote *remotes; /* [ranks_count()] */
};

int spread_init(struct spread *spread, struct store *store, struct error *error);
void spread_free(struct spread *spread);

/* How many samples of so many cells a rank sends together at most. */
uint64_t spread_part_most(size_t cells);

/* Tells the rank to make ready for samples of a configuration; then to draw some. */
int spread_begin(struct spread *spread, int rank, const struct sampler *sampler, uint64_t seed, size_t memory,
                 int64_t point, struct error *error);
void spread_order(struct spread *spread, int rank, uint64_t seed, uint64_t first, uint64_t count);
void spread_quit(void);

/* Drawers (sim/sampler) of this source: of what the rank was told to draw, that and more; of this rank itself, which
 * listens to the others meanwhile; and of all ranks, begun, which share the samples. */
struct spread_source {
    struct spread *spread;
    struct sampler *sampler;
    int rank;
    int code; /* of what the others sent, and its error */
    struct error error;
    struct ticker ticker; /* takes what they send while this rank is at work */
};
sampler_draw spread_receive, spread_own, spread_share;

/* Takes and keeps what the others have drawn, beside whatever this rank does until spread_hush; what that touches of the
 * store and of the ranks needs the ticker's lock. */
void spread_listen(struct spread_source *source);
int spread_hush(struct spread_source *source, struct error *error);

/* Receives the next order; what another rank than 0 does. */
struct spread_order spread_next(void);

/* Draws the order's samples and sends them, part by part. */
int spread_work(const struct spread_order *order, struct sampler *sampler, const volatile sig_atomic_t *stop,
                struct error *error);

#endif
