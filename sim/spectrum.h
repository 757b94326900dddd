/* The end of a symmetric matrix's spectrum, without the rest of it. */
#ifndef SPANSCOPE_SIM_SPECTRUM_H
#define SPANSCOPE_SIM_SPECTRUM_H

#include "sim/memory.h"

/* y = M x, both [n], for a symmetric positive semidefinite M. */
typedef void spectrum_multiply(const void *context, const double *x, double *y);

/* Scratch that the next two take. */
size_t spectrum_work(int n);

/* M's largest eigenvalue by Lanczos' iteration (Golub and Van Loan, Matrix Computations, 10.1): exact but for rounding
 * where n is small, else from below, where another step would add less than 1e-6 of it. `trace`, M's own, scales the numbers;
 * 0 gives 0. NaN where M is not finite. */
double spectrum_largest(int n, spectrum_multiply *multiply, const void *context, double trace, struct arena work);

/* The same of a matrix. */
double spectrum_largest_of(int n, const double *matrix, struct arena work); // [n][n]

#endif
