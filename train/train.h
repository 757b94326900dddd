/* Many runs, each on one thread, several at a time.
 *
 * A run's numbers depend on its own configuration alone, and runs are handed over in their order: results are the same
 * bits for any number of threads, and however often the process was stopped and began again from what was kept.
 */
#ifndef SPANSCOPE_TRAIN_TRAIN_H
#define SPANSCOPE_TRAIN_TRAIN_H

#include <signal.h>

#include "train/trainer.h"

/* The version of what decides a run's bits beside its settings and the law of samples (sim/stream): counted up when the
 * same settings come to train otherwise, or to be measured otherwise. */
enum { TRAIN_LAW = 2 };

struct train_run {
    struct model model;
    struct training training;
    struct trainer_record record; /* from its first step on, until it has been handed over */
    bool finished;
};

/* Where runs are kept, as bytes: of a finished one its record, of one on its way its whole state. One call at a time. */
struct train_keeper {
    /* What is kept of a run, which the caller frees; NULL where nothing is. */
    int (*take)(void *context, const struct train_run *run, char **bytes, size_t *length, struct error *error);
    /* Keeps it in the place of what was kept before. done: steps. */
    int (*keep)(void *context, const struct train_run *run, int64_t done, const char *bytes, size_t length,
                struct error *error);
    void *context;
};

/* Whether bytes that were kept are of a finished run. */
bool train_is_finished(const char *bytes, size_t length);

struct train_plan {
    struct train_run **runs; /* [count] */
    int count;
    int threads;
    size_t memory;                     /* bytes for all threads together */
    const volatile sig_atomic_t *stop; /* may be NULL */
    const struct train_keeper *keeper; /* NULL for none */
    double interval;                   /* seconds between states that are kept of a run on its way */
    /* A run that is finished, or unfinished ones behind them when all is over; in order, one at a time. */
    int (*visit)(void *context, struct train_run *run, struct error *error);
    /* Behind every step: share of the work that is done; one call at a time. An error ends the runs. */
    int (*progress)(void *context, double share, struct error *error);
    void *context;
};

/* When *stop becomes nonzero, runs end behind their step, are kept where there is a keeper and handed over as far as
 * they have come; ERROR_INTERRUPTED. BLAS is set to one thread. */
int train_all(const struct train_plan *plan, struct error *error);

/* u of a run, NAN where it has none. */
double train_score(const struct train_run *run);

/* Nominal work of a run, for sharing out time. */
double train_work(const struct train_run *run);

#endif
