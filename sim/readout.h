/* The end of a language model: a readout of its own, targets, and the gradient of the cross-entropy at the stack's output.
 *
 * logits = x R, R [d][V] of sd 1/sqrt(d); the loss is -log softmax(logits)[target] in nats, mean over tokens. Its
 * gradient g_t = R (p_t - e_y(t))/T depends on the output, unlike other cotangents. R is a linear map as those of the
 * blocks are, drawn by its address by whichever engine; training starts from the same.
 */
#ifndef SPANSCOPE_SIM_READOUT_H
#define SPANSCOPE_SIM_READOUT_H

#include "sim/block.h"

/* Its place in block 0: a site that no formula reaches. */
enum { READOUT_SITE = STREAM_SITES - 1, READOUT_MATRIX = 2 };

/* The target of a token that does not count. */
enum { READOUT_IGNORED = -1 };

/* The gradient of the loss at logits [rows][V] in their place, and its value: softmax less target over `counted`; rows
 * that do not count become 0. */
double readout_loss(int rows, int vocabulary, const int *y, int counted, real *logits);

/* Independent targets, p(v) like (v + 1)^-exponent, from the stream's words; cumulated is scratch. */
void readout_targets(const struct stream_address *address, int tokens, int vocabulary, double exponent,
                     double *cumulated, // [V]
                     int *y);           // [T]

/* The probability that two of them are equal. */
double readout_agreement(int vocabulary, double exponent);

/* What readout_cotangent takes, work alone. */
struct linear_cost readout_cost(const struct model *model, const struct linear_engine *engine);

/* g of the output x, at targets y, of which `counted` count; and at the sample's own targets. */
void readout_gradient(const struct block_run *run, const real *x, const int *y, int counted, // [T][d], [T]
                      real *g, struct arena work);                                           // [T][d]
void readout_cotangent(const struct block_run *run, const real *x, real *g, struct arena work);

#endif
