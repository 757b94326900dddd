#include "sim/block.h"

#include <string.h>

/* What a signal node keeps: its tensor, and behind it the norm's scales or the branch's tape. */
struct node_tape {
    const double *signal; // [T][d]; the block's x for the input node
    double *own;          /* the same where this node has written it, else NULL */
    struct arena extra;
};

static size_t signal_entries(const struct model *model)
{
    return memory_multiply((size_t)model_rows(model), (size_t)model->width);
}

static size_t extra_entries(const struct model *model, const struct linear_engine *engine, enum graph_kind kind)
{
    if (graph_is_branch(kind))
        return branch_of(kind)->cost(model, engine).tape;
    return kind == GRAPH_NORM ? (size_t)model_rows(model) : 0;
}

struct linear_cost block_cost(const struct model *model, const struct linear_engine *engine, const struct graph *graph)
{
    struct linear_cost cost = {0};
    size_t signal = arena_cost(signal_entries(model)), gradients = 0;
    for (int n = 0; n < graph->node_count; n++) {
        enum graph_kind kind = graph->nodes[n].kind;
        if (!graph_is_signal(kind) || kind == GRAPH_INPUT)
            continue;
        struct linear_cost own = {.tape = signal, .flops = 4 * (double)signal, .forward_flops = 2 * (double)signal};
        if (kind == GRAPH_NORM)
            own.tape = memory_add(own.tape, arena_cost((size_t)model_rows(model)));
        cost = linear_cost_add(cost, own);
        if (graph_is_branch(kind))
            cost = linear_cost_add(cost, branch_of(kind)->cost(model, engine));
        gradients = memory_add(gradients, signal);
    }
    cost.work = memory_add(cost.work, gradients);
    return cost;
}

/* The same layout forward and backward. */
static struct node_tape node_layout(const struct block_run *run, const struct graph_node *node, const double *x,
                                    struct arena *tape)
{
    if (node->kind == GRAPH_INPUT)
        return (struct node_tape){.signal = x};
    struct node_tape t = {.own = arena_take(tape, signal_entries(run->model))};
    t.signal = t.own;
    size_t entries = extra_entries(run->model, run->engine, node->kind);
    t.extra = (struct arena){arena_take(tape, entries), arena_cost(entries), 0};
    return t;
}

static struct branch_site site_of(const struct block_run *run, const struct block *block, const struct graph_node *node)
{
    return (struct branch_site){
        run->model,
        run->engine,
        block->sd,
        {.seed = run->seed, .sample = run->sample, .block = block->number, .site = (uint32_t)node->site}};
}

static double mean_square(size_t count, const double *x)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum / (double)count;
}

const double *block_forward(const struct block_run *run, const struct block *block, const double *x, struct arena tape,
                            struct arena work, double ratios[], struct branch_report reports[])
{
    const struct graph *graph = block->graph;
    const struct model *model = run->model;
    size_t count = signal_entries(model);
    struct node_tape nodes[graph->node_count];
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        nodes[n] = node_layout(run, node, x, &tape);
        double *out = nodes[n].own;
        const double *a = node->a >= 0 ? nodes[node->a].signal : NULL;
        if (node->kind == GRAPH_SUM) {
            const double *b = nodes[node->b].signal;
            for (size_t i = 0; i < count; i++)
                out[i] = a[i] + b[i];
        } else if (node->kind == GRAPH_SCALE) {
            for (size_t i = 0; i < count; i++)
                out[i] = block->scalars[node->b] * a[i];
        } else if (node->kind == GRAPH_NORM) {
            model->norm->forward(model_rows(model), model->width, model->eps, a, out, nodes[n].extra.base);
        } else if (graph_is_branch(node->kind)) {
            struct branch_site site = site_of(run, block, node);
            reports[node->site] = (struct branch_report){0};
            branch_of(node->kind)->forward(&site, a, out, nodes[n].extra, work, &reports[node->site]);
            ratios[node->site] = mean_square(count, out);
        }
    }
    return nodes[graph->output].signal;
}

/* A node's cotangent on its way: who arrives first writes it, the others add. */
struct node_gradient {
    double *sum; // [T][d]
    bool arrived;
};

static void arrive(struct node_gradient *gradient, size_t count, double scale, const double *dy)
{
    if (gradient->arrived)
        for (size_t i = 0; i < count; i++)
            gradient->sum[i] += scale * dy[i];
    else
        for (size_t i = 0; i < count; i++)
            gradient->sum[i] = scale * dy[i];
    gradient->arrived = true;
}

void block_backward(const struct block_run *run, const struct block *block, const double *x, const double *dy,
                    double *dx, struct arena tape, struct arena work, struct branch_report reports[])
{
    const struct graph *graph = block->graph;
    const struct model *model = run->model;
    size_t count = signal_entries(model);
    struct node_tape nodes[graph->node_count];
    struct node_gradient gradients[graph->node_count];
    struct node_gradient *input = NULL;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        nodes[n] = node_layout(run, node, x, &tape);
        gradients[n] = (struct node_gradient){node->kind == GRAPH_INPUT ? dx : arena_take(&work, count), false};
        if (node->kind == GRAPH_INPUT)
            input = &gradients[n];
    }
    arrive(&gradients[graph->output], count, 1, dy);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind) || node->kind == GRAPH_INPUT || !gradients[n].arrived)
            continue;
        struct node_gradient *a = &gradients[node->a];
        const double *g = gradients[n].sum;
        if (node->kind == GRAPH_SUM) {
            arrive(a, count, 1, g);
            arrive(&gradients[node->b], count, 1, g);
        } else if (node->kind == GRAPH_SCALE) {
            arrive(a, count, block->scalars[node->b], g);
        } else if (node->kind == GRAPH_NORM) {
            model->norm->backward(model_rows(model), model->width, nodes[n].signal, nodes[n].extra.base, g, a->arrived,
                                  a->sum);
        } else {
            struct branch_site site = site_of(run, block, node);
            branch_of(node->kind)
                ->backward(&site, nodes[node->a].signal, nodes[n].signal, g, a->arrived, a->sum, nodes[n].extra, work,
                           &reports[node->site]);
        }
        a->arrived = true;
    }
    if (!input || !input->arrived)
        memset(dx, 0, count * sizeof *dx);
}
