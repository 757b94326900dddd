/* The prediction of a model's observables by Gram matrices; theory.md, sections 3 and 7.
 *
 * At the model's width a replica is a stack of coordinates with exactly the law of a sampled one (frame.h), so that
 * means, spreads and quantiles over replicas estimate those over samples; where tokens are exchangeable the means are
 * also known in closed form, to first order in T/d (ripple.h). In the limit of infinite width, at a fixed
 * length of the sequence, only attention logits and routers are random: a replica has heads and experts of its own, and
 * where tokens are exchangeable nothing is drawn at all.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_MOMENTS_H
#define SPANSCOPE_ANALYSIS_LIMIT_MOMENTS_H

#include <signal.h>

#include "sim/depth.h"
#include "sim/estimate.h"

struct moments_options {
    bool per_token;
    bool width_limit; /* infinite width and heads, whatever the model's are */
    bool full;        /* draws even where exchangeable tokens have closed forms */
    double order;     /* at the model's width that form, to first order, is taken where it errs by no more, as it
                         estimates itself; else stacks are drawn */
    int draws;        /* in the limit: attention matrices per block and batch, no more than the budget allows */
    int heads;        /* of a replica in the limit, about; 0: 4 to 64, fewer for longer sequences */
    int most;         /* batches, at most */
    int replicas;   /* at the model's width, at most, and no more than a budget that is given allows; 0: as many as the
                         budget allows, 2 at least */
    int64_t enough; /* there, too, where the budget decides: more than these serve nobody; 0: any number does */
    double budget;  /* seconds of a core, about, as its products are counted: the same on any machine; the closed
                         form, or the fewest replicas that know their error, are read whatever they take. 0: of
                         moments_budget */
    double error;   /* standard error aimed at: replicas go on until every observable but those by token has it,
                         relative to its value, to 1 for cosines */
    uint64_t seed;
    int threads;                       /* results do not depend on it */
    int beside;                        /* threads of the caller that predict meanwhile: memory is shared with them */
    const volatile sig_atomic_t *stop; /* may be NULL; nonzero: ERROR_INTERRUPTED */
    /* May be NULL: is given the cells, [(L + 1)][columns], of every independent part of what is averaged, from number 0
     * on; from 0 again where a closed form did not suffice. */
    void (*visit)(void *context, const struct observe_schema *schema, int number, const struct wide *values);
    void *context;
    /* May be NULL: is told, before the work, that the least that is drawn, or a closed form, takes more than the budget:
     * seconds of a core, as the budget counts them. */
    void (*dear)(void *dear_context, double seconds, bool drawn, double budget);
    void *dear_context;
};

struct moments_options moments_defaults(void);

/* Whether the model's own width is read: it is known of normal weights; of others the limit is, which all laws share. */
bool moments_at_width(const struct moments_options *options, const struct model *model);

/* Seconds that draws may cost: options.budget, or 2 where that is 0, and at the model's width 2 (T/64)^2 of longer sequences,
 * 16 at most: a stack takes so much more, and as many are needed to know a mean; infinite where options.replicas alone
 * decides. */
double moments_budget(const struct moments_options *options, const struct model *model);

struct moments {
    struct observe_schema schema;
    struct wide *mean; /* [(L + 1)][schema.column_count]; wide_absent() where sim/observe.h has none */
    /* The same shape: standard error of mean, in units of the mean's own 2^exponent; 0 where exact, NaN where it is not
     * known. */
    double *se;
    struct estimate *spread; /* the same shape, at the model's width: over replicas, as over samples; else NULL */
    double *log_ratio;       /* [replicas] at the model's width: log g_0/g_L of each, ascending; else NULL */
    int replicas;
    bool drawn;         /* else in closed form */
    bool exchangeable;  /* the path that was taken */
    bool first_order;   /* that of exchangeable tokens at the model's width */
    double order_error; /* of it: its own estimate of the relative error it leaves */
    bool spent;         /* the budget allowed no more */
    double worst;      /* the largest error that is left, as options.error counts it; infinite where one is not known */
    size_t worst_cell; /* where */
};

/* ERROR_INPUT says why the model cannot be read, or names the block where a signal or its gradient leaves the range of
 * double; ERROR_RESOURCE; ERROR_INTERRUPTED. After an error there is nothing to free. */
int moments_predict(const struct model *model, const struct moments_options *options, struct moments *moments,
                    struct error *error);
void moments_free(struct moments *moments);

struct course;
struct replica_order;
struct course_options;

/* How the options have a model read. */
struct course_options moments_reading(const struct moments_options *options);

/* How many replicas are drawn, where anything is: at least, or at most. */
int moments_replicas(const struct course *course, const struct moments_options *options, bool most);

/* What the first order leaves, about, of a replica of that `order` (replica.h); 0 where the course is another. */
double moments_order_error(const struct course *course, const struct replica_order *order);

/* Whether the course is a closed form of exchangeable tokens that gives way to draws: it leaves more than is asked for, or
 * no number, or is too sharp; or its means are beyond double, which those of stacks need not be. */
bool moments_give_way(const struct course *course, const struct moments_options *options, bool beyond, bool too_sharp,
                      double order_error);

#endif
