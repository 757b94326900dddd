/* Definitions: "def name(a, b = a) = expression". */
#ifndef SPANSCOPE_SIM_DEFINE_H
#define SPANSCOPE_SIM_DEFINE_H

#include "sim/parser.h"

/* Reads the definition that stands at the next token, the whole of it, as the newest of parser->definitions. */
int define_parse(struct parser *parser);

/* Adds the prelude's definitions, before any other: those of gated feed-forward branches or of plain ones. */
int define_prelude(struct parser *parser, bool gated);

/* Whether the name is one of the definition's parameters. */
bool define_has(const struct parser_definition *definition, const struct lexer_token *name);

#endif
