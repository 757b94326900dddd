/* Memory of a block's signals, whose sizes come about while it is read. */
#ifndef SPANSCOPE_ANALYSIS_LIMIT_POOL_H
#define SPANSCOPE_ANALYSIS_LIMIT_POOL_H

#include <setjmp.h>
#include <stddef.h>

struct pool_chunk;

struct pool {
    struct pool_chunk *first, *current; /* a list; chunks behind the current one are free */
    size_t bytes;                       /* held */
    jmp_buf *exhausted;                 /* where to go on when memory has run out */
};

struct pool_mark {
    struct pool_chunk *chunk;
    size_t used;
};

/* count doubles on a cache line's boundary, or off to `exhausted`. */
double *pool_take(struct pool *pool, size_t count);

/* Bytes of zeros, for doubles and structs alike. */
void *pool_take_zeros(struct pool *pool, size_t bytes);

/* Bytes of what is held that were ever taken: what the system has given pages for. */
size_t pool_touched(const struct pool *pool);

/* Gives back all that was taken since the mark, which stays held. */
struct pool_mark pool_mark(const struct pool *pool);
void pool_release(struct pool *pool, struct pool_mark mark);
void pool_clear(struct pool *pool);

/* Gives everything back to the system. */
void pool_free(struct pool *pool);

#endif
