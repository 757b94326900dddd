/* Texts that options may be given: the numbers that they are, and those that are none. */
#include "cli/value.h"

#include <math.h>
#include <string.h>

#include "sim/linear.h"
#include <check.h>

static struct error error;

static const struct {
    const char *text;
    size_t bytes;
} sizes[] = {
    {"1", 1},      {"1e3", 1000},        {"2k", 2000}, {"512M", 512000000},
    {"0.5k", 500}, {"1.5G", 1500000000}, {"1.9", 1},   {"4T", 4000000000000},
};

START_TEST(sizes_have_units)
{
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ck_assert_int_eq(value_bytes(&bytes, "memory", sizes[i].text, &error), ERROR_NONE);
        ck_assert_uint_eq(bytes, sizes[i].bytes);
    }
    static const char *const none[] = {"",    "k",   "0",   "-1",  "0.9",  "4X",      "4kk",
                                       "4k ", " 4k", "nan", "inf", "1e19", "2000000T"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        bytes = 37;
        ck_assert_msg(value_bytes(&bytes, "memory", none[i], &error) == ERROR_INPUT, "'%s'", none[i]);
        ck_assert_ptr_nonnull(strstr(error.text, "is not a size such as 500M or 4G"));
        ck_assert_uint_eq(bytes, 37); // what was there stays
    }
}
END_TEST

START_TEST(seeds_have_all_64_bits)
{
    uint64_t seed = 0;
    ck_assert_int_eq(value_seed(&seed, "seed", "18446744073709551615", &error), ERROR_NONE);
    ck_assert_uint_eq(seed, UINT64_MAX);
    ck_assert_int_eq(value_seed(&seed, "seed", "007", &error), ERROR_NONE);
    ck_assert_uint_eq(seed, 7);
    static const char *const none[] = {"", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "18446744073709551616"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_msg(value_seed(&seed, "seed", none[i], &error) == ERROR_INPUT, "'%s'", none[i]);
        ck_assert_uint_eq(seed, 7);
    }
}
END_TEST

START_TEST(counts_end_somewhere)
{
    int64_t count = 0;
    int threads = 0, draws = 0;
    ck_assert_int_eq(value_count(&count, "samples", "1000000000000", &error), ERROR_NONE);
    ck_assert_int_eq(count, 1000000000000);
    ck_assert_int_eq(value_threads(&threads, "threads", "1024", &error), ERROR_NONE);
    ck_assert_int_eq(value_draws(&draws, "draws", "1000000", &error), ERROR_NONE);
    ck_assert(threads == 1024 && draws == 1000000);
    ck_assert_int_eq(value_count(&count, "samples", "1000000000001", &error), ERROR_INPUT);
    ck_assert_int_eq(value_threads(&threads, "threads", "1025", &error), ERROR_INPUT);
    ck_assert_int_eq(value_draws(&draws, "draws", "1000001", &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "--draws: 1000001 is not between 1 and 1000000");
    ck_assert_int_eq(value_count(&count, "samples", "0", &error), ERROR_INPUT);
    ck_assert(count == 1000000000000 && threads == 1024 && draws == 1000000);
}
END_TEST

START_TEST(fractions_are_between_their_ends)
{
    static const char *const none[] = {"0", "1", "-0.5", "nan", "inf", "x", "0.5x", ""};
    double fraction = 0, seconds = 0;
    ck_assert_int_eq(value_fraction(&fraction, "error", "0.25", &error), ERROR_NONE);
    ck_assert_int_eq(value_seconds(&seconds, "budget", "37.5", &error), ERROR_NONE);
    ck_assert(fraction == 0.25 && seconds == 37.5);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        ck_assert_msg(value_fraction(&fraction, "error", none[i], &error) == ERROR_INPUT, "'%s'", none[i]);
        ck_assert(fraction == 0.25);
    }
    ck_assert_int_eq(value_seconds(&seconds, "budget", "0", &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "--budget: 0 is not above 0");
}
END_TEST

START_TEST(files_have_names)
{
    const char *path = "before";
    ck_assert_int_eq(value_path(&path, "output", "", &error), ERROR_INPUT);
    ck_assert_int_eq(value_store(&path, "store", "-", &error), ERROR_INPUT); // which would be a stream
    ck_assert_int_eq(value_store(&path, "store", "", &error), ERROR_INPUT);
    ck_assert_int_eq(value_shown(&path, "title", "a\x1b[2J", &error), ERROR_INPUT);
    ck_assert_str_eq(path, "before");
    ck_assert_int_eq(value_store(&path, "store", "./-", &error), ERROR_NONE);
    ck_assert_str_eq(path, "./-");
    ck_assert_int_eq(value_path(&path, "output", "-", &error), ERROR_NONE);
    ck_assert_str_eq(path, "-");
}
END_TEST

/* Every name of the list is taken, by its number, and none else. */
START_TEST(names_are_those_of_the_list)
{
    const struct linear_engine *engine;
    const char *name;
    size_t count = 0;
    for (; (name = value_engine_name(count)); count++) {
        ck_assert_int_eq(value_choose(value_engine_name, "engine", name, &error), (int)count);
        ck_assert_int_eq(value_engine(&engine, "engine", name, &error), ERROR_NONE);
        ck_assert(count == 0 ? !engine : strcmp(engine->name, name) == 0);
    }
    ck_assert_uint_eq(count, linear_engine_count + 1);
    ck_assert_int_eq(value_choose(value_engine_name, "engine", "dnese", &error), -1);
    ck_assert_int_eq(error.code, ERROR_INPUT);
    ck_assert_str_eq(error.text, "unknown engine 'dnese'; did you mean 'dense'?");
}
END_TEST

Suite *value_suite(void)
{
    Suite *suite = suite_create("value");
    TCase *tests = tcase_create("texts");
    tcase_add_test(tests, sizes_have_units);
    tcase_add_test(tests, seeds_have_all_64_bits);
    tcase_add_test(tests, counts_end_somewhere);
    tcase_add_test(tests, fractions_are_between_their_ends);
    tcase_add_test(tests, files_have_names);
    tcase_add_test(tests, names_are_those_of_the_list);
    suite_add_tcase(suite, tests);
    return suite;
}
