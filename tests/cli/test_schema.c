/* Every document that the program writes is as its schema says, and nothing else is; docs/ has what the program prints. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/program.h"
#include "tests/validate.h"

enum { ARGUMENTS = 24, NAMES = 32 };

/* A stack that takes no time. */
#define TINY "-L", "2", "-d", "12", "-H", "3", "-T", "3"
#define JSON "-f", "json"

/* Commands that write every member of every document: numbers that are null, parts, seeds that are texts, branches and
 * matrices of all names. */
static const struct {
    const char *arguments[ARGUMENTS];
    const char *document;
    int count, status; /* of documents, at least; of exit */
} commands[] = {
    {{"run", TINY, JSON, "-n", "3"}, "profile", 1, 0},
    {{"run", "-L", "2", "-d", "64", "-H", "1", "-T", "2", JSON, "-n", "1", "--per-token", "--predict", "-p",
      "prenorm,postnorm"},
     "profile",
     4,
     0}, // in closed form
    {{"run", TINY, JSON, "-n", "4", "--shard", "2/2", "--seed", "18446744073709551615"}, "profile", 1, 0},
    {{"run", TINY, JSON, "-n", "4", "--growing", "-p", "x = x + moe(norm(x)); x = x + attn(x) + attn(x) + ffn(x)"},
     "profile",
     3,
     0},
    {{"run", TINY, JSON, "-n", "2", "-p", "state x, u; x = x + attn(norm(u)); u = u + ffn(x)", "--law", "uniform"},
     "profile",
     1,
     0},
    {{"run", TINY, JSON, "-n", "2", "-p", "input m; x = norm(x + attn(x, m)); x = norm(x + ffn(x))", "--memory-tokens",
      "4"},
     "profile",
     1,
     0},
    {{"run", "-L", "1100", "-d", "4", "-T", "2", JSON, "-n", "2", "-p", "x = tanh(4*x) + 0*ffn(x)"},
     "profile",
     1,
     0}, // gradients below the range of double
    {{"run", TINY, JSON, "-n", "3", "--quantity", "gradient_ratio,gradient_slope", "-i", "unit,scaleinit:2"},
     "stack",
     2,
     0},
    {{"predict", TINY, JSON, "--bounds", "--width-limit"}, "profile", 1, 0},
    {{"predict", TINY, JSON, "--bounds", "--per-token", "--replicas", "4", "--mask", "causal"}, "profile", 1, 0},
    {{"predict", "-d", "64", "-H", "1", "-L", "1", "-T", "2", "--error", "0.1", JSON},
     "profile",
     1,
     0}, // in closed form
    {{"predict", TINY, JSON, "--quantity", "specific_ratio", "--replicas", "4"}, "stack", 1, 0},
    {{"map", "-d", "12", "-H", "3", "-T", "3", "--x", "layers=2:4:3", "--y", "c=0.1:10:2:log", "-q"}, "map", 1, 0},
    {{"map", "-d", "12", "-H", "3", "--x", "layers=1:2", "--y", "tokens=1:3:2", "-q", "--at-width", "--replicas", "2"},
     "map",
     1,
     0},
    {{"map", "-d", "12", "-T", "3", "--x", "c=1:1e99:2:log", "--y", "layers=2:9:2", "-q", "-p", "x = x + ffn(x)"},
     "map",
     1,
     0}, // points without a value
    {{"inspect", TINY, JSON}, "entries", 1, 0},
    {{"inspect", TINY, JSON, "--blocks", "0", "--sample", "18446744073709551615"}, "entries", 1, 0},
    {{"solve", "c", TINY, JSON, "gradient_ratio = 1"}, "solve", 1, 0},
    {{"solve", "c", TINY, JSON, "gradient_ratio = 1e9", "--at-width", "--replicas", "2", "--range", "1:2:2"},
     "solve",
     1,
     1},
    {{"solve", "layers", "-d", "12", "-H", "3", "-T", "3", JSON, "gradient_ratio = 1.01", "--range", "2:8"},
     "solve",
     1,
     -1},
    {{"solve", "c", TINY, JSON, "gradient_ratio = 1e9"}, "solve", 1, 1},
    {{"run", TINY, JSON, "--dry-run"}, "cost", 1, 0},
    {{"run", TINY, JSON, "--dry-run", "-p", "prenorm,postnorm"}, "cost", 1, 0},
    {{"run", TINY, JSON, "--dry-run", "--predict"}, "cost", 1, 0},
    {{"predict", TINY, JSON, "--dry-run"}, "cost", 1, 0},
    {{"train", "-L", "2", "-d", "8", "-H", "2", "-T", "8", JSON, "--dry-run", "--steps", "3"}, "cost", 1, 0},
    {{"verify", "--tier", "smoke", JSON, "-q", "post-variance"}, "verdict", 1, -1},
    {{"verify", "--tier", "smoke", JSON, "-q", "post-variance", "-p", "prenorm"}, "verdict", 1, 4},
    {{"verify", "--list", JSON}, "claims", 1, 0},
    {{"verify", "--list", JSON, "--tier", "full", "post-variance"}, "claims", 1, 0},
    {{"train", "-L", "2", "-d", "8", "-H", "2", "-T", "8", JSON, "-q", "--steps", "3", "--measure", "0,2"},
     "training",
     1,
     0},
    {{"train",   "-L", "2",    "-d",      "8",           "-H",       "2",       "-T", "8",  JSON,     "-q",
      "--steps", "3",  "--lr", "0.1,1e9", "--optimiser", "momentum", "--seeds", "2",  "-p", "prenorm"},
     "training",
     4,
     0},
    {{"list", JSON}, "tables", 1, 0},
    {{"tour", "--lesson", "collapse", "--answer", "c=4", JSON}, "answer", 1, 0},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static json_t *load_schema(const char *name)
{
    json_error_t error;
    struct program program = PROGRAM("schema", name);
    ck_assert_msg(program.status == 0, "%s", program.err);
    json_t *schema = json_loads(program.out, 0, &error);
    ck_assert_msg(schema != NULL, "%s: %s", name, error.text);
    program_free(&program);
    return schema;
}

/* The document on a line; its schema is the one that it names. */
static json_t *check_line(const char *line, char name[NAMES])
{
    json_error_t error;
    char why[VALIDATE_WHY];
    json_t *document = json_loads(line, 0, &error);
    ck_assert_msg(document != NULL, "%s", error.text);
    const char *says = json_string_value(json_object_get(document, "schema"));
    ck_assert_msg(says && sscanf(says, "spanscope/%31[a-z]/1", name) == 1, "%.200s", line);
    json_t *schema = load_schema(name);
    ck_assert_msg(validate(schema, document, why), "%s: %s", name, why);
    json_decref(schema);
    return document;
}

START_TEST(documents_are_as_their_schemas_say)
{
    struct program program = program_start(commands[_i].arguments, NULL, NULL);
    ck_assert_msg(program.status == commands[_i].status || commands[_i].status == -1, "status %d: %s", program.status,
                  program.err);
    int count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(program.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[NAMES];
        json_decref(check_line(line, name));
        count += strcmp(name, commands[_i].document) == 0;
    }
    ck_assert_int_ge(count, commands[_i].count);
    program_free(&program);
}
END_TEST

/* Stores: merged and exported profiles. */
START_TEST(stored_profiles_are_as_their_schema_says)
{
    char name[NAMES];
    struct program kept = PROGRAM("run", TINY, "-n", "3", "--store", "a.db", "-q"),
                   merged = PROGRAM("merge", "a.db", JSON, "-q"),
                   exported = PROGRAM("store", "a.db", "--export", JSON, "-q");
    ck_assert_msg(kept.status == 0, "%s", kept.err);
    json_decref(check_line(merged.out, name));
    ck_assert_str_eq(name, "profile");
    json_decref(check_line(exported.out, name));
    ck_assert_str_eq(name, "profile");
    program_free(&kept);
    program_free(&merged);
    program_free(&exported);
}
END_TEST

static bool is_required(const json_t *schema, const char *key)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(schema, "required"), i,
                       one) if (strcmp(json_string_value(one), key) == 0) return true;
    return false;
}

/* Whatever of a document is taken away, added or given another type is missed: of every schema, from a document that is
 * as it says. */
START_TEST(nothing_else_is_valid)
{
    char why[VALIDATE_WHY], name[NAMES];
    struct program program = program_start(commands[_i].arguments, NULL, NULL);
    char *end = strchr(program.out, '\n');
    if (!end || end - program.out > 1 << 20) { // what is this long says nothing new
        program_free(&program);
        return;
    }
    *end = '\0';
    json_t *document = check_line(program.out, name), *schema = load_schema(name), *member;
    const char *key;
    void *next;
    json_object_foreach_safe(document, next, key, member)
    {
        json_t *changed = json_copy(document);
        json_object_set_new(changed, key, json_pack("[[{s:s}]]", "no", "sense"));
        ck_assert_msg(!validate(schema, changed, why), "%s may be anything", key);
        json_object_del(changed, key);
        ck_assert_msg(!is_required(schema, key) || !validate(schema, changed, why), "%s may be missing", key);
        json_decref(changed);
    }
    json_object_set_new(document, "extra", json_integer(1));
    ck_assert_msg(!validate(schema, document, why), "anything may be added");
    ck_assert_str_eq(why, "/extra: not a member");
    json_object_del(document, "extra");
    json_t *config = json_object_get(document, "config"), *seed;
    if (config && (seed = json_object_get(config, "layers"))) {
        json_object_set_new(config, "layers", json_integer(0));
        ck_assert_msg(!validate(schema, document, why), "no layers");
        ck_assert_str_eq(why, "/config/layers: too small");
    }
    json_decref(document);
    json_decref(schema);
    program_free(&program);
}
END_TEST

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    char *text = calloc(1, 1 << 20);
    size_t length = fread(text, 1, (1 << 20) - 1, file);
    ck_assert_uint_lt(length, (1 << 20) - 1);
    fclose(file);
    return text;
}

/* docs/schema is what the program prints (make schemas makes it again), and docs/output.md has every member of it. */
START_TEST(the_pages_are_of_these_schemas)
{
    char *page = read_file("docs/output.md");
    struct program list = PROGRAM("schema");
    int count = 0;
    char *rest = NULL;
    for (char *line = strtok_r(list.out, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest), count++) {
        char name[NAMES], path[64];
        ck_assert_int_eq(sscanf(line, "%31[a-z]", name), 1);
        snprintf(path, sizeof path, "docs/schema/%s.json", name);
        char *text = read_file(path);
        struct program printed = PROGRAM("schema", name);
        ck_assert_msg(strcmp(text, printed.out) == 0, "%s is not what the program prints: make schemas", path);
        json_t *schema = json_loads(text, 0, NULL), *shape, *member;
        const char *of, *key;
        json_object_foreach(json_object_get(schema, "$defs"), of, shape)
        {
            json_object_foreach(json_object_get(shape, "properties"), key, member)
            {
                char row[NAMES + 16];
                snprintf(row, sizeof row, "\n| `%.31s` | ", key);
                ck_assert_msg(strstr(page, row) != NULL, "docs/output.md has no%s: make schemas", row);
            }
        }
        json_decref(schema);
        program_free(&printed);
        free(text);
    }
    ck_assert_int_ge(count, 9);
    program_free(&list);
    free(page);
}
END_TEST

/* Another validator, where there is one: the schemas are schemas, and hold of a profile. */
START_TEST(another_validator_agrees)
{
    struct program python = program_shell(
        "/usr/bin/python3 -c 'import jsonschema' 2> /dev/null || exit 0\n"
        "$SPANSCOPE run -L 2 -d 12 -H 3 -T 3 -n 2 -f json -q > profile.json\n"
        "for name in $($SPANSCOPE schema | sed 's/ .*//'); do $SPANSCOPE schema $name > $name.schema.json; done\n"
        "/usr/bin/python3 - *.schema.json <<'END'\n"
        "import json, sys\n"
        "from jsonschema import Draft202012Validator as Validator\n"
        "for path in sys.argv[1:]:\n"
        "    Validator.check_schema(json.load(open(path)))\n"
        "profile = json.load(open('profile.json'))\n"
        "validator = Validator(json.load(open('profile.schema.json')))\n"
        "validator.validate(profile)\n"
        "del profile['layers'][1]['token_cosine']['mean']\n"
        "assert not validator.is_valid(profile)\n"
        "END\n");
    ck_assert_msg(python.status == 0, "%s", python.out);
    ck_assert_str_eq(python.out, "");
    program_free(&python);
}
END_TEST

START_TEST(mistakes_are_named)
{
    struct program unknown = PROGRAM("schema", "profil"), two = PROGRAM("schema", "profile", "map");
    ck_assert_int_eq(unknown.status, 2);
    ck_assert_ptr_nonnull(strstr(unknown.err, "unknown schema 'profil'; did you mean 'profile'?"));
    ck_assert_int_eq(two.status, 2);
    program_free(&unknown);
    program_free(&two);
}
END_TEST

Suite *schema_suite(void)
{
    Suite *suite = suite_create("schema");
    TCase *documents = tcase_create("documents"), *slow = tcase_create("mutations");
    tcase_add_checked_fixture(documents, program_setup, program_teardown);
    tcase_set_timeout(documents, 120);
    tcase_add_loop_test(documents, documents_are_as_their_schemas_say, 0, COMMANDS);
    tcase_add_test(documents, stored_profiles_are_as_their_schema_says);
    tcase_add_test(documents, the_pages_are_of_these_schemas);
    tcase_add_test(documents, mistakes_are_named);
    tcase_add_checked_fixture(slow, program_setup, program_teardown);
    tcase_set_timeout(slow, 120);
    tcase_set_tags(slow, "slow");
    tcase_add_loop_test(slow, nothing_else_is_valid, 0, COMMANDS);
    tcase_add_test(slow, another_validator_agrees);
    suite_add_tcase(suite, documents);
    suite_add_tcase(suite, slow);
    return suite;
}
