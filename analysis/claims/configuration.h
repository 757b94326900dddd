/* One configuration of a claim: its model, what each check takes of a sample of it, and the numbers taken so far. */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_CONFIGURATION_H
#define SPANSCOPE_ANALYSIS_CLAIMS_CONFIGURATION_H

#include <signal.h>

#include "analysis/claims/claim.h"
#include "analysis/claims/column.h"
#include "analysis/claims/outcome.h"
#include "analysis/claims/reference.h"
#include "analysis/claims/statistic.h"
#include "sim/linear.h"

/* How configurations are chosen and sampled; of all claims of a report. */
struct trial_options {
    enum claim_tier tier;
    uint64_t seed;
    int threads;
    size_t memory;                      /* bytes for all threads */
    int64_t samples;                    /* at most, of each configuration; 0: the plan's */
    const struct linear_engine *engine; /* NULL: the cheaper for each configuration */
    const struct claim_override *overrides;
    int override_count;
    struct memo *memo;                 /* of runs that claims share; may be NULL */
    const volatile sig_atomic_t *stop; /* may be NULL */
};

/* Whether a claim speaks of what the options make of it. Where it does not, the error's text says why. */
enum fit {
    FIT_YES,
    FIT_NO,     /* a hypothesis fails, or the options leave nothing to test */
    FIT_UNMADE, /* the options make no model: heads that do not divide the width */
    FIT_ERROR,  /* as the error's code says */
};

/* One check in one configuration: numbers [count] of every sample. */
struct family {
    const struct claim_check *check;
    const struct statistic *statistic;
    bool member; /* whether the check means this configuration */
    struct column column;
    int first, last; /* layers */
    int count;
    double *series; // [budget][count]
};

struct configuration {
    struct model model;
    char text[CLAIM_TEXT_MAX]; /* in what it differs from the claim's others */
    struct depth depth;        /* schema and blocks */
    struct recipe recipe;      /* of a claim that trains */
    bool trains;
    outcome_search *search; /* of the rates, where all checks have the same; NULL: all are trained */
    bool by_token;
    struct family families[CLAIM_CHECKS_MAX];
    struct reference reference;
    struct wide *gathered; /* [L + 1]: one column */
    struct wide *work;     /* [T] */
    int64_t seen;          /* samples */
};

/* The model of number i of the tier's plan with the options' overrides, where the claim speaks of it. Also where it is
 * FIT_NO the model is made. */
enum fit configuration_choose(struct configuration *configuration, const struct claim *claim,
                              const struct trial_options *options, int i, struct error *error);

/* Room for budget samples of every check. */
enum fit configuration_prepare(struct configuration *configuration, const struct claim *claim, int64_t budget,
                               struct error *error);
void configuration_free(struct configuration *configuration);

/* The layers that number i of the family is of. */
void family_layers(const struct family *family, int i, int *first, int *last);

/* What the prediction of its model has for the quantity. */
int configuration_predicted(struct configuration *configuration, const struct claim_quantity *quantity, double *value,
                            struct error *error);

/* Whether any check of it depends on samples. */
bool configuration_needs_samples(const struct configuration *configuration);

/* Whether both are the same, and trained in the same way. */
bool configuration_same(const struct configuration *a, const struct configuration *b);

/* Brings it to that many samples in all, or takes its counts, which no sample changes. */
int configuration_extend(struct configuration *configuration, const struct trial_options *options, int64_t samples,
                         struct error *error);

#endif
