#include "sim/call.h"

#include "sim/define.h"
#include "sim/expand.h"
#include "sim/expression.h"
#include "sim/name.h"
#include "sim/operation.h"
#include "sim/operator.h"

/*     call     = name "(" [argument {"," argument}] ")"
 *     argument = terms | name "=" (terms | name) */

const struct function_option call_body_option = {"body", NULL, "what an expert is: a def of one signal; ffn"};

/* ---- options ---- */

static bool takes_body(const struct call *call)
{
    return !call->definition && call->function.kind == GRAPH_MOE;
}

static int unknown_option(const struct parser *parser, const struct call *call, const struct lexer_token *key)
{
    const char *names[2 * GRAPH_OPTIONS_MAX + 16];
    size_t count = 0;
    struct function function = call->function;
    for (size_t i = 0; call->definition ? function_at(i, &function) : i < 1; i++)
        for (int o = 0; o < function.option_count; o++)
            names[count++] = function.options[o].name;
    if (takes_body(call))
        names[count++] = call_body_option.name;
    return parser_unknown(parser, key, "option", names, count);
}

static const struct function_option *own_option(const struct function *function, const struct lexer_token *key)
{
    for (int o = 0; o < function->option_count; o++)
        if (lexer_is(key, function->options[o].name))
            return &function->options[o];
    return NULL;
}

/* What a key means to the call: NULL without an error for a parameter. */
static int find_option(const struct parser *parser, const struct call *call, struct call_argument *argument)
{
    const struct lexer_token *key = &argument->key;
    if (call->definition && define_has(call->definition, key))
        return ERROR_NONE;
    argument->option = call->definition ? function_option(key->text, key->length) : own_option(&call->function, key);
    if (takes_body(call) && lexer_is(key, call_body_option.name))
        argument->option = &call_body_option;
    return argument->option ? ERROR_NONE : unknown_option(parser, call, key);
}

static int check_twice(const struct parser *parser, const struct call *call, const struct lexer_token *key)
{
    char quoted[64];
    for (int i = 0; i < call->count; i++)
        if (call->arguments[i].key.length > 0 && lexer_same(&call->arguments[i].key, key))
            return parser_fail(parser, key, "%s is given twice", lexer_describe(key, quoted));
    return ERROR_NONE;
}

/* ---- arguments ---- */

static int parse_key(struct parser *parser, const struct call *call, struct call_argument *argument)
{
    argument->key = parser_take(parser);
    int code = find_option(parser, call, argument);
    if (code == ERROR_NONE)
        code = check_twice(parser, call, &argument->key);
    parser_take(parser);
    argument->at = parser->token;
    return code;
}

/* An argument without a key is an operand or a parameter, or the option that its place says. */
static int find_place(const struct parser *parser, const struct call *call, struct call_argument *argument)
{
    if (call->positional < call->count)
        return parser_fail(parser, &argument->at, "an argument without a name stands before those with one");
    if (call->definition)
        return ERROR_NONE;
    int place = call->count - call->function.operands;
    if (place >= 0 && place < call->function.positional)
        argument->option = &call->function.options[place];
    return ERROR_NONE;
}

static int unknown_choice(const struct parser *parser, const struct lexer_token *word,
                          const struct function_option *option)
{
    const char *names[16];
    size_t count = 0;
    while (count < 16 && (names[count] = option->choice(count)))
        count++;
    return parser_unknown(parser, word, option->name, names, count);
}

/* A word of the option's table. */
static int parse_choice(struct parser *parser, struct call_argument *argument)
{
    if (parser->token.kind == LEXER_WORD)
        return unknown_choice(parser, &parser->token, argument->option);
    if (parser->token.kind != LEXER_NAME)
        return parser_expected(parser, "a word");
    struct lexer_token word = parser_take(parser);
    argument->choice = function_choice(argument->option, word.text, word.length);
    return argument->choice >= 0 ? ERROR_NONE : unknown_choice(parser, &word, argument->option);
}

/* A definition's name, left as a token. */
static int parse_body_name(struct parser *parser)
{
    if (parser->token.kind == LEXER_WORD)
        return name_unknown_definition(parser, &parser->token);
    if (parser->token.kind != LEXER_NAME)
        return parser_expected(parser, "the name of a def");
    struct lexer_token word = parser_take(parser);
    return name_definition(parser, &word) ? ERROR_NONE : name_unknown_definition(parser, &word);
}

static int parse_terms(struct parser *parser, struct call_argument *argument)
{
    argument->node = expression_terms(parser);
    if (argument->node < 0 || !argument->option)
        return argument->node < 0 ? argument->node : ERROR_NONE;
    enum type type = type_of(parser, argument->node);
    return type_suits(type, TYPE_SCALAR) ? ERROR_NONE
                                         : parser_fail(parser, &argument->at, "%s is a scalar, this is a %s",
                                                       argument->option->name, type_names[type]);
}

static int parse_value(struct parser *parser, struct call_argument *argument)
{
    if (argument->option == &call_body_option)
        return parse_body_name(parser);
    return argument->option && argument->option->choice ? parse_choice(parser, argument)
                                                        : parse_terms(parser, argument);
}

static bool at_key(const struct parser *parser)
{
    bool word = parser->token.kind == LEXER_NAME || parser->token.kind == LEXER_WORD; // the second is no option
    return word && parser_second_is(parser, "=");
}

static int parse_argument(struct parser *parser, struct call *call)
{
    struct call_argument argument = {.at = parser->token, .node = -1, .choice = -1};
    bool keyed = at_key(parser);
    int code = keyed ? parse_key(parser, call, &argument) : find_place(parser, call, &argument);
    if (code == ERROR_NONE)
        code = parse_value(parser, &argument);
    if (code != ERROR_NONE)
        return code;
    call->positional += !keyed;
    call->arguments[call->count++] = argument;
    return ERROR_NONE;
}

static int parse_arguments(struct parser *parser, struct call *call)
{
    struct lexer_token open = parser->token;
    int code = parser_expect_after(parser, "(", &call->name);
    while (code == ERROR_NONE && !(call->count == 0 && parser_next_is(parser, ")"))) {
        if (call->count == CALL_ARGUMENTS_MAX)
            return parser_fail(parser, &parser->token, "too many arguments");
        code = parse_argument(parser, call);
        if (code != ERROR_NONE || !parser_next_is(parser, ","))
            break;
        parser_take(parser);
    }
    return code != ERROR_NONE ? code : parser_close(parser, &open);
}

/* ---- the call ---- */

static int record_argument(struct build *build, const struct call_argument *from)
{
    struct graph_argument argument = {.node = from->node};
    char word[GRAPH_LABEL_MAX];
    parser_word(&from->key, word);
    memcpy(argument.key, word, sizeof argument.key - 1);
    if (from->node < 0) {
        parser_word(&from->at, word);
        memcpy(argument.word, word, sizeof argument.word - 1);
    }
    int index = build_argument(build, &argument);
    return index < 0 ? index : ERROR_NONE;
}

/* Calls of the text itself are kept in its words. */
static int record(struct parser *parser, const struct call *call, int first, int output)
{
    if (parser->expansion > 0)
        return ERROR_NONE;
    struct build *build = &parser->build;
    int first_argument = build->graph->argument_count, code = ERROR_NONE;
    for (int i = 0; i < call->count && code == ERROR_NONE; i++)
        code = record_argument(build, &call->arguments[i]);
    if (code == ERROR_NONE)
        code = build_call(build, &call->name, first_argument, first, output);
    return code < 0 ? code : ERROR_NONE;
}

int call_parse(struct parser *parser, const struct lexer_token *name)
{
    struct call call; // large: what counts of it is filled in
    call.name = call.at = *name;
    call.count = call.positional = 0;
    if (!name_callable(parser, name, &call.definition, &call.function))
        return name_unknown_function(parser, name);
    int code = parse_arguments(parser, &call), first = parser->build.graph->node_count;
    if (code != ERROR_NONE)
        return code;
    int output = call.definition ? expand_call(parser, &call) : operation_add(parser, &call);
    if (output >= 0)
        code = record(parser, &call, first, output);
    return code != ERROR_NONE ? code : output;
}
