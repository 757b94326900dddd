#include "sim/expression.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = ", "line 1, column 5: expected a name, a number, a function or '(', found end of line"},
    {"x = x +\nx", "line 1, column 8: expected a name, a number, a function or '(', found end of line"},
    {"x = +x", "line 1, column 5: expected a name, a number, a function or '(', found '+'"},
    {"x = x + 2q*x", "line 1, column 10: unknown name 'q'"},
    {"x = x + 2heds*x", "line 1, column 10: unknown name 'heds'; did you mean 'heads'?"},
    {"x = x + 2 fnn(x)", "line 1, column 11: unknown function 'fnn'; did you mean 'ffn'?"},
    {"x = x*(2q)", "line 1, column 9: unknown name 'q'"},
    {"x = x^2q", "line 1, column 8: unknown name 'q'"},
    {"x = x + 2 L q", "line 1, column 13: unknown name 'q'"},
    {"x = x + 2L*x", "line 1, column 10: expected an operator, found 'L'"},
    {"x = x + 2(x)", "line 1, column 10: expected an operator, found '('"},
    {"x = (2L)*x", "line 1, column 7: expected ')' to close '(' of column 5, found 'L'"},
    {"x = x + 2 + zz", "line 1, column 7: cannot add a scalar to a signal"},
    {"x = first", "line 1, column 5: expected a name, a number, a function or '(', found 'first'"},
    {"x = .", "line 1, column 5: expected a name, a number, a function or '(', found '.'"},
    {"x = attn(,)", "line 1, column 10: expected a name, a number, a function or '(', found ','"},
    {"x = 1e999*x", "line 1, column 5: the number 1e999 is too large"},
    {"x = 1e-999*x", "line 1, column 5: the number 1e-999 is too small"},
    {"x = 0.0000000000000000000000000000000000000000000000000000000000000001*x",
     "line 1, column 5: a number has at most 63 characters"},
    {"block if l: x = x", "line 1, column 11: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l = 3: x = x", "line 1, column 12: expected a comparison (< <= > >= == !=), found '='"},
    {"block if not l: x = x", "line 1, column 15: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l < 2 and l: x = x", "line 1, column 21: expected a comparison (< <= > >= == !=), found ':'"},
    {"block if l or l < 2: x = x", "line 1, column 12: expected a comparison (< <= > >= == !=), found 'or'"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

static const struct text_limit limits[] = {
    {"x = ", "(", "x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
    {"x = 2", "^2", "*x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
    {"x = ", "norm(", "x", FORMULA_NESTING_MAX - 1, "nested too deeply: at most 100 levels"},
};

START_TEST(limit_is_an_error_not_a_crash)
{
    texts_check_limit(&limits[_i]);
}
END_TEST

/* Operands side by side are not nested. */
START_TEST(many_operands_are_one_error)
{
    enum { OPERANDS = 30000 };
    char text[2 * OPERANDS + 8] = "x = ";
    struct formula formula;
    struct error error = {0};
    for (int i = 0; i < OPERANDS; i++)
        strcat(text + 2 * i, "x ");
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "line 1, column 7: expected an operator or the end") != NULL, "%s", error.text);
}
END_TEST

static const struct {
    const char *text;
    double value;
} scalars[] = {
    {"1 + 2*3", 7},
    {"(1 + 2)*3", 9},
    {"7 - 2 - 1", 4},
    {"12/3/2", 2},
    {"12/3*2", 8},
    {"2^3^2", 512},
    {"(2^3)^2", 64},
    {"-2^2", -4},
    {"(-2)^2", 4},
    {"2^-1", 0.5},
    {"2^-2^0", 0.5},
    {"--3", 3},
    {"1--1", 2},
    {"2*-3", -6},
    {"-2*-3^2", 18},
    {"min(2, 3)*max(2, 3)", 6},
    {"sqrt(16)", 4},
    {".5 + 5.", 5.5},
    {"1e3 + 2.5E-1", 1000.25},
    {"2*L - l/2", 12.5},
    {"d + 10*T + H", 116},
    {"F*E - k", 653},
    {"-min(1, -4)", 4},
    {"1 - (2 - 3)", 2},
    {"max(1, 2 + 3)^2", 25},
    {"6/(2*3)", 1},
    {"1.5e+1", 15},
    {"floor(2.7) + floor(-2.3)", -1},
    {"mod(7, 3) + 10*mod(-7, 3) + 100*mod(7, -3)", -179},
    {"mod(0.75, 0.5)", 0.25},
    {"log(exp(2))", 2},
    {"heads + 10*kv_heads + 100*head_width", 2113},
    {"2^(1/2)^2", 1.189207115002721},
};

START_TEST(scalar_has_its_value)
{
    char text[128];
    snprintf(text, sizeof text, "a = %s; x = a*x", scalars[_i].text);
    struct formula formula;
    struct error error;
    texts_parse(text, &formula);
    struct graph_scope scope = {
        .L = 7, .l = 3, .d = 63, .T = 5, .F = 131, .H = 3, .E = 5, .k = 2, .heads = 3, .kv_heads = 1, .head_width = 21};
    double values[GRAPH_NODES_MAX];
    const struct graph *block = &formula.rules[0].block;
    ck_assert_int_eq(graph_evaluate(block, &scope, values, &error), ERROR_NONE);
    /* exact but for the last, a power with a rounding of its own */
    ck_assert_double_eq_tol(values[block->statements[0].node], scalars[_i].value, 1e-15 * fabs(scalars[_i].value));
    formula_free(&formula);
}
END_TEST

Suite *expression_suite(void)
{
    Suite *suite = suite_create("expression");
    TCase *tests = tcase_create("expression");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_loop_test(tests, limit_is_an_error_not_a_crash, 0, COUNT(limits));
    tcase_add_test(tests, many_operands_are_one_error);
    tcase_add_loop_test(tests, scalar_has_its_value, 0, COUNT(scalars));
    suite_add_tcase(suite, tests);
    return suite;
}
