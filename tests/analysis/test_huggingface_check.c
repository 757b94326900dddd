#include "analysis/huggingface_check.h"

#include <check.h>

#include "tests/configuration.h"

static const struct {
    const char *config, *error;
} wrong[] = {
    {"{" LLAMA ", 'new_thing': 3}", "new_thing = 3 is not understood"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'linear', 'factor': 8, 'new': 1}}", "rope_scaling.new = 1"},
    {"{" LLAMA ", 'rope_theta': 0}", "llama: rope_theta is 0; expected a number above it"},
    {"{" LLAMA ", 'clip_qkv': 8.0}", "clip_qkv = 8"},
    {"{" DEEPSEEK ", 'n_group': 1}", "topk_group is 4, which is above n_group, 1"},
    {"{" DEEPSEEK ", 'n_group': 7, 'topk_group': 1}", "n_group is 7, which does not divide n_routed_experts, 256"},
    {"{" LLAMA ", 'head_dim': 7}", "llama: head_dim: 7 columns of a head's 7 are rotated; expected pairs"},
    {"{'model_type': 'phi3', " SIZES ", 'partial_rotary_factor': 0.25}",
     "phi3: num_attention_heads, partial_rotary_factor: 3 columns of a head's 12 are rotated"},
    {"{'model_type': 'vit', " SIZES ", 'image_size': 8}", "patch_size is 16, which is above image_size, 8"},
    {"{" GEMMA3 ", 'layer_types': [" SLIDING "'full_attention', 'sliding_attention']}",
     "gemma3_text: layer_types has 3 entries, and num_hidden_layers is 2"},
    {"{'model_type': 'gemma2', " SIZES ", 'layer_types': ['full_attention']}",
     "gemma2: layer_types has 1 entry, and num_hidden_layers is 2"},
    {"{" LLAMA ", 'layer_types': ['full_attention']}", "layer_types has 1 entry, and num_hidden_layers is 2"},
    {"{" LLAMA ", 'layer_types': []}", "layer_types has 0 entries"},
    {"{" LLAMA ", 'layer_types': 'full_attention'}", "expected a list with an entry for each layer"},
    {"{'model_type': 'falcon', 'hidden_size': 48, 'n_layer': 2, 'n_head': 4, 'layer_types': ['full_attention']}",
     "layer_types has 1 entry, and n_layer is 2"},
    {"{" LLAMA ", 'layer_types': ['full_attention', 'other']}",
     "layer_types = [\"full_attention\",\"other\"] is not understood"},
    {"{" GEMMA3 ", 'sliding_window_pattern': 0}", "sliding_window_pattern is 0; expected a whole number from 1"},
    {"{" GEMMA3 ", 'sliding_window': 1.5}", "sliding_window is 1.5; expected a whole number from 1 to 1073741823"},
    {"{" GEMMA3 ", 'rope_local_base_freq': true}", "rope_local_base_freq is true; expected a number"},
    {"{" LLAMA ", 'rms_norm_eps': {'a': 1}}", "rms_norm_eps.a = 1 is not understood"},
    {"{" LLAMA ", 'new_word': 'linear'}", "new_word = linear is not understood"},
    {"{" LLAMA ", 'num_key_value_heads': 0}", "num_key_value_heads is 0"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'llama3', 'factor': 8, 'original_max_position_embeddings': 0}}",
     "rope_scaling.original_max_position_embeddings is 0"},
};

START_TEST(what_may_change_the_law_is_an_error)
{
    configuration_refused(wrong[_i].config, NULL, wrong[_i].error);
}
END_TEST

Suite *huggingface_check_suite(void);
Suite *huggingface_check_suite(void)
{
    Suite *suite = suite_create("huggingface_check");
    TCase *tests = tcase_create("huggingface_check");
    tcase_add_loop_test(tests, what_may_change_the_law_is_an_error, 0, sizeof wrong / sizeof *wrong);
    suite_add_tcase(suite, tests);
    return suite;
}
