#include <check.h>
#include <stdio.h>
#include <string.h>

#include "sim/activation.h"
#include "sim/formula.h"
#include "sim/function.h"

/* Each row is found by its name, and its example is a formula in which that function is called. */
START_TEST(rows_are_found_and_shown)
{
    struct function function, found;
    int pointwise = 0;
    for (size_t i = 0; function_at(i, &function); i++) {
        ck_assert_str_ne(function.summary, "");
        pointwise += function.kind == GRAPH_POINTWISE;
        if (function.kind == GRAPH_MAP)
            continue;
        ck_assert(function_find(function.name, strlen(function.name), &found));
        ck_assert_int_eq(found.kind, function.kind);
        ck_assert_int_eq(found.index, function.index);
    }
    int gated = 0;
    for (size_t i = 0; i < activation_count; i++)
        gated += activations[i].gated;
    ck_assert_int_eq(pointwise, (int)activation_count - gated + 1); // and phi
}
END_TEST

START_TEST(examples_are_formulas)
{
    struct function function;
    for (size_t i = 0; function_at(i, &function); i++) {
        char text[200];
        struct formula formula;
        struct error error;
        snprintf(text, sizeof text, graph_is_signal(function.kind) ? "y = %s; x = x" : "a = %s; x = x",
                 function.example);
        ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, &error) == ERROR_NONE, "%s", error.text);
        const struct graph *graph = &formula.rules[0].block;
        bool there = false;
        for (int n = 0; n < graph->node_count; n++)
            there |= graph->nodes[n].kind == function.kind &&
                     graph->nodes[n].index ==
                         (function.kind == GRAPH_POINTWISE ? function.index : graph->nodes[n].index);
        ck_assert_msg(there, "%s", function.example);
        formula_free(&formula);
    }
}
END_TEST

START_TEST(words_that_begin_with_w_are_maps)
{
    struct function function;
    static const char *const maps[] = {"w", "wq", "w1", "weird_name"}, *const others[] = {"", "u", "attn", "w.o", "W"};
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        ck_assert(function_find(maps[i], strlen(maps[i]), &function) && function.kind == GRAPH_MAP);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        ck_assert_msg(!function_find(others[i], strlen(others[i]), &function), "%s", others[i]);
}
END_TEST

/* No two functions have an option of one name with two meanings: a definition's call sets it for all that it calls. */
START_TEST(options_are_found_by_name)
{
    struct function function;
    for (size_t i = 0; function_at(i, &function); i++) {
        ck_assert_int_le(function.option_count, GRAPH_OPTIONS_MAX);
        for (int o = 0; o < function.option_count; o++) {
            const struct function_option *option = &function.options[o];
            ck_assert_ptr_eq(function_option(option->name, strlen(option->name)), option);
            ck_assert_str_ne(option->summary, "");
            for (size_t c = 0; option->choice && option->choice(c); c++)
                ck_assert_int_eq(function_choice(option, option->choice(c), strlen(option->choice(c))), (int)c);
            ck_assert_int_eq(function_choice(option, "no such word", 12), -1);
        }
    }
    ck_assert_ptr_null(function_option("head", 4));
    ck_assert_str_eq(function_name(-1), "phi");
    ck_assert_str_eq(function_name(0), activations[0].name);
}
END_TEST

Suite *function_suite(void)
{
    Suite *suite = suite_create("function");
    TCase *tests = tcase_create("function");
    tcase_add_test(tests, rows_are_found_and_shown);
    tcase_add_test(tests, examples_are_formulas);
    tcase_add_test(tests, words_that_begin_with_w_are_maps);
    tcase_add_test(tests, options_are_found_by_name);
    suite_add_tcase(suite, tests);
    return suite;
}
