#include "tests/formula_trip.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/function.h"

/* How many operands of a kind are signals, and how many scalars behind them. */
static int signal_operands(enum graph_kind kind)
{
    switch (kind) {
    case GRAPH_SUM:
    case GRAPH_PRODUCT:
    case GRAPH_JOIN:
    case GRAPH_MOE:
        return 2;
    case GRAPH_ATTEND:
        return 3;
    default:
        return graph_is_signal(kind) && kind != GRAPH_INPUT && kind != GRAPH_ONES;
    }
}

static int scalar_operands(enum graph_kind kind)
{
    switch (kind) {
    case GRAPH_NUMBER:
    case GRAPH_VARIABLE:
        return 0;
    case GRAPH_NEGATE:
    case GRAPH_SQRT:
    case GRAPH_EXP:
    case GRAPH_LOG:
    case GRAPH_FLOOR:
    case GRAPH_NOT:
    case GRAPH_LAW:
    case GRAPH_SCALE:
        return 1;
    default:
        return graph_is_signal(kind) ? 0 : 2;
    }
}

static bool is_scalar(const struct graph *graph, int node)
{
    enum graph_kind kind = graph->nodes[node].kind;
    return !graph_is_signal(kind) && !graph_is_truth(kind) && kind != GRAPH_LAW;
}

/* Scalars come before their user, words are in their table, and there is nothing else. */
static const char *wrong_options(const struct graph *graph, int index)
{
    const struct graph_node *node = &graph->nodes[index];
    const char *word = node->kind == GRAPH_MAP ? "w" : graph_word(node->kind);
    struct function function = {0};
    if (!graph_is_signal(node->kind) || word == NULL || !function_find(word, strlen(word), &function))
        function = (struct function){0};
    for (int i = 0; i < GRAPH_OPTIONS_MAX; i++) {
        int option = node->option[i];
        bool known = i < function.option_count;
        if (option < -1 || (option >= 0 && !known))
            return "an option that the kind does not have is set";
        if (option >= 0 && function.options[i].choice != NULL && function.options[i].choice((size_t)option) == NULL)
            return "an option is no word of its table";
        if (option >= 0 && function.options[i].choice == NULL && (option >= index || !is_scalar(graph, option)))
            return "an option is no scalar that comes before its user";
    }
    return NULL;
}

static const char *wrong_operands(const struct graph *graph, int index)
{
    const struct graph_node *node = &graph->nodes[index];
    int operands[] = {node->a, node->b, node->c};
    int signals = signal_operands(node->kind), all = signals + scalar_operands(node->kind);
    bool truths = node->kind == GRAPH_AND || node->kind == GRAPH_OR || node->kind == GRAPH_NOT;
    for (int i = 0; i < 3; i++) {
        if (i >= all && operands[i] != -1)
            return "there is an operand too many";
        if (i >= all)
            continue;
        if (operands[i] < 0 || operands[i] >= index)
            return "an operand does not come before its user";
        if (i < signals ? !graph_is_signal(graph->nodes[operands[i]].kind)
            : truths    ? !graph_is_truth(graph->nodes[operands[i]].kind)
                        : !is_scalar(graph, operands[i]))
            return "an operand has the wrong type";
    }
    return wrong_options(graph, index);
}

/* Rows are a memory's through everything but attention, whose are the queries'. */
static const char *wrong_rows(const struct graph *graph, int index)
{
    const struct graph_node *node = &graph->nodes[index];
    if (!graph_is_signal(node->kind) || node->kind == GRAPH_ONES)
        return NULL;
    if (node->kind == GRAPH_INPUT)
        return node->memory == graph->inputs[node->index].memory ? NULL : "an input has the wrong rows";
    if (node->memory != graph->nodes[node->a].memory)
        return "a signal's rows are not those of its operand";
    if (node->kind == GRAPH_ATTEND)
        return graph->nodes[node->b].memory == graph->nodes[node->c].memory ? NULL : "keys and values differ in rows";
    bool pair = node->kind == GRAPH_SUM || node->kind == GRAPH_PRODUCT || node->kind == GRAPH_JOIN;
    return !pair || node->memory == graph->nodes[node->b].memory ? NULL : "signals of different rows meet";
}

/* A mixture's nodes read nothing that is not of it but its rows and scalars, and nothing else reads them. */
static const char *wrong_mixture(const struct graph *graph, int index)
{
    const struct graph_node *node = &graph->nodes[index];
    int operands[] = {node->a, node->b, node->c};
    for (int i = 0; graph_is_signal(node->kind) && i < signal_operands(node->kind); i++) {
        int of = graph->nodes[operands[i]].mixture;
        bool enters = node->kind == GRAPH_EXPERT && of == -1, leaves = node->kind == GRAPH_MOE && i == 1;
        if (leaves ? of < 0 || of >= graph->mixture_count : of != node->mixture && !enters)
            return "a mixture's body is not closed";
    }
    return NULL;
}

static const char *wrong_matrices(const struct graph *graph)
{
    int matrices = 0;
    for (int n = 0; n < graph->node_count; n++) {
        enum graph_kind kind = graph->nodes[n].kind;
        if (kind != GRAPH_MAP && kind != GRAPH_MOE)
            continue;
        if (matrices == graph->matrix_count || graph->nodes[n].index != matrices || graph->matrices[matrices].node != n)
            return "matrices and maps do not match";
        matrices++;
    }
    if (matrices != graph->matrix_count)
        return "there are more matrices than maps";
    for (int m = 0; m < matrices; m++) {
        const struct graph_matrix *matrix = &graph->matrices[m];
        if (matrix->site < 0 || matrix->site >= graph->site_count || graph->nodes[matrix->node].site != matrix->site)
            return "a matrix has no site";
        for (int i = 0; i < m; i++)
            if (strcmp(graph->matrices[i].label, matrix->label) == 0 ||
                (!matrix->shared && !graph->matrices[i].shared && graph->matrices[i].site == matrix->site &&
                 graph->matrices[i].matrix == matrix->matrix && graph->matrices[i].expert == matrix->expert))
                return "two matrices have one label or address";
    }
    return NULL;
}

static const char *wrong_sites(const struct graph *graph)
{
    for (int s = 0; s < graph->site_count; s++) {
        const struct graph_site *site = &graph->sites[s];
        if ((site->output < 0) != (site->name[0] == '\0'))
            return "a site without a name has an output";
        if (site->output >= 0 && (site->output >= graph->node_count || site->added < site->output))
            return "a branch is added before it is put out";
        for (int i = 0; i < s; i++)
            if (strcmp(graph->sites[i].name, site->name) == 0)
                return "two sites have one name";
    }
    return NULL;
}

const char *formula_trip_invariant(const struct graph *graph)
{
    if (graph->node_count > GRAPH_NODES_MAX || graph->statement_count > GRAPH_STATEMENTS_MAX)
        return "more nodes or statements than allowed";
    for (int i = 0; i < graph->node_count; i++) {
        const struct graph_node *node = &graph->nodes[i];
        const char *wrong = wrong_operands(graph, i);
        if (wrong == NULL)
            wrong = wrong_rows(graph, i);
        if (wrong == NULL)
            wrong = wrong_mixture(graph, i);
        if (wrong != NULL)
            return wrong;
        if (node->kind == GRAPH_NUMBER && !isfinite(node->value))
            return "a number is not finite";
        if (node->line < 1 || node->column < 1)
            return "a node has no place in the text";
        if (node->kind == GRAPH_INPUT && graph_input_node(graph, node->index) != i)
            return "an input stands twice";
    }
    const char *wrong = wrong_matrices(graph);
    return wrong != NULL ? wrong : wrong_sites(graph);
}

static bool same_node(const struct graph_node *a, const struct graph_node *b)
{
    return a->kind == b->kind && a->a == b->a && a->b == b->b && a->c == b->c && a->index == b->index &&
           a->site == b->site && a->mixture == b->mixture && a->memory == b->memory &&
           memcmp(&a->value, &b->value, sizeof a->value) == 0 && memcmp(a->option, b->option, sizeof a->option) == 0;
}

static bool same_matrix(const struct graph_matrix *a, const struct graph_matrix *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->label, b->label) == 0 && a->site == b->site &&
           a->node == b->node && a->place == b->place && a->matrix == b->matrix && a->expert == b->expert &&
           a->shared == b->shared;
}

static bool same_site(const struct graph_site *a, const struct graph_site *b)
{
    return strcmp(a->name, b->name) == 0 && a->input == b->input && a->output == b->output && a->added == b->added &&
           a->attends == b->attends;
}

static const char *graph_difference(const struct graph *a, const struct graph *b)
{
    if (a->node_count != b->node_count || a->statement_count != b->statement_count || a->site_count != b->site_count ||
        a->matrix_count != b->matrix_count || a->call_count != b->call_count || a->input_count != b->input_count ||
        a->state_count != b->state_count)
        return "the counts differ";
    for (int i = 0; i < a->node_count; i++)
        if (!same_node(&a->nodes[i], &b->nodes[i]))
            return "a node differs";
    for (int i = 0; i < a->statement_count; i++)
        if (strcmp(a->statements[i].name, b->statements[i].name) != 0 || a->statements[i].node != b->statements[i].node)
            return "a statement differs";
    for (int i = 0; i < a->site_count; i++)
        if (!same_site(&a->sites[i], &b->sites[i]))
            return "a site differs";
    for (int i = 0; i < a->matrix_count; i++)
        if (!same_matrix(&a->matrices[i], &b->matrices[i]))
            return "a matrix differs";
    return memcmp(a->outputs, b->outputs, sizeof a->outputs) == 0 ? NULL : "an output differs";
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
    for (int i = 0; i < (signal ? graph->state_count : 1); i++) {
        int output = graph->outputs[i];
        if (output < 0 || output >= graph->node_count)
            return "the output is no node";
        enum graph_kind kind = graph->nodes[output].kind;
        if (signal ? !graph_is_signal(kind) || graph->nodes[output].memory : !graph_is_truth(kind))
            return "the output is no node of the right type";
    }
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
