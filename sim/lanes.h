/* Vectors of the machine's own width, by the extension that gcc and clang share. */
#ifndef SPANSCOPE_SIM_LANES_H
#define SPANSCOPE_SIM_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX512F__ && defined __AVX512DQ__
enum { LANES = 8 };
#elif defined __AVX2__
enum { LANES = 4 };
#else
enum { LANES = 2 };
#endif

typedef double reals __attribute__((vector_size(8 * LANES)));
typedef uint64_t words __attribute__((vector_size(8 * LANES)));
typedef int64_t integers __attribute__((vector_size(8 * LANES)));

#define LANES_INLINE static inline __attribute__((always_inline))

#ifdef __clang__
#define LANES_UNROLL _Pragma("clang loop unroll(full)")
#else
#define LANES_UNROLL _Pragma("GCC unroll 16")
#endif

LANES_INLINE reals lanes_load(const double *a)
{
    reals v;
    memcpy(&v, a, sizeof v);
    return v;
}

LANES_INLINE void lanes_store(double *a, reals v)
{
    memcpy(a, &v, sizeof v);
}

LANES_INLINE reals lanes_all(double value)
{
    return (reals){} + value;
}

/* A comparison of vectors gives all bits or none. */
LANES_INLINE reals lanes_choose(integers condition, reals yes, reals no)
{
    return (reals)(((words)condition & (words)yes) | (~(words)condition & (words)no));
}

#endif
