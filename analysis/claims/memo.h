/* Finished runs of training, kept in memory: what several claims train is trained once, and comes out the same bits. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_MEMO_H
#define SPANSCOPE_ANALYSIS_CLAIMS_MEMO_H

#include "train/train.h"

struct memo_run {
    struct train_run run; /* its model and training, which stay the caller's */
    char *bytes;          /* [length], of its record */
    size_t length;
};

/* Starts zeroed. */
struct memo {
    struct memo_run *runs; /* [count] */
    size_t count, room;
};

/* Models, tasks and lists of steps of the runs must outlive the memo. */
void memo_free(struct memo *memo);

/* The keeper of a plan. */
struct train_keeper memo_keeper(struct memo *memo);

#endif
