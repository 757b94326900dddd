/* How far a command is: a line on a terminal that is written over, or a line a minute for a log. */
#ifndef SPANSCOPE_CLI_PROGRESS_H
#define SPANSCOPE_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    bool shows, logs;
    const char *parts; /* what is counted, when there are several: "configurations" */
    int64_t part, count;
    double start, last; /* seconds; last: of the line before, negative before the first */
    double first;       /* share that was done at the start, negative before it is known */
};

/* quiet and hidden are --quiet and --no-progress, log is --log. count: of parts, one after the other. */
void progress_init(struct progress *progress, bool quiet, bool hidden, bool log, const char *parts, int64_t count);

/* share: of all the work, by its cost; words are of the part under way. Called as often as one likes. */
void progress_show(struct progress *progress, double share, const char *words);

/* Takes the line off the terminal. */
void progress_clear(struct progress *progress);

#endif
