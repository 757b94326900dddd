#include "cli/status.h"

#include <stdio.h>
#include <time.h>

#include "cli/ranks.h"

const struct status_row status_rows[] = {
    {STATUS_DONE, "done; every verdict the expected one"},
    {STATUS_AGAINST, "a verdict against expectation, a wrong answer, or an equation without a root"},
    {STATUS_USAGE, "usage, formula or configuration"},
    {STATUS_RESOURCE, "file, memory or a missing tool"},
    {STATUS_INCONCLUSIVE, "the samples do not decide, or no claim applies"},
    {STATUS_INTERNAL, "a fault of the program itself, which it names"},
    {STATUS_INTERRUPTED, "interrupted; what was written is valid"},
};
const size_t status_count = sizeof status_rows / sizeof *status_rows;

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
