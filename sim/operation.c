#include "sim/operation.h"

#include "sim/expand.h"
#include "sim/name.h"
#include "sim/operator.h"

/* ---- operands and options ---- */

static int check_operands(const struct parser *parser, const struct call *call)
{
    const struct function *function = &call->function;
    enum type wanted = graph_is_signal(function->kind) ? TYPE_SIGNAL : TYPE_SCALAR;
    char quoted[64];
    if (call->positional < function->operands || call->positional > function->operands + function->positional)
        return parser_fail(parser, &call->name, "%s takes %d %s%s, found %d", lexer_describe(&call->name, quoted),
                           function->operands, type_names[wanted], function->operands > 1 ? "s" : "", call->positional);
    for (int i = 0; i < function->operands; i++) {
        enum type found = type_of(parser, call->arguments[i].node);
        if (!type_suits(found, wanted))
            return parser_fail(parser, &call->arguments[i].at, "%s takes a %s, this is a %s",
                               lexer_describe(&call->name, quoted), type_names[wanted], type_names[found]);
    }
    return ERROR_NONE;
}

/* The options of the call, and of those that it leaves open what a definition's call around it has set. */
static void fill_options(struct parser *parser, const struct call *call, struct graph_node *node)
{
    for (int o = 0; o < call->function.option_count; o++) {
        const struct function_option *option = &call->function.options[o];
        for (int i = 0; i < call->count; i++)
            if (call->arguments[i].option == option)
                node->option[o] = option->choice ? call->arguments[i].choice : call->arguments[i].node;
        const struct parser_binding *set = node->option[o] < 0 ? name_setting(parser, option->name) : NULL;
        if (set)
            node->option[o] = option->choice ? set->choice : set->node;
    }
}

/* ---- operations ---- */

static int check_attend(const struct parser *parser, const struct call *call, const struct graph_node *node)
{
    if (parser_node(parser, node->b)->memory != parser_node(parser, node->c)->memory)
        return parser_fail(parser, &call->name, "keys and values are of different tokens");
    if (parser->build.mixture >= 0)
        return parser_fail(parser, &call->name, "an expert sees its tokens one by one and cannot attend");
    return ERROR_NONE;
}

static int check_join(const struct parser *parser, const struct call *call, const struct graph_node *node)
{
    if (parser_node(parser, node->a)->memory != parser_node(parser, node->b)->memory)
        return parser_fail(parser, &call->name, "both signals of a join are of the same tokens");
    return ERROR_NONE;
}

/* Labels number a name's further uses wq_2, wq_3, ... */
static int check_matrix_name(const struct parser *parser, const struct lexer_token *name)
{
    size_t digits = 0;
    while (digits < name->length && strchr("0123456789", name->text[name->length - 1 - digits]))
        digits++;
    if (name->length > PARSER_NAME_MAX)
        return parser_fail(parser, name, "a matrix's name has at most %d characters", PARSER_NAME_MAX);
    if (digits > 0 && digits < name->length && name->text[name->length - 1 - digits] == '_')
        return parser_fail(parser, name, "a matrix's name does not end in _ and a number");
    return ERROR_NONE;
}

/* A matrix of the text itself is of the unnamed site. */
static int add_matrix(struct parser *parser, const struct call *call, int node)
{
    int code = build_matrix(&parser->build, &call->name, node);
    if (code >= 0 && parser->expansion == 0)
        code = build_site(&parser->build, &call->name, true, -1, node, node);
    return code < 0 ? code : node;
}

static int add_plain(struct parser *parser, const struct call *call)
{
    struct graph_node node = build_node(call->function.kind);
    int *operands[] = {&node.a, &node.b, &node.c}, code = ERROR_NONE;
    for (int i = 0; i < call->function.operands; i++)
        *operands[i] = call->arguments[i].node;
    node.index = call->function.index;
    fill_options(parser, call, &node);
    if (node.kind == GRAPH_ATTEND)
        code = check_attend(parser, call, &node);
    else if (node.kind == GRAPH_JOIN)
        code = check_join(parser, call, &node);
    else if (node.kind == GRAPH_MAP)
        code = check_matrix_name(parser, &call->name);
    int index = code != ERROR_NONE ? code : build_add(&parser->build, &call->name, node);
    if (index >= 0 && node.kind == GRAPH_ONES)
        parser->build.graph->nodes[index].a = -1; // it has the rows of its argument, and nothing else of it
    return index >= 0 && node.kind == GRAPH_MAP ? add_matrix(parser, call, index) : index;
}

/* ---- mixtures ---- */

/* The definition of an expert, and the width that it is called with. */
static int call_body(struct parser *parser, const struct call *moe, int rows)
{
    static const struct lexer_token usual = {.kind = LEXER_NAME, .text = "ffn", .length = 3};
    struct call call = {.name = usual, .at = moe->name};
    const struct call_argument *width = NULL;
    for (int i = 0; i < moe->count; i++) {
        if (moe->arguments[i].option == &call_body_option)
            call.name = moe->arguments[i].at;
        if (moe->arguments[i].option == &moe->function.options[GRAPH_MOE_WIDTH])
            width = &moe->arguments[i];
    }
    call.definition = name_definition(parser, &call.name);
    if (!call.definition)
        return parser_fail(parser, &moe->name, "there is no def 'ffn' for the experts here; say body=...");
    call.arguments[call.count++] = (struct call_argument){.at = moe->name, .node = rows, .choice = -1};
    call.positional = 1;
    if (width)
        call.arguments[call.count++] = *width;
    return expand_call(parser, &call);
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
    if (body >= 0 && !type_suits(type_of(parser, body), TYPE_SIGNAL))
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

int operation_add(struct parser *parser, const struct call *call)
{
    int code = check_operands(parser, call);
    if (code != ERROR_NONE)
        return code;
    return call->function.kind == GRAPH_MOE ? add_mixture(parser, call) : add_plain(parser, call);
}
