/* How much memory this process may still take: the least of what the machine, its control groups and its own limits
 * leave. */
#ifndef SPANSCOPE_SIM_BUDGET_H
#define SPANSCOPE_SIM_BUDGET_H

#include <stddef.h>

#include "sim/error.h"

/* Three quarters of what is left beside `threads` threads, in bytes: a fair default for one program among others. */
size_t budget_available(int threads);

/* Bytes left: the machine's MemAvailable; of the control group that the process is in and of every group above it,
 * version 1 or 2, the limit less what is in use and cannot be reclaimed; and RLIMIT_AS and RLIMIT_DATA less what they
 * count already and what the threads are going to map. root: "" or a folder with a proc and a sys of its own, as tests
 * have; the two limits are always those of this process. */
size_t budget_left(const char *root, int threads);

/* ERROR_RESOURCE where the process may not map `bytes` and what `threads` threads map beside: their stacks, the C
 * library's heaps and the buffer that OpenBLAS maps at the first call of each, which it would try again for ever. To be
 * asked before threads start. */
int budget_check(int threads, size_t bytes, struct error *error);

/* ERROR_RESOURCE, of what does not fit a limit that a caller was given, such as `what` "one sample", `with` " in two
 * threads" behind the bytes needed, `limited` "the limit". Tells --memory, which sets it, and what its default is taken
 * of where `threads` threads work. */
int budget_short(const char *what, size_t needed, const char *with, int threads, const char *limited, size_t limit,
                 struct error *error);

#endif
