/* A model's configuration as Hugging Face's transformers keeps it, config.json, in the language of settings. */
#ifndef SPANSCOPE_ANALYSIS_HUGGINGFACE_H
#define SPANSCOPE_ANALYSIS_HUGGINGFACE_H

#include <stdbool.h>
#include <stdio.h>

#include "analysis/architecture.h"
#include "analysis/template.h"
#include "sim/error.h"
#include "sim/model.h"
#include "sim/setting.h"

struct huggingface {
    const struct architecture *row;
    char *placement; /* the formula that it became */
    char *settings;  /* the rest: layers=32 width=4096 ... */
    char *given;     /* what keys those are made of: layers='num_hidden_layers' ..., '' where of none */
    char *idle;      /* keys that say nothing to the law at initialisation: "vocab_size, ..."; "" */
    char *ignored;   /* keys that ignore named, likewise */
};

void huggingface_free(struct huggingface *self);

/* Sets the model's settings; it is not checked yet. Its placement is called as the type is. */
int huggingface_apply(const struct huggingface *self, struct model *model, struct error *error);

/* The keys that gave the setting name[length], as in width=32, "KEY, KEY"; where the configuration has none of those it is
 * made of the first of them, and "" where it is made of none. */
void huggingface_key(const struct huggingface *self, const char *name, size_t length, char key[TEMPLATE_KEY_MAX]);

/* The value of a setting, "" where it has none; the keys that gave the setting name[length], "" where there are none. */
void huggingface_setting(const struct huggingface *self, const char *name, char value[TEMPLATE_VALUE_MAX]);
void huggingface_given(const struct huggingface *self, const char *name, size_t length, char keys[TEMPLATE_VALUE_MAX]);

/* Of a word name=value: the setting, NULL where there is none of that name; whether it is a zero that stands for none. */
const struct setting *huggingface_word(const char *word);
bool huggingface_is_none(const char *word, size_t length);

/* What it became, as options that make the same model again, and the keys without a say. */
void huggingface_print(const struct huggingface *self, FILE *stream);

#endif
