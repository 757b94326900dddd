#include <check.h>
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/huggingface_read.h"
#include "sim/sampler.h"
#include "sim/setting.h"
#include "tests/configuration.h"
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

static const struct {
    const char *config, *error;
} refused[] = {
    {"{" GPT2 ", 'activation_function': 'gelo_new'}", "gpt2: activation_function: unknown activation 'gelo_new'"},
    {"{" GPT2 ", 'n_inner': -2}", "gpt2: n_inner: ffn-width: -2"},
    {"{" LLAMA ", 'rope_parameters': {'rope_theta': -1}}", "llama: rope_parameters.rope_theta: rope: -1"},
    {"{" GEMMA3 ", 'initializer_range': 0}", "gemma3_text: hidden_size, initializer_range: input-scale: 0"},
};

/* What the settings refuse is an error that names the configuration's key. */
START_TEST(refused_values_name_their_key)
{
    struct huggingface read;
    struct model model;
    struct error error = {0};
    ck_assert_msg(configuration_read(&read, refused[_i].config, NULL, &error) == ERROR_NONE, "%s", error.text);
    model_defaults(&model);
    ck_assert_int_eq(huggingface_apply(&read, &model, &error), ERROR_INPUT);
    ck_assert_msg(strncmp(error.text, refused[_i].error, strlen(refused[_i].error)) == 0, "%s", error.text);
    model_free(&model);
    huggingface_free(&read);
}
END_TEST

static char *printed(struct huggingface *read, const char *config)
{
    struct error error = {0};
    char *text = NULL;
    size_t size;
    ck_assert_msg(configuration_read(read, config, NULL, &error) == ERROR_NONE, "%s", error.text);
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
    tcase_add_loop_test(facts, refused_values_name_their_key, 0, sizeof refused / sizeof *refused);
    tcase_add_test(facts, what_is_printed_makes_the_model);
    tcase_add_test(facts, no_rotation_is_printed);
    tcase_add_test(facts, every_type_says_its_mask);
    suite_add_tcase(suite, facts);
    return suite;
}
