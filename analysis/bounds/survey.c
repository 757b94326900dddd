#include "analysis/bounds/survey.h"

#include <stdlib.h>
#include <string.h>

enum { BITS = 64 };

static size_t words_of(int nodes)
{
    return (size_t)(nodes + 1 + GRAPH_INPUTS_MAX) / BITS + 1;
}

bool survey_init(struct survey *self, int nodes)
{
    size_t count = (size_t)nodes + 1, all = count + 1 + GRAPH_INPUTS_MAX;
    *self = (struct survey){0};
    self->component = calloc(count, sizeof *self->component);
    self->node = calloc(all, sizeof *self->node);
    self->alone = calloc(count, sizeof *self->alone);
    self->swayed = calloc(count, sizeof *self->swayed);
    self->bases = calloc(count * words_of(nodes), sizeof *self->bases);
    self->readers = calloc(count, sizeof *self->readers);
    return self->component && self->node && self->alone && self->swayed && self->bases && self->readers;
}

void survey_free(struct survey *self)
{
    free(self->component);
    free(self->node);
    free(self->alone);
    free(self->swayed);
    free(self->bases);
    free(self->readers);
    *self = (struct survey){0};
}

static uint64_t *base_of(const struct survey *self, int node)
{
    return self->bases + (size_t)node * (size_t)self->words;
}

static void include(const struct survey *self, int node, int component)
{
    base_of(self, node)[component / BITS] |= (uint64_t)1 << (component % BITS);
}

static void include_base(const struct survey *self, int node, int operand)
{
    for (int w = 0; operand >= 0 && w < self->words; w++)
        base_of(self, node)[w] |= base_of(self, operand)[w];
}

bool survey_has(const struct survey *self, int node, int component)
{
    return base_of(self, node)[component / BITS] >> (component % BITS) & 1;
}

bool survey_related(const struct survey *self, int a, int b)
{
    bool meet = false;
    for (int w = 0; w < self->words; w++)
        meet |= (base_of(self, a)[w] & base_of(self, b)[w]) != 0;
    return meet;
}

/* All inputs count as one, component 1: states depend on each other. */
bool survey_components_related(const struct survey *self, int a, int b)
{
    int first = self->node[a], second = self->node[b];
    if (a == 0 || b == 0)
        return false;
    if (first >= 0 && second >= 0)
        return survey_related(self, first, second);
    return first < 0 && second < 0 ? true : survey_has(self, first >= 0 ? first : second, 1);
}

/* A norm of groups makes something new where the heads of what it reads differ in size. */
static bool makes_component(const struct survey *self, int n)
{
    switch (self->graph->nodes[n].kind) {
    case GRAPH_MAP:
    case GRAPH_ATTEND:
    case GRAPH_POINTWISE:
    case GRAPH_PRODUCT:
    case GRAPH_JOIN:
    case GRAPH_MOE:
        return true;
    case GRAPH_NORM:
        return self->plan->nodes[n].norm.groups > 1;
    default:
        return false;
    }
}

/* Signals that a node reads; its other operands are scalars. */
static int operands_of(const struct graph_node *node, int operands[3])
{
    const int all[3] = {node->a, node->b, node->c};
    int count = node->kind == GRAPH_INPUT || node->kind == GRAPH_ONES ? 0
                : node->kind == GRAPH_ATTEND                          ? 3
                : node->kind == GRAPH_SUM || node->kind == GRAPH_PRODUCT || node->kind == GRAPH_JOIN ||
                        node->kind == GRAPH_MOE
                    ? 2
                    : 1;
    memcpy(operands, all, sizeof all);
    return count;
}

static void survey_base(struct survey *self, int n)
{
    const struct graph_node *node = &self->graph->nodes[n];
    int operands[3], count = operands_of(node, operands);
    if (node->kind == GRAPH_INPUT)
        include(self, n, 1);
    if (self->component[n] >= 0)
        include(self, n, self->component[n]);
    for (int i = node->kind == GRAPH_MOE ? 1 : 0; i < count && node->kind != GRAPH_MAP; i++)
        include_base(self, n, operands[i]);
}

static void survey_alone(struct survey *self, int n)
{
    const struct graph_node *node = &self->graph->nodes[n];
    bool alone = self->readers[n] == 1;
    switch (node->kind) {
    case GRAPH_MAP:
        break;
    case GRAPH_ATTEND:
        alone &= self->alone[node->c];
        break;
    case GRAPH_SUM:
    case GRAPH_PRODUCT:
        alone &= self->alone[node->a] && self->alone[node->b];
        break;
    case GRAPH_SCALE:
    case GRAPH_NORM:
    case GRAPH_POINTWISE:
        alone &= self->alone[node->a];
        break;
    default:
        alone = false;
    }
    self->alone[n] = alone;
}

static void sway(struct survey *self, int signal)
{
    for (int n = 0; n < self->graph->node_count; n++)
        if (self->component[n] >= 0 && survey_has(self, signal, self->component[n]))
            self->swayed[n] = true;
    self->entangled |= survey_has(self, signal, 1);
}

static void survey_products(struct survey *self)
{
    for (int n = 0; n < self->graph->node_count; n++) {
        const struct graph_node *node = &self->graph->nodes[n];
        if (node->kind != GRAPH_PRODUCT || !survey_related(self, node->a, node->b))
            continue;
        sway(self, node->a);
        sway(self, node->b);
    }
}

static void count_readers(struct survey *self)
{
    const struct graph *graph = self->graph;
    memset(self->readers, 0, (size_t)graph->node_count * sizeof *self->readers);
    for (int n = 0; n < graph->node_count; n++) {
        int operands[3];
        if (!graph_is_signal(graph->nodes[n].kind))
            continue;
        for (int i = operands_of(&graph->nodes[n], operands) - 1; i >= 0; i--)
            self->readers[operands[i]]++;
    }
    for (int s = 0; s < graph->state_count; s++)
        self->readers[graph->outputs[s]]++;
}

void survey_block(struct survey *self, const struct block *block, bool entangled)
{
    const struct graph *graph = self->graph = block->graph;
    self->plan = block->plan;
    self->components = 1 + graph->input_count;
    self->entangled = false;
    for (int i = 0; i < self->components; i++)
        self->node[i] = -1;
    for (int n = 0; n < graph->node_count; n++) {
        bool makes = makes_component(self, n);
        self->component[n] = makes ? self->components : -1;
        if (makes)
            self->node[self->components++] = n;
    }
    self->words = self->components / BITS + 1;
    memset(self->bases, 0, (size_t)graph->node_count * (size_t)self->words * sizeof *self->bases);
    memset(self->swayed, 0, (size_t)graph->node_count * sizeof *self->swayed);
    count_readers(self);
    for (int n = 0; n < graph->node_count; n++) {
        if (!graph_is_signal(graph->nodes[n].kind))
            continue;
        survey_base(self, n);
        survey_alone(self, n);
    }
    survey_products(self);
    for (int s = 0; entangled && s < graph->state_count; s++)
        sway(self, graph->outputs[s]);
}
