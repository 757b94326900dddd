/* A claim put to the test: its configurations sampled together, look by look, until a verdict or the budget's end.
 *
 * Sample i of every configuration makes one independent observation, so contrasts between configurations have ordinary
 * standard errors. Numbers depend on the seed only, not on threads; a look adds samples to those of the looks before.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_TRIAL_H
#define SPANSCOPE_ANALYSIS_CLAIMS_TRIAL_H

#include <signal.h>
#include <stdbool.h>

#include "analysis/claims/claim.h"
#include "sim/linear.h"

struct trial_options {
    enum claim_tier tier;
    uint64_t seed;
    int threads;
    size_t memory;                      /* bytes for all threads */
    int64_t samples;                    /* at most, of each configuration; 0: the plan's */
    const struct linear_engine *engine; /* NULL: the cheaper for each configuration */
    const struct claim_override *overrides;
    int override_count;
    const volatile sig_atomic_t *stop; /* may be NULL */
};

struct trial_configuration;

enum { TRIAL_WHY_MAX = 384 };

struct trial {
    const struct claim *claim;
    const struct trial_options *options;
    struct trial_configuration *configurations; /* [count] */
    int count;
    struct verdict_test *tests;        /* [test_count] */
    const struct claim_check **checks; /* [test_count]: the family that a test is of */
    size_t test_count;
    int64_t samples; /* drawn so far, of each configuration */
    double seconds;
    char not_applicable[TRIAL_WHY_MAX]; /* the hypothesis that fails and how; empty where all hold */
};

/* Builds every configuration and reads every text before anything is sampled. A hypothesis that fails is no error:
 * not_applicable says which. The options must outlive the trial. */
int trial_init(struct trial *trial, const struct claim *claim, const struct trial_options *options,
               struct error *error);
void trial_free(struct trial *trial);

/* Whether anything in a configuration reads the setting of that name. Where a hypothesis fails, those up to it count.
 */
bool trial_reads(const struct trial *trial, const char *setting);

/* The verdict's view of a trial, as far as it is known. */
struct verdict_claim trial_evidence(const struct trial *trial);

/* Samples until decided at alpha or the budget is spent. After an error the trial holds no tests. */
int trial_decide(struct trial *trial, double alpha, struct verdict_claim *verdict, struct error *error);

#endif
