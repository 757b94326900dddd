#include "sim/print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"

/* How tightly a piece of text binds, from loose to tight. */
enum level { EITHER, BOTH, DENIAL, COMPARISON, TERMS, FACTORS, UNARY, POWER, PRIMARY };

/* How an operator is written: its level, and the least that its operands may have without parentheses. */
static const struct notation {
    bool prefix;
    enum level level, left, right;
} notations[GRAPH_KINDS] = {
    [GRAPH_SUM] = {false, TERMS, TERMS, FACTORS},
    [GRAPH_PRODUCT] = {false, FACTORS, FACTORS, UNARY},
    [GRAPH_ADD] = {false, TERMS, TERMS, FACTORS},
    [GRAPH_SUBTRACT] = {false, TERMS, TERMS, FACTORS},
    [GRAPH_MULTIPLY] = {false, FACTORS, FACTORS, UNARY},
    [GRAPH_DIVIDE] = {false, FACTORS, FACTORS, UNARY},
    [GRAPH_POWER] = {false, POWER, PRIMARY, UNARY},
    [GRAPH_NEGATE] = {true, UNARY, 0, UNARY},
    [GRAPH_LESS] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_LESS_EQUAL] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_GREATER] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_GREATER_EQUAL] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_EQUAL] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_NOT_EQUAL] = {false, COMPARISON, TERMS, TERMS},
    [GRAPH_NOT] = {true, DENIAL, 0, DENIAL},
    [GRAPH_AND] = {false, BOTH, BOTH, DENIAL},
    [GRAPH_OR] = {false, EITHER, EITHER, BOTH},
};

/* The nodes of a statement are contiguous, operands before their user, so a node from `fresh` on belongs to the
 * statement being printed and is written out; an older one is written as the name that holds it. Where the order of the
 * operands in memory tells two spellings apart (2*x and x*2), the spelling that makes the same order is chosen. Calls
 * are written as they were recorded, whatever they became. */
struct printer {
    const struct graph *graph;
    struct text text;
    int printed; /* statements before this one */
    int fresh;
    bool read[GRAPH_INPUTS_MAX]; /* inputs that have been written, whose nodes are there from then on */
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
    const struct graph *graph = printer->graph;
    const struct graph_node *found = &graph->nodes[node];
    if (found->kind == GRAPH_INPUT && last_binding(printer, graph->inputs[found->index].name) < 0)
        return graph->inputs[found->index].name;
    for (int i = printer->printed - 1; i >= 0 && node < printer->fresh; i--)
        if (graph->statements[i].node == node && last_binding(printer, graph->statements[i].name) == i)
            return graph->statements[i].name;
    return NULL;
}

/* The call that gave the node, or NULL. Calls are ordered by their outputs. */
static const struct graph_call *call_of(const struct printer *printer, int node)
{
    int low = 0, high = printer->graph->call_count;
    while (low < high) {
        int middle = (low + high) / 2;
        if (printer->graph->calls[middle].output < node)
            low = middle + 1;
        else
            high = middle;
    }
    const struct graph *graph = printer->graph;
    return low < graph->call_count && graph->calls[low].output == node ? &graph->calls[low] : NULL;
}

/* The node where it is of this kind, part of the statement being printed and written by itself, else NULL. */
static const struct graph_node *fresh_node(const struct printer *printer, int node, enum graph_kind kind)
{
    const struct graph_node *found = &printer->graph->nodes[node];
    return node >= printer->fresh && found->kind == kind && !call_of(printer, node) ? found : NULL;
}

static bool is_literal(const struct printer *printer, int node, double value)
{
    const struct graph_node *number = fresh_node(printer, node, GRAPH_NUMBER);
    return number && number->value == value;
}

static bool is_old(const struct printer *printer, int node)
{
    const struct graph_node *found = &printer->graph->nodes[node];
    return node < printer->fresh || (found->kind == GRAPH_INPUT && printer->read[found->index]);
}

/* Whether text that reads `first` and then `second` makes their nodes in this order. */
static bool in_order(const struct printer *printer, int first, int second)
{
    return first < second || is_old(printer, first) || is_old(printer, second);
}

/* -a: a SCALE by the literal -1 behind a. */
static bool is_opposite(const struct printer *printer, int node)
{
    const struct graph_node *scale = fresh_node(printer, node, GRAPH_SCALE);
    return scale && is_literal(printer, scale->b, -1) && in_order(printer, scale->a, scale->b);
}

/* a / s: the literal 1 stands behind s, whereas the author's own 1/s has it before. */
static bool is_inverse(const struct printer *printer, int node)
{
    const struct graph_node *divide = fresh_node(printer, node, GRAPH_DIVIDE);
    return divide && is_literal(printer, divide->a, 1) && in_order(printer, divide->b, divide->a);
}

/* An operator as it is written: left word right, or word right where left is -1. */
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
    bool product = fresh_node(printer, a, GRAPH_SCALE) || fresh_node(printer, a, GRAPH_PRODUCT);
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
    const struct notation *notation = &notations[node->kind];
    const char *word = graph_word(node->kind);
    if (node->kind == GRAPH_SCALE)
        return scale_form(printer, index);
    if (node->kind == GRAPH_SUM && is_opposite(printer, node->b))
        return operator_form("-", TERMS, node->a, TERMS, printer->graph->nodes[node->b].a, FACTORS);
    if (notation->prefix)
        return operator_form(word, notation->level, -1, UNARY, node->a, notation->right);
    return operator_form(word, notation->level, node->a, notation->left, node->b, notation->right);
}

/* The shortest decimal that reads back as the same number: 10000, not 1e+04. */
static void print_number(struct text *text, double value)
{
    char shortest[32] = "", digits[32];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        double again = strtod(digits, NULL);
        bool same = memcmp(&again, &value, sizeof value) == 0;
        if (same && (shortest[0] == '\0' || strlen(digits) <= strlen(shortest)))
            memcpy(shortest, digits, sizeof shortest);
    }
    text_print(text, "%s", shortest);
}

static void print_node(struct printer *printer, int index, enum level least);

static void print_call(struct printer *printer, const struct graph_call *call)
{
    text_print(&printer->text, "%s(", call->function);
    for (int i = 0; i < call->argument_count; i++) {
        const struct graph_argument *argument = &printer->graph->arguments[call->first_argument + i];
        text_print(&printer->text, "%s%s%s%s", i > 0 ? ", " : "", argument->key, argument->key[0] != '\0' ? "=" : "",
                   argument->word);
        if (argument->node >= 0)
            print_node(printer, argument->node, TERMS);
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
        text_print(&printer->text, "%s", blank);
    }
    text_print(&printer->text, "%s%s", form.word, blank);
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
    const struct graph_call *call = call_of(printer, index);
    if (node->kind == GRAPH_INPUT)
        printer->read[node->index] = true;
    if (name)
        text_print(&printer->text, "%s", name);
    else if (call)
        print_call(printer, call);
    else if (node->kind == GRAPH_NUMBER)
        print_literal(printer, node->value, least);
    else if (node->kind == GRAPH_VARIABLE)
        text_print(&printer->text, "%s", graph_variables[node->index].name);
    else
        print_operator(printer, index, least);
}

size_t print_graph(const struct graph *graph, const char *separator, char *buffer, size_t size)
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
        print_node(&printer, graph->outputs[0], EITHER);
    return printer.text.length;
}

size_t print_scalar(const struct graph *graph, int node, bool factor, char *buffer, size_t size)
{
    struct printer printer = {.graph = graph, .text = {buffer, size, 0}};
    text_print(&printer.text, "%s", "");
    print_node(&printer, node, factor ? UNARY : TERMS);
    return printer.text.length;
}

int print_size(const struct graph *graph, int node, int most)
{
    const struct graph_node *found = &graph->nodes[node];
    const int operands[] = {found->a, found->b};
    int size = 1;
    for (int i = 0; i < 2 && size <= most; i++)
        if (operands[i] >= 0)
            size += print_size(graph, operands[i], most - size);
    return size;
}
