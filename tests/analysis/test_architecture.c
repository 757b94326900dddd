/* Every key that a row of the table reads, with values that make no model. */
#include "analysis/architecture.h"

#include <check.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sampler.h"
#include "sim/setting.h"
#include "tests/configuration.h"

enum { KEYS_MAX = 64 };

struct keys {
    int count;
    char name[KEYS_MAX][TEMPLATE_KEY_MAX];
};

/* The keys that a template asks for, each once. */
static void collect(const char *template, struct keys *keys)
{
    while ((template = strchr(template, '{'))) {
        ck_assert_int_lt(keys->count, KEYS_MAX);
        char *name = keys->name[keys->count];
        template ++;
        snprintf(name, TEMPLATE_KEY_MAX, "%.*s", (int)strcspn(template, "=}?"), template);
        int i = 0;
        while (strcmp(keys->name[i], name) != 0)
            i++;
        keys->count += i == keys->count && isalpha((unsigned char)*name);
    }
}

/* The model and a stack of it. An error of the whole model has the key of the setting that it names, as the command line
 * says it. */
static int make(const json_t *config, char *said, size_t size)
{
    struct huggingface read;
    struct model model;
    struct stack stack;
    struct error error = {0};
    char key[TEMPLATE_KEY_MAX] = "";
    int code = huggingface_read(&read, config, NULL, &error);
    if (code != ERROR_NONE) {
        snprintf(said, size, "%s", error.text);
        return code;
    }
    model_defaults(&model);
    code = huggingface_apply(&read, &model, &error);
    if (code == ERROR_NONE && (code = model_check(&model, &error)) != ERROR_NONE)
        huggingface_key(&read, error.text, strcspn(error.text, ":"), key);
    if (code == ERROR_NONE && (code = stack_init(&stack, &model, NULL, false, (size_t)2 << 30, &error)) == ERROR_NONE)
        stack_free(&stack);
    snprintf(said, size, "%s: %s", key, error.text);
    model_free(&model);
    huggingface_free(&read);
    return code;
}

/* Whether the error names the key, or another that is not in order beside it. */
static bool names_a_key(const char *said, const struct keys *keys)
{
    for (int k = 0; k < keys->count; k++)
        if (strstr(said, keys->name[k]))
            return true;
    return false;
}

static void collect_row(const struct architecture *row, struct keys *keys)
{
    collect(row->when, keys);
    collect(row->placement, keys);
    collect(row->settings, keys);
}

/* Such as no key takes, or few. */
static const char *const values[] = {"0",    "-1", "1",    "1.5", "1e9", "-0.5",   "\"x\"",
                                     "null", "[]", "true", "[7]", "{}",  "[\"x\"]"};

static void check_value(const json_t *config, const char *key, const char *value, const struct keys *keys)
{
    char said[2048] = "";
    json_t *changed = json_deep_copy(config);
    configuration_set(changed, key, json_loads(value, JSON_DECODE_ANY, NULL));
    int code = make(changed, said, sizeof said);
    ck_assert_msg(code == ERROR_NONE || code == ERROR_RESOURCE || names_a_key(said, keys), "%s = %s: %s", key, value,
                  said);
    json_decref(changed);
}

START_TEST(every_error_names_a_key)
{
    struct keys keys = {0};
    struct huggingface read;
    struct error error = {0};
    json_t *config = configuration_smallest(&architectures[_i], &read, &error);
    huggingface_free(&read);
    collect_row(&architectures[_i], &keys);
    for (int k = 0; k < keys.count; k++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            check_value(config, keys.name[k], values[v], &keys);
    json_decref(config);
}
END_TEST

/* The same of how rotary positions are stretched, of a llama. */
START_TEST(every_error_of_a_stretching_names_a_key)
{
    const struct architecture *row = &architecture_ropes[_i];
    struct keys keys = {0};
    struct huggingface read;
    struct error error = {0};
    json_t *config = configuration_smallest(&architectures[0], &read, &error);
    huggingface_free(&read);
    configuration_set(config, "max_position_embeddings", json_integer(70));
    configuration_set(config, "rope_scaling.rope_type", json_string(row->type));
    configuration_set(config, "rope_scaling.factor", json_integer(4));
    collect("{rope_scaling}", &keys); // an unknown type is blamed on the whole
    collect_row(row, &keys);
    collect(architecture_rope, &keys);
    if (strstr(row->settings, "rope-length={rope_parameters.original"))
        configuration_set(config, "rope_scaling.original_max_position_embeddings", json_integer(7));
    for (int k = 1; k < keys.count; k++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++)
            check_value(config, keys.name[k], values[v], &keys);
    json_decref(config);
}
END_TEST

static bool has_range(const char *key)
{
    for (size_t i = 0; i < architecture_number_count; i++)
        if (strcmp(architecture_numbers[i].key, key) == 0)
            return true;
    return false;
}

/* A formula has no settings whose ranges hold its numbers. */
START_TEST(numbers_of_formulas_have_ranges)
{
    struct keys keys = {0};
    collect(architectures[_i].placement, &keys);
    for (int k = 0; k < keys.count; k++)
        ck_assert_msg(has_range(keys.name[k]) || strcmp(keys.name[k], "layer_types") == 0, "%s", keys.name[k]);
}
END_TEST

/* Ranges of keys that nothing reads would be forgotten. */
START_TEST(ranges_are_of_keys_that_are_read)
{
    for (size_t i = 0; i < architecture_number_count; i++) {
        bool found = false;
        for (size_t a = 0; a < architecture_count && !found; a++) {
            struct keys keys = {0};
            collect_row(&architectures[a], &keys);
            found = names_a_key(architecture_numbers[i].key, &keys);
        }
        ck_assert_msg(found, "%s", architecture_numbers[i].key);
    }
}
END_TEST

Suite *architecture_suite(void);
Suite *architecture_suite(void)
{
    Suite *suite = suite_create("architecture");
    TCase *tests = tcase_create("table");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, every_error_names_a_key, 0, (int)architecture_count);
    tcase_add_loop_test(tests, every_error_of_a_stretching_names_a_key, 0, (int)architecture_rope_count);
    tcase_add_loop_test(tests, numbers_of_formulas_have_ranges, 0, (int)architecture_count);
    tcase_add_test(tests, ranges_are_of_keys_that_are_read);
    suite_add_tcase(suite, tests);
    return suite;
}
