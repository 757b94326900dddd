#include "sim/team.h"

#include <pthread.h>
#include <string.h>

#include "sim/budget.h"

/* Stays until all of the team have come. */
static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* The largest team so far: OpenMP keeps its threads, OpenBLAS their buffers. */
static _Atomic int granted;

static int try_threads(int threads, struct error *error)
{
    enum { TEAM_MAX = 4096 };
    int others = threads - 1 < TEAM_MAX ? threads - 1 : TEAM_MAX, started = 0, failed = 0;
    if (others < 1)
        return ERROR_NONE;
    pthread_t team[others];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&gate);
    while (started < others && (failed = pthread_create(&team[started], NULL, wait_for_gate, &gate)) == 0)
        started++;
    pthread_mutex_unlock(&gate);
    for (int t = 0; t < started; t++)
        pthread_join(team[t], NULL);
    if (failed == 0)
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "only %d of %d threads can be started: %s; --threads takes fewer",
                     started + 1, threads, strerror(failed));
}

int team_check(int threads, struct error *error)
{
    if (threads <= granted)
        return ERROR_NONE;
    int code = budget_check(threads, 0, error);
    if (code == ERROR_NONE)
        code = try_threads(threads, error);
    if (code == ERROR_NONE)
        granted = threads;
    return code;
}
