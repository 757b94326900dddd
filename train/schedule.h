/* The learning rate over the steps of a run, as a factor. */
#ifndef SPANSCOPE_TRAIN_SCHEDULE_H
#define SPANSCOPE_TRAIN_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct schedule_row {
    const char *name;
    const char *summary;
    double (*decay)(double done); /* done in [0, 1): the share of the steps behind the warm-up that is over */
};

extern const struct schedule_row schedules[];
extern const size_t schedule_count;

/* (step + 1)/warmup on the first `warmup` steps, from there on the row's decay. step counts from 0 to steps - 1. */
double schedule_factor(const struct schedule_row *row, int64_t warmup, int64_t steps, int64_t step);

#endif
