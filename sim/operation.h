/* Calls of the language's own functions: which operands and options they take, and the nodes that they become. */
#ifndef SPANSCOPE_SIM_OPERATION_H
#define SPANSCOPE_SIM_OPERATION_H

#include "sim/call.h"

/* The node of a call that has been read. */
int operation_add(struct parser *parser, const struct call *call);

#endif
