#include "plots/entry.h"

#include <check.h>
#include <string.h>

static const struct {
    const char *text, *label;
    size_t letters;
    const char *lines[4];
} cases[] = {
    {"prenorm, L = 4", NULL, 14, {"prenorm, L = 4"}},
    {"prenorm, L = 4", NULL, 13, {"prenorm, ", "L = 4"}},
    {"prenorm, L = 4", "total", 14, {"prenorm, ", "L = 4"}},
    {"prenorm, L = 4", "total", 21, {"prenorm, L = 4"}},
    {"y = x + attn(norm(x))", NULL, 10, {"y = x + ", "attn(norm(", "x))"}},
    {"äöü, äöü, äöü", NULL, 9, {"äöü, ", "äöü, äöü"}},
    {"äöüß", NULL, 2, {"äö", "üß"}},
    {"b2t, y = x + attn(x)", NULL, 14, {"b2t, y = x + ", "attn(x)"}},
    {"", "total", 3, {""}},
};

START_TEST(lines_are_no_longer_than_there_is_room)
{
    const char *rest = cases[_i].text;
    size_t count = 0;
    for (; count < 4 && cases[_i].lines[count]; count++) {
        size_t line = entry_line(rest, cases[_i].label, cases[_i].letters);
        ck_assert_uint_eq(line, strlen(cases[_i].lines[count]));
        ck_assert_int_eq(strncmp(rest, cases[_i].lines[count], line), 0);
        rest += line;
    }
    ck_assert_str_eq(rest, "");
    ck_assert_uint_eq(entry_lines(cases[_i].text, cases[_i].label, cases[_i].letters), count);
}
END_TEST

Suite *entry_suite(void)
{
    Suite *suite = suite_create("entry");
    TCase *tests = tcase_create("lines");
    tcase_add_loop_test(tests, lines_are_no_longer_than_there_is_room, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tests);
    return suite;
}
