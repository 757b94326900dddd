/* The infinite-width reading of a model; theory.md, section 3.
 *
 * As the width grows at fixed T, the rows of every signal become jointly Gaussian across features, and T x T Grams
 * carry everything, forward (Sigma) and in reverse (Gamma). Inside a block each signal is a sum of independent
 * components, the block's input and one for each branch's output, with a coefficient per token. Nothing is derived per
 * placement.
 *
 * The limit is that of wide heads too: logits are Gaussian given the tokens up to O(H/d), one over a head's width.
 *
 * Averages over attention logits and router logits are Monte Carlo: a replica is one stack of infinite width with heads
 * and experts of its own, so that the O(1) spread that a router leaves at any width is in the mean as it is in samples.
 * Softmax gradients are averaged in closed form given the attention. Tokens that are exchangeable (no order in the mask
 * or the cotangent, no router) take a path of two numbers a Gram and quadrature instead of draws: exact, with heads
 * taken to infinity.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_MOMENTS_H
#define SPANSCOPE_ANALYSIS_LIMIT_MOMENTS_H

#include <signal.h>

#include "sim/depth.h"

struct moments_options {
    bool per_token;
    int draws;    /* attention matrices per block and batch of replicas, of which there are 16 at least */
    int heads;    /* of a replica; 0: those of the model, at most 8 */
    double error; /* standard error aimed at: batches go on until every observable but those by token has it, relative
                     to its value, to 1 for cosines. wq and wk need most of the draws; behind many blocks of
                     unit gain, where equal tokens leave them next to nothing, they miss it */
    int most;     /* batches, at most */
    uint64_t seed;
    int threads;                       /* results do not depend on it */
    bool full;                         /* T x T Grams and draws even where tokens are exchangeable */
    const volatile sig_atomic_t *stop; /* may be NULL; nonzero: ERROR_INTERRUPTED */
};

struct moments_options moments_defaults(void);

struct moments {
    struct observe_schema schema;
    struct wide *mean; /* [(L + 1)][schema.column_count]; wide_absent() where sim/observe.h has none */
    double *se; /* the same shape: standard error of mean, in units of the mean's own 2^exponent; 0 where exact */
    int replicas;
    bool exchangeable; /* the path that was taken */
};

/* ERROR_INPUT names the block where a signal or its gradient leaves the range of double; ERROR_RESOURCE. */
int moments_predict(const struct model *model, const struct moments_options *options, struct moments *moments,
                    struct error *error);
void moments_free(struct moments *moments);

#endif
