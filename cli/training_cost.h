/* What training would take, before it is started. */
#ifndef SPANSCOPE_CLI_TRAINING_COST_H
#define SPANSCOPE_CLI_TRAINING_COST_H

#include "cli/outlay.h"
#include "train/train.h"

/* How many runs, how long, by the time of steps of some of them, and how much memory. A model's runs, so many each, stand
 * side by side. ERROR_RESOURCE where a run needs more than its thread's share of `memory` bytes,
 * 0: what is free. */
int training_cost(const struct train_run *runs, int count, int of_a_model, int threads, size_t memory,
                  struct outlay *outlay, struct error *error);

#endif
