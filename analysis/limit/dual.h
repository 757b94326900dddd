/* Dual kernels in closed form: K = E phi(u) phi(v) and K' = E phi'(u) phi'(v) for centred Gaussian (u, v), and the means
 * of one input. ReLU: Cho and Saul 2009. GELU: by Stein's lemma from the bivariate normal's orthant probability. SiLU
 * and tanh: the logistic function is a scale mixture of normal distribution functions (Andrews and Mallows 1974), so
 * that they are mixtures of GELUs and of error functions. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_DUAL_H
#define SPANSCOPE_ANALYSIS_LIMIT_DUAL_H

#include <stdbool.h>

struct dual {
    double k, slope;
};

/* A pair of inputs: variances, covariance, and sine^2 = 1 - c^2/(ab). The last is known apart, as near correlation +-1
 * the others have lost it. */
struct dual_pair {
    double a, b, c, sine2;
};

struct dual_pair dual_pair_of(double a, double b, double c);

/* Two tokens of one variance that differ by little: their specific part a - c is known, and with it sine^2. */
struct dual_pair dual_pair_near(double a, double specific);

typedef struct dual dual_form(struct dual_pair p);
typedef struct dual dual_means(double a); /* {E phi, E phi'} at a variance */

/* A function that an activation is near to everywhere: their difference is analytic in a strip around the real axis and
 * below 1e-11 beyond reach. */
struct dual_near {
    const char *activation;
    dual_form *closed;
    dual_means *means;
    struct dual (*given)(double mean, double sd); /* {E phi, E phi'} at mean + sd z */
    double strip, reach;                          /* half widths */
};

/* What is known of an activation; closed, means and near may be NULL. */
struct dual_forms {
    const char *activation;
    dual_form *closed;
    dual_means *means;
    bool series; /* where its Hermite series converges it is cheaper, or all there is */
    const struct dual_near *near;
};

/* Once, before any form is evaluated. */
void dual_prepare(void);

/* The activation's row. One that the table does not know has no closed form, and a series where it is smooth enough. */
struct dual_forms dual_find(const char *activation);

#endif
