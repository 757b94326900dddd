/* The command line: each command has a table of options over a struct of its own; model settings join every table. */
#ifndef SPANSCOPE_CLI_OPTIONS_H
#define SPANSCOPE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "analysis/huggingface.h"
#include "cli/status.h"
#include "cli/value.h"
#include "sim/setting.h"

struct options_row {
    const char *name;
    char letter;          /* 0 where it has only a long name */
    const char *argument; /* NULL for flags, and where the names of choice say it; FILE and DIR are paths */
    const char *summary;
    value_reader *read;
    size_t offset;        /* of the field in the command's struct */
    value_choice *choice; /* NULL where anything is taken */
};

/* A model setting as it was given. */
struct options_setting {
    const char *name, *text;
};

/* What every command's struct begins with. */
struct options {
    struct options_setting *settings; /* in the order given */
    int setting_count;
    const char **given; /* [given_count], names of the command's own options that were given, each once */
    int given_count;
    char **words; /* arguments that are not options */
    int word_count;
    const char *defaults;     /* the command's */
    const char *config;       /* a file of the model's configuration, or NULL */
    const char *ignore;       /* keys of it */
    struct huggingface model; /* that configuration, once it is read (cli/begin) */
    bool help;
    enum status status; /* of a command that did its work (cli/command) */
};

struct options_command {
    const char *usage;   /* "run [OPTION]..." */
    const char *summary; /* sentences for --help */
    const struct options_row *rows;
    size_t row_count;
    bool settings;        /* takes the model's settings */
    bool draws;           /* and those that say something to what is drawn only */
    bool config;          /* takes the model from --config, too; what is given beside it wins */
    const char *several;  /* the option that may be given more than once, or NULL */
    const char *no_words; /* what is said of words that are no options; NULL where they are the command's */
    value_choice *word;   /* such words; NULL: the names of files */
    bool sweeps;          /* a setting may have several values, in one option or several; read with cli/sweep */
    const char *defaults; /* settings of its own before those given, or NULL */
};

/* Parses argv[1..] into target, which begins with a struct options and holds the defaults. ERROR_INPUT names the
 * option, what was expected and the nearest name; so does an option given twice, of which one would be lost. */
int options_parse(const struct options_command *command, int argc, char **argv, void *target, struct error *error);
void options_free(struct options *options);

/* Whether an option of the command's own was given. */
bool options_given(const struct options *options, const char *name);

/* ERROR_INPUT, naming it in the format's only %s, where an option of the command's own was given that is none of these (up
 * to NULL): of a mode that reads few of them, the others would be lost. */
int options_only(const struct options *options, const char *const names[], const char *format, struct error *error);

/* What help, manual pages and completions say of an option. */
struct options_item {
    const char *name;
    char letter;          /* or 0 */
    const char *argument; /* NULL for flags */
    const char *summary;
    bool setting;             /* of the model, else of the command */
    bool list;                /* takes several, with commas between them */
    value_choice *choice;     /* or NULL */
    const struct setting *of; /* whose names it takes, or NULL */
    char names[160];          /* what argument points to where it is made of names */
};

/* Option number i of the command, its own first, then the model's settings; false behind the last. The item must not
 * move: argument may point into it. */
bool options_item(const struct options_command *command, size_t i, struct options_item *item);

/* Name number i that it takes, NULL behind the last. */
const char *options_item_choice(const struct options_item *item, size_t i);

/* Whether it names a file, or a folder. */
bool options_item_is_path(const struct options_item *item);

void options_help(const struct options_command *command, FILE *stream);

/* ERROR_INPUT: nothing in what was given reads the setting of that name. whom names what was asked. */
int options_unread(const char *setting, const char *whom, struct error *error);

#endif
