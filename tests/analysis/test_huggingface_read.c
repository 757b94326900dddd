#include "analysis/huggingface_read.h"

#include <check.h>
#include <math.h>
#include <string.h>

#include "sim/setting.h"
#include "tests/configuration.h"
#include "tests/folder.h"

static const struct {
    const char *config, *setting;
    double value;
} numbers[] = {
    {"{" LLAMA "}", "eps", 1e-6},
    {"{" LLAMA ", 'rms_norm_eps': 1e-5}", "eps", 1e-5},
    {"{" LLAMA "}", "rope", 1e4},
    {"{" LLAMA ", 'rope_theta': 5e5}", "rope", 5e5},
    {"{" LLAMA ", 'rope_parameters': {'rope_theta': 7e5, 'rope_type': 'default'}}", "rope", 7e5},
    {"{" LLAMA ", 'rope_scaling': {'type': 'linear', 'factor': 8}}", "rope-factor", 8},
    {"{" LLAMA ", 'rope_parameters': {'rope_theta': 7e5, 'rope_type': 'linear', 'factor': 3}}", "rope-factor", 3},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'dynamic', 'factor': 2}}", "rope-length", 70},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'yarn', 'factor': 2}}", "rope-length", 70},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'yarn', 'factor': 10, "
     "'original_max_position_embeddings': 7}}",
     "rope-length", 7},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'yarn', 'factor': 10}}", "rope-gain",
     1 + 0.1 * M_LN10},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'yarn', 'factor': 10, 'mscale': 0.7, "
     "'mscale_all_dim': 0.7}}",
     "rope-gain", 1},
    {"{" LLAMA ", 'max_position_embeddings': 70, 'rope_scaling': {'type': 'yarn', 'factor': 10, "
     "'attention_factor': 1.5}}",
     "rope-gain", 1.5},
    {"{" LLAMA ", 'rope_scaling': {'rope_type': 'llama3', 'factor': 8, 'low_freq_factor': 1, 'high_freq_factor': 4, "
     "'original_max_position_embeddings': 8192}}",
     "rope-length", 8192},
    {"{" LLAMA ", 'initializer_range': 0.006}", "s", 0.006},
    {"{" LLAMA ", 'initializer_range': 0.006}", "input-scale", 0.006},
    {"{" LLAMA ", 'head_dim': 8}", "head-width", 8},
    {"{" LLAMA ", 'head_dim': null}", "head-width", 0},
    {"{" LLAMA ", 'num_key_value_heads': 2}", "kv-heads", 2},
    {"{" GPT2 "}", "ffn-width", 192},
    {"{" GPT2 ", 'n_inner': 20}", "ffn-width", 20},
    {"{" GPT2 ", 'n_inner': null}", "ffn-width", 192},
    {"{'model_type': 'gemma', 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, "
     "'intermediate_size': 9}",
     "input-scale", 0.16},
    {"{'model_type': 'gemma2', 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, "
     "'intermediate_size': 9, "
     "'query_pre_attn_scalar': 144}",
     "scale", 1. / 12},
    {"{'model_type': 'mistral', 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, "
     "'intermediate_size': 9}",
     "window", 4096},
    {"{'model_type': 'mistral', 'hidden_size': 64, 'num_hidden_layers': 2, 'num_attention_heads': 4, "
     "'intermediate_size': 9, "
     "'sliding_window': null}",
     "window", 0},
};

START_TEST(keys_become_settings)
{
    struct huggingface read;
    struct model model;
    struct error error = {0};
    ck_assert_msg(configuration_read(&read, numbers[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
    model_defaults(&model);
    ck_assert_msg(huggingface_apply(&read, &model, &error) == ERROR_NONE, "%s", error.text);
    double value = setting_number(setting_find(numbers[_i].setting, &error), &model);
    ck_assert_msg(fabs(value - numbers[_i].value) <= 1e-15 * numbers[_i].value, "%s of %s is %.17g",
                  numbers[_i].setting, numbers[_i].config, value);
    model_free(&model);
    huggingface_free(&read);
}
END_TEST

static const struct {
    const char *config, *ignore, *error;
} wrong[] = {
    {"{'a': 1}", NULL, "no \"model_type\""},
    {"{'model_type': 'llama', 'hidden_size': 4}", NULL, "lacks num_hidden_layers"},
    {"{" LLAMA ", 'rope_scaling': {'rope_type': 'llama3', 'factor': 8}}", NULL, "original_max_position_embeddings"},
    {"{" LLAMA ", 'hidden_size': {'a': 1}}", NULL, "hidden_size is an object; expected a number or a word"},
    {"{" LLAMA ", 'rms_norm_eps': 'tiny'}", NULL, "llama: rms_norm_eps is \"tiny\"; expected a number"},
    {"{" LLAMA ", 'hidden_size': '64'}", NULL, "hidden_size is \"64\"; expected a number"},
    {"{" LLAMA "}", "rope_scalin", "no key 'rope_scalin'"},
    {"{" LLAMA ", 'hidden_act': 'silu layers=7'}", NULL, "expected a word"},
    {"{'model_type': 2}", NULL, "\"model_type\" is no string"},
    {"{" GEMMA3 ", 'layer_types': ['a', 'full_attention']}", NULL,
     "layer_types is [\"a\",\"full_attention\"]; expected a list of these words: full_attention|sliding_attention"},
    {"{" GEMMA3 ", 'sliding_window_pattern': '2 + l'}", NULL, "sliding_window_pattern is '2 + l'; expected a word"},
    {"{" LLAMA ", 'rms_norm_eps': {}}", NULL, "rms_norm_eps is {}; expected a number or a word"},
    {"{" LLAMA ", 'rms_norm_eps': []}", NULL, "rms_norm_eps is []; expected a number or a word"},
};

START_TEST(what_is_not_understood_is_an_error)
{
    configuration_refused(wrong[_i].config, wrong[_i].ignore, wrong[_i].error);
}
END_TEST

static const struct {
    const char *text, *error;
} files[] = {
    {"{} {}", ", line 1: expected the end of the file"},
    {"{}\n garbage", ", line 2, column 2: not JSON"},
    {"{\"a\":", "not JSON"},
    {"7", "not JSON"},
#define DEEP "[[[[[[[[[[[[[[[["
    {"{\"a\":" DEEP DEEP DEEP DEEP, "brackets more than 64 deep"},
    {"{\"model_type\": \"a\\u001b\\nb\"}", "unknown model_type 'a\\u001B\\u000Ab'"},
    {"{\"model_type\": \"gpt2\", \"a\\u001b\\n\": 1, \"n_embd\": 4, \"n_layer\": 1, \"n_head\": 1}",
     "a\\u001B\\u000A = 1 is not"},
    {"{\"model_type\": \"gpt2\", \"a\": \"\\n\", \"n_embd\": 4, \"n_layer\": 1, \"n_head\": 1}", "a = \\u000A is not"},
    {"[]", "expected a JSON object"},
    {"", "expected a JSON object"},
};

START_TEST(file_holds_one_object)
{
    struct huggingface read;
    struct error error = {0};
    folder_write("config.json", files[_i].text);
    ck_assert_int_eq(huggingface_open(&read, folder_path("config.json"), NULL, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, files[_i].error) != NULL, "%s", error.text);
}
END_TEST

static const struct {
    const char *config, *ignore, *ignored;
} right[] = {
    {"{" LLAMA ", 'rope_scaling': null, 'vocab_size': 7}", NULL, ""},
    {"{" LLAMA ", 'rope_scaling': {'type': 'yarn', 'factor': 8}}", "rope_scaling",
     "rope_scaling.type, rope_scaling.factor"},
    {"{" LLAMA ", 'a': 1, 'b': 2}", "a,b", "a, b"},
    {"{" GPT2 ", 'scale_attn_weights': false}", "scale_attn_weights", "scale_attn_weights"},
    {"{" LLAMA ", 'layer_types': ['full_attention', 'full_attention']}", NULL, ""},
    {"{" LLAMA ", 'layer_types': ['full_attention']}", "layer_types", "layer_types"},
    {"{" LLAMA ", 'mlp_only_layers': []}", NULL, ""},
    {"{'model_type': 'qwen2', " SIZES ", 'use_mrope': false}", NULL, ""},
    {"{'model_type': 'falcon', 'hidden_size': 48, 'n_layer': 2, 'n_head': 4, "
     "'apply_residual_connection_post_layernorm': false}",
     NULL, ""},
    {"{'model_type': 'gemma2', " SIZES ", 'sliding_window': 8, 'sliding_window_size': 8}", NULL, ""},
    {"{" LLAMA ", 'quantization_config': {}}", NULL, ""},
};

START_TEST(ignored_keys_are_listed)
{
    struct huggingface read;
    struct error error = {0};
    ck_assert_msg(configuration_read(&read, right[_i].config, right[_i].ignore, &error) == ERROR_NONE, "%s",
                  error.text);
    ck_assert_str_eq(read.ignored, right[_i].ignored);
    ck_assert_ptr_nonnull(strstr(read.idle, "model_type"));
    huggingface_free(&read);
}
END_TEST

/* Bytes of configurations are changed at random: an error or a model, and never a crash. */
START_TEST(broken_configurations_are_errors)
{
    static const char *const texts[] = {
        "{\"model_type\": \"gemma3_text\", \"hidden_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, "
        "\"intermediate_size\": 9, \"layer_types\": [\"a\", \"a\"], \"rope_scaling\": {\"rope_type\": \"x\"}}",
        "{\"model_type\": \"gpt2\", \"n_embd\": 48, \"n_layer\": 2, \"n_head\": 4, \"n_inner\": null, \"a\": [1, {}]}",
    };
    unsigned long long state = 12345;
    for (int i = 0; i < 4000; i++) {
        char text[512];
        struct huggingface read;
        struct error error = {0};
        strcpy(text, texts[i % 2]);
        for (int k = 0; k < 1 + i % 3; k++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text[(state >> 33) % strlen(text)] = "0a\"{}[]:,.-e_ tn1=|"[(state >> 20) % 19];
        }
        json_t *config = json_loads(text, 0, NULL);
        if (json_is_object(config) && huggingface_read(&read, config, NULL, &error) == ERROR_NONE)
            huggingface_free(&read);
        json_decref(config);
    }
}
END_TEST

Suite *huggingface_read_suite(void);
Suite *huggingface_read_suite(void)
{
    Suite *suite = suite_create("huggingface_read");
    TCase *tests = tcase_create("huggingface_read");
    tcase_add_loop_test(tests, keys_become_settings, 0, sizeof numbers / sizeof *numbers);
    tcase_add_loop_test(tests, what_is_not_understood_is_an_error, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(tests, ignored_keys_are_listed, 0, sizeof right / sizeof *right);
    tcase_add_test(tests, broken_configurations_are_errors);
    suite_add_tcase(suite, tests);
    tcase_add_loop_test(folder_case(suite, "files"), file_holds_one_object, 0, sizeof files / sizeof *files);
    return suite;
}
