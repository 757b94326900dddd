/* Floors and ceilings: a formula read over intervals, in the limit of infinite width and many wide heads.
 *
 * Every number of a profile that has a bound lies, in expectation and up to O(1/d), O(H/d) and O(1/H), between lo and
 * hi, for any formula, activation, mask, router and initialisation. analysis/bounds.c has the rules and their proofs.
 * Columns: activation_variance, token_cosine, layer_cosine, attention_entropy, branch_ratio: both gradient_variance:
 * both; sharpest where tokens are alike (no order in the mask, no router). Where they may be unequal the ceiling is
 * loose, up to a factor T per attention; sharp under scaleinit gradient_specific: the total's ceiling;
 * gradient_token_cosine, weight_gradient_variance: none
 */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_BOUNDS_H
#define SPANSCOPE_ANALYSIS_BOUNDS_BOUNDS_H

#include "sim/depth.h"

struct bounds {
    struct depth depth;   /* of the model; its schema names the columns */
    struct wide *lo, *hi; // [(L + 1)][schema.column_count]; absent where no bound is known
};

struct bounds_options {
    bool per_token;  /* columns by position too */
    bool skips_only; /* the theorems of section 4: attention passes on anything from nothing to alpha, no branch returns
                        a gradient. Otherwise floors use what FFNs, experts and correlated tokens do at least. */
};

/* The model must outlive the bounds. ERROR_INPUT where a bound leaves the range of double within the forward pass or
 * within one block; gradients may leave it over many blocks. */
int bounds_derive(const struct model *model, const struct bounds_options *options, struct bounds *bounds,
                  struct error *error);
void bounds_free(struct bounds *bounds);

#endif
