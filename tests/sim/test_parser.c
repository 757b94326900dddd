#include "sim/parser.h"

#include <stdlib.h>
#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x + x", "line 1, column 3: expected '=' after 'x', found '+'"},
    {"y = (x + attn(x)", "line 1, column 17: expected ')' to close '(' of column 5, found end of line"},
    {"y = attn(x\nx = y", "line 1, column 11: expected ')' to close '(' of column 9, found end of line"},
    {"x = attn x", "line 1, column 10: expected '(' after 'attn', found 'x'"},
    {"x = norm(x)*(l < 2)", "line 1, column 16: expected ')' to close '(' of column 13, found '<'"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

/* Longer than any formula, read or not: nothing is left to free, and what was not begun can be ended. */
START_TEST(too_long_a_text)
{
    struct formula formula;
    struct graph graph;
    struct error error = {0};
    char *text = texts_repeat("w = 1", " ", FORMULA_TEXT_MAX - 4, "");
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "formula: the text has 65537 bytes; at most 65536 are allowed");
    ck_assert_int_eq(formula_parse_scalars(text, strlen(text), "init", &graph, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "init: the text has 65537 bytes; at most 65536 are allowed");
    ck_assert_int_eq(formula_parse_scalars(text, strlen(text) - 1, "init", &graph, &error), ERROR_NONE);
    graph_free(&graph);
    free(text);
}
END_TEST

Suite *parser_suite(void)
{
    Suite *suite = suite_create("parser");
    TCase *tests = tcase_create("parser");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, too_long_a_text);
    suite_add_tcase(suite, tests);
    return suite;
}
