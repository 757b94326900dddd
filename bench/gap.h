/* How far a measurement lies from the prediction, and whether that distance falls like 1/d. */
#ifndef SPANSCOPE_BENCH_GAP_H
#define SPANSCOPE_BENCH_GAP_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/profile.h"

/* Of a cell: measured / predicted - 1, for cosines measured - predicted; NAN where either is absent or where there is
 * nothing to compare: what a norm fixes has no sampling error and no gap but the norm's epsilon, and a matrix's
 * gradient below 1e-9 of the signal's (wq's where tokens are equal) no relative gap worth the name. */
struct gap {
    double size;
    double error; /* its standard error, by the samples and by the prediction's draws */
    double other; /* to a second prediction, whose draws are others */
};

/* predicted[0] and [1] are of the same columns as measured. */
struct gap gap_measure(const struct profile *measured, const struct profile *const predicted[2], int layer, int column);

/* The gaps of one model at two widths, cell by cell. */
struct gap_pair {
    const struct gap *first, *here; // [count]
    size_t count;
};

struct gap_share {
    double share, error;
    int models;
};

/* Coefficient of the regression, through the origin, of the gaps `here` on those at the first width, over all cells of
 * all models: D/d where every gap falls like 1/d.
 *
 * A gap of c/d drowns at large d in a sampling error of sqrt(c/(d n)), but the cells together show it. Gaps here are
 * those to the second prediction, so that the errors of the two sides do not correlate; the square that sampling adds
 * to the regressor is taken off (Fuller, Measurement Error Models, 1987, section 1.2); the error is the jackknife's
 * over models. A model far from its limit at the first width (gaps beyond 10 % in the root mean square) has no 1/d to
 * speak of and is left out. */
struct gap_share gap_share(const struct gap_pair pairs[], size_t count);

#endif
