#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/program.h"
#include <check.h>

#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3"

/* Reads the terminal until it tells of that many of them, and returns how many it told of last. */
static int64_t wait_for(int terminal, int64_t least, const char *what)
{
    char seen[1 << 16] = "";
    int64_t told = 0;
    for (size_t length = 0; length == 0 || told < least;) {
        ck_assert_uint_lt(length, sizeof seen - 1);
        ssize_t got = read(terminal, seen + length, sizeof seen - 1 - length);
        ck_assert_int_gt((int)got, 0);
        length += (size_t)got;
        seen[length] = '\0';
        ck_assert_ptr_null(strchr(seen, '\033'));
        for (const char *line = seen; (line = strchr(line, '\r')); line++)
            if (sscanf(line, "\r%" SCNd64 " of ", &told) != 1 || !strstr(line, what))
                break;
    }
    return told;
}

/* Samples that a CSV file says it holds, in every row the same. */
static int64_t samples_of(const char *csv)
{
    return atoll(strrchr(csv, ',') + 1);
}

/* Takes what is left from the terminal until the program ends. */
static int drain(int terminal, pid_t child)
{
    char rest[4096];
    while (read(terminal, rest, sizeof rest) > 0)
        ;
    close(terminal);
    return program_wait(child);
}

/* Whatever ends a process and is no fault of its own. */
static const int requests[] = {SIGINT,  SIGTERM,   SIGHUP, SIGQUIT, SIGUSR1,   SIGUSR2, SIGALRM,
                               SIGPROF, SIGVTALRM, SIGPWR, SIGPOLL, SIGSTKFLT, SIGXCPU};
enum { REQUESTS = sizeof requests / sizeof *requests };

/* The file has what the terminal told of, and is that of a run of just so many samples. */
START_TEST(an_interrupted_run_is_valid)
{
    const char *const arguments[] = {"run", TINY, "-n", "100000000", "-f", "csv", "-o", "part", NULL};
    pid_t child;
    int terminal = program_terminal(arguments, &child);
    int64_t told = wait_for(terminal, 100, " samples");
    kill(child, requests[_i]);
    ck_assert_int_eq(drain(terminal, child), 130);
    char *part = program_read("part"), samples[32];
    ck_assert_ptr_nonnull(part);
    ck_assert_int_eq(program_files(), 1);
    ck_assert_int_ge(samples_of(part), told);
    snprintf(samples, sizeof samples, "%" PRId64, samples_of(part));
    struct program again = PROGRAM("run", TINY, "-n", samples, "-f", "csv");
    ck_assert_int_eq(strcmp(again.out, part), 0);
    program_free(&again);
    free(part);
}
END_TEST

/* Samples that take long are handed over one by one: a thread keeps none back. */
START_TEST(long_samples_are_not_lost)
{
    const char *const arguments[] = {"run",   "-L", "6", "-d", "256", "-n", "4000", "-e",
                                     "dense", "-j", "2", "-f", "csv", "-o", "part", NULL};
    pid_t child;
    int terminal = program_terminal(arguments, &child);
    int64_t told = wait_for(terminal, 3, " samples");
    kill(child, SIGINT);
    ck_assert_int_eq(drain(terminal, child), 130);
    char *part = program_read("part");
    ck_assert_ptr_nonnull(part);
    ck_assert_int_ge(samples_of(part), told);
    /* Those done when the terminal was read, and at most the few that fit the moment between: not a chunk of 16. */
    ck_assert_int_lt(samples_of(part), 4000);
    free(part);
}
END_TEST

static void pause_for(double seconds)
{
    struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&time, NULL);
}

/* The only sample takes many seconds in all, each of its 100000 blocks no time: a run that looks at the signal between
 * samples only would end it and have it. */
START_TEST(a_sample_under_way_is_left)
{
    const char *const arguments[] = {"run", "-L", "20000", "-d", "32", "-n", "1", "-f", "csv", "-o", "part", NULL};
    pid_t child;
    int terminal = program_terminal(arguments, &child);
    ck_assert_int_eq(wait_for(terminal, 0, " samples"), 0);
    kill(child, SIGTERM);
    ck_assert_int_eq(drain(terminal, child), 130);
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

/* The samples are there, whichever part of the run the signal meets. */
START_TEST(a_prediction_costs_no_sample)
{
    const char *const arguments[] = {"run",    TINY,     "-n", "100000000", "--predict", "-p",   "prenorm",
                                     "--mask", "causal", "-f", "json",      "-o",        "part", NULL};
    pid_t child;
    int terminal = program_terminal(arguments, &child);
    wait_for(terminal, 100, " samples");
    kill(child, SIGINT);
    ck_assert_int_eq(drain(terminal, child), 130);
    char *part = program_read("part");
    ck_assert_ptr_nonnull(part);
    ck_assert_ptr_nonnull(strstr(part, "\"kind\":\"measured\""));
    ck_assert_ptr_nonnull(strstr(part, "\n{\"schema\":\"spanscope/profile/1\",\"kind\":\"predicted\""));
    free(part);
}
END_TEST

/* Points that are done stand in the map, and how many they are. So many layers make so few points last: all models are
 * made first, which must not take long. */
START_TEST(an_interrupted_map_is_kept)
{
    const char *const arguments[] = {"map", "--x", "eps=1e-9:1e-3:40:log", "--y", "layers=301:320", "-o", "map", NULL};
    pid_t child;
    int terminal = program_terminal(arguments, &child);
    wait_for(terminal, 1, " points");
    kill(child, SIGTERM);
    ck_assert_int_eq(drain(terminal, child), 130);
    char *map = program_read("map");
    ck_assert_ptr_nonnull(map);
    const char *done = strstr(map, "\"points_done\":");
    ck_assert_ptr_nonnull(done);
    int64_t points = atoll(strchr(done, ':') + 1), nulls = 0;
    ck_assert_int_gt(points, 0);
    const char *row = strstr(map, "\"log10_gradient_ratio\":"), *end = strstr(row, "]]");
    ck_assert_ptr_nonnull(end);
    for (row = strchr(row, '['); row < end; row++)
        nulls += *row == 'n'; /* of null */
    ck_assert_int_eq(nulls + points, 40 * 20);
    free(map);
}
END_TEST

/* A file that is whole: what a run of as many samples as it says writes. */
static void check_whole(const char *file)
{
    char samples[32];
    snprintf(samples, sizeof samples, "%" PRId64, samples_of(file));
    struct program again = PROGRAM("run", TINY, "-n", samples, "-f", "csv");
    ck_assert_int_eq(strcmp(again.out, file), 0);
    program_free(&again);
}

/* Moments from the program's start to well within its samples, of a fixed seed. */
static double moment(void)
{
    static uint32_t state = 2463534242;
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return 0.06 * state / UINT32_MAX;
}

/* Whatever the signal and the moment: no stray file, and under the name the old file or a whole new one. */
static void check_kill(int signal, bool replaces)
{
    const char *const arguments[] = {"run", TINY, "-n", "100000000", "-f", "csv", "-o", "file", NULL};
    if (replaces)
        program_write("file", "before");
    pid_t child = program_launch(arguments);
    pause_for(moment());
    kill(child, signal);
    if (signal == SIGPIPE || signal == SIGXFSZ) // of no meaning to it until a write fails
        kill(child, SIGKILL);
    int status = program_wait(child);
    ck_assert_msg(status == 130 || status == -signal || status == -SIGKILL, "signal %d: status %d", signal, status);
    char *file = program_read("file");
    ck_assert_msg(!replaces || file, "signal %d: the old file is gone", signal);
    ck_assert_msg(program_files() == (file ? 1 : 0), "signal %d leaves a stray file", signal);
    ck_assert_msg(file == NULL || status == 130 || (replaces && strcmp(file, "before") == 0),
                  "signal %d, status %d: half a file", signal, status);
    if (file && strcmp(file, "before") != 0)
        check_whole(file);
    free(file);
    program_remove("file");
}

START_TEST(no_signal_leaves_a_stray_file)
{
    const int signals[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,   SIGBUS,    SIGFPE,
                           SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2, SIGPIPE, SIGALRM,   SIGTERM,   SIGXCPU,
                           SIGXFSZ, SIGPROF, SIGSYS,  SIGPOLL, SIGPWR,  SIGVTALRM, SIGSTKFLT, SIGRTMIN + 1};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        check_kill(signals[i], i % 2 == 0);
    for (int i = 0; i < 8; i++)
        check_kill(requests[i % REQUESTS], i % 2 == 0);
}
END_TEST

/* Waiting for somebody to read, it has nothing to lose. */
START_TEST(a_pipe_without_a_reader_is_left)
{
    const char *const arguments[] = {"run", TINY, "-o", "pipe", NULL};
    program_pipe("pipe");
    pid_t child = program_launch(arguments);
    pause_for(0.1);
    kill(child, SIGINT);
    ck_assert_int_eq(program_wait(child), -SIGINT);
}
END_TEST

/* Started with the signal ignored, as by nohup or a shell's &, it goes on. */
START_TEST(what_was_ignored_stays_ignored)
{
    const char *const arguments[] = {"run", TINY, "-n", "20000", "-f", "csv", "-o", "file", NULL};
    struct sigaction old, ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGHUP, &ignore, &old);
    pid_t child = program_launch(arguments);
    sigaction(SIGHUP, &old, NULL);
    pause_for(0.1);
    kill(child, SIGHUP);
    ck_assert_int_eq(program_wait(child), 0);
}
END_TEST

/* A gnuplot that hangs, and a signal while it does: no folder stays, none of its files, and no gnuplot. */
START_TEST(an_interrupted_plot_leaves_nothing)
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGQUIT, SIGUSR1, SIGALRM,
#ifndef SANITIZED /* which take faults for themselves */
                                  SIGSEGV
#endif
    };
    enum { HEARD = 7 }; /* the first of them ask for an end, and are heard */
    static char path[PATH_MAX + 16];
    struct program run = PROGRAM("run", TINY, "-f", "json", "-o", "profile");
    ck_assert_int_eq(run.status, 0);
    program_free(&run);
    program_script("gnuplot", "#!/bin/sh\nexec /bin/sleep 1000\n");
    snprintf(path, sizeof path, "PATH=%s:/bin", program_folder());
    putenv(path);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        const char *const arguments[] = {"plot", "profile", "-o", i % 2 == 0 ? "out" : ".", "-f", "gradient", NULL};
        pid_t child = program_launch(arguments);
        while (program_files() < 3)
            pause_for(0.005);
        pause_for(moment());
        kill(child, signals[i]);
        ck_assert_int_eq(program_wait(child), i < HEARD ? 130 : -signals[i]);
        ck_assert_msg(program_files() == 2, "signal %d: %d files", signals[i], program_files());
    }
}
END_TEST

/* What kill -9 leaves goes with the next figure that is put there; what another plot is at work in stays, as does what is
 * not ours. */
START_TEST(a_killed_plot_leaves_nothing_to_the_next)
{
    static char path[PATH_MAX + 16], given[PATH_MAX + 16];
    const char *const arguments[] = {"plot", "profile", "-o", ".", "-f", "gradient", NULL};
    struct program run = PROGRAM("run", TINY, "-f", "json", "-o", "profile");
    ck_assert_int_eq(run.status, 0);
    program_free(&run);
    program_script("gnuplot", "#!/bin/sh\nexec /bin/sleep 1000\n");
    snprintf(given, sizeof given, "PATH=%s", getenv("PATH"));
    snprintf(path, sizeof path, "PATH=%s:/bin", program_folder());
    putenv(path);
    int before = program_files(); // the profile and gnuplot
    pid_t child = program_launch(arguments);
    while (program_files() < before + 1)
        pause_for(0.005);
    kill(child, SIGKILL);
    ck_assert_int_eq(program_wait(child), -SIGKILL);
    ck_assert_int_eq(program_files(), before + 1);
    char wide[PATH_MAX + 32];
    snprintf(wide, sizeof wide, "%s/.spanscope-yours0", program_folder()); // mkdtemp makes none that others may enter
    ck_assert_int_eq(mkdir(wide, 0755), 0);
    child = program_launch(arguments);
    pid_t other = program_launch(arguments);
    while (program_files() != before + 3) // theirs and .spanscope-yours0
        pause_for(0.005);
    kill(child, SIGTERM);
    kill(other, SIGTERM);
    program_wait(child);
    program_wait(other);
    ck_assert_int_eq(program_files(), before + 1);
    putenv(given);
    ck_assert_int_eq(rmdir(wide), 0);
}
END_TEST

/* What a script runs in the background has two of the signals ignored, and would pass that on. A program under
 * AddressSanitizer takes faults for its own and ends by itself: here they are signals as others are. */
static void setup(void)
{
    for (int i = 0; i < REQUESTS; i++)
        signal(requests[i], SIG_DFL);
    program_setup(); // which has options of its own
    setenv("ASAN_OPTIONS",
           "detect_leaks=0:handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:handle_abort=0", 1);
}

Suite *interrupt_suite(void)
{
    Suite *suite = suite_create("interrupt");
    TCase *tests = tcase_create("interrupt");
    tcase_set_timeout(tests, 600); // of a hang: a busy machine may take its time
    tcase_add_checked_fixture(tests, setup, program_teardown);
    tcase_add_loop_test(tests, an_interrupted_run_is_valid, 0, REQUESTS);
    tcase_add_test(tests, long_samples_are_not_lost);
    tcase_add_test(tests, a_sample_under_way_is_left);
    tcase_add_test(tests, a_prediction_costs_no_sample);
    tcase_add_test(tests, an_interrupted_map_is_kept);
    tcase_add_test(tests, no_signal_leaves_a_stray_file);
    tcase_add_test(tests, an_interrupted_plot_leaves_nothing);
    tcase_add_test(tests, a_killed_plot_leaves_nothing_to_the_next);
    tcase_add_test(tests, a_pipe_without_a_reader_is_left);
    tcase_add_test(tests, what_was_ignored_stays_ignored);
    suite_add_tcase(suite, tests);
    return suite;
}
