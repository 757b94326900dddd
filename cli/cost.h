/* What a run would take, before it is started. */
#ifndef SPANSCOPE_CLI_COST_H
#define SPANSCOPE_CLI_COST_H

#include <stdint.h>
#include <stdio.h>

#include "sim/stack.h"

/* Parameters, normals, operations, memory, and the time by this machine's own rates, which are measured on the spot. */
int cost_print(const struct model *model, const struct linear_engine *engine, int threads, size_t memory,
               int64_t samples, FILE *stream, struct error *error);

#endif
