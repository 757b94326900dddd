/* Gaussian matrices up to a rotation of their columns: what a Gram sees of them. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_WISHART_H
#define SPANSCOPE_ANALYSIS_LIMIT_WISHART_H

#include "sim/stream.h"

/* factor [rows][min(rows, freedom)], with factor factor^T distributed as Z Z^T for Z [rows][freedom] of independent
 * N(0,1): lower trapezoidal, normal below the diagonal and chi of freedom - i on it (Bartlett, Proc. R. Soc. Edinb. 53,
 * 1933). Rows have a stride of `stride`. Of the address's normals those from number `first` on are taken: a block for the
 * entries, and WISHART_SERIES for every diagonal entry of few degrees of freedom. */
void wishart_factor(const struct stream_address *address, uint64_t first, int rows, int freedom, double *factor,
                    int stride);

/* The chi-square quantile of freedom >= WISHART_SERIES at the normal quantile z, by Cornish and Fisher's series
 * (Goldberg and Levine, Ann. Math. Stat. 17, 1946); within WISHART_ERROR of itself for |z| <= 4.5, and within
 * 1e-5 for |z| <= 3.5. */
#define WISHART_SERIES 32
#define WISHART_ERROR  4e-4
double wishart_chi_square(double freedom, double z);

#endif
