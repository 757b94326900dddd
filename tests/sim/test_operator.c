#include "sim/operator.h"

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = x + 1", "line 1, column 7: cannot add a scalar to a signal"},
    {"x = 1 + x", "line 1, column 7: cannot add a signal to a scalar"},
    {"x = x - L", "line 1, column 7: cannot subtract a scalar from a signal"},
    {"x = L - x", "line 1, column 7: cannot subtract a signal from a scalar"},
    {"x = x/x", "line 1, column 6: cannot divide two signals; divide by a scalar"},
    {"x = 1/x", "line 1, column 6: cannot divide a scalar by a signal"},
    {"x = x^2", "line 1, column 6: cannot raise a signal to a power"},
    {"x = x^x", "line 1, column 6: cannot raise a signal to a power"},
    {"x = 2^x", "line 1, column 6: cannot raise a scalar to the power of a signal"},
    {"block if (l < 2) + 1 > 0: x = x",
     "line 1, column 18: a condition is no number; join conditions by 'and', 'or', 'not'"},
    {"block if -(l < 2): x = x", "line 1, column 10: a condition has no sign; its opposite is 'not'"},
    {"block if l < (l < 2): x = x",
     "line 1, column 12: a condition is no number; join conditions by 'and', 'or', 'not'"},
    {"input m; x = x + m",
     "line 1, column 16: a signal of the memory's tokens meets one of the sequence's; only attend can"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

START_TEST(lowering_is_canonical)
{
    struct formula formula;
    const struct graph *graph = texts_parse("x = (x - 3*norm(x))/d; x = -x", &formula);
    texts_check_node(graph, 0, GRAPH_INPUT, -1, -1);
    texts_check_node(graph, 1, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 2, GRAPH_NORM, 0, -1);
    texts_check_node(graph, 3, GRAPH_SCALE, 2, 1);
    texts_check_node(graph, 4, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 5, GRAPH_SCALE, 3, 4);
    texts_check_node(graph, 6, GRAPH_SUM, 0, 5);
    texts_check_node(graph, 7, GRAPH_VARIABLE, -1, -1);
    texts_check_node(graph, 8, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 9, GRAPH_DIVIDE, 8, 7);
    texts_check_node(graph, 10, GRAPH_SCALE, 6, 9);
    texts_check_node(graph, 11, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 12, GRAPH_SCALE, 10, 11);
    ck_assert_int_eq(graph->node_count, 13);
    ck_assert_double_eq(graph->nodes[4].value, -1);
    ck_assert_double_eq(graph->nodes[8].value, 1);
    ck_assert_double_eq(graph->nodes[11].value, -1);
    formula_free(&formula);
}
END_TEST

START_TEST(only_literals_take_a_sign)
{
    struct formula formula;
    const struct graph *graph = texts_parse("a = 2; b = -a; c2 = -2; e = 1 + 2; x = x*a*b*c2*e", &formula);
    texts_check_node(graph, 0, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 1, GRAPH_NEGATE, 0, -1);
    texts_check_node(graph, 2, GRAPH_NUMBER, -1, -1);
    texts_check_node(graph, 5, GRAPH_ADD, 3, 4); /* nothing else is folded */
    ck_assert_double_eq(graph->nodes[0].value, 2);
    ck_assert_double_eq(graph->nodes[2].value, -2);
    formula_free(&formula);
}
END_TEST

Suite *operator_suite(void)
{
    Suite *suite = suite_create("operator");
    TCase *tests = tcase_create("operator");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, lowering_is_canonical);
    tcase_add_test(tests, only_literals_take_a_sign);
    suite_add_tcase(suite, tests);
    return suite;
}
