#include "sim/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/invariant.h"

enum { LINE_BYTES = 64, LINE_REALS = LINE_BYTES / (int)sizeof(real) };

size_t memory_multiply(size_t a, size_t b)
{
    size_t product;
    return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}

size_t memory_add(size_t a, size_t b)
{
    size_t sum;
    return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

const char *memory_words(size_t bytes, char text[MEMORY_WORDS])
{
    static const char units[] = "kMGTPE";
    double size = (double)bytes / 1e3;
    int unit = 0;
    for (; size >= 999.5 && units[unit + 1]; unit++)
        size /= 1e3;
    snprintf(text, MEMORY_WORDS, "%.3g %cB", size, units[unit]);
    return text;
}

static void *take_lines(size_t count, size_t size)
{
    size_t padded = memory_add(memory_multiply(count, size), LINE_BYTES - 1);
    if (padded == SIZE_MAX)
        return NULL;
    size_t bytes = padded / LINE_BYTES * LINE_BYTES;
    return aligned_alloc(LINE_BYTES, bytes > 0 ? bytes : LINE_BYTES);
}

real *memory_reals(size_t count)
{
    return take_lines(count, sizeof(real));
}

double *memory_doubles(size_t count)
{
    return take_lines(count, sizeof(double));
}

size_t arena_cost(size_t count)
{
    size_t padded = memory_add(count, LINE_REALS - 1);
    return padded == SIZE_MAX ? SIZE_MAX : padded / LINE_REALS * LINE_REALS;
}

real *arena_take(struct arena *arena, size_t count)
{
    real *piece = arena->base + arena->used;
    arena->used += arena_cost(count);
    invariant(arena->used <= arena->size);
    return piece;
}
