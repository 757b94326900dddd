/* A thread that does something small every so often, beside whatever takes long, and a lock for what both touch. */
#ifndef SPANSCOPE_CLI_TICKER_H
#define SPANSCOPE_CLI_TICKER_H

#include <pthread.h>
#include <stdbool.h>

struct ticker {
    double every;                /* seconds */
    void (*tick)(void *context); /* called with the lock held */
    void *context;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t end;
    bool made, runs; /* the lock; the thread */
    bool ends;
};

/* every: 0 for the lock alone. Where no thread can be had, runs stays false. The ticker must not move. */
void ticker_start(struct ticker *ticker, double every, void (*tick)(void *context), void *context);

/* Waits for the tick under way; none follows. Safe on a zeroed one. */
void ticker_stop(struct ticker *ticker);

void ticker_lock(struct ticker *ticker);
void ticker_unlock(struct ticker *ticker);

#endif
