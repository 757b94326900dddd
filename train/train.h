/* Many runs, each on one thread, several at a time.
 *
 * A run's numbers depend on its own configuration alone, and runs are handed over in their order: results are the same
 * bits for any number of threads, and however often the process was stopped and began again from its checkpoint.
 */
#ifndef SPANSCOPE_TRAIN_TRAIN_H
#define SPANSCOPE_TRAIN_TRAIN_H

#include <signal.h>

#include "train/trainer.h"

struct train_run {
    struct model model;
    struct training training;
    struct trainer_record record; /* from its first step on, until it has been handed over */
    bool finished;
};

struct train_plan {
    struct train_run *runs; /* [count] */
    int count;
    int threads;
    size_t memory;                     /* bytes for all threads together */
    const volatile sig_atomic_t *stop; /* may be NULL */
    const char *checkpoint;            /* a file, NULL for none */
    const char *identity;              /* all that decides the runs, for the checkpoint */
    double interval;                   /* seconds between checkpoints */
    /* A run that is finished, or unfinished ones behind them when all is over; in order, one at a time. */
    int (*visit)(void *context, struct train_run *run, struct error *error);
    void (*progress)(void *context, double share); /* of the work; may be NULL; one call at a time */
    void *context;
};

/* When *stop becomes nonzero, runs end behind their step, are saved where there is a checkpoint and handed over as far
 * as they have come; ERROR_INTERRUPTED. BLAS is set to one thread. */
int train_all(const struct train_plan *plan, struct error *error);

/* Nominal work of a run, for sharing out time. */
double train_work(const struct train_run *run);

#endif
