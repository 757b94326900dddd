/* Texts over the keys of a JSON configuration: "width={hidden_size} eps={rms_norm_eps=1e-6}" (analysis/architecture has the
 * language), and which keys they have read. */
#ifndef SPANSCOPE_ANALYSIS_TEMPLATE_H
#define SPANSCOPE_ANALYSIS_TEMPLATE_H

#include <jansson.h>
#include <stdbool.h>

#include "sim/error.h"
#include "sim/text.h"

enum { TEMPLATE_KEY_MAX = 128, TEMPLATE_KEYS_MAX = 512, TEMPLATE_SPELLED_MAX = 64, TEMPLATE_VALUE_MAX = 4096 };

enum template_use { TEMPLATE_UNUSED, TEMPLATE_READ, TEMPLATE_IDLE, TEMPLATE_IGNORED };

/* A member that is no object, or an empty one, by the names that lead to it. */
struct template_leaf {
    char key[TEMPLATE_KEY_MAX]; /* "rope_scaling.factor" */
    const json_t *value;
    enum template_use use;
};

struct template_reader {
    const char *type;             /* model_type, for messages */
    struct template_leaf *leaves; // [TEMPLATE_KEYS_MAX]
    int count;
    const char *ignore; /* "KEY,KEY", or NULL */
    bool translates;    /* words become those of the settings */
    bool reckons;       /* within an expression or a formula, where a key is a number */
    struct text *given; /* where the keys that give values are listed, "KEY, KEY", or NULL */
    struct error *error;
};

/* Control characters become \u000A, so that messages can have what a configuration has. */
void template_escape(const char *string, struct text *out);

/* The members of an object, under "prefix.", behind the reader's leaves. */
int template_add(struct template_reader *reader, const char *prefix, const json_t *object);

/* Whether the list "a,b" or "a b" names the key or what it is within; its entries are patterns, or pattern=value. */
bool template_lists(const char *list, const char *separators, const char *key, const char *value);
bool template_ignores(const struct template_reader *reader, const char *key);

/* A value as a template has it: a list of words as the one that all are. */
const char *template_spell(const json_t *value, char buffer[TEMPLATE_SPELLED_MAX]);
/* The same with the quotes of a string, for an error that speaks of its type. */
const char *template_quote(const json_t *value, char buffer[TEMPLATE_SPELLED_MAX]);

/* The first byte at the template's own depth that is symbol, or length. */
size_t template_find(const char *template, size_t length, char symbol);

/* The key of a template "{key...", or of a condition that begins with one. */
void template_asked(const char *template, char key[TEMPLATE_KEY_MAX]);

/* ERROR_INPUT names a key that is missing, or whose value makes no text. Words stay the configuration's own unless the
 * reader translates them. */
int template_expand(struct template_reader *reader, const char *template, size_t length, struct text *out);

#endif
