/* Threads that work together, and whether the system gives them. */
#ifndef SPANSCOPE_SIM_TEAM_H
#define SPANSCOPE_SIM_TEAM_H

#include "sim/error.h"

/* To be called before a parallel region of so many threads. OpenMP ends the process where a thread cannot start; so they
 * are started here once for a trial. ERROR_RESOURCE where the limits on processes or on address space do not allow it. */
int team_check(int threads, struct error *error);

#endif
