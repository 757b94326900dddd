#include "analysis/limit/pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sim/budget.h"
#include "sim/memory.h"

struct pool_chunk {
    double *base;
    size_t size, used, most; /* doubles */
    struct pool_chunk *next;
};

/* The first chunk is small, as many blocks' signals are; each further one holds as much as all before it, and large
 * ones are touched by large pages. */
enum { CHUNK_DOUBLES = 1 << 15, PAGE_BYTES = 1 << 21, ASKED_BYTES = 1 << 28 };

/* The system grants what it has not, and kills who uses it: of much it is asked whether it has it. */
static bool is_there(size_t bytes)
{
    return bytes < ASKED_BYTES || bytes <= budget_left("", 0);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* As much as is held, or what is asked for where so much is not there. */
static struct pool_chunk *chunk_new(size_t count, size_t held)
{
    struct pool_chunk *chunk = malloc(sizeof *chunk);
    size_t least = larger(count, CHUNK_DOUBLES), size = larger(least, held);
    if (!is_there(memory_multiply(size, sizeof(double))))
        size = least;
    double *base = chunk && is_there(memory_multiply(size, sizeof *base)) ? memory_doubles(size) : NULL;
    if (!base) {
        free(chunk);
        return NULL;
    }
    if (size * sizeof(double) >= 2 * PAGE_BYTES) {
        uintptr_t first = ((uintptr_t)base + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
        uintptr_t last = (uintptr_t)(base + size) / PAGE_BYTES * PAGE_BYTES;
        (void)madvise((void *)first, last - first, MADV_HUGEPAGE); // advice: nothing is lost where it is not taken
    }
    *chunk = (struct pool_chunk){base, size, 0, 0, NULL};
    return chunk;
}

/* A chunk with room behind the current one: one that is there, or a new one before those. */
static struct pool_chunk *next_chunk(struct pool *pool, size_t count)
{
    struct pool_chunk *current = pool->current, **link = current ? &current->next : &pool->first;
    if (*link && (*link)->size >= count)
        return *link;
    struct pool_chunk *chunk = chunk_new(count, pool->bytes / sizeof(double));
    if (!chunk)
        longjmp(*pool->exhausted, 1);
    pool->bytes += chunk->size * sizeof(double);
    chunk->next = *link;
    *link = chunk;
    return chunk;
}

double *pool_take(struct pool *pool, size_t count)
{
    size_t cost = arena_cost(count);
    struct pool_chunk *chunk = pool->current;
    if (!chunk || chunk->size - chunk->used < cost) {
        chunk = pool->current = next_chunk(pool, cost);
        chunk->used = 0;
    }
    double *taken = chunk->base + chunk->used;
    chunk->used += cost;
    chunk->most = chunk->used > chunk->most ? chunk->used : chunk->most;
    return taken;
}

void *pool_take_zeros(struct pool *pool, size_t bytes)
{
    return memset(pool_take(pool, bytes / sizeof(double) + 1), 0, bytes);
}

size_t pool_touched(const struct pool *pool)
{
    size_t count = 0;
    for (const struct pool_chunk *chunk = pool->first; chunk; chunk = chunk->next)
        count += chunk->most;
    return count * sizeof(double);
}

struct pool_mark pool_mark(const struct pool *pool)
{
    return (struct pool_mark){pool->current, pool->current ? pool->current->used : 0};
}

void pool_release(struct pool *pool, struct pool_mark mark)
{
    pool->current = mark.chunk;
    if (mark.chunk)
        mark.chunk->used = mark.used;
}

void pool_clear(struct pool *pool)
{
    pool->current = NULL;
}

void pool_free(struct pool *pool)
{
    for (struct pool_chunk *chunk = pool->first, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk->base);
        free(chunk);
    }
    *pool = (struct pool){0};
}
