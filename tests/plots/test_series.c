/* The list that curves are kept in. */
#include "plots/series.h"

#include <stdio.h>

#include <check.h>

/* Names are the list's own, and what is behind a series that goes moves up with its points. */
START_TEST(series_are_kept_in_order)
{
    struct series_list list = {0};
    for (int i = 0; i < 4; i++) {
        char name[] = "curve 0";
        name[6] = (char)('0' + i);
        struct series *series = series_append(&list, name, (size_t)i);
        ck_assert_ptr_nonnull(series);
        ck_assert_uint_eq(series->count, 0);
        if (i > 0)
            series->points[series->count++] = (struct series_point){.x = i};
        name[6] = '?';
    }
    series_remove(&list, 1);
    series_remove_last(&list);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_str_eq(list.series[0].name, "curve 0");
    ck_assert_str_eq(list.series[1].name, "curve 2");
    ck_assert_double_eq(list.series[1].points[0].x, 2);
    series_free(&list);
    ck_assert_uint_eq(list.count, 0);
    series_free(&list);
}
END_TEST

START_TEST(lines_for_comparison_are_no_data)
{
    for (int role = 0; role < SERIES_ROLES; role++)
        ck_assert_int_eq(series_is_theory(&(struct series){.role = (enum series_role)role}),
                         role != SERIES_MEASURED && role != SERIES_PREDICTED);
}
END_TEST

Suite *series_suite(void)
{
    Suite *suite = suite_create("series");
    TCase *tests = tcase_create("series");
    tcase_add_test(tests, series_are_kept_in_order);
    tcase_add_test(tests, lines_for_comparison_are_no_data);
    suite_add_tcase(suite, tests);
    return suite;
}
