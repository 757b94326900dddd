/* Dual kernels of an activation that is near another of closed form: the difference is integrated where it is not 0, which
 * takes as many nodes at every variance. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_NEAR_H
#define SPANSCOPE_ANALYSIS_LIMIT_NEAR_H

#include <stdbool.h>

#include "analysis/limit/dual.h"
#include "sim/activation.h"

/* E phi(u) phi(v) and E phi'(u) phi'(v); false where it takes too many nodes: a variance is thousands of times the other. */
bool near_pair(const struct activation *activation, const struct dual_near *near, struct dual_pair p, struct dual *out);

/* E phi(u) and E phi'(u). */
bool near_means(const struct activation *activation, const struct dual_near *near, double variance, struct dual *out);

#endif
