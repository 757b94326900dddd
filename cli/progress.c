#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/clock.h"
#include "sim/text.h"

enum { LINE = 100 };
static const double EVERY = 0.1, EVERY_LOGGED = 60; // seconds

void progress_init(struct progress *progress, bool quiet, bool hidden, bool log, const char *parts, int64_t count)
{
    bool terminal = isatty(STDERR_FILENO);
    *progress = (struct progress){.shows = terminal && !quiet && !hidden,
                                  .logs = log && !(terminal && !quiet && !hidden),
                                  .parts = parts,
                                  .count = count,
                                  .start = clock_now(),
                                  .last = -1,
                                  .first = -1};
}

/* By the pace since the start; nothing is known before some work is done. */
static void print_left(struct text *line, const struct progress *progress, double share, double now)
{
    double pace = share - progress->first, spent = now - progress->start;
    if (!(pace > 0) || !(spent > 0))
        return;
    double left = fmin(9e6, spent * (1 - share) / pace);
    int minutes = (int)(left / 60);
    if (minutes < 60)
        text_print(line, ", %d:%02d left", minutes, (int)left % 60);
    else
        text_print(line, ", %d h %02d min left", minutes / 60, minutes % 60);
}

static void print_line(const struct progress *progress, double share, const char *words, double now)
{
    char buffer[LINE];
    struct text line = {buffer, sizeof buffer, 0};
    if (progress->count > 1)
        text_print(&line, "%" PRId64 " of %" PRId64 " %s, ", progress->part, progress->count, progress->parts);
    text_print(&line, "%s", words);
    print_left(&line, progress, share, now);
    fprintf(stderr, progress->shows ? "\r%-60s" : "%s\n", buffer);
}

void progress_show(struct progress *progress, double share, const char *words)
{
    if (!progress->shows && !progress->logs)
        return;
    double now = clock_now(), every = progress->shows ? EVERY : EVERY_LOGGED;
    if (progress->first < 0) {
        progress->first = share;
        progress->start = now;
    }
    bool first = progress->last < 0 && progress->shows; // a log begins after its first minute
    if (progress->last < 0)
        progress->last = now;
    if (!first && now - progress->last < every)
        return;
    progress->last = now;
    print_line(progress, share, words, now);
}

void progress_clear(struct progress *progress)
{
    if (progress->shows)
        fprintf(stderr, "\r%*s\r", LINE, "");
}
