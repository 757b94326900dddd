#include <check.h>
#include <stdlib.h>

#include "sim/join.h"
#include "tests/support.h"

enum { ROWS = 3 };

static const struct join joins[] = {{1, 1, 4, 3}, {6, 1, 2, 5}, {6, 3, 2, 5}, {4, 4, 3, 1}};

/* A column of the first signal in every group that is given it, then one of the second's own. */
START_TEST(columns_stand_where_they_belong)
{
    const struct join *join = &joins[_i];
    int parts = join->groups / join->repeat, width = join->first + join->second;
    size_t count[] = {(size_t)(ROWS * parts * join->first), (size_t)(ROWS * join->groups * join->second),
                      (size_t)(ROWS * join->groups * width)};
    double *a = support_normals(1, count[0]), *b = support_normals(2, count[1]), *y = support_poison(count[2]);
    join_forward(join, ROWS, a, b, y);
    for (int row = 0; row < ROWS; row++)
        for (int g = 0; g < join->groups; g++)
            for (int i = 0; i < width; i++) {
                double own = i < join->first ? a[(row * parts + g / join->repeat) * join->first + i]
                                             : b[(row * join->groups + g) * join->second + i - join->first];
                ck_assert(y[(row * join->groups + g) * width + i] == own);
            }
    free(a), free(b), free(y);
}
END_TEST

/* <dy, J (a, b)> = <da, a> + <db, b>, a sum of at most 150 products. */
START_TEST(backward_is_the_transpose)
{
    const struct join *join = &joins[_i];
    size_t count[] = {(size_t)(ROWS * join->groups / join->repeat * join->first),
                      (size_t)(ROWS * join->groups * join->second)};
    size_t all = (size_t)(ROWS * join->groups * (join->first + join->second));
    double *a = support_normals(1, count[0]), *b = support_normals(2, count[1]), *dy = support_normals(3, all);
    double *y = support_poison(all), *da = support_poison(count[0]), *db = support_poison(count[1]);
    join_forward(join, ROWS, a, b, y);
    join_backward(join, ROWS, dy, da, db);
    double there = support_dot(all, dy, y), back = support_dot(count[0], da, a) + support_dot(count[1], db, b);
    ck_assert_double_eq_tol(there, back, 1e-12);
    free(a), free(b), free(dy), free(y), free(da), free(db);
}
END_TEST

Suite *join_suite(void)
{
    Suite *suite = suite_create("join");
    TCase *tests = tcase_create("join");
    tcase_add_loop_test(tests, columns_stand_where_they_belong, 0, sizeof joins / sizeof *joins);
    tcase_add_loop_test(tests, backward_is_the_transpose, 0, sizeof joins / sizeof *joins);
    suite_add_tcase(suite, tests);
    return suite;
}
