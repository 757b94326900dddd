/* The table of architectures: what a model type of Hugging Face's transformers is in the language of formulas. */
#ifndef SPANSCOPE_ANALYSIS_ARCHITECTURE_H
#define SPANSCOPE_ANALYSIS_ARCHITECTURE_H

#include <stdbool.h>
#include <stddef.h>

/* A row is a model type, or one variant of it. Its texts are templates over the keys of a configuration:
 *
 *     {key}           its value; an error where it is absent
 *     {key=a}         a where it is absent or null; a is a template
 *     {key=a|b}       a where it is absent, b where it is null
 *     {key?v|w=a}     of a list of the words v and w, one for each layer, the condition that a layer's is v; a where it is
 *                     absent or null
 *     [expression]    the value of a scalar expression, after its keys
 *
 * Keys of an object within the configuration are outer.inner. Absent keys take what the configuration's class takes. */
struct architecture {
    const char *type;      /* "model_type" of the configuration */
    const char *when;      /* words "template=value" that all hold where the row is meant; the first such row counts */
    const char *placement; /* the formula */
    const char *settings;  /* the rest of the model, as setting_apply_all takes it */
    const char *idle;      /* further keys of the type that say nothing to the row's law */
    const char *note;      /* what the formula is of, or leaves out, or NULL */
};

extern const struct architecture architectures[];
extern const size_t architecture_count;

/* How rotary positions are stretched (sim/scaling), for rows whose settings have a rope: what a configuration calls it, and
 * its rows, whose types these names are; settings are added to the architecture's. */
extern const char architecture_rope[];
extern const struct architecture architecture_ropes[];
extern const size_t architecture_rope_count;

/* Keys (patterns of fnmatch, or pattern=value) that say nothing to the law at initialisation, whatever the type: sizes of
 * the vocabulary, dropout, biases (they begin at 0), numbers of tokens, how the program runs. */
extern const char *const architecture_idle[];
extern const size_t architecture_idle_count;

/* Keys that are lists with an entry for each layer, whatever the type. */
extern const char *const architecture_layered[];
extern const size_t architecture_layered_count;

/* Numbers that stand in formulas or expressions, where no setting's range holds them; least and most are allowed. */
struct architecture_number {
    const char *key;
    double least, most;
    bool whole;
};

extern const struct architecture_number architecture_numbers[];
extern const size_t architecture_number_count;

/* Two of them, of rows that read both: the first is at most the second, or divides it. */
struct architecture_pair {
    const char *key, *whole;
    bool divides;
};

extern const struct architecture_pair architecture_pairs[];
extern const size_t architecture_pair_count;

/* What a word of a configuration is called here: gelu_new is gelu_tanh; the word itself where it has no other name. */
const char *architecture_word(const char *word);

#endif
