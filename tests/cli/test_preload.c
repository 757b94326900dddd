#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <check.h>

/* AddressSanitizer maps terabytes, and runs under no such limit. */
#if defined(__SANITIZE_ADDRESS__)
enum { RUNS_UNDER_A_LIMIT = 0 };
#else
enum { RUNS_UNDER_A_LIMIT = 1 };
#endif

/* MB: the libraries alone take 60; two threads of OpenBLAS, which would try for ever below that, 200. */
static const int limits[] = {70, 90, 120, 160, 200, 300};
enum { LIMITS = sizeof limits / sizeof *limits };

static int status_under(int limit, const char *arguments)
{
    char line[256];
    snprintf(line, sizeof line, "ulimit -v %d; exec timeout -s KILL 20 \"$SPANSCOPE\" %s > /dev/null 2>&1",
             1024 * limit, arguments);
    int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* It does what it can or says that it cannot: no hang, which is killed, and no signal. */
START_TEST(tight_address_space_is_told)
{
    ck_assert_int_eq(status_under(limits[_i], "list inits"), 0);
    int status = status_under(limits[_i], "run -L 2 -d 12 -n 2");
    ck_assert_msg(status == 0 || status == 3, "%d", status);
}
END_TEST

Suite *preload_suite(void)
{
    Suite *suite = suite_create("preload");
    TCase *tests = tcase_create("preload");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, tight_address_space_is_told, 0, RUNS_UNDER_A_LIMIT * LIMITS);
    suite_add_tcase(suite, tests);
    return suite;
}
