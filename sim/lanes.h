/* Vectors of the machine's own width, by the extension that gcc and clang share. */
#ifndef SPANSCOPE_SIM_LANES_H
#define SPANSCOPE_SIM_LANES_H

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

#endif
