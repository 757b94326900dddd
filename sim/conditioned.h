/* Random linear maps drawn from the law of dense Gaussian matrices without the matrices; theory.md, section 5.
 *
 * W (m x n, N(0, sigma^2) entries) enters a sample only through y = x W and dy W^T. With x^T = Q R, Q^T W = Z has
 * N(0, sigma^2) entries and y = R^T Z; given Z, W = Q Z + (I - Q Q^T) W' with W' fresh, so
 *   dy W^T = (dy Z^T) Q^T + M (I - Q Q^T),   M = dy W'^T = R2^T Z',   dy^T = Q2 R2.
 * For maps of one x only the sum over maps is used, and sum_i dy_i W'_i^T has the law of R2^T Z' with
 * R2^T R2 = sum_i sigma_i^2 dy_i dy_i^T: one Z' serves them all. Exact at any width and rank (Bolthausen's
 * conditioning, Comm. Math. Phys. 325, 2014; used there and in Tensor Programs to prove limits, here to sample). */
#ifndef SPANSCOPE_SIM_CONDITIONED_H
#define SPANSCOPE_SIM_CONDITIONED_H

#include <stdbool.h>

#include "sim/linear.h"

struct linear_cost conditioned_cost(const struct linear *linear);
void conditioned_forward(const struct linear_engine *self, const struct linear *linear, const real *x, real *const y[],
                         real *tape, struct arena work);
void conditioned_backward(const struct linear_engine *self, const struct linear *linear, const real *x,
                          const real *const y[], const real *const dy[], double beta, real *dx, double squares[],
                          const real *tape, struct arena work);

/* The factor of a Gram g [rows][rows] = D C D, C of unit diagonal: lower lower^T = g, and its inverse. Zero rows of g
 * have zero rows in lower and zero columns in inverse. False, with both undefined, where tr C^-1 > CONDITIONED_LIMIT.
 *
 * The limit. A Gram of n products errs by about u sqrt(n) D_s D_t (u = 1.1e-16), its Cholesky factor by as little, so
 * of any combination of tokens v the variance v^T g v errs by a relative u sqrt(n) |D v|^2 / (v^T g v), at most
 * u sqrt(n) tr C^-1; Q = x^T inverse^T departs from orthonormal by the same. With n = 2048 the limit leaves 5e-9, which
 * no number of samples below 1e16 can see. Beyond it the factor comes from a Householder QR of the rows, whose error is
 * u relative to each row, as that of a product with a dense matrix. */
#define CONDITIONED_LIMIT 1e6
bool conditioned_cholesky(int rows, const real *gram, real *lower, real *inverse);

#endif
