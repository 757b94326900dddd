/* A language model around the stack: embeddings, the blocks, a readout, and the loss with its gradient.
 *
 * x_0 = E[token] + P[position], both of variance scale^2/2; logits = x_L R, sd of R as the parametrisation says, no norm
 * but the formula's own. The loss is the cross-entropy in nats, mean over the positions of the batch that count. All
 * weights are streams of the seed, those of the blocks the ones that a sample of the dense engine draws.
 */
#ifndef SPANSCOPE_TRAIN_NETWORK_H
#define SPANSCOPE_TRAIN_NETWORK_H

#include "train/held.h"
#include "train/task.h"

/* The matrices at the ends, in block 0, at a site that no formula reaches. */
enum network_matrix { NETWORK_TOKENS, NETWORK_POSITIONS, NETWORK_READOUT = READOUT_MATRIX };
enum { NETWORK_SITE = READOUT_SITE };

struct network {
    struct model model; /* a copy whose sequences are the batch; formula and init stay the caller's */
    struct depth depth;
    struct held held;
    int vocabulary; /* V */
    struct linear_map readout_map;
    struct linear readout;
    real *memory;
    size_t bytes;        /* of a run of it, moments included */
    double flops;        /* of a forward and a backward pass */
    struct arena *tapes; /* [block_count] */
    real *input;         // [B T][d], x_0, where every state begins
    const real **inputs; /* [block_count + 1][states] of [B T][d]: x and the other states of every layer */
    real *gradient[2];   // [states][B T][d]
    real *logits;        // [B T][V]: probabilities less targets after the loss
    struct arena work;
    double *squares; // [matrices_max], what the blocks report and nobody reads
};

/* Sequences that are learned together. */
struct network_batch {
    const int *x, *y; // [B][T]; y is TASK_IGNORED where a position does not count
    int counted;
};

/* base_width: where the parametrisation leaves everything as it is. ERROR_RESOURCE where the batch takes more than
 * budget bytes. The model must outlive the network. */
int network_init(struct network *network, const struct model *model, int batch, int vocabulary,
                 const struct parametrisation *parametrisation, double base_width, uint64_t seed, size_t budget,
                 struct error *error);
void network_free(struct network *network);

/* Loss of the batch, the tapes kept for network_backward. skip: the number of a block, from 1, that is passed over as
 * if it were the identity; 0 for none. Not finite where a signal leaves the range. */
double network_forward(struct network *network, const struct network_batch *batch, int skip);

/* Whether a double holds the mean squares of all states behind network_forward: those of zeros, and others to full
 * precision. */
bool network_in_range(const struct network *network);

/* Gradients of all weights behind network_forward(..., 0), in network->held. */
void network_backward(struct network *network, const struct network_batch *batch);

/* The gradient g of one sequence's mean loss at x, its x_L; logits is scratch. */
void network_loss_cotangent(const struct network *network, const real *x, const int *y, real *logits, // [T][d], [T]
                            real *g);                                                                 // [T][V], [T][d]

/* What the readout takes [B T][d] behind network_forward; and x_l, the stack's state behind block l, of which x_0 is the
 * input. */
const real *network_output(const struct network *network);
const real *network_layer(const struct network *network, int layer);

/* x_0 of one sequence. */
void network_embed(const struct network *network, const int *tokens, real *x); // [T], [T][d]

/* 1 - token cosine of x_L within the sequences, mean over them, from deviations: exact to rounding however near 0;
 * in single precision 0 below 1e-12, where it is rounding's. */
double network_spread(const struct network *network);

#endif
