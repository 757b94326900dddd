/* What a claim measures of a configuration that is trained: a sample is a seed, with a run at each rate of the recipe, and
 * its columns are those of the last profile that the runs take (train/measure; of several rates, the last's), and behind
 * them the outcomes of the runs, the same at every layer. A claim that wants no more than the edge, or the best rate, trains
 * the middle rate first and goes from there to the next that fails, or does not, or downhill until it rises: two to four
 * runs a seed, however many rates it names.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_OUTCOME_H
#define SPANSCOPE_ANALYSIS_CLAIMS_OUTCOME_H

#include <signal.h>

#include "analysis/claims/memo.h"
#include "sim/observe.h"
#include "train/recipe.h"

/* The runs of one seed. */
struct outcome_runs {
    const struct recipe *recipe;
    const double *scores; // [rates]: u, NAN where a run has none
    double spread;        /* behind the last step at the last rate; NAN where that run has blown up */
};

/* The number of the rate that a sample needs next; -1: none. */
typedef int outcome_search(int count,           // of rates
                           const bool *trained, // [count]
                           const double *scores /* [count]: NAN where a run has none */);

struct outcome {
    const char *name;
    const char *summary;
    double (*of)(const struct outcome_runs *runs); /* NAN where there is none */
    outcome_search *search;                        /* of the rates that it takes; NULL: it takes all */
};

extern const struct outcome outcomes[];
extern const size_t outcome_count;

/* The search of an observable, in the words of analysis/claims/column; NULL: it takes all rates. */
outcome_search *outcome_search_of(const char *observable);

/* The columns of a sample in the place of those of the stack. */
int outcome_columns(struct observe_schema *schema, struct error *error);

struct outcome_plan {
    const struct model *model;
    const struct recipe *recipe;
    const struct observe_schema *schema; /* by outcome_columns */
    outcome_search *search;              /* of the rates that are read of a sample; NULL: all */
    struct memo *memo;                   /* of runs that need not be trained again; may be NULL */
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
