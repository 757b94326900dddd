#include "sim/call.h"

#include <stdlib.h>
#include <string.h>

#include "tests/texts.h"
#include <check.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct text_message messages[] = {
    {"x = wq(x, x)", "line 1, column 11: fan_out is a scalar, this is a signal"},
    {"x = attend(x, x, x, head=3)", "line 1, column 21: unknown option 'head'; did you mean 'heads'?"},
    {"x = attend(x, x, x, mask=casual)", "line 1, column 26: unknown mask 'casual'; did you mean 'causal'?"},
    {"x = attend(x, x, x, h\u00ebads=3)", "line 1, column 21: unknown option 'h\u00ebads'; did you mean 'heads'?"},
    {"x = attend(x, x, x, mask=ca\u00fcsal)", "line 1, column 26: unknown mask 'ca\u00fcsal'; did you mean 'causal'?"},
    {"x = moe(x, body=gl\u00fc)", "line 1, column 17: unknown def 'gl\u00fc'; did you mean 'glu'?"},
    {"x = norm(x, layernrom)", "line 1, column 13: unknown kind 'layernrom'; did you mean 'layernorm'?"},
    {"x = norm(x, kind=foo)", "line 1, column 18: unknown kind 'foo'; known are rmsnorm, layernorm"},
    {"x = moe(x, weigh=foo)", "line 1, column 18: unknown weigh 'foo'; known are output, input"},
    {"x = norm(x, 2)", "line 1, column 13: expected a word, found '2'"},
    {"x = norm(x, eps=1, eps=2)", "line 1, column 20: 'eps' is given twice"},
    {"x = norm(eps=1, x)", "line 1, column 17: an argument without a name stands before those with one"},
    {"x = norm(x, groups=x)", "line 1, column 20: groups is a scalar, this is a signal"},
    {"x = attn(x, n=x)", "line 1, column 13: unknown option 'n'"},
    {"x = moe(x, body=ffm)", "line 1, column 17: unknown def 'ffm'; did you mean 'ffn'?"},
};

START_TEST(message_names_place_and_reason)
{
    texts_check_message(&messages[_i]);
}
END_TEST

START_TEST(too_many_arguments)
{
    struct formula formula;
    struct error error;
    char *text = texts_repeat("x = max(1", ", 1", CALL_ARGUMENTS_MAX, ")*x");
    ck_assert_int_eq(formula_parse(text, strlen(text), "formula", &formula, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "too many arguments"));
    free(text);
}
END_TEST

/* By place or by name, in any order. */
START_TEST(arguments_have_places_and_names)
{
    static const char *const same[][2] = {
        {"x = norm(x, layernorm)", "x = norm(x, kind=layernorm)"},
        {"x = wq(x, 3*d)", "x = wq(x, fan_out=3*d)"},
        {"def f(u, v, a = 2) = u - a*norm(v); x = f(x, wq(x), 3)",
         "def f(u, v, a = 2) = u - a*norm(v); x = f(x, v=wq(x), a=3)"},
        {"def f(u, v, a = 2) = u - a*norm(v); x = f(x, wq(x))",
         "def f(u, v, a = 2) = u - a*norm(v); x = f(x, wq(x), a=2)"},
    };
    for (size_t i = 0; i < COUNT(same); i++) {
        struct formula formulas[2];
        const struct graph *a = texts_parse(same[i][0], &formulas[0]), *b = texts_parse(same[i][1], &formulas[1]);
        ck_assert_int_eq(a->node_count, b->node_count);
        for (int n = 0; n < a->node_count; n++) {
            texts_check_node(b, n, a->nodes[n].kind, a->nodes[n].a, a->nodes[n].b);
            ck_assert_double_eq(a->nodes[n].value, b->nodes[n].value);
            ck_assert_mem_eq(a->nodes[n].option, b->nodes[n].option, sizeof a->nodes[n].option);
        }
        formula_free(&formulas[0]), formula_free(&formulas[1]);
    }
}
END_TEST

Suite *call_suite(void)
{
    Suite *suite = suite_create("call");
    TCase *tests = tcase_create("call");
    tcase_add_loop_test(tests, message_names_place_and_reason, 0, COUNT(messages));
    tcase_add_test(tests, too_many_arguments);
    tcase_add_test(tests, arguments_have_places_and_names);
    suite_add_tcase(suite, tests);
    return suite;
}
