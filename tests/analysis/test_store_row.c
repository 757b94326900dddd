/* What a row of somebody else's store may say. */
#include "analysis/store_row.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>

static const struct store store = {.path = "s.db"};
static struct error error;
static sqlite3 *db;
static sqlite3_stmt *row;

/* A row of that one value, written in SQL. */
static void select_value(const char *value)
{
    char text[200];
    snprintf(text, sizeof text, "SELECT %s AS law", value);
    sqlite3_finalize(row);
    ck_assert_int_eq(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
    ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
    error = (struct error){0};
}

static void set_up(void)
{
    ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
}

static void tear_down(void)
{
    sqlite3_finalize(row);
    sqlite3_close(db);
}

static void check_says(int code, const char *words)
{
    ck_assert_int_eq(code, ERROR_RESOURCE);
    ck_assert_int_eq(error.code, ERROR_RESOURCE);
    ck_assert_str_eq(error.text, words);
}

START_TEST(texts_stand_in_output)
{
    char *text = NULL;
    select_value("'w\u00f6rds, \"quoted\"'");
    ck_assert_int_eq(store_row_text(&store, row, 0, &text, &error), ERROR_NONE);
    ck_assert_str_eq(text, "w\u00f6rds, \"quoted\"");
    free(text);
    select_value("char(97, 27) || '[2J'");
    check_says(store_row_text(&store, row, 0, &text, &error),
               "store 's.db': law 'a\\x1b[2J' has a control character, and cannot stand in output");
    ck_assert_ptr_null(text);
    select_value("CAST(x'61ff' AS TEXT)");
    check_says(store_row_text(&store, row, 0, &text, &error),
               "store 's.db': law 'a\\xff' is not UTF-8, and cannot stand in output");
    select_value("NULL");
    check_says(store_row_text(&store, row, 0, &text, &error), "store 's.db' is damaged: law of a row is no text");
}
END_TEST

START_TEST(numbers_are_whole)
{
    static const char *const others[] = {
        "NULL", "''", "'-1'", "' 1'", "'1' || char(27) || '[2J'", "'18446744073709551616'", "'1.5'"};
    uint64_t number = 0;
    select_value("'18446744073709551615'");
    ck_assert_int_eq(store_row_number(&store, row, 0, &number, &error), ERROR_NONE);
    ck_assert_uint_eq(number, UINT64_MAX);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        select_value(others[i]);
        check_says(store_row_number(&store, row, 0, &number, &error),
                   "store 's.db' is damaged: law of a row is no whole number");
    }
}
END_TEST

/* Of JSON every text counts, be it written with an escape; a formula may have several lines. */
START_TEST(documents_stand_in_output)
{
    static const char *const others[] = {"'{\"a\":\"\\u001b[2J\"}'", "'{\"\\u001b[2J\":1}'", "'[[\"\\u009b2J\"]]'",
                                         "'{\"a\\nb\":1}'", "'{\"a\":{\"b\":[\"\\u202e\"]}}'"};
    json_t *document = NULL;
    select_value("'{\"a\":\"x\\ny\",\"b\":[1]}'");
    ck_assert_int_eq(store_row_document(&store, row, 0, &document, &error), ERROR_NONE);
    ck_assert_str_eq(json_string_value(json_object_get(document, "a")), "x\ny");
    json_decref(document);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        select_value(others[i]);
        ck_assert_int_eq(store_row_document(&store, row, 0, &document, &error), ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, " has a control character, and cannot stand in output"), "%s", error.text);
        ck_assert_ptr_null(document);
    }
    select_value("'{'");
    check_says(store_row_document(&store, row, 0, &document, &error),
               "store 's.db' is damaged: law of a row is no JSON");
    select_value("'{\"a\":\"' || char(27) || '\"}'"); // JSON has none of them but escaped
    check_says(store_row_document(&store, row, 0, &document, &error),
               "store 's.db' is damaged: law of a row is no JSON");
}
END_TEST

Suite *store_row_suite(void)
{
    Suite *suite = suite_create("store_row");
    TCase *tests = tcase_create("rows");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, texts_stand_in_output);
    tcase_add_test(tests, numbers_are_whole);
    tcase_add_test(tests, documents_stand_in_output);
    suite_add_tcase(suite, tests);
    return suite;
}
