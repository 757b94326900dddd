#include "cli/ticker.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <time.h>

static struct timespec later(struct timespec from, double seconds)
{
    double whole = floor(seconds);
    from.tv_sec += (time_t)whole;
    from.tv_nsec += (long)(1e9 * (seconds - whole));
    if (from.tv_nsec >= 1000000000) {
        from.tv_nsec -= 1000000000;
        from.tv_sec++;
    }
    return from;
}

static void *work(void *context)
{
    struct ticker *ticker = context;
    struct timespec due;
    clock_gettime(CLOCK_MONOTONIC, &due);
    due = later(due, ticker->every);
    ticker_lock(ticker);
    while (!ticker->ends) {
        if (pthread_cond_timedwait(&ticker->end, &ticker->lock, &due) != ETIMEDOUT)
            continue;
        if (!ticker->ends)
            ticker->tick(ticker->context);
        clock_gettime(CLOCK_MONOTONIC, &due); // a tick may take longer than the time to the next
        due = later(due, ticker->every);
    }
    ticker_unlock(ticker);
    return NULL;
}

/* Signals are for the threads that were there before: a limit of processor time, an interruption. */
static bool start_thread(struct ticker *ticker)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool runs = pthread_create(&ticker->thread, NULL, work, ticker) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return runs;
}

void ticker_start(struct ticker *ticker, double every, void (*tick)(void *context), void *context)
{
    pthread_condattr_t monotonic;
    *ticker = (struct ticker){.every = every, .tick = tick, .context = context, .made = true};
    pthread_mutex_init(&ticker->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ticker->end, &monotonic);
    pthread_condattr_destroy(&monotonic);
    ticker->runs = every > 0 && start_thread(ticker);
}

void ticker_stop(struct ticker *ticker)
{
    if (!ticker->made)
        return;
    ticker_lock(ticker);
    ticker->ends = true;
    pthread_cond_signal(&ticker->end);
    ticker_unlock(ticker);
    if (ticker->runs)
        pthread_join(ticker->thread, NULL);
    pthread_cond_destroy(&ticker->end);
    pthread_mutex_destroy(&ticker->lock);
    *ticker = (struct ticker){0};
}

void ticker_lock(struct ticker *ticker)
{
    pthread_mutex_lock(&ticker->lock);
}

void ticker_unlock(struct ticker *ticker)
{
    pthread_mutex_unlock(&ticker->lock);
}
