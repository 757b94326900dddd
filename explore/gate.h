/* So many at a time; some may wait for a while, the others are turned away. */
#ifndef SPANSCOPE_EXPLORE_GATE_H
#define SPANSCOPE_EXPLORE_GATE_H

#include <pthread.h>
#include <stdbool.h>

struct gate {
    pthread_mutex_t mutex;
    pthread_cond_t left;
    int free, waiting, most_waiting;
    double seconds; /* that one waits at most */
};

void gate_init(struct gate *gate, int free, int most_waiting, double seconds);
void gate_destroy(struct gate *gate);

/* False for who is turned away; the others leave with gate_leave. */
bool gate_enter(struct gate *gate);
void gate_leave(struct gate *gate);

#endif
