/* A model's configuration as Hugging Face's transformers keeps it, config.json, in the language of settings. */
#ifndef SPANSCOPE_ANALYSIS_HUGGINGFACE_H
#define SPANSCOPE_ANALYSIS_HUGGINGFACE_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/architecture.h"
#include "analysis/template.h"
#include "sim/error.h"
#include "sim/model.h"

struct huggingface {
    const struct architecture *row;
    char *placement; /* the formula that it became */
    char *settings;  /* the rest: layers=32 width=4096 ... */
    char *given;     /* what keys those are made of: layers='num_hidden_layers' ..., '' where of none */
    char *idle;      /* keys that say nothing to the law at initialisation: "vocab_size, ..."; "" */
    char *ignored;   /* keys that ignore named, likewise */
};

/* ignore is "KEY,KEY,...", keys that are read as if they were absent, with what is within them; NULL for none.
 * ERROR_INPUT names an unknown model_type, a key that is not understood and may change the law, and one that is missing
 * or has a value that no row of the table has. config is an object. */
int huggingface_read(struct huggingface *self, const json_t *config, const char *ignore, struct error *error);

/* The same of a file. */
int huggingface_open(struct huggingface *self, const char *path, const char *ignore, struct error *error);
void huggingface_free(struct huggingface *self);

/* Sets the model's settings; it is not checked yet. Its placement is called as the type is. */
int huggingface_apply(const struct huggingface *self, struct model *model, struct error *error);

/* The keys that gave the setting name[length], as in width=32, "KEY, KEY"; where the configuration has none of those it is
 * made of the first of them, and "" where it is made of none. */
void huggingface_key(const struct huggingface *self, const char *name, size_t length, char key[TEMPLATE_KEY_MAX]);

/* What it became, as options that make the same model again, and the keys without a say. */
void huggingface_print(const struct huggingface *self, FILE *stream);

#endif
