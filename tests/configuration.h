/* Configurations of transformers, made for rows of the table of architectures. */
#ifndef SPANSCOPE_TESTS_CONFIGURATION_H
#define SPANSCOPE_TESTS_CONFIGURATION_H

#include "analysis/huggingface_read.h"

/* Members of small configurations, which the functions below take within braces. */
#define SIZES    "'hidden_size': 48, 'num_hidden_layers': 2, 'num_attention_heads': 4, 'intermediate_size': 9"
#define LLAMA    "'model_type': 'llama', " SIZES
#define GPT2     "'model_type': 'gpt2', 'n_embd': 48, 'n_layer': 2, 'n_head': 4"
#define SLIDING  "'sliding_attention', "
#define DEEPSEEK "'model_type': 'deepseek_v3', " SIZES
#define QWEN     "'model_type': 'qwen2', 'use_sliding_window': true, " SIZES
#define GEMMA3                                                                                                         \
    "'model_type': 'gemma3_text', 'hidden_size': 48, 'num_hidden_layers': 2, 'num_attention_heads': 4, "               \
    "'intermediate_size': 9"

/* Reads a configuration in JSON with single quotes, which jansson does not know. */
int configuration_read(struct huggingface *self, const char *text, const char *ignore, struct error *error);

/* Asserts that such a configuration is refused with words that have the error's in them. */
void configuration_refused(const char *text, const char *ignore, const char *wanted);

/* Sets a member, "outer.inner" within an object that is made where there is none; value is taken over. */
void configuration_set(json_t *config, const char *key, json_t *value);

/* A configuration of the row with nothing but what it needs: 4 layers of width 64, 8 heads, F = 40. The caller frees it,
 * and the model that it was read to. */
json_t *configuration_smallest(const struct architecture *row, struct huggingface *model, struct error *error);

#endif
