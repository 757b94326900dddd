/* How far a command is: a line on a terminal that is written over, or a line a minute for a log, however long a part
 * takes. */
#ifndef SPANSCOPE_CLI_PROGRESS_H
#define SPANSCOPE_CLI_PROGRESS_H

#include <stdint.h>
#include <stdio.h>

#include "cli/ticker.h"

struct progress_options {
    bool quiet, hidden, log; /* --quiet, --no-progress, --log */
    const char *parts;       /* what is counted, one after the other, when there are several: "configurations" */
    int64_t count;
    double interval; /* seconds from line to line of a log; 0 for a minute */
    FILE *stream;    /* NULL for standard error */
};

enum { PROGRESS_WORDS = 80 };

struct progress {
    bool shows, logs;
    const char *parts;
    FILE *stream;
    int64_t part, count;
    double interval;
    double start, last;         /* seconds; last: of the line before, negative before the first */
    double share, first;        /* of the work; first: that was done at the start, negative before it is known */
    char words[PROGRESS_WORDS]; /* of the part under way */
    struct ticker ticker;       /* writes the log */
};

/* Starts the log. The progress must not move until progress_end. */
void progress_init(struct progress *progress, const struct progress_options *options);

/* part: the one under way; share: of all the work, by its cost. Called as often as one likes, from one thread at a
 * time. */
void progress_show(struct progress *progress, int64_t part, double share, const char *words);

/* Takes the line off the terminal; it may come again. */
void progress_clear(struct progress *progress);

/* The same for good: no line of a log follows. Safe on a zeroed one. */
void progress_end(struct progress *progress);

#endif
