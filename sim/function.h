/* The functions of the language: what can be called by name, with which arguments. */
#ifndef SPANSCOPE_SIM_FUNCTION_H
#define SPANSCOPE_SIM_FUNCTION_H

#include "sim/graph.h"

/* An argument "name=value" of a call. */
struct function_option {
    const char *name;
    const char *(*choice)(size_t i); /* the words that it may be, NULL behind the last; NULL: a scalar */
    const char *summary;
};

struct function {
    const char *name;
    enum graph_kind kind;
    int index;                             /* of the node: GRAPH_POINTWISE's activation, else -1 */
    int operands;                          /* signals where the kind is one, else scalars */
    const struct function_option *options; /* [option_count], the last of them without a name */
    int option_count;
    bool reserved;  /* no statement may take the name; of the others, only calls are theirs */
    int positional; /* the first so many options may stand without their names behind the operands */
    const char *example;
    const char *summary;
};

/* Function number i: operations, functions of an element, functions of scalars; false behind the last. */
bool function_at(size_t i, struct function *function);

/* The function of that name (length bytes). A name that begins with w and is no other's is a map. */
bool function_find(const char *name, size_t length, struct function *function);

/* The law of that name as a function of a standard deviation, for initialisations. */
bool function_law(const char *name, size_t length, struct function *function);

/* The option of any function, or NULL: what a call of a def may set within it. */
const struct function_option *function_option(const char *name, size_t length);

/* The number of a word among an option's choices, or -1. */
int function_choice(const struct function_option *option, const char *word, size_t length);

/* The name of GRAPH_POINTWISE's index. */
const char *function_name(int index);

#endif
