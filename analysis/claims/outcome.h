/* What a claim measures of a configuration that is trained: a sample is a seed, with a run at each rate of the recipe, and
 * its columns are those of the last profile that the runs take (train/measure; of several rates, the last's), and behind
 * them the outcomes of the runs, the same at every layer.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_OUTCOME_H
#define SPANSCOPE_ANALYSIS_CLAIMS_OUTCOME_H

#include <signal.h>

#include "sim/observe.h"
#include "train/recipe.h"
#include "train/train.h"

/* The runs of one seed. */
struct outcome_runs {
    const struct recipe *recipe;
    const double *scores;              // [rates]: u, NAN where a run has none
    const struct trainer_record *last; /* of the last rate */
};

struct outcome {
    const char *name;
    const char *summary;
    double (*of)(const struct outcome_runs *runs); /* NAN where there is none */
};

extern const struct outcome outcomes[];
extern const size_t outcome_count;

/* The columns of a sample in the place of those of the stack. */
int outcome_columns(struct observe_schema *schema, struct error *error);

struct outcome_plan {
    const struct model *model;
    const struct recipe *recipe;
    const struct observe_schema *schema; /* by outcome_columns */
    uint64_t seed;
    int threads;
    size_t memory; /* bytes for all threads */
    const volatile sig_atomic_t *stop;
    /* A sample's columns at layers 0 to L, in the samples' order, as a sampler hands them over. */
    void (*visit)(void *context, uint64_t sample, const struct wide *values); // [L + 1][columns]
    void *context;
};

/* Samples first to first + count - 1: the seeds plan->seed + sample. The same bits for any number of threads. */
int outcome_sample(const struct outcome_plan *plan, uint64_t first, uint64_t count, struct error *error);

#endif
