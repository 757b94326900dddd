#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "tests/folder.h"
#include <check.h>

/* Reads the file to its end or first error; count documents, whose "n" must count from 1, lines where they begin. */
static int read_all(const char *text, size_t size, int *count, size_t lines[8], struct error *error)
{
    FILE *file = fopen(folder_path("a.json"), "w");
    fwrite(text, 1, size, file);
    fclose(file);
    struct document_reader reader;
    json_t *root;
    int code = document_open(&reader, folder_path("a.json"), error);
    for (*count = 0; code == ERROR_NONE;) {
        code = document_next(&reader, &root, &lines[*count], error);
        if (code != ERROR_NONE || !root)
            break;
        ++*count;
        ck_assert_int_eq((int)json_number_value(json_object_get(root, "n")), *count);
        json_decref(root);
    }
    document_close(&reader);
    return code;
}

START_TEST(documents_need_no_lines)
{
    static const struct {
        const char *text;
        int count;
        size_t lines[3];
    } rows[] = {
        {"", 0, {0}},
        {" \t\r\n\n", 0, {0}},
        {"{\"n\":1}", 1, {1}},
        {"{\"n\":1}\n{\"n\":2}\n", 2, {1, 2}},
        {"\n\n{\n  \"n\": 1,\n  \"a\": [1, {}, []]\n}\n{\"n\":2}{\"n\":3}", 3, {3, 7, 7}},
        {"{\"n\":1,\"s\":\"}{][ \\\" \\\\\"}\r\n{\"n\":2}", 2, {1, 2}},
        {"\xEF\xBB\xBF{\"n\":1}", 1, {1}},
        {"{\"n\":1,\"s\":\"x = y;\\n\\ty = x\"}", 1, {1}},
        {"{\"n\":1,\"seed\":18446744073709551615}\n{\"n\":2}", 2, {1, 2}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int count;
        size_t lines[8];
        struct error error = {0};
        ck_assert_msg(read_all(rows[i].text, strlen(rows[i].text), &count, lines, &error) == ERROR_NONE, "%s: %s",
                      rows[i].text, error.text);
        ck_assert_int_eq(count, rows[i].count);
        for (int d = 0; d < count; d++)
            ck_assert_uint_eq(lines[d], rows[i].lines[d]);
    }
}
END_TEST

/* As deep as may be, and one deeper: {"n":1,"a":[[...]]}, and what never closes. */
START_TEST(depth_has_an_end)
{
    for (int deeper = 0; deeper <= 1; deeper++) {
        char text[4 * DOCUMENT_DEPTH];
        int depth = DOCUMENT_DEPTH - 1 + deeper, count;
        int length = sprintf(text, "{\"n\":1,\"a\":");
        memset(text + length, '[', (size_t)depth);
        memset(text + length + depth, ']', (size_t)depth);
        strcpy(text + length + 2 * depth, "}");
        size_t lines[8];
        struct error error = {0};
        ck_assert_int_eq(read_all(text, strlen(text), &count, lines, &error), deeper ? ERROR_RESOURCE : ERROR_NONE);
        ck_assert_int_eq(count, 1 - deeper);
        ck_assert_int_eq(strstr(error.text, "line 1: not JSON of ours: brackets more than 64 deep") != NULL, deeper);
    }
}
END_TEST

START_TEST(what_is_no_json_is_placed)
{
    static const struct {
        const char *text, *words;
        int count;
    } rows[] = {
        {"{\"n\":1}\nhello", "a.json, line 2, column 1: not JSON", 1},
        {"{\n\"n\":1,\n\"n\":2}", "a.json, line 3, column 3: duplicate object key", 0},
        {"{\"n\":1}\n\n{\n\"n\":", "a.json, line 4, column 4: not JSON: ", 1},
        {"{\"n\":1}}", "a.json, line 1, column 8: not JSON", 1},
        {"{\"n\":1}\n {\"n\":2} x", "a.json, line 2, column 10: not JSON", 2},
        {"{\"n\":1]", "a.json, line 1, column 7: not JSON: '}' expected", 0},
        {"{\"n\":nan}", "not JSON: invalid token near 'nan'", 0},
        {"\xEF\xBB{\"n\":1}", "line 1, column 0: not JSON: unable to decode byte 0xef", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int count;
        size_t lines[8];
        struct error error = {0};
        ck_assert_int_eq(read_all(rows[i].text, strlen(rows[i].text), &count, lines, &error), ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, rows[i].words) != NULL, "%s: %s", rows[i].text, error.text);
        ck_assert_int_eq(count, rows[i].count);
    }
    int count;
    size_t lines[8];
    struct error error = {0};
    ck_assert_int_eq(read_all("{\"n\":1}\n\0", 9, &count, lines, &error), ERROR_RESOURCE);
    ck_assert_int_eq(count, 1);
}
END_TEST

/* They reach terminals and pages. */
START_TEST(texts_with_control_characters_are_refused)
{
    static const char *const rows[] = {"{\"n\":1,\"s\":[{\"t\":\"\\u001b[31mRED\"}]}", "{\"n\":1,\"\\n\":2}",
                                       "{\"n\":1,\"s\":\"\\u007f\"}", "{\"n\":1,\"s\":\"\\u009b\"}",
                                       "{\"n\":1,\"s\":\"\u202e\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int count;
        size_t lines[8];
        struct error error = {0};
        ck_assert_int_eq(read_all(rows[i], strlen(rows[i]), &count, lines, &error), ERROR_RESOURCE);
        ck_assert_int_eq(error.code, ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, "a.json, line 1: the text '"), "%s", error.text);
        ck_assert_msg(strstr(error.text, "has a control character") && !strchr(error.text, '\x1b'), "%s", error.text);
    }
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
    struct document_reader reader;
    struct error error = {0};
    json_t *root;
    size_t line;
    ck_assert_int_eq(document_open(&reader, folder_path("none"), &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "cannot be opened: No such file") != NULL, "%s", error.text);
    document_close(&reader);
    ck_assert_int_eq(document_open(&reader, "/", &error), ERROR_NONE);
    ck_assert_int_eq(document_next(&reader, &root, &line, &error), ERROR_RESOURCE);
    ck_assert_msg(strstr(error.text, "cannot be read: Is a directory") != NULL, "%s", error.text);
    document_close(&reader);
}
END_TEST

static char *printed(bool ok, json_t *value, int print(bool, json_t *, FILE *, struct error *), int expected)
{
    char *text = NULL;
    size_t size;
    struct error error = {0};
    FILE *stream = open_memstream(&text, &size);
    ck_assert_int_eq(print(ok, value, stream, &error), expected);
    fclose(stream);
    return text;
}

START_TEST(values_are_printed)
{
    bool ok = true;
    json_t *object = json_object(), *array = json_array();
    document_append(&ok, array, document_number(0.1));
    document_append(&ok, array, document_number(-NAN));
    document_append(&ok, array, document_number(INFINITY));
    document_put(&ok, object, "a", array);
    ck_assert(ok);
    char *whole = printed(ok, json_incref(object), document_print, ERROR_NONE);
    ck_assert_str_eq(whole, "{\"a\":[0.10000000000000001,null,null]}");
    char *members = printed(ok, json_incref(object), document_print_members, ERROR_NONE);
    ck_assert_str_eq(members, "\"a\":[0.10000000000000001,null,null]");
    document_put(&ok, object, "b", NULL); // as where memory is out
    ck_assert(!ok);
    char *none = printed(ok, object, document_print, ERROR_RESOURCE);
    ck_assert_str_eq(none, "");
    free(whole), free(members), free(none);
}
END_TEST

START_TEST(what_is_peeked_at_is_still_to_come)
{
    struct document_reader reader;
    struct error error;
    const json_t *first, *again;
    json_t *root;
    size_t line;
    folder_write("a.json", "\n{\"n\":1}{\"n\":2}");
    ck_assert_int_eq(document_open(&reader, folder_path("a.json"), &error), ERROR_NONE);
    ck_assert_int_eq(document_peek(&reader, &first, &error), ERROR_NONE);
    ck_assert_int_eq(document_peek(&reader, &again, &error), ERROR_NONE);
    ck_assert_ptr_eq(first, again);
    for (int n = 1; n <= 2; n++) {
        ck_assert_int_eq(document_next(&reader, &root, &line, &error), ERROR_NONE);
        ck_assert_int_eq((int)json_number_value(json_object_get(root, "n")), n);
        ck_assert_uint_eq(line, 2);
        json_decref(root);
    }
    ck_assert_int_eq(document_peek(&reader, &first, &error), ERROR_NONE);
    ck_assert_ptr_null(first);
    document_close(&reader);
}
END_TEST

Suite *document_suite(void)
{
    Suite *suite = suite_create("document");
    TCase *tests = folder_case(suite, "document");
    tcase_add_test(tests, documents_need_no_lines);
    tcase_add_test(tests, depth_has_an_end);
    tcase_add_test(tests, what_is_no_json_is_placed);
    tcase_add_test(tests, texts_with_control_characters_are_refused);
    tcase_add_test(tests, files_that_cannot_be_read);
    tcase_add_test(tests, what_is_peeked_at_is_still_to_come);
    tcase_add_test(tests, values_are_printed);
    return suite;
}
