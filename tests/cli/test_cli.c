/* What commands do, end to end: their answers, what stands in the way of one, and the statuses of both. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"
#include <check.h>

/* A stack that takes no time. */
#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3", "-F", "7", "-e", "dense"

enum { ARGUMENTS = 24 };

START_TEST(gnuplot_may_be_absent)
{
    struct program run = PROGRAM("run", TINY, "--format", "json", "-o", "profile.json");
    ck_assert_int_eq(run.status, 0);
    program_free(&run);
    const char *const arguments[] = {"plot", "--figure", "gradient", "profile.json", NULL};
    program_check_error(program_start(arguments, NULL, "/nonexistent"), 3,
                        "gnuplot was not found; install gnuplot-nox");
    ck_assert_int_eq(program_files(), 1);
}
END_TEST

START_TEST(diagrams_are_text_or_pictures)
{
    struct program program = PROGRAM("diagram", "-p", "x = x + attn(x)");
    ck_assert_str_eq(program.out, "○     x\n├──╮\n│  ●  attn\n├──╯\n●     +\n○     x\n");
    program_free(&program);
    static const struct {
        const char *name, *begin;
    } kinds[] = {{"a.svg", "<?xml"}, {"a.png", "\x89PNG"}, {"a.dot", "digraph"}, {"a.txt", "○"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        program = PROGRAM("diagram", "-p", "postnorm", "-o", kinds[i].name);
        ck_assert_msg(program.status == 0, "%s", program.err);
        program_free(&program);
        char *text = program_read(kinds[i].name);
        ck_assert_msg(strncmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0, "%s", kinds[i].name);
        free(text);
        program_remove(kinds[i].name);
    }
    program = program_start((const char *const[]){"diagram", "-o", "a.svg", NULL}, NULL, "/nonexistent");
    program_check_error(program, 3, "dot was not found; install graphviz");
    ck_assert_int_eq(program_files(), 0);
}
END_TEST

START_TEST(precision_that_is_not_reached_is_open)
{
    struct program open = PROGRAM("run", TINY, "--precision", "0.001", "--samples", "9", "-f", "csv");
    ck_assert_int_eq(open.status, 4);
    ck_assert_ptr_nonnull(strstr(open.err, "the budget of samples is spent"));
    ck_assert_ptr_nonnull(strstr(open.out, ",9\n")); // and its nine samples are there
    program_free(&open);
    struct program reached = PROGRAM("run", TINY, "--precision", "0.9", "-f", "csv");
    ck_assert_int_eq(reached.status, 0);
    program_free(&reached);
}
END_TEST

START_TEST(verdicts_decide_the_status)
{
    struct program good = PROGRAM("verify", "--tier", "smoke", "post-variance");
    ck_assert_msg(good.status == 0, "%s%s", good.out, good.err);
    struct program open = PROGRAM("verify", "--tier", "smoke", "post-vanishing", "-n", "2");
    ck_assert_msg(open.status == 4, "%s%s", open.out, open.err);
    program_free(&good), program_free(&open);
}
END_TEST

/* A setting that nothing reads is refused; without a root the status is 1. */
START_TEST(equations_are_solved)
{
    const char *const model[] = {"-p", "spannorm", "-L", "4"};
    struct program solve = PROGRAM("solve", "c", "gradient_ratio = 0.9", "-f", "json", model[0], model[1], model[2],
                                   model[3]);
    ck_assert_msg(solve.status == 0, "%s", solve.err);
    const char *x = strstr(solve.out, "\"x\":");
    ck_assert_ptr_nonnull(x);
    char c[40];
    snprintf(c, sizeof c, "%.17g", strtod(x + 4, NULL));
    struct program again = PROGRAM("solve", "s", "gradient_ratio = 1", "--c", c, model[0], model[1], model[2],
                                   model[3]);
    ck_assert_int_eq(again.status, 2); // nothing reads s
    ck_assert_ptr_nonnull(strstr(again.err, "spannorm reads it"));
    struct program none = PROGRAM("solve", "c", "gradient_ratio = 1e9", model[0], model[1], model[2], model[3]);
    ck_assert_int_eq(none.status, 1);
    ck_assert_ptr_nonnull(strstr(none.out, "nowhere"));
    program_free(&solve);
    program_free(&again);
    program_free(&none);
}
END_TEST

/* Values that no model allows are points without a value, be it the least, or that of the model without an equation. The
 * usual range of whole numbers has whole ends. */
START_TEST(impossible_points_are_passed_over)
{
    static const struct {
        const char *arguments[ARGUMENTS];
        const char *words;
    } cases[] = {
        {{"solve", "experts", "gradient_ratio = 1.82", "-p", "x = x + moe(norm(x))"}, "without a value at 1 of them"},
        {{"solve", "experts", "gradient_ratio = 1", "-p", "x = x + moe(norm(x))", "-k", "16", "--range", "12:20"},
         "without a value at 4 of them"},
        {{"solve", "heads", "gradient_ratio = 1", "-p", "prenorm", "-d", "25"}, "without a value at "},
        {{"solve", "heads", "gradient_ratio = 1", "--config", "twelve.json"}, "heads from 1 to 96 in "},
    };
    program_write("twelve.json", "{\"model_type\":\"gpt2\",\"n_layer\":2,\"n_embd\":96,\"n_head\":12,\"n_ctx\":4}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program solve = program_start(cases[i].arguments, NULL, NULL);
        ck_assert_msg(strstr(solve.out, cases[i].words), "%s%s", solve.out, solve.err);
        ck_assert_int_le(solve.status, 1);
        program_free(&solve);
    }
    struct program unread = PROGRAM("solve", "experts", "gradient_ratio = 1", "-p", "prenorm");
    program_check_error(unread, 2, "--experts");
}
END_TEST

/* What draws may cost has no part in closed forms, whoever reads them; that is said, but not where stacks are drawn. */
START_TEST(draws_of_nothing_are_told)
{
    static const char *const cases[][ARGUMENTS] = {
        {"predict", "-L", "2", "--width-limit", "--draws", "3"},
        {"predict", "-L", "2", "-T", "4", "--budget", "1"},
        {"map", "-L", "2", "--x", "c=1:2:2", "--y", "input-scale=1:2:2", "--draws", "3"},
        {"solve", "c", "token_cosine = 0.1", "-L", "2", "--range", "0.5:2:2", "--draws", "3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *drawn[ARGUMENTS], *quiet[ARGUMENTS];
        size_t count = 0;
        for (; cases[i][count]; count++)
            drawn[count] = quiet[count] = cases[i][count];
        quiet[count] = "-q", drawn[count] = "--mask=causal", quiet[count + 1] = drawn[count + 1] = NULL;
        struct program told = program_start(cases[i], NULL, NULL), silent = program_start(quiet, NULL, NULL),
                       other = program_start(drawn, NULL, NULL);
        ck_assert_msg(strstr(told.err, i == 1 ? "--budget has no part in it" : "--draws has no part in it"), "%s",
                      told.err);
        ck_assert_str_eq(silent.err, "");
        ck_assert_ptr_null(strstr(other.err, "no part in it"));
        program_free(&told), program_free(&silent), program_free(&other);
    }
}
END_TEST

START_TEST(a_dry_run_runs_nothing)
{
    struct program program = PROGRAM("run", "-L", "1000", "-d", "64", "--dry-run", "-n", "1000000000", "--seed", "3");
    ck_assert_int_eq(program.status, 0);
    /* 12 d^2 parameters a block. */
    ck_assert_msg(strstr(program.out, "4.915e+07 parameters in 1000 blocks") != NULL, "%s", program.out);
    ck_assert_ptr_nonnull(strstr(program.out, "memory"));
    program_free(&program);
}
END_TEST

/* The parameters are those in words; what is timed differs from run to run, its memory does not. */
START_TEST(a_dry_run_is_written_in_every_format)
{
    struct program json = PROGRAM("run", "-L", "10", "-d", "64", "--dry-run", "-n", "7", "-j", "1", "-f", "json"),
                   csv = PROGRAM("run", "-L", "10", "-d", "64", "--dry-run", "-n", "7", "-j", "1", "-f", "csv"),
                   sweep = PROGRAM("train", "-L", "2,3", "--dry-run", "-f", "csv", "-j", "1", "--seeds", "2");
    long bytes = 0;
    ck_assert_ptr_nonnull(strstr(json.out, "\"runs\":1,\"unit\":\"samples\",\"each\":7,\"threads\":1,"));
    ck_assert_ptr_nonnull(strstr(json.out, "\"parameters\":491520.0,")); // 12 d^2 a block
    ck_assert_int_eq(sscanf(strstr(json.out, "\"bytes\":"), "\"bytes\":%ld", &bytes), 1);
    char expected[64];
    snprintf(expected, sizeof expected, ",%ld,", bytes);
    ck_assert_int_eq(strncmp(csv.out, "runs,unit,each,threads,least_seconds,seconds,bytes,thread_bytes,engine,", 71),
                     0);
    ck_assert_ptr_nonnull(strstr(csv.out, "\n1,samples,7,1,"));
    ck_assert_ptr_nonnull(strstr(csv.out, expected));
    ck_assert_ptr_nonnull(strstr(csv.out, ",conditioned,491520,"));
    ck_assert_ptr_nonnull(strstr(sweep.out, "\n4,steps,150,1,"));
    program_free(&json), program_free(&csv), program_free(&sweep);
}
END_TEST

START_TEST(progress_keeps_off_what_is_no_terminal)
{
    struct program program = PROGRAM("run", TINY);
    ck_assert_str_eq(program.err, "");
    ck_assert_ptr_null(strchr(program.out, '\033'));
    program_free(&program);
}
END_TEST

Suite *cli_suite(void)
{
    Suite *suite = suite_create("cli");
    TCase *tests = tcase_create("cli");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, gnuplot_may_be_absent);
    tcase_add_test(tests, diagrams_are_text_or_pictures);
    tcase_add_test(tests, precision_that_is_not_reached_is_open);
    tcase_add_test(tests, verdicts_decide_the_status);
    tcase_add_test(tests, equations_are_solved);
    tcase_add_test(tests, impossible_points_are_passed_over);
    tcase_add_test(tests, draws_of_nothing_are_told);
    tcase_add_test(tests, a_dry_run_runs_nothing);
    tcase_add_test(tests, a_dry_run_is_written_in_every_format);
    tcase_add_test(tests, progress_keeps_off_what_is_no_terminal);
    suite_add_tcase(suite, tests);
    return suite;
}
