/* Statements and expressions of the formula language, read from text into a graph; for sim/formula only.
 *
 * Functions that read an expression return its node, or a negative error code; the error is recorded with its place.
 */
#ifndef SPANSCOPE_SIM_PARSER_H
#define SPANSCOPE_SIM_PARSER_H

#include "sim/build.h"
#include "sim/function.h"

/* Which names are known, and which may be assigned. */
enum parser_context { PARSER_BLOCK, PARSER_CONDITION, PARSER_INIT };

enum { PARSER_PARAMETERS_MAX = 8, PARSER_DEFS_MAX = 64, PARSER_BINDINGS_MAX = 256 };

struct parser_parameter {
    struct lexer_token name;
    struct lexer preset; /* at its default; text NULL where it has none */
};

/* A definition: where its parts stand. A body is read again at every call, with the parameters bound. */
struct parser_def {
    struct lexer_token name;
    struct parser_parameter parameters[PARSER_PARAMETERS_MAX];
    int parameter_count;
    struct lexer body;
};

/* A name that means a node, or a word, while a def is expanded: a parameter, or a setting that the call has set. */
struct parser_binding {
    struct lexer_token name;
    int node, choice; /* the one that it is not is -1 */
    bool setting, used;
};

struct parser {
    struct lexer lexer;
    struct lexer_token token; /* the next one, not yet taken */
    enum parser_context context;
    struct build build;
    int fresh; /* first node of the statement, or of the expansion */
    int depth;
    int expansion;           /* defs being expanded, within each other */
    size_t expanded;         /* bytes of bodies read for this section */
    int visible;             /* defs that may be called: those before the one that is expanded */
    struct parser_def *defs; /* the prelude's and then the text's */
    int def_count, prelude_count;
    struct parser_binding bindings[PARSER_BINDINGS_MAX];
    int binding_count, frame; /* the parameters at hand are those from frame on */
    struct graph_input inputs[GRAPH_INPUTS_MAX];
    int input_count, state_count;
};

/* Takes the first token and reads the prelude's definitions, those of gated feed-forward branches or of plain ones.
 * ERROR_INPUT for a text that is too long. */
int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, bool gated,
                 struct error *error);
void parser_end(struct parser *parser);

/* From here on, nodes go to this graph, which is empty. */
void parser_start(struct parser *parser, struct graph *graph, enum parser_context context);

struct lexer_token parser_take(struct parser *parser);
bool parser_next_is(const struct parser *parser, const char *text);
bool parser_is_keyword(const struct lexer_token *name);

/* Passes over newlines and semicolons. */
void parser_skip(struct parser *parser);

/* Whether a declaration stands here (def, state, input or shared before a name), and which; NULL where none does. */
const char *parser_declaration(const struct parser *parser);

/* "def name(a, b = a) = expression", the whole of it. */
int parser_define(struct parser *parser);

/* One statement, without its separator. */
int parser_statement(struct parser *parser);
int parser_condition(struct parser *parser);

/* The newest statement of that name, or -1. */
int parser_find(const struct parser *parser, const char *name);

/* The GRAPH_INPUT node of inputs[input], made where the graph has none. */
int parser_input(struct parser *parser, const struct lexer_token *at, int input);

/* A name that is to be declared or assigned: not too long, not the language's. */
int parser_check_name(const struct parser *parser, const struct lexer_token *name);

/* Errors at a token; all return the code. */
#define parser_fail(parser, at, ...) lexer_error(&(parser)->lexer, at, __VA_ARGS__)
int parser_expected(const struct parser *parser, const char *what);
int parser_unknown(const struct parser *parser, const struct lexer_token *name, const char *what,
                   const char *const candidates[], size_t count);

#endif
