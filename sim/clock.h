/* The time that passes. */
#ifndef SPANSCOPE_SIM_CLOCK_H
#define SPANSCOPE_SIM_CLOCK_H

#include <time.h>

/* Seconds since some moment, never backwards. */
static inline double clock_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Seconds that this thread has worked: a busy machine makes a task longer, but not the work. */
static inline double clock_worked(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

#endif
