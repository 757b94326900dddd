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

/* The matrices of block 0. */
enum network_matrix { NETWORK_TOKENS, NETWORK_POSITIONS, NETWORK_READOUT };

struct network {
    struct model model; /* a copy whose sequences are the batch; formula and init stay the caller's */
    struct depth depth;
    struct held held;
    int vocabulary; /* V */
    struct linear readout;
    double *memory;
    struct arena *tapes;   /* [block_count] */
    double *input;         // [B T][d], x_0
    const double **inputs; /* [block_count + 1] of [B T][d]: x_0 to x_L */
    double *gradient[2];   // [B T][d]
    double *logits;        // [B T][V]: probabilities less targets after the loss
    struct arena work;
    double *ratios;                /* [sites_max] */
    struct branch_report *reports; /* [sites_max] */
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

/* Gradients of all weights behind network_forward(..., 0), in network->held. */
void network_backward(struct network *network, const struct network_batch *batch);

/* The gradient of a loss at logits [rows][V] in their place, and its value: softmax less target over counted; rows that
 * do not count become 0. */
double network_cross_entropy(int rows, int vocabulary, const int *y, int counted, double *logits);

/* x_0 of one sequence. */
void network_embed(const struct network *network, const int *tokens, double *x); // [T], [T][d]

/* 1 - token cosine of x_L within the sequences, mean over them, from deviations: exact to rounding however near 0. */
double network_spread(const struct network *network);

#endif
