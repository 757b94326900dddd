#include <math.h>
#include <stdio.h>
#include <string.h>

#include <check.h>

#include "sim/formula.h"
#include "sim/print.h"
#include "tests/texts.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

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
    const struct graph *graph = texts_parse(failures[_i].text, &formula);
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
    const struct graph *graph = texts_parse("x = norm(x)*L", &formula);
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
    tcase_add_test(tests, free_is_safe_twice);
    suite_add_tcase(suite, tests);
    tests = tcase_create("evaluation");
    tcase_add_test(tests, variable_reads_its_member);
    tcase_add_loop_test(tests, non_finite_scalar_is_located, 0, COUNT(failures));
    tcase_add_test(tests, signals_keep_their_values);
    suite_add_tcase(suite, tests);
    return suite;
}
