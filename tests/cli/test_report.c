#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report.h"
#include "cli/report_format.h"
#include <check.h>

static char *ids[] = {"post-variance", "xiong-theorem1-width", "b2t-main-source", "post-variance"};

/* A report whose verdicts are given: expected are SUPPORTED, LOOSE and CONTRADICTED. */
static struct report report_of(enum verdict first, enum verdict second, enum verdict third)
{
    struct report report;
    struct error error = {0};
    const enum verdict verdicts[] = {first, second, third};
    ck_assert_msg(report_init(&report, 0.01, 4, ids, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_uint_eq(report.count, 3);
    for (int i = 0; i < 3; i++) {
        report.verdicts[i] = (struct verdict_claim){.verdict = verdicts[i], .lo = 0.25, .hi = 0.5, .bound = 1};
        snprintf(report.verdicts[i].why, VERDICT_WHY_MAX, "reason %d", i + 1);
    }
    return report;
}

static const struct {
    enum verdict verdicts[3];
    enum status status;
    size_t contrary;
} reports[] = {
    {{VERDICT_SUPPORTED, VERDICT_LOOSE, VERDICT_CONTRADICTED}, STATUS_DONE, 0},
    {{VERDICT_CONTRADICTED, VERDICT_LOOSE, VERDICT_CONTRADICTED}, STATUS_AGAINST, 1},
    {{VERDICT_SUPPORTED, VERDICT_SUPPORTED, VERDICT_SUPPORTED}, STATUS_AGAINST, 2},
    {{VERDICT_LOOSE, VERDICT_LOOSE, VERDICT_INCONCLUSIVE}, STATUS_AGAINST, 1},
    {{VERDICT_SUPPORTED, VERDICT_INCONCLUSIVE, VERDICT_CONTRADICTED}, STATUS_INCONCLUSIVE, 0},
    {{VERDICT_SUPPORTED, VERDICT_NOT_APPLICABLE, VERDICT_CONTRADICTED}, STATUS_DONE, 0},
    {{VERDICT_NOT_APPLICABLE, VERDICT_NOT_APPLICABLE, VERDICT_NOT_APPLICABLE}, STATUS_INCONCLUSIVE, 0},
};

START_TEST(status_is_what_the_verdicts_say)
{
    struct report report = report_of(reports[_i].verdicts[0], reports[_i].verdicts[1], reports[_i].verdicts[2]);
    size_t counts[VERDICTS] = {0}, contrary, sum = 0;
    report_count(&report, counts, &contrary);
    ck_assert_uint_eq(contrary, reports[_i].contrary);
    for (int v = 0; v < VERDICTS; v++)
        sum += counts[v];
    ck_assert_uint_eq(sum, 3);
    ck_assert_int_eq(report_status(&report), reports[_i].status);
    report_free(&report);
}
END_TEST

static char *written(const struct report *report, const char *format)
{
    char *text;
    size_t size;
    struct error error = {0};
    const struct report_format *row;
    ck_assert_int_eq(report_format_read(&row, "--format", format, &error), ERROR_NONE);
    FILE *stream = open_memstream(&text, &size);
    ck_assert_int_eq(row->write(report, &(struct columns){.count = 0}, stream, &error), ERROR_NONE);
    fclose(stream);
    return text;
}

/* The line of a verdict against expectation says what was claimed, found and allowed. */
START_TEST(a_verdict_against_expectation_is_explained)
{
    struct report report = report_of(VERDICT_CONTRADICTED, VERDICT_LOOSE, VERDICT_CONTRADICTED);
    struct trial_test test = {.check = 0};
    struct verdict_test evidence = {.label = "it", .n = 9, .mean = 2, .se = 0.1, .lower = 1, .upper = 1};
    report.trials[0].claim = report.claims[0];
    report.trials[0].list = &test;
    report.verdicts[0].tests = &evidence;
    report.verdicts[0].count = 1;
    char *table = written(&report, "table"), *json = written(&report, "json");
    ck_assert_msg(strstr(table, "post-variance: CONTRADICTED where SUPPORTED was expected") != NULL, "%s", table);
    ck_assert_ptr_nonnull(strstr(table, "found:  reason 1\n  margin: the norm's eps"));
    ck_assert_ptr_nonnull(strstr(table, "xiong-theorem1-width is loose, as expected"));
    ck_assert_ptr_nonnull(strstr(table, "3 claims: 1 LOOSE, 2 CONTRADICTED, 1 against expectation"));
    ck_assert_ptr_nonnull(strstr(json, "\"verdict\":\"LOOSE\",\"expected\":\"LOOSE\""));
    free(table);
    free(json);
    report.trials[0].list = NULL;
    report_free(&report);
}
END_TEST

/* A test whose statistic is none has dashes in the table and null in JSON. */
START_TEST(what_is_no_number_is_a_dash)
{
    struct report report = report_of(VERDICT_INCONCLUSIVE, VERDICT_LOOSE, VERDICT_CONTRADICTED);
    struct trial_test test = {.check = 0};
    struct verdict_test evidence = {.label = "it", .n = 9, .mean = -NAN, .se = NAN, .lower = 1, .upper = 1};
    report.trials[0].claim = report.claims[0];
    report.trials[0].list = &test;
    report.verdicts[0] = (struct verdict_claim){.tests = &evidence, .count = 1, .verdict = VERDICT_INCONCLUSIVE};
    report.verdicts[0].lo = -NAN;
    report.verdicts[0].hi = NAN;
    char *table = written(&report, "table"), *json = written(&report, "json");
    ck_assert_ptr_null(strcasestr(table, "nan"));
    ck_assert_ptr_null(strcasestr(json, "nan"));
    ck_assert_msg(strstr(table, "post-variance         INCONCLUSIVE             -  -         ") != NULL, "%s", table);
    ck_assert_ptr_nonnull(strstr(json, "\"statistic\":null,\"lo\":null,\"hi\":null"));
    free(table);
    free(json);
    report.trials[0].list = NULL;
    report_free(&report);
}
END_TEST

/* One claim overflows, and the other is decided all the same. */
START_TEST(an_overflow_leaves_the_others_decided)
{
    static const struct claim overflowing = {
        .id = "overflowing",
        .statement = "false",
        .source = "here",
        .settings = "placement='x = 10^300*x' init=unit heads=1 width=6 tokens=3",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "L", "L", "0", NULL, "0", "none")},
        .plans = {{{"layers=4"}, 8}},
    };
    struct report report;
    struct error error = {0};
    struct options given = {0};
    struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = (size_t)1 << 30};
    ck_assert_int_eq(report_init(&report, 0.01, 3, ids, &error), ERROR_NONE);
    report.claims[1] = &overflowing;
    ck_assert_msg(report_measure(&report, &options, &given, false, &error) == ERROR_NONE, "%s", error.text);
    ck_assert(report.measured);
    ck_assert_int_eq(report.verdicts[0].verdict, VERDICT_SUPPORTED);
    ck_assert_int_eq(report.verdicts[1].verdict, VERDICT_INCONCLUSIVE);
    ck_assert_msg(strstr(report.verdicts[1].why, "it could not be measured: ") != NULL, "%s", report.verdicts[1].why);
    ck_assert_int_eq(report.verdicts[2].verdict, VERDICT_CONTRADICTED);
    ck_assert_int_eq(report_status(&report), STATUS_INCONCLUSIVE);
    report_free(&report);
}
END_TEST

/* Options that leave no claim a model are a mistake; those that leave some are not. */
START_TEST(options_that_make_no_model_are_an_error)
{
    struct report report;
    struct error error = {0};
    struct options_setting heads = {"heads", "7"};
    struct options given = {.settings = &heads, .setting_count = 1};
    struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = (size_t)1 << 30};
    ck_assert_int_eq(report_init(&report, 0.01, 1, ids, &error), ERROR_NONE);
    ck_assert_int_eq(report_measure(&report, &options, &given, false, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "7 heads do not divide width 64"));
    report_free(&report);
}
END_TEST

Suite *report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *tests = tcase_create("report");
    tcase_add_loop_test(tests, status_is_what_the_verdicts_say, 0, sizeof reports / sizeof *reports);
    tcase_add_test(tests, a_verdict_against_expectation_is_explained);
    tcase_add_test(tests, what_is_no_number_is_a_dash);
    tcase_add_test(tests, an_overflow_leaves_the_others_decided);
    tcase_add_test(tests, options_that_make_no_model_are_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
