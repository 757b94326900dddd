/* Trains many runs, alone or with the other ranks of a job (cli/ranks): rank 0 hands out what is kept of them, keeps what
 * comes, and writes their results in order. A run's bits do not depend on who trains it. */
#ifndef SPANSCOPE_CLI_CREW_H
#define SPANSCOPE_CLI_CREW_H

#include "cli/delivery.h"
#include "cli/keeper.h"
#include "cli/progress.h"
#include "cli/training.h"

struct crew {
    struct train_run *runs; /* [count] */
    int count;
    int threads;   /* of this rank */
    size_t memory; /* of all its threads; 0: what is free beside them */
    double interval;
    const struct training_format *format;
    const struct training_page *page;
    /* Of rank 0; the others leave them zeroed. */
    struct keeper keeper;
    struct delivery delivery;
    struct progress progress;
    int lost; /* numbers that the runs leave out (training_unresolved) */
};

/* ERROR_INTERRUPTED on rank 0 once a signal has come to a rank: what there is has been kept and delivered. */
int crew_train(struct crew *crew, struct error *error);

#endif
