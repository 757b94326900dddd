#include "sim/team.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "sim/budget.h"

/* Stays until all of the team have come. */
static void *wait_for_gate(void *gate)
{
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

/* The largest team so far: OpenBLAS keeps its buffers. */
static _Atomic int granted;

enum { TEAM_MAX = 4096 };

static int try_threads(int threads, struct error *error)
{
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

int team_processors(void)
{
    cpu_set_t set;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    return online > 0 ? (int)online : 1; // more than a set holds
}

struct team {
    uint64_t next, count; /* the first item that nobody has begun */
    uint64_t turn;        /* all before it are finished */
    bool stopped;
    pthread_mutex_t lock;
    pthread_cond_t turned;
    team_work *work;
    void *context;
};

struct member {
    struct team *team;
    int number;
    pthread_t thread;
};

/* False where there is nothing left. */
static bool take(struct team *team, uint64_t *i)
{
    pthread_mutex_lock(&team->lock);
    bool taken = !team->stopped && team->next < team->count;
    *i = team->next;
    team->next += taken;
    pthread_mutex_unlock(&team->lock);
    return taken;
}

void team_await_turn(struct team *team, uint64_t i)
{
    pthread_mutex_lock(&team->lock);
    while (team->turn < i)
        pthread_cond_wait(&team->turned, &team->lock);
    pthread_mutex_unlock(&team->lock);
}

/* Items whose work asks for turns leave in order; of others the turn says nothing. */
static void leave(struct team *team, uint64_t i, bool goes_on)
{
    pthread_mutex_lock(&team->lock);
    team->stopped |= !goes_on;
    if (team->turn == i) {
        team->turn++;
        pthread_cond_broadcast(&team->turned);
    }
    pthread_mutex_unlock(&team->lock);
}

static void *serve(void *argument)
{
    const struct member *member = argument;
    struct team *team = member->team;
    for (uint64_t i; take(team, &i);)
        leave(team, i, team->work(team, i, member->number, team->context));
    return NULL;
}

void team_run(int threads, uint64_t count, team_work *work, void *context)
{
    struct team team = {.count = count,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .turned = PTHREAD_COND_INITIALIZER,
                        .work = work,
                        .context = context};
    int most = threads < TEAM_MAX ? threads : TEAM_MAX, started = 1;
    if ((uint64_t)most > count)
        most = (int)count;
    struct member members[most > 1 ? most : 1];
    members[0] = (struct member){.team = &team};
    for (; started < most; started++) {
        members[started] = (struct member){.team = &team, .number = started};
        if (pthread_create(&members[started].thread, NULL, serve, &members[started]) != 0)
            break;
    }
    serve(&members[0]);
    for (int t = 1; t < started; t++)
        pthread_join(members[t].thread, NULL);
    pthread_cond_destroy(&team.turned);
    pthread_mutex_destroy(&team.lock);
}
