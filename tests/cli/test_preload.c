#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <check.h>

/* AddressSanitizer maps terabytes, and runs under no such limit. */
#ifdef SANITIZED
enum { RUNS_UNDER_A_LIMIT = 0 };
#else
enum { RUNS_UNDER_A_LIMIT = 1 };
#endif

/* MB: the libraries alone take 60; a thread's OpenBLAS, which would try for ever below that, 143, two threads 428. */
static const int limits[] = {70, 90, 120, 160, 200, 290, 300};
enum { LIMITS = sizeof limits / sizeof *limits };

/* With what it says on standard error, cut to size. */
static int status_under(int limit, const char *arguments, char *words, size_t size)
{
    char line[256];
    snprintf(line, sizeof line, "ulimit -v %d; exec timeout -s KILL 20 \"$SPANSCOPE\" %s 2>&1 > /dev/null",
             1024 * limit, arguments);
    FILE *errors = popen(line, "re");
    ck_assert_ptr_nonnull(errors);
    words[fread(words, 1, size - 1, errors)] = '\0';
    int status = pclose(errors);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* What works with matrices, in few samples and points. */
static const char *const workers[] = {"run -L 2 -d 12 -n 2",
                                      "run -L 2 -d 12 -n 2 -j 1",
                                      "run -L 2 -d 12 -n 2 --dry-run",
                                      "inspect -L 2 -d 1024 -T 64",
                                      "predict -L 2 -T 4 --mask causal --replicas 4",
                                      "map --x layers=2:4:2 --y eps=1e-6:1e-5:2 --mask causal -T 4",
                                      "solve c --range 0.5:2:3 'gradient_ratio = 1'",
                                      "verify -q --tier smoke span-variance",
                                      "train -L 2 --steps 2",
                                      "tour --lesson collapse --answer c=5"};

/* It does what it can or says that it cannot, and why: no hang, which is killed, no signal, and no limit that nobody
 * has set. */
START_TEST(tight_address_space_is_told)
{
    char words[1024];
    ck_assert_int_eq(status_under(limits[_i], "list inits", words, sizeof words), 0);
    for (size_t i = 0; i < sizeof workers / sizeof *workers; i++) {
        int status = status_under(limits[_i], workers[i], words, sizeof words);
        ck_assert_msg(status == 0 || (status == 3 && strstr(words, "memory") && !strstr(words, "(--memory)")),
                      "%s: status %d, '%s'", workers[i], status, words);
        ck_assert_msg(!strstr(words, "limit") || strstr(words, "ulimit -v"), "%s: '%s'", workers[i], words);
    }
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
