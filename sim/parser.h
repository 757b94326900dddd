/* What the modules that read the formula language share: the text's tokens, one ahead, the graph that grows, and what
 * names are bound to. Only sim/formula calls them from outside:
 *
 *     formula  ->  statement, define  ->  expression  <->  call, operation, expand  ->  name, operator  ->  parser
 *
 * Functions that read an expression return its node, or a negative error code; the error is recorded with its place.
 */
#ifndef SPANSCOPE_SIM_PARSER_H
#define SPANSCOPE_SIM_PARSER_H

#include "sim/build.h"

/* Which names are known, and which may be assigned. */
enum parser_context { PARSER_BLOCK, PARSER_CONDITION, PARSER_INIT };

enum {
    PARSER_PARAMETERS_MAX = 8,
    PARSER_DEFINITIONS_MAX = 64,
    PARSER_BINDINGS_MAX = 256,
    PARSER_NAME_MAX = 24, /* of a definition or a matrix */
};

struct parser_parameter {
    struct lexer_token name;
    struct lexer preset; /* at its default; text NULL where it has none */
};

/* A definition: where its parts stand. A body is read again at every call, with the parameters bound. */
struct parser_definition {
    struct lexer_token name;
    struct parser_parameter parameters[PARSER_PARAMETERS_MAX];
    int parameter_count;
    struct lexer body;
    bool called;
};

/* A name that means a node, or a word, while a definition is expanded: a parameter, or a setting that the call has
 * set. */
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
    int expansion;                         /* definitions being expanded, within each other */
    bool checks;                           /* the outermost of them is not called, but checked */
    size_t expanded;                       /* bytes of bodies read for this section */
    int visible;                           /* definitions that may be called: those before the one that is expanded */
    struct parser_definition *definitions; /* [definition_count], the prelude's and then the text's */
    int definition_count, prelude_count;
    struct parser_binding *bindings; /* [binding_count] */
    int binding_count, frame;        /* the parameters at hand are those from frame on */
    struct graph_input inputs[GRAPH_INPUTS_MAX];
    int input_count, state_count;
};

/* Takes the first token. ERROR_INPUT for a text that is too long; parser_end is due whatever it returns. */
int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, struct error *error);
void parser_end(struct parser *parser);

/* From here on, nodes go to this graph, which is empty. */
void parser_start(struct parser *parser, struct graph *graph, enum parser_context context);

static inline const struct graph_node *parser_node(const struct parser *parser, int node)
{
    return &parser->build.graph->nodes[node];
}

/* ---- tokens ---- */

static inline bool parser_next_is(const struct parser *parser, const char *text)
{
    return lexer_is(&parser->token, text);
}

struct lexer_token parser_take(struct parser *parser);

/* The token behind the next one. */
struct lexer_token parser_second(const struct parser *parser);
bool parser_second_is(const struct parser *parser, const char *text);

/* Whether a statement ends here. */
bool parser_at_end(const struct parser *parser);

/* Passes over newlines and semicolons. */
void parser_skip(struct parser *parser);

/* Takes the symbol: expected what, '=' after 'x', ')' to close '(' of column 5. */
int parser_expect(struct parser *parser, const char *symbol, const char *what);
int parser_expect_after(struct parser *parser, const char *symbol, const struct lexer_token *name);
int parser_close(struct parser *parser, const struct lexer_token *open);

/* ---- errors at a token; all return the code ---- */

#define parser_fail(parser, at, ...) lexer_error(&(parser)->lexer, at, __VA_ARGS__)
int parser_expected(const struct parser *parser, const char *what);
int parser_expected_name(const struct parser *parser, const char *what); // and says what one is where a word is found
int parser_expected_after(const struct parser *parser, const char *symbol, const struct lexer_token *name);
int parser_unknown(const struct parser *parser, const struct lexer_token *name, const char *what,
                   const char *const candidates[], size_t count);

/* The token as a string, empty where it is too long. */
void parser_word(const struct lexer_token *name, char word[GRAPH_LABEL_MAX]);

#endif
