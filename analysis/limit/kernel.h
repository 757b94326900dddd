/* Dual kernels of activations: K = E phi(u) phi(v) and K' = E phi'(u) phi'(v) for centred Gaussian (u, v) with
 * variances a, b and covariance c. By Price's theorem K' = dK/dc.
 *
 * Closed forms are dual.h's. Where the variance is moderate, the double sum of those that are mixtures gives way to the
 * Hermite (Mehler) series sum_n rho^n c_n(a) c_n(b), which converges geometrically in sqrt(n) and costs a few operations
 * an entry; what has neither is integrated.
 *
 * Within KERNEL_ACCURACY of the exact value at the given a, b, c, relative to sqrt(K(a,a,a) K(b,b,b)), at every
 * variance and correlation. ReLU's K' has a root at correlation +-1, where it is as uncertain as the arguments: c off
 * by a relative e moves it by up to sqrt(2 e) / 2 pi, 2e-9 for a rounding of c.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_KERNEL_H
#define SPANSCOPE_ANALYSIS_LIMIT_KERNEL_H

#include "sim/activation.h"

#define KERNEL_ACCURACY 1e-10

/* One pair; slope may be NULL. Only phi of a gated activation is meant: the gate's product is the caller's. */
void kernel_pair(const struct activation *activation, double a, double b, double c, double *k, double *slope);

/* E phi(u) and E phi'(u) at this variance. */
void kernel_means(const struct activation *activation, double variance, double *value, double *slope);

/* All pairs of n tokens whose inputs have Gram scale * gram. What rounding of the Gram leaves between equal tokens, 1 -
 * correlation^2 up to 4 epsilons, counts as nothing: there ReLU's K' is within 5e-9. k and slope (may be NULL) are
 * [n][n], symmetric, and do not overlap gram. */
void kernel_matrix(const struct activation *activation, int n, double scale, const double *gram, // [n][n]
                   double *k, double *slope);

/* The same for exchangeable tokens, as {diagonal - shared, shared} (gram.h): k's difference is accurate to about
 * 1e-8 of itself however small it is, the slope's to KERNEL_ACCURACY. */
void kernel_exchangeable(const struct activation *activation, double scale, const double gram[2], double k[2],
                         double slope[2]);

#endif
