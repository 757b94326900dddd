/* What an option may be given: a row of its table says which of these reads it. */
#ifndef SPANSCOPE_CLI_VALUE_H
#define SPANSCOPE_CLI_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/error.h"

/* Reads text into the field; name is the option's, for the message. */
typedef int value_reader(void *field, const char *name, const char *text, struct error *error);

value_reader value_flag;     /* bool; takes no argument */
value_reader value_text;     /* const char * */
value_reader value_shown;    /* the same, of a text that stands in output */
value_reader value_path;     /* const char *, not empty */
value_reader value_store;    /* the same, of a file that is read and written, so not - */
value_reader value_seed;     /* uint64_t, all 64 bits */
value_reader value_count;    /* int64_t >= 1 */
value_reader value_threads;  /* int >= 1 */
value_reader value_draws;    /* int >= 1: attention matrices */
value_reader value_fraction; /* double in (0, 1) */
value_reader value_seconds;  /* double > 0 */
value_reader value_bytes;    /* size_t: 512M, 4G, 1.5G */
value_reader value_engine;   // const struct linear_engine *; NULL is auto

/* Name number i of those that an option takes, NULL behind the last. */
typedef const char *value_choice(size_t i);

/* The same of a table whose rows have a name. */
#define VALUE_CHOICE(function, table, count)                                                                           \
    static const char *function(size_t i)                                                                              \
    {                                                                                                                  \
        return i < (count) ? (table)[i].name : NULL;                                                                   \
    }

value_choice value_engine_name; // those of value_engine

/* The number of the name that text is; -1 with ERROR_INPUT and the nearest in error where it is none. */
int value_choose(value_choice *choice, const char *what, const char *text, struct error *error);

#endif
