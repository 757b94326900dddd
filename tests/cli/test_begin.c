/* What a model begins with: what wins over what, and configurations that are none, or are told once they hold. */
#include "cli/begin.h"

#include <string.h>

#include "tests/folder.h"
#include "tests/program.h"
#include <check.h>

/* A configuration but for its width, which a test appends. */
#define LLAMA                                                                                                          \
    "{\"model_type\":\"llama\",\"num_hidden_layers\":2,\"num_attention_heads\":4,\"intermediate_size\":48,"            \
    "\"rms_norm_eps\":1e-6,"

enum { ARGUMENTS = 24 };

static struct error error;

static void check_numbers(const struct options *options, double tokens, double width, double layers)
{
    static const char *const names[] = {"tokens", "width", "layers"};
    const double expected[] = {tokens, width, layers};
    struct model model;
    ck_assert_msg(begin_model(options, &model, &error) == ERROR_NONE, "%s", error.text);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(setting_number(setting_find(names[i], &error), &model), expected[i]);
    model_free(&model);
}

/* Defaults, the command's own, the configuration's, those given: each with a number fewer than the one before. */
START_TEST(the_later_wins)
{
    struct options_setting given[] = {{"layers", "7"}};
    char path[128];
    struct options options = {.settings = given, .defaults = "tokens=9 width=32 layers=3"};
    check_numbers(&options, 9, 32, 3);
    folder_write("c.json", LLAMA "\"hidden_size\":64}");
    snprintf(path, sizeof path, "%s", folder_path("c.json"));
    options.config = path;
    ck_assert_msg(begin_open(&options, &error) == ERROR_NONE, "%s", error.text);
    options.setting_count = 1;
    check_numbers(&options, 9, 64, 7);
    huggingface_free(&options.model);
}
END_TEST

/* A draft may be what no model is: heads that do not divide the width. Of the configuration's own the key is named. */
START_TEST(drafts_are_not_checked_whole)
{
    struct options_setting given[] = {{"heads", "5"}};
    char path[128];
    struct model model;
    struct options options = {.settings = given, .setting_count = 1};
    ck_assert_int_eq(begin_draft(&options, &model, &error), ERROR_NONE);
    model_free(&model);
    ck_assert_int_eq(begin_model(&options, &model, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "heads: 5 heads do not divide width 256");

    folder_write("c.json", LLAMA "\"hidden_size\":66}");
    snprintf(path, sizeof path, "%s", folder_path("c.json"));
    options.config = path;
    ck_assert_int_eq(begin_open(&options, &error), ERROR_NONE);
    ck_assert_int_eq(begin_model(&options, &model, &error), ERROR_INPUT);
    ck_assert_str_eq(error.text, "heads: 5 heads do not divide width 66"); // whose own it is not
    options.setting_count = 0;
    ck_assert_int_eq(begin_model(&options, &model, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "c.json: llama: num_attention_heads: heads: 4 heads do not divide width 66"), "%s",
                  error.text);
    huggingface_free(&options.model);
}
END_TEST

/* A configuration that is none, is none of ours, lacks a key, or has one that is no number or not understood. */
START_TEST(configurations_are_checked)
{
    static const struct {
        const char *text;
        int status;
        const char *words;
    } cases[] = {
        {"{\"model_type\":\"llama\",", 2, "c.json, line 1, column"},
        {"[1]", 2, "c.json: no configuration; expected a JSON object"},
        {"{\"hidden_size\":64}", 2, "c.json: the configuration has no \"model_type\""},
        {"{\"model_type\":\"llamma\"}", 2, "c.json: unknown model_type 'llamma'; did you mean 'llama'?"},
        {"{\"model_type\":\"llama\",\"hidden_size\":64}", 2,
         "c.json: llama: the configuration lacks num_hidden_layers"},
        {LLAMA "\"hidden_size\":\"x\"}", 2, "c.json: llama: hidden_size is \"x\"; expected a number"},
        {LLAMA "\"hidden_size\":64,\"num_key_value_heads\":3}", 2,
         "c.json: llama: num_key_value_heads: kv-heads: 3 do not divide"},
        {LLAMA "\"hidden_size\":64,\"foo\":3}", 2,
         "c.json: llama: foo = 3 is not understood and may change the law; --ignore foo"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        program_write("c.json", cases[i].text);
        struct program program = PROGRAM("run", "--config", "c.json", "-T", "3", "-n", "1", "-q");
        program_check_error(program, cases[i].status, cases[i].words);
    }
    program_write("e.json", LLAMA "\"hidden_size\":-4}"); // no word of what it became before the error
    struct program loud = PROGRAM("run", "--config", "e.json", "-T", "3", "-n", "1");
    program_check_error(loud, 2, "e.json: llama: hidden_size: width: -4 is not between");
    struct program absent = PROGRAM("run", "--config", "d.json");
    program_check_error(absent, 3, "d.json: cannot be opened");
    struct program good = PROGRAM("run", "--config", "c.json", "--ignore", "foo", "-T", "3", "-n", "1", "-q");
    ck_assert_msg(good.status == 0, "%s", good.err);
    program_free(&good);
}
END_TEST

/* Every command that takes a configuration says what it became, but not where the whole model is none: then the error
 * stands alone. */
static const char *const reading_config[][ARGUMENTS] = {
    {"run", "--config", "c.json", "-T", "3", "-n", "1"},
    {"predict", "--config", "c.json", "-T", "3", "--width-limit"},
    {"map", "--config", "c.json", "-T", "3", "--x", "input-scale=1:2:2", "--y", "input-correlation=0:0.5:2"},
    {"solve", "input-scale", "activation_ratio = 2", "--config", "c.json", "-T", "3", "--range", "0.01:0.1:3:log"},
    {"train", "--config", "c.json", "-T", "4", "--steps", "1", "--dry-run"},
    {"inspect", "--config", "c.json", "-T", "3"},
    {"diagram", "--config", "c.json"},
};

START_TEST(configurations_are_told_once_they_hold)
{
    program_write("c.json", LLAMA "\"hidden_size\":66}");
    program_check_error(program_start(reading_config[_i], NULL, NULL), 2,
                        "c.json: llama: num_attention_heads: heads: 4 heads do not divide width 66");
    program_write("c.json", LLAMA "\"hidden_size\":64}");
    struct program good = program_start(reading_config[_i], NULL, NULL);
    ck_assert_msg(good.status == 0, "%s", good.err);
    const char *told = strstr(good.err, "--placement");
    ck_assert_msg(told && strncmp(good.err, "llama:\n", 7) == 0, "%s", good.err);
    ck_assert_ptr_null(strstr(told + 1, "--placement"));
    program_free(&good);
}
END_TEST

Suite *begin_suite(void)
{
    Suite *suite = suite_create("begin");
    TCase *tests = tcase_create("configurations"), *models = folder_case(suite, "models");
    tcase_add_test(models, the_later_wins);
    tcase_add_test(models, drafts_are_not_checked_whole);
    tcase_add_checked_fixture(tests, program_setup, program_teardown);
    tcase_add_test(tests, configurations_are_checked);
    tcase_add_loop_test(tests, configurations_are_told_once_they_hold, 0,
                        sizeof reading_config / sizeof *reading_config);
    suite_add_tcase(suite, tests);
    return suite;
}
