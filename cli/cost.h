/* What a run would take, before it is started. */
#ifndef SPANSCOPE_CLI_COST_H
#define SPANSCOPE_CLI_COST_H

#include <stdint.h>

#include "cli/outlay.h"
#include "cli/sweep.h"
#include "sim/sampler.h"

/* Processor seconds of a sample on this machine: its normals and operations at rates that are measured on the spot,
 * times what a sample of a smaller stack of the same kind (fewer layers, tokens and features, some tenths of a second in
 * all) takes beyond that, in softmaxes, activations, observables and calls. */
struct cost_time {
    double normals, flops; /* per second */
    double beyond;         /* the smaller stack's time over that by its rates; 1 where it cannot be run */
    double seconds;
};

int cost_time(const struct stack *stack, struct cost_time *time, struct error *error);

/* Parameters, normals, operations, all memory that grows with the model, and time. */
int cost_model(const struct model *model, const struct linear_engine *engine, bool per_token, int threads,
               size_t memory, int64_t samples, struct outlay *outlay, struct error *error);

/* What all points of a sweep take together. */
struct cost_sweep {
    double *share;  /* [points + 1]: of the nominal time, that is spent when a point begins */
    double seconds; /* nominal, of one thread */
    size_t bytes;   /* of the largest point, all its threads */
    size_t cells;   /* of a sample of the largest */
};

/* Plans every point: a configuration that does not fit the memory costs no time. samples: of each. */
int cost_sweep_init(struct cost_sweep *cost, const struct sweep *sweep, const struct linear_engine *engine,
                    bool per_token, int threads, size_t memory, int64_t samples, struct error *error);
void cost_sweep_free(struct cost_sweep *cost);

/* How many, how long and how much memory; the time from samples of some of the points. */
int cost_sweep_all(const struct cost_sweep *cost, const struct sweep *sweep, const struct linear_engine *engine,
                   bool per_token, int threads, size_t memory, int64_t samples, struct outlay *outlay,
                   struct error *error);

#endif
