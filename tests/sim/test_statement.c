#include "sim/statement.h"

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = x x", "line 1, column 7: expected an operator or the end of the statement, found 'x'"},
    {"x = 2x", "line 1, column 6: expected an operator or the end of the statement, found 'x'"},
    {"x = x < 2", "line 1, column 7: expected an operator or the end of the statement, found '<'"},
    {"gr\u00f6\u00dfe = x", "line 1, column 1: expected a statement 'name = expression', found 'gr\u00f6\u00dfe'"
                            "; names are of a to z, A to Z, 0 to 9 and _"},
    {"bl\u00f6ck: x = x", "line 1, column 1: unknown section 'bl\u00f6ck'; did you mean 'block'?"},
    {"2 = x", "line 1, column 1: expected a statement 'name = expression', found '2'"},
    {"= x", "line 1, column 1: expected a statement 'name = expression', found '='"},
    {"L = 3", "line 1, column 1: 'L' is reserved and cannot be assigned"},
    {"norm = x", "line 1, column 1: 'norm' is reserved and cannot be assigned"},
    {"abcdefghijklmnopqrstuvwxyz012345 = x", "line 1, column 1: a name has at most 31 characters"},
    {"def f(L) = L; x = x", "line 1, column 7: 'L' is reserved and cannot be assigned"},
    {"input m; m = x; x = x", "line 1, column 10: 'm' is an input and cannot be assigned"},
    {"input m, n; x = attn(x, m)", "line 1, column 10: nothing reads the input 'n'"},
    {"input m; x = m", "line 1, column 10: 'x' is a signal of the sequence's tokens, this is one of the memory's"},
    {"state x, u; u = 2; x = x", "line 1, column 13: 'u' is a signal and cannot become a scalar"},
    {"y.z = x; x = x", "line 1, column 1: a name has no dot outside of initialisations"},
    {"y = x; y = 2", "line 1, column 8: 'y' is a signal and cannot become a scalar"},
    {"a = 2; a = x", "line 1, column 8: 'a' is a scalar and cannot become a signal"},
    {"x = 2", "line 1, column 1: 'x' is a signal and cannot become a scalar"},
    {"frist: x = x", "line 1, column 1: unknown section 'frist'; did you mean 'first'?"},
    {"head: x = x", "line 1, column 1: unknown section 'head'; known are first, block, final"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

/* What became a function or a variable later is free where it is not called. */
START_TEST(names_that_are_free)
{
    struct formula formula;
    const struct graph *graph = texts_parse("exp = 2; heads = exp; x = heads*exp(1)*x", &formula);
    ck_assert_int_eq(graph->statements[0].node, graph->statements[1].node);
    texts_check_node(graph, 0, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 2, GRAPH_EXP, 1, -1);
    texts_check_node(graph, 3, GRAPH_MULTIPLY, 0, 2);
    formula_free(&formula);
}
END_TEST

START_TEST(semicolons_and_lines_end_statements)
{
    struct formula formula;
    const struct graph *graph = texts_parse(";;\n y = x # one\n;x = y;\n\nx = norm(x)", &formula);
    ck_assert_int_eq(graph->statement_count, 3);
    ck_assert_int_eq((int)graph->nodes[graph->outputs[0]].kind, GRAPH_NORM);
    formula_free(&formula);
}
END_TEST

Suite *statement_suite(void)
{
    Suite *suite = suite_create("statement");
    TCase *tests = tcase_create("statement");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, names_that_are_free);
    tcase_add_test(tests, semicolons_and_lines_end_statements);
    suite_add_tcase(suite, tests);
    return suite;
}
