#include "sim/parser.h"

#include <stdlib.h>
#include <strings.h>

#include "sim/formula.h" // its limits
#include "sim/text.h"

int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, struct error *error)
{
    *parser = (struct parser){.input_count = 1, .state_count = 1, .inputs = {{.name = "x"}}};
    if (length > FORMULA_TEXT_MAX)
        return error_set(error, ERROR_INPUT, "%.300s: the text has %zu bytes; at most %d are allowed", what, length,
                         FORMULA_TEXT_MAX);
    size_t mark = text_mark(text, length);
    lexer_init(&parser->lexer, text + mark, length - mark, what, error);
    parser_take(parser);
    parser_skip(parser);
    return ERROR_NONE;
}

void parser_end(struct parser *parser)
{
    free(parser->definitions);
    free(parser->bindings);
    parser->definitions = NULL;
    parser->bindings = NULL;
}

void parser_start(struct parser *parser, struct graph *graph, enum parser_context context)
{
    build_start(&parser->build, &parser->lexer, graph);
    parser->context = context;
    parser->fresh = 0;
    parser->expanded = 0;
    memcpy(graph->inputs, parser->inputs, sizeof graph->inputs);
    graph->input_count = parser->input_count;
    graph->state_count = parser->state_count;
}

/* ---- tokens ---- */

struct lexer_token parser_take(struct parser *parser)
{
    struct lexer_token token = parser->token;
    parser->token = lexer_next(&parser->lexer);
    return token;
}

struct lexer_token parser_second(const struct parser *parser)
{
    struct lexer ahead = parser->lexer;
    return lexer_next(&ahead);
}

bool parser_second_is(const struct parser *parser, const char *text)
{
    struct lexer_token second = parser_second(parser);
    return lexer_is(&second, text);
}

static bool at_separator(const struct parser *parser)
{
    return parser->token.kind == LEXER_NEWLINE || parser_next_is(parser, ";");
}

bool parser_at_end(const struct parser *parser)
{
    return parser->token.kind == LEXER_END || at_separator(parser);
}

void parser_skip(struct parser *parser)
{
    while (at_separator(parser))
        parser_take(parser);
}

int parser_expect(struct parser *parser, const char *symbol, const char *what)
{
    if (!parser_next_is(parser, symbol))
        return parser_expected(parser, what);
    parser_take(parser);
    return ERROR_NONE;
}

int parser_expect_after(struct parser *parser, const char *symbol, const struct lexer_token *name)
{
    if (!parser_next_is(parser, symbol))
        return parser_expected_after(parser, symbol, name);
    parser_take(parser);
    return ERROR_NONE;
}

int parser_close(struct parser *parser, const struct lexer_token *open)
{
    char what[64];
    if (!parser_next_is(parser, ")")) {
        struct text text = {what, sizeof what, 0};
        text_print(&text, "')' to close '(' of column %d", lexer_column(open));
        return parser_expected(parser, what);
    }
    parser_take(parser);
    return ERROR_NONE;
}

/* ---- errors ---- */

int parser_expected(const struct parser *parser, const char *what)
{
    char found[64];
    return parser_fail(parser, &parser->token, "expected %s, found %s", what, lexer_describe(&parser->token, found));
}

static const char LETTERS[] = "; names are of a to z, A to Z, 0 to 9 and _";

int parser_expected_name(const struct parser *parser, const char *what)
{
    char found[64];
    if (parser->token.kind != LEXER_WORD)
        return parser_expected(parser, what);
    return parser_fail(parser, &parser->token, "expected %s, found %s%s", what, lexer_describe(&parser->token, found),
                       LETTERS);
}

int parser_expected_after(const struct parser *parser, const char *symbol, const struct lexer_token *name)
{
    char what[96], quoted[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "'%s' after %s", symbol, lexer_describe(name, quoted));
    return parser_expected(parser, what);
}

static bool is_long(const struct lexer_token *name)
{
    uint32_t number;
    return text_character(name->text, name->length, &number) != name->length;
}

int parser_unknown(const struct parser *parser, const struct lexer_token *name, const char *what,
                   const char *const candidates[], size_t count)
{
    enum { FEW = 8 }; // that a line lists
    char word[GRAPH_LABEL_MAX], quoted[64], list[256] = "";
    struct text known = {list, sizeof list, 0};
    parser_word(name, word);
    const char *near = error_nearest(word, candidates, count);
    /* Every one-letter name is one slip away from every other: only its case is a likely mistake. */
    if (near && (is_long(name) || strcasecmp(near, word) == 0))
        return parser_fail(parser, name, "unknown %s %s; did you mean '%s'?", what, lexer_describe(name, quoted), near);
    for (size_t i = 0; i < count && count <= FEW; i++)
        text_print(&known, "%s%s", i > 0 ? ", " : "; known are ", candidates[i]);
    return parser_fail(parser, name, "unknown %s %s%s", what, lexer_describe(name, quoted),
                       name->kind == LEXER_WORD && !*list ? LETTERS : list);
}

void parser_word(const struct lexer_token *name, char word[GRAPH_LABEL_MAX])
{
    word[0] = '\0';
    if (name->length > 0 && name->length < GRAPH_LABEL_MAX) {
        memcpy(word, name->text, name->length);
        word[name->length] = '\0';
    }
}
