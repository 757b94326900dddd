/* Calls of definitions: the body is read with the parameters bound, and its nodes are added. */
#ifndef SPANSCOPE_SIM_EXPAND_H
#define SPANSCOPE_SIM_EXPAND_H

#include "sim/call.h"

/* The node that the definition's body becomes; a call of the text itself becomes a site. */
int expand_call(struct parser *parser, const struct call *call);

/* Behind all sections: definitions that nothing calls are read with parameters that may be signals or scalars. */
int expand_check(struct parser *parser);

#endif
