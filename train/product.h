/* Products of the sizes that training has: many rows, and sides from 4 to a few hundred.
 *
 * Where the smaller factors stay in the cache, results are kept in registers over the whole inner length and nothing is
 * copied; OpenBLAS, which first clears the result and packs both factors, takes larger ones. bench/train prints the rates
 * of both. Row-major, strides in doubles, no overlap; beta 0 or 1, and 0 reads nothing from c.
 */
#ifndef SPANSCOPE_TRAIN_PRODUCT_H
#define SPANSCOPE_TRAIN_PRODUCT_H

#include <stddef.h>

#include "sim/real.h"

/* Entries of scratch. */
size_t product_work(int m, int n);

/* y = x w, x [rows][m], w [m][n], y [rows][n]. */
void product_forward(int rows, int m, int n, const real *x, const real *w, real *y, real *work);

/* dx = beta dx + dy w^T. */
void product_backward(int rows, int m, int n, const real *dy, const real *w, double beta, real *dx, real *work);

/* dw = beta dw + x^T dy. */
void product_gradient(int rows, int m, int n, const real *x, const real *dy, double beta, real *dw);

#endif
