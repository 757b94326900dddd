/* Intervals of reals, for enclosures: the result of an operation holds every result of its operands' members.
 *
 * Ends are rounded to nearest, not outwards: an enclosure is true up to a few rounding errors of its operations. Ends
 * are finite; a caller that may overflow checks.
 */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_INTERVAL_H
#define SPANSCOPE_ANALYSIS_BOUNDS_INTERVAL_H

#include <math.h>
#include <stdbool.h>

struct interval {
    double lo, hi;
};

static inline struct interval interval_point(double value)
{
    return (struct interval){value, value};
}

static inline struct interval interval_add(struct interval a, struct interval b)
{
    return (struct interval){a.lo + b.lo, a.hi + b.hi};
}

/* The operands vary apart from each other, even where they are the same interval. */
static inline struct interval interval_multiply(struct interval a, struct interval b)
{
    double p = a.lo * b.lo, q = a.lo * b.hi, r = a.hi * b.lo, s = a.hi * b.hi;
    return (struct interval){fmin(fmin(p, q), fmin(r, s)), fmax(fmax(p, q), fmax(r, s))};
}

static inline struct interval interval_scale(double factor, struct interval a)
{
    return interval_multiply(interval_point(factor), a);
}

/* a^2 of one variable: never negative. */
static inline struct interval interval_square(struct interval a)
{
    double lo = a.lo * a.lo, hi = a.hi * a.hi;
    return (struct interval){a.lo <= 0 && a.hi >= 0 ? 0 : fmin(lo, hi), fmax(lo, hi)};
}

/* Of two enclosures of one number. Where rounding has pulled them apart, what lies between. */
static inline struct interval interval_meet(struct interval a, struct interval b)
{
    double lo = fmax(a.lo, b.lo), hi = fmin(a.hi, b.hi);
    return (struct interval){fmin(lo, hi), fmax(lo, hi)};
}

/* The least interval that holds both. */
static inline struct interval interval_join(struct interval a, struct interval b)
{
    return (struct interval){fmin(a.lo, b.lo), fmax(a.hi, b.hi)};
}

static inline double interval_magnitude(struct interval a)
{
    return fmax(fabs(a.lo), fabs(a.hi));
}

/* Of what is never negative, whatever its enclosure says. */
static inline struct interval interval_root(struct interval a)
{
    return (struct interval){sqrt(fmax(a.lo, 0)), sqrt(fmax(a.hi, 0))};
}

/* a / b for b >= 0 that does not contain 0. */
static inline struct interval interval_divide(struct interval a, struct interval b)
{
    return interval_multiply(a, (struct interval){1 / b.hi, 1 / b.lo});
}

static inline struct interval interval_subtract(struct interval a, struct interval b)
{
    return (struct interval){a.lo - b.hi, a.hi - b.lo};
}

static inline struct interval interval_positive(struct interval a)
{
    return (struct interval){fmax(a.lo, 0), fmax(a.hi, 0)};
}

static inline struct interval interval_symmetric(double size)
{
    return (struct interval){-size, size};
}

static inline bool interval_is_zero(struct interval a)
{
    return a.lo == 0 && a.hi == 0;
}

#endif
