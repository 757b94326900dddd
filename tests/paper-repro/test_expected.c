/* The comparison with committed values: what agrees, and what must not pass. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>

#include "paper-repro/expected.h"
#include "paper-repro/verdicts.h"
#include "sim/stream.h"
#include <check.h>

static char path[] = "/tmp/spanscope-expected-XXXXXX";

static void enter(void)
{
    strcpy(path, "/tmp/spanscope-expected-XXXXXX");
    int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
}

static void leave(void)
{
    unlink(path);
}

static void write_text(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static const struct expected_value VALUE = {
    "depth", 2, "spannorm unit L=8 d=24 T=5 measured", "gradient_variance", 0, EXPECTED_MEAN_LOG, -1.37, 0.02, 9};

START_TEST(equal_values_and_rounding_agree)
{
    struct expected_value other = VALUE;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 100), EXPECTED_SAME);
    other.value += 2e-9; /* below 1e-9 (1 + 1.37) */
    ck_assert_int_eq(expected_compare(&VALUE, &other, 100), EXPECTED_SAME);
    other.value += 1e-9;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 100), EXPECTED_SAMPLED_ANEW);
}
END_TEST

/* 8 degrees of freedom, standard error 0.02 sqrt 2 of the difference, one of 100 comparisons. */
START_TEST(tolerance_is_students)
{
    struct expected_value other = VALUE;
    double tolerance = gsl_cdf_tdist_Qinv(1e-3 / 200, 8) * 0.02 * sqrt(2);
    ck_assert_double_eq_tol(expected_tolerance(&VALUE, &other, 100), tolerance, 1e-8);
    other.value = VALUE.value + 0.999 * tolerance;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 100), EXPECTED_SAMPLED_ANEW);
    other.value = VALUE.value - 1.001 * tolerance;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 100), EXPECTED_WRONG);
    ck_assert_int_eq(expected_compare(&other, &VALUE, 100), EXPECTED_WRONG);
}
END_TEST

START_TEST(what_is_no_number_or_something_else_is_wrong)
{
    struct expected_value other = VALUE;
    other.value = NAN;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
    other = VALUE;
    other.value = INFINITY;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
    other = VALUE;
    other.se = NAN; /* a spread that is not known excuses nothing */
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
    other = VALUE;
    other.scale = EXPECTED_MEAN;
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
    other = VALUE;
    strcpy(other.label, "spannorm unit L=8 d=24 T=6 measured");
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
    other = VALUE;
    other.n = 0; /* a prediction where a measurement was */
    ck_assert_int_eq(expected_compare(&VALUE, &other, 1), EXPECTED_WRONG);
}
END_TEST

/* Two experiments of the same law, 6 normals each, 20,000 times at a level of 0.05 for one comparison (count = 1e-3 /
 * 0.05): the rate of alarms is at most the level, as the quantile takes the smaller degrees of freedom. Binomial, so
 * above 0.05 + 4 sqrt(0.05/20000) = 0.0562 with probability below 4e-5; seeds are fixed. It is no smaller than half. */
START_TEST(false_alarms_are_as_rare_as_said)
{
    enum { TRIALS = 20000, N = 6 };
    struct stream stream = stream_open(&(struct stream_address){.seed = 7, .role = STREAM_INPUT});
    double *z = malloc(sizeof *z * TRIALS * 2 * N);
    int alarms = 0;
    stream_normals(&stream, 0, TRIALS * 2 * N, 1, z);
    for (int i = 0; i < TRIALS; i++) {
        struct expected_value values[2] = {VALUE, VALUE};
        for (int k = 0; k < 2; k++) {
            const double *x = z + (size_t)(2 * i + k) * N;
            double mean = 0, square = 0;
            for (int j = 0; j < N; j++)
                mean += x[j] / N;
            for (int j = 0; j < N; j++)
                square += (x[j] - mean) * (x[j] - mean);
            values[k].value = mean;
            values[k].se = sqrt(square / (N - 1) / N);
            values[k].n = N;
        }
        double tolerance = gsl_cdf_tdist_Qinv(0.025, N - 1) / gsl_cdf_tdist_Qinv(EXPECTED_FALSE_ALARM / 2, N - 1) *
                           expected_tolerance(&values[0], &values[1], 1);
        alarms += fabs(values[0].value - values[1].value) > tolerance;
    }
    free(z);
    ck_assert_double_lt(alarms, 0.0562 * TRIALS);
    ck_assert_double_gt(alarms, 0.025 * TRIALS);
}
END_TEST

static const char PROFILE[] =
    "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":\"lns\",\"init\":\"unit\","
    "\"layers\":2,\"width\":24,\"tokens\":5},\"layers\":["
    "{\"layer\":0,\"gradient_variance\":{\"mean\":0.5,\"se\":0.1,\"mean_log\":-0.9,\"sd_log\":0.4,\"n\":16}},"
    "{\"layer\":2,\"token_cosine\":{\"mean\":-0.25,\"se\":0.02,\"mean_log\":null,\"sd_log\":null,\"n\":16}}]}\n"
    "{\"schema\":\"spanscope/profile/1\",\"kind\":\"predicted\",\"config\":{\"placement\":\"lns\",\"init\":\"unit\","
    "\"layers\":2,\"width\":24,\"tokens\":5},\"layers\":[{\"layer\":0,\"gradient_variance\":{\"mean\":0.5}}]}\n";

static void take(struct expected_list *list)
{
    struct saved_list profiles = {0};
    struct error error;
    write_text(PROFILE);
    ck_assert_int_eq(saved_read(path, &profiles, &error), ERROR_NONE);
    ck_assert_int_eq(expected_take("some-figure", &profiles, list, &error), ERROR_NONE);
    saved_free(&profiles);
}

START_TEST(values_are_taken_on_their_scale)
{
    struct expected_list list = {0};
    take(&list);
    ck_assert_uint_eq(list.count, 3);
    ck_assert_str_eq(list.values[0].observable, "token_cosine");
    ck_assert_int_eq(list.values[0].scale, EXPECTED_MEAN);
    ck_assert_double_eq(list.values[0].se, 0.02);
    ck_assert_int_eq(list.values[1].scale, EXPECTED_MEAN_LOG);
    ck_assert_double_eq(list.values[1].value, -0.9);
    ck_assert_double_eq_tol(list.values[1].se, 0.1, 1e-15);
    ck_assert_int_eq(list.values[2].profile, 2);
    ck_assert_int_eq(list.values[2].n, 0);
    ck_assert_double_eq(list.values[2].value, 0.5);
    expected_free(&list);
}
END_TEST

START_TEST(values_are_written_and_read_again)
{
    struct expected_list list = {0}, again = {0};
    struct error error;
    take(&list);
    FILE *file = fopen(path, "w");
    expected_write(&list, file);
    fclose(file);
    ck_assert_int_eq(expected_read(path, &again, &error), ERROR_NONE);
    ck_assert_uint_eq(again.count, list.count);
    for (size_t i = 0; i < list.count; i++) {
        const struct expected_value *found = expected_find(&again, &list.values[i]);
        ck_assert_ptr_nonnull(found);
        ck_assert_int_eq(expected_compare(found, &list.values[i], list.count), EXPECTED_SAME);
    }
    struct expected_value other = list.values[0];
    other.layer = 1;
    ck_assert_ptr_null(expected_find(&again, &other));
    expected_free(&list);
    expected_free(&again);
}
END_TEST

#define FIELDS "figure\tprofile\tconfiguration\tobservable\tlayer\tscale\tvalue\tse\tn\n"
static const char *const broken_values[] = {
    "",
    "figure\tvalue\n",
    FIELDS,
    FIELDS "a\t1\tb\tq\t0\tmean\tnan\t0.1\t9\n",
    FIELDS "a\t1\tb\tq\t0\tmean\t1\tinf\t9\n",
    FIELDS "a\t1\tb\tq\t0\tmean\t1\t-0.1\t9\n",
    FIELDS "a\t0\tb\tq\t0\tmean\t1\t0.1\t9\n",
    FIELDS "a\t1\tb\tq\t0\tmedian\t1\t0.1\t9\n",
    FIELDS "a\t1\tb\tq\t0\tmean\t1\t0.1\n",
    FIELDS "a\t1\tb\tq\t0\tmean\t1\t0.1\t9\t9\n",
    FIELDS "a\t1\tb\tq\t0\tmean\t1x\t0.1\t9\n",
};

START_TEST(broken_values_are_refused)
{
    struct expected_list list = {0};
    struct error error;
    write_text(broken_values[_i]);
    ck_assert_int_eq(expected_read(path, &list, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    expected_free(&list);
}
END_TEST

/* Reports of claims */

static const struct verdicts_claim CLAIM = {
    .id = "a-claim", .verdict = "SUPPORTED", .statistic = 0.5, .lo = 0.4, .hi = 0.6};

START_TEST(claims_agree_by_verdict_and_interval)
{
    struct verdicts_claim now = CLAIM;
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), VERDICTS_SAME);
    now = (struct verdicts_claim){.verdict = "SUPPORTED", .statistic = 0.65, .lo = 0.59, .hi = 0.7};
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), REPORT_SAMPLED_ANEW);
    now.lo = 0.61;
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), VERDICTS_WRONG);
    now = CLAIM;
    strcpy(now.verdict, "CONTRADICTED");
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), VERDICTS_WRONG);
    now = CLAIM;
    now.statistic = NAN;
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), VERDICTS_WRONG);
    now.lo = now.hi = NAN;
    ck_assert_int_eq(verdicts_compare(&CLAIM, &now), VERDICTS_WRONG);
}
END_TEST

START_TEST(reports_are_read_recorded_and_read_again)
{
    static const char json[] =
        "{\"schema\":\"spanscope/verdict/1\",\"level\":0.01,\"claims\":[{\"id\":\"a\",\"verdict\":\"SUPPORTED\","
        "\"expected\":\"SUPPORTED\",\"statistic\":0.25,\"lo\":0.2,\"hi\":0.3,\"bound\":0.2,\"margin\":0.1,\"tests\":"
        "2,\"samples\":7,\"seconds\":1.5,\"why\":\"\"},{\"id\":\"b\",\"verdict\":\"NOT APPLICABLE\",\"expected\":"
        "\"SUPPORTED\",\"statistic\":null,\"lo\":null,\"hi\":null}]}\n";
    struct verdicts report, record;
    struct error error;
    write_text(json);
    ck_assert_int_eq(verdicts_read(path, &report, &error), ERROR_NONE);
    ck_assert_uint_eq(report.count, 2);
    ck_assert_int_eq(report.claims[0].samples, 7);
    ck_assert(isnan(report.claims[1].statistic));
    FILE *file = fopen(path, "w");
    report_write_record(&report, file);
    fclose(file);
    ck_assert_int_eq(report_read_record(path, &record, &error), ERROR_NONE);
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(verdicts_compare(verdicts_find(&record, report.claims[i].id), &report.claims[i]),
                         VERDICTS_SAME);
    ck_assert_ptr_null(verdicts_find(&record, "c"));
    verdicts_free(&report);
    verdicts_free(&record);
}
END_TEST

static const char *const broken_reports[] = {
    "",
    "{",
    "{\"schema\":\"spanscope/profile/1\",\"claims\":[{}]}",
    "{\"schema\":\"spanscope/verdict/1\",\"claims\":[]}",
    "{\"schema\":\"spanscope/verdict/1\",\"claims\":[{\"id\":\"a\",\"verdict\":\"SUPPORTED\"}]}",
};

START_TEST(broken_reports_are_refused)
{
    struct verdicts report;
    struct error error;
    write_text(broken_reports[_i]);
    ck_assert_int_eq(verdicts_read(path, &report, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, path));
    verdicts_free(&report);
    ck_assert_int_eq(report_read_record(path, &report, &error), ERROR_RESOURCE);
    verdicts_free(&report);
}
END_TEST

#define ROWS_OF(table) (int)(sizeof table / sizeof *table)

Suite *expected_suite(void)
{
    Suite *suite = suite_create("expected");
    TCase *values = tcase_create("values");
    tcase_add_checked_fixture(values, enter, leave);
    tcase_add_test(values, equal_values_and_rounding_agree);
    tcase_add_test(values, tolerance_is_students);
    tcase_add_test(values, what_is_no_number_or_something_else_is_wrong);
    tcase_add_test(values, false_alarms_are_as_rare_as_said);
    tcase_add_test(values, values_are_taken_on_their_scale);
    tcase_add_test(values, values_are_written_and_read_again);
    tcase_add_loop_test(values, broken_values_are_refused, 0, ROWS_OF(broken_values));
    suite_add_tcase(suite, values);
    TCase *claims = tcase_create("claims");
    tcase_add_checked_fixture(claims, enter, leave);
    tcase_add_test(claims, claims_agree_by_verdict_and_interval);
    tcase_add_test(claims, reports_are_read_recorded_and_read_again);
    tcase_add_loop_test(claims, broken_reports_are_refused, 0, ROWS_OF(broken_reports));
    suite_add_tcase(suite, claims);
    return suite;
}
