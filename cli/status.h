/* Exit statuses, and the one place that prints errors. */
#ifndef SPANSCOPE_CLI_STATUS_H
#define SPANSCOPE_CLI_STATUS_H

#include <stddef.h>

#include "sim/error.h"

enum status {
    STATUS_DONE = 0,
    STATUS_AGAINST = 1,
    STATUS_USAGE = 2,
    STATUS_RESOURCE = 3,
    STATUS_INCONCLUSIVE = 4,
    STATUS_INTERNAL = 70, /* by sysexits.h's number */
    STATUS_INTERRUPTED = 130,
};

/* What each of them says, for the manual. */
struct status_row {
    enum status status;
    const char *summary;
};

extern const struct status_row status_rows[];
extern const size_t status_count;

/* Says something to a person, on stderr: "spanscope COMMAND: ...", or without the command where it is empty. What cannot
 * be shown of names that came from outside is escaped; lines and tabs stay. */
void status_say(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the error, if any, as "spanscope COMMAND: ..." to stderr and returns the status of its code. */
int status_report(const char *command, int code, const struct error *error);

#endif
