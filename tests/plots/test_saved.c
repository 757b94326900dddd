/* Reading saved profiles. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/folder.h"
#include "tests/profiles.h"
#include <check.h>

START_TEST(reading_gives_values_nulls_and_absence)
{
    struct saved_list list;
    struct saved_value value;
    profiles_read(&list, "measured", profiles_span, profiles_rows);
    ck_assert_uint_eq(list.count, 1);
    const struct saved *profile = &list.profiles[0];
    ck_assert_str_eq(profile->placement, "spannorm");
    ck_assert_int_eq(profile->layers, 2);
    ck_assert_uint_eq(profile->line, 1);
    ck_assert_uint_eq(saved_rows(profile), 3);
    ck_assert(saved_value(profile, 0, "activation_variance", &value));
    ck_assert_double_eq(value.mean, 1.37);
    ck_assert_double_eq(value.lo, 1.25);
    ck_assert_double_eq(value.hi, 1.5);
    ck_assert(!saved_value(profile, 1, "activation_variance", &value));
    ck_assert(saved_value(profile, 2, "activation_variance", &value));
    ck_assert(isnan(value.mean) && isnan(value.lo));
    ck_assert_double_eq(value.log10_mean, -600.5);
    ck_assert(saved_value(profile, 2, "gradient_specific", &value)); /* no log10_mean: taken from the mean */
    ck_assert_double_eq_tol(value.log10_mean, log10(1.5), 1e-15);
    ck_assert_double_eq(saved_number(profile, "width", 0), 24);
    ck_assert_double_eq(saved_number(profile, "c", 1.5), 1.5);
    ck_assert_str_eq(saved_text(profile, "cotangent", "iid"), "iid");
    saved_free(&list);
}
END_TEST

START_TEST(reading_appends_and_skips_blank_lines)
{
    struct saved_list list;
    struct error error;
    profiles_read(&list, "measured", profiles_span, profiles_rows);
    FILE *file = fopen(folder_path("more.json"), "w");
    fputs("\n  \r\n", file);
    profiles_add(file, "predicted", profiles_span[0], profiles_rows);
    fclose(file);
    ck_assert_int_eq(saved_read(folder_path("more.json"), &list, &error), ERROR_NONE);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_uint_eq(list.profiles[1].line, 3);
    saved_free(&list);
}
END_TEST

START_TEST(reading_takes_seeds_of_64_bits)
{
    static const char *const configs[] = {
        "\"placement\":\"b2t\",\"init\":\"unit\",\"layers\":2,\"seed\":18446744073709551615", NULL};
    struct saved_list list;
    profiles_read(&list, "measured", configs, profiles_rows);
    ck_assert_double_eq(saved_number(&list.profiles[0], "seed", 0), 0x1p64);
    saved_free(&list);
}
END_TEST

#define SCHEMA             "\"schema\":\"spanscope/profile/1\","
#define HEAD               "{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":4},"
#define CONFIG(members)    "{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":\"p\",\"init\":\"i\"," members "}}"
#define STATISTIC(members) HEAD "\"layers\":[{\"layer\":0,\"activation_variance\":{" members "}}]}"
static const struct {
    const char *text, *complaint;
} broken[] = {
    {"{\"schema\":\"spanscope/verdict/1\"}", "expected schema \"spanscope/profile/1\", found \"spanscope/verdict/1\""},
    {"[1,2]", "found none"},
    {"{\"schema\":]", "not JSON"},
    {"{" SCHEMA "\"schema\":1}", "duplicate object key"},
    {"{" SCHEMA "\"config\":{}}", "\"kind\""},
    {"{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":3,\"init\":\"i\"}}", "\"placement\""},
    {"{" SCHEMA "\"kind\":\"measured\",\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":1.5}}", "whole"},
    {HEAD "\"layers\":[]}", "a row for each layer"},
    {HEAD "\"layers\":[{\"layer\":5}]}", "from 0 to 4"},
    {HEAD "\"layers\":[{\"layer\":1},{\"layer\":1}]}", "ascending"},
    {HEAD "\"layers\":[{\"layer\":0},{\"layer\":2,\"token_cosine\":3}]}", "token_cosine of layer 2"},
    {HEAD "\"layers\":[{\"layer\":0,\"branch_ratio.ffn\":{\"mean\":\"x\"}}]}", "branch_ratio.ffn of layer 0"},
    {CONFIG("\"layers\":2147483647"), "\"layers\" of \"config\", a number from 1 to"},
    {CONFIG("\"layers\":2,\"tokens\":1e9"), "\"tokens\" of \"config\", a number from 1 to"},
    {CONFIG("\"layers\":2,\"heads\":0"), "\"heads\" of \"config\", a number from 1 to"},
    {CONFIG("\"layers\":2,\"input_scale\":-1"), "\"input_scale\" of \"config\", a number from"},
    {CONFIG("\"layers\":2,\"width\":\"64\""), "\"width\" of \"config\", a number from"},
    {STATISTIC("\"mean\":1,\"log10_mean\":1e17"), "within their ranges"},
    {STATISTIC("\"mean\":null,\"log10_mean\":-1e308"), "within their ranges"},
    {STATISTIC("\"mean\":1,\"se\":-0.1"), "within their ranges"},
    {STATISTIC("\"mean\":1,\"mean_log\":0,\"sd_log\":-1"), "within their ranges"},
    {STATISTIC("\"mean\":1,\"n\":1e300"), "within their ranges"},
    {STATISTIC("\"mean\":1,\"lo\":\"x\""), "within their ranges"},
    {STATISTIC("\"se\":1"), "within their ranges"},
    {HEAD "\"training\":{\"lr\":-1},\"layers\":[{\"layer\":0}]}",
     "\"lr\" of \"training\" as `train` takes it (--lr: -1 is"},
    {HEAD "\"training\":{\"batch\":0.5},\"layers\":[{\"layer\":0}]}", "\"batch\" of \"training\" as `train` takes it"},
    {HEAD "\"training\":{\"step\":-1},\"layers\":[{\"layer\":0}]}", "\"step\" of \"training\", a whole number from 0"},
    {HEAD "\"training\":{\"base_width\":0},\"layers\":[{\"layer\":0}]}", "\"base_width\" of \"training\""},
    {"", "expected a profile"},
};

/* Series of a run of two steps: all that were done, unless it has ended by itself, or goes on. */
#define TRAINED(members, loss, others)                                                                                 \
    "{\"schema\":\"spanscope/training/1\",\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":2},\"training\":{" \
    "\"steps\":2,\"vocabulary\":4,\"lr\":0}," members ",\"loss\":[" loss "],\"bayes\":[" others                        \
    "],\"spread\":[" others "]}\n"
static const struct {
    const char *text;
    bool whole;
} trainings[] = {
    {TRAINED("\"finished\":true,\"diverged\":null", "1,1", "1,1"), true},
    {TRAINED("\"finished\":true,\"diverged\":null", "", ""), false},
    {TRAINED("\"finished\":true,\"diverged\":null", "1", "1"), false},
    {TRAINED("\"finished\":true,\"diverged\":0", "1", "1"), true},
    {TRAINED("\"finished\":false,\"diverged\":null", "", ""), true},
    {TRAINED("\"finished\":true,\"diverged\":null", "1,1", "1"), false},
    {TRAINED("\"finished\":true,\"diverged\":null", "1,1,1", "1,1,1"), false},
};

START_TEST(runs_have_a_number_for_each_step)
{
    struct saved_list list = {.runs = true};
    struct error error;
    folder_write("run.json", trainings[_i].text);
    int code = saved_read(folder_path("run.json"), &list, &error);
    ck_assert_int_eq(code, trainings[_i].whole ? ERROR_NONE : ERROR_RESOURCE);
    if (!trainings[_i].whole)
        ck_assert_msg(strstr(error.text, "numbers for each step of \"training\""), "%s", error.text);
    saved_free(&list);
}
END_TEST

/* All that the reader takes, of whichever kind. */
START_TEST(what_is_expected_is_said_whole)
{
    struct saved_list list = {.runs = true, .others = ", \"spanscope/map/1\""};
    struct error error;
    folder_write("verdict.json", "{\"schema\":\"spanscope/verdict/1\"}");
    ck_assert_int_eq(saved_read(folder_path("verdict.json"), &list, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "expected schema \"spanscope/profile/1\", \"spanscope/training/1\", "
                                     "\"spanscope/map/1\", found \"spanscope/verdict/1\""),
                  "%s", error.text);
    saved_free(&list);
}
END_TEST

START_TEST(reading_reports_file_and_line)
{
    char text[1000];
    struct saved_list list = {0};
    struct error error;
    bool empty = broken[_i].text[0] == '\0';
    snprintf(text, sizeof text, empty ? "\n%s" : HEAD "\"layers\":[{\"layer\":0}]}\n%s\n", broken[_i].text);
    folder_write("broken.json", text);
    ck_assert_int_eq(saved_read(folder_path("broken.json"), &list, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, folder_path("broken.json")));
    ck_assert_ptr_nonnull(strstr(error.text, "line 2"));
    ck_assert_msg(strstr(error.text, broken[_i].complaint) != NULL, "%s", error.text);
    ck_assert_uint_eq(list.count, 0); /* not half a file */
    saved_free(&list);
}
END_TEST

START_TEST(reading_reports_missing_files)
{
    struct saved_list list = {0};
    struct error error;
    ck_assert_int_eq(saved_read("/nowhere/p.json", &list, &error), ERROR_RESOURCE);
    ck_assert_str_eq(error.text, "/nowhere/p.json: cannot be opened: No such file or directory");
    ck_assert_int_eq(saved_read(folder_name, &list, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, "cannot be read"));
    saved_free(&list);
}
END_TEST

Suite *saved_suite(void)
{
    Suite *suite = suite_create("saved");
    TCase *tests = folder_case(suite, "saved");
    tcase_add_test(tests, reading_gives_values_nulls_and_absence);
    tcase_add_test(tests, reading_appends_and_skips_blank_lines);
    tcase_add_test(tests, reading_takes_seeds_of_64_bits);
    tcase_add_loop_test(tests, reading_reports_file_and_line, 0, (int)(sizeof broken / sizeof *broken));
    tcase_add_loop_test(tests, runs_have_a_number_for_each_step, 0, (int)(sizeof trainings / sizeof *trainings));
    tcase_add_test(tests, what_is_expected_is_said_whole);
    tcase_add_test(tests, reading_reports_missing_files);
    return suite;
}
