#include "sim/memory.h"

#include <math.h>
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

/* Three digits of a size, the last of them `round`ed. */
static const char *words(double size, double (*round)(double), char text[MEMORY_WORDS])
{
    static const char units[] = "kMGTPE";
    int unit = -1;
    for (; size >= 999.5 && (unit < 0 || units[unit + 1]); unit++)
        size /= 1e3;
    double digit = size < 10 ? 0.01 : size < 100 ? 0.1 : 1;
    if (unit < 0)
        snprintf(text, MEMORY_WORDS, "%.3g B", size);
    else
        snprintf(text, MEMORY_WORDS, "%.3g %cB", round(size / digit) * digit, units[unit]);
    return text;
}

const char *memory_words(size_t bytes, char text[MEMORY_WORDS])
{
    return words((double)bytes, rint, text);
}

const char *memory_enough(size_t bytes, char text[MEMORY_WORDS])
{
    return words((double)bytes, ceil, text);
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

/* In reals. */
static size_t doubles(size_t count)
{
    return memory_multiply(count, sizeof(double) / sizeof(real));
}

size_t arena_doubles_cost(size_t count)
{
    return arena_cost(doubles(count));
}

double *arena_take_doubles(struct arena *arena, size_t count)
{
    return (void *)arena_take(arena, doubles(count));
}
