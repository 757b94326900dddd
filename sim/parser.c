#include "sim/parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/formula.h" // its limits
#include "sim/text.h"

/* A text is parsed by recursive descent, one token ahead; sections are sim/formula's:
 *
 *     statement  = name "=" terms (";" | newline)
 *     condition  = terms ("<" | "<=" | ">" | ">=" | "==" | "!=") terms
 *     terms      = factors { ("+" | "-") factors }
 *     factors    = unary { ("*" | "/") unary }
 *     unary      = { "-" } power
 *     power      = primary [ "^" unary ]
 *     primary    = number | name | function "(" terms { "," terms } ")" | "(" terms ")"
 *
 * Nodes are added as the text is read, so that operands stand before their user. The functions that read an expression
 * return its node, or a negative error code. Every recursion passes through unary, which counts the depth. */

enum { NUMBER_LENGTH_MAX = 63 };

const char *const parser_input = "x";
static const char *const keywords[] = {"first", "block", "final", "if"};
enum { KEYWORD_COUNT = sizeof keywords / sizeof *keywords };

/* ---- tokens ---- */

struct lexer_token parser_take(struct parser *parser)
{
    struct lexer_token token = parser->token;
    parser->token = lexer_next(&parser->lexer);
    return token;
}

bool parser_next_is(const struct parser *parser, const char *text)
{
    return lexer_is(&parser->token, text);
}

int parser_expected(const struct parser *parser, const char *what)
{
    char found[64];
    return parser_fail(parser, &parser->token, "expected %s, found %s", what, lexer_describe(&parser->token, found));
}

static bool at_separator(const struct parser *parser)
{
    return parser->token.kind == LEXER_NEWLINE || parser_next_is(parser, ";");
}

void parser_skip(struct parser *parser)
{
    while (at_separator(parser))
        parser_take(parser);
}

int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, struct error *error)
{
    if (length > FORMULA_TEXT_MAX)
        return error_set(error, ERROR_INPUT, "%.300s: the text has %zu bytes; at most %d are allowed", what, length,
                         FORMULA_TEXT_MAX);
    size_t mark = text_mark(text, length);
    lexer_init(&parser->lexer, text + mark, length - mark, what, error);
    parser_take(parser);
    parser_skip(parser);
    return ERROR_NONE;
}

/* ---- building the graph ---- */

void *parser_grow(struct parser *parser, void *array, int count, size_t size)
{
    if ((count & (count - 1)) != 0)
        return array;
    void *larger = realloc(array, (count > 0 ? 2 * (size_t)count : 1) * size);
    if (larger == NULL)
        error_set(parser->lexer.error, ERROR_RESOURCE, "%.300s: out of memory", parser->lexer.what);
    return larger;
}

static bool is_signal(const struct parser *parser, int node)
{
    return graph_is_signal(parser->graph->nodes[node].kind);
}

/* A branch is a site of its own: attn, ffn, attn2, ... */
static int add_site(struct parser *parser, int node)
{
    struct graph *graph = parser->graph;
    struct graph_site *sites = parser_grow(parser, graph->sites, graph->site_count, sizeof *sites);
    if (sites == NULL)
        return ERROR_RESOURCE;
    graph->sites = sites;
    enum graph_kind kind = graph->nodes[node].kind;
    int uses = 1;
    for (int i = 0; i < graph->site_count; i++)
        uses += graph->nodes[sites[i].node].kind == kind;
    struct graph_site *site = &sites[graph->site_count];
    struct text name = {site->name, sizeof site->name, 0};
    text_print(&name, "%s", graph_function_name(kind));
    if (uses > 1)
        text_print(&name, "%d", uses);
    site->node = node;
    graph->nodes[node].site = graph->site_count++;
    return node;
}

static int add_node(struct parser *parser, const struct lexer_token *at, struct graph_node node)
{
    struct graph *graph = parser->graph;
    if (graph->node_count == GRAPH_NODES_MAX)
        return parser_fail(parser, at, "too long: a section has at most %d operations", GRAPH_NODES_MAX);
    struct graph_node *nodes = parser_grow(parser, graph->nodes, graph->node_count, sizeof *nodes);
    if (nodes == NULL)
        return ERROR_RESOURCE;
    graph->nodes = nodes;
    node.site = -1;
    node.line = at->line;
    node.column = at->column;
    nodes[graph->node_count] = node;
    int index = graph->node_count++;
    return graph_is_branch(node.kind) ? add_site(parser, index) : index;
}

static int add(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    return add_node(parser, at, (struct graph_node){.kind = kind, .a = a, .b = b, .variable = -1});
}

static int add_number(struct parser *parser, const struct lexer_token *at, double value)
{
    return add_node(parser, at,
                    (struct graph_node){.kind = GRAPH_NUMBER, .a = -1, .b = -1, .variable = -1, .value = value});
}

static int add_variable(struct parser *parser, const struct lexer_token *at, int variable)
{
    return add_node(parser, at, (struct graph_node){.kind = GRAPH_VARIABLE, .a = -1, .b = -1, .variable = variable});
}

static int add_statement(struct parser *parser, const struct lexer_token *at, int node)
{
    struct graph *graph = parser->graph;
    if (graph->statement_count == GRAPH_STATEMENTS_MAX)
        return parser_fail(parser, at, "too long: a section has at most %d statements", GRAPH_STATEMENTS_MAX);
    struct graph_statement *statements = parser_grow(parser, graph->statements, graph->statement_count,
                                                     sizeof *statements);
    if (statements == NULL)
        return ERROR_RESOURCE;
    graph->statements = statements;
    struct graph_statement *statement = &statements[graph->statement_count++];
    memcpy(statement->name, at->text, at->length);
    statement->name[at->length] = '\0';
    statement->node = node;
    return ERROR_NONE;
}

/* ---- lowering: what an operator means for each pair of types ---- */

typedef int lower(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b);

static int lower_swapped(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    return add(parser, at, kind, b, a);
}

/* a - b as a + b*(-1) */
static int lower_difference(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    int factor = add_number(parser, at, -1);
    int opposite = factor < 0 ? factor : add(parser, at, GRAPH_SCALE, b, factor);
    return opposite < 0 ? opposite : add(parser, at, kind, a, opposite);
}

/* a / b as a*(1/b) */
static int lower_quotient(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    int one = add_number(parser, at, 1);
    int inverse = one < 0 ? one : add(parser, at, GRAPH_DIVIDE, one, b);
    return inverse < 0 ? inverse : add(parser, at, kind, a, inverse);
}

static const struct lowering {
    const char *operator;
    bool signal_left, signal_right;
    lower *lower; /* NULL where the types do not go together, and then the complaint */
    enum graph_kind kind;
    const char *complaint;
} lowerings[] = {
    {"+", false, false, add, GRAPH_ADD, NULL},
    {"+", false, true, NULL, 0, "cannot add a signal to a scalar"},
    {"+", true, false, NULL, 0, "cannot add a scalar to a signal"},
    {"+", true, true, add, GRAPH_SUM, NULL},
    {"-", false, false, add, GRAPH_SUBTRACT, NULL},
    {"-", false, true, NULL, 0, "cannot subtract a signal from a scalar"},
    {"-", true, false, NULL, 0, "cannot subtract a scalar from a signal"},
    {"-", true, true, lower_difference, GRAPH_SUM, NULL},
    {"*", false, false, add, GRAPH_MULTIPLY, NULL},
    {"*", false, true, lower_swapped, GRAPH_SCALE, NULL},
    {"*", true, false, add, GRAPH_SCALE, NULL},
    {"*", true, true, NULL, 0, "cannot multiply two signals; multiply by a scalar"},
    {"/", false, false, add, GRAPH_DIVIDE, NULL},
    {"/", false, true, NULL, 0, "cannot divide a scalar by a signal"},
    {"/", true, false, lower_quotient, GRAPH_SCALE, NULL},
    {"/", true, true, NULL, 0, "cannot divide two signals; divide by a scalar"},
    {"^", false, false, add, GRAPH_POWER, NULL},
    {"^", false, true, NULL, 0, "cannot raise a scalar to the power of a signal"},
    {"^", true, false, NULL, 0, "cannot raise a signal to a power"},
    {"^", true, true, NULL, 0, "cannot raise a signal to a power"},
};

static int combine(struct parser *parser, const struct lexer_token *operator, int a, int b)
{
    const struct lowering *row = lowerings;
    while (!lexer_is(operator, row->operator) || row->signal_left != is_signal(parser, a) ||
           row->signal_right != is_signal(parser, b))
        row++;
    if (row->lower == NULL)
        return parser_fail(parser, operator, "%s", row->complaint);
    return row->lower(parser, operator, row->kind, a, b);
}

/* A literal takes the sign itself; a number behind a name is another statement's and stays. */
static int negate(struct parser *parser, const struct lexer_token *minus, int node)
{
    struct graph_node *operand = &parser->graph->nodes[node];
    if (operand->kind == GRAPH_NUMBER && node >= parser->fresh) {
        operand->value = -operand->value;
        return node;
    }
    if (!graph_is_signal(operand->kind))
        return add(parser, minus, GRAPH_NEGATE, node, -1);
    int factor = add_number(parser, minus, -1);
    return factor < 0 ? factor : add(parser, minus, GRAPH_SCALE, node, factor);
}

/* ---- names ---- */

static int find_variable(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = 0; i < graph_variable_count; i++)
        if (lexer_is(name, graph_variables[i].name) &&
            (parser->context == PARSER_INIT || !graph_variables[i].init_only))
            return i;
    return -1;
}

int parser_find(const struct parser *parser, const struct lexer_token *name)
{
    int i = parser->graph->statement_count - 1;
    while (i >= 0 && !lexer_is(name, parser->graph->statements[i].name))
        i--;
    return i;
}

static int find_function(const struct lexer_token *name, int *arguments)
{
    char word[GRAPH_NAME_MAX] = "";
    if (name->length < sizeof word)
        memcpy(word, name->text, name->length);
    return graph_function_find(word, arguments);
}

bool parser_is_keyword(const struct lexer_token *name)
{
    for (int i = 0; i < KEYWORD_COUNT; i++)
        if (lexer_is(name, keywords[i]))
            return true;
    return false;
}

static bool is_reserved(const struct parser *parser, const struct lexer_token *name)
{
    int arguments;
    return find_variable(parser, name) >= 0 || find_function(name, &arguments) >= 0 || parser_is_keyword(name);
}

static int unknown(const struct parser *parser, const struct lexer_token *name, const char *what,
                   const char *const candidates[], size_t count)
{
    char word[GRAPH_NAME_MAX] = "", quoted[64];
    if (name->length < sizeof word)
        memcpy(word, name->text, name->length);
    const char *near = error_nearest(word, candidates, count);
    /* Every one-letter name is one slip away from every other: only its case is a likely mistake. */
    if (near != NULL && (name->length > 1 || strcasecmp(near, word) == 0))
        return parser_fail(parser, name, "unknown %s %s; did you mean '%s'?", what, lexer_describe(name, quoted), near);
    return parser_fail(parser, name, "unknown %s %s", what, lexer_describe(name, quoted));
}

static int unknown_name(const struct parser *parser, const struct lexer_token *name)
{
    const char *candidates[GRAPH_NOT_EQUAL + 1 + GRAPH_STATEMENTS_MAX + 64];
    size_t count = 0;
    for (int i = 0; i < graph_variable_count; i++) {
        const struct graph_variable *variable = &graph_variables[i];
        if (parser->context == PARSER_INIT || !variable->init_only)
            candidates[count++] = variable->name;
        else if (lexer_is(name, variable->name))
            return parser_fail(parser, name, "'%s' is known in initialisations only", variable->name);
    }
    for (enum graph_kind kind = 0; kind <= GRAPH_NOT_EQUAL; kind++)
        if (graph_function_name(kind) != NULL)
            candidates[count++] = graph_function_name(kind);
    for (int i = 0; i < parser->graph->statement_count; i++)
        candidates[count++] = parser->graph->statements[i].name;
    return unknown(parser, name, "name", candidates, count);
}

/* The input is a node from its first use on. */
static int read_input(struct parser *parser, const struct lexer_token *name)
{
    for (int i = 0; i < parser->graph->node_count; i++)
        if (parser->graph->nodes[i].kind == GRAPH_INPUT)
            return i;
    return add(parser, name, GRAPH_INPUT, -1, -1);
}

static int read_name(struct parser *parser, const struct lexer_token *name)
{
    int variable = find_variable(parser, name);
    if (variable >= 0)
        return add_variable(parser, name, variable);
    int statement = parser_find(parser, name);
    if (statement >= 0)
        return parser->graph->statements[statement].node;
    if (parser->context == PARSER_BLOCK && lexer_is(name, parser_input))
        return read_input(parser, name);
    return unknown_name(parser, name);
}

/* ---- expressions ---- */

static int parse_unary(struct parser *parser);

/* Left-associative operators, by level from loose to tight. */
static const char *const chains[][2] = {{"+", "-"}, {"*", "/"}};
enum { CHAIN_COUNT = sizeof chains / sizeof *chains };

static int parse_chain(struct parser *parser, int level)
{
    if (level == CHAIN_COUNT)
        return parse_unary(parser);
    int left = parse_chain(parser, level + 1);
    while (left >= 0 && (parser_next_is(parser, chains[level][0]) || parser_next_is(parser, chains[level][1]))) {
        struct lexer_token operator= parser_take(parser);
        int right = parse_chain(parser, level + 1);
        left = right < 0 ? right : combine(parser, &operator, left, right);
    }
    return left;
}

static int parse_terms(struct parser *parser)
{
    return parse_chain(parser, 0);
}

static int close_parenthesis(struct parser *parser, const struct lexer_token *open)
{
    if (!parser_next_is(parser, ")")) {
        char what[64];
        struct text text = {what, sizeof what, 0};
        text_print(&text, "')' to close '(' of column %d", open->column);
        return parser_expected(parser, what);
    }
    parser_take(parser);
    return ERROR_NONE;
}

static int parse_number(struct parser *parser)
{
    struct lexer_token token = parser_take(parser);
    char digits[NUMBER_LENGTH_MAX + 1] = "";
    if (token.length > NUMBER_LENGTH_MAX)
        return parser_fail(parser, &token, "a number has at most %d characters", NUMBER_LENGTH_MAX);
    memcpy(digits, token.text, token.length);
    errno = 0;
    double value = strtod(digits, NULL);
    if (isinf(value) || (errno == ERANGE && value == 0))
        return parser_fail(parser, &token, "the number %s is too %s", digits, isinf(value) ? "large" : "small");
    return add_number(parser, &token, value);
}

static const char *type_name(bool signal)
{
    return signal ? "signal" : "scalar";
}

/* Functions of the language take and give the same type: signals the first, scalars the others. */
static int parse_argument(struct parser *parser, enum graph_kind function)
{
    struct lexer_token at = parser->token;
    int node = parse_terms(parser);
    if (node < 0 || is_signal(parser, node) == graph_is_signal(function))
        return node;
    return parser_fail(parser, &at, "%s takes a %s, this is a %s", graph_function_name(function),
                       type_name(graph_is_signal(function)), type_name(is_signal(parser, node)));
}

static int parse_call(struct parser *parser, const struct lexer_token *name, enum graph_kind function, int arguments)
{
    int operands[2] = {-1, -1};
    char what[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "'(' after '%s'", graph_function_name(function));
    if (!parser_next_is(parser, "("))
        return parser_expected(parser, what);
    struct lexer_token open = parser_take(parser);
    for (int i = 0; i < arguments; i++) {
        if (i > 0 && !parser_next_is(parser, ","))
            return parser_expected(parser, "',' and another argument");
        if (i > 0)
            parser_take(parser);
        operands[i] = parse_argument(parser, function);
        if (operands[i] < 0)
            return operands[i];
    }
    int code = close_parenthesis(parser, &open);
    return code != ERROR_NONE ? code : add(parser, name, function, operands[0], operands[1]);
}

static int parse_parentheses(struct parser *parser)
{
    struct lexer_token open = parser_take(parser);
    int node = parse_terms(parser);
    int code = node < 0 ? node : close_parenthesis(parser, &open);
    return code != ERROR_NONE ? code : node;
}

static int parse_primary(struct parser *parser)
{
    if (parser->token.kind == LEXER_NUMBER)
        return parse_number(parser);
    if (parser_next_is(parser, "("))
        return parse_parentheses(parser);
    if (parser->token.kind != LEXER_NAME || parser_is_keyword(&parser->token))
        return parser_expected(parser, "a name, a number, a function or '('");
    struct lexer_token name = parser_take(parser);
    int arguments = 0, function = find_function(&name, &arguments);
    return function >= 0 ? parse_call(parser, &name, (enum graph_kind)function, arguments) : read_name(parser, &name);
}

static int parse_power(struct parser *parser)
{
    int base = parse_primary(parser);
    if (base < 0 || !parser_next_is(parser, "^"))
        return base;
    struct lexer_token operator= parser_take(parser);
    int exponent = parse_unary(parser);
    return exponent < 0 ? exponent : combine(parser, &operator, base, exponent);
}

/* Signs are counted, not nested, so that no run of them can be too deep. */
static int parse_unary(struct parser *parser)
{
    struct lexer_token first = parser->token;
    int signs = 0;
    for (; parser_next_is(parser, "-"); signs++)
        parser_take(parser);
    if (parser->depth == FORMULA_NESTING_MAX)
        return parser_fail(parser, &parser->token, "nested too deeply: at most %d levels", FORMULA_NESTING_MAX);
    parser->depth++;
    int node = parse_power(parser);
    parser->depth--;
    for (; node >= 0 && signs > 0; signs--)
        node = negate(parser, &first, node);
    return node;
}

int parser_condition(struct parser *parser)
{
    static const struct {
        const char *symbol;
        enum graph_kind kind;
    } comparisons[] = {{"<", GRAPH_LESS},           {"<=", GRAPH_LESS_EQUAL}, {">", GRAPH_GREATER},
                       {">=", GRAPH_GREATER_EQUAL}, {"==", GRAPH_EQUAL},      {"!=", GRAPH_NOT_EQUAL}};
    int left = parse_terms(parser);
    if (left < 0)
        return left;
    for (size_t i = 0; i < sizeof comparisons / sizeof *comparisons; i++) {
        if (!parser_next_is(parser, comparisons[i].symbol))
            continue;
        struct lexer_token operator= parser_take(parser);
        int right = parse_terms(parser);
        return right < 0 ? right : add(parser, &operator, comparisons[i].kind, left, right);
    }
    return parser_expected(parser, "a comparison (< <= > >= == !=)");
}

/* ---- statements ---- */

static int check_target(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    if (name->length >= GRAPH_NAME_MAX)
        return parser_fail(parser, name, "a name has at most %d characters", GRAPH_NAME_MAX - 1);
    if (is_reserved(parser, name))
        return parser_fail(parser, name, "%s is reserved and cannot be assigned", lexer_describe(name, quoted));
    for (int i = 0; i < parser->target_count; i++)
        if (lexer_is(name, parser->targets[i]))
            return ERROR_NONE;
    if (parser->context == PARSER_INIT)
        return unknown(parser, name, "name", parser->targets, (size_t)parser->target_count);
    return ERROR_NONE;
}

/* A name keeps its type; x is a signal from the start. */
static int check_type(const struct parser *parser, const struct lexer_token *name, int node)
{
    int statement = parser_find(parser, name);
    if (statement < 0 && !(parser->context == PARSER_BLOCK && lexer_is(name, parser_input)))
        return ERROR_NONE;
    bool before = statement < 0 || is_signal(parser, parser->graph->statements[statement].node);
    bool after = is_signal(parser, node);
    if (before == after)
        return ERROR_NONE;
    char quoted[64];
    return parser_fail(parser, name, "%s is a %s and cannot become a %s", lexer_describe(name, quoted),
                       type_name(before), type_name(after));
}

static int parse_assigned(struct parser *parser, const struct lexer_token *name)
{
    char what[64], quoted[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "'=' after %s", lexer_describe(name, quoted));
    if (!parser_next_is(parser, "="))
        return parser_expected(parser, what);
    parser_take(parser);
    parser->fresh = parser->graph->node_count;
    int node = parse_terms(parser);
    if (node >= 0 && parser->token.kind != LEXER_END && !at_separator(parser))
        return parser_expected(parser, "an operator or the end of the statement");
    return node;
}

int parser_statement(struct parser *parser)
{
    if (parser->token.kind != LEXER_NAME)
        return parser_expected(parser, "a statement 'name = expression'");
    struct lexer_token name = parser_take(parser);
    if (parser_next_is(parser, ":") && parser->context == PARSER_INIT)
        return parser_fail(parser, &name, "sections are for block formulas only");
    if (parser_next_is(parser, ":"))
        return unknown(parser, &name, "section", keywords, KEYWORD_COUNT - 1);
    int code = check_target(parser, &name);
    if (code != ERROR_NONE)
        return code;
    int node = parse_assigned(parser, &name);
    if (node < 0)
        return node;
    code = check_type(parser, &name, node);
    return code != ERROR_NONE ? code : add_statement(parser, &name, node);
}

void parser_start(struct parser *parser, struct graph *graph, enum parser_context context)
{
    parser->graph = graph;
    parser->context = context;
    parser->fresh = 0;
    struct text what = {graph->what, sizeof graph->what, 0};
    text_print(&what, "%s", parser->lexer.what);
}
