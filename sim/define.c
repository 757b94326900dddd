#include "sim/define.h"

#include <pthread.h>

#include "sim/invariant.h"
#include "sim/name.h"
#include "sim/prelude.h"

/* Its parts are found, not read:
 *
 *     definition = "def" name "(" [parameter {"," parameter}] ")" "=" terms
 *     parameter  = name ["=" terms] */

static bool is_no_expression(const struct parser *parser)
{
    return parser->token.kind == LEXER_STRANGE || parser->token.kind == LEXER_WORD;
}

/* The lexer at the next token, ending before the token at which skipping stops: at the end of the statement, at what no
 * expression holds, or where `inner`, at a comma or closing parenthesis that belongs to no parenthesis opened here. */
static struct lexer skip_expression(struct parser *parser, bool inner)
{
    struct lexer found = parser->lexer;
    found.next = (size_t)(parser->token.text - parser->lexer.text);
    size_t end = found.next;
    for (int open = 0; !parser_at_end(parser) && !is_no_expression(parser); parser_take(parser)) {
        open += parser_next_is(parser, "(");
        if (inner && open == 0 && (parser_next_is(parser, ",") || parser_next_is(parser, ")")))
            break;
        open -= parser_next_is(parser, ")");
        end = (size_t)(parser->token.text - parser->lexer.text) + parser->token.length;
    }
    found.length = end;
    return found;
}

/* ---- parameters ---- */

bool define_has(const struct parser_definition *definition, const struct lexer_token *name)
{
    for (int i = 0; i < definition->parameter_count; i++)
        if (lexer_same(&definition->parameters[i].name, name))
            return true;
    return false;
}

static int check_parameter(const struct parser *parser, const struct parser_definition *definition,
                           const struct lexer_token *name)
{
    char quoted[64];
    if (definition->parameter_count == PARSER_PARAMETERS_MAX)
        return parser_fail(parser, name, "at most %d parameters", PARSER_PARAMETERS_MAX);
    if (define_has(definition, name))
        return parser_fail(parser, name, "there is a parameter %s already", lexer_describe(name, quoted));
    return name_check(parser, name);
}

static int parse_preset(struct parser *parser, struct parser_parameter *parameter)
{
    parser_take(parser);
    parameter->preset = skip_expression(parser, true);
    if (parser->token.kind == LEXER_WORD)
        return name_unknown_word(parser);
    return parameter->preset.length > parameter->preset.next ? ERROR_NONE : parser_expected(parser, "a default");
}

static int parse_parameter(struct parser *parser, struct parser_definition *definition)
{
    if (parser->token.kind != LEXER_NAME || name_is_keyword(&parser->token))
        return parser_expected_name(parser, "the name of a parameter");
    struct lexer_token name = parser_take(parser);
    int code = check_parameter(parser, definition, &name);
    if (code != ERROR_NONE)
        return code;
    struct parser_parameter *parameter = &definition->parameters[definition->parameter_count++];
    *parameter = (struct parser_parameter){.name = name};
    if (parser_next_is(parser, "="))
        return parse_preset(parser, parameter);
    if (definition->parameter_count > 1 && parameter[-1].preset.text)
        return parser_fail(parser, &name, "a parameter without a default stands before those with one");
    return ERROR_NONE;
}

static int parse_parameters(struct parser *parser, struct parser_definition *definition)
{
    int code = parser_expect(parser, "(", "'(' and the parameters");
    while (code == ERROR_NONE && !(definition->parameter_count == 0 && parser_next_is(parser, ")"))) {
        code = parse_parameter(parser, definition);
        if (code != ERROR_NONE || !parser_next_is(parser, ","))
            break;
        parser_take(parser);
    }
    return code != ERROR_NONE ? code : parser_expect(parser, ")", "',' or ')'");
}

/* ---- the whole ---- */

static int check_name(const struct parser *parser, const struct lexer_token *name)
{
    struct function function;
    char quoted[64];
    lexer_describe(name, quoted);
    bool found = function_find(name->text, name->length, &function);
    if (name->length > PARSER_NAME_MAX || memchr(name->text, '.', name->length))
        return parser_fail(parser, name, "a def's name has at most %d characters and no dot", PARSER_NAME_MAX);
    if ((found && function.kind != GRAPH_MAP) || name_is_keyword(name) || name_is_variable(parser, name))
        return parser_fail(parser, name, "%s is the language's own and cannot be defined", quoted);
    if (strchr("0123456789", name->text[name->length - 1]))
        return parser_fail(parser, name, "a def's name does not end in a digit: its calls are numbered");
    for (int i = parser->prelude_count; i < parser->definition_count; i++)
        if (lexer_same(&parser->definitions[i].name, name))
            return parser_fail(parser, name, "%s is defined already", quoted);
    return ERROR_NONE;
}

/* What stands at the next token, which is kept nowhere yet. */
static int read_definition(struct parser *parser, struct parser_definition *definition)
{
    parser_take(parser);
    if (parser->token.kind != LEXER_NAME)
        return parser_expected_name(parser, "the name of a def");
    *definition = (struct parser_definition){.name = parser_take(parser)};
    int code = check_name(parser, &definition->name);
    if (code == ERROR_NONE && parser->definition_count == PARSER_DEFINITIONS_MAX)
        code = parser_fail(parser, &definition->name, "at most %d definitions", PARSER_DEFINITIONS_MAX);
    if (code == ERROR_NONE)
        code = parse_parameters(parser, definition);
    if (code == ERROR_NONE)
        code = parser_expect(parser, "=", "'=' and what it computes");
    if (code != ERROR_NONE)
        return code;
    definition->body = skip_expression(parser, false);
    if (parser->token.kind == LEXER_WORD)
        return name_unknown_word(parser);
    if (definition->body.length == definition->body.next)
        return parser_expected(parser, "what it computes");
    return parser_at_end(parser) ? ERROR_NONE : parser_expected(parser, "an operator or the end of the definition");
}

static int keep(struct parser *parser, const struct parser_definition *definition)
{
    int count = parser->definition_count;
    struct parser_definition *grown = build_grow(&parser->lexer, parser->definitions, count, sizeof *grown);
    if (!grown)
        return ERROR_RESOURCE;
    parser->definitions = grown;
    grown[count] = *definition;
    parser->definition_count = parser->visible = count + 1;
    return ERROR_NONE;
}

int define_parse(struct parser *parser)
{
    struct parser_definition definition;
    int code = read_definition(parser, &definition);
    return code != ERROR_NONE ? code : keep(parser, &definition);
}

/* ---- the prelude ---- */

enum { PRELUDE_MAX = 8 };

/* The prelude's rows as definitions: the same for every formula, and so read once in a process. */
static struct parser_definition rows[PRELUDE_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_rows(void)
{
    struct error error;
    invariant(prelude_count <= PRELUDE_MAX);
    for (size_t i = 0; i < prelude_count; i++) {
        struct parser parser;
        int code = parser_begin(&parser, prelude[i].text, strlen(prelude[i].text), prelude_what, &error);
        if (code == ERROR_NONE)
            code = read_definition(&parser, &rows[i]);
        invariant(code == ERROR_NONE && parser.token.kind == LEXER_END);
        parser_end(&parser);
    }
}

int define_prelude(struct parser *parser, bool gated)
{
    int code = ERROR_NONE;
    pthread_once(&once, read_rows);
    for (size_t i = 0; i < prelude_count && code == ERROR_NONE; i++)
        if (prelude_applies(&prelude[i], gated))
            code = keep(parser, &rows[i]);
    parser->prelude_count = parser->definition_count;
    return code;
}
