#include "cli/forecast.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/printed.h"
#include "tests/program.h"

#define SHAPE "-d", "12", "-H", "3", "-T", "3", "-F", "7"
#define TINY  "-L", "3", SHAPE

/* The points of all maps, none of which is predicted. */
START_TEST(a_dry_run_counts_points)
{
    struct program dry = PROGRAM("map", "-p", "prenorm", "-L", "2", "-d", "128", "-H", "2", "--budget", "0.02", "--x",
                                 "tokens=6:9:2", "--y", "c=0.3:3:3:log", "--activation", "relu,gelu", "--at-width",
                                 "--dry-run", "-j", "2");
    ck_assert_msg(dry.status == 0, "%s", dry.err);
    ck_assert_ptr_nonnull(strstr(dry.out, "12 models to predict: about "));
    ck_assert_ptr_nonnull(strstr(dry.out, " s in 2 threads"));
    ck_assert_ptr_null(strstr(dry.out, "estimated")); // of all of them
    ck_assert_ptr_nonnull(strstr(dry.out, "\n  memory "));
    ck_assert_ptr_null(strstr(dry.out, "schema"));
    program_free(&dry);
}
END_TEST

/* What is estimated from some is said to be, what draws nothing too, and one is no plural. */
START_TEST(dry_runs_say_what_they_are)
{
    struct program closed = PROGRAM("predict", TINY, "--width-limit", "--dry-run", "-j", "2"),
                   many = PROGRAM("map", SHAPE, "--x", "layers=1:5", "--y", "c=1:2:4", "--dry-run", "-j", "1"),
                   drawn = PROGRAM("predict", TINY, "--mask", "causal", "--dry-run", "-j", "1"),
                   run = PROGRAM("run", TINY, "--dry-run", "-j", "1", "-n", "1");
    ck_assert_int_eq(strncmp(closed.out, "1 model to predict in closed form: about ", 41), 0);
    ck_assert_ptr_nonnull(strstr(closed.out, " s in 1 thread\n"));
    ck_assert_int_eq(strncmp(many.out, "20 models to predict in closed form: about ", 43), 0);
    ck_assert_ptr_nonnull(strstr(many.out, " s in 1 thread; estimated from 16 of them\n"));
    ck_assert_int_eq(strncmp(drawn.out, "1 model to predict: about ", 26), 0);
    ck_assert_ptr_nonnull(strstr(drawn.out, " s in 1 thread, by when the error that is asked for is met\n"));
    ck_assert_msg(strstr(run.out, " in each of 1 thread, and the observables; beside the program's own"), "%s",
                  run.out);
    ck_assert_ptr_nonnull(strstr(run.out, "in all    1 sample, about "));
    program_free(&closed), program_free(&many), program_free(&drawn), program_free(&run);
}
END_TEST

/* Both the time of its samples and more, and the memory of what has more. */
START_TEST(a_run_counts_its_prediction)
{
#define LONGER "-p", "prenorm", "-L", "1", "-d", "32", "-H", "2", "-T", "150", "--mask", "causal", "-j", "1"
    struct program run = PROGRAM("run", LONGER, "-n", "2", "--predict", "--dry-run", "-f", "json"),
                   samples = PROGRAM("run", LONGER, "-n", "2", "--dry-run", "-f", "json"),
                   predict = PROGRAM("predict", LONGER, "--replicas", "8", "--dry-run", "-f", "json"),
                   words = PROGRAM("run", LONGER, "-n", "2", "--predict", "--dry-run");
    json_t *both = printed_line(run.out, 0), *one = printed_line(samples.out, 0), *other = printed_line(predict.out, 0);
    ck_assert_str_eq(printed_text(other, "schema"), "spanscope/cost/1");
    ck_assert_str_eq(printed_text(other, "unit"), "predictions");
    ck_assert_double_gt(printed_number(other, "least_seconds"), 0);
    ck_assert_double_le(printed_number(other, "least_seconds"), printed_number(other, "seconds"));
    ck_assert_double_eq(printed_number(one, "seconds"), 2 * printed_number(one, "sample_seconds"));
    ck_assert_double_gt(printed_number(both, "least_seconds"), 2 * printed_number(both, "sample_seconds"));
    ck_assert_double_ge(printed_number(both, "seconds"), printed_number(both, "least_seconds"));
    ck_assert_double_gt(printed_number(other, "bytes"), printed_number(one, "bytes"));
    ck_assert_double_eq(printed_number(both, "bytes"), printed_number(other, "bytes"));
    ck_assert_msg(strstr(words.out, "\n  predicted about "), "%s", words.out);
    json_decref(both), json_decref(one), json_decref(other);
    program_free(&run), program_free(&samples), program_free(&predict), program_free(&words);
}
END_TEST

Suite *forecast_suite(void);
Suite *forecast_suite(void)
{
    Suite *suite = suite_create("forecast");
    TCase *tests = tcase_create("forecast");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, a_dry_run_counts_points);
    tcase_add_test(tests, dry_runs_say_what_they_are);
    tcase_add_test(tests, a_run_counts_its_prediction);
    suite_add_tcase(suite, tests);
    return suite;
}
