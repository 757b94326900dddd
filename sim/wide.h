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

#endif
