#include "analysis/huggingface_row.h"

#include <check.h>
#include <string.h>

#include "tests/configuration.h"

static const struct {
    const char *config, *error;
} wrong[] = {
    {"{'model_type': 'lama'}", "did you mean 'llama'"},
    {"{'model_type': 'mamba2'}", "written by hand"},
    {"{" LLAMA ", 'rope_scaling': {'rope_type': 'longrope', 'factor': 8}}", "--ignore rope_scaling leaves"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'yarm', 'factor': 8}}", "did you mean 'yarn'"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'yarn', 'factor': 8, 'beta_fast': 16}}", "rope_scaling.beta_fast is 16"},
    {"{'model_type': 't5', 'relative_attention_num_buckets': 64}", "relative_attention_num_buckets is 64"},
    {"{'model_type': 'gemma2', " SIZES ", 'sliding_window': 8, 'sliding_window_size': 9}", "sliding_window_size is 9"},
    {"{" GPT2 ", 'add_cross_attention': true}", "add_cross_attention is true"}, // not what a later row has first
    {"{" GPT2 ", 'scale_attn_weights': false}", "scale_attn_weights is false"},
    {"{'model_type': 'deepseek_v3', 'scoring_func': 'softmax'}", "scoring_func is softmax"},
};

START_TEST(what_no_row_has_is_an_error)
{
    configuration_refused(wrong[_i].config, NULL, wrong[_i].error);
}
END_TEST

/* Where layers' types are given, they decide; else the class's numbers do. */
static const struct {
    const char *config, *section;
} layered[] = {
    {"{" GEMMA3 "}", "block if mod(l, 6) == 0: "},
    {"{" GEMMA3 ", 'sliding_window_pattern': 1}", "block if mod(l, 1) == 0: "},
    {"{" GEMMA3 ", 'sliding_window_pattern': 2, 'layer_types': ['full_attention', 'full_attention']}",
     "block if l >= 1: "},
    {"{" GEMMA3 ", 'layer_types': ['sliding_attention', 'sliding_attention']}", "block if l < 1: "},
    {"{'model_type': 'gemma2', " SIZES "}", "block if mod(l, 2) == 0: "},
    {"{'model_type': 'gemma2', " SIZES ", 'layer_types': ['full_attention', 'sliding_attention']}", "block if l < 2: "},
    {"{" QWEN ", 'max_window_layers': 1}", "block if l > 1: "},
    {"{" QWEN ", 'max_window_layers': 1, 'layer_types': ['full_attention', 'full_attention']}", "block if l < 1: "},
    {"{" QWEN ", 'layer_types': ['sliding_attention', 'full_attention']}", "block if l < 2: "},
};

START_TEST(types_of_layers_decide)
{
    struct huggingface read;
    struct error error = {0};
    ck_assert_msg(configuration_read(&read, layered[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(strstr(read.placement, layered[_i].section) != NULL, "%s", read.placement);
    huggingface_free(&read);
}
END_TEST

Suite *huggingface_row_suite(void);
Suite *huggingface_row_suite(void)
{
    Suite *suite = suite_create("huggingface_row");
    TCase *tests = tcase_create("huggingface_row");
    tcase_add_loop_test(tests, what_no_row_has_is_an_error, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(tests, types_of_layers_decide, 0, sizeof layered / sizeof *layered);
    suite_add_tcase(suite, tests);
    return suite;
}
