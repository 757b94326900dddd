/* What names stand for: the language's own, parameters and settings of the definitions that are expanded, statements,
 * states and inputs. */
#ifndef SPANSCOPE_SIM_NAME_H
#define SPANSCOPE_SIM_NAME_H

#include "sim/function.h"
#include "sim/parser.h"

/* The words of sections: first, block, final, if. */
bool name_is_keyword(const struct lexer_token *name);

/* Whether the language has a variable of that name, which nothing else may take. */
bool name_is_variable(const struct parser *parser, const struct lexer_token *name);

/* A name that is to be declared or assigned: not too long, not the language's. */
int name_check(const struct parser *parser, const struct lexer_token *name);

/* The newest statement of that name; the number of the state or input, in a block; -1 where there is none. */
int name_statement(const struct parser *parser, const struct lexer_token *name);
int name_input(const struct parser *parser, const struct lexer_token *name);

/* The GRAPH_INPUT node of inputs[input], made where the graph has none. */
int name_input_node(struct parser *parser, const struct lexer_token *at, int input);

/* The node that a name stands for. */
int name_read(struct parser *parser, const struct lexer_token *name);

/* What is called by a name: the newest visible definition, else, with NULL in *definition, the language's function. */
bool name_callable(const struct parser *parser, const struct lexer_token *name,
                   const struct parser_definition **definition, struct function *function);
const struct parser_definition *name_definition(const struct parser *parser, const struct lexer_token *name);

/* Binds a name from here on. */
int name_bind(struct parser *parser, const struct lexer_token *at, struct parser_binding binding);

/* What the innermost of the calls around has set that option to, which counts as used; NULL where none has. */
const struct parser_binding *name_setting(struct parser *parser, const char *option);

/* Errors, with the nearest name that would do. The first is of a word (LEXER_WORD) at the next token. */
int name_unknown_word(const struct parser *parser);
int name_unknown_function(const struct parser *parser, const struct lexer_token *name);
int name_unknown_definition(const struct parser *parser, const struct lexer_token *name);
int name_unknown_section(const struct parser *parser, const struct lexer_token *name);

#endif
