#include "cli/status.h"

#include <stdio.h>

int status_report(const char *command, int code, const struct error *error)
{
    if (code == ERROR_NONE)
        return STATUS_DONE;
    fflush(stdout);
    fprintf(stderr, "spanscope %s: %s\n", command, error->text);
    if (code == ERROR_INTERRUPTED)
        return STATUS_INTERRUPTED;
    return code == ERROR_INPUT ? STATUS_USAGE : STATUS_RESOURCE;
}
