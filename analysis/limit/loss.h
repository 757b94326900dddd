/* The Gram of a cross-entropy's gradient at the output, whose readout is as random as the blocks' matrices; theory.md,
 * section 3.
 *
 * Given the output's Gram K the logits are Gaussian, independent over the vocabulary and of covariance K over tokens, and
 * what the readout sends back of c = p - e_y is, but for what it shares with the output, Gaussian of Gram c c^T / d.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_LOSS_H
#define SPANSCOPE_ANALYSIS_LIMIT_LOSS_H

#include "analysis/limit/frame.h"
#include "sim/model.h"

/* Of exchangeable tokens, from x's to g's, as pairs (gram.h). False where this is no such form: logits are larger than
 * softmax.h computes, where g is 0, |c| varies so much between tokens that a mean cosine is no ratio of means, or, at the
 * model's width, what g shares with the outputs of all tokens counts. */
bool loss_closed(const struct model *model, bool width_limit, const double *x, double *g, struct pool *work);

/* One draw from the coordinates x [T][columns] of the output: g's Gram, and unless `along` is NULL its coordinates in x's
 * own frame, at the model's width. */
void loss_draw(const struct model *model, const struct signal *x, uint64_t seed, uint64_t number,
               double *gram,                      // [T][T]
               double *along, struct pool *work); // [T][columns]

/* Products of a draw. */
double loss_flops(const struct model *model);

#endif
