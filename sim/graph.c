#include "sim/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
#define OPERATION(name, expression) \
    static double name(double a, double b) \
    { \
        (void)b; \
        return expression; \
    }
OPERATION(add, a + b)
OPERATION(subtract, a - b)
OPERATION(multiply, a * b)
OPERATION(divide, a / b)
OPERATION(negate, -a)
OPERATION(same, a)
OPERATION(root, sqrt(a))
OPERATION(exponential, exp(a))
OPERATION(logarithm, log(a))
OPERATION(less, a < b)
OPERATION(less_equal, a <= b)
OPERATION(greater, a > b)
OPERATION(greater_equal, a >= b)
OPERATION(equal, a == b)
OPERATION(not_equal, a != b)
OPERATION(negation, a == 0)
OPERATION(both, a != 0 && b != 0)
OPERATION(either, a != 0 || b != 0)
// clang-format on

static double whole(double a, double b)
{
    (void)b;
    return floor(a);
}

/* The remainder with the divisor's sign, exact. */
static double modulo(double a, double b)
{
    double rest = fmod(a, b);
    return rest != 0 && signbit(rest) != signbit(b) ? rest + b : rest;
}

/* How a kind is written and, for scalars, what it computes. */
static const struct {
    const char *word;
    double (*value)(double a, double b);
} kinds[GRAPH_KINDS] = {
    [GRAPH_ONES] = {"ones", NULL},      [GRAPH_SUM] = {"+", NULL},
    [GRAPH_SCALE] = {"*", NULL},        [GRAPH_PRODUCT] = {"*", NULL},
    [GRAPH_NORM] = {"norm", NULL},      [GRAPH_ATTEND] = {"attend", NULL},
    [GRAPH_JOIN] = {"join", NULL},      [GRAPH_MOE] = {"moe", NULL},
    [GRAPH_ADD] = {"+", add},           [GRAPH_SUBTRACT] = {"-", subtract},
    [GRAPH_MULTIPLY] = {"*", multiply}, [GRAPH_DIVIDE] = {"/", divide},
    [GRAPH_POWER] = {"^", pow},         [GRAPH_NEGATE] = {"-", negate},
    [GRAPH_SQRT] = {"sqrt", root},      [GRAPH_EXP] = {"exp", exponential},
    [GRAPH_LOG] = {"log", logarithm},   [GRAPH_FLOOR] = {"floor", whole},
    [GRAPH_MIN] = {"min", fmin},        [GRAPH_MAX] = {"max", fmax},
    [GRAPH_MOD] = {"mod", modulo},      [GRAPH_LAW] = {"law", same},
    [GRAPH_LESS] = {"<", less},         [GRAPH_LESS_EQUAL] = {"<=", less_equal},
    [GRAPH_GREATER] = {">", greater},   [GRAPH_GREATER_EQUAL] = {">=", greater_equal},
    [GRAPH_EQUAL] = {"==", equal},      [GRAPH_NOT_EQUAL] = {"!=", not_equal},
    [GRAPH_NOT] = {"not", negation},    [GRAPH_AND] = {"and", both},
    [GRAPH_OR] = {"or", either},
};

// clang-format off
#define VARIABLE(name, ...) {#name, offsetof(struct graph_scope, name), __VA_ARGS__}
const struct graph_variable graph_variables[] = {
    VARIABLE(L, false, false, NULL), VARIABLE(l, false, false, NULL), VARIABLE(d, false, false, NULL),
    VARIABLE(T, false, false, NULL), VARIABLE(F, false, false, "width"), VARIABLE(H, false, false, "heads"),
    VARIABLE(E, false, false, "experts"), VARIABLE(k, false, false, "top"),
    VARIABLE(phi2, true, false, NULL), VARIABLE(c, true, false, NULL), VARIABLE(s, true, false, NULL),
    VARIABLE(n, true, false, NULL), VARIABLE(m, true, false, NULL),
    VARIABLE(heads, false, true, "heads"), VARIABLE(kv_heads, false, true, "kv_heads"),
    VARIABLE(head_width, false, true, "head_width"),
};
// clang-format on
const int graph_variable_count = sizeof graph_variables / sizeof *graph_variables;

void graph_free(struct graph *graph)
{
    free(graph->nodes);
    free(graph->statements);
    free(graph->calls);
    free(graph->arguments);
    free(graph->sites);
    free(graph->matrices);
    *graph = (struct graph){0};
}

bool graph_is_signal(enum graph_kind kind)
{
    return kind <= GRAPH_MOE;
}

bool graph_is_truth(enum graph_kind kind)
{
    return kind >= GRAPH_LESS && kind <= GRAPH_OR;
}

const char *graph_word(enum graph_kind kind)
{
    return kinds[kind].word;
}

int graph_statement(const struct graph *graph, const char *name)
{
    int i = graph->statement_count - 1;
    while (i >= 0 && strcmp(graph->statements[i].name, name) != 0)
        i--;
    return i;
}

int graph_input_node(const struct graph *graph, int input)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_INPUT && graph->nodes[n].index == input)
            return n;
    return -1;
}

static double variable_value(const struct graph_scope *scope, int variable)
{
    double value;
    memcpy(&value, (const char *)scope + graph_variables[variable].offset, sizeof value);
    return value;
}

static double node_value(const struct graph_node *node, const struct graph_scope *scope, const double *values)
{
    if (node->kind == GRAPH_NUMBER)
        return node->value;
    if (node->kind == GRAPH_VARIABLE)
        return variable_value(scope, node->index);
    return kinds[node->kind].value(values[node->a], node->b >= 0 ? values[node->b] : 0);
}

static int not_finite(const struct graph *graph, const struct graph_node *node, const struct graph_scope *scope,
                      struct error *error)
{
    char name[2 * GRAPH_NAME_MAX];
    const char *word = kinds[node->kind].word;
    if (node->kind == GRAPH_VARIABLE)
        snprintf(name, sizeof name, "'%s'", graph_variables[node->index].name);
    else if (word[0] >= 'a' && word[0] <= 'z')
        snprintf(name, sizeof name, "%s(...)", word);
    else
        snprintf(name, sizeof name, "the result of '%s'", word);
    return error_set(error, ERROR_INPUT, "%s: line %d, column %d: %s is not a finite number in block %g", graph->what,
                     node->line, node->column, name, scope->l);
}

bool graph_is_of_one_sequence(const struct graph *graph, const struct graph_node *attend)
{
    return graph->nodes[attend->b].memory == attend->memory;
}

int graph_evaluate(const struct graph *graph, const struct graph_scope *scope, double *values, struct error *error)
{
    for (int i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (graph_is_signal(node->kind))
            continue;
        values[i] = node_value(node, scope, values);
        if (!isfinite(values[i]))
            return not_finite(graph, node, scope, error);
    }
    return ERROR_NONE;
}
