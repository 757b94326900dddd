/* Threads that work together, and whether the system gives them. */
#ifndef SPANSCOPE_SIM_TEAM_H
#define SPANSCOPE_SIM_TEAM_H

#include "sim/error.h"

/* To be called before anything works with matrices, by one thread or in a parallel region of so many. OpenMP ends the
 * process where a thread cannot start, and OpenBLAS tries for ever to map a buffer; so the threads are started here once
 * for a trial, after budget_check. ERROR_RESOURCE where the limits on processes or on address space do not allow it. What
 * was granted once is not asked again. */
int team_check(int threads, struct error *error);

#endif
