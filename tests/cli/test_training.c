/* spanscope train, as a user runs it. */
#include <check.h>
#include <jansson.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/program.h"

#define MODEL "--layers=3,2", "--width=12", "--heads=3", "--tokens=7", "--batch=3", "--lr=1e-3,4e-3"

static void check_clean(const struct program *program)
{
    ck_assert_msg(program->status == 0, "%d: %s", program->status, program->err);
    ck_assert_str_eq(program->err, "");
}

START_TEST(threads_leave_no_trace)
{
    struct program one = PROGRAM("train", MODEL, "--steps=9", "--seeds=2", "--measure=0,9", "-f", "json", "-j", "1");
    struct program three = PROGRAM("train", MODEL, "--steps=9", "--seeds=2", "--measure=0,9", "-f", "json", "-j", "3");
    check_clean(&one);
    check_clean(&three);
    ck_assert_str_eq(one.out, three.out);
    program_free(&one);
    program_free(&three);
}
END_TEST

static void wait_for(const char *name)
{
    for (int i = 0; i < 4000; i++) {
        char *text = program_read(name);
        free(text);
        if (text)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    ck_abort_msg("%s never came", name);
}

#define LONG "train", MODEL, "--steps=400", "--seeds=2", "--measure=0,30,400", "-f", "json", "-j", "2", "-o", "out.json"

/* Killed twice on the way, at whatever step that is: the third process ends with the bytes of one that was not. */
START_TEST(killed_runs_go_on_with_the_same_bits)
{
    struct program whole = PROGRAM(LONG);
    check_clean(&whole);
    char *expected = program_read("out.json");
    ck_assert_ptr_nonnull(expected);
    static const char *const arguments[] = {LONG, "--checkpoint", "runs", "--checkpoint-every", "0", NULL};
    for (int i = 0; i < 2; i++) {
        pid_t child = program_launch(arguments);
        wait_for("runs");
        nanosleep(&(struct timespec){.tv_nsec = 60000000L * (i + 1)}, NULL);
        kill(child, SIGKILL);
        ck_assert_int_eq(program_wait(child), -SIGKILL);
    }
    struct program last = PROGRAM(LONG, "--checkpoint", "runs");
    check_clean(&last);
    char *found = program_read("out.json");
    ck_assert_str_eq(found, expected);
    free(found);
    struct program other = PROGRAM("train", "--steps=3", "--checkpoint", "runs");
    ck_assert_int_eq(other.status, 2);
    ck_assert_ptr_nonnull(strstr(other.err, "other runs"));
    free(expected);
    program_free(&whole);
    program_free(&last);
    program_free(&other);
}
END_TEST

START_TEST(interrupted_runs_are_written)
{
    static const char *const arguments[] = {"train", "--layers=2", "--steps=1000000", "-f",   "json",
                                            "-o",    "out.json",   "--checkpoint",    "runs", "--checkpoint-every",
                                            "0.05",  NULL};
    pid_t child = program_launch(arguments);
    wait_for("runs");
    kill(child, SIGTERM);
    ck_assert_int_eq(program_wait(child), 130);
    char *text = program_read("out.json");
    ck_assert_ptr_nonnull(text);
    json_t *run = json_loads(text, 0, NULL);
    ck_assert_ptr_nonnull(run);
    ck_assert(json_is_false(json_object_get(run, "finished")));
    ck_assert(json_is_null(json_object_get(run, "score")));
    ck_assert_uint_ge(json_array_size(json_object_get(run, "loss")), 1);
    json_decref(run);
    free(text);
}
END_TEST

/* Placements, then settings in the order of the options, then rates, then seeds; the last varies fastest. */
START_TEST(settings_make_their_product)
{
    struct program program = PROGRAM("train", "-p", "prenorm", "-p", "postnorm", "--width=6,12", "--layers=2:1,3",
                                     "--lr", "1,2");
    ck_assert_int_eq(program.status, 2);
    program_free(&program);
    program = PROGRAM("train", "-p", "prenorm", "-p", "postnorm", "--width=6,12", "--layers=1:3:3", "--lr=1e-4,1e-3",
                      "--seeds=2", "--steps=1", "-T", "3", "-B", "1", "-f", "json");
    check_clean(&program);
    const char *text = program.out;
    for (int i = 0; i < 48; i++) {
        json_error_t place;
        json_t *run = json_loads(text, JSON_DISABLE_EOF_CHECK, &place);
        ck_assert_ptr_nonnull(run);
        const json_t *config = json_object_get(run, "config"), *training = json_object_get(run, "training");
        ck_assert_str_eq(json_string_value(json_object_get(config, "placement")), i < 24 ? "prenorm" : "postnorm");
        ck_assert_int_eq(json_integer_value(json_object_get(config, "width")), i / 12 % 2 ? 12 : 6);
        ck_assert_int_eq(json_integer_value(json_object_get(config, "layers")), 1 + i / 4 % 3);
        ck_assert_double_eq(json_real_value(json_object_get(training, "lr")), i / 2 % 2 ? 1e-3 : 1e-4);
        ck_assert_int_eq(json_integer_value(json_object_get(training, "seed")), 1 + i % 2);
        text += place.position;
        json_decref(run);
    }
    ck_assert_str_eq(text, "\n");
    program_free(&program);
}
END_TEST

/* Every key that other programs read, and what it holds. */
START_TEST(json_is_whole)
{
    struct program program = PROGRAM("train", "-p", "postnorm", "--layers=1", "--steps=20", "--lr=1e-3", "-s",
                                     "18446744073709551615", "-f", "json");
    check_clean(&program);
    json_t *run = json_loads(program.out, 0, NULL), *training = json_object_get(run, "training");
    ck_assert_str_eq(json_string_value(json_object_get(run, "schema")), "spanscope/training/1");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(run, "config"), "placement")), "postnorm");
    ck_assert_str_eq(json_string_value(json_object_get(training, "task")), "icl:4:0.1");
    ck_assert_str_eq(json_string_value(json_object_get(training, "seed")), "18446744073709551615");
    ck_assert_int_eq(json_integer_value(json_object_get(training, "steps")), 20);
    double excess = 0, room = 0;
    for (size_t i = 18; i < 20; i++) {
        double loss = json_real_value(json_array_get(json_object_get(run, "loss"), i));
        double bayes = json_real_value(json_array_get(json_object_get(run, "bayes"), i));
        excess += loss - bayes;
        room += log(4) - bayes;
    }
    double score = json_real_value(json_object_get(run, "score"));
    ck_assert(isfinite(score));
    ck_assert_double_le(fabs(score - excess / room), 1e-12);
    ck_assert(json_is_null(json_object_get(run, "collapsed")));
    ck_assert(json_is_null(json_object_get(run, "diverged")));
    json_decref(run);
    program_free(&program);
}
END_TEST

/* A run that blows up ends with its step, null where a number is not finite, and status 0. */
START_TEST(divergence_has_a_name)
{
    struct program program = PROGRAM("train", "-p", "x=x+ffn(x)", "--optimiser", "sgd", "--lr", "1e200", "--steps=30",
                                     "--layers=2", "-f", "json");
    check_clean(&program);
    json_t *run = json_loads(program.out, 0, NULL);
    ck_assert_ptr_nonnull(run);
    json_int_t step = json_integer_value(json_object_get(run, "diverged"));
    ck_assert_int_ge(step, 1);
    ck_assert(json_is_null(json_object_get(run, "score")));
    ck_assert(json_is_null(json_array_get(json_object_get(run, "gradient_norm"), (size_t)step)));
    json_decref(run);
    program_free(&program);
}
END_TEST

START_TEST(wrong_options_are_named)
{
    static const struct {
        const char *option, *words;
    } cases[] = {
        {"--task=icll:4:1", "did you mean 'icl'"},
        {"--optimiser=adm", "did you mean 'adam'"},
        {"--lr=1e-3:x", "'x' is not a finite number"},
        {"--lr=-1", "below 0"},
        {"--lr=1e-3,,", "not a finite number"},
        {"--beta1=1", "from 0 to below 1"},
        {"--momentum=0.5", "says nothing to the optimiser adam"},
        {"--base-width=8", "says nothing to the standard"},
        {"--mask=none", "--mask causal"},
        {"--layers=4:2", "4 is not below 2"},
        {"--layers=2.5", "not a whole number"},
        {"--warmup=151", "151 steps are more than all 150"},
        {"--measure=0,200", "--format json"},
        {"--measure=5,5", "ascend"},
        {"--input-correlation=0.5", "embeddings"},
        {"--tokens=1", "at least 2"},
        {"--memory=1k", "--memory"},
    };
    struct program program = PROGRAM("train", cases[_i].option);
    ck_assert_int_eq(program.status, _i == 16 ? 3 : 2);
    ck_assert_msg(strstr(program.err, cases[_i].words) != NULL, "%s", program.err);
    ck_assert_str_eq(program.out, "");
    program_free(&program);
}
END_TEST

Suite *training_suite(void)
{
    Suite *suite = suite_create("training");
    TCase *tests = tcase_create("command");
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, threads_leave_no_trace);
    tcase_add_test(tests, killed_runs_go_on_with_the_same_bits);
    tcase_add_test(tests, interrupted_runs_are_written);
    tcase_add_test(tests, settings_make_their_product);
    tcase_add_test(tests, json_is_whole);
    tcase_add_test(tests, divergence_has_a_name);
    tcase_add_loop_test(tests, wrong_options_are_named, 0, 17);
    suite_add_tcase(suite, tests);
    return suite;
}
