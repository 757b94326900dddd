/* Samples drawn by other ranks, for rank 0, in the order in which it would have drawn them itself. */
#ifndef SPANSCOPE_CLI_SPREAD_H
#define SPANSCOPE_CLI_SPREAD_H

#include "cli/ranks.h"
#include "sim/sampler.h"

enum spread_act { SPREAD_POINT, SPREAD_DRAW, SPREAD_QUIT };

/* What rank 0 tells another rank to do. Memory and threads decide the engine, so they are the same everywhere. */
struct spread_order {
    enum spread_act act;
    int threads;
    size_t memory;
    int64_t point;
    uint64_t seed, first, count;
};

/* Where samples of one rank arrive. */
struct spread_remote {
    int rank;
    int64_t orders; /* whose samples are not all here */
    size_t cells;
    uint64_t first, done, at; /* of the part that is here */
    struct wide *values;      /* [room][cells] */
    size_t room;
    int code; /* ERROR_INTERRUPTED once a part broke off */
};

/* One for each rank; [ranks_count()]. Free with spread_free. */
struct spread_remote *spread_new(void);
void spread_free(struct spread_remote *remotes);

/* Tells the rank to make ready for samples of a configuration; then to draw some. */
int spread_begin(struct spread_remote *remote, const struct sampler *sampler, size_t memory, int64_t point,
                 struct error *error);
void spread_order(struct spread_remote *remote, uint64_t seed, uint64_t first, uint64_t count);
void spread_quit(void);

/* A drawer (sim/sampler) of what one rank was told to draw, that and more. */
sampler_draw spread_receive; /* source: struct spread_remote */

/* A drawer that shares samples among all ranks, this one too. */
struct spread_all {
    struct sampler *sampler;
    struct spread_remote *remotes; /* [ranks_count()], begun */
};
sampler_draw spread_share;

/* Receives the next order; what another rank than 0 does. */
struct spread_order spread_next(void);

/* Draws the order's samples and sends them, part by part. */
int spread_work(const struct spread_order *order, struct sampler *sampler, const volatile sig_atomic_t *stop,
                struct error *error);

#endif
