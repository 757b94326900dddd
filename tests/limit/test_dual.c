#include <check.h>
#include <float.h>
#include <math.h>

#include "analysis/limit/dual.h"
#include "sim/activation.h"

/* What kernel.h states of all its ways; the closed forms against quadrature are in test_kernel.c. */
static const double ACCURACY = 1e-10;

static struct dual closed_of(const char *activation, double a, double b, double c)
{
    dual_prepare();
    return dual_find(activation).closed(dual_pair_of(a, b, c));
}

/* ReLU, whose K' has a root at correlation +-1, against its formula in long double: at 1 - 10^-k and -1 + 10^-k, and at
 * the numbers next to +-1, where long double's rounding of 1 - c / sqrt(ab) leaves 1e-12. */
START_TEST(relu_is_known_up_to_correlation_one)
{
    static const struct {
        double a, b;
    } scales[] = {{1, 1}, {1.37, 0.41}, {1e-170, 3e-190}, {2e190, 7e160}};
    long double pi = acosl(-1);
    for (size_t i = 0; i < 2 * 4 * 17; i++) {
        double a = scales[i / 2 % 4].a, b = scales[i / 2 % 4].b,
               gap = i / 8 == 0 ? DBL_EPSILON / 2 : pow(10, -(double)(i / 8) + 1);
        double c = (i % 2 ? -1 : 1) * (1 - gap) * sqrt(a) * sqrt(b);
        long double unit = sqrtl(a) * sqrtl(b), x = c / unit;
        long double rest = (sqrtl(a) * sqrtl(b) - fabsl(c)) / unit; // 1 - |x|
        long double sine = sqrtl(fmaxl(0, rest * (2 - rest))), angle = atan2l(sine, x);
        struct dual got = closed_of("relu", a, b, c);
        double expected = (double)(unit * (sine + (pi - angle) * x) / (2 * pi));
        double expected_slope = (double)((pi - angle) / (2 * pi));
        ck_assert(isfinite(got.k) && isfinite(got.slope));
        ck_assert_msg(fabs(got.k - expected) <= ACCURACY * (double)unit / 2 &&
                          fabs(got.slope - expected_slope) <= ACCURACY / 2,
                      "%g, %g, correlation %.17g: %.17g and %.17g, not %.17g and %.17g", a, b, (double)x, got.k,
                      got.slope, expected, expected_slope);
    }
}
END_TEST

/* At variances that double cannot multiply, GELU and SiLU are ReLU but for u of order 1, and tanh is the sign. */
START_TEST(huge_variances_do_not_overflow)
{
    static const double variances[] = {1e100, 1e200};
    for (int i = 0; i < 2; i++) {
        double a = variances[i], b = 3 * a, c = 0.8 * a, angle = acos(c / sqrt(a) / sqrt(b));
        static const char *const names[] = {"relu", "gelu", "silu", "tanh"};
        struct dual got[4];
        for (int n = 0; n < 4; n++)
            got[n] = closed_of(names[n], a, b, c);
        for (int n = 0; n < 3; n++) {
            ck_assert(isfinite(got[n].k) && isfinite(got[n].slope));
            ck_assert_double_le(fabs(got[n].k - got[0].k), ACCURACY * got[0].k);
            ck_assert_double_le(fabs(got[n].slope - (M_PI - angle) / (2 * M_PI)), ACCURACY);
        }
        ck_assert(isfinite(got[3].k) && fabs(got[3].k - (1 - 2 * angle / M_PI)) <= ACCURACY);
        ck_assert(got[3].slope >= 0 && got[3].slope <= 1e-99);
    }
}
END_TEST

/* A pair by its specific part is that by its covariance, to the rounding of 1.3 - 0.4: sine^2 moves by 2 epsilons. */
START_TEST(a_pair_is_known_by_what_is_specific)
{
    struct dual_pair near = dual_pair_near(1.3, 0.4), of = dual_pair_of(1.3, 1.3, 1.3 - 0.4);
    ck_assert(near.a == of.a && near.b == of.b && near.c == of.c);
    ck_assert_double_eq_tol(near.sine2, of.sine2, 4 * DBL_EPSILON);
    ck_assert_double_eq(dual_pair_near(1.3, 1e-20).sine2, 2e-20 / 1.3);
}
END_TEST

/* The mean of a function is what it has with one that does not correlate: K at c = 0 is the product of means. */
START_TEST(means_are_those_of_what_is_uncorrelated)
{
    struct dual_forms forms = dual_find(activations[_i].name);
    double a = 1.7, b = 0.6;
    dual_prepare();
    if (!forms.closed)
        return;
    struct dual both = closed_of(activations[_i].name, a, b, 0), first = forms.means(a), second = forms.means(b);
    ck_assert(isfinite(both.k) && isfinite(both.slope));
    ck_assert_double_eq_tol(both.k, first.k * second.k, ACCURACY);
    ck_assert_double_eq_tol(both.slope, first.slope * second.slope, ACCURACY);
}
END_TEST

Suite *dual_suite(void);
Suite *dual_suite(void)
{
    Suite *suite = suite_create("dual");
    TCase *tests = tcase_create("dual");
    tcase_add_test(tests, relu_is_known_up_to_correlation_one);
    tcase_add_test(tests, huge_variances_do_not_overflow);
    tcase_add_test(tests, a_pair_is_known_by_what_is_specific);
    tcase_add_loop_test(tests, means_are_those_of_what_is_uncorrelated, 0, (int)activation_count);
    suite_add_tcase(suite, tests);
    return suite;
}
