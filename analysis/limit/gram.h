/* T x T Gram matrices of a signal's tokens, per feature; theory.md, section 3.
 *
 * Two spaces with the same operations: full matrices, and those of exchangeable tokens, which have one value on the
 * diagonal and one beside it. The latter are kept as {diagonal - shared, shared}: the token-specific part then keeps
 * its precision however small it becomes next to the shared one.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_GRAM_H
#define SPANSCOPE_ANALYSIS_LIMIT_GRAM_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/limit/pool.h"

struct gram_space {
    int tokens;        /* T */
    bool exchangeable; /* two numbers instead of T x T */
};

/* Numbers of a Gram, and of a vector with an entry per token (one where all are equal). */
size_t gram_size(struct gram_space space);
int gram_rows(struct gram_space space);

double gram_diagonal(struct gram_space space, const double *g, int row);

/* out += (c c^T) o g for token coefficients c[rows], and out += factor g. */
void gram_add_outer(struct gram_space space, const double *c, const double *g, double *out);
void gram_add(struct gram_space space, double factor, const double *g, double *out);

/* out = a o b entry by entry; out may be a or b. */
void gram_multiply(struct gram_space space, const double *a, const double *b, double *out);

/* Sum over all T x T entries of a o b. */
double gram_dot(struct gram_space space, const double *a, const double *b);

/* Lower triangular c with c c^T = g [T][T], for any positive semi-definite g: a pivot that is rounding leaves a zero
 * column. */
void gram_factor(int tokens, const double *g, double *c);

/* x [rows][columns], rows <= columns, becomes rows that are orthonormal whatever its rank, and c [rows][rows], lower
 * triangular, what they are multiplied by to x. The factor of x x^T above knows no rows: solving for them takes the
 * square of x's condition. */
void gram_orthonormal(int rows, int columns, double *x, double *c, struct pool *work);

#endif
