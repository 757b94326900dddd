/* Lists: where a comma separates, and where it does not. */
#include <check.h>
#include <string.h>

#include "sim/variants.h"

static const struct {
    const char *setting, *text;
    const char *values[5];
} lists[] = {
    {"layers", "8", {"8"}},
    {"layers", "8,16,32", {"8", "16", "32"}},
    {"width", "256:4096:5:log", {"256", "512", "1024", "2048", "4096"}},
    {"input-scale", "0.1,1e-3", {"0.1", "0.001"}},
    {"mask", "none,causal", {"none", "causal"}},
    {"placement", "prenorm, spannorm", {"prenorm", "spannorm"}},
    {"placement", "x = x + min(1, 2)*ffn(x)", {"x = x + min(1, 2)*ffn(x)"}},
    {"placement", "prenorm,x = x + f(x, [1, {2, 3}])", {"prenorm", "x = x + f(x, [1, {2, 3}])"}},
    {"placement", "x = min(1, 2)*x,x = x; y = x", {"x = min(1, 2)*x", "x = x; y = x"}},
    {"placement", "state x, u; x = u; u = x,prenorm", {"state x, u; x = u; u = x", "prenorm"}},
    {"placement", "x = x;\n state x, u\nx = u", {"x = x;\n state x, u\nx = u"}},
    {"placement", "st\u00e4te x, u; x = u", {"st\u00e4te x, u; x = u"}},
    {"placement", "'a,b',c", {"'a,b'", "c"}},
    {"init", "unit,scaleinit:0.5", {"unit", "scaleinit:0.5"}},
    {"init", "wq = max(1, 2); wk = 1,unit", {"wq = max(1, 2); wk = 1", "unit"}},
    {"placement", "a,,b", {"a", "", "b"}},
};

START_TEST(lists_have_their_values)
{
    struct error error;
    struct variants variants = {0};
    const struct setting *setting = setting_find(lists[_i].setting, &error);
    int code = variants_add(&variants, setting, lists[_i].text, &error), count = 0;
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
    for (; count < 5 && lists[_i].values[count]; count++) {
        ck_assert_int_lt(count, variants.count);
        ck_assert_str_eq(variants.text[count], lists[_i].values[count]);
    }
    ck_assert_int_eq(variants.count, count);
    variants_free(&variants);
}
END_TEST

START_TEST(texts_add_up_and_nothing_is_there_twice)
{
    struct error error;
    struct variants variants = {0};
    const struct setting *setting = setting_find("layers", &error);
    ck_assert_int_eq(variants_add(&variants, setting, "4,8", &error), ERROR_NONE);
    ck_assert_int_eq(variants_add(&variants, setting, "16", &error), ERROR_NONE);
    ck_assert_int_eq(variants.count, 3);
    ck_assert_str_eq(variants.text[2], "16");
    ck_assert_int_eq(variants_add(&variants, setting, "2,8", &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "--layers is given '8' twice");
    variants_free(&variants);
}
END_TEST

Suite *variants_suite(void)
{
    Suite *suite = suite_create("variants");
    TCase *tests = tcase_create("variants");
    tcase_add_loop_test(tests, lists_have_their_values, 0, sizeof lists / sizeof *lists);
    tcase_add_test(tests, texts_add_up_and_nothing_is_there_twice);
    suite_add_tcase(suite, tests);
    return suite;
}
