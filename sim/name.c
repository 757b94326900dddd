#include "sim/name.h"

#include "sim/law.h"
#include "sim/prelude.h"

static const char *const keywords[] = {"first", "block", "final", "if"};
enum { KEYWORD_COUNT = sizeof keywords / sizeof *keywords };

bool name_is_keyword(const struct lexer_token *name)
{
    for (int i = 0; i < KEYWORD_COUNT; i++)
        if (lexer_is(name, keywords[i]))
            return true;
    return false;
}

/* ---- the language's own ---- */

static int find_variable(const struct parser *parser, const struct lexer_token *name, bool soft)
{
    for (int i = 0; i < graph_variable_count; i++)
        if (graph_variables[i].soft == soft && lexer_is(name, graph_variables[i].name) &&
            (parser->context == PARSER_INIT || !graph_variables[i].init_only))
            return i;
    return -1;
}

bool name_is_variable(const struct parser *parser, const struct lexer_token *name)
{
    return find_variable(parser, name, false) >= 0;
}

/* The functions that formulas have had from the start stay out of reach; the others are functions where they are
 * called and free elsewhere. */
static bool is_reserved(const struct parser *parser, const struct lexer_token *name)
{
    struct function function;
    return name_is_variable(parser, name) || name_is_keyword(name) ||
           (function_find(name->text, name->length, &function) && function.reserved) ||
           prelude_has(name->text, name->length);
}

int name_check(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    size_t most = parser->context == PARSER_INIT ? GRAPH_LABEL_MAX - 1 : GRAPH_NAME_MAX - 1;
    if (name->length > most)
        return parser_fail(parser, name, "a name has at most %zu characters", most);
    if (parser->context != PARSER_INIT && memchr(name->text, '.', name->length))
        return parser_fail(parser, name, "a name has no dot outside of initialisations");
    if (is_reserved(parser, name))
        return parser_fail(parser, name, "%s is reserved and cannot be assigned", lexer_describe(name, quoted));
    return ERROR_NONE;
}

/* ---- the text's ---- */

int name_statement(const struct parser *parser, const struct lexer_token *name)
{
    int i = parser->build.graph->statement_count - 1;
    while (i >= 0 && !lexer_is(name, parser->build.graph->statements[i].name))
        i--;
    return i;
}

int name_input(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = 0; parser->context == PARSER_BLOCK && i < parser->input_count; i++)
        if (lexer_is(name, parser->inputs[i].name))
            return i;
    return -1;
}

int name_input_node(struct parser *parser, const struct lexer_token *at, int input)
{
    int found = graph_input_node(parser->build.graph, input);
    if (found >= 0)
        return found;
    struct graph_node node = build_node(GRAPH_INPUT);
    node.index = input;
    node.memory = parser->inputs[input].memory;
    return build_add(&parser->build, at, node);
}

const struct parser_definition *name_definition(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = parser->visible - 1; i >= 0 && parser->context == PARSER_BLOCK; i--)
        if (lexer_same(&parser->definitions[i].name, name))
            return &parser->definitions[i];
    return NULL;
}

bool name_callable(const struct parser *parser, const struct lexer_token *name,
                   const struct parser_definition **definition, struct function *function)
{
    *definition = name_definition(parser, name);
    if (parser->context == PARSER_INIT && function_law(name->text, name->length, function))
        return true;
    return *definition || (function_find(name->text, name->length, function) &&
                           (parser->context == PARSER_BLOCK || !graph_is_signal(function->kind)));
}

/* ---- what names are bound to while a definition is expanded ---- */

int name_bind(struct parser *parser, const struct lexer_token *at, struct parser_binding binding)
{
    int count = parser->binding_count;
    if (count == PARSER_BINDINGS_MAX)
        return parser_fail(parser, at, "nested too deeply: at most %d arguments at a time", PARSER_BINDINGS_MAX);
    struct parser_binding *bindings = build_grow(&parser->lexer, parser->bindings, count, sizeof *bindings);
    if (!bindings)
        return ERROR_RESOURCE;
    parser->bindings = bindings;
    bindings[parser->binding_count++] = binding;
    return ERROR_NONE;
}

static struct parser_binding *find_parameter(struct parser *parser, const struct lexer_token *name)
{
    for (int i = parser->frame; i < parser->binding_count; i++)
        if (!parser->bindings[i].setting && lexer_same(&parser->bindings[i].name, name))
            return &parser->bindings[i];
    return NULL;
}

const struct parser_binding *name_setting(struct parser *parser, const char *option)
{
    for (int i = parser->binding_count - 1; i >= 0 && option; i--)
        if (parser->bindings[i].setting && lexer_is(&parser->bindings[i].name, option)) {
            parser->bindings[i].used = true;
            return &parser->bindings[i];
        }
    return NULL;
}

/* ---- reading ---- */

static int unknown_name(const struct parser *parser, const struct lexer_token *name);

static int read_variable(struct parser *parser, const struct lexer_token *name, int variable)
{
    const struct parser_binding *set = name_setting(parser, graph_variables[variable].option);
    if (set && set->node >= 0)
        return set->node;
    struct graph_node node = build_node(GRAPH_VARIABLE);
    node.index = variable;
    return build_add(&parser->build, name, node);
}

int name_read(struct parser *parser, const struct lexer_token *name)
{
    struct parser_binding *parameter = parser->expansion > 0 ? find_parameter(parser, name) : NULL;
    if (parameter) {
        parameter->used = true;
        return parameter->node;
    }
    int variable = find_variable(parser, name, false);
    if (variable >= 0)
        return read_variable(parser, name, variable);
    int statement = parser->expansion == 0 ? name_statement(parser, name) : -1;
    if (statement >= 0)
        return parser->build.graph->statements[statement].node;
    variable = find_variable(parser, name, true);
    if (variable >= 0)
        return read_variable(parser, name, variable);
    int input = parser->expansion == 0 ? name_input(parser, name) : -1;
    return input >= 0 ? name_input_node(parser, name, input) : unknown_name(parser, name);
}

/* ---- unknown names ---- */

/* Names that a message may propose. Words of the text are kept here, as they end with no NUL in it. */
struct candidates {
    const char *names[GRAPH_STATEMENTS_MAX + PARSER_DEFINITIONS_MAX + 256];
    char words[PARSER_DEFINITIONS_MAX + PARSER_PARAMETERS_MAX][GRAPH_LABEL_MAX];
    size_t count, word_count;
};

static void add_word(struct candidates *candidates, const struct lexer_token *name)
{
    char *word = candidates->words[candidates->word_count++];
    parser_word(name, word);
    candidates->names[candidates->count++] = word;
}

static void list_definitions(const struct parser *parser, struct candidates *candidates)
{
    for (int i = 0; parser->context == PARSER_BLOCK && i < parser->visible; i++)
        add_word(candidates, &parser->definitions[i].name);
}

static void list_callables(const struct parser *parser, struct candidates *candidates)
{
    struct function function;
    candidates->count = candidates->word_count = 0;
    for (size_t i = 0; function_at(i, &function); i++)
        if (parser->context == PARSER_BLOCK || !graph_is_signal(function.kind))
            candidates->names[candidates->count++] = function.name;
    for (size_t i = 0; parser->context == PARSER_INIT && i < law_count; i++)
        candidates->names[candidates->count++] = laws[i].name;
    list_definitions(parser, candidates);
}

/* What has a value: in a definition its parameters, else statements and inputs. */
static void list_values(const struct parser *parser, struct candidates *candidates)
{
    const struct graph *graph = parser->build.graph;
    for (int i = 0; i < graph_variable_count; i++)
        if (parser->context == PARSER_INIT || !graph_variables[i].init_only)
            candidates->names[candidates->count++] = graph_variables[i].name;
    for (int i = parser->frame; parser->expansion > 0 && i < parser->binding_count; i++)
        if (!parser->bindings[i].setting)
            add_word(candidates, &parser->bindings[i].name);
    for (int i = 0; parser->expansion == 0 && i < graph->statement_count; i++)
        candidates->names[candidates->count++] = graph->statements[i].name;
    for (int i = 0; parser->context == PARSER_BLOCK && parser->expansion == 0 && i < parser->input_count; i++)
        candidates->names[candidates->count++] = parser->inputs[i].name;
}

/* Whether it is a variable of initialisations, which other texts do not know. */
static bool is_foreign(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = 0; parser->context != PARSER_INIT && i < graph_variable_count; i++)
        if (graph_variables[i].init_only && lexer_is(name, graph_variables[i].name))
            return true;
    return false;
}

static int foreign(const struct parser *parser, const struct lexer_token *name)
{
    char quoted[64];
    return parser_fail(parser, name, "%s is known in initialisations only", lexer_describe(name, quoted));
}

static int unknown_name(const struct parser *parser, const struct lexer_token *name)
{
    const struct parser_definition *definition;
    struct function function;
    struct candidates candidates;
    if (is_foreign(parser, name))
        return foreign(parser, name);
    if (name_callable(parser, name, &definition, &function) && name->text[0] != 'w')
        return parser_expected_after(parser, "(", name);
    list_callables(parser, &candidates);
    list_values(parser, &candidates);
    return parser_unknown(parser, name, "name", candidates.names, candidates.count);
}

/* One that stands below, or about the place itself: definitions see those above them alone, and so always end. */
static bool is_defined_later(const struct parser *parser, const struct lexer_token *name)
{
    for (int i = parser->visible; i < parser->definition_count; i++)
        if (lexer_same(&parser->definitions[i].name, name))
            return true;
    return false;
}

int name_unknown_function(const struct parser *parser, const struct lexer_token *name)
{
    struct candidates candidates;
    char quoted[64];
    if (is_foreign(parser, name))
        return foreign(parser, name);
    if (is_defined_later(parser, name))
        return parser_fail(parser, name, "%s is not defined yet: a definition calls those above it, never itself",
                           lexer_describe(name, quoted));
    list_callables(parser, &candidates);
    return parser_unknown(parser, name, "function", candidates.names, candidates.count);
}

int name_unknown_definition(const struct parser *parser, const struct lexer_token *name)
{
    struct candidates candidates;
    candidates.count = candidates.word_count = 0;
    list_definitions(parser, &candidates);
    return parser_unknown(parser, name, "def", candidates.names, candidates.count);
}

int name_unknown_section(const struct parser *parser, const struct lexer_token *name)
{
    return parser_unknown(parser, name, "section", keywords, KEYWORD_COUNT - 1);
}

int name_unknown_word(const struct parser *parser)
{
    const struct lexer_token *word = &parser->token;
    struct candidates candidates;
    if (parser_second_is(parser, "("))
        return name_unknown_function(parser, word);
    list_callables(parser, &candidates);
    if (parser->build.graph) // else within a declaration
        list_values(parser, &candidates);
    return parser_unknown(parser, word, "name", candidates.names, candidates.count);
}
