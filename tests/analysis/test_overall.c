/* Quantities of the whole stack against closed forms. */
#include <check.h>
#include <math.h>

#include "analysis/overall.h"

/* g_l = a 2^(3 l - 5000), beyond the range of double: ratio 2^(-3 L), slope 3 log 2; least squares of five points sum
 * ten terms of size log g < 4000, each rounded to 2^-53 of it. */
START_TEST(a_geometric_gradient)
{
    enum { L = 4 };
    struct wide column[L + 1];
    struct error error;
    for (int l = 0; l <= L; l++)
        column[l] = (struct wide){1.37, 3 * l - 5000};
    struct wide ratio = overalls[overall_find("gradient_ratio", &error)].evaluate(column, L);
    struct wide slope = overalls[overall_find("gradient_slope", &error)].evaluate(column, L);
    ck_assert(isfinite(ratio.mantissa) && isfinite(slope.mantissa));
    ck_assert_double_eq(wide_value(ratio), ldexp(1, -3 * L));
    ck_assert_double_eq_tol(wide_value(slope), 3 * M_LN2, 10 * 4000 * ldexp(1, -53));
}
END_TEST

/* y = (0, 1, 5) over layers 0, 1, 2: (1 * 5 - 1 * 0)/2. */
START_TEST(a_slope_is_least_squares)
{
    const struct wide column[] = {wide_of(1), wide_of(exp(1)), wide_of(exp(5))};
    struct error error;
    struct wide slope = overalls[overall_find("gradient_slope", &error)].evaluate(column, 2);
    ck_assert_double_eq_tol(slope.mantissa, 2.5, 1e-14);
}
END_TEST

START_TEST(what_is_not_defined_is_absent)
{
    const struct wide zero[] = {wide_of(1), wide_of(0)}, none[] = {wide_of(1), wide_absent()};
    for (int i = 0; i < OVERALLS; i++) {
        ck_assert(!wide_present(overalls[i].evaluate(none, 1)));
        if (overalls[i].observable != OBSERVE_TOKEN_COSINE)
            ck_assert(!wide_present(overalls[i].evaluate(zero, 1)));
    }
}
END_TEST

Suite *overall_suite(void)
{
    Suite *suite = suite_create("overall");
    TCase *tests = tcase_create("overall");
    tcase_add_test(tests, a_geometric_gradient);
    tcase_add_test(tests, a_slope_is_least_squares);
    tcase_add_test(tests, what_is_not_defined_is_absent);
    suite_add_tcase(suite, tests);
    return suite;
}
