#include "sim/estimate.h"

#include <stdlib.h>

#include "sim/quantile.h"

static void welford(int64_t n, double value, double *mean, double *m2)
{
    double delta = value - *mean;
    *mean += delta / (double)n;
    *m2 += delta * (value - *mean);
}

/* Squares of values within 2^400 of the common exponent stay in the range of double. A sample beyond that moves the
 * exponent up; one below it counts as what it is next to the others, nothing. */
static void follow_exponent(struct estimate *estimate, int exponent)
{
    enum { REACH = 400 };
    int up = exponent - estimate->exponent;
    if (estimate->n > 0 && up <= REACH)
        return;
    estimate->mean = ldexp(estimate->mean, -up);
    estimate->m2 = ldexp(ldexp(estimate->m2, -up), -up);
    estimate->exponent = exponent;
}

void estimate_add(struct estimate *estimate, struct wide value)
{
    if (!wide_present(value))
        return;
    follow_exponent(estimate, value.exponent);
    estimate->n++;
    welford(estimate->n, ldexp(value.mantissa, value.exponent - estimate->exponent), &estimate->mean, &estimate->m2);
    if (value.mantissa > 0) {
        estimate->n_log++;
        welford(estimate->n_log, wide_log(value), &estimate->mean_log, &estimate->m2_log);
    }
}

struct wide estimate_mean(const struct estimate *estimate)
{
    return (struct wide){estimate->mean, estimate->exponent};
}

struct wide estimate_sd(const struct estimate *estimate)
{
    if (estimate->n < 2)
        return wide_absent();
    return (struct wide){sqrt(estimate->m2 / (double)(estimate->n - 1)), estimate->exponent};
}

struct wide estimate_se(const struct estimate *estimate)
{
    struct wide se = estimate_sd(estimate);
    if (wide_present(se))
        se.mantissa /= sqrt((double)estimate->n);
    return se;
}

void estimate_interval(const struct estimate *estimate, double level, struct wide *lo, struct wide *hi)
{
    *lo = *hi = estimate_se(estimate);
    if (!wide_present(*lo))
        return;
    double half = quantile_student((1 - level) / 2, (double)(estimate->n - 1)) * lo->mantissa;
    lo->mantissa = estimate->mean - half;
    hi->mantissa = estimate->mean + half;
}

double estimate_mean_log(const struct estimate *estimate)
{
    return estimate->n > 0 && estimate->n_log == estimate->n ? estimate->mean_log : NAN;
}

double estimate_sd_log(const struct estimate *estimate)
{
    bool valid = estimate->n > 1 && estimate->n_log == estimate->n;
    return valid ? sqrt(estimate->m2_log / (double)(estimate->n - 1)) : NAN;
}

double estimate_precision(const struct estimate *estimate, bool absolute)
{
    struct wide lo, hi;
    estimate_interval(estimate, 0.95, &lo, &hi);
    if (!wide_present(lo))
        return INFINITY;
    double half = (hi.mantissa - lo.mantissa) / 2;
    if (absolute)
        return ldexp(half, estimate->exponent);
    return half == 0 ? 0 : half / fabs(estimate->mean);
}
