/* A claim put to the test: its configurations sampled together, look by look, until a verdict or the budget's end.
 *
 * Sample i of every configuration makes one independent observation, so contrasts between configurations have ordinary
 * standard errors. Numbers depend on the seed only, not on threads; a look adds samples to those of the looks before.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_TRIAL_H
#define SPANSCOPE_ANALYSIS_CLAIMS_TRIAL_H

#include "analysis/claims/configuration.h"
#include "analysis/claims/verdict.h"

/* One test: a number of a check's family in one configuration, or the check's contrast of it over several. */
struct trial_test {
    int check, number;
    int member_count;
    const int *members;    /* [member_count]: configurations */
    const double *weights; /* [member_count] */
};

enum { TRIAL_WHY_MAX = 1088 }; /* an error and a few words before it */

struct trial {
    const struct claim *claim;
    const struct trial_options *options;
    struct configuration *configurations; /* [count] */
    int count;
    size_t test_count;
    struct trial_test *list;    /* [test_count] */
    struct verdict_test *tests; /* [test_count]: the evidence of each; bounds and labels from the first samples on */
    bool bounded;               /* whether the tests have their bounds */
    int *members;               /* [checks * count]: what the tests' members point into */
    double *weights;            /* [checks * count] */
    double *points;             /* [count]: scratch */
    int64_t samples;            /* drawn so far, of each configuration */
    double seconds;
    enum fit fit;            /* FIT_YES, FIT_NO or FIT_UNMADE */
    char why[TRIAL_WHY_MAX]; /* it does not apply; empty where it does */
};

/* Builds every configuration and reads every text before anything is sampled. That a claim does not apply is no error:
 * fit and why say so. The options must outlive the trial. */
int trial_init(struct trial *trial, const struct claim *claim, const struct trial_options *options,
               struct error *error);
void trial_free(struct trial *trial);

/* The check that a test is of. */
const struct claim_check *trial_check(const struct trial *trial, size_t test);

/* Whether anything in a configuration reads the setting of that name. Where a hypothesis fails, those up to it count.
 */
bool trial_reads(const struct trial *trial, const char *setting);

/* The verdict's view of a trial, as far as it is known. */
struct verdict_claim trial_evidence(const struct trial *trial);

/* Samples until decided at alpha or the budget is spent. A bound without a value for these models makes the claim
 * inapplicable. After an error the evidence holds no tests. */
int trial_decide(struct trial *trial, double alpha, struct verdict_claim *verdict, struct error *error);

#endif
