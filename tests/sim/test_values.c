#include <check.h>
#include <math.h>
#include <string.h>

#include "sim/values.h"

static struct values values;

static void parse(const char *text, bool whole)
{
    struct error error = {0};
    ck_assert_msg(values_parse(&values, "it", text, whole, &error) == ERROR_NONE, "%s: %s", text, error.text);
}

static void check_values(int count, const double expected[])
{
    ck_assert_int_eq(values.count, count);
    for (int i = 0; i < count; i++)
        ck_assert_double_le(fabs(values.value[i] - expected[i]), 1e-15 * fabs(expected[i]));
    values_free(&values);
}

START_TEST(lists_keep_their_order)
{
    parse("3e-3", false);
    check_values(1, (double[]){3e-3});
    parse("8,2,-0.5", false);
    check_values(3, (double[]){8, 2, -0.5});
    parse("16,8", true);
    check_values(2, (double[]){16, 8});
}
END_TEST

/* The ends are exact; a power of ten in between errs by a few roundings of pow. */
START_TEST(axes_have_both_ends)
{
    parse("1:3:5", false);
    check_values(5, (double[]){1, 1.5, 2, 2.5, 3});
    parse("1:3:3:lin", false);
    check_values(3, (double[]){1, 2, 3});
    parse("1e-4:1e-2:3:log", false);
    check_values(3, (double[]){1e-4, 1e-3, 1e-2});
    parse("0.1:0.7", false);
    ck_assert_int_eq(values.count, VALUES_COUNT);
    ck_assert_double_eq(values.value[VALUES_COUNT - 1], 0.7);
    values_free(&values);
}
END_TEST

START_TEST(sameness_is_of_every_number)
{
    const struct values list = {2, (double[]){1, 3}};
    ck_assert(values_same(&list, &(struct values){2, (double[]){1, 3}}));
    ck_assert(!values_same(&list, &(struct values){2, (double[]){1, 4}}));
    ck_assert(!values_same(&list, &(struct values){1, (double[]){1}}));
    ck_assert(values_same(&(struct values){0}, &(struct values){0}) && !values_same(&list, &(struct values){0}));
}
END_TEST

START_TEST(whole_numbers_are_named_once)
{
    parse("1:4:20", true);
    check_values(4, (double[]){1, 2, 3, 4});
    parse("2:32:5:log", true);
    check_values(5, (double[]){2, 4, 8, 16, 32});
}
END_TEST

START_TEST(wrong_texts_are_named)
{
    static const struct {
        const char *text, *words;
        bool whole;
    } cases[] = {
        {"", "'' is not a finite number", false},
        {"1,,2", "'' is not a finite number", false},
        {"1,x", "'x' is not", false},
        {"1.5", "not a whole number", true},
        {"1:2:3:4:5:6", "expected a number, a list or FROM:TO", false},
        {"2:1", "2 is not below 1", false},
        {"0:1:3:log", "begins above 0", false},
        {"1:2:1", "points of it: 1 is not between 2 and", false},
        {"nan", "not a finite number", false},
        {"1:inf", "not a finite number", false},
    };
    struct error error = {0};
    ck_assert_int_eq(values_parse(&values, "it", cases[_i].text, cases[_i].whole, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, cases[_i].words) != NULL, "%s", error.text);
    ck_assert_ptr_null(values.value);
}
END_TEST

Suite *values_suite(void)
{
    Suite *suite = suite_create("values");
    TCase *tests = tcase_create("texts");
    tcase_add_test(tests, lists_keep_their_order);
    tcase_add_test(tests, axes_have_both_ends);
    tcase_add_test(tests, sameness_is_of_every_number);
    tcase_add_test(tests, whole_numbers_are_named_once);
    tcase_add_loop_test(tests, wrong_texts_are_named, 0, 10);
    suite_add_tcase(suite, tests);
    return suite;
}
