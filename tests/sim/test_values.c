#include <check.h>
#include <math.h>
#include <string.h>

#include "sim/values.h"

static struct values values;
static const struct values_whole to_hundred = {-100, 100};

static void parse(const char *text, bool whole)
{
    struct error error = {0};
    int code = values_parse(&values, "it", text, whole ? &to_hundred : NULL, &error);
    ck_assert_msg(code == ERROR_NONE, "%s: %s", text, error.text);
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

/* Ends whose ratio or difference no double is. Logarithms of 700 and their multiples err by 1e-13; what is between evenly
 * spaced ends by a rounding of the larger. */
START_TEST(axes_may_span_all_of_double)
{
    static const double powers[] = {-300, -150, 0, 150, 300};
    parse("1e-300:1e300:5:log", false);
    ck_assert_int_eq(values.count, 5);
    ck_assert(values.value[0] == 1e-300 && values.value[4] == 1e300);
    for (int i = 1; i < 4; i++)
        ck_assert_double_le(fabs(log10(values.value[i]) - powers[i]), 1e-12);
    values_free(&values);
    parse("5e-324:1.7e308:3:log", false); // a ratio whose root would be infinite, too
    ck_assert(values.count == 3 && values.value[0] == 5e-324 && values.value[2] == 1.7e308);
    ck_assert_double_le(fabs(2 * log10(values.value[1]) - log10(5e-324) - log10(1.7e308)), 1e-12);
    values_free(&values);
    parse("-1e308:1e308:5", false);
    static const double steps[] = {-1e308, -0.5e308, 0, 0.5e308, 1e308};
    ck_assert_int_eq(values.count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_double_le(fabs(values.value[i] - steps[i]), 1e308 * 0x1p-52);
    ck_assert(values.value[0] == -1e308 && values.value[4] == 1e308);
    values_free(&values);
}
END_TEST

/* Stores know runs by these bits: the last one of pow's (10^(1/4))^i shows another way of writing it down. */
START_TEST(ordinary_axes_keep_their_bits)
{
    parse("1e-3:1.6e-2:5:log", false);
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(values.value[i], 1e-3 * pow(1.6e-2 / 1e-3, i / 4.));
    values_free(&values);
    parse("0.1:0.7:7", false);
    for (int i = 0; i < 6; i++)
        ck_assert_double_le(fabs(values.value[i] - (0.1 + 0.1 * i)), 0x1p-52);
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
        {"1:2.5", "'2.5' is not a whole number", true},
        {"8,99999999999999999999999", "it: 99999999999999999999999 is not between -100 and 100", true},
        {"1:101", "101 is not between", true},
        {"1,1e-400", "the number 1e-400 is too small", false},
        {"1:2:3:4:5:6", "expected FROM:TO", false},
        {"2:1", "2 is not below 1", false},
        {"0:1:3:log", "begins above 0", false},
        {"1:2:1", "points of it: 1 is not between 2 and", false},
        {"nan", "not a finite number", false},
        {"1:inf", "not a finite number", false},
    };
    struct error error = {0};
    ck_assert_int_eq(values_parse(&values, "it", cases[_i].text, cases[_i].whole ? &to_hundred : NULL, &error),
                     ERROR_INPUT);
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
    tcase_add_test(tests, axes_may_span_all_of_double);
    tcase_add_test(tests, ordinary_axes_keep_their_bits);
    tcase_add_test(tests, sameness_is_of_every_number);
    tcase_add_test(tests, whole_numbers_are_named_once);
    tcase_add_loop_test(tests, wrong_texts_are_named, 0, 14);
    suite_add_tcase(suite, tests);
    return suite;
}
