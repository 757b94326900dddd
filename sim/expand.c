#include "sim/expand.h"

#include "sim/expression.h"
#include "sim/formula.h" // its limits
#include "sim/name.h"
#include "sim/prelude.h"
#include "sim/text.h"

enum { EXPANDED_MAX = 16 * FORMULA_TEXT_MAX };

/* ---- reading elsewhere ---- */

/* What is wrong within the prelude is the call's own fault. */
static int blame_call(struct parser *parser, const struct call *call)
{
    char quoted[64], message[400];
    const char *all = parser->lexer.error->text, *start = strstr(all, "column");
    start = start ? strstr(start, ": ") : NULL;
    struct text text = {message, sizeof message, 0};
    text_print(&text, "%s", start ? start + 2 : all);
    message[strcspn(message, "\n")] = '\0';
    return parser_fail(parser, &call->at, "within %s: %s", lexer_describe(&call->name, quoted), message);
}

/* An error within a definition says which call of the text led to it. */
static int blame_definition(struct parser *parser, const struct call *call)
{
    char quoted[64];
    struct error *error = parser->lexer.error;
    struct text text = {error->text, sizeof error->text, strlen(error->text)};
    text_print(&text, "\n  in the definition of %s, called in line %d, column %d", lexer_describe(&call->name, quoted),
               call->at.line, lexer_column(&call->at));
    return ERROR_INPUT;
}

static int blame(struct parser *parser, const struct lexer *where, const struct call *call)
{
    if (where->what == prelude_what)
        return blame_call(parser, call);
    return parser->expansion == 1 && !parser->checks ? blame_definition(parser, call) : ERROR_INPUT;
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
    parser->lexer.error = here.error; // the prelude was read in another parse
    parser->token = lexer_next(&parser->lexer);
    int node = expression_terms(parser);
    if (node >= 0 && !parser_at_end(parser))
        node = parser_expected(parser, "an operator or the end of the definition");
    parser->lexer = here;
    parser->token = next;
    return node == ERROR_INPUT ? blame(parser, where, call) : node;
}

/* ---- arguments ---- */

static int check_arguments(const struct parser *parser, const struct call *call)
{
    const struct parser_definition *definition = call->definition;
    char quoted[64];
    if (call->positional > definition->parameter_count)
        return parser_fail(parser, &call->arguments[definition->parameter_count].at, "%s takes at most %d argument%s",
                           lexer_describe(&call->name, quoted), definition->parameter_count,
                           definition->parameter_count == 1 ? "" : "s");
    for (int i = 0; i < call->positional; i++)
        for (int j = call->positional; j < call->count; j++)
            if (lexer_same(&call->arguments[j].key, &definition->parameters[i].name))
                return parser_fail(parser, &call->arguments[j].key, "%s is given twice",
                                   lexer_describe(&call->arguments[j].key, quoted));
    return ERROR_NONE;
}

static const struct call_argument *argument_for(const struct call *call, int parameter)
{
    for (int i = 0; i < call->count; i++) {
        const struct call_argument *argument = &call->arguments[i];
        if (argument->key.length == 0 ? i == parameter
                                      : lexer_same(&argument->key, &call->definition->parameters[parameter].name))
            return argument;
    }
    return NULL;
}

/* The argument for the parameter, or its default. */
static int parameter_node(struct parser *parser, const struct call *call, int p)
{
    char quoted[64], wanted[64];
    const struct parser_parameter *parameter = &call->definition->parameters[p];
    const struct call_argument *argument = argument_for(call, p);
    if (argument)
        return argument->node;
    if (parameter->preset.text)
        return read_elsewhere(parser, &parameter->preset, call);
    return parser_fail(parser, &call->at, "%s needs %s", lexer_describe(&call->name, quoted),
                       lexer_describe(&parameter->name, wanted));
}

static int bind_parameters(struct parser *parser, const struct call *call)
{
    int code = ERROR_NONE;
    parser->frame = parser->binding_count;
    for (int p = 0; p < call->definition->parameter_count && code == ERROR_NONE; p++) {
        struct parser_binding binding = {.name = call->definition->parameters[p].name, .choice = -1};
        binding.node = parameter_node(parser, call, p);
        code = binding.node < 0 ? binding.node : name_bind(parser, &call->at, binding);
    }
    return code;
}

static int bind_settings(struct parser *parser, const struct call *call)
{
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < call->count; i++) {
        const struct call_argument *argument = &call->arguments[i];
        struct parser_binding binding = {argument->key, argument->node, argument->choice, .setting = true};
        if (argument->option && argument->option != &call_body_option)
            code = name_bind(parser, &call->at, binding);
    }
    return code;
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

/* ---- expansion ---- */

/* What an expansion sets aside. */
struct place {
    struct lexer_token at;
    int fresh, frame, visible, binding_count;
};

static struct place enter(struct parser *parser, const struct call *call)
{
    struct place place = {parser->build.at, parser->fresh, parser->frame, parser->visible, parser->binding_count};
    if (parser->expansion++ == 0)
        parser->build.at = call->at;
    parser->definitions[call->definition - parser->definitions].called = true;
    parser->fresh = parser->build.graph->node_count;
    parser->visible = (int)(call->definition - parser->definitions);
    return place;
}

static void leave(struct parser *parser, const struct place *place)
{
    parser->expansion--;
    parser->build.at = place->at;
    parser->fresh = place->fresh;
    parser->frame = place->frame;
    parser->visible = place->visible;
    parser->binding_count = place->binding_count;
}

/* The body's nodes behind all others; its value is the last of them. */
static int expand(struct parser *parser, const struct call *call)
{
    char quoted[64];
    struct place place = enter(parser, call);
    int first = parser->build.graph->node_count;
    int code = bind_settings(parser, call);
    if (code == ERROR_NONE)
        code = bind_parameters(parser, call);
    int output = code != ERROR_NONE ? code : read_elsewhere(parser, &call->definition->body, call);
    if (output >= 0)
        code = check_settings_used(parser, call, place.binding_count);
    if (output >= 0 && code == ERROR_NONE && output < first)
        code = parser_fail(parser, &call->at, "%s gives an argument back as it is",
                           lexer_describe(&call->name, quoted));
    leave(parser, &place);
    return code != ERROR_NONE ? code : output;
}

/* Parameters may be anything, those with a default are that. */
static int check(struct parser *parser, const struct parser_definition *definition)
{
    struct call call; // large: what counts of it is filled in
    call.name = call.at = definition->name;
    call.definition = definition;
    call.count = call.positional = 0;
    for (int p = 0; p < definition->parameter_count && !definition->parameters[p].preset.text; p++) {
        const struct lexer_token *name = &definition->parameters[p].name;
        int node = build_binary(&parser->build, name, GRAPH_UNKNOWN, -1, -1);
        if (node < 0)
            return node;
        call.arguments[call.count++] = (struct call_argument){.at = *name, .node = node, .choice = -1};
        call.positional++;
    }
    return expand_call(parser, &call);
}

int expand_check(struct parser *parser)
{
    int code = ERROR_NONE;
    size_t expanded = 0;
    parser->checks = true;
    for (int i = parser->definition_count - 1; i >= parser->prelude_count && code >= 0; i--) {
        struct graph scratch = {0};
        if (parser->definitions[i].called)
            continue;
        parser_start(parser, &scratch, PARSER_BLOCK);
        parser->expanded = expanded; // of all together
        code = check(parser, &parser->definitions[i]);
        expanded = parser->expanded;
        graph_free(&scratch);
    }
    parser->checks = false;
    return code < 0 ? code : ERROR_NONE;
}

int expand_call(struct parser *parser, const struct call *call)
{
    int code = check_arguments(parser, call), first = parser->build.graph->node_count;
    int output = code != ERROR_NONE ? code : expand(parser, call);
    if (output >= 0 && parser->expansion == 0 && parser->build.mixture < 0)
        code = build_site(&parser->build, &call->name, false, call->count > 0 ? call->arguments[0].node : -1, first,
                          output);
    return code != ERROR_NONE ? code : output;
}
