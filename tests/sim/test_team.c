#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sim/team.h"
#include <check.h>

START_TEST(teams_start)
{
    struct error error;
    for (int threads = 0; threads <= 16; threads++)
        ck_assert_int_eq(team_check(threads, &error), ERROR_NONE);
}
END_TEST

/* A sanitizer's shadow needs all of the address space, and its checker of leaks a thread when the process ends. */
#ifndef SANITIZED
static size_t address_space(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    ck_assert(file && fscanf(file, "%llu", &pages) == 1);
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The process is one of its user's already. Root may start any number, so it becomes nobody. */
START_TEST(threads_that_cannot_start_are_told)
{
    struct error error;
    struct rlimit limit = {1, 1};
    ck_assert(geteuid() != 0 || setuid(65534) == 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NPROC, &limit), 0);
    ck_assert_int_eq(team_check(64, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "only 1 of 64 threads can be started: ") != NULL, "%s", error.text);
    ck_assert_int_eq(team_check(1, &error), ERROR_NONE);
}
END_TEST

/* Two threads' buffers alone take 2 x 128 MB; what was granted before the limit stays granted. */
START_TEST(buffers_that_do_not_fit_are_told)
{
    struct error error;
    size_t room = address_space() + (64 << 20);
    struct rlimit limit = {room, room};
    ck_assert_int_eq(team_check(1, &error), ERROR_NONE);
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    ck_assert_int_eq(team_check(2, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "ulimit -v") != NULL, "%s", error.text);
    ck_assert_int_eq(team_check(1, &error), ERROR_NONE);
}
END_TEST
#endif

Suite *team_suite(void)
{
    Suite *suite = suite_create("team");
    TCase *tests = tcase_create("team");
    tcase_add_test(tests, teams_start);
#ifndef SANITIZED
    tcase_add_test(tests, threads_that_cannot_start_are_told);
    tcase_add_test(tests, buffers_that_do_not_fit_are_told);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}
