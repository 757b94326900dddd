/* The settings of a model by name and text: what the command line, claims and sweeps say a configuration in. */
#ifndef SPANSCOPE_SIM_SETTING_H
#define SPANSCOPE_SIM_SETTING_H

#include <stddef.h>

#include "sim/model.h"

struct setting {
    const char *name;     /* "ffn-width" */
    char letter;          /* 'F', or 0 */
    const char *argument; /* "N", "NAME", "relu|gelu|..." is made from the choices */
    const char *summary;
    int (*apply)(const struct setting *self, struct model *model, const char *text, struct error *error);
    size_t offset;                            /* of the field in struct model, for the common kinds */
    const char *(*choice)(size_t i);          /* names of a choice in order, NULL behind the last */
    void (*choose)(struct model *, size_t i); /* takes choice i */
    unsigned readers;     /* the kinds of node that it says something to, 1u << kind; 0: all models */
    const char *variable; /* its name in formulas and initialisations, or NULL */
};

extern const struct setting settings[];
extern const size_t setting_count;

/* The setting of that name; NULL with ERROR_INPUT and the nearest name in error where there is none. */
const struct setting *setting_find(const char *name, struct error *error);

/* Sets one thing of the model. The old formula or init is freed. */
int setting_apply(struct model *model, const char *name, const char *text, struct error *error);

/* Sets several: "placement='x = x + ffn(x)' init=unit layers=32", separated by blanks that no quotes enclose. */
int setting_apply_all(struct model *model, const char *text, struct error *error);

/* The next word of such a text, which is moved behind it, and its length, quotes and all; NULL at the end. */
const char *setting_word(const char **text, size_t *length);

/* Takes a word's quotes off, in place. */
void setting_unquote(char *word);

/* Whether anything in the checked model depends on the setting: a node of the formula, or a scale of its matrices. */
bool setting_is_read(const struct setting *setting, const struct model *model);

/* What reads it, for messages: "ffn(), moe() or the name F"; like snprintf. */
size_t setting_print_readers(const struct setting *setting, char *buffer, size_t size);

/* Numbers as the command line takes them: decimal, whole text, in range; what names them in the error. */
int setting_integer(const char *what, const char *text, long long least, long long most, long long *value,
                    struct error *error);
int setting_real(const char *what, const char *text, double *value, struct error *error);

#endif
