/* What an operator means for each pair of types. */
#ifndef SPANSCOPE_SIM_OPERATOR_H
#define SPANSCOPE_SIM_OPERATOR_H

#include "sim/parser.h"

enum type { TYPE_SIGNAL, TYPE_SCALAR, TYPE_TRUTH };
extern const char *const type_names[]; /* "signal", "scalar", "condition" */

enum type type_of(const struct parser *parser, int node);

/* Whether the token is < <= > >= == or !=. */
bool operator_compares(const struct lexer_token *token);

/* a sign b; ERROR_INPUT where their types do not go together. */
int operator_apply(struct parser *parser, const struct lexer_token *sign, int a, int b);
int operator_negate(struct parser *parser, const struct lexer_token *minus, int node);

#endif
