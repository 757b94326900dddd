#include "sim/operation.h"

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = min(1)*x", "line 1, column 5: 'min' takes 2 scalars, found 1"},
    {"x = min(1, 2, 3)*x", "line 1, column 5: 'min' takes 2 scalars, found 3"},
    {"x = sqrt(1, 2)*x", "line 1, column 5: 'sqrt' takes 1 scalar, found 2"},
    {"x = sqrt(x)", "line 1, column 10: 'sqrt' takes a scalar, this is a signal"},
    {"x = max(1, x)", "line 1, column 12: 'max' takes a scalar, this is a signal"},
    {"block if sqrt((l < 2)) > 0: x = x", "line 1, column 15: 'sqrt' takes a scalar, this is a condition"},
    {"x = attend(x, x)", "line 1, column 5: 'attend' takes 3 signals, found 2"},
    {"x = tanh(x, x)", "line 1, column 5: 'tanh' takes 1 signal, found 2"},
    {"x = norm(eps=1)", "line 1, column 5: 'norm' takes 1 signal, found 0"},
    {"def sub(u) = moe(u); x = moe(x, body=sub)", "line 1, column 14: an expert has no experts of its own"},
    {"def no(u) = 2; x = moe(x, body=no)", "line 1, column 20: what an expert gives is a signal, this is a scalar"},
    {"x = wq_2(x)", "line 1, column 5: a matrix's name does not end in _ and a number"},
    {"x = wabcdefghijklmnopqrstuvwx(x)", "line 1, column 5: a matrix's name has at most 24 characters"},
    {"input m; x = attend(x, m, x)", "line 1, column 14: keys and values are of different tokens"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

/* The width of an expert is F in its body, also where that is not the usual one. */
START_TEST(a_mixture_hands_its_width_on)
{
    static const char *const texts[] = {"x = moe(x, width=7)", "x = moe(x, body=glu, width=7)"};
    for (size_t i = 0; i < COUNT(texts); i++) {
        struct formula formula;
        const struct graph *graph = texts_parse(texts[i], &formula);
        const struct graph_node *moe = &graph->nodes[graph->outputs[0]], *up = &graph->nodes[graph->matrices[0].node];
        ck_assert_int_eq((int)moe->kind, GRAPH_MOE);
        ck_assert_double_eq(graph->nodes[moe->option[GRAPH_MOE_WIDTH]].value, 7);
        ck_assert_int_eq(up->option[GRAPH_MAP_FAN_OUT], moe->option[GRAPH_MOE_WIDTH]);
        ck_assert_int_eq((int)graph->nodes[up->a].kind, GRAPH_EXPERT);
        ck_assert_int_eq(up->mixture, 0);
        ck_assert_str_eq(graph->matrices[graph->matrix_count - 1].label, "moe.wr");
        formula_free(&formula);
    }
}
END_TEST

Suite *operation_suite(void)
{
    Suite *suite = suite_create("operation");
    TCase *tests = tcase_create("operation");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, a_mixture_hands_its_width_on);
    suite_add_tcase(suite, tests);
    return suite;
}
