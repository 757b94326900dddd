#include <sched.h>
#include <stdatomic.h>
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

enum { ITEMS = 500, THREADS = 4 };

struct deeds {
    atomic_int done[ITEMS];
    atomic_int wrong_thread, busy[THREADS];
    int order[ITEMS], count, last;
};

/* Each thread has one item at a time. */
static bool do_any(struct team *team, uint64_t i, int thread, void *context)
{
    struct deeds *deeds = context;
    (void)team;
    if (thread < 0 || thread >= THREADS || atomic_fetch_add(&deeds->busy[thread], 1) != 0) {
        atomic_fetch_add(&deeds->wrong_thread, 1);
        return false;
    }
    atomic_fetch_add(&deeds->done[i], 1);
    atomic_fetch_sub(&deeds->busy[thread], 1);
    return true;
}

/* Later items are finished sooner; what is done in turn needs no lock. Item `last` is the last that is wanted. */
static bool do_in_turn(struct team *team, uint64_t i, int thread, void *context)
{
    struct deeds *deeds = context;
    (void)thread;
    for (int n = 0; n < (int)(3 - i % 4); n++)
        sched_yield();
    team_await_turn(team, i);
    if (deeds->count > deeds->last)
        return false;
    deeds->order[deeds->count++] = (int)i;
    return (int)i != deeds->last;
}

START_TEST(each_item_is_done_once)
{
    static const int teams[] = {1, 2, THREADS}, counts[] = {0, 1, 3, ITEMS};
    for (size_t t = 0; t < 3; t++)
        for (size_t c = 0; c < 4; c++) {
            struct deeds deeds = {0};
            team_run(teams[t], (uint64_t)counts[c], do_any, &deeds);
            ck_assert_int_eq(deeds.wrong_thread, 0);
            for (int i = 0; i < ITEMS; i++)
                ck_assert_int_eq(deeds.done[i], i < counts[c]);
        }
}
END_TEST

START_TEST(turns_come_in_order)
{
    for (int last = ITEMS; last > 0; last -= 123)
        for (int threads = 1; threads <= THREADS; threads++) {
            struct deeds deeds = {.last = last};
            team_run(threads, ITEMS, do_in_turn, &deeds);
            ck_assert_int_eq(deeds.count, last < ITEMS ? last + 1 : ITEMS);
            for (int i = 0; i < deeds.count; i++)
                ck_assert_int_eq(deeds.order[i], i);
        }
}
END_TEST

/* A process may use what it is bound to. */
START_TEST(processors_are_those_that_may_be_used)
{
    cpu_set_t set;
    size_t first = 0;
    ck_assert_int_ge(team_processors(), 1);
    ck_assert_int_eq(sched_getaffinity(0, sizeof set, &set), 0);
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&set);
    CPU_SET(first, &set);
    ck_assert_int_eq(sched_setaffinity(0, sizeof set, &set), 0);
    ck_assert_int_eq(team_processors(), 1);
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
    struct deeds deeds = {0};
    team_run(THREADS, ITEMS, do_any, &deeds); // what was not checked is done by those that start
    for (int i = 0; i < ITEMS; i++)
        ck_assert_int_eq(deeds.done[i], 1);
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
    tcase_add_test(tests, each_item_is_done_once);
    tcase_add_test(tests, turns_come_in_order);
    tcase_add_test(tests, processors_are_those_that_may_be_used);
#ifndef SANITIZED
    tcase_add_test(tests, threads_that_cannot_start_are_told);
    tcase_add_test(tests, buffers_that_do_not_fit_are_told);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}
