#include "analysis/limit/flow.h"

#include <math.h>
#include <string.h>

#include "sim/norm.h"

static int components(const struct graph *graph)
{
    return graph->site_count + 1;
}

/* Coefficients of every node: [node][component][row]. */
static size_t coefficients(struct gram_space space, const struct graph *graph)
{
    size_t node = memory_multiply((size_t)components(graph), (size_t)gram_rows(space));
    return memory_multiply((size_t)graph->node_count, node);
}

static size_t rule_work(const struct model *model, const struct graph *graph)
{
    size_t most = 0;
    for (int s = 0; s < graph->site_count; s++) {
        size_t own = rule_of(graph->nodes[graph->sites[s].node].kind)->work(model);
        most = own > most ? own : most;
    }
    return most;
}

size_t flow_work(const struct model *model, struct gram_space space, const struct graph *graph)
{
    size_t node_scales = memory_multiply((size_t)graph->node_count, (size_t)gram_rows(space));
    size_t grams = memory_multiply((size_t)graph->site_count + 4, arena_cost(gram_size(space)));
    size_t arrays = memory_add(memory_multiply(2, arena_cost(coefficients(space, graph))), arena_cost(node_scales));
    return memory_add(memory_add(arrays, grams), rule_work(model, graph));
}

/* What both passes read a block with. */
struct flow {
    const struct flow_run *run;
    const struct block *block;
    double *coefficient; // [node][component][row]
    double *scale;       // [node][row], of the norms
    double *gram;        // [gram_size], scratch
};

static double *of_node(const struct flow *flow, double *coefficients, int node)
{
    return coefficients + (size_t)node * (size_t)components(flow->block->graph) * (size_t)gram_rows(flow->run->space);
}

static double *of_component(const struct flow *flow, double *node, int component)
{
    return node + (size_t)component * (size_t)gram_rows(flow->run->space);
}

/* out = Gram of the signal with these coefficients; `first` is component 0's Gram, fresh[s] that of 1 + s. Components
 * that have not come about yet have coefficient 0. */
static void signal_gram(const struct flow *flow, double *node, const double *first, const double *fresh, double *out)
{
    struct gram_space space = flow->run->space;
    size_t size = gram_size(space), rows = (size_t)gram_rows(space);
    memset(out, 0, size * sizeof *out);
    gram_add_outer(space, node, first, out);
    for (int b = 1; b < components(flow->block->graph); b++) {
        const double *c = of_component(flow, node, b);
        bool present = false;
        for (size_t t = 0; t < rows; t++)
            present |= c[t] != 0;
        if (present)
            gram_add_outer(space, c, fresh + (size_t)(b - 1) * size, out);
    }
}

static void combine(size_t count, double factor, const double *a, double *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] += factor * a[i];
}

static void multiply_rows(const struct flow *flow, const double *scale, const double *a, double *out)
{
    size_t rows = (size_t)gram_rows(flow->run->space);
    for (int b = 0; b < components(flow->block->graph); b++)
        for (size_t t = 0; t < rows; t++)
            out[(size_t)b * rows + t] += scale[t] * a[(size_t)b * rows + t];
}

static void set_ones(const struct flow *flow, double *node, int component)
{
    double *c = of_component(flow, node, component);
    for (int t = 0; t < gram_rows(flow->run->space); t++)
        c[t] = 1;
}

static struct rule_site site_of(const struct flow *flow, const struct graph_node *node)
{
    const struct flow_run *run = flow->run;
    return (struct rule_site){
        .model = run->model,
        .space = run->space,
        .sd = flow->block->sd,
        .address = {run->seed, run->replica, flow->block->number, (uint32_t)node->site, 0, 0, STREAM_REPLICA},
        .heads = run->heads,
        .drawn = run->drawn,
    };
}

/* Coefficients of all nodes, forward. Branches' outputs are computed where reports is not NULL, else they are those of
 * the forward pass. */
static void read_forward(const struct flow *flow, const double *in, double *outputs, struct arena work,
                         struct rule_report reports[])
{
    const struct graph *graph = flow->block->graph;
    struct gram_space space = flow->run->space;
    size_t rows = (size_t)gram_rows(space), count = (size_t)components(graph) * rows, size = gram_size(space);
    memset(flow->coefficient, 0, coefficients(space, graph) * sizeof *flow->coefficient);
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        double *own = of_node(flow, flow->coefficient, n);
        double *a = node->a >= 0 ? of_node(flow, flow->coefficient, node->a) : NULL;
        if (node->kind == GRAPH_INPUT) {
            set_ones(flow, own, 0);
        } else if (node->kind == GRAPH_SUM) {
            combine(count, 1, a, own);
            combine(count, 1, of_node(flow, flow->coefficient, node->b), own);
        } else if (node->kind == GRAPH_SCALE) {
            combine(count, flow->block->scalars[node->b], a, own);
        } else if (node->kind == GRAPH_NORM) {
            double *scale = flow->scale + (size_t)n * rows;
            signal_gram(flow, a, in, outputs, flow->gram);
            for (size_t t = 0; t < rows; t++)
                scale[t] = 1 / sqrt(gram_diagonal(space, flow->gram, (int)t) + flow->run->model->eps);
            multiply_rows(flow, scale, a, own);
        } else {
            set_ones(flow, own, node->site + 1);
            if (!reports)
                continue;
            struct rule_site site = site_of(flow, node);
            reports[node->site] = (struct rule_report){0};
            signal_gram(flow, a, in, outputs, flow->gram);
            rule_of(node->kind)
                ->forward(&site, flow->gram, outputs + (size_t)node->site * size, work, &reports[node->site]);
        }
    }
}

static struct flow open(const struct flow_run *run, const struct block *block, struct arena *work)
{
    size_t rows = (size_t)gram_rows(run->space);
    return (struct flow){run, block, arena_take(work, coefficients(run->space, block->graph)),
                         arena_take(work, (size_t)block->graph->node_count * rows),
                         arena_take(work, gram_size(run->space))};
}

double flow_forward(const struct flow_run *run, const struct block *block, const double *in, double *out,
                    double *outputs, struct arena work, struct rule_report reports[])
{
    struct flow flow = open(run, block, &work);
    read_forward(&flow, in, outputs, work, reports);
    double *node = of_node(&flow, flow.coefficient, block->graph->output);
    signal_gram(&flow, node, in, outputs, out);
    return gram_weighted_trace(run->space, node, in);
}

/* The gradients' coefficients, from the output down; dx reads those of the block's input. */
void flow_backward(const struct flow_run *run, const struct block *block, const double *in, double *outputs,
                   const double *dy, double *dx, struct arena work, struct rule_report reports[])
{
    const struct graph *graph = block->graph;
    struct gram_space space = run->space;
    struct flow flow = open(run, block, &work);
    size_t rows = (size_t)gram_rows(space), count = (size_t)components(graph) * rows, size = gram_size(space);
    double *gradients = arena_take(&work, coefficients(space, graph)), *at_output = arena_take(&work, size);
    double *fresh = arena_take(&work, (size_t)graph->site_count * size);
    read_forward(&flow, in, outputs, work, NULL);
    memset(gradients, 0, coefficients(space, graph) * sizeof *gradients);
    memset(dx, 0, size * sizeof *dx);
    set_ones(&flow, of_node(&flow, gradients, graph->output), 0);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        double *own = of_node(&flow, gradients, n), *a = node->a >= 0 ? of_node(&flow, gradients, node->a) : NULL;
        if (node->kind == GRAPH_INPUT) {
            signal_gram(&flow, own, dy, fresh, dx);
        } else if (node->kind == GRAPH_SUM) {
            combine(count, 1, own, a);
            combine(count, 1, own, of_node(&flow, gradients, node->b));
        } else if (node->kind == GRAPH_SCALE) {
            combine(count, block->scalars[node->b], own, a);
        } else if (node->kind == GRAPH_NORM) {
            multiply_rows(&flow, flow.scale + (size_t)n * rows, own, a);
        } else {
            struct rule_site site = site_of(&flow, node);
            signal_gram(&flow, own, dy, fresh, at_output);
            signal_gram(&flow, of_node(&flow, flow.coefficient, node->a), in, outputs, flow.gram);
            reports[node->site] = (struct rule_report){0};
            rule_of(node->kind)
                ->backward(&site, flow.gram, at_output, fresh + (size_t)node->site * size, work, &reports[node->site]);
            set_ones(&flow, a, node->site + 1);
        }
    }
}
