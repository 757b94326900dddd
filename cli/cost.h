/* What a run would take, before it is started. */
#ifndef SPANSCOPE_CLI_COST_H
#define SPANSCOPE_CLI_COST_H

#include <stdint.h>
#include <stdio.h>

#include "sim/sampler.h"

/* Processor seconds of a sample on this machine: its normals and operations at rates that are measured on the spot,
 * times what a sample of a smaller stack of the same kind (fewer layers, tokens and features, a tenth of a second in
 * all) takes beyond that, in softmaxes, activations, observables and calls. */
struct cost_time {
    double normals, flops; /* per second */
    double beyond;         /* the smaller stack's time over that by its rates; 1 where it cannot be run */
    double seconds;
};

int cost_time(const struct stack *stack, struct cost_time *time, struct error *error);

/* Parameters, normals, operations, all memory that grows with the model, and time. */
int cost_print(const struct model *model, const struct linear_engine *engine, bool per_token, int threads,
               size_t memory, int64_t samples, FILE *stream, struct error *error);

#endif
