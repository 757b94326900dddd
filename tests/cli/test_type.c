#include "cli/type.h"

#include <stdlib.h>

#include <check.h>

static const struct {
    const char *type, *schema;
} types[] = {
    {"string", "{'type':'string'}"},
    {"number?", "{'type':['number','null']}"},
    {"count", "{'type':'integer','minimum':0}"},
    {"count?", "{'type':['integer','null'],'minimum':0}"},
    {"seed", "{'type':['integer','string'],'minimum':0,'pattern':'^[0-9]+$'}"},
    {"[[number?]]", "{'type':'array','items':{'type':'array','items':{'type':['number','null']}}}"},
    {"{boolean}", "{'type':'object','additionalProperties':{'type':'boolean'}}"},
    {"=one", "{'const':'one'}"},
    {"=one|other|a third", "{'enum':['one','other','a third']}"},
    {"@kind", "{'enum':['measured','predicted']}"},
    {"[#axis]", "{'type':'array','items':{'$ref':'#/$defs/axis'}}"},
};

START_TEST(types_have_schemas)
{
    bool ok = true;
    json_t *schema = type_schema(&ok, types[_i].type);
    char *text = json_dumps(schema, JSON_COMPACT);
    ck_assert(ok && text);
    for (char *c = text; *c; c++)
        *c = *c == '"' ? '\'' : *c;
    ck_assert_str_eq(text, types[_i].schema);
    free(text);
    json_decref(schema);
}
END_TEST

Suite *type_suite(void)
{
    Suite *suite = suite_create("type");
    TCase *tests = tcase_create("type");
    tcase_add_loop_test(tests, types_have_schemas, 0, sizeof types / sizeof *types);
    suite_add_tcase(suite, tests);
    return suite;
}
