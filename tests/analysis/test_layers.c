/* Which layers have a type, as a condition. */
#include "analysis/layers.h"

#include <check.h>
#include <string.h>

/* Lists of the words "f" and "s", a letter each. */
static const struct {
    const char *layers, *condition;
} cases[] = {
    {"f", "l >= 1"},
    {"s", "l < 1"},
    {"ff", "l >= 1"},
    {"sss", "l < 1"},
    {"sfsf", "mod(l, 2) == 0"},
    {"fsf", "mod(l, 2) == 1"},
    {"sssssfsssssfss", "mod(l, 6) == 0"},
    {"sssssfs", "mod(l, 6) == 0"}, // the seventh is like the first
    {"sssssf", "l >= 6"},          // no second period
    {"ffsff", "mod(l, 3) != 0"},
    {"sffssff", "mod(l, 4) == 2 or mod(l, 4) == 3"},
    {"sff", "l >= 2"},
    {"ffs", "l < 3"},
    {"ffsssss", "l < 3"},
    {"fsffs", "mod(l, 3) != 2"},
    {"fsffss", "l < 2 or l >= 3 and l < 5"},
    {"ssfffsf", "l >= 3 and l < 6 or l >= 7"},
};

START_TEST(layers_are_said_by_period_or_range)
{
    char text[128] = "";
    struct text out = {text, sizeof text, 0};
    json_t *list = json_array();
    for (const char *layer = cases[_i].layers; *layer; layer++)
        json_array_append_new(list, json_stringn(layer, 1));
    layers_condition(list, "f", &out);
    ck_assert_str_eq(text, cases[_i].condition);
    json_decref(list);
}
END_TEST

Suite *layers_suite(void);
Suite *layers_suite(void)
{
    Suite *suite = suite_create("layers");
    TCase *tests = tcase_create("conditions");
    tcase_add_loop_test(tests, layers_are_said_by_period_or_range, 0, sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tests);
    return suite;
}
