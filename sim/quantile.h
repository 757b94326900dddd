/* Quantiles that exist at any freedom: GSL's inverses stop converging here and there, and are then NaN here, never an
 * abort. */
#ifndef SPANSCOPE_SIM_QUANTILE_H
#define SPANSCOPE_SIM_QUANTILE_H

/* t with P(T > t) = tail, 0 < tail < 1, of Student's t; freedom > 0. NaN outside. */
double quantile_student(double tail, double freedom);

/* x with P(X <= x) = p, 0 < p < 1, of chi-square; freedom > 0. NaN outside. */
double quantile_chi_square(double p, double freedom);

/* z with P(Z > z) = tail of N(0,1). NaN outside. */
double quantile_normal(double tail);

#endif
