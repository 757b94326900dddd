/* Calls: their arguments and options, of the language's functions and of definitions. */
#ifndef SPANSCOPE_SIM_CALL_H
#define SPANSCOPE_SIM_CALL_H

#include "sim/function.h"
#include "sim/parser.h"

/* Room for the operands and every option. */
enum { CALL_ARGUMENTS_MAX = PARSER_PARAMETERS_MAX + 2 * GRAPH_OPTIONS_MAX };

/* An argument as it was read. */
struct call_argument {
    struct lexer_token at, key; /* the key's length is 0 where there is none */
    int node, choice;           /* the one that it is not is -1 */
    const struct function_option *option;
};

struct call {
    struct lexer_token name, at;                /* at: for errors; another where the name is not in the text */
    const struct parser_definition *definition; /* NULL: function */
    struct function function;
    int count, positional;
    struct call_argument arguments[CALL_ARGUMENTS_MAX]; /* [count] */
};

/* moe's option that is no scalar and no word of a table: a definition. */
extern const struct function_option call_body_option;

/* The call of a name that has just been taken; "(" is next. */
int call_parse(struct parser *parser, const struct lexer_token *name);

#endif
