/* The ledger of claims: what is said of a placement, in which configurations it is measured, and how it is decided.
 *
 * One table. A claim names configurations in the words of sim/setting, a row of analysis/statistic, and its bounds in
 * the scalar language or as rows of analysis/theory; nothing else knows a claim or a placement. Adding a
 * claim is adding a row.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIM_H
#define SPANSCOPE_ANALYSIS_CLAIM_H

#include <signal.h>

#include "analysis/statistic.h"
#include "analysis/verdict.h"
#include "sim/sampler.h"

/* A family of tests: one for each layer and configuration. Layers and the margin are scalar text, rounded down and
 * absolute. A bound is scalar text at the layer (of a range, its last), or "@id": the row of analysis/theory put
 * through the statistic as if it were a sample; NULL where there is none. */
struct claim_check {
    const char *statistic;
    const char *observable; /* a column of the schema */
    const char *first, *last;
    const char *lower, *upper;
    const char *margin;
    const char *reason; /* of the margin */
};

/* How much is measured: settings that differ between configurations, separated by ';', and samples of each. */
struct claim_plan {
    const char *configurations;
    int64_t samples;
};

enum claim_tier { CLAIM_SMOKE, CLAIM_CHECK, CLAIM_FULL, CLAIM_TIERS };

extern const char *const claim_tier_names[CLAIM_TIERS];

enum { CLAIM_CHECKS_MAX = 3, CLAIM_WHY_MAX = 256 };

struct claim {
    const char *id;
    const char *source;
    const char *statement;
    const char *hypotheses; /* "activation=relu input-correlation>=0.99": what a configuration must be */
    const char *settings;   /* of all configurations, before those of the plan */
    struct claim_check checks[CLAIM_CHECKS_MAX]; /* ends at a statistic of NULL */
    enum verdict expected;
    struct claim_plan plans[CLAIM_TIERS];
};

extern const struct claim claims[];
extern const size_t claim_count;

/* The claim of that id; NULL with ERROR_INPUT and the nearest id where there is none. */
const struct claim *claim_find(const char *id, struct error *error);

/* A user's setting, taken by every configuration after its own. */
struct claim_override {
    const char *name, *text;
};

struct claim_options {
    enum claim_tier tier;
    uint64_t seed;
    int threads;
    size_t memory;                      /* bytes for all threads */
    int64_t samples;                    /* of each configuration; 0: the plan's */
    const struct linear_engine *engine; /* NULL: the cheaper for each configuration */
    const struct claim_override *overrides;
    int override_count;
    const volatile sig_atomic_t *stop; /* may be NULL */
};

struct claim_result {
    const struct claim *claim;
    struct verdict_test *tests;        /* [count] */
    const struct claim_check **checks; /* [count]: the family that a test is of */
    size_t count;
    int64_t samples; /* of each configuration */
    double seconds;
    char not_applicable[CLAIM_WHY_MAX]; /* the hypothesis that fails and how; empty where all hold */
};

/* Measures one claim. A hypothesis that fails is no error: nothing is sampled and not_applicable says which. After
 * ERROR_INTERRUPTED the result holds no tests. */
int claim_measure(const struct claim *claim, const struct claim_options *options, struct claim_result *result,
                  struct error *error);
void claim_result_free(struct claim_result *result);

/* The verdict's view of a result, ready for verdict_decide. */
struct verdict_claim claim_evidence(const struct claim_result *result);

/* The parts of claim_measure, for --list and tests: the plan's number of configurations; number i of them with the
 * overrides, checked; and whether a model is what the claim's hypotheses say, why naming the first that it is not. */
int claim_configuration_count(const struct claim *claim, enum claim_tier tier);
int claim_model(const struct claim *claim, const struct claim_options *options, int i, struct model *model,
                struct error *error);
int claim_hypotheses(const struct claim *claim, const struct model *model, bool *holds, char why[CLAIM_WHY_MAX],
                     struct error *error);

/* The bounds and margin of a check at a layer of a model; a bound that is not there is infinite. */
int claim_bounds(const struct claim_check *check, const struct model *model, int first, int last, double *lower,
                 double *upper, double *margin, struct error *error);

#endif
