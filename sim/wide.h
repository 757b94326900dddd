/* A double with an exponent of its own: gradients of deep stacks leave the range of double (2^-L at L = 2000). */
#ifndef SPANSCOPE_SIM_WIDE_H
#define SPANSCOPE_SIM_WIDE_H

#include <limits.h>
#include <math.h>
#include <stdbool.h>

struct wide {
    double mantissa;
    int exponent; /* value = mantissa 2^exponent; WIDE_ABSENT where there is no value */
};

#define WIDE_ABSENT INT_MIN

static inline struct wide wide_of(double value)
{
    return (struct wide){value, 0};
}

static inline struct wide wide_absent(void)
{
    return (struct wide){0, WIDE_ABSENT};
}

static inline bool wide_present(struct wide w)
{
    return w.exponent != WIDE_ABSENT;
}

/* Natural logarithm; -inf for 0, NaN below. */
static inline double wide_log(struct wide w)
{
    return log(w.mantissa) + w.exponent * M_LN2;
}

/* As a double: 0 or infinity where it is out of range. */
static inline double wide_value(struct wide w)
{
    return ldexp(w.mantissa, w.exponent);
}

/* A value that double holds to full precision, else NaN: what is out of range is not to be taken for a number. */
static inline double wide_exact(struct wide w)
{
    double value = wide_present(w) ? wide_value(w) : NAN;
    return isnormal(value) || (value == 0 && w.mantissa == 0) ? value : NAN;
}

/* NaN where the value is not positive or absent. */
static inline double wide_log10(struct wide w)
{
    return wide_present(w) && w.mantissa > 0 ? wide_log(w) / M_LN10 : NAN;
}

#endif
