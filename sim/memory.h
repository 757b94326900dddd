/* Sizes that cannot wrap, and aligned blocks handed out from one allocation. */
#ifndef SPANSCOPE_SIM_MEMORY_H
#define SPANSCOPE_SIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "sim/real.h"

/* Products and sums that stick at SIZE_MAX instead of wrapping: check once, at the end. */
size_t memory_multiply(size_t a, size_t b);
size_t memory_add(size_t a, size_t b);

/* A size in words, for messages: "1.91 MB", in the powers of ten that --memory reads. */
enum { MEMORY_WORDS = 16 };
const char *memory_words(size_t bytes, char text[MEMORY_WORDS]);

/* The same, rounded up: of what is needed, so that it suffices where it is given. */
const char *memory_enough(size_t bytes, char text[MEMORY_WORDS]);

/* count numbers on a cache line's boundary, or NULL; free with free(). Large blocks are touched only when written. */
real *memory_reals(size_t count);
double *memory_doubles(size_t count);

/* Hands out pieces of one allocation, each on a cache line's boundary; running out is a programming error. */
struct arena {
    real *base;
    size_t size, used; /* reals */
};

/* What arena_take(count) uses up. */
size_t arena_cost(size_t count);
real *arena_take(struct arena *arena, size_t count);

/* The same of doubles, for what is said of tensors. */
size_t arena_doubles_cost(size_t count);
double *arena_take_doubles(struct arena *arena, size_t count);

#endif
