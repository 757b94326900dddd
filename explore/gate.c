#include "explore/gate.h"

#include <time.h>

void gate_init(struct gate *gate, int free, int most_waiting, double seconds)
{
    pthread_condattr_t monotonic;
    *gate = (struct gate){.free = free, .most_waiting = most_waiting, .seconds = seconds};
    pthread_mutex_init(&gate->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->left, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void gate_destroy(struct gate *gate)
{
    pthread_cond_destroy(&gate->left);
    pthread_mutex_destroy(&gate->mutex);
}

static struct timespec time_in(double seconds)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += (time_t)seconds;
    time.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

bool gate_enter(struct gate *gate)
{
    struct timespec deadline = time_in(gate->seconds);
    int failed = 0;
    pthread_mutex_lock(&gate->mutex);
    bool room = gate->free > 0 || gate->waiting < gate->most_waiting;
    gate->waiting++;
    while (room && gate->free == 0 && failed == 0)
        failed = pthread_cond_timedwait(&gate->left, &gate->mutex, &deadline);
    gate->waiting--;
    bool enters = room && gate->free > 0;
    gate->free -= enters;
    pthread_mutex_unlock(&gate->mutex);
    return enters;
}

void gate_leave(struct gate *gate)
{
    pthread_mutex_lock(&gate->mutex);
    gate->free++;
    pthread_cond_signal(&gate->left);
    pthread_mutex_unlock(&gate->mutex);
}
