/* All suites, each by whichever process is free: as many as there are cores, or $CHECK_JOBS. Tests are processes of their
 * own in any case, so that a suite knows nothing of the others. */
#include <gsl/gsl_errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

/* build/suites.h has a row SUITE(name) for every tests/?/test_name.c. */
#define SUITE(name) Suite *name##_suite(void);
#include "suites.h"
#undef SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(name) {#name, name##_suite},
#include "suites.h"
#undef SUITE
};

/* Check writes where a test stands at every assertion that holds, which is to say where it was when it crashed. The linker
 * leads these calls here: once a millisecond says as much, and a loop may assert a million times. */
void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line)
{
    static int64_t last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t millisecond = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (millisecond != last)
        __real__mark_point(file, line);
    last = millisecond;
}

/* Shared by the processes. */
struct tally {
    atomic_int next; // the first suite that nobody has taken
    atomic_int checks, failures, errors;
};

/* What suites that failed have to say: at the end, where it is read, and not among all the others. */
static FILE *failed_suites;

static void add_failed(SRunner *runner, struct tally *tally)
{
    TestResult **failed = srunner_failures(runner);
    for (int i = 0; i < srunner_ntests_failed(runner); i++)
        atomic_fetch_add(tr_rtype(failed[i]) == CK_ERROR ? &tally->errors : &tally->failures, 1);
    free(failed);
}

/* Check prints to the standard output only. */
static void print_failed(SRunner *runner, const char *name)
{
    fflush(stdout);
    int output = dup(STDOUT_FILENO);
    dup2(fileno(failed_suites), STDOUT_FILENO);
    printf("%s: ", name);
    srunner_print(runner, CK_NORMAL);
    fflush(stdout);
    dup2(output, STDOUT_FILENO);
    close(output);
}

/* What a suite has to say is one write, whatever the others say meanwhile. */
static void run_suite(Suite *suite, const char *name, struct tally *tally)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_SILENT);
    atomic_fetch_add(&tally->checks, srunner_ntests_run(runner));
    add_failed(runner, tally);
    if (srunner_ntests_failed(runner)) {
        print_failed(runner, name);
    } else if (srunner_ntests_run(runner)) { // all of them may be slow
        printf("%s: ", name);
        srunner_print(runner, CK_NORMAL);
        fflush(stdout);
    }
    srunner_free(runner);
}

static void run_suites(struct tally *tally)
{
    const char *only = getenv("CK_RUN_SUITE");
    for (size_t i; (i = (size_t)atomic_fetch_add(&tally->next, 1)) < sizeof suites / sizeof *suites;)
        if (!only || strcmp(only, suites[i].name) == 0)
            run_suite(suites[i].make(), suites[i].name, tally);
}

static int job_count(void)
{
    const char *jobs = getenv("CHECK_JOBS");
    long count = jobs ? atol(jobs) : sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > 64 ? 64 : (int)count;
}

/* Returns false where a process did not come to its end. */
static bool run_jobs(struct tally *tally)
{
    bool ended = true;
    int jobs = job_count();
    for (int j = 0; j < jobs; j++) {
        pid_t child = fork();
        if (child == 0) {
            run_suites(tally);
            exit(EXIT_SUCCESS);
        }
        ended = ended && child > 0;
    }
    for (int status; wait(&status) > 0;)
        ended = ended && status == 0;
    return ended;
}

static void copy_failed(void)
{
    rewind(failed_suites);
    for (int c; (c = getc(failed_suites)) != EOF;)
        putchar(c);
}

int main(void)
{
    gsl_set_error_handler_off(); /* as the program does */
    /* Check ends a test after 4 seconds by itself, which a busy machine or a sanitizer may need. */
    setenv("CK_DEFAULT_TIMEOUT", "120", 0);
    static char buffer[1 << 20];
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    struct tally *tally = mmap(NULL, sizeof *tally, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    failed_suites = tmpfile();
    bool ended = tally != MAP_FAILED && failed_suites && run_jobs(tally);
    if (failed_suites)
        copy_failed();
    if (!ended) {
        fprintf(stderr, "the tests did not come to their end\n");
        return EXIT_FAILURE;
    }
    int checks = tally->checks, failed = tally->failures + tally->errors;
    printf("%d%%: Checks: %d, Failures: %d, Errors: %d\n", checks ? 100 * (checks - failed) / checks : 0, checks,
           tally->failures, tally->errors);
    return checks && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
