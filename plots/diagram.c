#include "plots/diagram.h"

#include <stdlib.h>
#include <string.h>

#include "sim/function.h"
#include "sim/prelude.h"
#include "sim/print.h"
#include "sim/text.h"

const char *const diagram_kinds[DIAGRAM_KINDS] = {"input", "output", "operator", "norm", "attention", "branch", "call"};

enum { SCALAR_MOST = 24 /* nodes of a scalar that is written out */ };

/* One section on its way to boxes. */
struct drawer {
    const struct formula *formula;
    const struct graph *graph;
    bool expands;
    int *box; // [node_count], of the nodes that are drawn, else -1
    struct diagram_section *section;
};

/* ---- what a node is made from ---- */

static const struct graph_call *call_of(const struct drawer *drawer, int node)
{
    for (int i = 0; i < drawer->graph->call_count && !drawer->expands; i++)
        if (drawer->graph->calls[i].output == node)
            return &drawer->graph->calls[i];
    return NULL;
}

static bool is_signal(const struct graph *graph, int node)
{
    return node >= 0 && graph_is_signal(graph->nodes[node].kind);
}

/* b where the node is a - b, else -1: a sum whose second part is a scale by -1. */
static int subtracted(const struct graph *graph, const struct graph_node *node)
{
    if (node->kind != GRAPH_SUM)
        return -1;
    const struct graph_node *scale = &graph->nodes[node->b];
    bool opposite = scale->kind == GRAPH_SCALE && graph->nodes[scale->b].kind == GRAPH_NUMBER &&
                    graph->nodes[scale->b].value == -1;
    return opposite ? scale->a : -1;
}

/* The signals that a node is drawn from: of a call its arguments, else its operands. */
static int find_operands(const struct drawer *drawer, int n, int operands[DIAGRAM_OPERANDS])
{
    const struct graph *graph = drawer->graph;
    const struct graph_node *node = &graph->nodes[n];
    const struct graph_call *call = call_of(drawer, n);
    int count = 0;
    if (call) {
        for (int i = 0; i < call->argument_count && count < DIAGRAM_OPERANDS; i++) {
            int argument = graph->arguments[call->first_argument + i].node;
            if (is_signal(graph, argument))
                operands[count++] = argument;
        }
        return count;
    }
    int other = subtracted(graph, node);
    const int own[] = {node->a, other >= 0 ? other : node->b, node->c};
    for (int i = 0; i < 3; i++)
        if (is_signal(graph, own[i]))
            operands[count++] = own[i];
    return count;
}

/* ---- words ---- */

/* A scalar as its author would write it; one that goes on and on by its name, or as a mark where it has none. */
static void print_scalar_briefly(struct text *text, const struct graph *graph, int node, bool factor)
{
    const char *name = "...";
    for (int i = 0; i < graph->statement_count; i++)
        if (graph->statements[i].node == node)
            name = graph->statements[i].name;
    if (print_size(graph, node, SCALAR_MOST) > SCALAR_MOST)
        text_print(text, "%s", name);
    else
        text->length += print_scalar(graph, node, factor, text_end(text), text_room(text));
}

static void print_argument(struct text *text, const struct graph *graph, const struct graph_argument *argument)
{
    text_print(text, "%s%s%s%s", text->length > 0 ? ", " : "", argument->key, *argument->key ? "=" : "",
               argument->word);
    if (argument->node >= 0)
        print_scalar_briefly(text, graph, argument->node, false);
}

/* What is said of a call beside its signals: "heads=4, mask=causal". */
static void describe_call(const struct drawer *drawer, const struct graph_call *call, struct diagram_box *box)
{
    const struct graph *graph = drawer->graph;
    struct text detail = {box->detail, sizeof box->detail, 0};
    snprintf(box->word, sizeof box->word, "%s", call->function);
    for (int i = 0; i < graph->site_count; i++)
        if (graph->sites[i].output == call->output && *graph->sites[i].name)
            snprintf(box->word, sizeof box->word, "%s", graph->sites[i].name);
    for (int i = 0; i < call->argument_count; i++) {
        const struct graph_argument *argument = &graph->arguments[call->first_argument + i];
        if (!is_signal(graph, argument->node))
            print_argument(&detail, graph, argument);
    }
}

/* The same of a node within a definition, by its options. */
static void describe_options(const struct drawer *drawer, const struct graph_node *node,
                             const struct function *function, struct diagram_box *box)
{
    struct text detail = {box->detail, sizeof box->detail, 0};
    for (int i = 0; i < function->option_count; i++) {
        int given = node->option[i];
        if (given < 0)
            continue;
        text_print(&detail, "%s%s=", detail.length > 0 ? ", " : "", function->options[i].name);
        if (function->options[i].choice)
            text_print(&detail, "%s", function->options[i].choice((size_t)given));
        else
            print_scalar_briefly(&detail, drawer->graph, given, false);
    }
}

/* A division is a scale by 1/s. */
static void describe_scale(const struct drawer *drawer, const struct graph_node *node, struct diagram_box *box)
{
    const struct graph *graph = drawer->graph;
    const struct graph_node *factor = &graph->nodes[node->b];
    struct text detail = {box->detail, sizeof box->detail, 0};
    bool divides = factor->kind == GRAPH_DIVIDE && graph->nodes[factor->a].kind == GRAPH_NUMBER &&
                   graph->nodes[factor->a].value == 1;
    snprintf(box->word, sizeof box->word, "%s", divides ? "/" : "*");
    print_scalar_briefly(&detail, graph, divides ? factor->b : node->b, true);
}

static void describe_node(const struct drawer *drawer, const struct graph_node *node, struct diagram_box *box)
{
    const struct graph *graph = drawer->graph;
    const char *word = graph_word(node->kind);
    struct function function;
    if (node->kind == GRAPH_INPUT)
        word = graph->inputs[node->index].name;
    else if (node->kind == GRAPH_MAP)
        word = graph->matrices[node->index].label;
    else if (node->kind == GRAPH_POINTWISE)
        word = function_name(node->index);
    else if (node->kind == GRAPH_EXPERT)
        word = "expert";
    else if (subtracted(graph, node) >= 0)
        word = "-";
    snprintf(box->word, sizeof box->word, "%s", word);
    if (node->kind == GRAPH_SCALE)
        describe_scale(drawer, node, box);
    else if (function_find(word, strlen(word), &function) && function.kind == node->kind)
        describe_options(drawer, node, &function, box);
    else if (node->kind == GRAPH_MAP && function_find("w", 1, &function))
        describe_options(drawer, node, &function, box);
}

/* The name that the author binds the node to last, where it is none of what the block puts out. */
static void find_name(const struct drawer *drawer, int n, struct diagram_box *box)
{
    const struct graph *graph = drawer->graph;
    for (int i = 0; i < graph->statement_count; i++)
        if (graph->statements[i].node == n)
            snprintf(box->name, sizeof box->name, "%s", graph->statements[i].name);
    for (int i = 0; i < graph->state_count; i++)
        if (graph->outputs[i] == n || graph->nodes[n].kind == GRAPH_INPUT)
            box->name[0] = '\0';
}

static const char *definition_of(const struct drawer *drawer, const char *name)
{
    const struct formula_head *head = &drawer->formula->head;
    size_t length = strlen(name);
    for (int i = 0; i < head->definition_count; i++) {
        const char *at = head->definitions[i] + strlen("def");
        at += strspn(at, " \t");
        if (strncmp(at, name, length) == 0 && strchr(" \t(", at[length]))
            return head->definitions[i];
    }
    return NULL;
}

static const char *prelude_summary(const struct drawer *drawer, const char *name)
{
    for (size_t i = 0; i < prelude_count; i++)
        if (strcmp(prelude[i].name, name) == 0 && prelude_applies(&prelude[i], drawer->formula->gated))
            return prelude[i].summary;
    return NULL;
}

/* What it does, in the words of the table that it comes from, or those of its own definition. */
static void summarise(const struct drawer *drawer, const char *function_word, const struct graph_node *node,
                      struct diagram_box *box)
{
    static const char *const plain[GRAPH_KINDS] = {
        [GRAPH_SUM] = "sum of two signals",
        [GRAPH_SCALE] = "each entry by a number",
        [GRAPH_PRODUCT] = "product, entry by entry",
        [GRAPH_INPUT] = "what the block is handed",
        [GRAPH_EXPERT] = "the tokens that one expert is given",
    };
    struct function function;
    const char *summary = definition_of(drawer, function_word);
    if (!summary)
        summary = prelude_summary(drawer, function_word);
    if (!summary)
        summary = plain[node->kind];
    if (!summary && function_find(function_word, strlen(function_word), &function))
        summary = function.summary;
    if (!summary && node->kind == GRAPH_MAP && function_find("w", 1, &function))
        summary = function.summary;
    snprintf(box->summary, sizeof box->summary, "%s", summary ? summary : "");
}

static enum diagram_kind kind_of(const struct drawer *drawer, int n, const struct graph_call *call)
{
    static const enum diagram_kind kinds[GRAPH_KINDS] = {
        [GRAPH_ONES] = DIAGRAM_CALL,      [GRAPH_INPUT] = DIAGRAM_INPUT,      [GRAPH_SUM] = DIAGRAM_OPERATOR,
        [GRAPH_SCALE] = DIAGRAM_OPERATOR, [GRAPH_PRODUCT] = DIAGRAM_OPERATOR, [GRAPH_POINTWISE] = DIAGRAM_CALL,
        [GRAPH_NORM] = DIAGRAM_NORM,      [GRAPH_MAP] = DIAGRAM_BRANCH,       [GRAPH_ATTEND] = DIAGRAM_ATTENTION,
        [GRAPH_JOIN] = DIAGRAM_OPERATOR,  [GRAPH_EXPERT] = DIAGRAM_CALL,      [GRAPH_MOE] = DIAGRAM_BRANCH,
    };
    const struct graph *graph = drawer->graph;
    for (int i = 0; call && i < graph->site_count; i++)
        if (graph->sites[i].output == n)
            return graph->sites[i].attends ? DIAGRAM_ATTENTION : DIAGRAM_BRANCH;
    struct function function;
    bool own = call && !function_find(call->function, strlen(call->function), &function);
    return own ? DIAGRAM_CALL : kinds[graph->nodes[n].kind];
}

/* ---- boxes ---- */

static void add_box(struct drawer *drawer, int n)
{
    const struct graph_node *node = &drawer->graph->nodes[n];
    const struct graph_call *call = call_of(drawer, n);
    struct diagram_box *box = &drawer->section->boxes[drawer->section->box_count];
    int operands[DIAGRAM_OPERANDS];
    box->kind = kind_of(drawer, n, call);
    box->operand_count = find_operands(drawer, n, operands);
    for (int i = 0; i < box->operand_count; i++)
        box->operands[i] = drawer->box[operands[i]];
    if (call)
        describe_call(drawer, call, box);
    else
        describe_node(drawer, node, box);
    find_name(drawer, n, box);
    summarise(drawer, call ? call->function : box->word, node, box);
    drawer->box[n] = drawer->section->box_count++;
}

static void add_output(struct drawer *drawer, int state)
{
    struct diagram_box *box = &drawer->section->boxes[drawer->section->box_count++];
    box->kind = DIAGRAM_OUTPUT;
    box->operand_count = 1;
    box->operands[0] = drawer->box[drawer->graph->outputs[state]];
    snprintf(box->word, sizeof box->word, "%s", drawer->graph->inputs[state].name);
    snprintf(box->summary, sizeof box->summary, "what the block hands on");
}

/* Marks what is drawn: from the outputs down, operands stand before who reads them. */
static void mark_drawn(const struct drawer *drawer)
{
    const struct graph *graph = drawer->graph;
    for (int n = 0; n < graph->node_count; n++)
        drawer->box[n] = -1;
    for (int i = 0; i < graph->state_count; i++)
        drawer->box[graph->outputs[i]] = 0;
    for (int n = graph->node_count - 1; n >= 0; n--) {
        int operands[DIAGRAM_OPERANDS], count = drawer->box[n] < 0 ? 0 : find_operands(drawer, n, operands);
        for (int i = 0; i < count; i++)
            drawer->box[operands[i]] = 0;
    }
}

static int draw_section(struct diagram_section *section, const struct formula *formula, const struct graph *graph,
                        bool expands, struct error *error)
{
    struct drawer drawer = {formula, graph, expands, calloc((size_t)graph->node_count, sizeof(int)), section};
    section->boxes = calloc((size_t)(graph->node_count + graph->state_count), sizeof *section->boxes);
    if (!drawer.box || !section->boxes) {
        free(drawer.box);
        return error_set(error, ERROR_RESOURCE, "out of memory");
    }
    mark_drawn(&drawer);
    for (int n = 0; n < graph->node_count; n++)
        if (drawer.box[n] >= 0)
            add_box(&drawer, n);
    for (int i = 0; i < graph->state_count; i++)
        add_output(&drawer, i);
    free(drawer.box);
    return ERROR_NONE;
}

/* ---- sections ---- */

static void write_title(struct diagram_section *section, const struct formula *formula, const struct graph *graph)
{
    struct text title = {section->title, sizeof section->title, 0};
    const struct graph *condition = NULL;
    for (int i = 0; i < formula->rule_count; i++)
        if (graph == &formula->rules[i].block && formula->rules[i].condition.node_count > 0)
            condition = &formula->rules[i].condition;
    if (graph == &formula->first)
        text_print(&title, "first block");
    else if (graph == &formula->last)
        text_print(&title, "behind the last block");
    else
        text_print(&title, "%s", condition ? "block if " : formula->rule_count > 1 ? "other blocks" : "block");
    if (condition)
        print_graph(condition, "", text_end(&title), text_room(&title));
}

int diagram_init(struct diagram *diagram, const struct formula *formula, bool expands, struct error *error)
{
    int count = 0, code = ERROR_NONE;
    const struct graph *graph;
    while (formula_section(formula, count))
        count++;
    *diagram = (struct diagram){.sections = calloc((size_t)count, sizeof *diagram->sections)};
    if (!diagram->sections)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; code == ERROR_NONE && (graph = formula_section(formula, i)); i++) {
        struct diagram_section *section = &diagram->sections[diagram->section_count++];
        if (count > 1)
            write_title(section, formula, graph);
        code = draw_section(section, formula, graph, expands, error);
    }
    if (code != ERROR_NONE)
        diagram_free(diagram);
    return code;
}

void diagram_free(struct diagram *diagram)
{
    for (int i = 0; i < diagram->section_count; i++)
        free(diagram->sections[i].boxes);
    free(diagram->sections);
    *diagram = (struct diagram){0};
}
