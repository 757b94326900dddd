#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/formula.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The only block of a formula without sections; the formula owns it. */
static const struct graph *parse(const char *text, struct formula *formula)
{
    struct error error;
    ck_assert_msg(formula_parse(text, strlen(text), "formula", formula, &error) == ERROR_NONE, "%s", error.text);
    return &formula->rules[0].block;
}

static void assert_node(const struct graph *graph, int index, enum graph_kind kind, int a, int b)
{
    ck_assert_int_lt(index, graph->node_count);
    ck_assert_int_eq(graph->nodes[index].kind, kind);
    ck_assert_int_eq(graph->nodes[index].a, a);
    ck_assert_int_eq(graph->nodes[index].b, b);
}

START_TEST(shadowed_name_keeps_its_old_readers)
{
    struct formula formula;
    const struct graph *graph = parse("y = attn(x); z = y; y = norm(x); x = y + z", &formula);
    ck_assert_int_eq(graph->node_count, 4);
    assert_node(graph, 0, GRAPH_INPUT, -1, -1);
    assert_node(graph, 1, GRAPH_ATTN, 0, -1);
    assert_node(graph, 2, GRAPH_NORM, 0, -1);
    assert_node(graph, 3, GRAPH_SUM, 2, 1);
    ck_assert_int_eq(graph->output, 3);
    ck_assert_int_eq(graph->statements[1].node, 1); /* z is what y was */
    formula_free(&formula);
}
END_TEST

START_TEST(x_is_input_until_assigned)
{
    struct formula formula;
    const struct graph *graph = parse("w = x; x = norm(x); y = attn(x); x = y + w", &formula);
    assert_node(graph, 1, GRAPH_NORM, 0, -1);
    assert_node(graph, 2, GRAPH_ATTN, 1, -1);
    assert_node(graph, 3, GRAPH_SUM, 2, 0);
    formula_free(&formula);
}
END_TEST

START_TEST(lowering_is_canonical)
{
    struct formula formula;
    const struct graph *graph = parse("x = (x - 3*norm(x))/d; x = -x", &formula);
    assert_node(graph, 0, GRAPH_INPUT, -1, -1);
    assert_node(graph, 1, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 2, GRAPH_NORM, 0, -1);
    assert_node(graph, 3, GRAPH_SCALE, 2, 1);
    assert_node(graph, 4, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 5, GRAPH_SCALE, 3, 4);
    assert_node(graph, 6, GRAPH_SUM, 0, 5);
    assert_node(graph, 7, GRAPH_VARIABLE, -1, -1);
    assert_node(graph, 8, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 9, GRAPH_DIVIDE, 8, 7);
    assert_node(graph, 10, GRAPH_SCALE, 6, 9);
    assert_node(graph, 11, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 12, GRAPH_SCALE, 10, 11);
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
    const struct graph *graph = parse("a = 2; b = -a; c2 = -2; e = 1 + 2; x = x*a*b*c2*e", &formula);
    assert_node(graph, 0, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 1, GRAPH_NEGATE, 0, -1);
    assert_node(graph, 2, GRAPH_NUMBER, -1, -1);
    assert_node(graph, 5, GRAPH_ADD, 3, 4); /* nothing else is folded */
    ck_assert_double_eq(graph->nodes[0].value, 2);
    ck_assert_double_eq(graph->nodes[2].value, -2);
    formula_free(&formula);
}
END_TEST

START_TEST(sites_are_numbered_by_kind)
{
    static const char *const names[] = {"attn", "ffn", "attn2", "moe", "attn3", "ffn2"};
    struct formula formula;
    const struct graph *graph = parse("y = ffn(attn(x)) + moe(attn(x)); u = norm(attn(x)); x = y + u + ffn(y)",
                                      &formula);
    ck_assert_int_eq(graph->site_count, COUNT(names));
    for (int i = 0; i < graph->site_count; i++) {
        const struct graph_node *node = &graph->nodes[graph->sites[i].node];
        ck_assert_int_eq(node->site, i);
        ck_assert(graph_is_branch(node->kind));
    }
    ck_assert_str_eq(graph->sites[0].name, "attn");
    ck_assert_str_eq(graph->sites[1].name, "ffn");
    ck_assert_str_eq(graph->sites[2].name, "attn2");
    ck_assert_str_eq(graph->sites[3].name, "moe");
    ck_assert_str_eq(graph->sites[4].name, "attn3");
    ck_assert_str_eq(graph->sites[5].name, "ffn2");
    formula_free(&formula);
}
END_TEST

START_TEST(node_knows_its_place)
{
    struct formula formula;
    const struct graph *graph = parse("y = x\n\tx = norm( y )+y*2", &formula);
    ck_assert_int_eq(graph->nodes[0].line, 1);
    ck_assert_int_eq(graph->nodes[0].column, 5);
    ck_assert_int_eq(graph->nodes[1].kind, GRAPH_NORM);
    ck_assert_int_eq(graph->nodes[1].line, 2);
    ck_assert_int_eq(graph->nodes[1].column, 6);
    ck_assert_int_eq(graph->nodes[3].kind, GRAPH_SCALE);
    ck_assert_int_eq(graph->nodes[3].column, 17);
    formula_free(&formula);
}
END_TEST

/* Each name reads its own member: with distinct values no two can be exchanged. */
START_TEST(variable_reads_its_member)
{
    static const struct graph_scope scope = {
        .L = 2, .l = 3, .d = 5, .T = 7, .F = 11, .H = 13, .E = 17, .k = 19, .phi2 = 23, .c = 29, .s = 31};
    static const char *const names[] = {"L", "l", "d", "T", "F", "H", "E", "k", "phi2", "c", "s"};
    static const double expected[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31};
    static const char *const target[] = {"w"};
    ck_assert_int_eq(graph_variable_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[32];
        struct graph graph;
        struct error error;
        double value;
        snprintf(text, sizeof text, "w = %s", names[i]);
        ck_assert_int_eq(formula_parse_scalars(text, strlen(text), "w", target, 1, &graph, &error), ERROR_NONE);
        ck_assert_int_eq(graph_evaluate(&graph, &scope, &value, &error), ERROR_NONE);
        ck_assert_double_eq(value, expected[i]);
        graph_free(&graph);
    }
}
END_TEST

static const struct {
    const char *text, *message;
} failures[] = {
    {"a = sqrt(2 - l); x = a*x", "formula: line 1, column 5: sqrt(...) is not a finite number in block 7"},
    {"x = x\nb = 2/(l - 7)", "formula: line 2, column 6: the result of '/' is not a finite number in block 7"},
    {"x = 10^l^l^l*x", "formula: line 1, column 9: the result of '^' is not a finite number in block 7"},
    {"x = x/(l - 7)", "formula: line 1, column 6: the result of '/' is not a finite number in block 7"},
    {"x = H*x", "formula: line 1, column 5: 'H' is not a finite number in block 7"},
    {"a = (-1)^0.5; x = x", "formula: line 1, column 9: the result of '^' is not a finite number in block 7"},
};

START_TEST(non_finite_scalar_is_located)
{
    static const struct graph_scope scope = {.L = 7, .l = 7, .H = INFINITY};
    struct formula formula;
    struct error error;
    double values[32];
    const struct graph *graph = parse(failures[_i].text, &formula);
    ck_assert_int_eq(graph_evaluate(graph, &scope, values, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, failures[_i].message);
    formula_free(&formula);
}
END_TEST

START_TEST(signals_keep_their_values)
{
    static const struct graph_scope scope = {.L = 7, .l = 2};
    struct formula formula;
    struct error error;
    double values[8] = {-9, -9, -9, -9, -9, -9, -9, -9};
    const struct graph *graph = parse("x = norm(x)*L", &formula);
    ck_assert_int_eq(graph_evaluate(graph, &scope, values, &error), ERROR_NONE);
    ck_assert_double_eq(values[0], -9);
    ck_assert_double_eq(values[1], -9);
    ck_assert_double_eq(values[2], 7);
    ck_assert_double_eq(values[3], -9);
    formula_free(&formula);
}
END_TEST

START_TEST(functions_are_found_by_name)
{
    static const struct {
        enum graph_kind kind;
        const char *name;
        int arguments;
        bool signal, branch;
    } functions[] = {{GRAPH_NORM, "norm", 1, true, false},  {GRAPH_ATTN, "attn", 1, true, true},
                     {GRAPH_FFN, "ffn", 1, true, true},     {GRAPH_MOE, "moe", 1, true, true},
                     {GRAPH_SQRT, "sqrt", 1, false, false}, {GRAPH_MIN, "min", 2, false, false},
                     {GRAPH_MAX, "max", 2, false, false}};
    int named = 0, arguments;
    for (enum graph_kind kind = 0; kind <= GRAPH_NOT_EQUAL; kind++)
        named += graph_function_name(kind) != NULL;
    ck_assert_int_eq(named, COUNT(functions));
    for (size_t i = 0; i < COUNT(functions); i++) {
        ck_assert_str_eq(graph_function_name(functions[i].kind), functions[i].name);
        ck_assert_int_eq(graph_function_find(functions[i].name, &arguments), functions[i].kind);
        ck_assert_int_eq(arguments, functions[i].arguments);
        ck_assert_int_eq(graph_is_signal(functions[i].kind), functions[i].signal);
        ck_assert_int_eq(graph_is_branch(functions[i].kind), functions[i].branch);
    }
    ck_assert_int_eq(graph_function_find("x", &arguments), -1);
    ck_assert_int_eq(graph_function_find("+", &arguments), -1);
    ck_assert_int_eq(graph_function_find("", &arguments), -1);
}
END_TEST

START_TEST(free_is_safe_twice)
{
    struct graph graph = {0};
    graph_free(&graph);
    graph_free(&graph);
    ck_assert_uint_eq(graph_print(&graph, "; ", NULL, 0), 0);
}
END_TEST

Suite *graph_suite(void)
{
    Suite *suite = suite_create("graph");
    TCase *tests = tcase_create("structure");
    tcase_add_test(tests, shadowed_name_keeps_its_old_readers);
    tcase_add_test(tests, x_is_input_until_assigned);
    tcase_add_test(tests, lowering_is_canonical);
    tcase_add_test(tests, only_literals_take_a_sign);
    tcase_add_test(tests, sites_are_numbered_by_kind);
    tcase_add_test(tests, node_knows_its_place);
    tcase_add_test(tests, functions_are_found_by_name);
    tcase_add_test(tests, free_is_safe_twice);
    suite_add_tcase(suite, tests);
    tests = tcase_create("evaluation");
    tcase_add_test(tests, variable_reads_its_member);
    tcase_add_loop_test(tests, non_finite_scalar_is_located, 0, COUNT(failures));
    tcase_add_test(tests, signals_keep_their_values);
    suite_add_tcase(suite, tests);
    return suite;
}
