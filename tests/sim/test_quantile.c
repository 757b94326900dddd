/* Quantiles at any freedom: against values of 30 digits, and against the distributions themselves. */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "sim/quantile.h"
#include <check.h>

static void close_to(double value, double expected, double tolerance)
{
    ck_assert_msg(isfinite(value) && fabs(value - expected) <= tolerance * fabs(expected), "%.17g, not %.17g", value,
                  expected);
}

/* 2.5 % and 97.5 % points from the series of the incomplete gamma function in 30 digits. GSL's inverse converges to
 * 1e-10 or so; the expansion's error at 4999 degrees is below 1e-13. */
START_TEST(chi_square_has_the_known_values)
{
    static const struct {
        double freedom, low, high;
    } known[] = {
        {9, 2.70038949998035792, 19.0227677986416352},     {4999, 4804.92433215905659, 5196.86417060518551},
        {5001, 4806.88513152560371, 5198.90337128223458},  {65535, 64827.3188572952818, 66246.4697461524935},
        {99999, 99124.3776832786741, 100877.410923034195},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        double tolerance = known[i].freedom > 300 ? 1e-13 : 1e-9;
        close_to(quantile_chi_square(0.025, known[i].freedom), known[i].low, tolerance);
        close_to(quantile_chi_square(0.975, known[i].freedom), known[i].high, tolerance);
    }
}
END_TEST

/* It exists and rises in freedom and p everywhere, across the seam too; from 1e6 degrees on it is the normal's, whose
 * next term is (z^2 - 1) 2/3. */
START_TEST(chi_square_exists_at_any_freedom)
{
    double last = 0;
    for (double freedom = 1; freedom < 1e15; freedom = fmax(freedom + 1, floor(1.003 * freedom))) {
        double low = quantile_chi_square(0.025, freedom), high = quantile_chi_square(0.975, freedom);
        ck_assert_msg(isfinite(low) && isfinite(high) && low > last && high > low, "%g degrees: %g to %g after %g",
                      freedom, low, high, last);
        if (freedom > 1e6)
            close_to((high - low) / sqrt(8 * freedom), quantile_normal(0.025), 1e-6);
        last = low;
    }
}
END_TEST

/* Back through the distribution, relative to the tail. The inverse's own precision is 1e-6 of t or better, and a tail
 * of Student's falls no faster than t^2/2 relative to t. */
START_TEST(student_is_the_inverse_of_its_tail)
{
    for (double freedom = 1; freedom < 1e12; freedom = fmax(freedom + 1, floor(1.3 * freedom))) {
        for (double tail = 0.4; tail > 1e-14; tail *= 0.41) {
            double t = quantile_student(tail, freedom);
            ck_assert_msg(isfinite(t), "tail %g of %g degrees", tail, freedom);
            close_to(freedom == 1 ? atan(1 / t) / M_PI : gsl_cdf_tdist_Q(t, freedom), tail, 1e-4);
        }
    }
    close_to(quantile_student(0.025, 1e15), quantile_normal(0.025), 1e-9);
    close_to(quantile_student(0.025, 4), 2.7764451051977987, 1e-9);
}
END_TEST

START_TEST(nonsense_is_no_number)
{
    static const double wrong[] = {-1, 0, 1, 2, NAN, INFINITY};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ck_assert(isnan(quantile_student(wrong[i], 3)));
        ck_assert(isnan(quantile_chi_square(wrong[i], 3)));
        ck_assert(isnan(quantile_normal(wrong[i])));
    }
    ck_assert(isnan(quantile_student(0.1, 0)) && isnan(quantile_student(0.1, -3)) && isnan(quantile_student(0.1, NAN)));
    ck_assert(isnan(quantile_chi_square(0.1, 0)) && isnan(quantile_chi_square(0.1, NAN)));
}
END_TEST

Suite *quantile_suite(void)
{
    Suite *suite = suite_create("quantile");
    TCase *tests = tcase_create("quantile");
    tcase_add_test(tests, chi_square_has_the_known_values);
    tcase_add_test(tests, chi_square_exists_at_any_freedom);
    tcase_add_test(tests, student_is_the_inverse_of_its_tail);
    tcase_add_test(tests, nonsense_is_no_number);
    suite_add_tcase(suite, tests);
    return suite;
}
