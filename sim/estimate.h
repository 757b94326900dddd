/* Means, spreads and intervals over samples, streaming (Welford, Technometrics 1962), in an extended range. */
#ifndef SPANSCOPE_SIM_ESTIMATE_H
#define SPANSCOPE_SIM_ESTIMATE_H

#include <stdint.h>

#include "sim/wide.h"

struct estimate {
    int64_t n;
    int exponent;    /* mean is in units of 2^exponent, m2 in its square */
    double mean, m2; /* m2: sum of squared deviations */
    int64_t n_log;   /* samples above zero; the next two are over them */
    double mean_log, m2_log;
};

/* Absent values are passed over. */
void estimate_add(struct estimate *estimate, struct wide value);

struct wide estimate_mean(const struct estimate *estimate);
struct wide estimate_sd(const struct estimate *estimate); /* absent where n < 2 */
struct wide estimate_se(const struct estimate *estimate); /* of the mean; absent where n < 2 */

/* The two-sided Student-t interval of the mean; both absent where n < 2. */
void estimate_interval(const struct estimate *estimate, double level, struct wide *lo, struct wide *hi);

/* Of the natural logarithm; NaN unless all samples are above zero (and, for the sd, n >= 2). */
double estimate_mean_log(const struct estimate *estimate);
double estimate_sd_log(const struct estimate *estimate);

/* Half-width of the 95 % interval, relative to the mean or, for cosines, absolute; infinite where n < 2. */
double estimate_precision(const struct estimate *estimate, bool absolute);

#endif
