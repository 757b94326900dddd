/* The settings of a model by name and text: what the command line, claims and sweeps say a configuration in. */
#ifndef SPANSCOPE_SIM_SETTING_H
#define SPANSCOPE_SIM_SETTING_H

#include <stddef.h>

#include "sim/model.h"

enum setting_type {
    SETTING_INTEGER, // int
    SETTING_REAL,    // double
    SETTING_CHOICE,  // pointer to a row of a table; a row begins with its name
    SETTING_TEXT,    // has functions of its own
};

/* How a range is walked by an axis or a slider. */
enum setting_scale { SETTING_LINEAR, SETTING_LOGARITHMIC };

/* The table of a choice. */
struct setting_table {
    const void *rows; // [*count], of stride bytes each
    size_t stride;
    const size_t *count;
};

/* A setting that is text: a formula of some language, with a short name where it has one. */
struct setting_text {
    const char *key; /* of the whole text in outputs: "formula" */
    int (*apply)(struct model *model, const char *text, struct error *error);
    size_t (*print)(const struct model *model, char *buffer, size_t size); /* the whole text; like snprintf */
    char (*parameter)(const struct model *model); /* of the name: 'c' of scaleinit:2; 0 where it has none */
    char (*given)(const char *text);              /* the same where the text has a value of it, else 0 */
    const char *(*known)(size_t i);               /* name number i of its table, NULL behind the last */
};

/* What a node must do besides for a setting to say anything to it, as its call and the model have it; an option whose value
 * is an expression is taken to. */
struct setting_need {
    bool (*met)(const struct model *model, const struct graph *graph, const struct graph_node *node);
    const char *words; /* "a rope" */
};

/* A row is the option, the member of "config", the column of CSV, the words of a legend, the axis of a map and the name
 * in a hypothesis: a new number of the model is its field, its default (sim/model) and a row here. */
struct setting {
    const char *name; /* of the option: "ffn-width" */
    const char *key;  /* in outputs: "ffn_width" */
    char letter;      /* 'F', or 0 */
    enum setting_type type;
    const char
        *argument; /* "N", "X", "NAME", ...; a choice's names are setting_choice's; NULL: a switch, 1 where given */
    const char *summary;
    size_t offset;                   /* of the field in struct model; of text: its name, char[GRAPH_NAME_MAX] */
    double least, most;              /* of a number, both included */
    bool rare;                       /* few change it: a page shows it behind the others */
    bool drawn;                      /* says something to what is drawn only: commands that draw nothing refuse it */
    enum setting_scale scale;        /* of a number */
    struct setting_table table;      /* of a choice */
    const struct setting_text *text; /* of text, else NULL */
    const char *before, *after;      /* the words of a legend: "L = " 64 "", "" causal " mask"; NULL is "" */
    const char *usual, *spoken;      /* this value is spoken of like that, "" being silence; NULL: like any other */
    unsigned readers; /* the kinds of node that it says something to (sim/readers); with no variable, 0: all models */
    int option;       /* 1 + the option of such a node that says it instead, 0: there is none */
    const struct setting_need *need; /* NULL: nothing */
    /* What an initialisation says of a matrix instead, NULL where it says nothing; NULL: it never does. */
    const struct law *(*matrix)(const struct init *init, const struct graph_matrix *matrix);
    const char *variable; /* its name in formulas and initialisations where it says something to them, or NULL; names
                             that the same option of a call sets are one */
};

extern const struct setting settings[];
extern const size_t setting_count;

/* The setting of that name; NULL with ERROR_INPUT and the nearest name in error where there is none. */
const struct setting *setting_find(const char *name, struct error *error);

/* Whether it is a whole number or any; a choice's name number i, NULL behind the last. */
bool setting_is_number(const struct setting *setting);
const char *setting_choice(const struct setting *setting, size_t i);

/* The same, of a text too, which may be another than those. */
const char *setting_known(const struct setting *setting, size_t i);

/* The model's value: of a number, NAN for others; as a name: of a choice, and the short name of a text; as text that
 * setting_apply takes to the same model (whole, with 17 digits where a number needs them), like snprintf. */
double setting_number(const struct setting *setting, const struct model *model);
const char *setting_name(const struct setting *setting, const struct model *model);
size_t setting_print(const struct setting *setting, const struct model *model, char *buffer, size_t size);

/* The same in allocated memory, which the caller frees; NULL where there is none. */
char *setting_value(const struct setting *setting, const struct model *model);

/* The value as a label, texts by their names: "64", "relu", "spannorm", "scaleinit:2"; like snprintf. */
size_t setting_label(const struct setting *setting, const struct model *model, char *buffer, size_t size);

/* A value's words: "L = 64", "causal mask", nothing where it goes without saying. value is setting_label's text, or any
 * saved one; "" stands for the usual value. Like snprintf. */
size_t setting_words(const struct setting *setting, const char *value, char *buffer, size_t size);

/* The setting that a text's name takes behind a colon (c of scaleinit:2), NULL where it takes none. */
const struct setting *setting_parameter(const struct setting *setting, const struct model *model);

/* The same where the text, scaleinit:2, has a value of it; NULL where that is left to the setting. */
const struct setting *setting_gives(const struct setting *setting, const char *text);

/* Whether two models agree in the setting; formulas are compared, not their names. */
bool setting_same(const struct setting *setting, const struct model *a, const struct model *b);

/* Gives a text another name, as a terminal may be shown it (text_show): cut where it is too long. */
void setting_rename(const struct setting *setting, struct model *model, const char *name);

/* ERROR_INPUT where the model's number is not between least and most. */
int setting_check(const struct setting *setting, const struct model *model, struct error *error);

/* A number in the fewest digits that are read as the same number; like snprintf. Any fits SETTING_NUMBER_MAX characters. */
enum { SETTING_NUMBER_MAX = 32 };
size_t setting_print_number(double value, char *buffer, size_t size);

/* Sets one thing of the model. The old formula or init is freed. */
int setting_apply(struct model *model, const char *name, const char *text, struct error *error);

/* What a model has of placement and initialisation before it is given any. */
#define SETTING_BEGIN "placement=spannorm init=scaleinit"

/* Sets several: "placement='x = x + ffn(x)' init=unit layers=32", separated by blanks that no quotes enclose. */
int setting_apply_all(struct model *model, const char *text, struct error *error);

/* The next word of such a text, which is moved behind it, and its length, quotes and all; NULL at the end. */
const char *setting_word(const char **text, size_t *length);

/* Has every word of such a text taken in turn, as a copy that may be cut up, until one is refused. */
typedef int setting_taker(void *context, char *word, struct error *error);
int setting_each(const char *text, setting_taker *take, void *context, struct error *error);

/* Takes a word's quotes off, in place. */
void setting_unquote(char *word);

/* Numbers as the command line takes them: decimal, whole text, in range; what names them in the error. */
int setting_integer(const char *what, const char *text, long long least, long long most, long long *value,
                    struct error *error);
int setting_real(const char *what, const char *text, double *value, struct error *error);

#endif
