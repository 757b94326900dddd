#include <check.h>
#include <float.h>
#include <math.h>

#include "sim/vanish.h"

/* One entry that is none makes a signal none; a square of 0 then says that it was lost. */
START_TEST(zeros_are_told_from_what_is_lost)
{
    const double zeros[] = {0, -0.0, 0}, tiny[] = {0, 0, 1e-200};
    ck_assert(vanish_is_zero(3, zeros) && !vanish_is_zero(3, tiny));
    ck_assert(vanish_in_range(0, 3, zeros) && !vanish_in_range(0, 3, tiny));
    ck_assert(vanish_in_range(1, 3, tiny) && !vanish_in_range(INFINITY, 3, tiny) && !vanish_in_range(NAN, 3, tiny));
}
END_TEST

START_TEST(factors_have_their_digits_or_are_lost)
{
    ck_assert(!vanish_factor(0) && !vanish_factor(1) && !vanish_factor(-DBL_MIN));
    ck_assert(vanish_factor(DBL_MIN / 2) && vanish_factor(-DBL_TRUE_MIN));
}
END_TEST

START_TEST(what_is_lost_is_infinite)
{
    double signal[] = {0, 0, 3};
    vanish_lose(2, signal);
    ck_assert(isinf(signal[0]) && isinf(signal[1]) && signal[2] == 3);
}
END_TEST

Suite *vanish_suite(void);
Suite *vanish_suite(void)
{
    Suite *suite = suite_create("vanish");
    TCase *tests = tcase_create("range");
    tcase_add_test(tests, zeros_are_told_from_what_is_lost);
    tcase_add_test(tests, factors_have_their_digits_or_are_lost);
    tcase_add_test(tests, what_is_lost_is_infinite);
    suite_add_tcase(suite, tests);
    return suite;
}
