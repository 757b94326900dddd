/* Templates over the keys of a configuration. */
#include "analysis/template.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct template_reader reader;
static struct error error;
static json_t *config;

static void setup(void)
{
    static const char text[] =
        "{\"width\": 48, \"eps\": 1.5e-6, \"none\": null, \"act\": \"gelu_new\", \"empty\": {}, \"on\": "
        "true, \"rope\": {\"type\": \"linear\", \"factor\": 4}, \"odd\": \"a b\", \"mixed\": [\"a\", "
        "\"b\", \"a\", \"b\"], \"same\": [\"a\", \"a\"], \"zero\": 0}";
    config = json_loads(text, 0, NULL);
    error = (struct error){0};
    reader = (struct template_reader){.type = "mine", .ignore = "rope.factor,ab*", .error = &error};
    reader.leaves = calloc(TEMPLATE_KEYS_MAX, sizeof *reader.leaves);
    ck_assert_int_eq(template_add(&reader, "", config), ERROR_NONE);
}

static void teardown(void)
{
    free(reader.leaves);
    json_decref(config);
}

static const struct {
    const char *template, *text; /* or the error */
    int code;
} cases[] = {
    {"d={width} e={eps}", "d=48 e=1.5e-06", ERROR_NONE},
    {"{missing=7} {none=7} {none=7|8}", "7 7 8", ERROR_NONE},
    {"{missing={absent={width}}}", "48", ERROR_NONE},
    {"{rope.type} {rope.factor} {on}", "linear 4 true", ERROR_NONE},
    {"[4*{width}+{missing=0.5}]", "192.5", ERROR_NONE},
    {"{act}", "gelu_new", ERROR_NONE},
    {"{same}", "mine: same is a; expected a number or a word", ERROR_INPUT},
    {"{mixed?a|b=1} {mixed?b|a=1} {missing?a|b=l < {width}}", "mod(l, 2) == 1 mod(l, 2) == 0 l < 48", ERROR_NONE},
    {"{mixed?a|c=1}", "mine: mixed is [\"a\",\"b\",\"a\",\"b\"]; expected a list of these words: a|c", ERROR_INPUT},
    {"{act?a|c=1}", "mine: act is gelu_new; expected a list of these words: a|c", ERROR_INPUT},
    {"{missing}", "mine: the configuration lacks missing", ERROR_INPUT},
    {"{odd}", "mine: odd is 'a b'; expected a word", ERROR_INPUT},
    {"{empty}", "mine: empty is {}; expected a number or a word", ERROR_INPUT},
    {"[2*{act}]", "mine: act is \"gelu_new\"; expected a number", ERROR_INPUT},
    {"[2*{missing={on}}] {on}", "mine: on is true; expected a number", ERROR_INPUT},
    {"[log({zero})]", "mine: log({zero}) is log(0), which has no value", ERROR_INPUT},
};

START_TEST(keys_are_put_in_their_places)
{
    char text[256] = "";
    struct text out = {text, sizeof text, 0};
    int code = template_expand(&reader, cases[_i].template, strlen(cases[_i].template), &out);
    ck_assert_int_eq(code, cases[_i].code);
    ck_assert_str_eq(code == ERROR_NONE ? text : error.text, cases[_i].text);
}
END_TEST

/* What settings take has their words; what was asked for is known, an ignored key is as if it were absent. */
START_TEST(words_are_translated_and_reading_is_known)
{
    static const char template[] = "activation={act} again={act} factor={rope.factor=1}";
    char text[256] = "", keys[256] = "";
    struct text out = {text, sizeof text, 0}, given = {keys, sizeof keys, 0};
    reader.leaves[7].use = TEMPLATE_IGNORED;
    reader.translates = true;
    reader.given = &given;
    ck_assert_str_eq(reader.leaves[7].key, "rope.factor");
    ck_assert_int_eq(template_expand(&reader, template, strlen(template), &out), ERROR_NONE);
    ck_assert_str_eq(text, "activation=gelu_tanh again=gelu_tanh factor=1");
    ck_assert_str_eq(keys, "act");
    for (int i = 0; i < reader.count; i++)
        ck_assert_int_eq(reader.leaves[i].use, strcmp(reader.leaves[i].key, "act") == 0 ? TEMPLATE_READ
                                               : i == 7                                 ? TEMPLATE_IGNORED
                                                                                        : TEMPLATE_UNUSED);
}
END_TEST

START_TEST(lists_have_patterns_and_values)
{
    ck_assert(template_lists("a,rope", ",", "rope.type", "linear") && template_lists("b* c=1", " ", "by", "2"));
    ck_assert(template_lists("b* c=1", " ", "c", "1") && !template_lists("b* c=1", " ", "c", "2"));
    ck_assert(!template_lists("rope", ",", "ropes", "") && !template_lists(NULL, ",", "a", ""));
    ck_assert(template_ignores(&reader, "rope.factor") && template_ignores(&reader, "abc"));
    ck_assert(!template_ignores(&reader, "rope.type"));
}
END_TEST

START_TEST(symbols_count_at_their_own_depth)
{
    ck_assert_uint_eq(template_find("{a=b}=c", 7, '='), 5);
    ck_assert_uint_eq(template_find("{a=b}", 5, '='), 5);
}
END_TEST

Suite *template_suite(void);
Suite *template_suite(void)
{
    Suite *suite = suite_create("template");
    TCase *tests = tcase_create("template");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, keys_are_put_in_their_places, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tests, words_are_translated_and_reading_is_known);
    tcase_add_test(tests, lists_have_patterns_and_values);
    tcase_add_test(tests, symbols_count_at_their_own_depth);
    suite_add_tcase(suite, tests);
    return suite;
}
