/* The ledger of claims: what is said of a placement, in which configurations it is measured, and how it is decided.
 *
 * Tables, in analysis/ledger_*.c. A claim names configurations in the words of sim/setting, a row of
 * analysis/statistic, perhaps one of analysis/contrast, and its bounds in the scalar language, as rows of
 * analysis/theory or as the prediction of analysis/moments; nothing else knows a claim or a placement. Adding a claim
 * is adding a row. How it is measured and decided is analysis/trial.
 *
 * A claim is of random stacks, or of trained ones: then it names, in the words of train/recipe among those of the
 * settings, how. A sample is then a seed, with a run at each of its rates, and the observables are those of the profile
 * that the words take on the way, and the outcomes of analysis/outcome.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_CLAIM_H
#define SPANSCOPE_ANALYSIS_CLAIMS_CLAIM_H

#include "analysis/claims/verdict.h"
#include "sim/model.h"
#include "train/recipe.h"

/* A number of a configuration: a row of analysis/statistic of a column of analysis/column over layers. */
struct claim_quantity {
    const char *statistic;
    const char *observable;
    const char *first, *last;
};

/* A family of tests: one for each layer, in each configuration or over all of them. Layers and the margin are scalar
 * text, rounded down and absolute. A bound is scalar text at the layer (of a range, its last; over configurations, of
 * the first), or "@id", the row of analysis/theory or a prediction (analysis/claims/reference): these go through the
 * statistic and the contrast as if they were a sample. NULL where there is none. */
struct claim_check {
    const char *statistic;
    const char *observable; /* in the words of analysis/column */
    const char *first, *last;
    const char *lower, *upper;
    const char *margin;
    const char *reason;              /* of the margin */
    const char *where;               /* a hypothesis: the configurations that are meant; NULL: all */
    const char *contrast;            /* over these configurations; NULL: each by itself */
    const char *against;             /* the contrast's x, scalar text */
    struct claim_quantity predictor; /* the contrast's x in its place: what is predicted of the configuration */
    const char *loose; /* how far above the statistic its upper bound may lie and be tight; NULL: not asked */
    bool variance;     /* of the log of the statistic's variance over samples, not of its mean */
};

/* A check, of its fields up to the margin in their order, its reason, and what else it has: .where = "..." */
#define CLAIM_TEST(statistic_, observable_, first_, last_, lower_, upper_, margin_, ...)                               \
    {                                                                                                                  \
        .statistic = statistic_, .observable = observable_, .first = first_, .last = last_, .lower = lower_,           \
        .upper = upper_, .margin = margin_, .reason = __VA_ARGS__                                                      \
    }

enum { CLAIM_CHECKS_MAX = 6, CLAIM_PLANS_MAX = 8, CLAIM_TEXT_MAX = 640 };

/* How much is measured: settings that differ between configurations, and the most samples of each. "a=1|2 b=3|'4 5'"
 * stands for four configurations, of which the last word's values change fastest. Empty where the claim takes more than
 * the tier has time for. */
struct claim_plan {
    const char *configurations[CLAIM_PLANS_MAX]; /* ends at NULL */
    int64_t samples;
};

enum claim_tier { CLAIM_SMOKE, CLAIM_CHECK, CLAIM_FULL, CLAIM_TIERS };

extern const char *const claim_tier_names[CLAIM_TIERS];

struct claim {
    const char *id;
    const char *source;
    const char *statement;
    const char *hypotheses; /* what every configuration must be, in the words of analysis/bounds/hypothesis */
    const char *free;       /* settings of which nothing is assumed; all others are as the configurations have them */
    const char *settings;   /* of all configurations, before those of the plan */
    bool trains;            /* the configurations are trained */
    struct claim_check checks[CLAIM_CHECKS_MAX]; /* ends at a statistic of NULL */
    enum verdict expected;
    struct claim_plan plans[CLAIM_TIERS];
    const char *beyond; /* why no configuration can meet the claim's hypotheses; such a claim has no checks */
};

/* Claims of one kind, under a title. */
struct claim_group {
    const char *title;
    const struct claim *claims; /* [count] */
    size_t count;
};

extern const struct claim_group *const claim_groups[];
extern const size_t claim_group_count;

/* Claims by number, in the order of the groups. */
size_t claim_count(void);
const struct claim *claim_at(size_t i);

const struct claim_group *claim_group_of(const struct claim *claim);

/* The claim of that id; NULL with ERROR_INPUT and the nearest id where there is none. */
const struct claim *claim_find(const char *id, struct error *error);

int claim_check_count(const struct claim *claim);

/* The contrast's x in words, like snprintf; of none, "". */
size_t claim_print_against(const struct claim_check *check, char *buffer, size_t size);

/* Whether the tier measures it. */
bool claim_is_planned(const struct claim *claim, enum claim_tier tier);

/* Whether the hypotheses name the setting, or it is free. */
bool claim_speaks_of(const struct claim *claim, const char *setting);

/* A user's setting, taken by every configuration after its own. */
struct claim_override {
    const char *name, *text;
};

/* The plan's number of configurations; the settings in which number i differs from the others; and its model with the
 * overrides: every setting taken, and checked as a whole too. The caller frees the model, of claim_settings also after
 * an error. */
int claim_configuration_count(const struct claim *claim, enum claim_tier tier);
void claim_configuration(const struct claim *claim, enum claim_tier tier, int i, char text[CLAIM_TEXT_MAX]);
int claim_settings(const struct claim *claim, enum claim_tier tier, int i, const struct claim_override *overrides,
                   int override_count, struct model *model, struct error *error);
int claim_model(const struct claim *claim, enum claim_tier tier, int i, const struct claim_override *overrides,
                int override_count, struct model *model, struct error *error);

/* How number i is trained, whole; the caller frees it, also after an error. */
int claim_recipe(const struct claim *claim, enum claim_tier tier, int i, struct recipe *recipe, struct error *error);

/* Scalar text at a layer of a model. what names it in messages. */
int claim_scalar(const char *what, const char *text, const struct model *model, int layer, double *value,
                 struct error *error);

#endif
