/* A log goes on while nothing is done, and ends when it is told to. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/progress.h"
#include <check.h>

enum { LINE = 200 };

/* The log of a pipe, read by lines: a line that does not come is waited for until Check's time is over. */
struct log {
    FILE *in, *out;
    struct progress progress;
};

static void open_log(struct log *log, double interval)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    log->in = fdopen(ends[0], "r");
    log->out = fdopen(ends[1], "w");
    progress_init(&log->progress,
                  &(struct progress_options){
                      .log = true, .parts = "odd parts", .count = 7, .interval = interval, .stream = log->out});
}

/* How many lines are left at the end. */
static int end_log(struct log *log)
{
    char line[LINE];
    int lines = 0;
    progress_end(&log->progress);
    fclose(log->out);
    while (fgets(line, LINE, log->in))
        lines++;
    fclose(log->in);
    return lines;
}

static void read_line(struct log *log, char line[LINE])
{
    ck_assert_ptr_nonnull(fgets(line, LINE, log->in));
}

START_TEST(a_part_that_takes_long_is_told_of)
{
    struct log log;
    char line[LINE];
    open_log(&log, 0.01);
    progress_show(&log.progress, 3, 0.25, "0 of 13 samples");
    for (int i = 0; i < 5; i++) {
        read_line(&log, line);
        ck_assert_ptr_eq(strstr(line, "3 of 7 odd parts, 0 of 13 samples, "), line);
        ck_assert_str_eq(strrchr(line, ' '), " far\n"); // nothing is known of the pace
    }
    progress_show(&log.progress, 3, 0.5, "5 of 13 samples");
    do
        read_line(&log, line);
    while (strstr(line, " 0 of 13")); // one may have been on its way
    ck_assert_ptr_nonnull(strstr(line, "5 of 13 samples, "));
    ck_assert_str_eq(strrchr(line, ' '), " left\n");
    end_log(&log);
}
END_TEST

/* Neither before there is something to tell, nor after the end; and an end does not wait for the next line. */
START_TEST(a_log_ends_when_told)
{
    struct log log;
    open_log(&log, 1e6);
    progress_show(&log.progress, 0, 0, "words");
    ck_assert_int_eq(end_log(&log), 0);
    open_log(&log, 1e-4);
    ck_assert_int_eq(end_log(&log), 0);
    progress_end(&(struct progress){0});
}
END_TEST

enum { LAST = 20000 };

static void *show_often(void *context)
{
    struct progress *progress = context;
    char words[PROGRESS_WORDS];
    for (int i = 0; i <= LAST; i++) {
        snprintf(words, sizeof words, "%d%d%d%d", i, i, i, i);
        progress_show(progress, i, i / (double)LAST, words);
    }
    return NULL;
}

/* Words of one call each, whoever else writes. */
START_TEST(lines_are_whole)
{
    struct log log;
    char line[LINE], expected[LINE];
    pthread_t thread;
    open_log(&log, 1e-4);
    ck_assert_int_eq(pthread_create(&thread, NULL, show_often, &log.progress), 0);
    for (int part = 0; part < LAST;) {
        read_line(&log, line);
        ck_assert_int_eq(sscanf(line, "%d of", &part), 1);
        int length = snprintf(expected, LINE, "%d of 7 odd parts, %d%d%d%d, ", part, part, part, part, part);
        ck_assert_msg(strncmp(line, expected, (size_t)length) == 0, "%s for %s", line, expected);
    }
    pthread_join(thread, NULL);
    fclose(log.in); // nobody reads what is left
    signal(SIGPIPE, SIG_IGN);
    progress_end(&log.progress);
    fclose(log.out);
}
END_TEST

Suite *progress_suite(void);

Suite *progress_suite(void)
{
    Suite *suite = suite_create("progress");
    TCase *tests = tcase_create("progress");
    tcase_add_test(tests, a_part_that_takes_long_is_told_of);
    tcase_add_test(tests, a_log_ends_when_told);
    tcase_add_test(tests, lines_are_whole);
    suite_add_tcase(suite, tests);
    return suite;
}
