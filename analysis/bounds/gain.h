/* Attention and routing over intervals: what they do to second moments, in the limit of infinite width. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_GAIN_H
#define SPANSCOPE_ANALYSIS_BOUNDS_GAIN_H

#include "analysis/bounds/interval.h"
#include "sim/model.h"
#include "sim/plan.h"

/* All Grams of a signal whose diagonal entries lie in `square` and whose other entries lie in `pair`. */
struct gain_gram {
    struct interval square, pair;
};

static inline struct gain_gram gain_gram_scale(double factor, struct gain_gram gram)
{
    return (struct gain_gram){interval_scale(factor, gram.square), interval_scale(factor, gram.pair)};
}

static inline struct gain_gram gain_gram_multiply(struct gain_gram a, struct gain_gram b)
{
    return (struct gain_gram){interval_multiply(a.square, b.square), interval_multiply(a.pair, b.pair)};
}

/* Without a part of it that is uncorrelated to the rest. */
static inline struct gain_gram gain_gram_without(struct gain_gram gram, struct gain_gram part)
{
    return (struct gain_gram){interval_positive(interval_subtract(gram.square, part.square)),
                              interval_subtract(gram.pair, part.pair)};
}

/* Of a signal that has the same entry everywhere. */
static inline struct gain_gram gain_gram_ones(struct interval mean)
{
    return (struct gain_gram){interval_square(mean), interval_multiply(mean, mean)};
}

static inline struct gain_gram gain_gram_meet(struct gain_gram a, struct gain_gram b)
{
    return (struct gain_gram){interval_meet(a.square, b.square), interval_meet(a.pair, b.pair)};
}

/* A row of attention over n tokens alike, by the logits' sd; NAN until asked for. */
struct gain_rows {
    int tokens;
    double *excess, *entropy;
    double *work; // softmax_work
};

/* What the attentions of a model share. */
struct gain_context {
    bool skips_only;          /* section 4's hypotheses: attention may pass nothing on */
    int *visible;             /* [T], scratch: tokens that rows see, ascending */
    double *vector[2];        /* [T], scratch */
    struct gain_rows rows[2]; /* over the sequence, over a memory */
};

int gain_context_init(struct gain_context *context, const struct model *model, bool skips_only, struct error *error);
void gain_context_free(struct gain_context *context);

/* One attention and the Grams of its arguments. */
struct gain_attend {
    struct gain_context *context;
    struct gain_rows *table;
    const struct attention *attention;
    bool alike;               /* neither its mask nor its logits know an order, and the tokens are alike */
    bool gaussian;            /* the logits are Gaussian, of variance kappa Q_ii K_jj */
    double kappa;             /* scale^2 head_width */
    double most, least;       /* tokens that a row sees, with the sink */
    struct gain_gram q, k, v; /* k as the logits see it: rotated; k and v with the sink's token, 0 */
};

/* alike: the tokens are; centred: q and k are independent and one of them has no mean. */
struct gain_attend gain_attend_of(struct gain_context *context, const struct attention *attention, bool alike,
                                  bool centred, struct gain_gram q, struct gain_gram k, struct gain_gram v);

/* The Gram of A v; least encloses from below the diagonal of a head by itself. */
struct gain_gram gain_forward(struct gain_attend *self, double *least);

/* Means over tokens of the gradient's square at the arguments over that behind the attention, from above. */
struct gain_paths {
    double query, key, value;
};
struct gain_paths gain_backward(struct gain_attend *self);

/* Means over rows: the entropy in nats, the same over log(keys seen) without rows that see one key, sum A^2. */
struct gain_report {
    struct interval entropy, relative, square;
};
struct gain_report gain_report(struct gain_attend *self);

/* Of what a token's experts put out is multiplied by: the sum, the sum of their squares, and from above E sum_e (dp_e / d logits)^2. */
struct gain_gates {
    struct interval sum, squares;
    double slope;
};
struct gain_gates gain_gates(const struct plan_mixture *mixture);

/* One of them by itself. */
struct interval gain_gate(const struct plan_mixture *mixture);

#endif
