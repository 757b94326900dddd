#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "sim/invariant.h"
#include "sim/memory.h"

enum { HANDLED = 37 };

/* The test's process ends as the handler says only if it was told where and what. */
static void handle(const char *file, int line, const char *condition)
{
    if (strstr(file, "test_invariant.c") && line > 0 && strcmp(condition, "1 + 1 == 3") == 0)
        exit(HANDLED);
}

START_TEST(handler_is_told)
{
    invariant_handle(handle);
    invariant(1 + 1 == 2);
    invariant(1 + 1 == 3);
}
END_TEST

START_TEST(failure_does_not_go_on)
{
    invariant(1 + 1 == 3);
}
END_TEST

static void ignore(const char *file, int line, const char *condition)
{
    (void)file, (void)line, (void)condition;
}

START_TEST(handler_cannot_go_on)
{
    invariant_handle(ignore);
    invariant(1 + 1 == 3);
}
END_TEST

START_TEST(arena_does_not_run_over)
{
    double doubles[16];
    struct arena arena = {doubles, 16, 0};
    arena_take(&arena, 16);
    arena_take(&arena, 1);
}
END_TEST

Suite *invariant_suite(void)
{
    Suite *suite = suite_create("invariant");
    TCase *tests = tcase_create("invariant");
    tcase_add_exit_test(tests, handler_is_told, HANDLED);
    tcase_add_test_raise_signal(tests, failure_does_not_go_on, SIGABRT);
    tcase_add_test_raise_signal(tests, handler_cannot_go_on, SIGABRT);
    tcase_add_test_raise_signal(tests, arena_does_not_run_over, SIGABRT);
    suite_add_tcase(suite, tests);
    return suite;
}
