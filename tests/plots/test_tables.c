#include "plots/tables.h"

#include <stdlib.h>
#include <string.h>

#include "tests/folder.h"
#include <check.h>

static char *text;
static size_t length;

static FILE *open_text(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &length);
}

static json_t *parsed(const char *document)
{
    json_t *value = json_loads(document, 0, NULL);
    ck_assert_ptr_nonnull(value);
    return value;
}

static int count(const char *word)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, word)); at++)
        found++;
    return found;
}

/* A verdict that was expected goes without saying, one that was not is marked; text stays text. */
START_TEST(claims_are_rows)
{
    json_t *document = parsed(
        "{\"level\":0.01,\"claims\":["
        "{\"id\":\"a<b\",\"verdict\":\"OPEN\",\"expected\":\"SUPPORTED\",\"lo\":1,\"hi\":2,\"why\":\"&\"},"
        "{\"id\":\"c\",\"verdict\":\"OPEN\",\"expected\":\"OPEN\",\"statistic\":1.5,\"bound\":null}]}");
    FILE *stream = open_text();
    tables_verdicts(stream, document);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "probability at most 0.01."));
    ck_assert_ptr_nonnull(strstr(text,
                                 "<tr class=\"against\"><td>a&#60;b</td><td class=\"left\">OPEN, against SUPPORTED"
                                 "</td><td>-</td><td>[1, 2]</td><td>-</td>"));
    ck_assert_ptr_nonnull(strstr(text, "<tr><td>c</td><td class=\"left\">OPEN</td><td>1.5</td>"));
    json_decref(document);
}
END_TEST

/* The loss is the mean of the last tenth: of twenty steps the last two, 3 and 5. */
START_TEST(trainings_end_with_a_tenth)
{
    json_t *documents = json_array();
    FILE *stream = open_text();
    tables_trainings(stream, documents);
    fclose(stream);
    ck_assert_uint_eq(length, 0);
    json_array_append_new(documents, parsed("{\"config\":{\"placement\":\"p\",\"init\":\"i\",\"layers\":2,\"width\":8},"
                                            "\"training\":{\"task\":\"copy\",\"lr\":0.25,\"seed\":7},"
                                            "\"loss\":[9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,9,3,5]}"));
    stream = open_text();
    tables_trainings(stream, documents);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text,
                                 "<tr><td>p</td><td>i</td><td>copy</td><td>2</td><td>8</td><td>0.25</td><td>7</td>"
                                 "<td>20</td><td>4</td><td>-</td><td><svg class=\"spark\""));
    json_decref(documents);
}
END_TEST

/* 40 layers are shown by every third, with the first and the last; an observable without a number has no column. */
START_TEST(long_profiles_are_thinned)
{
    enum { LAYERS = 40 };
    char file[200 * (LAYERS + 4)];
    struct saved_list list = {0};
    struct error error;
    char *end = stpcpy(file, "{\"schema\":\"spanscope/profile/1\",\"kind\":\"measured\",\"config\":{\"placement\":"
                             "\"prenorm\",\"init\":\"unit\",\"layers\":40,\"width\":12,\"heads\":3,\"tokens\":3,"
                             "\"samples\":9},\"layers\":[");
    for (int l = 0; l <= LAYERS; l++)
        end += sprintf(end, "%s{\"layer\":%d,\"activation_variance\":{\"mean\":%d,\"se\":0.5,\"lo\":%d,\"hi\":%d}}",
                       l > 0 ? "," : "", l, l + 100, l + 99, l + 101);
    strcpy(end, "]}\n");
    folder_write("p.json", file);
    ck_assert_msg(saved_read(folder_path("p.json"), &list, &error) == ERROR_NONE, "%s", error.text);
    FILE *stream = open_text();
    tables_profile(stream, &list.profiles[0]);
    fclose(stream);
    ck_assert_ptr_nonnull(strstr(text, "<summary>prenorm, unit, L = 40, measured</summary>"));
    ck_assert_int_eq(count("<th"), 2);
    ck_assert_int_eq(count("<tr><td>"), 1 + LAYERS / 3 + 1);
    ck_assert_ptr_nonnull(strstr(text, "<tr><td>0</td><td>100 ± 1</td></tr>\n<tr><td>3</td><td>103 ± 1</td></tr>"));
    ck_assert_ptr_nonnull(strstr(text, "<tr><td>39</td><td>139 ± 1</td></tr>\n<tr><td>40</td><td>140 ± 1</td></tr>"));
    saved_free(&list);
}
END_TEST

Suite *tables_suite(void)
{
    Suite *suite = suite_create("tables");
    TCase *tests = folder_case(suite, "tables");
    tcase_add_test(tests, claims_are_rows);
    tcase_add_test(tests, trainings_end_with_a_tenth);
    tcase_add_test(tests, long_profiles_are_thinned);
    return suite;
}
