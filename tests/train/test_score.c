#include <check.h>
#include <math.h>

#include <check.h>
#include "train/schedule.h"
#include "train/score.h"
#include "tests/rows.h"

START_TEST(score_is_of_the_last_tenth)
{
    enum { STEPS = 25 };
    double loss[STEPS], bayes[STEPS];
    for (int i = 0; i < STEPS; i++) {
        bayes[i] = 0.1 * i;
        loss[i] = i < STEPS - 3 ? 1e9 : bayes[i] + 0.3 * (log(20) - bayes[i]);
    }
    ck_assert_double_le(fabs(score_of(STEPS, 20, loss, bayes) - 0.3), 1e-15);
    loss[STEPS - 4] = NAN;
    ck_assert_double_le(fabs(score_of(STEPS, 20, loss, bayes) - 0.3), 1e-15);
    loss[STEPS - 3] = INFINITY;
    ck_assert(isnan(score_of(STEPS, 20, loss, bayes)));
    loss[STEPS - 3] = 1;
    bayes[STEPS - 1] = NAN;
    ck_assert(isnan(score_of(STEPS, 20, loss, bayes)));
}
END_TEST

/* Weighted by what there was to learn: sums over steps, not a mean of ratios. */
START_TEST(score_is_a_ratio_of_sums)
{
    double loss[] = {0.5, 1}, bayes[] = {0.2, 0.9};
    ck_assert_double_le(fabs(score_of(2, 4, loss, bayes) - (1 - 0.9) / (log(4) - 0.9)), 1e-15);
    double many_loss[20], many_bayes[20];
    for (int i = 0; i < 20; i++) {
        many_loss[i] = i % 2 ? 1.3 : 0.4;
        many_bayes[i] = i % 2 ? 0.7 : 0.1;
    }
    ck_assert_double_le(fabs(score_of(20, 4, many_loss, many_bayes) - 0.9 / (2 * log(4) - 0.8)), 1e-15);
}
END_TEST

/* Where the best predictor is hardly better than the uniform one, u is a ratio of what the draws leave. */
START_TEST(next_to_nothing_to_learn_has_no_score)
{
    const double logarithm = log(4), rooms[] = {2e-3, 1.01e-3, 0.99e-3, 1e-7, 0, -1e-3, -1};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        double loss = 1.4, bayes = logarithm * (1 - rooms[i]), score = score_of(1, 4, &loss, &bayes);
        ck_assert_int_eq(isfinite(score), i < 2);
        if (i < 2)
            ck_assert_double_le(fabs(score - (loss - bayes) / (logarithm - bayes)), 1e-9);
    }
}
END_TEST

START_TEST(collapse_lasts)
{
    double spread[] = {0.5, 1e-7, 0.5, 1e-8, 1e-9};
    ck_assert_int_eq(score_collapsed(5, spread), 3);
    ck_assert_int_eq(score_collapsed(3, spread), -1);
    ck_assert_int_eq(score_collapsed(0, spread), -1);
    spread[4] = NAN; // of zero signals: no tokens to compare
    ck_assert_int_eq(score_collapsed(5, spread), -1);
}
END_TEST

START_TEST(edge_is_interpolated)
{
    const double rates[] = {1e-3, 4e-3, 1.6e-2};
    ck_assert_double_le(fabs(score_edge(3, rates, (double[]){0.2, 0.6, 0.8}) / 8e-3 - 1), 1e-12);
    ck_assert_double_le(fabs(score_edge(3, rates, (double[]){0.2, 0.4, NAN}) / 8e-3 - 1), 1e-12);
    ck_assert_double_le(fabs(score_edge(3, rates, (double[]){0.9, 0.7, 1.2}) / 4e-3 - 1), 1e-12);
    ck_assert_double_eq(score_edge(3, rates, (double[]){0.9, 0.8, 1}), 0);
    ck_assert(isinf(score_edge(3, rates, (double[]){0.9, 0.8, 0.1})));
}
END_TEST

START_TEST(schedule_rises_and_falls)
{
    const struct schedule_row *linear = schedule_find("linear"), *cosine = schedule_find("cosine");
    const double expected[] = {1. / 3, 2. / 3, 1, 1, 0.8, 0.6, 0.4, 0.2};
    for (int i = 0; i < 8; i++)
        ck_assert_double_le(fabs(schedule_factor(linear, 3, 8, i) - expected[i]), 1e-15);
    ck_assert_double_le(fabs(schedule_factor(cosine, 0, 10, 5) - 0.5), 1e-15);
    ck_assert_double_eq(schedule_factor(schedule_find("constant"), 0, 10, 9), 1);
}
END_TEST

Suite *score_suite(void)
{
    Suite *suite = suite_create("score");
    TCase *tests = tcase_create("scores");
    tcase_add_test(tests, score_is_of_the_last_tenth);
    tcase_add_test(tests, score_is_a_ratio_of_sums);
    tcase_add_test(tests, next_to_nothing_to_learn_has_no_score);
    tcase_add_test(tests, collapse_lasts);
    tcase_add_test(tests, edge_is_interpolated);
    tcase_add_test(tests, schedule_rises_and_falls);
    suite_add_tcase(suite, tests);
    return suite;
}
