#include "cli/status.h"

#include <stdio.h>
#include <time.h>

#include "cli/ranks.h"

int status_report(const char *command, int code, const struct error *error)
{
    if (code == ERROR_NONE)
        return STATUS_DONE;
    fflush(stdout);
    if (ranks_own() > 0) // what all ranks meet, such as a mistake in the options, rank 0 says alone, and ends the job
        nanosleep(&(struct timespec){0, 300000000}, NULL);
    if (ranks_count() > 1)
        fprintf(stderr, "spanscope %s, rank %d: %s\n", command, ranks_own(), error->text);
    else
        fprintf(stderr, "spanscope %s: %s\n", command, error->text);
    if (code == ERROR_INTERRUPTED)
        return STATUS_INTERRUPTED;
    return code == ERROR_INPUT ? STATUS_USAGE : STATUS_RESOURCE;
}
