/* Statements: a name and what is assigned to it. */
#ifndef SPANSCOPE_SIM_STATEMENT_H
#define SPANSCOPE_SIM_STATEMENT_H

#include "sim/parser.h"

/* "name = terms", without what separates it from the next. */
int statement_parse(struct parser *parser);

#endif
