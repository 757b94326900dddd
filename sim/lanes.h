/* Vectors of the machine's own width, by the extension that gcc and clang share. */
#ifndef SPANSCOPE_SIM_LANES_H
#define SPANSCOPE_SIM_LANES_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sim/real.h"

#if defined __AVX512F__ && defined __AVX512DQ__
enum { LANES = 8 };
#elif defined __AVX2__
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

/* LANES doubles and their bits, or REALS numbers of the type of tensors. */
enum { REALS = LANES * (int)(sizeof(double) / sizeof(real)) };

typedef double doubles __attribute__((vector_size(8 * LANES)));
typedef real reals __attribute__((vector_size(8 * LANES)));
typedef real fewer_reals __attribute__((vector_size(LANES * sizeof(real))));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));
typedef int64_t integers __attribute__((vector_size(8 * LANES)));

#define LANES_INLINE static inline __attribute__((always_inline))

#ifdef __clang__
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 16")
#endif

LANES_INLINE reals lanes_load(const real *a)
{
    reals v;
    memcpy(&v, a, sizeof v);
    return v;
}

LANES_INLINE void lanes_store(real *a, reals v)
{
    memcpy(a, &v, sizeof v);
}

/* LANES numbers of a tensor as doubles, and back, rounded. */
LANES_INLINE doubles lanes_widen(const real *a)
{
    fewer_reals v;
    memcpy(&v, a, sizeof v);
    return __builtin_convertvector(v, doubles);
}

LANES_INLINE void lanes_narrow(real *a, doubles v)
{
    fewer_reals narrow = __builtin_convertvector(v, fewer_reals);
    memcpy(a, &narrow, sizeof narrow);
}

LANES_INLINE doubles lanes_all(double value)
{
    return (doubles){} + value;
}

/* A comparison of vectors gives all bits or none. */
LANES_INLINE doubles lanes_choose(integers condition, doubles yes, doubles no)
{
    return (doubles)(((words)condition & (words)yes) | (~(words)condition & (words)no));
}

/* exp(high + low) for high <= 0, |low| < 1e-4: in [-ln 2 / 2, ln 2 / 2] Taylor's series, the terms beyond x^13 / 13!
 * being 5e-18 of it, and whole powers of two. Both parts of ln 2 (fdlibm) are exact, and so is the high one's product
 * with 11 bits. minus_one gets the same less 1, without cancellation near 0. */
LANES_INLINE doubles lanes_exponential(doubles high, doubles low, doubles *minus_one)
{
    static const double taylor[12] = {1. / 2,       1. / 6,        1. / 24,        1. / 120,
                                      1. / 720,     1. / 5040,     1. / 40320,     1. / 362880,
                                      1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
    const double to_whole = 0x1.8p52; // what is added to it becomes a whole number, in its low bits
    const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    doubles whole = high * M_LOG2E + to_whole;
    doubles n = whole - to_whole, r = ((high - n * ln2_high) - n * ln2_low) + low, square = r * r;
    doubles even = lanes_all(taylor[10]), odd = lanes_all(taylor[11]);
    LANES_UNROLL for (int k = 8; k >= 0; k -= 2)
    {
        even = even * square + taylor[k];
        odd = odd * square + taylor[k + 1];
    }
    doubles part = r + square * (even + r * odd); // exp(r) - 1
    /* 2^n in two factors: their product may be subnormal. */
    words power = (words)whole - (words)(lanes_all(to_whole)), half = (words)((integers)power >> 1);
    doubles first = (doubles)((half + 1023) << 52), second = (doubles)((power - half + 1023) << 52);
    if (minus_one)
        *minus_one = (part * first) * second + (first * second - 1);
    return ((1 + part) * first) * second;
}

#endif
