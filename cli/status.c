#include "cli/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "cli/ranks.h"
#include "sim/text.h"

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

void status_say(const char *command, const char *format, ...)
{
    char text[2 * sizeof(struct error)], shown[2 * sizeof text], rank[32] = "";
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (ranks_count() > 1)
        snprintf(rank, sizeof rank, ", rank %d", ranks_own());
    fprintf(stderr, "spanscope%s%s%s: %s\n", *command ? " " : "", command, rank,
            text_show(text, "\n\t", shown, sizeof shown));
}

int status_report(const char *command, int code, const struct error *error)
{
    if (code == ERROR_NONE)
        return STATUS_DONE;
    fflush(stdout);
    if (ranks_own() > 0) // what all ranks meet, such as a mistake in the options, rank 0 says alone, and ends the job
        nanosleep(&(struct timespec){0, 300000000}, NULL);
    status_say(command, "%s", error->text);
    if (code == ERROR_INTERRUPTED)
        return STATUS_INTERRUPTED;
    return code == ERROR_INPUT ? STATUS_USAGE : STATUS_RESOURCE;
}
