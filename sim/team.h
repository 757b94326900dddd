/* Threads that work together, and whether the system gives them.
 *
 * OpenMP would do, but that its threads spin where they wait, which takes the processor from the one that they wait for
 * where others use the machine too (a hundred times the time was seen), and that it ends the process where a thread
 * cannot start. */
#ifndef SPANSCOPE_SIM_TEAM_H
#define SPANSCOPE_SIM_TEAM_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/error.h"

/* To be called before anything works with matrices, by one thread, for so many. OpenBLAS tries for ever to map a buffer
 * that does not fit; so threads are started here once for a trial, after budget_check. ERROR_RESOURCE where the limits on
 * processes or on address space do not allow it. What was granted once is not asked again. */
int team_check(int threads, struct error *error);

/* Processors that this process may use. */
int team_processors(void);

struct team;

/* Item number i, by thread number `thread` of the team, the caller's being 0. Returns false where no further item is
 * wanted; others that have begun are finished. */
typedef bool team_work(struct team *team, uint64_t i, int thread, void *context);

/* Hands items 0 .. count - 1 out in that order, each to the thread that is free. Where a thread cannot start, those that
 * have do its work. Returns when all is done. */
void team_run(int threads, uint64_t count, team_work *work, void *context);

/* Within the work on item i: waits until all items before it are finished. What follows in the work is done in the
 * items' order, whichever threads have them; every item of the team asks for it. */
void team_await_turn(struct team *team, uint64_t i);

#endif
