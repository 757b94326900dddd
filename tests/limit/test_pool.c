#include <check.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include "analysis/limit/pool.h"
#include "sim/budget.h"

enum { CACHE_LINE = 64 };

/* What is taken lies on a cache line's boundary and stays as it is until it is released; then the room is had again. */
START_TEST(what_is_released_is_taken_again)
{
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    double *first = pool_take(&pool, 3);
    *first = 1;
    struct pool_mark mark = pool_mark(&pool);
    double *second = pool_take(&pool, 1 << 17); // beyond the first chunk
    ck_assert((uintptr_t)first % CACHE_LINE == 0 && (uintptr_t)second % CACHE_LINE == 0);
    second[0] = second[(1 << 17) - 1] = 2;
    size_t held = pool.bytes;
    pool_release(&pool, mark);
    ck_assert_ptr_eq(pool_take(&pool, 1 << 17), second);
    ck_assert(pool.bytes == held && *first == 1);
    pool_free(&pool);
    ck_assert_uint_eq(pool.bytes, 0);
}
END_TEST

/* An odd number of bytes, where others were. */
START_TEST(zeros_are_zeros)
{
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    struct pool_mark mark = pool_mark(&pool);
    memset(pool_take(&pool, 4), 1, 4 * sizeof(double));
    pool_release(&pool, mark);
    const char *zeros = pool_take_zeros(&pool, 21);
    for (int i = 0; i < 21; i++)
        ck_assert(zeros[i] == 0);
    pool_free(&pool);
}
END_TEST

/* Half as much again as the machine has left: the system may grant it, and would end the process for using it. */
START_TEST(what_is_not_there_is_not_taken)
{
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    size_t doubles = budget_left("", 0) / sizeof(double) / 2 * 3;
    if (setjmp(exhausted) == 0) {
        pool_take(&pool, doubles);
        ck_abort_msg("%zu doubles were granted", doubles);
    }
    ck_assert_uint_eq(pool.bytes, 0);
}
END_TEST

Suite *pool_suite(void);
Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *tests = tcase_create("pools");
    tcase_add_test(tests, what_is_released_is_taken_again);
    tcase_add_test(tests, zeros_are_zeros);
    tcase_add_test(tests, what_is_not_there_is_not_taken);
    suite_add_tcase(suite, tests);
    return suite;
}
