#include "sim/name.h"

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"y = nrom(x + attn(x))", "line 1, column 5: unknown function 'nrom'; did you mean 'norm'?"},
    {"\n# a comment\n\tskip = x; x = skp", "line 3, column 16: unknown name 'skp'; did you mean 'skip'?"},
    {"block if l\u00e4yer < 2: x = x", "line 1, column 10: unknown name 'l\u00e4yer'"
                                       "; names are of a to z, A to Z, 0 to 9 and _"},
    {"x = x + w\u00f6(x)", "line 1, column 9: unknown function 'w\u00f6'"
                           "; names are of a to z, A to Z, 0 to 9 and _"}, // and no matrix
    {"x = softmax(x)", "line 1, column 5: unknown function 'softmax'"},
    {"x = q", "line 1, column 5: unknown name 'q'"},
    {"x = x*D", "line 1, column 7: unknown name 'D'; did you mean 'd'?"},
    {"x = s*x", "line 1, column 5: 's' is known in initialisations only"},
    {"y = y", "line 1, column 5: unknown name 'y'"},
    {"block: y = x; x = y\nfinal: x = y", "line 2, column 12: unknown name 'y'"},
    {"block if x < 1: x = x", "line 1, column 10: unknown name 'x'"},
    {"x = abcdefghijklmnopqrstuvwxyz0123456", "line 1, column 5: unknown name 'abcdefghijklmnopqrstuvwxyz012345...'"},
    {"def f(u) = g(u); def g(u) = norm(u); x = f(x)",
     "line 1, column 12: 'g' is not defined yet: a definition calls those above it, never itself"},
    {"def f(u) = f(u); x = f(x)",
     "line 1, column 12: 'f' is not defined yet: a definition calls those above it, never itself"},
    {"def f(u) = norm(v); x = f(x)", "line 1, column 17: unknown name 'v'"},
    {"def f(signal) = norm(signl); x = f(x)", "line 1, column 22: unknown name 'signl'; did you mean 'signal'?"},
    {"def f(u) = norm(skp); skip = x; x = f(skip)", "line 1, column 17: unknown name 'skp'"},
    {"def f(u) = norm(x); x = f(x)", "line 1, column 17: unknown name 'x'"},
    {"block if attn(1) < 3: x = x",
     "line 1, column 10: unknown function 'attn'; known are sqrt, exp, log, floor, min, max, mod"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

START_TEST(shadowed_name_keeps_its_old_readers)
{
    struct formula formula;
    const struct graph *graph = texts_parse("y = wq(x); z = y; y = norm(x); x = y + z", &formula);
    ck_assert_int_eq(graph->node_count, 4);
    texts_check_node(graph, 0, GRAPH_INPUT, -1, -1);
    texts_check_node(graph, 1, GRAPH_MAP, 0, -1);
    texts_check_node(graph, 2, GRAPH_NORM, 0, -1);
    texts_check_node(graph, 3, GRAPH_SUM, 2, 1);
    ck_assert_int_eq(graph->outputs[0], 3);
    ck_assert_int_eq(graph->statements[1].node, 1); /* z is what y was */
    formula_free(&formula);
}
END_TEST

START_TEST(x_is_input_until_assigned)
{
    struct formula formula;
    const struct graph *graph = texts_parse("w = x; x = norm(x); y = wq(x); x = y + w", &formula);
    texts_check_node(graph, 1, GRAPH_NORM, 0, -1);
    texts_check_node(graph, 2, GRAPH_MAP, 1, -1);
    texts_check_node(graph, 3, GRAPH_SUM, 2, 0);
    formula_free(&formula);
}
END_TEST

Suite *name_suite(void)
{
    Suite *suite = suite_create("name");
    TCase *tests = tcase_create("name");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, shadowed_name_keeps_its_old_readers);
    tcase_add_test(tests, x_is_input_until_assigned);
    suite_add_tcase(suite, tests);
    return suite;
}
