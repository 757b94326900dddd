#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/huggingface.h"
#include "sim/sampler.h"
#include "sim/setting.h"
#include "tests/configuration.h"
#include "tests/folder.h"
#include "tests/support.h"

static const char EXAMPLES[] = "examples";

/* ---- the table ---- */

static void check_sample(const struct model *model)
{
    struct stack stack;
    struct stack_workspace workspace;
    struct error error = {0};
    ck_assert_msg(stack_init(&stack, model, NULL, false, (size_t)2 << 30, &error) == ERROR_NONE, "%s", error.text);
    size_t row = (size_t)stack.depth.schema.column_count;
    struct wide *values = calloc((size_t)(model->layers + 1) * row, sizeof *values);
    ck_assert_msg(stack_workspace_init(&workspace, &stack, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(stack_sample(&stack, &workspace, 7, 0, NULL, values, &error) == ERROR_NONE, "%s", error.text);
    int q = stack.depth.schema.layer_column[OBSERVE_ACTIVATION_VARIANCE];
    int g = stack.depth.schema.layer_column[OBSERVE_GRADIENT_VARIANCE];
    ck_assert_msg(values[(size_t)model->layers * row + (size_t)q].mantissa > 0, "%s: no signal", model->placement);
    ck_assert_msg(values[g].mantissa > 0 && isfinite(values[g].mantissa), "%s: no gradient", model->placement);
    free(values);
    stack_workspace_free(&workspace);
    stack_free(&stack);
}

/* Every row is the one that a configuration of its own becomes, and a model that can be sampled. */
START_TEST(every_row_is_reached_and_sampled)
{
    const struct architecture *row = &architectures[_i];
    struct huggingface read;
    struct model model;
    struct error error = {0};
    json_t *config = configuration_smallest(row, &read, &error);
    ck_assert_msg(read.row == row, "%s (%s) is read as %s (%s)", row->type, row->when, read.row->type, read.row->when);
    model_defaults(&model);
    ck_assert_msg(huggingface_apply(&read, &model, &error) == ERROR_NONE, "%s: %s", row->when, error.text);
    ck_assert_msg(setting_apply_all(&model, "tokens=5", &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(model_check(&model, &error) == ERROR_NONE, "%s: %s", row->type, error.text);
    ck_assert_int_eq(model.layers, 4);
    ck_assert_int_eq(model.width, 64);
    ck_assert_int_eq(model.heads, 8);
    ck_assert_str_eq(model.placement, row->type);
    check_sample(&model);
    model_free(&model);
    huggingface_free(&read);
    json_decref(config);
}
END_TEST

/* ---- the examples ---- */

static void open_example(const char *name, const char *ignore, struct model *model)
{
    struct huggingface read;
    struct error error = {0};
    char path[512];
    snprintf(path, sizeof path, "%s/%s", EXAMPLES, name);
    ck_assert_msg(huggingface_open(&read, path, ignore, &error) == ERROR_NONE, "%s", error.text);
    model_defaults(model);
    ck_assert_msg(huggingface_apply(&read, model, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(setting_apply_all(model, "tokens=4", &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(model_check(model, &error) == ERROR_NONE, "%s: %s", path, error.text);
    huggingface_free(&read);
}

START_TEST(every_example_is_a_model)
{
    DIR *folder = opendir(EXAMPLES);
    int count = 0;
    ck_assert(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder));) {
        struct model model;
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        open_example(entry->d_name, NULL, &model);
        model_free(&model);
        count++;
    }
    closedir(folder);
    ck_assert_int_ge(count, 20);
}
END_TEST

/* The published numbers of parameters, of all and of what is no block's matrix (embeddings, norms, biases). They tell
 * widths of heads, numbers of key heads, gates, experts and routers from each other. */
static const struct {
    const char *file;
    double all, other;
} parameters[] = {
    {"gpt2-xl.json", 1557611200, 50257. * 1600 + 1024. * 1600 + 48. * 13 * 1600 + 2 * 1600},
    {"llama-2-7b.json", 6738415616, 2. * 32000 * 4096 + 65. * 4096},
    {"llama-2-70b.json", 68976648192, 2. * 32000 * 8192 + 161. * 8192},
    {"llama-3-8b.json", 8030261248, 2. * 128256 * 4096 + 65. * 4096},
    {"mistral-7b.json", 7241732096, 2. * 32000 * 4096 + 65. * 4096},
    {"mixtral-8x7b.json", 46702792704, 2. * 32000 * 4096 + 65. * 4096},
    {"qwen2.5-7b.json", 7615616512, 2. * 152064 * 3584 + 57. * 3584 + 28. * (3584 + 512 + 512)},
    {"qwen3-8b.json", 8190735360, 2. * 151936 * 4096 + 73. * 4096 + 36. * 256},
    {"qwen3-30b-a3b.json", 30532122624, 2. * 151936 * 2048 + 97. * 2048 + 48. * 256},
    {"gemma-7b.json", 8537680896, 256000. * 3072 + 57. * 3072},
    {"gemma-2-9b.json", 9241705984, 256000. * 3584 + 169. * 3584},
    {"gemma-3-1b.json", 999885952, 262144. * 1152 + 105. * 1152 + 26. * 512},
    {"phi-3-mini.json", 3821079552, 2. * 32064 * 3072 + 65. * 3072},
    {"olmo-2-7b.json", 7298617344, 2. * 100352 * 4096 + 129. * 4096},
    {"falcon-40b.json", 41303293952, 65024. * 8192 + 121. * 2 * 8192},
    {"command-r-35b.json", 34980831232, 256000. * 8192 + 41. * 8192},
    {"stablelm-2-1.6b.json", 1644515328, 2. * 100352 * 2048 + 49. * 2 * 2048 + 24. * 3 * 2048},
};

static double count_entries(const struct stack *stack)
{
    double sum = 0;
    for (int b = 0; b < stack->depth.model->layers; b++) {
        const struct block *block = &stack->depth.blocks[b];
        for (int m = 0; m < block->graph->matrix_count; m++) {
            struct init_size size = plan_matrix(block->plan, m);
            sum += (double)size.fan_in * size.fan_out * plan_copies(block->plan, m);
        }
    }
    return sum;
}

START_TEST(examples_have_the_published_number_of_parameters)
{
    struct model model;
    struct stack stack;
    struct error error = {0};
    open_example(parameters[_i].file, NULL, &model);
    ck_assert_msg(stack_init(&stack, &model, NULL, false, (size_t)4 << 30, &error) == ERROR_NONE, "%s", error.text);
    double found = count_entries(&stack), expected = parameters[_i].all - parameters[_i].other;
    ck_assert_msg(found == expected, "%s: %.0f entries of matrices, expected %.0f", parameters[_i].file, found,
                  expected);
    stack_free(&stack);
    model_free(&model);
}
END_TEST

START_TEST(cheap_examples_are_sampled)
{
    static const char *const files[] = {"bart-large.json", "gemma-3-1b.json"};
    struct model model;
    open_example(files[_i], NULL, &model);
    check_sample(&model);
    model_free(&model);
}
END_TEST

/* ---- single facts ---- */

#define SIZES    "'hidden_size': 48, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 9"
#define LLAMA    "'model_type': 'llama', " SIZES
#define GPT2     "'model_type': 'gpt2', 'n_embd': 48, 'n_layer': 2, 'n_head': 4"
#define SLIDING  "'sliding_attention', "
#define DEEPSEEK "'model_type': 'deepseek_v3', " SIZES
#define QWEN     "'model_type': 'qwen2', 'use_sliding_window': true, " SIZES
#define GEMMA3                                                                                                         \
    "'model_type': 'gemma3_text', 'hidden_size': 48, 'num_hidden_layers': 2, 'num_attention_heads': 4, "               \
    "'intermediate_size': 9"

/* JSON in single quotes, which jansson does not know. */
static int read_quoted(struct huggingface *self, const char *text, const char *ignore, struct error *error)
{
    char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *config = json_loads(copy, 0, NULL);
    ck_assert_msg(config != NULL, "%s", copy);
    int code = huggingface_read(self, config, ignore, error);
    json_decref(config);
    free(copy);
    return code;
}

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
    ck_assert_msg(read_quoted(&read, numbers[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
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
    {"{'model_type': 'lama'}", NULL, "did you mean 'llama'"},
    {"{'model_type': 'mamba2'}", NULL, "written by hand"},
    {"{'model_type': 'llama', 'hidden_size': 4}", NULL, "lacks num_hidden_layers"},
    {"{" LLAMA ", 'new_thing': 3}", NULL, "new_thing = 3 is not understood"},
    {"{" LLAMA ", 'rope_scaling': {'rope_type': 'llama3', 'factor': 8}}", NULL, "original_max_position_embeddings"},
    {"{" LLAMA ", 'rope_scaling': {'rope_type': 'longrope', 'factor': 8}}", NULL, "--ignore rope_scaling leaves"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'yarm', 'factor': 8}}", NULL, "did you mean 'yarn'"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'linear', 'factor': 8, 'new': 1}}", NULL, "rope_scaling.new = 1"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'yarn', 'factor': 8, 'beta_fast': 16}}", NULL,
     "rope_scaling.beta_fast is 16"},
    {"{'model_type': 't5', 'relative_attention_num_buckets': 64}", NULL, "relative_attention_num_buckets is 64"},
    {"{'model_type': 'gemma2', " SIZES ", 'sliding_window': 8, 'sliding_window_size': 9}", NULL,
     "sliding_window_size is 9"},
    {"{" LLAMA ", 'rope_theta': 0}", NULL, "llama: rope_theta is 0; expected a number above it"},
    {"{" LLAMA ", 'num_key_value_heads': 0}", NULL, "num_key_value_heads is 0"},
    {"{" LLAMA ", 'rope_scaling': {'type': 'llama3', 'factor': 8, 'original_max_position_embeddings': 0}}", NULL,
     "rope_scaling.original_max_position_embeddings is 0"},
    {"{" LLAMA ", 'hidden_size': {'a': 1}}", NULL, "hidden_size is an object; expected a number or a word"},
    {"{" LLAMA ", 'rms_norm_eps': 'tiny'}", NULL, "llama: rms_norm_eps is \"tiny\"; expected a number"},
    {"{" LLAMA ", 'hidden_size': '64'}", NULL, "hidden_size is \"64\"; expected a number"},
    {"{" LLAMA ", 'clip_qkv': 8.0}", NULL, "clip_qkv = 8"},
    {"{" LLAMA "}", "rope_scalin", "no key 'rope_scalin'"},
    {"{" LLAMA ", 'hidden_act': 'silu layers=7'}", NULL, "expected a word"},
    {"{'model_type': 2}", NULL, "\"model_type\" is no string"},
    {"{" GPT2 ", 'add_cross_attention': true}", NULL, "add_cross_attention is true"}, // not what a later row has first
    {"{" GPT2 ", 'scale_attn_weights': false}", NULL, "scale_attn_weights is false"},
    {"{" DEEPSEEK ", 'n_group': 1}", NULL, "topk_group is 4, which is above n_group, 1"},
    {"{" DEEPSEEK ", 'n_group': 7, 'topk_group': 1}", NULL,
     "n_group is 7, which does not divide n_routed_experts, 256"},
    {"{" LLAMA ", 'head_dim': 7}", NULL, "llama: head_dim: 7 columns of a head's 7 are rotated; expected pairs"},
    {"{'model_type': 'phi3', " SIZES ", 'partial_rotary_factor': 0.25}", NULL,
     "phi3: num_attention_heads, partial_rotary_factor: 3 columns of a head's 12 are rotated"},
    {"{'model_type': 'vit', " SIZES ", 'image_size': 8}", NULL, "patch_size is 16, which is above image_size, 8"},
    {"{'model_type': 'deepseek_v3', 'scoring_func': 'softmax'}", NULL, "scoring_func is softmax"},
    {"{" GEMMA3 ", 'layer_types': ['a', 'full_attention']}", NULL,
     "layer_types is [\"a\",\"full_attention\"]; expected a list of these words: full_attention|sliding_attention"},
    {"{" GEMMA3 ", 'layer_types': [" SLIDING "'full_attention', 'sliding_attention']}", NULL,
     "gemma3_text: layer_types has 3 entries, and num_hidden_layers is 2"},
    {"{'model_type': 'gemma2', " SIZES ", 'layer_types': ['full_attention']}", NULL,
     "gemma2: layer_types has 1 entries, and num_hidden_layers is 2"},
    {"{" LLAMA ", 'layer_types': ['full_attention']}", NULL, "layer_types has 1 entries, and num_hidden_layers is 2"},
    {"{" LLAMA ", 'layer_types': []}", NULL, "layer_types has 0 entries"},
    {"{" LLAMA ", 'layer_types': 'full_attention'}", NULL, "expected a list with an entry for each layer"},
    {"{'model_type': 'falcon', 'hidden_size': 48, 'n_layer': 2, 'n_head': 4, 'layer_types': ['full_attention']}", NULL,
     "layer_types has 1 entries, and n_layer is 2"},
    {"{" LLAMA ", 'layer_types': ['full_attention', 'other']}", NULL,
     "layer_types = [\"full_attention\",\"other\"] is not understood"},
    {"{" GEMMA3 ", 'sliding_window_pattern': 0}", NULL, "sliding_window_pattern is 0; expected a whole number from 1"},
    {"{" GEMMA3 ", 'sliding_window_pattern': '2 + l'}", NULL, "sliding_window_pattern is '2 + l'; expected a word"},
    {"{" GEMMA3 ", 'sliding_window': 1.5}", NULL,
     "sliding_window is 1.5; expected a whole number from 1 to 1073741823"},
    {"{" GEMMA3 ", 'rope_local_base_freq': true}", NULL, "rope_local_base_freq is true; expected a number"},
    {"{" LLAMA ", 'rms_norm_eps': {}}", NULL, "rms_norm_eps is {}; expected a number or a word"},
    {"{" LLAMA ", 'rms_norm_eps': []}", NULL, "rms_norm_eps is []; expected a number or a word"},
    {"{" LLAMA ", 'rms_norm_eps': {'a': 1}}", NULL, "rms_norm_eps.a = 1 is not understood"},
    {"{" LLAMA ", 'new_word': 'linear'}", NULL, "new_word = linear is not understood"},
};

START_TEST(what_is_not_understood_is_an_error)
{
    struct huggingface read;
    struct error error = {0};
    ck_assert_int_eq(read_quoted(&read, wrong[_i].config, wrong[_i].ignore, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, wrong[_i].error) != NULL, "'%s' is not in '%s'", wrong[_i].error, error.text);
    ck_assert_ptr_null(read.settings);
}
END_TEST

static const struct {
    const char *config, *error;
} refused[] = {
    {"{" GPT2 ", 'activation_function': 'gelo_new'}", "gpt2: activation_function: unknown activation 'gelo_new'"},
    {"{" GPT2 ", 'n_inner': -2}", "gpt2: n_inner: ffn-width: -2"},
    {"{" LLAMA ", 'rope_parameters': {'rope_theta': -1}}", "llama: rope_parameters.rope_theta: rope: -1"},
    {"{" GEMMA3 ", 'initializer_range': 0}", "gemma3_text: hidden_size, initializer_range: input-scale: 0"},
};

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
    ck_assert_msg(read_quoted(&read, layered[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(strstr(read.placement, layered[_i].section) != NULL, "%s", read.placement);
    huggingface_free(&read);
}
END_TEST

/* What the settings refuse is an error that names the configuration's key. */
START_TEST(refused_values_name_their_key)
{
    struct huggingface read;
    struct model model;
    struct error error = {0};
    ck_assert_msg(read_quoted(&read, refused[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
    model_defaults(&model);
    ck_assert_int_eq(huggingface_apply(&read, &model, &error), ERROR_INPUT);
    ck_assert_msg(strncmp(error.text, refused[_i].error, strlen(refused[_i].error)) == 0, "%s", error.text);
    model_free(&model);
    huggingface_free(&read);
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
    ck_assert_msg(read_quoted(&read, right[_i].config, right[_i].ignore, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_str_eq(read.ignored, right[_i].ignored);
    ck_assert_ptr_nonnull(strstr(read.idle, "model_type"));
    huggingface_free(&read);
}
END_TEST

static char *printed(struct huggingface *read, const char *config)
{
    struct error error = {0};
    char *text = NULL;
    size_t size;
    ck_assert_msg(read_quoted(read, config, NULL, &error) == ERROR_NONE, "%s", error.text);
    FILE *stream = open_memstream(&text, &size);
    huggingface_print(read, stream);
    fclose(stream);
    return text;
}

/* What is printed can be given back: the same words make the same model. */
START_TEST(what_is_printed_makes_the_model)
{
    struct huggingface read;
    char *text = printed(&read, "{" LLAMA ", 'num_key_value_heads': 2, 'vocab_size': 5}");
    ck_assert_ptr_nonnull(strstr(text, read.placement));
    ck_assert_ptr_nonnull(strstr(text, " --kv-heads 2"));
    ck_assert_ptr_nonnull(strstr(text, " --init normal:0.02"));
    ck_assert_ptr_null(strstr(text, "head-width"));
    ck_assert_ptr_nonnull(strstr(text, "of no effect at initialisation: model_type, vocab_size"));
    free(text);
    huggingface_free(&read);
}
END_TEST

/* A zero is kept where it is not what there is without it. */
START_TEST(no_rotation_is_printed)
{
    struct huggingface read;
    char *text = printed(&read, "{'model_type': 'phi3', " SIZES ", 'partial_rotary_factor': 0}");
    ck_assert_ptr_nonnull(strstr(text, " --rotary 0 "));
    free(text);
    huggingface_free(&read);
}
END_TEST

/* Every type says its mask: what a command begins with is not meant. */
START_TEST(every_type_says_its_mask)
{
    for (size_t i = 0; i < architecture_count; i++)
        ck_assert_msg(strstr(architectures[i].settings, " mask=") != NULL, "%s", architectures[i].type);
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

Suite *huggingface_suite(void);
Suite *huggingface_suite(void)
{
    Suite *suite = suite_create("huggingface");
    TCase *table = tcase_create("table");
    tcase_set_timeout(table, 60);
    tcase_add_loop_test(table, every_row_is_reached_and_sampled, 0, (int)architecture_count);
    suite_add_tcase(suite, table);
    TCase *examples = tcase_create("examples");
    tcase_set_timeout(examples, 60);
    tcase_add_test(examples, every_example_is_a_model);
    tcase_add_loop_test(examples, examples_have_the_published_number_of_parameters, 0,
                        sizeof parameters / sizeof *parameters);
    tcase_add_loop_test(examples, cheap_examples_are_sampled, 0, 2);
    suite_add_tcase(suite, examples);
    TCase *facts = tcase_create("facts");
    tcase_add_loop_test(facts, keys_become_settings, 0, sizeof numbers / sizeof *numbers);
    tcase_add_loop_test(facts, what_is_not_understood_is_an_error, 0, sizeof wrong / sizeof *wrong);
    tcase_add_loop_test(facts, types_of_layers_decide, 0, sizeof layered / sizeof *layered);
    tcase_add_loop_test(facts, ignored_keys_are_listed, 0, sizeof right / sizeof *right);
    tcase_add_loop_test(facts, refused_values_name_their_key, 0, sizeof refused / sizeof *refused);
    tcase_add_test(facts, what_is_printed_makes_the_model);
    tcase_add_test(facts, no_rotation_is_printed);
    tcase_add_test(facts, every_type_says_its_mask);
    tcase_add_test(facts, broken_configurations_are_errors);
    suite_add_tcase(suite, facts);
    tcase_add_loop_test(folder_case(suite, "files"), file_holds_one_object, 0, sizeof files / sizeof *files);
    return suite;
}
