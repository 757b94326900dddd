#include "tests/formula_trip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool operands_are_earlier(const struct graph_node *node, int index)
{
    return node->a >= -1 && node->a < index && node->b >= -1 && node->b < index && (node->a >= 0 || node->b < 0);
}

static bool is_type(const struct graph *graph, int node, bool signal)
{
    return node >= 0 && graph_is_signal(graph->nodes[node].kind) == signal;
}

static bool operands_have_types(const struct graph *graph, const struct graph_node *node)
{
    bool leaf = node->kind == GRAPH_INPUT || node->kind == GRAPH_NUMBER || node->kind == GRAPH_VARIABLE;
    bool signal = graph_is_signal(node->kind);
    if (leaf)
        return node->a == -1 && node->b == -1;
    if (node->kind == GRAPH_SCALE)
        return is_type(graph, node->a, true) && is_type(graph, node->b, false);
    return is_type(graph, node->a, signal) && (node->b == -1 || is_type(graph, node->b, signal));
}

static bool sites_match(const struct graph *graph)
{
    int sites = 0;
    for (int i = 0; i < graph->node_count; i++) {
        bool branch = graph_is_branch(graph->nodes[i].kind);
        if (graph->nodes[i].site != (branch ? sites : -1))
            return false;
        if (branch && (sites >= graph->site_count || graph->sites[sites].node != i))
            return false;
        sites += branch;
    }
    return sites == graph->site_count;
}

const char *formula_trip_invariant(const struct graph *graph)
{
    if (graph->node_count > GRAPH_NODES_MAX || graph->statement_count > GRAPH_STATEMENTS_MAX)
        return "more nodes or statements than allowed";
    int inputs = 0;
    for (int i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        if (!operands_are_earlier(node, i))
            return "an operand does not come before its user";
        if (!operands_have_types(graph, node))
            return "an operand has the wrong type";
        if (node->kind == GRAPH_NUMBER && !isfinite(node->value))
            return "a number is not finite";
        if (node->line < 1 || node->column < 1)
            return "a node has no place in the text";
        inputs += node->kind == GRAPH_INPUT;
    }
    if (inputs > 1)
        return "there are two inputs";
    return sites_match(graph) ? NULL : "sites and branches do not match";
}

static bool same_node(const struct graph_node *a, const struct graph_node *b)
{
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->variable == b->variable && a->site == b->site &&
           memcmp(&a->value, &b->value, sizeof a->value) == 0;
}

static const char *graph_difference(const struct graph *a, const struct graph *b)
{
    if (a->node_count != b->node_count || a->statement_count != b->statement_count || a->site_count != b->site_count)
        return "the counts differ";
    for (int i = 0; i < a->node_count; i++)
        if (!same_node(&a->nodes[i], &b->nodes[i]))
            return "a node differs";
    for (int i = 0; i < a->statement_count; i++)
        if (strcmp(a->statements[i].name, b->statements[i].name) != 0 || a->statements[i].node != b->statements[i].node)
            return "a statement differs";
    for (int i = 0; i < a->site_count; i++)
        if (strcmp(a->sites[i].name, b->sites[i].name) != 0 || a->sites[i].node != b->sites[i].node)
            return "a site differs";
    return a->output == b->output ? NULL : "the output differs";
}

const char *formula_trip_difference(const struct formula *a, const struct formula *b)
{
    const char *difference = graph_difference(&a->first, &b->first);
    if (difference == NULL)
        difference = graph_difference(&a->last, &b->last);
    if (difference == NULL && a->rule_count != b->rule_count)
        difference = "the rules differ in number";
    for (int i = 0; i < a->rule_count && difference == NULL; i++) {
        difference = graph_difference(&a->rules[i].condition, &b->rules[i].condition);
        if (difference == NULL)
            difference = graph_difference(&a->rules[i].block, &b->rules[i].block);
    }
    return difference;
}

/* The output of a section is a signal, that of a condition a scalar; an absent graph has neither. */
static const char *output_invariant(const struct graph *graph, bool signal)
{
    if (graph->node_count == 0)
        return NULL;
    if (graph->output < 0 || graph->output >= graph->node_count || !is_type(graph, graph->output, signal))
        return "the output is no node of the right type";
    return formula_trip_invariant(graph);
}

static const char *invariant(const struct formula *formula)
{
    const char *wrong = output_invariant(&formula->first, true);
    if (wrong == NULL)
        wrong = output_invariant(&formula->last, true);
    for (int i = 0; i < formula->rule_count && wrong == NULL; i++) {
        wrong = output_invariant(&formula->rules[i].condition, false);
        if (wrong == NULL)
            wrong = output_invariant(&formula->rules[i].block, true);
    }
    return wrong;
}

/* Printed text has blanks that the author may have left out, so near the limit of length it need not fit. */
static const char *reparse(const struct formula *formula, const char *separator)
{
    size_t length = formula_print(formula, separator, NULL, 0);
    if (length > FORMULA_TEXT_MAX)
        return NULL;
    char *text = malloc(length + 1);
    if (text == NULL)
        abort();
    struct formula again = {0};
    struct error error;
    const char *wrong = NULL;
    if (formula_print(formula, separator, text, length + 1) != length || strlen(text) != length)
        wrong = "the printed length is not the announced one";
    else if (formula_parse(text, length, "formula", &again, &error) != ERROR_NONE)
        wrong = "the printed text does not parse";
    else
        wrong = formula_trip_difference(formula, &again);
    formula_free(&again);
    free(text);
    return wrong;
}

/* Evaluation fails with a message or gives finite scalars and leaves signals alone. */
static const char *evaluate(const struct formula *formula, double l)
{
    struct graph_scope scope = {.L = 7, .l = l, .d = 63, .T = 5, .F = 131, .H = 3, .E = 5, .k = 2};
    const struct graph *block;
    struct error error = {0};
    if (formula_block(formula, &scope, &block, &error) != ERROR_NONE)
        return block == NULL && error.code == ERROR_INPUT && error.text[0] != '\0' ? NULL : "no block and no message";
    double values[GRAPH_NODES_MAX];
    for (int i = 0; i < block->node_count; i++)
        values[i] = -1234.5;
    if (graph_evaluate(block, &scope, values, &error) != ERROR_NONE)
        return error.code == ERROR_INPUT && strstr(error.text, "not a finite") ? NULL : "no value and no message";
    for (int i = 0; i < block->node_count; i++)
        if (graph_is_signal(block->nodes[i].kind) ? values[i] != -1234.5 : !isfinite(values[i]))
            return "a value is not finite, or a signal's place was written";
    return NULL;
}

const char *formula_trip(const char *text, size_t length, int *parsed)
{
    struct formula formula;
    struct error error = {0};
    *parsed = formula_parse(text, length, "formula", &formula, &error) == ERROR_NONE;
    if (!*parsed)
        return error.code == ERROR_INPUT && strncmp(error.text, "formula: ", 9) == 0 ? NULL : "no proper message";
    const char *wrong = invariant(&formula);
    if (wrong == NULL)
        wrong = reparse(&formula, "; ");
    if (wrong == NULL)
        wrong = reparse(&formula, "\n");
    for (double l = 1; l <= 7 && wrong == NULL; l += 3)
        wrong = evaluate(&formula, l);
    formula_free(&formula);
    return wrong;
}
