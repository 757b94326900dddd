#include "sim/formula.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/define.h"
#include "sim/expand.h"
#include "sim/expression.h"
#include "sim/name.h"
#include "sim/print.h"
#include "sim/statement.h"
#include "sim/text.h"

/* A text is declarations and sections of statements:
 *
 *     text        = { declaration } { section | statement }
 *     declaration = def | ("state" | "input" | "shared") name { "," name }
 *     section     = ("first" | "block" ["if" condition] | "final") ":" */

struct reader {
    struct parser parser;
    struct formula *formula;
    struct lexer_token shared[FORMULA_SHARED_MAX]; /* where the names stand */
    struct lexer_token memories[GRAPH_INPUTS_MAX]; /* in the order of declaration, which is theirs in a graph */
    int memory_count;
    bool has_states;
};

/* ---- declarations ---- */

/* The text of a definition up to the last token of it. */
static int keep_definition(struct reader *reader, const char *start)
{
    struct formula_head *head = &reader->formula->head;
    const struct lexer *body = &reader->parser.definitions[reader->parser.definition_count - 1].body;
    size_t length = (size_t)(body->text + body->length - start);
    char **definitions = build_grow(&reader->parser.lexer, head->definitions, head->definition_count,
                                    sizeof *definitions);
    if (!definitions)
        return ERROR_RESOURCE;
    head->definitions = definitions;
    char *copy = malloc(length + 1);
    if (!copy)
        return error_set(reader->parser.lexer.error, ERROR_RESOURCE, "%.300s: out of memory", body->what);
    memcpy(copy, start, length);
    copy[length] = '\0';
    definitions[head->definition_count++] = copy;
    return ERROR_NONE;
}

static int parse_def(struct reader *reader)
{
    const char *start = reader->parser.token.text;
    int code = define_parse(&reader->parser);
    return code != ERROR_NONE ? code : keep_definition(reader, start);
}

static int add_input(struct reader *reader, const struct lexer_token *name, bool memory)
{
    struct parser *parser = &reader->parser;
    char quoted[64];
    int code = name_check(parser, name);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; i < parser->input_count; i++)
        if (lexer_is(name, parser->inputs[i].name))
            return parser_fail(parser, name, "%s is declared already", lexer_describe(name, quoted));
    if (parser->input_count == GRAPH_INPUTS_MAX)
        return parser_fail(parser, name, "at most %d states and inputs", GRAPH_INPUTS_MAX);
    int place = memory ? parser->input_count : parser->state_count;
    memmove(parser->inputs + place + 1, parser->inputs + place,
            (size_t)(parser->input_count - place) * sizeof *parser->inputs);
    struct graph_input *input = &parser->inputs[place];
    *input = (struct graph_input){.memory = memory};
    memcpy(input->name, name->text, name->length);
    parser->input_count++;
    parser->state_count += !memory;
    return ERROR_NONE;
}

static int declare_state(struct reader *reader, const struct lexer_token *name)
{
    if (reader->has_states)
        return add_input(reader, name, false);
    reader->has_states = true;
    return lexer_is(name, "x") ? ERROR_NONE
                               : parser_fail(&reader->parser, name, "the first state is x, as in: state x, u");
}

static int declare_input(struct reader *reader, const struct lexer_token *name)
{
    int code = add_input(reader, name, true);
    if (code == ERROR_NONE)
        reader->memories[reader->memory_count++] = *name;
    return code;
}

static int declare_shared(struct reader *reader, const struct lexer_token *name)
{
    struct formula_head *head = &reader->formula->head;
    if (head->shared_count == FORMULA_SHARED_MAX || name->length >= GRAPH_LABEL_MAX)
        return parser_fail(&reader->parser, name, "at most %d names of at most %d characters are shared",
                           FORMULA_SHARED_MAX, GRAPH_LABEL_MAX - 1);
    reader->shared[head->shared_count] = *name;
    memcpy(head->shared[head->shared_count++], name->text, name->length);
    return ERROR_NONE;
}

static int parse_names(struct reader *reader, int (*declare)(struct reader *reader, const struct lexer_token *name))
{
    struct parser *parser = &reader->parser;
    int code;
    do {
        parser_take(parser);
        if (parser->token.kind != LEXER_NAME || name_is_keyword(&parser->token))
            return parser_expected_name(parser, "a name");
        struct lexer_token name = parser_take(parser);
        code = declare(reader, &name);
    } while (code == ERROR_NONE && parser_next_is(parser, ","));
    if (code == ERROR_NONE && parser->token.kind != LEXER_END && parser->token.kind != LEXER_NEWLINE &&
        !parser_next_is(parser, ";"))
        return parser_expected(parser, "',' or the end of the declaration");
    return code;
}

static const struct {
    const char *word;
    int (*declare)(struct reader *reader, const struct lexer_token *name); /* NULL: a def */
} declarations[] = {{"def", NULL}, {"state", declare_state}, {"input", declare_input}, {"shared", declare_shared}};

enum { DECLARATIONS = sizeof declarations / sizeof *declarations };

/* The declaration that stands here, one of those words before a name; DECLARATIONS where none does. */
static size_t find_declaration(const struct parser *parser)
{
    size_t i = 0;
    while (i < DECLARATIONS && !parser_next_is(parser, declarations[i].word))
        i++;
    enum lexer_kind second = i < DECLARATIONS ? parser_second(parser).kind : LEXER_END;
    return second == LEXER_NAME || second == LEXER_WORD ? i : DECLARATIONS;
}

static int parse_head(struct reader *reader)
{
    struct parser *parser = &reader->parser;
    int code = ERROR_NONE;
    for (size_t i; code == ERROR_NONE && (i = find_declaration(parser)) < DECLARATIONS; parser_skip(parser))
        code = declarations[i].declare ? parse_names(reader, declarations[i].declare) : parse_def(reader);
    struct formula_head *head = &reader->formula->head;
    memcpy(head->inputs, parser->inputs, sizeof head->inputs);
    head->input_count = parser->input_count;
    head->state_count = parser->state_count;
    return code;
}

/* ---- sections ---- */

static bool at_section(const struct parser *parser)
{
    return parser->token.kind == LEXER_NAME && name_is_keyword(&parser->token);
}

/* What each state is at the end; one that is not assigned passes through, but not all of them. */
static int find_outputs(struct parser *parser, struct graph *graph, const struct lexer_token *header)
{
    bool assigns = false;
    for (int i = 0; i < parser->state_count; i++) {
        int statement = graph_statement(graph, parser->inputs[i].name);
        graph->outputs[i] = statement < 0 ? -1 : graph->statements[statement].node;
        assigns |= statement >= 0;
    }
    if (!assigns)
        return parser_fail(parser, header, "this section never assigns x, its output");
    for (int i = 0; i < parser->state_count; i++) {
        if (graph->outputs[i] < 0)
            graph->outputs[i] = name_input_node(parser, header, i);
        if (graph->outputs[i] < 0)
            return graph->outputs[i];
    }
    build_finish(graph);
    return ERROR_NONE;
}

/* The statements up to the next section; header is what the section starts with. */
static int parse_body(struct parser *parser, struct graph *graph, const struct lexer_token *header)
{
    parser_start(parser, graph, PARSER_BLOCK);
    parser_skip(parser);
    while (parser->token.kind != LEXER_END && !at_section(parser)) {
        if (find_declaration(parser) < DECLARATIONS)
            return parser_fail(parser, &parser->token, "declarations stand before the first block");
        int code = statement_parse(parser);
        if (code != ERROR_NONE)
            return code;
        parser_skip(parser);
    }
    return find_outputs(parser, graph, header);
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
    int node = expression_condition(parser);
    if (node < 0)
        return node;
    condition->outputs[0] = node;
    return take_colon(parser, "':' after the condition");
}

static int add_rule(struct parser *parser, struct formula *formula, const struct lexer_token *header)
{
    int count = formula->rule_count;
    if (count > 0 && formula->rules[count - 1].condition.node_count == 0)
        return parser_fail(parser, header, "this block is never reached: the one before it has no condition");
    if (count == FORMULA_RULES_MAX)
        return parser_fail(parser, header, "too many blocks: at most %d", FORMULA_RULES_MAX);
    struct formula_rule *rules = build_grow(&parser->lexer, formula->rules, count, sizeof *rules);
    if (!rules)
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

static int parse_section(struct reader *reader)
{
    struct parser *parser = &reader->parser;
    if (parser_next_is(parser, "first"))
        return parse_single(parser, &reader->formula->first);
    if (parser_next_is(parser, "final"))
        return parse_single(parser, &reader->formula->last);
    if (parser_next_is(parser, "if"))
        return parser_expected(parser, "'block if'");
    return parse_rule(parser, reader->formula);
}

/* ---- shared matrices ---- */

/* Where section i stands: from -1 for first: over the rules to rule_count for final:. */
static int section_place(const struct formula *formula, int i)
{
    return i - (formula->first.node_count > 0);
}

static struct graph *section(struct formula *formula, int i)
{
    int place = section_place(formula, i);
    if (place < formula->rule_count)
        return place < 0 ? &formula->first : &formula->rules[place].block;
    return place == formula->rule_count && formula->last.node_count > 0 ? &formula->last : NULL;
}

const struct graph *formula_section(const struct formula *formula, int i)
{
    int place = section_place(formula, i);
    if (place < formula->rule_count)
        return place < 0 ? &formula->first : &formula->rules[place].block;
    return place == formula->rule_count && formula->last.node_count > 0 ? &formula->last : NULL;
}

/* The matrix takes the address of the first of its label, which is its own where it is that. */
static void share(struct formula *formula, struct graph_matrix *matrix)
{
    const struct graph *graph;
    matrix->shared = true;
    for (int i = 0; (graph = formula_section(formula, i)) != NULL; i++)
        for (int m = 0; m < graph->matrix_count; m++) {
            const struct graph_matrix *other = &graph->matrices[m];
            if (strcmp(other->label, matrix->label) != 0)
                continue;
            matrix->place = other->place;
            matrix->matrix = other->matrix;
            matrix->expert = other->expert;
            return;
        }
}

static int share_named(struct reader *reader, int name)
{
    const char *word = reader->formula->head.shared[name];
    const char *candidates[256];
    size_t count = 0;
    bool found = false;
    struct graph *graph;
    for (int i = 0; (graph = section(reader->formula, i)) != NULL; i++)
        for (int m = 0; m < graph->matrix_count; m++) {
            struct graph_matrix *matrix = &graph->matrices[m];
            if (strcmp(word, "w") == 0 || strcmp(word, matrix->name) == 0 || strcmp(word, matrix->label) == 0) {
                share(reader->formula, matrix);
                found = true;
            } else if (count < 256) {
                candidates[count++] = matrix->label;
            }
        }
    return found ? ERROR_NONE : parser_unknown(&reader->parser, &reader->shared[name], "matrix", candidates, count);
}

/* ---- memories ---- */

static int check_memory(const struct reader *reader, int memory)
{
    const struct graph *graph;
    int input = reader->parser.state_count + memory;
    char quoted[64];
    for (int i = 0; (graph = formula_section(reader->formula, i)) != NULL; i++)
        if (graph_input_node(graph, input) >= 0)
            return ERROR_NONE;
    const struct lexer_token *name = &reader->memories[memory];
    return parser_fail(&reader->parser, name, "nothing reads the input %s", lexer_describe(name, quoted));
}

/* ---- the whole ---- */

static int read_all(struct reader *reader, const char *text, size_t length, const char *what, struct error *error)
{
    struct parser *parser = &reader->parser;
    int code = parser_begin(parser, text, length, what, error);
    if (code == ERROR_NONE)
        code = define_prelude(parser, reader->formula->gated);
    if (code == ERROR_NONE)
        code = parse_head(reader);
    while (code == ERROR_NONE && parser->token.kind != LEXER_END)
        code = parse_section(reader);
    if (code == ERROR_NONE && reader->formula->rule_count == 0)
        code = parser_fail(parser, &parser->token,
                           "there is no block; a formula assigns x, as in x = x + attn(norm(x))");
    for (int i = 0; code == ERROR_NONE && i < reader->formula->head.shared_count; i++)
        code = share_named(reader, i);
    for (int i = 0; code == ERROR_NONE && i < reader->memory_count; i++)
        code = check_memory(reader, i);
    if (code == ERROR_NONE)
        code = expand_check(parser);
    parser_end(parser);
    return code;
}

/* The text, for other readings of it, and who owns the formula. */
static int complete(struct formula *formula, const char *text, size_t length, const char *what, struct error *error)
{
    formula->text = malloc(length + 1);
    formula->owners = owners_begin();
    if (!formula->text || !formula->owners)
        return error_set(error, ERROR_RESOURCE, "%.300s: out of memory", what);
    memcpy(formula->text, text, length);
    formula->length = length;
    return ERROR_NONE;
}

static int parse(const char *text, size_t length, const char *what, bool gated, struct formula *formula,
                 struct error *error)
{
    *formula = (struct formula){.gated = gated};
    struct reader reader = {.formula = formula};
    int code = read_all(&reader, text, length, what, error);
    if (code == ERROR_NONE)
        code = complete(formula, text, length, what, error);
    if (code != ERROR_NONE)
        formula_free(formula);
    return code;
}

int formula_parse(const char *text, size_t length, const char *what, struct formula *formula, struct error *error)
{
    return parse(text, length, what, false, formula, error);
}

int formula_set_gated(struct formula *formula, bool gated, struct error *error)
{
    if (!formula->text || formula->gated == gated)
        return ERROR_NONE;
    struct formula other;
    int code = parse(formula->text, formula->length, formula->rules[0].block.what, gated, &other, error);
    if (code != ERROR_NONE)
        return code;
    formula_free(formula);
    *formula = other;
    return ERROR_NONE;
}

void formula_share(const struct formula *from, struct formula *to)
{
    *to = *from;
    owners_join(to->owners);
}

static void free_all(struct formula *formula)
{
    graph_free(&formula->first);
    graph_free(&formula->last);
    for (int i = 0; i < formula->rule_count; i++) {
        graph_free(&formula->rules[i].condition);
        graph_free(&formula->rules[i].block);
    }
    for (int i = 0; i < formula->head.definition_count; i++)
        free(formula->head.definitions[i]);
    free(formula->head.definitions);
    free(formula->rules);
    free(formula->text);
}

void formula_free(struct formula *formula)
{
    if (owners_leave(formula->owners))
        free_all(formula);
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
        *holds = values[rule->condition.outputs[0]] != 0;
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

static void print_graph_at_end(struct text *text, const struct graph *graph, const char *separator)
{
    text->length += print_graph(graph, separator, text_end(text), text_room(text));
}

static void print_section(struct text *text, const char *header, const struct graph *graph, const char *separator)
{
    if (graph->node_count == 0)
        return;
    text_print(text, "%s%s: ", text->length > 0 ? separator : "", header);
    print_graph_at_end(text, graph, separator);
}

static void print_rule(struct text *text, const struct formula_rule *rule, const char *separator)
{
    if (rule->condition.node_count == 0) {
        print_section(text, "block", &rule->block, separator);
        return;
    }
    text_print(text, "%sblock if ", text->length > 0 ? separator : "");
    print_graph_at_end(text, &rule->condition, separator);
    text_print(text, ": ");
    print_graph_at_end(text, &rule->block, separator);
}

static void print_names(struct text *text, const char *word, const struct graph_input *inputs, int count,
                        const char *separator)
{
    if (count > 0)
        text_print(text, "%s%s ", text->length > 0 ? separator : "", word);
    for (int i = 0; i < count; i++)
        text_print(text, "%s%s", i > 0 ? ", " : "", inputs[i].name);
}

static void print_head(struct text *text, const struct formula_head *head, const char *separator)
{
    for (int i = 0; i < head->definition_count; i++)
        text_print(text, "%s%s", text->length > 0 ? separator : "", head->definitions[i]);
    print_names(text, "state", head->inputs, head->state_count > 1 ? head->state_count : 0, separator);
    print_names(text, "input", head->inputs + head->state_count, head->input_count - head->state_count, separator);
    if (head->shared_count > 0)
        text_print(text, "%sshared ", text->length > 0 ? separator : "");
    for (int i = 0; i < head->shared_count; i++)
        text_print(text, "%s%s", i > 0 ? ", " : "", head->shared[i]);
}

static bool is_plain(const struct formula *formula)
{
    return formula->first.node_count == 0 && formula->last.node_count == 0 && formula->rule_count == 1 &&
           formula->rules[0].condition.node_count == 0;
}

size_t formula_print(const struct formula *formula, const char *separator, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};
    text_print(&text, "%s", "");
    print_head(&text, &formula->head, separator);
    if (is_plain(formula)) {
        text_print(&text, "%s", text.length > 0 ? separator : "");
        print_graph_at_end(&text, &formula->rules[0].block, separator);
        return text.length;
    }
    print_section(&text, "first", &formula->first, separator);
    for (int i = 0; i < formula->rule_count; i++)
        print_rule(&text, &formula->rules[i], separator);
    print_section(&text, "final", &formula->last, separator);
    return text.length;
}

/* ---- initialisations ---- */

int formula_parse_scalars(const char *text, size_t length, const char *what, struct graph *graph, struct error *error)
{
    struct parser parser;
    *graph = (struct graph){.outputs = {-1}};
    int code = parser_begin(&parser, text, length, what, error);
    if (code == ERROR_NONE)
        parser_start(&parser, graph, PARSER_INIT);
    while (code == ERROR_NONE && parser.token.kind != LEXER_END) {
        code = statement_parse(&parser);
        parser_skip(&parser);
    }
    if (code == ERROR_NONE && graph->statement_count == 0)
        code = parser_fail(&parser, &parser.token, "nothing is assigned; an initialisation does, as in w = 1/sqrt(n)");
    parser_end(&parser);
    if (code != ERROR_NONE)
        graph_free(graph);
    return code;
}

/* The grammar knows statements only, so the expression is read as one. */
int formula_scalar(const char *text, const char *what, const struct graph_scope *scope, double *value,
                   struct error *error)
{
    struct graph graph;
    double values[GRAPH_NODES_MAX];
    char *statement;
    int length = asprintf(&statement, "value = %s", text);
    if (length < 0)
        return error_set(error, ERROR_RESOURCE, "out of memory for %s", what);
    int code = formula_parse_scalars(statement, (size_t)length, what, &graph, error);
    free(statement);
    if (code != ERROR_NONE)
        return code;
    code = graph.statement_count == 1
               ? graph_evaluate(&graph, scope, values, error)
               : error_set(error, ERROR_INPUT, "%s: '%.200s' is more than one expression", what, text);
    if (code == ERROR_NONE)
        *value = values[graph.statements[0].node];
    graph_free(&graph);
    return code;
}
