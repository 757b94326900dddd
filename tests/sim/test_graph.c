#include <math.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "sim/formula.h"
#include "sim/print.h"

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
    const struct graph *graph = parse("y = wq(x); z = y; y = norm(x); x = y + z", &formula);
    ck_assert_int_eq(graph->node_count, 4);
    assert_node(graph, 0, GRAPH_INPUT, -1, -1);
    assert_node(graph, 1, GRAPH_MAP, 0, -1);
    assert_node(graph, 2, GRAPH_NORM, 0, -1);
    assert_node(graph, 3, GRAPH_SUM, 2, 1);
    ck_assert_int_eq(graph->outputs[0], 3);
    ck_assert_int_eq(graph->statements[1].node, 1); /* z is what y was */
    formula_free(&formula);
}
END_TEST

START_TEST(x_is_input_until_assigned)
{
    struct formula formula;
    const struct graph *graph = parse("w = x; x = norm(x); y = wq(x); x = y + w", &formula);
    assert_node(graph, 1, GRAPH_NORM, 0, -1);
    assert_node(graph, 2, GRAPH_MAP, 1, -1);
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

START_TEST(sites_are_numbered_by_name)
{
    static const char *const names[] = {"attn", "ffn", "attn2", "moe", "attn3", "ffn2", ""};
    struct formula formula;
    const struct graph *graph = parse(
        "y = ffn(attn(x)) + moe(attn(x)); u = norm(attn(x)); x = y + u + ffn(y) + wz(y) + wz(u)", &formula);
    ck_assert_int_eq(graph->site_count, COUNT(names));
    for (int i = 0; i < graph->site_count; i++) {
        const struct graph_site *site = &graph->sites[i];
        ck_assert_str_eq(site->name, names[i]);
        ck_assert_int_eq(site->attends, strncmp(names[i], "attn", 4) == 0);
        ck_assert_int_eq(site->output >= 0, names[i][0] != '\0');
        if (site->output >= 0)
            ck_assert_int_eq(graph->nodes[site->output].site, i);
    }
    formula_free(&formula);
}
END_TEST

/* Addresses within a site: those of the prelude's names are fixed, others are counted, an expert's by matrices. */
START_TEST(matrices_have_labels_and_addresses)
{
    static const struct {
        const char *label;
        unsigned place, matrix, expert;
    } expected[] = {
        {"wz", 0, 8, 0},       {"attn.wq", 1, 0, 0}, {"attn.wk", 1, 1, 0},  {"attn.wv", 1, 2, 0},
        {"attn.wo", 1, 3, 0},  {"wz_2", 0, 8, 1},    {"wq", 0, 0, 0},       {"two.w2", 2, 6, 0},
        {"two.w2_2", 2, 8, 0}, {"two.wa", 2, 8, 1},  {"two2.w2", 3, 6, 0},  {"two2.w2_2", 3, 8, 0},
        {"two2.wa", 3, 8, 1},  {"moe.w1", 4, 4, 0},  {"moe.w1_2", 4, 9, 0}, {"moe.wb", 4, 10, 0},
        {"moe.wr", 4, 7, 0},
    };
    struct formula formula;
    const struct graph *graph = parse("def two(u) = w2(w2(u)) + wa(u); def e(u) = w1(w1(u)) + wb(u);"
                                      "x = wz(x) + attn(x) + wz(x) + wq(x) + two(x) + two(x) + moe(x, body=e)",
                                      &formula);
    ck_assert_int_eq(graph->matrix_count, COUNT(expected));
    for (int i = 0; i < graph->matrix_count; i++) {
        const struct graph_matrix *matrix = &graph->matrices[i];
        ck_assert_str_eq(matrix->label, expected[i].label);
        ck_assert_uint_eq(matrix->place, expected[i].place);
        ck_assert_uint_eq(matrix->matrix, expected[i].matrix);
        ck_assert_uint_eq(matrix->expert, expected[i].expert);
        ck_assert(!matrix->shared);
    }
    formula_free(&formula);
}
END_TEST

/* What is added to the stream: behind scales, norms, functions and products that nothing else reads. */
static const struct {
    const char *text;
    int kind,
        steps; /* of the node that is added, and how many nodes it stands behind the output; kind -1: the output */
} additions[] = {
    {"x = x + attn(x)", -1, 0},
    {"x = norm(x + attn(x))", -1, 0},
    {"x = x + norm(attn(norm(x)))", GRAPH_NORM, 1},
    {"x = x + 1e-6*attn(x)", GRAPH_SCALE, 1},
    {"x = x - attn(x)", GRAPH_SCALE, 2},
    {"x = x + tanh(attn(x))*sigmoid(x)", GRAPH_PRODUCT, 3},
    {"x = norm(attn(x))", GRAPH_NORM, 1},
    {"y = attn(x); x = norm(y) + y", -1, 0},
    {"y = attn(x); x = x + wz(y)", -1, 0},
};

START_TEST(added_is_what_enters_the_stream)
{
    struct formula formula;
    const struct graph *graph = parse(additions[_i].text, &formula);
    const struct graph_site *site = &graph->sites[0];
    ck_assert_int_eq(site->added - site->output, additions[_i].steps);
    if (additions[_i].kind >= 0)
        ck_assert_int_eq((int)graph->nodes[site->added].kind, additions[_i].kind);
    formula_free(&formula);
}
END_TEST

START_TEST(states_pass_through_where_not_assigned)
{
    struct formula formula;
    struct error error;
    const char *text = "state x, u, v; input m; first: u = attn(x, m); x = x + u; block: v = x + v; x = norm(v)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    const struct graph *first = &formula.first, *block = &formula.rules[0].block;
    ck_assert_int_eq(first->state_count, 3);
    ck_assert_int_eq(first->input_count, 4);
    ck_assert_str_eq(first->inputs[3].name, "m");
    ck_assert(first->inputs[3].memory && !first->inputs[2].memory);
    ck_assert_int_eq(first->nodes[first->outputs[2]].kind, GRAPH_INPUT);
    ck_assert_int_eq(first->nodes[first->outputs[2]].index, 2);
    ck_assert_int_eq(block->outputs[1], graph_input_node(block, 1));
    ck_assert_int_eq(graph_input_node(block, 3), -1);
    ck_assert_int_eq(block->nodes[block->outputs[2]].kind, GRAPH_SUM);
    formula_free(&formula);
}
END_TEST

/* A shared matrix has block 0's kind of address: the place of its label's first section. */
START_TEST(shared_matrices_agree_over_sections)
{
    struct formula formula;
    struct error error;
    const char *text = "shared attn.wq, w1; first: x = ffn(x) + attn(x); block: x = attn(x) + ffn(x)";
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_NONE);
    const struct graph *first = &formula.first, *block = &formula.rules[0].block;
    for (int i = 0; i < block->matrix_count; i++)
        for (int j = 0; j < first->matrix_count; j++) {
            const struct graph_matrix *a = &block->matrices[i], *b = &first->matrices[j];
            bool shared = strcmp(a->label, "attn.wq") == 0 || strcmp(a->label, "ffn.w1") == 0;
            if (strcmp(a->label, b->label) != 0)
                continue;
            ck_assert_int_eq(a->shared, shared);
            ck_assert_int_eq(b->shared, shared);
            ck_assert_int_eq(a->place == b->place, shared);
        }
    formula_free(&formula);
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

START_TEST(a_gated_activation_changes_ffn_alone)
{
    struct formula formula;
    struct error error;
    const struct graph *graph = parse("x = x + ffn(x) + attn(x)", &formula);
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
    static const struct graph_scope scope = {.L = 2,
                                             .l = 3,
                                             .d = 5,
                                             .T = 7,
                                             .F = 11,
                                             .H = 13,
                                             .E = 17,
                                             .k = 19,
                                             .phi2 = 23,
                                             .c = 29,
                                             .s = 31,
                                             .n = 37,
                                             .m = 41,
                                             .heads = 43,
                                             .kv_heads = 47,
                                             .head_width = 53};
    static const char *const names[] = {"L",    "l", "d", "T", "F", "H",     "E",        "k",
                                        "phi2", "c", "s", "n", "m", "heads", "kv_heads", "head_width"};
    static const double expected[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53};
    ck_assert_int_eq(graph_variable_count, COUNT(names));
    for (size_t i = 0; i < COUNT(names); i++) {
        char text[32];
        struct graph graph;
        struct error error;
        double value;
        snprintf(text, sizeof text, "w = %s", names[i]);
        ck_assert_int_eq(formula_parse_scalars(text, strlen(text), "w", &graph, &error), ERROR_NONE);
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
    {"a = mod(l, 0); x = x", "formula: line 1, column 5: mod(...) is not a finite number in block 7"},
    {"a = log(7 - l); x = x", "formula: line 1, column 5: log(...) is not a finite number in block 7"},
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

START_TEST(free_is_safe_twice)
{
    struct graph graph = {0};
    graph_free(&graph);
    graph_free(&graph);
    ck_assert_uint_eq(print_graph(&graph, "; ", NULL, 0), 0);
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
    tcase_add_test(tests, sites_are_numbered_by_name);
    tcase_add_test(tests, matrices_have_labels_and_addresses);
    tcase_add_loop_test(tests, added_is_what_enters_the_stream, 0, COUNT(additions));
    tcase_add_test(tests, states_pass_through_where_not_assigned);
    tcase_add_test(tests, shared_matrices_agree_over_sections);
    tcase_add_test(tests, options_reach_into_definitions);
    tcase_add_test(tests, a_gated_activation_changes_ffn_alone);
    tcase_add_test(tests, node_knows_its_place);
    tcase_add_test(tests, free_is_safe_twice);
    suite_add_tcase(suite, tests);
    tests = tcase_create("evaluation");
    tcase_add_test(tests, variable_reads_its_member);
    tcase_add_loop_test(tests, non_finite_scalar_is_located, 0, COUNT(failures));
    tcase_add_test(tests, signals_keep_their_values);
    suite_add_tcase(suite, tests);
    return suite;
}
