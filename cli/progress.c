#include "cli/progress.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "sim/clock.h"
#include "sim/text.h"

enum { LINE = 100 };
static const double EVERY = 0.1, EVERY_LOGGED = 60; // seconds

static void print_time(struct text *line, double seconds, const char *words)
{
    int minutes = (int)(fmin(9e6, seconds) / 60);
    if (minutes < 60)
        text_print(line, ", %d:%02d %s", minutes, (int)seconds % 60, words);
    else
        text_print(line, ", %d h %02d min %s", minutes / 60, minutes % 60, words);
}

/* By the pace since the start; before some work is done a log says how long it has been waited for. */
static void print_left(struct text *line, const struct progress *progress, double now)
{
    double pace = progress->share - progress->first, spent = now - progress->start;
    if (pace > 0 && spent > 0)
        print_time(line, spent * (1 - progress->share) / pace, "left");
    else if (progress->logs)
        print_time(line, spent, "so far");
}

static void print_line(struct progress *progress, double now)
{
    char buffer[LINE];
    struct text line = {buffer, sizeof buffer, 0};
    progress->last = now;
    if (progress->count > 1)
        text_print(&line, "%" PRId64 " of %" PRId64 " %s, ", progress->part, progress->count, progress->parts);
    text_print(&line, "%s", progress->words);
    print_left(&line, progress, now);
    fprintf(progress->stream, progress->shows ? "\r%-60s" : "%s\n", buffer);
    fflush(progress->stream);
}

static void tick(void *context)
{
    struct progress *progress = context;
    if (progress->first >= 0)
        print_line(progress, clock_now());
}

void progress_init(struct progress *progress, const struct progress_options *options)
{
    bool terminal = isatty(STDERR_FILENO) && !options->stream;
    *progress = (struct progress){.shows = terminal && !options->quiet && !options->hidden,
                                  .parts = options->parts,
                                  .stream = options->stream ? options->stream : stderr,
                                  .count = options->count,
                                  .interval = options->interval > 0 ? options->interval : EVERY_LOGGED,
                                  .start = clock_now(),
                                  .last = -1,
                                  .first = -1};
    progress->logs = options->log && !progress->shows;
    ticker_start(&progress->ticker, progress->logs ? progress->interval : 0, tick, progress);
}

/* A log begins after its first minute. Without a thread that writes it, it is written where something is done. */
static bool is_due(struct progress *progress, double now)
{
    double every = progress->shows ? EVERY : progress->interval;
    if (progress->last < 0) {
        progress->last = now;
        return progress->shows;
    }
    return !progress->ticker.runs && now - progress->last >= every;
}

void progress_show(struct progress *progress, int64_t part, double share, const char *words)
{
    if (!progress->shows && !progress->logs)
        return;
    double now = clock_now();
    ticker_lock(&progress->ticker);
    if (progress->first < 0) {
        progress->first = share;
        progress->start = now;
    }
    progress->part = part;
    progress->share = share;
    snprintf(progress->words, sizeof progress->words, "%s", words);
    if (is_due(progress, now))
        print_line(progress, now);
    ticker_unlock(&progress->ticker);
}

void progress_clear(struct progress *progress)
{
    if (progress->shows)
        fprintf(progress->stream, "\r%*s\r", LINE, "");
}

void progress_end(struct progress *progress)
{
    ticker_stop(&progress->ticker);
    progress_clear(progress);
}
