/* Exit statuses, and the one place that prints errors. */
#ifndef SPANSCOPE_CLI_STATUS_H
#define SPANSCOPE_CLI_STATUS_H

#include "sim/error.h"

enum status {
    STATUS_DONE = 0,          /* every verdict the expected one */
    STATUS_AGAINST = 1,       /* a verdict against expectation, an equation without a root */
    STATUS_USAGE = 2,         /* usage, formula or configuration */
    STATUS_RESOURCE = 3,      /* file, memory or a missing tool */
    STATUS_INCONCLUSIVE = 4,  /* the samples do not decide */
    STATUS_INTERNAL = 70,     /* a fault of this program, by sysexits.h's number */
    STATUS_INTERRUPTED = 130, /* partial results are valid */
};

/* Prints the error, if any, as "spanscope COMMAND: ..." to stderr and returns the status of its code. */
int status_report(const char *command, int code, const struct error *error);

#endif
