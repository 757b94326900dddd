/* Predictions and samples of one model, cell by cell. */
#ifndef SPANSCOPE_TESTS_CELLS_H
#define SPANSCOPE_TESTS_CELLS_H

#include "analysis/profile.h"

void cells_predict(struct profile *profile, const struct model *model, const struct moments_options *options);

/* By the conditioned engine, from a seed of its own. The sampler is the caller's to free, behind the profile. */
void cells_measure(struct profile *profile, struct sampler *sampler, const struct model *model, int64_t samples);

/* |a - b| <= z standard errors of both + slack units of b; the same cells present. */
void cells_check(const struct profile *a, const struct profile *b, double z, double slack, const char *what);

#endif
