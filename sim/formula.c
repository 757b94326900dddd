#include "sim/formula.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/parser.h"
#include "sim/text.h"

/* A text is sections of statements, which sim/parser reads:
 *
 *     text       = { section | statement }
 *     section    = ("first" | "block" ["if" condition] | "final") ":" */

/* ---- sections ---- */

static bool at_section(const struct parser *parser)
{
    return parser->token.kind == LEXER_NAME && parser_is_keyword(&parser->token);
}

/* The statements up to the next section; header is what the section starts with. */
static int parse_body(struct parser *parser, struct graph *graph, const struct lexer_token *header)
{
    parser_start(parser, graph, PARSER_BLOCK);
    parser_skip(parser);
    while (parser->token.kind != LEXER_END && !at_section(parser)) {
        int code = parser_statement(parser);
        if (code != ERROR_NONE)
            return code;
        parser_skip(parser);
    }
    struct lexer_token output = {.text = parser_input, .length = 1};
    int statement = parser_find(parser, &output);
    if (statement < 0)
        return parser_fail(parser, header, "this section never assigns x, its output");
    graph->output = graph->statements[statement].node;
    return ERROR_NONE;
}

static int take_colon(struct parser *parser, const char *what)
{
    if (!parser_next_is(parser, ":"))
        return parser_expected(parser, what);
    parser_take(parser);
    return ERROR_NONE;
}

static int parse_single(struct parser *parser, struct graph *graph)
{
    struct lexer_token header = parser_take(parser);
    char quoted[64];
    if (graph->node_count > 0)
        return parser_fail(parser, &header, "a second section %s", lexer_describe(&header, quoted));
    int code = take_colon(parser, "':'");
    return code != ERROR_NONE ? code : parse_body(parser, graph, &header);
}

static int parse_if(struct parser *parser, struct graph *condition)
{
    if (!parser_next_is(parser, "if"))
        return take_colon(parser, "':' or 'if'");
    parser_take(parser);
    parser_start(parser, condition, PARSER_CONDITION);
    int node = parser_condition(parser);
    if (node < 0)
        return node;
    condition->output = node;
    return take_colon(parser, "':' after the condition");
}

static int add_rule(struct parser *parser, struct formula *formula, const struct lexer_token *header)
{
    int count = formula->rule_count;
    if (count > 0 && formula->rules[count - 1].condition.node_count == 0)
        return parser_fail(parser, header, "this block is never reached: the one before it has no condition");
    if (count == FORMULA_RULES_MAX)
        return parser_fail(parser, header, "too many blocks: at most %d", FORMULA_RULES_MAX);
    struct formula_rule *rules = parser_grow(parser, formula->rules, count, sizeof *rules);
    if (rules == NULL)
        return ERROR_RESOURCE;
    formula->rules = rules;
    rules[formula->rule_count++] = (struct formula_rule){0};
    return count;
}

/* Text before any section is a block whose header is its first word. */
static int parse_rule(struct parser *parser, struct formula *formula)
{
    struct lexer_token header = parser->token;
    int index = add_rule(parser, formula, &header);
    if (index < 0)
        return index;
    struct formula_rule *rule = &formula->rules[index];
    if (parser_next_is(parser, "block")) {
        parser_take(parser);
        int code = parse_if(parser, &rule->condition);
        if (code != ERROR_NONE)
            return code;
    }
    return parse_body(parser, &rule->block, &header);
}

static int parse_section(struct parser *parser, struct formula *formula)
{
    if (parser_next_is(parser, "first"))
        return parse_single(parser, &formula->first);
    if (parser_next_is(parser, "final"))
        return parse_single(parser, &formula->last);
    if (parser_next_is(parser, "if"))
        return parser_expected(parser, "'block if'");
    return parse_rule(parser, formula);
}

int formula_parse(const char *text, size_t length, const char *what, struct formula *formula, struct error *error)
{
    struct parser parser = {0};
    *formula = (struct formula){0};
    int code = parser_begin(&parser, text, length, what, error);
    while (code == ERROR_NONE && parser.token.kind != LEXER_END)
        code = parse_section(&parser, formula);
    if (code == ERROR_NONE && formula->rule_count == 0)
        code = parser_fail(&parser, &parser.token,
                           "there is no block; a formula assigns x, as in x = x + attn(norm(x))");
    if (code != ERROR_NONE)
        formula_free(formula);
    return code;
}

void formula_free(struct formula *formula)
{
    graph_free(&formula->first);
    graph_free(&formula->last);
    for (int i = 0; i < formula->rule_count; i++) {
        graph_free(&formula->rules[i].condition);
        graph_free(&formula->rules[i].block);
    }
    free(formula->rules);
    *formula = (struct formula){0};
}

/* ---- use ---- */

static int rule_holds(const struct formula_rule *rule, const struct graph_scope *scope, bool *holds,
                      struct error *error)
{
    double values[GRAPH_NODES_MAX];
    *holds = rule->condition.node_count == 0;
    if (*holds)
        return ERROR_NONE;
    int code = graph_evaluate(&rule->condition, scope, values, error);
    if (code == ERROR_NONE)
        *holds = values[rule->condition.output] != 0;
    return code;
}

int formula_block(const struct formula *formula, const struct graph_scope *scope, const struct graph **block,
                  struct error *error)
{
    *block = NULL;
    if (formula->first.node_count > 0 && scope->l == 1) {
        *block = &formula->first;
        return ERROR_NONE;
    }
    for (int i = 0; i < formula->rule_count; i++) {
        bool holds;
        int code = rule_holds(&formula->rules[i], scope, &holds, error);
        if (code != ERROR_NONE)
            return code;
        if (holds) {
            *block = &formula->rules[i].block;
            return ERROR_NONE;
        }
    }
    const char *what = formula->rule_count > 0 ? formula->rules[0].block.what : "formula";
    return error_set(error, ERROR_INPUT, "%s: no condition holds in block %g; end with a 'block:' without one", what,
                     scope->l);
}

static void print_graph(struct text *text, const struct graph *graph, const char *separator)
{
    text->length += graph_print(graph, separator, text_end(text), text_room(text));
}

static void print_section(struct text *text, const char *header, const struct graph *graph, const char *separator)
{
    if (graph->node_count == 0)
        return;
    text_print(text, "%s%s: ", text->length > 0 ? separator : "", header);
    print_graph(text, graph, separator);
}

static void print_rule(struct text *text, const struct formula_rule *rule, const char *separator)
{
    if (rule->condition.node_count == 0) {
        print_section(text, "block", &rule->block, separator);
        return;
    }
    text_print(text, "%sblock if ", text->length > 0 ? separator : "");
    print_graph(text, &rule->condition, separator);
    text_print(text, ": ");
    print_graph(text, &rule->block, separator);
}

static bool is_plain(const struct formula *formula)
{
    return formula->first.node_count == 0 && formula->last.node_count == 0 && formula->rule_count == 1 &&
           formula->rules[0].condition.node_count == 0;
}

size_t formula_print(const struct formula *formula, const char *separator, char *buffer, size_t size)
{
    if (is_plain(formula))
        return graph_print(&formula->rules[0].block, separator, buffer, size);
    struct text text = {buffer, size, 0};
    print_section(&text, "first", &formula->first, separator);
    for (int i = 0; i < formula->rule_count; i++)
        print_rule(&text, &formula->rules[i], separator);
    print_section(&text, "final", &formula->last, separator);
    return text.length;
}

/* ---- initialisations ---- */

int formula_parse_scalars(const char *text, size_t length, const char *what, const char *const names[], int count,
                          struct graph *graph, struct error *error)
{
    struct parser parser = {.targets = names, .target_count = count};
    *graph = (struct graph){.output = -1};
    int code = parser_begin(&parser, text, length, what, error);
    if (code == ERROR_NONE)
        parser_start(&parser, graph, PARSER_INIT);
    while (code == ERROR_NONE && parser.token.kind != LEXER_END) {
        code = parser_statement(&parser);
        parser_skip(&parser);
    }
    if (code == ERROR_NONE && graph->statement_count == 0)
        code = parser_fail(&parser, &parser.token, "nothing is assigned");
    if (code != ERROR_NONE)
        graph_free(graph);
    return code;
}

/* The grammar knows statements only, so the expression is read as one. */
int formula_scalar(const char *text, const char *what, const struct graph_scope *scope, double *value,
                   struct error *error)
{
    static const char *const names[] = {"value"};
    struct graph graph;
    double values[GRAPH_NODES_MAX];
    char *statement;
    int length = asprintf(&statement, "value = %s", text);
    if (length < 0)
        return error_set(error, ERROR_RESOURCE, "out of memory for %s", what);
    int code = formula_parse_scalars(statement, (size_t)length, what, names, 1, &graph, error);
    free(statement);
    if (code != ERROR_NONE)
        return code;
    code = graph_evaluate(&graph, scope, values, error);
    if (code == ERROR_NONE)
        *value = values[graph.statements[0].node];
    graph_free(&graph);
    return code;
}
