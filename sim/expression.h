/* Expressions: what stands behind "=", in parentheses and as an argument, and conditions on depth. */
#ifndef SPANSCOPE_SIM_EXPRESSION_H
#define SPANSCOPE_SIM_EXPRESSION_H

#include "sim/parser.h"

/* A signal or a scalar. */
int expression_terms(struct parser *parser);

/* What stands behind "if". */
int expression_condition(struct parser *parser);

#endif
