#include "sim/define.h"

#include <stdio.h>
#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"def norm(u) = u; x = x", "line 1, column 5: 'norm' is the language's own and cannot be defined"},
    {"def f2(u) = norm(u); x = x", "line 1, column 5: a def's name does not end in a digit: its calls are numbered"},
    {"def f(u) = norm(u); def f(u) = u; x = x", "line 1, column 25: 'f' is defined already"},
    {"def f(a, b, e, f, g, h, i, j, u) = norm(u); x = x", "line 1, column 31: at most 8 parameters"},
    {"def f\u00fc(u) = norm(u); x = x", "line 1, column 5: expected the name of a def, found 'f\u00fc'"
                                        "; names are of a to z, A to Z, 0 to 9 and _"},
    {"def f(\u00fcb) = norm(x); x = x", "line 1, column 7: expected the name of a parameter, found '\u00fcb'"
                                        "; names are of a to z, A to Z, 0 to 9 and _"},
    {"def f(u) = u + n\u00f6rm(u); x = x", "line 1, column 16: unknown function 'n\u00f6rm'; did you mean 'norm'?"},
    {"def f(u) = gr\u00f6\u00dfe*norm(u); x = x", "line 1, column 12: unknown name 'gr\u00f6\u00dfe'"
                                                  "; names are of a to z, A to Z, 0 to 9 and _"},
    {"def f(u, a=gr\u00f6\u00dfe) = a*norm(u); x = f(x, 1)", "line 1, column 12: unknown name 'gr\u00f6\u00dfe'"
                                                             "; names are of a to z, A to Z, 0 to 9 and _"},
    {"def f(u, u) = norm(u); x = x", "line 1, column 10: there is a parameter 'u' already"},
    {"def f(u = 1, v) = norm(v); x = x",
     "line 1, column 14: a parameter without a default stands before those with one"},
    {"def f(u = ) = norm(u); x = x", "line 1, column 11: expected a default, found ')'"},
    {"def f(u) = norm(u) \xff; x = x",
     "line 1, column 20: expected an operator or the end of the definition, found byte 0xff"},
    {"def f(u, v = norm(u $)) = norm(v); x = x", "line 1, column 21: expected ',' or ')', found '$'"},
    {"def f(u) = $; x = x", "line 1, column 12: expected what it computes, found '$'"},
    {"def f(u) = ; x = x", "line 1, column 12: expected what it computes, found ';'"},
    {"def f(u) norm(u); x = x", "line 1, column 10: expected '=' and what it computes, found 'norm'"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

/* The prelude has three of the definitions. */
static const struct text_limit limits[] = {
    {"def ", "f", "(u) = norm(u); x = x", PARSER_NAME_MAX, "a def's name has at most 24 characters"},
};

START_TEST(limit_is_an_error_not_a_crash)
{
    texts_check_limit(&limits[_i]);
}
END_TEST

START_TEST(a_gated_activation_changes_ffn_alone)
{
    struct formula formula;
    struct error error;
    const struct graph *graph = texts_parse("x = x + ffn(x) + attn(x)", &formula);
    ck_assert_int_eq(graph->matrix_count, 6);
    ck_assert_int_eq(formula_set_gated(&formula, true, &error), ERROR_NONE);
    graph = &formula.rules[0].block;
    ck_assert_int_eq(graph->matrix_count, 7);
    ck_assert_str_eq(graph->matrices[0].label, "ffn.wg");
    ck_assert_int_eq(formula_set_gated(&formula, false, &error), ERROR_NONE);
    ck_assert_int_eq(formula.rules[0].block.matrix_count, 6);
    formula_free(&formula);
}
END_TEST

/* Three of the 64 are the prelude's. */
START_TEST(so_many_definitions)
{
    enum { ALLOWED = PARSER_DEFINITIONS_MAX - 3 };
    char text[40 * PARSER_DEFINITIONS_MAX] = "";
    struct formula formula;
    struct error error;
    for (int i = 0; i < ALLOWED; i++)
        sprintf(text + strlen(text), "def f%c%c(u) = norm(u); ", 'a' + i / 26, 'a' + i % 26);
    size_t length = strlen(text);
    strcpy(text + length, "x = fcz(x)");
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    strcpy(text + length, "x = fci(x)"); // the last
    texts_parse(text, &formula);
    ck_assert_int_eq(formula.head.definition_count, ALLOWED);
    formula_free(&formula);
    strcpy(text + length, "def g(u) = u; x = x");
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "at most 64 definitions"));
}
END_TEST

/* One of the text takes the place of the prelude's, in what follows it. */
START_TEST(the_prelude_can_be_redefined)
{
    struct formula formula;
    const struct graph *graph = texts_parse("def two(u) = ffn(ffn(u)); def ffn(u) = norm(u); x = two(x) + ffn(x)",
                                            &formula);
    ck_assert_int_eq(graph->matrix_count, 4);
    ck_assert_str_eq(graph->matrices[0].label, "two.w1");
    ck_assert_int_eq((int)graph->nodes[graph->nodes[graph->outputs[0]].b].kind, GRAPH_NORM);
    ck_assert_int_eq(graph->site_count, 1);
    formula_free(&formula);
}
END_TEST

Suite *define_suite(void)
{
    Suite *suite = suite_create("define");
    TCase *tests = tcase_create("define");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, a_gated_activation_changes_ffn_alone);
    tcase_add_loop_test(tests, limit_is_an_error_not_a_crash, 0, COUNT(limits));
    tcase_add_test(tests, so_many_definitions);
    tcase_add_test(tests, the_prelude_can_be_redefined);
    suite_add_tcase(suite, tests);
    return suite;
}
