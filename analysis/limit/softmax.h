/* Means over attention whose rows are softmaxes of exchangeable Gaussian logits; theory.md, section 3.
 *
 * Where all tokens are exchangeable with Gram q ((1 - rho) I + rho 1 1^T), a softmax does not see what a row's logits
 * share: row i is softmax(sigma x_i), x_ij ~ N(0,1) independent over j, of correlation rho between the rows, sigma^2 =
 * kappa q^2 (1 - rho). With A the attention and N = A A^T everything that the Grams need are seven numbers.
 */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_SOFTMAX_H
#define SPANSCOPE_ANALYSIS_LIMIT_SOFTMAX_H

#include <stdbool.h>
#include <stddef.h>

struct softmax_means {
    /* {of one row, of two different rows}, P = (A o A) A^T: */
    double excess[2]; /* E N_ik - 1/T, not negative for one row */
    double slope[2];  /* E N_ik + N_ik^2 - P_ik - P_ki */
    double entropy;   /* E -sum_j A_ij log A_ij */
    double varied;    /* variance of one row's N_ii */
    double stretch;   /* E sum_j A_ij^2 (x_ij^2 - 1) */
};

/* The largest sigma that is computed; the cost grows like its cube. */
#define SOFTMAX_SIGMA 4.0

/* Absolute error of every number; that of excess, which vanishes with sigma, relative to one row's besides. */
#define SOFTMAX_ACCURACY 1e-6
#define SOFTMAX_EXCESS   1e-3

/* Doubles of scratch for any sigma up to SOFTMAX_SIGMA. */
size_t softmax_work(int tokens);

/* One row's numbers alone: excess[0], slope[0], the entropy, varied and stretch; in a tenth of the time. Its logits
 * may have a small excess kurtosis. */
void softmax_one_row(int tokens, double sigma, double kurtosis, struct softmax_means *means, double *work);

/* tokens >= 2, 0 <= sigma <= SOFTMAX_SIGMA, -1 <= rho <= 1. */
void softmax_means(int tokens, double sigma, double rho, struct softmax_means *means, double *work);

#endif
