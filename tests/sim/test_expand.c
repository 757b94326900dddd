#include "sim/expand.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = attn(2*d)", "line 1, column 5: within 'attn': 'wq' takes a signal, this is a scalar"},
    {"x = ffn(x, cap=3)", "line 1, column 12: 'cap' says nothing to 'ffn'"},
    {"x = ffn(x, x)", "line 1, column 12: 'ffn' takes at most 1 argument"},
    {"x = attn()", "line 1, column 5: 'attn' needs 'u'"},
    {"x = attn(x, u=x)", "line 1, column 13: 'u' is given twice"},
    {"x = moe(x, body=attn)",
     "line 1, column 5: within 'attn': an expert sees its tokens one by one and cannot attend"},
    {"def f(u) = u; x = f(x)", "line 1, column 19: 'f' gives an argument back as it is"},
    {"def f(u) = norm(u) u; x = f(x)",
     "line 1, column 20: expected an operator or the end of the definition, found 'u'"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

/* Who called, and where: of the text's definitions and of the prelude's. */
static const struct text_message blames[] = {
    {"def f(u) = norm(v)\n  x = x + f(x)", "formula: line 1, column 17: unknown name 'v'\n"
                                           "  def f(u) = norm(v)\n"
                                           "                  ^\n"
                                           "  in the definition of 'f', called in line 2, column 11"},
    {"def two(u) = ffn(u) + glu(2)\nx = two(x)",
     "formula: line 1, column 23: within 'glu': 'wg' takes a signal, this is a scalar\n"
     "  def two(u) = ffn(u) + glu(2)\n"
     "                        ^\n  in the definition of 'two', called in line 2, column 5"},
    {"def f(u) = norm(v); x = x + f(x) # both", "formula: line 1, column 17: unknown name 'v'\n"
                                                "  def f(u) = norm(v); x = x + f(x) # both\n"
                                                "                  ^\n"
                                                "  in the definition of 'f', called in line 1, column 29"},
    {"x = ffn(2)", "formula: line 1, column 5: within 'ffn': 'w1' takes a signal, this is a scalar\n"
                   "  x = ffn(2)\n"
                   "      ^"},
};

START_TEST(error_says_who_called)
{
    struct error error;
    struct formula formula;
    const char *text = blames[_i].text;
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, blames[_i].message);
}
END_TEST

/* What no section calls is read all the same, its parameters signals or scalars, whichever makes sense. */
static const struct text_message unused[] = {
    {"def f(u) = norm(v); x = norm(x)", "line 1, column 17: unknown name 'v'"},
    {"def f(u) = nrom(u)\nx = norm(x)", "line 1, column 12: unknown function 'nrom'; did you mean 'norm'?"},
    {"def f(u, a) = norm(u, groups=norm(a)); x = norm(x)", "line 1, column 30: groups is a scalar, this is a signal"},
    {"def f(u) = attend(u, u); x = norm(x)", "line 1, column 12: 'attend' takes 3 signals, found 2"},
    {"def f(u, a) = norm(u) + sqrt(a); x = norm(x)", "line 1, column 23: cannot add a scalar to a signal"},
    {"def f(u, a) = 1/(u + norm(a)); x = norm(x)", "line 1, column 16: cannot divide a scalar by a signal"},
    {"def f(u, a = norm(2)) = a*norm(u); x = norm(x)", "line 1, column 19: 'norm' takes a signal, this is a scalar"},
    {"def f(u) = ffn(u, cap=2); x = norm(x)", "line 1, column 19: 'cap' says nothing to 'ffn'"},
    {"def f(u) = ffn(sqrt(u)); x = norm(x)", "line 1, column 12: within 'ffn': 'w1' takes a signal, this is a scalar"},
    {"def f(u) = u; x = norm(x)", "line 1, column 5: 'f' gives an argument back as it is"},
    {"def f(u) = norm(v); def g(u) = f(u) + f(u); x = x", "line 1, column 17: unknown name 'v'"},
};

START_TEST(what_nothing_calls_is_checked)
{
    texts_check_message(&unused[_i]);
}
END_TEST

/* In none of them can it be known what the parameters are, but that they are something. */
START_TEST(parameters_may_be_anything)
{
    static const char *const texts[] = {
        "def f(u, a) = a*u/a; x = norm(x)",
        "def f(u, a, b) = attn(u, window=a)*(a + b) - norm(u)*b; x = norm(x)",
        "def f(a, b = 2*a) = sqrt(a)^b; x = norm(x)",
        "def f(u, a) = -(u - a)*tanh(a*u); x = norm(x)",
        "def f(u, v) = moe(u*v, body=g); def g(u) = w2(u)*u; x = norm(x)",
    };
    struct formula formula;
    for (size_t i = 0; i + 1 < COUNT(texts); i++) {
        texts_parse(texts[i], &formula);
        formula_free(&formula);
    }
    struct error error;
    const char *before = texts[COUNT(texts) - 1]; // a definition calls those before it only
    ck_assert_int_eq(formula_parse(before, strlen(before), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "line 1, column 29: unknown def 'g'"));
}
END_TEST

/* Options of a def's call are those of what it calls, and the innermost says the last word. */
START_TEST(options_reach_into_definitions)
{
    struct formula formula;
    struct error error;
    const char *text = "def one(u) = attn(u, cap=2) + attn(u); x = one(x, cap=3, mask=causal, width=7)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "'width' says nothing to 'one'"));
    text = "def one(u) = attn(u, cap=2) + attn(u); x = one(x, cap=3, mask=causal)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    const struct graph *graph = &formula.rules[0].block;
    int found = 0;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (node->kind != GRAPH_ATTEND)
            continue;
        ck_assert_double_eq(graph->nodes[node->option[GRAPH_ATTEND_CAP]].value, found == 0 ? 2 : 3);
        ck_assert_int_eq(node->option[GRAPH_ATTEND_MASK], 1);
        ck_assert_int_eq(node->option[GRAPH_ATTEND_WINDOW], -1);
        found++;
    }
    ck_assert_int_eq(found, 2);
    formula_free(&formula);
}
END_TEST

/* A default may be of the parameters before it, and of the model; it is read where it is needed. */
START_TEST(defaults_are_expressions)
{
    struct formula formula;
    const struct graph *graph = texts_parse("def f(u, v = norm(u), a = 2*d) = a*(u + v); x = f(x)", &formula);
    texts_check_node(graph, 1, GRAPH_NORM, 0, -1);
    texts_check_node(graph, 4, GRAPH_MULTIPLY, 2, 3);
    texts_check_node(graph, 5, GRAPH_SUM, 0, 1);
    texts_check_node(graph, 6, GRAPH_SCALE, 5, 4);
    ck_assert_int_eq(graph->node_count, 7);
    formula_free(&formula);
    graph = texts_parse("def f(u, v = norm(u), a = 2*d) = a*(u + v); x = f(x, x, 3)", &formula);
    ck_assert_int_eq(graph->node_count, 4);
    formula_free(&formula);
}
END_TEST

/* Of 60000 bytes, 18 bodies are not more than 16 times the longest text; nodes are few. */
START_TEST(long_bodies_end)
{
    char *head = texts_repeat("def f(u) = norm(u", " ", 60000, "); x = x");
    texts_check_limit(
        &(struct text_limit){head, "+f(x)", "", 18, "too long: the definitions called are more than 1048576 bytes"});
    free(head);
}
END_TEST

/* A chain of definitions, each calling the one before it with all of eight arguments. */
static void print_chain(int count, char *text)
{
    text += sprintf(text, "def f(a,b,u,v,y,z,g,h) = norm(a)\n");
    char name[64] = "f", next[64];
    for (int i = 1; i < count; i++, strcpy(name, next)) {
        snprintf(next, sizeof next, "f%c%c", 'a' + i / 26, 'a' + i % 26);
        text += sprintf(text, "def %s(a,b,u,v,y,z,g,h) = %s(a,b,u,v,y,z,g,h)\n", next, name);
    }
    sprintf(text, "x = %s(x,x,x,x,x,x,x,x)", name);
}

START_TEST(deep_calls_end)
{
    enum { ALLOWED = PARSER_BINDINGS_MAX / 8 };
    char text[64 * (ALLOWED + 3)];
    struct formula formula;
    struct error error;
    print_chain(ALLOWED, text);
    ck_assert_int_eq(texts_parse(text, &formula)->node_count, 2);
    formula_free(&formula);
    print_chain(ALLOWED + 1, text);
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "nested too deeply: at most 256 arguments at a time"));
}
END_TEST

Suite *expand_suite(void)
{
    Suite *suite = suite_create("expand");
    TCase *tests = tcase_create("expand");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_loop_test(tests, error_says_who_called, 0, COUNT(blames));
    tcase_add_loop_test(tests, what_nothing_calls_is_checked, 0, COUNT(unused));
    tcase_add_test(tests, parameters_may_be_anything);
    tcase_add_test(tests, options_reach_into_definitions);
    tcase_add_test(tests, defaults_are_expressions);
    tcase_add_test(tests, long_bodies_end);
    tcase_add_test(tests, deep_calls_end);
    suite_add_tcase(suite, tests);
    return suite;
}
