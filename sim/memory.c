#include "sim/memory.h"

#include <stdio.h>
#include <stdlib.h>

#include "sim/invariant.h"

enum { LINE_BYTES = 64, LINE_DOUBLES = LINE_BYTES / (int)sizeof(double) };

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

double *memory_doubles(size_t count)
{
    size_t bytes = memory_multiply(arena_cost(count), sizeof(double));
    if (bytes == SIZE_MAX)
        return NULL;
    return aligned_alloc(LINE_BYTES, bytes > 0 ? bytes : LINE_BYTES);
}

size_t arena_cost(size_t count)
{
    size_t padded = memory_add(count, LINE_DOUBLES - 1);
    return padded == SIZE_MAX ? SIZE_MAX : padded / LINE_DOUBLES * LINE_DOUBLES;
}

double *arena_take(struct arena *arena, size_t count)
{
    double *piece = arena->base + arena->used;
    arena->used += arena_cost(count);
    invariant(arena->used <= arena->size);
    return piece;
}
