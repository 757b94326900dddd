#include "sim/parser.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sim/formula.h" // its limits
#include "sim/prelude.h"
#include "sim/text.h"

/* A text is parsed by recursive descent, one token ahead; sections and declarations are sim/formula's:
 *
 *     statement  = name "=" terms (";" | newline)
 *     def        = "def" name "(" [name ["=" terms] {"," name ["=" terms]}] ")" "=" terms
 *     condition  = both { "or" both }
 *     both       = denial { "and" denial }
 *     denial     = { "not" } terms [("<" | "<=" | ">" | ">=" | "==" | "!=") terms]
 *     terms      = factors { ("+" | "-") factors }
 *     factors    = unary { ("*" | "/") unary }
 *     unary      = { "-" } power
 *     power      = primary [ "^" unary ]
 *     primary    = number | name | name "(" [argument {"," argument}] ")" | "(" terms ")"
 *     argument   = terms | name "=" (terms | name)
 *
 * Within a condition, parentheses may hold one. Nodes are added as the text is read, so that operands stand before
 * their user. The functions that read an expression return its node, or a negative error code. Every recursion passes
 * through unary, which counts the depth; a def calls only those before it, so that expansions end. */

enum { NUMBER_LENGTH_MAX = 63, EXPANDED_MAX = 16 * FORMULA_TEXT_MAX, DEF_NAME_MAX = 24 };

static const char *const keywords[] = {"first", "block", "final", "if"};
enum { KEYWORD_COUNT = sizeof keywords / sizeof *keywords };

static const char *const declarations[] = {"def", "state", "input", "shared"};
enum { DECLARATION_COUNT = sizeof declarations / sizeof *declarations };

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

/* The token behind the next one. */
static struct lexer_token second_token(const struct parser *parser)
{
    struct lexer ahead = parser->lexer;
    return lexer_next(&ahead);
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

static bool at_end(const struct parser *parser)
{
    return parser->token.kind == LEXER_END || at_separator(parser);
}

void parser_skip(struct parser *parser)
{
    while (at_separator(parser))
        parser_take(parser);
}

bool parser_is_keyword(const struct lexer_token *name)
{
    for (int i = 0; i < KEYWORD_COUNT; i++)
        if (lexer_is(name, keywords[i]))
            return true;
    return false;
}

const char *parser_declaration(const struct parser *parser)
{
    for (int i = 0; i < DECLARATION_COUNT; i++)
        if (parser_next_is(parser, declarations[i]) && second_token(parser).kind == LEXER_NAME)
            return declarations[i];
    return NULL;
}

static int take(struct parser *parser, const char *symbol, const char *what)
{
    if (!parser_next_is(parser, symbol))
        return parser_expected(parser, what);
    parser_take(parser);
    return ERROR_NONE;
}

/* ---- types ---- */

enum type { SIGNAL, SCALAR, TRUTH };
static const char *const type_names[] = {"signal", "scalar", "condition"};

static const struct graph_node *node_at(const struct parser *parser, int node)
{
    return &parser->build.graph->nodes[node];
}

static enum type type_of(const struct parser *parser, int node)
{
    enum graph_kind kind = node_at(parser, node)->kind;
    return graph_is_signal(kind) ? SIGNAL : graph_is_truth(kind) ? TRUTH : SCALAR;
}

/* ---- lowering: what an operator means for each pair of types ---- */

typedef int lower(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b);

static int lower_plain(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    return build_binary(&parser->build, at, kind, a, b);
}

static int lower_swapped(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    return lower_plain(parser, at, kind, b, a);
}

/* Tokens of the sequence and of a memory are not the same rows. */
static int lower_together(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    if (node_at(parser, a)->memory != node_at(parser, b)->memory)
        return parser_fail(parser, at, "a signal of the memory's tokens meets one of the sequence's; only attend can");
    return lower_plain(parser, at, kind, a, b);
}

/* a - b as a + b*(-1) */
static int lower_difference(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    int factor = build_number(&parser->build, at, -1);
    int opposite = factor < 0 ? factor : lower_plain(parser, at, GRAPH_SCALE, b, factor);
    return opposite < 0 ? opposite : lower_together(parser, at, kind, a, opposite);
}

/* a / b as a*(1/b) */
static int lower_quotient(struct parser *parser, const struct lexer_token *at, enum graph_kind kind, int a, int b)
{
    int one = build_number(&parser->build, at, 1);
    int inverse = one < 0 ? one : lower_plain(parser, at, GRAPH_DIVIDE, one, b);
    return inverse < 0 ? inverse : lower_plain(parser, at, kind, a, inverse);
}

// clang-format off
static const struct lowering {
    const char *operator;
    enum type left, right;
    lower *lower; /* NULL where the types do not go together, and then the complaint */
    enum graph_kind kind;
    const char *complaint;
} lowerings[] = {
    {"+", SCALAR, SCALAR, lower_plain, GRAPH_ADD, NULL},
    {"+", SCALAR, SIGNAL, NULL, 0, "cannot add a signal to a scalar"},
    {"+", SIGNAL, SCALAR, NULL, 0, "cannot add a scalar to a signal"},
    {"+", SIGNAL, SIGNAL, lower_together, GRAPH_SUM, NULL},
    {"-", SCALAR, SCALAR, lower_plain, GRAPH_SUBTRACT, NULL},
    {"-", SCALAR, SIGNAL, NULL, 0, "cannot subtract a signal from a scalar"},
    {"-", SIGNAL, SCALAR, NULL, 0, "cannot subtract a scalar from a signal"},
    {"-", SIGNAL, SIGNAL, lower_difference, GRAPH_SUM, NULL},
    {"*", SCALAR, SCALAR, lower_plain, GRAPH_MULTIPLY, NULL},
    {"*", SCALAR, SIGNAL, lower_swapped, GRAPH_SCALE, NULL},
    {"*", SIGNAL, SCALAR, lower_plain, GRAPH_SCALE, NULL},
    {"*", SIGNAL, SIGNAL, lower_together, GRAPH_PRODUCT, NULL},
    {"/", SCALAR, SCALAR, lower_plain, GRAPH_DIVIDE, NULL},
    {"/", SCALAR, SIGNAL, NULL, 0, "cannot divide a scalar by a signal"},
    {"/", SIGNAL, SCALAR, lower_quotient, GRAPH_SCALE, NULL},
    {"/", SIGNAL, SIGNAL, NULL, 0, "cannot divide two signals; divide by a scalar"},
    {"^", SCALAR, SCALAR, lower_plain, GRAPH_POWER, NULL},
    {"^", SCALAR, SIGNAL, NULL, 0, "cannot raise a scalar to the power of a signal"},
    {"^", SIGNAL, SCALAR, NULL, 0, "cannot raise a signal to a power"},
    {"^", SIGNAL, SIGNAL, NULL, 0, "cannot raise a signal to a power"},
};
// clang-format on

static int combine(struct parser *parser, const struct lexer_token *operator, int a, int b)
{
    enum type left = type_of(parser, a), right = type_of(parser, b);
    if (left == TRUTH || right == TRUTH)
        return parser_fail(parser, operator, "a condition is no number; join conditions by 'and', 'or', 'not'");
    const struct lowering *row = lowerings;
    while (!lexer_is(operator, row->operator) || row->left != left || row->right != right)
        row++;
    if (!row->lower)
        return parser_fail(parser, operator, "%s", row->complaint);
    return row->lower(parser, operator, row->kind, a, b);
}

/* Whether the node has just been called for: a def that is a number. */
static bool is_call(const struct parser *parser, int node)
{
    const struct graph *graph = parser->build.graph;
    return graph->call_count > 0 && graph->calls[graph->call_count - 1].output == node;
}

/* A literal takes the sign itself; a number behind a name is another statement's and stays. */
static int negate(struct parser *parser, const struct lexer_token *minus, int node)
{
    struct graph_node *operand = &parser->build.graph->nodes[node];
    if (operand->kind == GRAPH_NUMBER && node >= parser->fresh && !is_call(parser, node)) {
        operand->value = -operand->value;
        return node;
    }
    if (type_of(parser, node) == TRUTH)
        return parser_fail(parser, minus, "a condition has no sign; its opposite is 'not'");
    if (type_of(parser, node) == SCALAR)
        return build_binary(&parser->build, minus, GRAPH_NEGATE, node, -1);
    int factor = build_number(&parser->build, minus, -1);
    return factor < 0 ? factor : build_binary(&parser->build, minus, GRAPH_SCALE, node, factor);
}

/* ---- names ---- */

static int find_variable(const struct parser *parser, const struct lexer_token *name, bool soft)
{
    for (int i = 0; i < graph_variable_count; i++)
        if (graph_variables[i].soft == soft && lexer_is(name, graph_variables[i].name) &&
            (parser->context == PARSER_INIT || !graph_variables[i].init_only))
            return i;
    return -1;
}

int parser_find(const struct parser *parser, const char *name)
{
    int i = parser->build.graph->statement_count - 1;
    while (i >= 0 && strcmp(name, parser->build.graph->statements[i].name) != 0)
        i--;
    return i;
}

static void copy_word(const struct lexer_token *name, char word[GRAPH_LABEL_MAX])
{
    word[0] = '\0';
    if (name->length > 0 && name->length < GRAPH_LABEL_MAX) {
        memcpy(word, name->text, name->length);
        word[name->length] = '\0';
    }
}

static int find_statement(const struct parser *parser, const struct lexer_token *name)
{
    char word[GRAPH_LABEL_MAX];
    copy_word(name, word);
    return parser_find(parser, word);
}

static int find_input(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = 0; parser->context == PARSER_BLOCK && i < parser->input_count; i++)
        if (lexer_is(name, parser->inputs[i].name))
            return i;
    return -1;
}

int parser_unknown(const struct parser *parser, const struct lexer_token *name, const char *what,
                   const char *const candidates[], size_t count)
{
    char word[GRAPH_LABEL_MAX], quoted[64];
    copy_word(name, word);
    const char *near = error_nearest(word, candidates, count);
    /* Every one-letter name is one slip away from every other: only its case is a likely mistake. */
    if (near && (name->length > 1 || strcasecmp(near, word) == 0))
        return parser_fail(parser, name, "unknown %s %s; did you mean '%s'?", what, lexer_describe(name, quoted), near);
    return parser_fail(parser, name, "unknown %s %s", what, lexer_describe(name, quoted));
}

enum { CANDIDATES_MAX = GRAPH_STATEMENTS_MAX + PARSER_DEFS_MAX + 256 };

/* Names that a message may propose: what can be called, and for names that stand alone what has a value. Words of defs
 * are in words, as they end with no NUL in their text. */
static size_t list_candidates(const struct parser *parser, bool call, const char *candidates[CANDIDATES_MAX],
                              char words[PARSER_DEFS_MAX][GRAPH_LABEL_MAX])
{
    size_t count = 0;
    struct function function;
    for (size_t i = 0; function_at(i, &function); i++)
        if (parser->context == PARSER_BLOCK || !graph_is_signal(function.kind))
            candidates[count++] = function.name;
    for (int i = 0; parser->context == PARSER_BLOCK && i < parser->visible; i++) {
        copy_word(&parser->defs[i].name, words[i]);
        candidates[count++] = words[i];
    }
    for (int i = 0; !call && i < graph_variable_count; i++)
        if (parser->context == PARSER_INIT || !graph_variables[i].init_only)
            candidates[count++] = graph_variables[i].name;
    for (int i = 0; !call && i < parser->build.graph->statement_count; i++)
        candidates[count++] = parser->build.graph->statements[i].name;
    for (int i = 0; !call && parser->context == PARSER_BLOCK && parser->expansion == 0 && i < parser->input_count; i++)
        candidates[count++] = parser->inputs[i].name;
    return count;
}

static bool is_callable(const struct parser *parser, const struct lexer_token *name);

static int unknown_name(const struct parser *parser, const struct lexer_token *name, bool call)
{
    const char *candidates[CANDIDATES_MAX];
    char words[PARSER_DEFS_MAX][GRAPH_LABEL_MAX], quoted[64];
    for (int i = 0; i < graph_variable_count; i++)
        if (graph_variables[i].init_only && lexer_is(name, graph_variables[i].name))
            return parser_fail(parser, name, "'%s' is known in initialisations only", graph_variables[i].name);
    if (!call && is_callable(parser, name) && name->text[0] != 'w') {
        char what[96];
        struct text text = {what, sizeof what, 0};
        text_print(&text, "'(' after %s", lexer_describe(name, quoted));
        return parser_expected(parser, what);
    }
    size_t count = list_candidates(parser, call, candidates, words);
    return parser_unknown(parser, name, call ? "function" : "name", candidates, count);
}

int parser_input(struct parser *parser, const struct lexer_token *at, int input)
{
    int found = graph_input_node(parser->build.graph, input);
    if (found >= 0)
        return found;
    struct graph_node node = build_node(GRAPH_INPUT);
    node.index = input;
    node.memory = parser->inputs[input].memory;
    return build_add(&parser->build, at, node);
}

/* ---- what names are bound to while a def is expanded ---- */

static struct parser_binding *find_parameter(struct parser *parser, const struct lexer_token *name)
{
    for (int i = parser->frame; i < parser->binding_count; i++)
        if (!parser->bindings[i].setting && parser->bindings[i].name.length == name->length &&
            memcmp(parser->bindings[i].name.text, name->text, name->length) == 0)
            return &parser->bindings[i];
    return NULL;
}

/* The innermost call that sets it counts. */
static struct parser_binding *find_setting(struct parser *parser, const char *option)
{
    for (int i = parser->binding_count - 1; i >= 0 && option; i--)
        if (parser->bindings[i].setting && lexer_is(&parser->bindings[i].name, option)) {
            parser->bindings[i].used = true;
            return &parser->bindings[i];
        }
    return NULL;
}

static int push_binding(struct parser *parser, const struct lexer_token *at, struct parser_binding binding)
{
    if (parser->binding_count == PARSER_BINDINGS_MAX)
        return parser_fail(parser, at, "nested too deeply: at most %d arguments at a time", PARSER_BINDINGS_MAX);
    parser->bindings[parser->binding_count++] = binding;
    return ERROR_NONE;
}

static int read_variable(struct parser *parser, const struct lexer_token *name, int variable)
{
    const struct parser_binding *set = find_setting(parser, graph_variables[variable].option);
    if (set && set->node >= 0)
        return set->node;
    struct graph_node node = build_node(GRAPH_VARIABLE);
    node.index = variable;
    return build_add(&parser->build, name, node);
}

static int read_name(struct parser *parser, const struct lexer_token *name)
{
    struct parser_binding *parameter = parser->expansion > 0 ? find_parameter(parser, name) : NULL;
    if (parameter) {
        parameter->used = true;
        return parameter->node;
    }
    int variable = find_variable(parser, name, false);
    if (variable >= 0)
        return read_variable(parser, name, variable);
    int statement = parser->expansion == 0 ? find_statement(parser, name) : -1;
    if (statement >= 0)
        return parser->build.graph->statements[statement].node;
    variable = find_variable(parser, name, true);
    if (variable >= 0)
        return read_variable(parser, name, variable);
    int input = parser->expansion == 0 ? find_input(parser, name) : -1;
    if (input >= 0)
        return parser_input(parser, name, input);
    return unknown_name(parser, name, false);
}

/* ---- calls ---- */

static int parse_terms(struct parser *parser);

/* An argument as it was read. */
struct argument {
    struct lexer_token at, key; /* the key's length is 0 where there is none */
    int node, choice;           /* the one that it is not is -1 */
    const struct function_option *option;
};

/* Room for the operands and every option of a call. */
enum { ARGUMENTS_MAX = PARSER_PARAMETERS_MAX + 2 * GRAPH_OPTIONS_MAX };

struct call {
    struct lexer_token name, at;  /* at: for errors; another where the name is not in the text */
    const struct parser_def *def; /* NULL: function */
    struct function function;
    struct argument arguments[ARGUMENTS_MAX];
    int count, positional;
};

static const struct parser_def *find_def(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = parser->visible - 1; i >= 0 && parser->context == PARSER_BLOCK; i--)
        if (parser->defs[i].name.length == name->length &&
            memcmp(parser->defs[i].name.text, name->text, name->length) == 0)
            return &parser->defs[i];
    return NULL;
}

static bool find_callable(const struct parser *parser, const struct lexer_token *name, struct call *call)
{
    *call = (struct call){.name = *name, .at = *name, .def = find_def(parser, name)};
    return call->def || (function_find(name->text, name->length, &call->function) &&
                         (parser->context == PARSER_BLOCK || !graph_is_signal(call->function.kind)));
}

static bool is_callable(const struct parser *parser, const struct lexer_token *name)
{
    struct call call;
    return find_callable(parser, name, &call);
}

static bool same_token(const struct lexer_token *a, const struct lexer_token *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

static bool is_parameter(const struct parser_def *def, const struct lexer_token *key)
{
    for (int i = 0; i < def->parameter_count; i++)
        if (same_token(&def->parameters[i].name, key))
            return true;
    return false;
}

/* moe's option that is no scalar and no word of a table: a def. */
static const struct function_option body_option = {"body", NULL, "what an expert is: a def of one signal; ffn"};

static bool takes_body(const struct call *call)
{
    return !call->def && call->function.kind == GRAPH_MOE;
}

static int unknown_option(const struct parser *parser, const struct call *call, const struct lexer_token *key)
{
    const char *names[2 * GRAPH_OPTIONS_MAX + 16];
    size_t count = 0;
    struct function function = call->function;
    for (size_t i = 0; call->def ? function_at(i, &function) : i < 1; i++)
        for (int o = 0; o < function.option_count; o++)
            names[count++] = function.options[o].name;
    if (takes_body(call))
        names[count++] = body_option.name;
    return parser_unknown(parser, key, "option", names, count);
}

/* What a key means to the call: NULL without an error for a parameter. */
static int find_option(const struct parser *parser, const struct call *call, struct argument *argument)
{
    const struct lexer_token *key = &argument->key;
    if (call->def && is_parameter(call->def, key))
        return ERROR_NONE;
    if (call->def)
        argument->option = function_option(key->text, key->length);
    for (int o = 0; !call->def && o < call->function.option_count; o++)
        if (lexer_is(key, call->function.options[o].name))
            argument->option = &call->function.options[o];
    if (takes_body(call) && lexer_is(key, body_option.name))
        argument->option = &body_option;
    return argument->option ? ERROR_NONE : unknown_option(parser, call, key);
}

static int check_twice(const struct parser *parser, const struct call *call, const struct lexer_token *key)
{
    char quoted[64];
    for (int i = 0; i < call->count; i++)
        if (call->arguments[i].key.length > 0 && same_token(&call->arguments[i].key, key))
            return parser_fail(parser, key, "%s is given twice", lexer_describe(key, quoted));
    return ERROR_NONE;
}

static int parse_key(struct parser *parser, struct call *call, struct argument *argument)
{
    argument->key = parser_take(parser);
    int code = find_option(parser, call, argument);
    if (code == ERROR_NONE)
        code = check_twice(parser, call, &argument->key);
    parser_take(parser);
    argument->at = parser->token;
    return code;
}

/* A word of the option's table. */
static int parse_choice(struct parser *parser, struct argument *argument)
{
    if (parser->token.kind != LEXER_NAME)
        return parser_expected(parser, "a word");
    struct lexer_token word = parser_take(parser);
    argument->choice = function_choice(argument->option, word.text, word.length);
    const char *names[16];
    size_t count = 0;
    while (count < 16 && argument->option->choice(count)) {
        names[count] = argument->option->choice(count);
        count++;
    }
    return argument->choice >= 0 ? ERROR_NONE : parser_unknown(parser, &word, argument->option->name, names, count);
}

/* A def's name, left as a token. */
static int parse_body_name(struct parser *parser)
{
    if (parser->token.kind != LEXER_NAME)
        return parser_expected(parser, "the name of a def");
    struct lexer_token word = parser_take(parser);
    if (find_def(parser, &word))
        return ERROR_NONE;
    const char *candidates[PARSER_DEFS_MAX];
    char words[PARSER_DEFS_MAX][GRAPH_LABEL_MAX];
    for (int i = 0; i < parser->visible; i++) {
        copy_word(&parser->defs[i].name, words[i]);
        candidates[i] = words[i];
    }
    return parser_unknown(parser, &word, "def", candidates, (size_t)parser->visible);
}

static int check_scalar(const struct parser *parser, const struct argument *argument)
{
    enum type type = type_of(parser, argument->node);
    return type == SCALAR ? ERROR_NONE
                          : parser_fail(parser, &argument->at, "%s is a scalar, this is a %s", argument->option->name,
                                        type_names[type]);
}

static int parse_argument(struct parser *parser, struct call *call)
{
    struct argument argument = {.at = parser->token, .node = -1, .choice = -1};
    int code = ERROR_NONE, place = call->count - (!call->def ? call->function.operands : 0);
    struct lexer_token next = second_token(parser);
    if (parser->token.kind == LEXER_NAME && lexer_is(&next, "="))
        code = parse_key(parser, call, &argument);
    if (argument.key.length == 0 && call->positional < call->count)
        return parser_fail(parser, &argument.at, "an argument without a name stands before those with one");
    if (argument.key.length == 0 && !call->def && place >= 0 && place < call->function.positional)
        argument.option = &call->function.options[place];
    if (code == ERROR_NONE && argument.option == &body_option)
        code = parse_body_name(parser);
    else if (code == ERROR_NONE && argument.option && argument.option->choice)
        code = parse_choice(parser, &argument);
    else if (code == ERROR_NONE) {
        argument.node = parse_terms(parser);
        code = argument.node < 0 ? argument.node : argument.option ? check_scalar(parser, &argument) : 0;
    }
    if (code != ERROR_NONE)
        return code;
    call->positional += argument.key.length == 0;
    call->arguments[call->count++] = argument;
    return ERROR_NONE;
}

static int parse_arguments(struct parser *parser, struct call *call)
{
    struct lexer_token open = parser->token;
    char what[96], quoted[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "'(' after %s", lexer_describe(&call->name, quoted));
    int code = take(parser, "(", what);
    while (code == ERROR_NONE && !(call->count == 0 && parser_next_is(parser, ")"))) {
        if (call->count == ARGUMENTS_MAX)
            return parser_fail(parser, &parser->token, "too many arguments");
        code = parse_argument(parser, call);
        if (code != ERROR_NONE || !parser_next_is(parser, ","))
            break;
        parser_take(parser);
    }
    if (code != ERROR_NONE)
        return code;
    text = (struct text){what, sizeof what, 0};
    text_print(&text, "')' to close '(' of column %d", open.column);
    return take(parser, ")", what);
}

/* Calls of the text itself are kept in its words. */
static int record_call(struct parser *parser, const struct call *call, int first, int output)
{
    if (parser->expansion > 0)
        return ERROR_NONE;
    struct build *build = &parser->build;
    int first_argument = build->graph->argument_count;
    for (int i = 0; i < call->count; i++) {
        const struct argument *from = &call->arguments[i];
        struct graph_argument argument = {.node = from->node};
        char word[GRAPH_LABEL_MAX];
        copy_word(&from->key, word);
        memcpy(argument.key, word, sizeof argument.key - 1);
        if (from->node < 0) {
            copy_word(&from->at, word);
            memcpy(argument.word, word, sizeof argument.word - 1);
        }
        int code = build_argument(build, &argument);
        if (code < 0)
            return code;
    }
    int code = build_call(build, &call->name, first_argument, first, output);
    return code < 0 ? code : ERROR_NONE;
}

/* ---- calls of the language's own functions ---- */

static int check_operands(const struct parser *parser, const struct call *call)
{
    const struct function *function = &call->function;
    enum type wanted = graph_is_signal(function->kind) ? SIGNAL : SCALAR;
    char quoted[64];
    lexer_describe(&call->name, quoted);
    if (call->positional < function->operands || call->positional > function->operands + function->positional)
        return parser_fail(parser, &call->name, "%s takes %d %s%s, found %d", quoted, function->operands,
                           type_names[wanted], function->operands > 1 ? "s" : "", call->positional);
    for (int i = 0; i < function->operands; i++) {
        enum type found = type_of(parser, call->arguments[i].node);
        if (found != wanted)
            return parser_fail(parser, &call->arguments[i].at, "%s takes a %s, this is a %s", quoted,
                               type_names[wanted], type_names[found]);
    }
    return ERROR_NONE;
}

/* The options of the call, and of those that it leaves open what a def's call around it has set. */
static void fill_options(struct parser *parser, const struct call *call, struct graph_node *node)
{
    for (int o = 0; o < call->function.option_count; o++) {
        const struct function_option *option = &call->function.options[o];
        for (int i = 0; i < call->count; i++)
            if (call->arguments[i].option == option)
                node->option[o] = option->choice ? call->arguments[i].choice : call->arguments[i].node;
        const struct parser_binding *set = node->option[o] < 0 ? find_setting(parser, option->name) : NULL;
        if (set)
            node->option[o] = option->choice ? set->choice : set->node;
    }
}

static int check_attend(const struct parser *parser, const struct call *call, const struct graph_node *node)
{
    if (node_at(parser, node->b)->memory != node_at(parser, node->c)->memory)
        return parser_fail(parser, &call->name, "keys and values are of different tokens");
    if (parser->build.mixture >= 0)
        return parser_fail(parser, &call->name, "an expert sees its tokens one by one and cannot attend");
    return ERROR_NONE;
}

/* Labels number a name's further uses wq_2, wq_3, ... */
static int check_matrix_name(const struct parser *parser, const struct lexer_token *name)
{
    size_t digits = 0;
    while (digits < name->length && strchr("0123456789", name->text[name->length - 1 - digits]))
        digits++;
    if (name->length > DEF_NAME_MAX)
        return parser_fail(parser, name, "a matrix's name has at most %d characters", DEF_NAME_MAX);
    if (digits > 0 && digits < name->length && name->text[name->length - 1 - digits] == '_')
        return parser_fail(parser, name, "a matrix's name does not end in _ and a number");
    return ERROR_NONE;
}

static int add_operation(struct parser *parser, const struct call *call)
{
    struct graph_node node = build_node(call->function.kind);
    int *operands[] = {&node.a, &node.b, &node.c};
    for (int i = 0; i < call->function.operands; i++)
        *operands[i] = call->arguments[i].node;
    node.index = call->function.index;
    fill_options(parser, call, &node);
    int code = node.kind == GRAPH_ATTEND ? check_attend(parser, call, &node)
               : node.kind == GRAPH_MAP  ? check_matrix_name(parser, &call->name)
                                         : ERROR_NONE;
    int index = code != ERROR_NONE ? code : build_add(&parser->build, &call->name, node);
    if (index < 0 || node.kind != GRAPH_MAP)
        return index;
    code = build_matrix(&parser->build, &call->name, index);
    if (code >= 0 && parser->expansion == 0)
        code = build_site(&parser->build, &call->name, true, -1, index, index);
    return code < 0 ? code : index;
}

/* ---- calls of defs ---- */

/* What a def's expansion sets aside. */
struct place {
    struct lexer_token at;
    int fresh, frame, visible, binding_count;
};

static struct place enter_def(struct parser *parser, const struct call *call)
{
    struct place place = {parser->build.at, parser->fresh, parser->frame, parser->visible, parser->binding_count};
    if (parser->expansion++ == 0)
        parser->build.at = call->at;
    parser->fresh = parser->build.graph->node_count;
    parser->visible = (int)(call->def - parser->defs);
    return place;
}

static void leave_def(struct parser *parser, const struct place *place)
{
    parser->expansion--;
    parser->build.at = place->at;
    parser->fresh = place->fresh;
    parser->frame = place->frame;
    parser->visible = place->visible;
    parser->binding_count = place->binding_count;
}

/* An error within a definition says who called it; one within the prelude's is the call's own. */
static int blame(struct parser *parser, const struct lexer *where, const struct call *call)
{
    char quoted[64], message[400];
    struct error *error = parser->lexer.error;
    lexer_describe(&call->name, quoted);
    if (where->what != prelude_what) {
        struct text text = {error->text, sizeof error->text, strlen(error->text)};
        text_print(&text, "\n  in the definition of %s, called in line %d, column %d", quoted, call->at.line,
                   call->at.column);
        return ERROR_INPUT;
    }
    const char *start = strstr(error->text, "column");
    start = start ? strstr(start, ": ") : NULL;
    struct text text = {message, sizeof message, 0};
    text_print(&text, "%s", start ? start + 2 : error->text);
    message[strcspn(message, "\n")] = '\0';
    return parser_fail(parser, &call->at, "within %s: %s", quoted, message);
}

/* Reads an expression that stands elsewhere, to its end. */
static int read_elsewhere(struct parser *parser, const struct lexer *where, const struct call *call)
{
    struct lexer here = parser->lexer;
    struct lexer_token next = parser->token;
    if (parser->expanded > EXPANDED_MAX)
        return parser_fail(parser, &call->at, "too long: the definitions called are more than %d bytes", EXPANDED_MAX);
    parser->expanded += where->length - where->next + 1;
    parser->lexer = *where;
    parser->token = lexer_next(&parser->lexer);
    int node = parse_terms(parser);
    if (node >= 0 && !at_end(parser))
        node = parser_expected(parser, "an operator or the end of the definition");
    parser->lexer = here;
    parser->token = next;
    return node == ERROR_INPUT && parser->expansion == 1 ? blame(parser, where, call) : node;
}

static const struct argument *argument_for(const struct call *call, int parameter)
{
    for (int i = 0; i < call->count; i++) {
        const struct argument *argument = &call->arguments[i];
        if (argument->key.length == 0 ? i == parameter
                                      : same_token(&argument->key, &call->def->parameters[parameter].name))
            return argument;
    }
    return NULL;
}

static int bind_parameters(struct parser *parser, const struct call *call)
{
    char quoted[64], wanted[64];
    parser->frame = parser->binding_count;
    for (int p = 0; p < call->def->parameter_count; p++) {
        const struct parser_parameter *parameter = &call->def->parameters[p];
        const struct argument *argument = argument_for(call, p);
        int node = argument ? argument->node : -1;
        if (!argument && !parameter->preset.text)
            return parser_fail(parser, &call->at, "%s needs %s", lexer_describe(&call->name, quoted),
                               lexer_describe(&parameter->name, wanted));
        if (!argument)
            node = read_elsewhere(parser, &parameter->preset, call);
        if (node < 0)
            return node;
        int code = push_binding(parser, &call->at,
                                (struct parser_binding){.name = parameter->name, .node = node, .choice = -1});
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static int bind_settings(struct parser *parser, const struct call *call)
{
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < call->count; i++) {
        const struct argument *argument = &call->arguments[i];
        if (argument->option && argument->option != &body_option)
            code = push_binding(
                parser, &call->at,
                (struct parser_binding){
                    .name = argument->key, .node = argument->node, .choice = argument->choice, .setting = true});
    }
    return code;
}

static int check_def_arguments(const struct parser *parser, const struct call *call)
{
    char quoted[64];
    lexer_describe(&call->name, quoted);
    if (call->positional > call->def->parameter_count)
        return parser_fail(parser, &call->arguments[call->def->parameter_count].at, "%s takes at most %d argument%s",
                           quoted, call->def->parameter_count, call->def->parameter_count == 1 ? "" : "s");
    for (int i = 0; i < call->positional; i++)
        for (int j = call->positional; j < call->count; j++)
            if (same_token(&call->arguments[j].key, &call->def->parameters[i].name))
                return parser_fail(parser, &call->arguments[j].key, "%s is given twice",
                                   lexer_describe(&call->arguments[j].key, quoted));
    return ERROR_NONE;
}

/* Nothing that a call sets is passed over in silence. */
static int check_settings_used(const struct parser *parser, const struct call *call, int first)
{
    char quoted[64], name[64];
    for (int i = first; i < parser->frame; i++)
        if (!parser->bindings[i].used)
            return parser_fail(parser, &parser->bindings[i].name, "%s says nothing to %s",
                               lexer_describe(&parser->bindings[i].name, quoted), lexer_describe(&call->name, name));
    return ERROR_NONE;
}

/* The body's nodes behind all others; its value is the last of them. */
static int expand(struct parser *parser, const struct call *call)
{
    char quoted[64];
    struct place place = enter_def(parser, call);
    int first = parser->build.graph->node_count;
    int code = bind_settings(parser, call);
    if (code == ERROR_NONE)
        code = bind_parameters(parser, call);
    int output = code != ERROR_NONE ? code : read_elsewhere(parser, &call->def->body, call);
    if (output >= 0)
        code = check_settings_used(parser, call, place.binding_count);
    if (output >= 0 && code == ERROR_NONE && output < first)
        code = parser_fail(parser, &call->at, "%s gives an argument back as it is",
                           lexer_describe(&call->name, quoted));
    leave_def(parser, &place);
    return code != ERROR_NONE ? code : output;
}

static int call_def(struct parser *parser, const struct call *call)
{
    int code = check_def_arguments(parser, call), first = parser->build.graph->node_count;
    int output = code != ERROR_NONE ? code : expand(parser, call);
    if (output >= 0 && parser->expansion == 0 && parser->build.mixture < 0)
        code = build_site(&parser->build, &call->name, false, call->count > 0 ? call->arguments[0].node : -1, first,
                          output);
    return code != ERROR_NONE ? code : output;
}

/* ---- mixtures ---- */

/* The def of an expert, and the width that it is called with. */
static int call_body(struct parser *parser, const struct call *moe, int rows)
{
    static const struct lexer_token usual = {.kind = LEXER_NAME, .text = "ffn", .length = 3};
    struct call call = {.name = usual, .at = moe->name};
    const struct argument *width = NULL;
    for (int i = 0; i < moe->count; i++) {
        if (moe->arguments[i].option == &body_option)
            call.name = moe->arguments[i].at;
        if (moe->arguments[i].option == &moe->function.options[GRAPH_MOE_WIDTH])
            width = &moe->arguments[i];
    }
    call.def = find_def(parser, &call.name);
    if (!call.def)
        return parser_fail(parser, &moe->name, "there is no def 'ffn' for the experts here; say body=...");
    call.arguments[call.count++] = (struct argument){.at = moe->name, .node = rows, .choice = -1};
    call.positional = 1;
    if (width)
        call.arguments[call.count++] = *width;
    return call_def(parser, &call);
}

static int add_experts(struct parser *parser, const struct call *call)
{
    struct build *build = &parser->build;
    if (build->mixture >= 0)
        return parser_fail(parser, &call->name, "an expert has no experts of its own");
    build->mixture = build->graph->mixture_count++;
    struct graph_node rows = build_node(GRAPH_EXPERT);
    rows.a = call->arguments[0].node;
    int input = build_add(build, &call->name, rows);
    int body = input < 0 ? input : call_body(parser, call, input);
    build->mixture = -1;
    if (body >= 0 && type_of(parser, body) != SIGNAL)
        return parser_fail(parser, &call->name, "what an expert gives is a signal, this is a scalar");
    return body;
}

static int add_mixture(struct parser *parser, const struct call *call)
{
    static const struct lexer_token router = {.kind = LEXER_NAME, .text = "wr", .length = 2};
    int first = parser->build.graph->node_count;
    struct graph_node node = build_node(GRAPH_MOE);
    node.a = call->arguments[0].node;
    fill_options(parser, call, &node);
    node.b = add_experts(parser, call);
    int index = node.b < 0 ? node.b : build_add(&parser->build, &call->name, node);
    int code = index < 0 ? index : build_matrix(&parser->build, &router, index);
    if (code >= 0 && parser->expansion == 0)
        code = build_site(&parser->build, &call->name, false, node.a, first, index);
    return code < 0 ? code : index;
}

static int parse_call(struct parser *parser, const struct lexer_token *name)
{
    struct call call;
    if (!find_callable(parser, name, &call))
        return unknown_name(parser, name, true);
    int code = parse_arguments(parser, &call);
    if (code == ERROR_NONE && !call.def)
        code = check_operands(parser, &call);
    if (code != ERROR_NONE)
        return code;
    int first = parser->build.graph->node_count;
    int output = call.def                          ? call_def(parser, &call)
                 : call.function.kind == GRAPH_MOE ? add_mixture(parser, &call)
                                                   : add_operation(parser, &call);
    if (output >= 0)
        code = record_call(parser, &call, first, output);
    return code != ERROR_NONE ? code : output;
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
    return build_number(&parser->build, &token, value);
}

static int parse_either(struct parser *parser);

static int parse_parentheses(struct parser *parser)
{
    struct lexer_token open = parser_take(parser);
    int node = parser->context == PARSER_CONDITION ? parse_either(parser) : parse_terms(parser);
    char what[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "')' to close '(' of column %d", open.column);
    int code = node < 0 ? node : take(parser, ")", what);
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
    return parser_next_is(parser, "(") ? parse_call(parser, &name) : read_name(parser, &name);
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

/* ---- conditions ---- */

static int parse_comparison(struct parser *parser)
{
    static const struct {
        const char *symbol;
        enum graph_kind kind;
    } comparisons[] = {{"<", GRAPH_LESS},           {"<=", GRAPH_LESS_EQUAL}, {">", GRAPH_GREATER},
                       {">=", GRAPH_GREATER_EQUAL}, {"==", GRAPH_EQUAL},      {"!=", GRAPH_NOT_EQUAL}};
    int left = parse_terms(parser);
    for (size_t i = 0; left >= 0 && i < sizeof comparisons / sizeof *comparisons; i++) {
        if (!parser_next_is(parser, comparisons[i].symbol))
            continue;
        struct lexer_token operator= parser_take(parser);
        int right = parse_terms(parser);
        if (right < 0)
            return right;
        if (type_of(parser, left) == TRUTH || type_of(parser, right) == TRUTH)
            return parser_fail(parser, &operator, "a condition is no number; join conditions by 'and', 'or', 'not'");
        return build_binary(&parser->build, &operator, comparisons[i].kind, left, right);
    }
    return left;
}

/* The same of both sides of "and" and "or", and behind "not". */
static int check_truth(const struct parser *parser, int node)
{
    return node < 0 || type_of(parser, node) == TRUTH ? node
                                                      : parser_expected(parser, "a comparison (< <= > >= == !=)");
}

static int parse_denial(struct parser *parser)
{
    struct lexer_token first = parser->token;
    int denials = 0;
    for (; parser_next_is(parser, "not"); denials++)
        parser_take(parser);
    int node = parse_comparison(parser);
    if (denials > 0)
        node = check_truth(parser, node);
    for (; node >= 0 && denials > 0; denials--)
        node = build_binary(&parser->build, &first, GRAPH_NOT, node, -1);
    return node;
}

static int parse_joined(struct parser *parser, const char *word, enum graph_kind kind, int (*part)(struct parser *))
{
    int left = part(parser);
    while (left >= 0 && parser_next_is(parser, word)) {
        left = check_truth(parser, left);
        struct lexer_token operator= parser_take(parser);
        int right = left < 0 ? left : check_truth(parser, part(parser));
        left = right < 0 ? right : build_binary(&parser->build, &operator, kind, left, right);
    }
    return left;
}

static int parse_both(struct parser *parser)
{
    return parse_joined(parser, "and", GRAPH_AND, parse_denial);
}

static int parse_either(struct parser *parser)
{
    return parse_joined(parser, "or", GRAPH_OR, parse_both);
}

int parser_condition(struct parser *parser)
{
    return check_truth(parser, parse_either(parser));
}

/* ---- statements ---- */

/* The functions that formulas have had from the start stay out of reach; the others are functions where they are
 * called and free elsewhere. */
static bool is_reserved(const struct parser *parser, const struct lexer_token *name)
{
    struct function function;
    return find_variable(parser, name, false) >= 0 || parser_is_keyword(name) ||
           (function_find(name->text, name->length, &function) && function.reserved) ||
           prelude_has(name->text, name->length);
}

int parser_check_name(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    if (name->length >= (parser->context == PARSER_INIT ? GRAPH_LABEL_MAX : GRAPH_NAME_MAX))
        return parser_fail(parser, name, "a name has at most %d characters", GRAPH_NAME_MAX - 1);
    if (parser->context != PARSER_INIT && memchr(name->text, '.', name->length))
        return parser_fail(parser, name, "a name has no dot outside of initialisations");
    if (is_reserved(parser, name))
        return parser_fail(parser, name, "%s is reserved and cannot be assigned", lexer_describe(name, quoted));
    return ERROR_NONE;
}

static int check_target(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    int input = find_input(parser, name);
    if (input >= 0 && parser->inputs[input].memory)
        return parser_fail(parser, name, "%s is an input and cannot be assigned", lexer_describe(name, quoted));
    return parser_check_name(parser, name);
}

/* A name keeps its type; a state is a signal of the sequence's tokens from the start. */
static int check_type(const struct parser *parser, const struct lexer_token *name, int node)
{
    char quoted[64];
    bool state = find_input(parser, name) >= 0;
    int statement = find_statement(parser, name);
    enum type after = type_of(parser, node);
    enum type before = state           ? SIGNAL
                       : statement < 0 ? after
                                       : type_of(parser, parser->build.graph->statements[statement].node);
    if (before != after)
        return parser_fail(parser, name, "%s is a %s and cannot become a %s", lexer_describe(name, quoted),
                           type_names[before], type_names[after]);
    if (state && node_at(parser, node)->memory)
        return parser_fail(parser, name, "%s is a signal of the sequence's tokens, this is one of the memory's",
                           lexer_describe(name, quoted));
    return ERROR_NONE;
}

static int parse_assigned(struct parser *parser, const struct lexer_token *name)
{
    char what[64], quoted[64];
    struct text text = {what, sizeof what, 0};
    text_print(&text, "'=' after %s", lexer_describe(name, quoted));
    int code = take(parser, "=", what);
    if (code != ERROR_NONE)
        return code;
    parser->fresh = parser->build.graph->node_count;
    int node = parse_terms(parser);
    if (node >= 0 && !at_end(parser))
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
        return parser_unknown(parser, &name, "section", keywords, KEYWORD_COUNT - 1);
    int code = check_target(parser, &name);
    if (code != ERROR_NONE)
        return code;
    int node = parse_assigned(parser, &name);
    if (node < 0)
        return node;
    code = check_type(parser, &name, node);
    if (code == ERROR_NONE)
        code = build_statement(&parser->build, &name, node);
    return code < 0 ? code : ERROR_NONE;
}

/* ---- definitions ---- */

/* The lexer at the next token, ending before the token at which skipping stops: at the end of the statement, or where
 * `inner`, at a comma or closing parenthesis that belongs to no parenthesis opened here. */
static struct lexer skip_expression(struct parser *parser, bool inner)
{
    struct lexer found = parser->lexer;
    found.next = (size_t)(parser->token.text - parser->lexer.text);
    size_t end = found.next;
    for (int open = 0; !at_end(parser); parser_take(parser)) {
        open += parser_next_is(parser, "(");
        if (inner && open == 0 && (parser_next_is(parser, ",") || parser_next_is(parser, ")")))
            break;
        open -= parser_next_is(parser, ")");
        end = (size_t)(parser->token.text - parser->lexer.text) + parser->token.length;
    }
    found.length = end;
    return found;
}

static int parse_parameter(struct parser *parser, struct parser_def *def)
{
    char quoted[64];
    if (parser->token.kind != LEXER_NAME || parser_is_keyword(&parser->token))
        return parser_expected(parser, "the name of a parameter");
    struct lexer_token name = parser_take(parser);
    if (def->parameter_count == PARSER_PARAMETERS_MAX)
        return parser_fail(parser, &name, "at most %d parameters", PARSER_PARAMETERS_MAX);
    if (is_parameter(def, &name))
        return parser_fail(parser, &name, "there is a parameter %s already", lexer_describe(&name, quoted));
    int code = parser_check_name(parser, &name);
    if (code != ERROR_NONE)
        return code;
    struct parser_parameter *parameter = &def->parameters[def->parameter_count++];
    *parameter = (struct parser_parameter){.name = name};
    if (parser_next_is(parser, "=")) {
        parser_take(parser);
        parameter->preset = skip_expression(parser, true);
        if (parameter->preset.length == parameter->preset.next)
            return parser_expected(parser, "a default");
    } else if (def->parameter_count > 1 && parameter[-1].preset.text) {
        return parser_fail(parser, &name, "a parameter without a default stands before those with one");
    }
    return ERROR_NONE;
}

static int parse_parameters(struct parser *parser, struct parser_def *def)
{
    int code = take(parser, "(", "'(' and the parameters");
    while (code == ERROR_NONE && !(def->parameter_count == 0 && parser_next_is(parser, ")"))) {
        code = parse_parameter(parser, def);
        if (code != ERROR_NONE || !parser_next_is(parser, ","))
            break;
        parser_take(parser);
    }
    return code != ERROR_NONE ? code : take(parser, ")", "',' or ')'");
}

static int check_def_name(const struct parser *parser, const struct lexer_token *name)
{
    struct function function;
    char quoted[64];
    lexer_describe(name, quoted);
    bool found = function_find(name->text, name->length, &function);
    if (name->length > DEF_NAME_MAX || memchr(name->text, '.', name->length))
        return parser_fail(parser, name, "a def's name has at most %d characters and no dot", DEF_NAME_MAX);
    if ((found && function.kind != GRAPH_MAP) || parser_is_keyword(name) || find_variable(parser, name, false) >= 0)
        return parser_fail(parser, name, "%s is the language's own and cannot be defined", quoted);
    if (strchr("0123456789", name->text[name->length - 1]))
        return parser_fail(parser, name, "a def's name does not end in a digit: its calls are numbered");
    for (int i = parser->prelude_count; i < parser->def_count; i++)
        if (same_token(&parser->defs[i].name, name))
            return parser_fail(parser, name, "%s is defined already", quoted);
    return ERROR_NONE;
}

int parser_define(struct parser *parser)
{
    parser_take(parser);
    struct parser_def def = {.name = parser_take(parser)};
    int code = check_def_name(parser, &def.name);
    if (code == ERROR_NONE && parser->def_count == PARSER_DEFS_MAX)
        code = parser_fail(parser, &def.name, "at most %d definitions", PARSER_DEFS_MAX);
    if (code == ERROR_NONE)
        code = parse_parameters(parser, &def);
    if (code == ERROR_NONE)
        code = take(parser, "=", "'=' and what it computes");
    if (code != ERROR_NONE)
        return code;
    def.body = skip_expression(parser, false);
    if (def.body.length == def.body.next)
        return parser_expected(parser, "what it computes");
    parser->defs[parser->def_count++] = def;
    parser->visible = parser->def_count;
    return ERROR_NONE;
}

/* ---- beginning and end ---- */

/* The prelude's rows are parsed like the text that follows them. */
static int read_prelude(struct parser *parser, bool gated)
{
    struct lexer lexer = parser->lexer;
    int code = ERROR_NONE;
    for (size_t i = 0; i < prelude_count && code == ERROR_NONE; i++) {
        if (!prelude_applies(&prelude[i], gated))
            continue;
        lexer_init(&parser->lexer, prelude[i].text, strlen(prelude[i].text), prelude_what, lexer.error);
        parser_take(parser);
        code = parser_define(parser);
    }
    parser->lexer = lexer;
    parser->prelude_count = parser->def_count;
    return code;
}

int parser_begin(struct parser *parser, const char *text, size_t length, const char *what, bool gated,
                 struct error *error)
{
    if (length > FORMULA_TEXT_MAX)
        return error_set(error, ERROR_INPUT, "%.300s: the text has %zu bytes; at most %d are allowed", what, length,
                         FORMULA_TEXT_MAX);
    *parser = (struct parser){.input_count = 1, .state_count = 1, .inputs = {{.name = "x"}}};
    size_t mark = text_mark(text, length);
    lexer_init(&parser->lexer, text + mark, length - mark, what, error);
    parser->defs = calloc(PARSER_DEFS_MAX, sizeof *parser->defs);
    if (!parser->defs)
        return error_set(error, ERROR_RESOURCE, "%.300s: out of memory", what);
    int code = read_prelude(parser, gated);
    parser_take(parser);
    parser_skip(parser);
    return code;
}

void parser_end(struct parser *parser)
{
    free(parser->defs);
    parser->defs = NULL;
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
