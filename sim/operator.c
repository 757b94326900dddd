#include "sim/operator.h"

#include "sim/invariant.h"

const char *const type_names[] = {"signal", "scalar", "condition", "law", "value"};

enum type type_of(const struct parser *parser, int node)
{
    enum graph_kind kind = parser_node(parser, node)->kind;
    return graph_is_signal(kind)   ? TYPE_SIGNAL
           : graph_is_truth(kind)  ? TYPE_TRUTH
           : kind == GRAPH_LAW     ? TYPE_LAW
           : kind == GRAPH_UNKNOWN ? TYPE_UNKNOWN
                                   : TYPE_SCALAR;
}

bool type_suits(enum type found, enum type wanted)
{
    return found == wanted || (found == TYPE_UNKNOWN && (wanted == TYPE_SIGNAL || wanted == TYPE_SCALAR));
}

/* ---- lowering ---- */

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
    if (parser_node(parser, a)->memory != parser_node(parser, b)->memory)
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

/* A condition knows no signals, so that comparisons have one row each. */
// clang-format off
#define SIGNAL TYPE_SIGNAL
#define SCALAR TYPE_SCALAR
static const struct lowering {
    const char *sign;
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
    {"<", SCALAR, SCALAR, lower_plain, GRAPH_LESS, NULL},
    {"<=", SCALAR, SCALAR, lower_plain, GRAPH_LESS_EQUAL, NULL},
    {">", SCALAR, SCALAR, lower_plain, GRAPH_GREATER, NULL},
    {">=", SCALAR, SCALAR, lower_plain, GRAPH_GREATER_EQUAL, NULL},
    {"==", SCALAR, SCALAR, lower_plain, GRAPH_EQUAL, NULL},
    {"!=", SCALAR, SCALAR, lower_plain, GRAPH_NOT_EQUAL, NULL},
};
// clang-format on
enum { LOWERINGS = sizeof lowerings / sizeof *lowerings };

bool operator_compares(const struct lexer_token *token)
{
    for (int i = 0; i < LOWERINGS; i++)
        if (graph_is_truth(lowerings[i].kind) && lexer_is(token, lowerings[i].sign))
            return true;
    return false;
}

int operator_apply(struct parser *parser, const struct lexer_token *sign, int a, int b)
{
    enum type left = type_of(parser, a), right = type_of(parser, b);
    if (left == TYPE_TRUTH || right == TYPE_TRUTH)
        return parser_fail(parser, sign, "a condition is no number; join conditions by 'and', 'or', 'not'");
    if (left == TYPE_LAW || right == TYPE_LAW)
        return parser_fail(parser, sign, "a law stands around all that it scales, as in uniform(2*s)");
    const struct lowering *row = NULL;
    for (int i = 0; i < LOWERINGS; i++) {
        const struct lowering *other = &lowerings[i];
        if (!lexer_is(sign, other->sign) || !type_suits(left, other->left) || !type_suits(right, other->right))
            continue;
        if (row && row->lower && other->lower && graph_is_signal(row->kind) != graph_is_signal(other->kind))
            return build_binary(&parser->build, sign, GRAPH_UNKNOWN, -1, -1); // it may be either
        if (!row || !row->lower)
            row = other;
    }
    invariant(row);
    return row->lower ? row->lower(parser, sign, row->kind, a, b) : parser_fail(parser, sign, "%s", row->complaint);
}

/* Whether the node has just been called for: a definition that is a number. */
static bool is_call(const struct parser *parser, int node)
{
    const struct graph *graph = parser->build.graph;
    return graph->call_count > 0 && graph->calls[graph->call_count - 1].output == node;
}

/* A literal takes the sign itself; a number behind a name is another statement's and stays. */
int operator_negate(struct parser *parser, const struct lexer_token *minus, int node)
{
    struct graph_node *operand = &parser->build.graph->nodes[node];
    if (operand->kind == GRAPH_NUMBER && node >= parser->fresh && !is_call(parser, node)) {
        operand->value = -operand->value;
        return node;
    }
    if (type_of(parser, node) == TYPE_LAW)
        return parser_fail(parser, minus, "a law has no sign");
    if (type_of(parser, node) == TYPE_TRUTH)
        return parser_fail(parser, minus, "a condition has no sign; its opposite is 'not'");
    if (type_of(parser, node) == TYPE_SCALAR)
        return build_binary(&parser->build, minus, GRAPH_NEGATE, node, -1);
    if (type_of(parser, node) == TYPE_UNKNOWN)
        return node;
    int factor = build_number(&parser->build, minus, -1);
    return factor < 0 ? factor : build_binary(&parser->build, minus, GRAPH_SCALE, node, factor);
}
