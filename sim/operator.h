/* What an operator means for each pair of types. */
#ifndef SPANSCOPE_SIM_OPERATOR_H
#define SPANSCOPE_SIM_OPERATOR_H

#include "sim/parser.h"

enum type { TYPE_SIGNAL, TYPE_SCALAR, TYPE_TRUTH, TYPE_LAW, TYPE_UNKNOWN };
extern const char *const type_names[]; /* "signal", "scalar", "condition", "law", "value" */

/* Whether something of the first type may stand where the second is wanted. */
bool type_suits(enum type found, enum type wanted);

enum type type_of(const struct parser *parser, int node);

/* Whether the token is < <= > >= == or !=. */
bool operator_compares(const struct lexer_token *token);

/* a sign b; ERROR_INPUT where their types do not go together. */
int operator_apply(struct parser *parser, const struct lexer_token *sign, int a, int b);
int operator_negate(struct parser *parser, const struct lexer_token *minus, int node);

#endif
