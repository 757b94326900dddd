/* How many own what does not change: a count that any thread may raise and lower. */
#ifndef SPANSCOPE_SIM_OWNERS_H
#define SPANSCOPE_SIM_OWNERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

typedef atomic_int owners;

/* The first owner; NULL where memory is out. */
static inline owners *owners_begin(void)
{
    owners *count = malloc(sizeof *count);
    if (count)
        atomic_init(count, 1);
    return count;
}

/* One more. Of NULL, which owns nothing, there is nothing to count. */
static inline void owners_join(owners *count)
{
    if (count)
        atomic_fetch_add(count, 1);
}

/* One less: true where it was the last, or nothing is counted, and what was owned is to be freed. */
static inline bool owners_leave(owners *count)
{
    if (count && atomic_fetch_sub(count, 1) > 1)
        return false;
    free(count);
    return true;
}

#endif
