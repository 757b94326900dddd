#include "sim/statement.h"

#include "sim/expression.h"
#include "sim/name.h"
#include "sim/operator.h"

static int check_target(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    int input = name_input(parser, name);
    if (input >= 0 && parser->inputs[input].memory)
        return parser_fail(parser, name, "%s is an input and cannot be assigned", lexer_describe(name, quoted));
    return name_check(parser, name);
}

/* A name keeps its type; a state is a signal of the sequence's tokens from the start. */
static int check_type(const struct parser *parser, const struct lexer_token *name, int node)
{
    char quoted[64];
    bool state = name_input(parser, name) >= 0;
    int statement = name_statement(parser, name);
    enum type after = type_of(parser, node), before = after;
    if (state)
        before = TYPE_SIGNAL;
    else if (statement >= 0)
        before = type_of(parser, parser->build.graph->statements[statement].node);
    if (before != after)
        return parser_fail(parser, name, "%s is a %s and cannot become a %s", lexer_describe(name, quoted),
                           type_names[before], type_names[after]);
    if (state && parser_node(parser, node)->memory)
        return parser_fail(parser, name, "%s is a signal of the sequence's tokens, this is one of the memory's",
                           lexer_describe(name, quoted));
    return ERROR_NONE;
}

static int parse_assigned(struct parser *parser, const struct lexer_token *name)
{
    int code = parser_expect_after(parser, "=", name);
    if (code != ERROR_NONE)
        return code;
    parser->fresh = parser->build.graph->node_count;
    int node = expression_terms(parser);
    if (node >= 0 && !parser_at_end(parser))
        return parser_expected(parser, "an operator or the end of the statement");
    return node;
}

/* What ends like a section's header and is none. */
static int not_a_section(const struct parser *parser, const struct lexer_token *name)
{
    return parser->context == PARSER_INIT ? parser_fail(parser, name, "sections are for block formulas only")
                                          : name_unknown_section(parser, name);
}

int statement_parse(struct parser *parser)
{
    if (parser->token.kind == LEXER_WORD && parser_second_is(parser, ":"))
        return not_a_section(parser, &parser->token);
    if (parser->token.kind != LEXER_NAME)
        return parser_expected_name(parser, "a statement 'name = expression'");
    struct lexer_token name = parser_take(parser);
    if (parser_next_is(parser, ":"))
        return not_a_section(parser, &name);
    int code = check_target(parser, &name);
    int node = code != ERROR_NONE ? code : parse_assigned(parser, &name);
    if (node < 0)
        return node;
    code = check_type(parser, &name, node);
    if (code == ERROR_NONE)
        code = build_statement(&parser->build, &name, node);
    return code < 0 ? code : ERROR_NONE;
}
