/* The branches over intervals: what attention, FFN and MoE do to second moments, in the limit of infinite width. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_GAIN_H
#define SPANSCOPE_ANALYSIS_BOUNDS_GAIN_H

#include "analysis/bounds/range.h"
#include "sim/model.h"

/* All T x T Grams of a signal whose diagonal entries lie in `square` and whose other entries lie in `pair`. */
struct gain_gram {
    struct interval square, pair;
};

/* What the branches of a model share. */
struct gain_context {
    const struct model *model;
    bool skips_only;          /* section 4's hypotheses: attention may pass nothing on, no branch returns a gradient */
    bool alike;               /* the mask has no order, no router parts tokens: a Gram has two numbers */
    int visible_most;         /* tokens that a row sees */
    int *visible;             /* [T], ascending */
    double *vector[2];        /* [T], scratch */
    double *excess, *entropy; /* of a row of attention over tokens alike, by the logits' sd; NAN until asked for */
    double *work;             // softmax_work
    struct range range;
};

/* routed: some block has a router, which treats tokens unequally. */
int gain_context_init(struct gain_context *context, const struct model *model, bool routed, bool skips_only,
                      struct error *error);
void gain_context_free(struct gain_context *context);

/* The Gram of a branch's output on an input of Gram u. kind is a branch; sd are its block's. */
struct gain_gram gain_forward(struct gain_context *context, enum graph_kind kind, const double sd[INIT_MATRICES],
                              struct gain_gram u);

/* Mean over tokens of the gradient's square behind the branch, over that before it. The lower end holds for every token
 * by itself too. */
struct interval gain_backward(struct gain_context *context, enum graph_kind kind, const double sd[INIT_MATRICES],
                              struct gain_gram u);

/* The three paths of attention's backward gain, from above: the gain is at most
 * alpha (value + kappa (query + key)), alpha = (v_v d)(v_o d), kappa = (v_q d)(v_k d). */
struct gain_paths {
    double value, query, key;
};
struct gain_paths gain_attention_paths(struct gain_context *context, double kappa, struct gain_gram u);

/* Mean over rows of the attention's entropy in nats, and of the same over log(row length), rows of one token left out
 * (0 where there is no other). */
void gain_entropy(struct gain_context *context, const double sd[INIT_MATRICES], struct gain_gram u,
                  struct interval *entropy, struct interval *relative);

#endif
