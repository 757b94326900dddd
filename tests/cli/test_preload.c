#include <string.h>
#include <sys/resource.h>

#include "tests/program.h"
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

/* It does what it can or says that it cannot: no hang, which the suite's own limit would end, and no signal. */
START_TEST(tight_address_space_is_told)
{
    struct rlimit before, tight;
    getrlimit(RLIMIT_AS, &before);
    tight = (struct rlimit){(rlim_t)limits[_i] << 20, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &tight), 0);
    struct program list = PROGRAM("list", "inits"), run = PROGRAM("run", "-L", "2", "-d", "12", "-n", "2");
    setrlimit(RLIMIT_AS, &before);
    ck_assert_msg(list.status == 0, "%d: %s", list.status, list.err);
    ck_assert_msg(run.status == 0 || run.status == 3, "%d: %s", run.status, run.err);
    ck_assert_int_eq(run.status == 3, strncmp(run.err, "spanscope run: ", 15) == 0);
    program_free(&list), program_free(&run);
}
END_TEST

Suite *preload_suite(void)
{
    Suite *suite = suite_create("preload");
    TCase *tests = tcase_create("preload");
    tcase_set_timeout(tests, 30);
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_loop_test(tests, tight_address_space_is_told, 0, RUNS_UNDER_A_LIMIT * LIMITS);
    suite_add_tcase(suite, tests);
    return suite;
}
