/* A profile: every observable at every layer of one model, estimated over samples. */
#ifndef SPANSCOPE_ANALYSIS_PROFILE_H
#define SPANSCOPE_ANALYSIS_PROFILE_H

#include "analysis/bounds/bounds.h"
#include "analysis/limit/moments.h"
#include "analysis/overall.h"
#include "analysis/schema.h"
#include "sim/estimate.h"
#include "sim/sampler.h"

struct profile {
    enum schema_kind kind;
    const struct model *model;
    const struct observe_schema *schema;
    const char *engine;
    const char *forced; /* why it had to be that one, NULL where it was the cheapest or asked for */
    uint64_t seed;
    uint64_t first; /* index of its first sample */
    int64_t samples;
    int shard, shards; /* part `shard` of `shards` of a longer run; 0 of 0 where it is whole */
    int threads;
    double seconds;
    struct estimate *cells; /* [(L + 1)][schema->column_count]; over samples; over replicas of a prediction at the
                               model's width; of one in the limit the mean alone, with n = 1 */
    struct estimate overall[OVERALLS]; /* likewise, of the whole stack */
    struct estimate parts[OVERALLS];   /* of a prediction, over the independent parts of what was averaged */
    struct wide *column;               /* [L + 1], for work */
    struct moments moments; /* of a prediction, zeroed in a measurement; schema is its own: do not copy the struct */
    const struct profile
        *prediction;             /* of the same model, to be shown beside a measurement; NULL where there is none */
    const struct bounds *bounds; /* of the same model and columns, to be shown beside; NULL where there are none */
};

/* What to sample: indices first .. first + samples - 1 of the seed, or with precision > 0 from first until every
 * interval is that narrow, `samples` being the budget. */
struct profile_plan {
    uint64_t seed;
    uint64_t first;
    int64_t samples;
    double precision;
    const volatile sig_atomic_t *stop;
    void (*progress)(void *context, int64_t done, double precision); /* may be NULL; precision is that reached */
    void *context;
    sampler_draw *draw; /* where samples come from; NULL: sampler_run */
    void *source;       /* its */
};

int profile_init(struct profile *profile, const struct sampler *sampler, struct error *error);
void profile_free(struct profile *profile);

/* The prediction by moments.h, at the model's width or in the limit, with its error as standard error. Errors are those
 * of moments_predict; the profile holds nothing then. */
int profile_predict(struct profile *profile, const struct model *model, const struct moments_options *options,
                    struct error *error);

/* Whether cells hold the spread over samples, or over replicas with their law. */
bool profile_has_spread(const struct profile *profile);

/* How many numbers of layers single precision could not tell from its rounding, in any sample. */
int profile_unresolved(const struct profile *profile);

/* Standard error of a cell's mean; absent where it is not known. */
struct wide profile_se(const struct profile *profile, int layer, int column);

/* The same of number i of the whole stack. A prediction's is made of means, of whose parts the spread is taken: true to
 * first order in it. */
struct wide profile_overall_se(const struct profile *profile, int i);

/* What bounds a cell, absent where nothing is known to. */
struct wide profile_floor(const struct profile *profile, int layer, int column);
struct wide profile_ceiling(const struct profile *profile, int layer, int column);

/* Samples by the plan. ERROR_INTERRUPTED leaves the samples so far, a valid profile where there are any. */
int profile_measure(struct profile *profile, struct sampler *sampler, const struct profile_plan *plan,
                    struct error *error);

/* The widest interval: relative half-width, absolute for cosines; over the columns with one value per layer. */
double profile_precision(const struct profile *profile);

/* Adds a sample. */
void profile_add(struct profile *profile, const struct wide *values); // [(L + 1)][schema->column_count]

const struct estimate *profile_cell(const struct profile *profile, int layer, int column);

#endif
