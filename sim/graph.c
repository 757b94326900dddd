#include "sim/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"

/* How tightly a piece of text binds, from loose to tight. */
enum level { COMPARISON, TERMS, FACTORS, UNARY, POWER, PRIMARY };

enum notation { LEAF, CALL, INFIX, PREFIX };

#define OPERATION(name, expression)                                                                                    \
    static double name(double a, double b)                                                                             \
    {                                                                                                                  \
        (void)b;                                                                                                       \
        return expression;                                                                                             \
    }
OPERATION(add, a + b)
OPERATION(subtract, a - b)
OPERATION(multiply, a *b)
OPERATION(divide, a / b)
OPERATION(negate, -a)
OPERATION(root, sqrt(a))
OPERATION(less, a < b)
OPERATION(less_equal, a <= b)
OPERATION(greater, a > b)
OPERATION(greater_equal, a >= b)
OPERATION(equal, a == b)
OPERATION(not_equal, a != b)

/* Everything that is known of a kind: how it is written and, for scalars, what it computes. */
static const struct kind {
    const char *word;
    enum notation notation;
    int operands;
    enum level level, left, right; /* of the whole, and the least its operands may have without parentheses */
    double (*value)(double a, double b);
} kinds[] = {
    [GRAPH_INPUT] = {"x", LEAF, 0, PRIMARY, 0, 0, NULL},
    [GRAPH_SUM] = {"+", INFIX, 2, TERMS, TERMS, FACTORS, NULL},
    [GRAPH_SCALE] = {"*", INFIX, 2, FACTORS, FACTORS, UNARY, NULL},
    [GRAPH_NORM] = {"norm", CALL, 1, PRIMARY, 0, 0, NULL},
    [GRAPH_ATTN] = {"attn", CALL, 1, PRIMARY, 0, 0, NULL},
    [GRAPH_FFN] = {"ffn", CALL, 1, PRIMARY, 0, 0, NULL},
    [GRAPH_MOE] = {"moe", CALL, 1, PRIMARY, 0, 0, NULL},
    [GRAPH_NUMBER] = {NULL, LEAF, 0, PRIMARY, 0, 0, NULL},
    [GRAPH_VARIABLE] = {NULL, LEAF, 0, PRIMARY, 0, 0, NULL},
    [GRAPH_ADD] = {"+", INFIX, 2, TERMS, TERMS, FACTORS, add},
    [GRAPH_SUBTRACT] = {"-", INFIX, 2, TERMS, TERMS, FACTORS, subtract},
    [GRAPH_MULTIPLY] = {"*", INFIX, 2, FACTORS, FACTORS, UNARY, multiply},
    [GRAPH_DIVIDE] = {"/", INFIX, 2, FACTORS, FACTORS, UNARY, divide},
    [GRAPH_POWER] = {"^", INFIX, 2, POWER, PRIMARY, UNARY, pow},
    [GRAPH_NEGATE] = {"-", PREFIX, 1, UNARY, 0, UNARY, negate},
    [GRAPH_SQRT] = {"sqrt", CALL, 1, PRIMARY, 0, 0, root},
    [GRAPH_MIN] = {"min", CALL, 2, PRIMARY, 0, 0, fmin},
    [GRAPH_MAX] = {"max", CALL, 2, PRIMARY, 0, 0, fmax},
    [GRAPH_LESS] = {"<", INFIX, 2, COMPARISON, TERMS, TERMS, less},
    [GRAPH_LESS_EQUAL] = {"<=", INFIX, 2, COMPARISON, TERMS, TERMS, less_equal},
    [GRAPH_GREATER] = {">", INFIX, 2, COMPARISON, TERMS, TERMS, greater},
    [GRAPH_GREATER_EQUAL] = {">=", INFIX, 2, COMPARISON, TERMS, TERMS, greater_equal},
    [GRAPH_EQUAL] = {"==", INFIX, 2, COMPARISON, TERMS, TERMS, equal},
    [GRAPH_NOT_EQUAL] = {"!=", INFIX, 2, COMPARISON, TERMS, TERMS, not_equal},
};

enum { KIND_COUNT = sizeof kinds / sizeof *kinds };

#define VARIABLE(name, init_only)                                                                                      \
    {                                                                                                                  \
#name, offsetof(struct graph_scope, name), init_only                                                           \
    }
const struct graph_variable graph_variables[] = {
    VARIABLE(L, false),   VARIABLE(l, false), VARIABLE(d, false), VARIABLE(T, false),
    VARIABLE(F, false),   VARIABLE(H, false), VARIABLE(E, false), VARIABLE(k, false),
    VARIABLE(phi2, true), VARIABLE(c, true),  VARIABLE(s, true),
};
const int graph_variable_count = sizeof graph_variables / sizeof *graph_variables;

void graph_free(struct graph *graph)
{
    free(graph->nodes);
    free(graph->statements);
    free(graph->sites);
    *graph = (struct graph){0};
}

bool graph_is_signal(enum graph_kind kind)
{
    return kind <= GRAPH_MOE;
}

bool graph_is_branch(enum graph_kind kind)
{
    return kind >= GRAPH_ATTN && kind <= GRAPH_MOE;
}

const char *graph_function_name(enum graph_kind kind)
{
    return kinds[kind].notation == CALL ? kinds[kind].word : NULL;
}

int graph_function_find(const char *name, int *arguments)
{
    for (int kind = 0; kind < KIND_COUNT; kind++) {
        if (kinds[kind].notation != CALL || strcmp(kinds[kind].word, name) != 0)
            continue;
        *arguments = kinds[kind].operands;
        return kind;
    }
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
        return variable_value(scope, node->variable);
    return kinds[node->kind].value(values[node->a], node->b >= 0 ? values[node->b] : 0);
}

static int not_finite(const struct graph *graph, const struct graph_node *node, const struct graph_scope *scope,
                      struct error *error)
{
    char name[GRAPH_NAME_MAX];
    if (node->kind == GRAPH_VARIABLE)
        snprintf(name, sizeof name, "'%s'", graph_variables[node->variable].name);
    else if (kinds[node->kind].notation == CALL)
        snprintf(name, sizeof name, "%s(...)", kinds[node->kind].word);
    else
        snprintf(name, sizeof name, "the result of '%s'", kinds[node->kind].word);
    return error_set(error, ERROR_INPUT, "%s: line %d, column %d: %s is not a finite number in block %g", graph->what,
                     node->line, node->column, name, scope->l);
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

/* Printing. The nodes of a statement are contiguous, operands before their user, so a node from `fresh` on belongs to
 * the statement being printed and is written out; an older one is written as the name that holds it. Where the order of
 * the operands in memory tells two spellings apart (2*x and x*2), the spelling that makes the same order is chosen. */
struct printer {
    const struct graph *graph;
    struct text text;
    int printed; /* statements before this one */
    int fresh;
};

static int last_binding(const struct printer *printer, const char *name)
{
    for (int i = printer->printed - 1; i >= 0; i--)
        if (strcmp(printer->graph->statements[i].name, name) == 0)
            return i;
    return -1;
}

/* The name that reads the node here, or NULL where it must be written out. */
static const char *name_of(const struct printer *printer, int node)
{
    const struct graph_statement *statements = printer->graph->statements;
    if (printer->graph->nodes[node].kind == GRAPH_INPUT && last_binding(printer, kinds[GRAPH_INPUT].word) < 0)
        return kinds[GRAPH_INPUT].word;
    for (int i = printer->printed - 1; i >= 0 && node < printer->fresh; i--)
        if (statements[i].node == node && last_binding(printer, statements[i].name) == i)
            return statements[i].name;
    return NULL;
}

/* The node where it is of this kind and part of the statement being printed, else NULL. */
static const struct graph_node *fresh_node(const struct printer *printer, int node, enum graph_kind kind)
{
    const struct graph_node *found = &printer->graph->nodes[node];
    return node >= printer->fresh && found->kind == kind ? found : NULL;
}

static bool is_literal(const struct printer *printer, int node, double value)
{
    const struct graph_node *number = fresh_node(printer, node, GRAPH_NUMBER);
    return number != NULL && number->value == value;
}

/* Whether text that reads `first` and then `second` makes their nodes in this order. */
static bool in_order(const struct printer *printer, int first, int second)
{
    return first < second || first < printer->fresh || second < printer->fresh;
}

/* -a: a SCALE by the literal -1 behind a. */
static bool is_opposite(const struct printer *printer, int node)
{
    const struct graph_node *scale = fresh_node(printer, node, GRAPH_SCALE);
    return scale != NULL && is_literal(printer, scale->b, -1) && in_order(printer, scale->a, scale->b);
}

/* a / s: the literal 1 stands behind s, whereas the author's own 1/s has it before. */
static bool is_inverse(const struct printer *printer, int node)
{
    const struct graph_node *divide = fresh_node(printer, node, GRAPH_DIVIDE);
    return divide != NULL && is_literal(printer, divide->a, 1) && in_order(printer, divide->b, divide->a);
}

/* A node as it is written: left word right, or word right where left is -1. */
struct form {
    const char *word;
    enum level level;
    int left, right;
    enum level left_level, right_level;
};

static struct form operator_form(const char *word, enum level level, int left, enum level left_level, int right,
                                 enum level right_level)
{
    return (struct form){word, level, left, right, left_level, right_level};
}

/* -a is kept for an a that needs no new parentheses: -(a*s) would nest deeper than the author's a*s*-1. */
static struct form scale_form(const struct printer *printer, int node)
{
    int a = printer->graph->nodes[node].a, b = printer->graph->nodes[node].b;
    bool product = fresh_node(printer, a, GRAPH_SCALE) != NULL;
    if (is_opposite(printer, node) && !product)
        return operator_form("-", UNARY, -1, UNARY, a, UNARY);
    if (is_inverse(printer, b) && in_order(printer, a, b))
        return operator_form("/", FACTORS, a, FACTORS, printer->graph->nodes[b].b, UNARY);
    if (in_order(printer, b, a) && !(product && b < printer->fresh))
        return operator_form("*", FACTORS, b, FACTORS, a, UNARY);
    return operator_form("*", FACTORS, a, FACTORS, b, UNARY);
}

static struct form form_of(const struct printer *printer, int index)
{
    const struct graph_node *node = &printer->graph->nodes[index];
    const struct kind *kind = &kinds[node->kind];
    if (node->kind == GRAPH_SCALE)
        return scale_form(printer, index);
    if (node->kind == GRAPH_SUM && is_opposite(printer, node->b))
        return operator_form("-", TERMS, node->a, TERMS, printer->graph->nodes[node->b].a, FACTORS);
    if (kind->notation == PREFIX)
        return operator_form(kind->word, kind->level, -1, UNARY, node->a, kind->right);
    return operator_form(kind->word, kind->level, node->a, kind->left, node->b, kind->right);
}

/* The shortest decimal that reads back as the same number. */
static void print_number(struct text *text, double value)
{
    char digits[32];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        double again = strtod(digits, NULL);
        if (memcmp(&again, &value, sizeof value) == 0)
            break;
    }
    text_print(text, "%s", digits);
}

static void print_node(struct printer *printer, int index, enum level least);

static void print_call(struct printer *printer, const struct graph_node *node)
{
    text_print(&printer->text, "%s(", kinds[node->kind].word);
    print_node(printer, node->a, TERMS);
    if (node->b >= 0) {
        text_print(&printer->text, ", ");
        print_node(printer, node->b, TERMS);
    }
    text_print(&printer->text, ")");
}

static void print_operator(struct printer *printer, int index, enum level least)
{
    struct form form = form_of(printer, index);
    const char *blank = form.level <= TERMS ? " " : "";
    bool parentheses = form.level < least;
    if (parentheses)
        text_print(&printer->text, "(");
    if (form.left >= 0) {
        print_node(printer, form.left, form.left_level);
        text_print(&printer->text, "%s%s%s", blank, form.word, blank);
    } else {
        text_print(&printer->text, "%s", form.word);
    }
    print_node(printer, form.right, form.right_level);
    if (parentheses)
        text_print(&printer->text, ")");
}

static void print_literal(struct printer *printer, double value, enum level least)
{
    bool parentheses = signbit(value) && least > UNARY;
    text_print(&printer->text, "%s", parentheses ? "(" : "");
    print_number(&printer->text, value);
    text_print(&printer->text, "%s", parentheses ? ")" : "");
}

static void print_node(struct printer *printer, int index, enum level least)
{
    const struct graph_node *node = &printer->graph->nodes[index];
    const char *name = name_of(printer, index);
    if (name != NULL)
        text_print(&printer->text, "%s", name);
    else if (node->kind == GRAPH_NUMBER)
        print_literal(printer, node->value, least);
    else if (node->kind == GRAPH_VARIABLE)
        text_print(&printer->text, "%s", graph_variables[node->variable].name);
    else if (kinds[node->kind].notation == CALL)
        print_call(printer, node);
    else
        print_operator(printer, index, least);
}

size_t graph_print(const struct graph *graph, const char *separator, char *buffer, size_t size)
{
    struct printer printer = {.graph = graph, .text = {buffer, size, 0}};
    text_print(&printer.text, "%s", "");
    for (int i = 0; i < graph->statement_count; i++) {
        const struct graph_statement *statement = &graph->statements[i];
        text_print(&printer.text, "%s%s = ", i > 0 ? separator : "", statement->name);
        print_node(&printer, statement->node, TERMS);
        printer.printed++;
        if (statement->node >= printer.fresh)
            printer.fresh = statement->node + 1;
    }
    if (graph->statement_count == 0 && graph->node_count > 0)
        print_node(&printer, graph->output, COMPARISON);
    return printer.text.length;
}
