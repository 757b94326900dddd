/* Where training runs are kept (train/train): a store, which takes any runs of any command, or a checkpoint, which takes
 * those of this one. */
#ifndef SPANSCOPE_CLI_KEEPER_H
#define SPANSCOPE_CLI_KEEPER_H

#include "analysis/store.h"
#include "train/checkpoint.h"
#include "train/train.h"

struct keeper {
    const struct train_run *runs; /* [count] */
    int count;
    struct store store; /* zeroed where there is none */
    char *law;          /* of a run there */
    struct checkpoint checkpoint;
    char *identity; /* of all runs, for the checkpoint */
};

/* What decides a run's bits in a store beside its settings; the caller frees, NULL without memory. */
char *keeper_law(void);

/* One of the paths, or neither: then nothing is kept. The runs must outlive the keeper. */
int keeper_open(struct keeper *keeper, const struct train_run *runs, int count, const char *store,
                const char *checkpoint, struct error *error);
void keeper_close(struct keeper *keeper);

/* The keeper of a plan; keep is NULL where nothing is kept. */
struct train_keeper keeper_of(struct keeper *keeper);

#endif
