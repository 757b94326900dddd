/* Statements and expressions of the formula language, read from text into a graph; for sim/formula only.
 *
 * Functions that read an expression return its node, or a negative error code; the error is recorded with its place.
 */
#ifndef SPANSCOPE_SIM_PARSER_H
#define SPANSCOPE_SIM_PARSER_H

#include "sim/graph.h"
#include "sim/lexer.h"

/* Which names are known, and which may be assigned. */
enum parser_context { PARSER_BLOCK, PARSER_CONDITION, PARSER_INIT };

struct parser {
    struct lexer lexer;
    struct lexer_token token; /* the next one, not yet taken */
    enum parser_context context;
    const char *const *targets; /* [target_count] the names that may be assigned, in an initialisation */
    int target_count;
    struct graph *graph; /* that nodes are added to */
    int fresh;           /* first node of the statement */
    int depth;
};

/* The signal that a block begins and ends with. */
extern const char *const parser_input;

/* Takes the first token. ERROR_INPUT for a text that is too long. */
int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, struct error *error);

/* From here on, nodes go to this graph, which is empty. */
void parser_start(struct parser *parser, struct graph *graph, enum parser_context context);

struct lexer_token parser_take(struct parser *parser);
bool parser_next_is(const struct parser *parser, const char *text);
bool parser_is_keyword(const struct lexer_token *name);

/* Passes over newlines and semicolons. */
void parser_skip(struct parser *parser);

/* One statement, without its separator. */
int parser_statement(struct parser *parser);
int parser_condition(struct parser *parser);

/* The newest statement of that name, or -1. */
int parser_find(const struct parser *parser, const struct lexer_token *name);

/* Room for one more element; NULL with ERROR_RESOURCE where there is none. Arrays grow at powers of two, so that their
 * capacity is not stored. */
void *parser_grow(struct parser *parser, void *array, int count, size_t size);

/* Errors at a token; both return the code. */
#define parser_fail(parser, at, ...) lexer_error(&(parser)->lexer, at, __VA_ARGS__)
int parser_expected(const struct parser *parser, const char *what);

#endif
