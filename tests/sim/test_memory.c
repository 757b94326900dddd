#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/memory.h"
#include "sim/wide.h"
#include <check.h>

START_TEST(sizes_stick_at_the_top)
{
    ck_assert_uint_eq(memory_multiply(37, 41), 1517);
    ck_assert_uint_eq(memory_multiply(0, SIZE_MAX), 0);
    ck_assert_uint_eq(memory_multiply((size_t)1 << 32, (size_t)1 << 31), (size_t)1 << 63);
    ck_assert_uint_eq(memory_multiply((size_t)1 << 32, (size_t)1 << 32), SIZE_MAX);
    ck_assert_uint_eq(memory_multiply(SIZE_MAX, 2), SIZE_MAX);
    ck_assert_uint_eq(memory_add(37, 41), 78);
    ck_assert_uint_eq(memory_add(SIZE_MAX - 5, 5), SIZE_MAX);
    ck_assert_uint_eq(memory_add(SIZE_MAX - 5, 6), SIZE_MAX);
    ck_assert_uint_eq(memory_add(SIZE_MAX, SIZE_MAX), SIZE_MAX);
    ck_assert_uint_eq(arena_cost(SIZE_MAX), SIZE_MAX);
    ck_assert_ptr_null(memory_doubles(SIZE_MAX));
    ck_assert_ptr_null(memory_doubles(SIZE_MAX / sizeof(double)));
}
END_TEST

/* Pieces are on cache lines, do not overlap, and use up what arena_cost says. */
START_TEST(arenas_hand_out_pieces)
{
    static const size_t counts[] = {1, 8, 0, 75, 9, 16};
    enum { PIECES = sizeof counts / sizeof *counts };
    size_t total = 0;
    for (int i = 0; i < PIECES; i++)
        total += arena_cost(counts[i]);
    ck_assert_uint_eq(total, 8 + 8 + 0 + 80 + 16 + 16);
    struct arena arena = {memory_doubles(total), total, 0};
    ck_assert_ptr_nonnull(arena.base);
    double *pieces[PIECES];
    for (int i = 0; i < PIECES; i++) {
        pieces[i] = arena_take(&arena, counts[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % 64, 0);
        for (size_t j = 0; j < counts[i]; j++)
            pieces[i][j] = i;
    }
    ck_assert_uint_eq(arena.used, total);
    for (int i = 0; i < PIECES; i++)
        for (size_t j = 0; j < counts[i]; j++)
            ck_assert_double_eq(pieces[i][j], i);
    free(arena.base);
}
END_TEST

START_TEST(sizes_in_words)
{
    static const struct {
        size_t bytes;
        const char *words;
    } cases[] = {
        {0, "0 B"},           {1, "1 B"},       {999, "999 B"},     {137, "137 B"},       {1370, "1.37 kB"},
        {999400, "999 kB"},   {999600, "1 MB"}, {500000, "500 kB"}, {1908000, "1.91 MB"}, {(size_t)137e8, "13.7 GB"},
        {SIZE_MAX, "18.4 EB"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char words[MEMORY_WORDS];
        ck_assert_str_eq(memory_words(cases[i].bytes, words), cases[i].words);
    }
    char words[MEMORY_WORDS];
    ck_assert_str_eq(memory_enough(67501, words), "67.6 kB");
    ck_assert_str_eq(memory_enough(67500, words), "67.5 kB");
    ck_assert_str_eq(memory_enough(1001000, words), "1.01 MB");
}
END_TEST

START_TEST(wide_values)
{
    struct wide tiny = {1.37, -5000}, large = {1.37, 5000}, one = wide_of(-1.37);
    ck_assert_double_eq(wide_value(one), -1.37);
    ck_assert_double_eq(wide_value((struct wide){1.37, 10}), 1.37 * 1024);
    ck_assert_double_eq(wide_value(tiny), 0);
    ck_assert(isinf(wide_value(large)));
    /* log is good to an ulp of 3466, 5e-13. */
    ck_assert_double_eq_tol(wide_log(tiny), log(1.37) - 5000 * log(2), 1e-12);
    ck_assert_double_eq_tol(wide_log(large) + wide_log(tiny), 2 * log(1.37), 1e-12);
    ck_assert(wide_log(wide_of(0)) == -INFINITY);
    ck_assert(isnan(wide_log(one)));
    ck_assert(wide_present(one) && wide_present(tiny) && wide_present(wide_of(0)));
    ck_assert(!wide_present(wide_absent()));
}
END_TEST

Suite *memory_suite(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("memory");
    tcase_add_test(tests, sizes_stick_at_the_top);
    tcase_add_test(tests, arenas_hand_out_pieces);
    tcase_add_test(tests, sizes_in_words);
    tcase_add_test(tests, wide_values);
    suite_add_tcase(suite, tests);
    return suite;
}
