#include "analysis/limit/pool.h"

#include <stdlib.h>

#include "sim/memory.h"

struct pool_chunk {
    double *base;
    size_t size, used; /* doubles */
    struct pool_chunk *next;
};

enum { CHUNK_DOUBLES = 1 << 16 };

static struct pool_chunk *chunk_new(size_t count)
{
    struct pool_chunk *chunk = malloc(sizeof *chunk);
    size_t size = count > CHUNK_DOUBLES ? count : CHUNK_DOUBLES;
    double *base = chunk ? memory_doubles(size) : NULL;
    if (!base) {
        free(chunk);
        return NULL;
    }
    *chunk = (struct pool_chunk){base, size, 0, NULL};
    return chunk;
}

/* A chunk with room behind the current one: one that is there, or a new one before those. */
static struct pool_chunk *next_chunk(struct pool *pool, size_t count)
{
    struct pool_chunk *current = pool->current, **link = current ? &current->next : &pool->first;
    if (*link && (*link)->size >= count)
        return *link;
    struct pool_chunk *chunk = chunk_new(count);
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
    return taken;
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
