#include "sim/block.h"

#include <string.h>

#include "sim/elementwise.h"
#include "sim/maps.h"

int pass_rows(const struct pass *pass, int n)
{
    return pass->mixture >= 0 ? pass->rows : pass->plan->nodes[n].rows;
}

size_t pass_entries(const struct pass *pass, int n)
{
    return memory_multiply((size_t)pass_rows(pass, n), (size_t)pass->plan->nodes[n].width);
}

void pass_arrive(struct pass *pass, int n, double scale, const real *dy)
{
    struct pass_node *node = &pass->nodes[n];
    size_t count = pass_entries(pass, n);
    real *sum = node->gradient, factor = (real)scale;
    if (node->arrived)
        for (size_t i = 0; i < count; i++)
            sum[i] += factor * dy[i];
    else
        for (size_t i = 0; i < count; i++)
            sum[i] = factor * dy[i];
    node->arrived = true;
}

/* ---- norms: of rows, or of groups of their columns, which are rows of a narrower signal ---- */

static size_t norm_extra(const struct pass *pass, int n)
{
    return memory_multiply((size_t)pass_rows(pass, n), (size_t)pass->plan->nodes[n].norm.groups);
}

static void norm_forward(struct pass *pass, int n)
{
    const struct plan_node *plan = &pass->plan->nodes[n];
    int groups = plan->norm.groups;
    REAL_ROW(norms, plan->norm.norm)
        ->forward(pass_rows(pass, n) * groups, plan->width / groups, plan->norm.eps,
                  pass_signal(pass, pass->graph->nodes[n].a), pass->nodes[n].own, pass->nodes[n].extra.base);
}

static void norm_backward(struct pass *pass, int n)
{
    const struct plan_node *plan = &pass->plan->nodes[n];
    const struct pass_node *node = &pass->nodes[n];
    struct pass_node *to = &pass->nodes[pass->graph->nodes[n].a];
    int groups = plan->norm.groups;
    REAL_ROW(norms, plan->norm.norm)
        ->backward(pass_rows(pass, n) * groups, plan->width / groups, node->signal, node->extra.base, node->gradient,
                   to->arrived, to->gradient);
    to->arrived = true;
}

/* ---- attention ---- */

static const struct attention *attention_of(const struct pass *pass, int n)
{
    return &pass->plan->nodes[n].attend;
}

static size_t attend_extra(const struct pass *pass, int n)
{
    return attention_entries(attention_of(pass, n));
}

static struct linear_cost attend_cost(const struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const struct attention *attend = attention_of(pass, n);
    size_t operands = memory_add(
        arena_cost(pass_entries(pass, node->a)),
        memory_add(arena_cost(pass_entries(pass, node->b)), arena_cost(pass_entries(pass, node->c))));
    double product = (double)attend->sequences * attend->queries * attend->keys * attend->heads *
                     ((double)attend->head_width + attend->value_width);
    size_t drawn = attention_drawn(attend), work = memory_add(attention_work(attend), arena_cost(drawn));
    return (struct linear_cost){.work = memory_add(work, operands),
                                .normals = (double)drawn,
                                .forward_normals = (double)drawn,
                                .flops = 6 * product, // two products forward, four in reverse
                                .forward_flops = 2 * product};
}

static void attend_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const struct attention *attend = attention_of(pass, n);
    struct stream_address address = {
        .seed = pass->run->seed, .sample = pass->run->sample, .block = pass->block->number};
    struct arena work = pass->work;
    real *drawn = arena_take(&work, attention_drawn(attend));
    attention_draw(attend, &address, drawn);
    attention_forward(attend, drawn, pass_signal(pass, node->a), pass_signal(pass, node->b), pass_signal(pass, node->c),
                      pass->nodes[n].extra.base, pass->nodes[n].own, work,
                      pass->report->attentions ? &pass->report->attentions[n] : NULL);
    const struct block_watch *watch = pass->report->watch;
    if (watch)
        watch->attention(watch->context, pass->block, n, attend, pass->nodes[n].extra.base);
}

/* Where an operand's cotangent is written: in its place where it is the first, else beside it. */
static real *target(struct pass *pass, int n, struct arena *work, real **beside)
{
    struct pass_node *to = &pass->nodes[n];
    *beside = to->arrived ? arena_take(work, pass_entries(pass, n)) : NULL;
    to->arrived = true;
    return *beside ? *beside : to->gradient;
}

static void attend_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    int operands[] = {node->a, node->b, node->c};
    struct arena work = pass->work;
    real *to[3], *beside[3];
    for (int i = 0; i < 3; i++)
        to[i] = target(pass, operands[i], &work, &beside[i]);
    attention_backward(attention_of(pass, n), pass_signal(pass, node->a), pass_signal(pass, node->b),
                       pass_signal(pass, node->c), pass->nodes[n].extra.base, pass->nodes[n].gradient, to[0], to[1],
                       to[2], work);
    for (int i = 0; i < 3; i++)
        if (beside[i])
            pass_arrive(pass, operands[i], 1, beside[i]);
}

/* ---- joins ---- */

static struct linear_cost join_cost(const struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    size_t a = arena_cost(pass_entries(pass, node->a)), b = arena_cost(pass_entries(pass, node->b));
    return (struct linear_cost){.work = memory_add(a, b)};
}

static void joined_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    join_forward(&pass->plan->nodes[n].join, pass_rows(pass, n), pass_signal(pass, node->a), pass_signal(pass, node->b),
                 pass->nodes[n].own);
}

static void joined_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    struct arena work = pass->work;
    real *beside[2], *da = target(pass, node->a, &work, &beside[0]), *db = target(pass, node->b, &work, &beside[1]);
    join_backward(&pass->plan->nodes[n].join, pass_rows(pass, n), pass->nodes[n].gradient, da, db);
    if (beside[0])
        pass_arrive(pass, node->a, 1, beside[0]);
    if (beside[1])
        pass_arrive(pass, node->b, 1, beside[1]);
}

/* ---- all kinds ---- */

static const struct pass_operation norm_operation = {norm_extra, NULL, norm_forward, norm_backward};
static const struct pass_operation attend_operation = {attend_extra, attend_cost, attend_forward, attend_backward};
static const struct pass_operation join_operation = {NULL, join_cost, joined_forward, joined_backward};

/* NULL for what a pass is given: inputs, and the rows of an expert. */
static const struct pass_operation *operation_of(enum graph_kind kind)
{
    static const struct pass_operation *const operations[] = {
        [GRAPH_ONES] = &ones_operation,
        [GRAPH_SUM] = &sum_operation,
        [GRAPH_SCALE] = &scale_operation,
        [GRAPH_PRODUCT] = &product_operation,
        [GRAPH_POINTWISE] = &function_operation,
        [GRAPH_NORM] = &norm_operation,
        [GRAPH_MAP] = &map_operation,
        [GRAPH_ATTEND] = &attend_operation,
        [GRAPH_JOIN] = &join_operation,
        [GRAPH_EXPERT] = NULL,
        [GRAPH_MOE] = &mixture_operation,
    };
    return (size_t)kind < sizeof operations / sizeof *operations ? operations[kind] : NULL;
}

/* The operation of a node that is this pass's to evaluate. */
static const struct pass_operation *operation_at(const struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    return node->mixture == pass->mixture ? operation_of(node->kind) : NULL;
}

static struct linear_cost node_cost(const struct pass *pass, const struct pass_operation *operation, int n)
{
    size_t signal = arena_cost(pass_entries(pass, n));
    struct linear_cost cost = {.tape = signal};
    if (operation->extra)
        cost.tape = memory_add(cost.tape, arena_cost(operation->extra(pass, n)));
    return operation->cost ? linear_cost_add(cost, operation->cost(pass, n)) : cost;
}

struct linear_cost pass_cost(const struct pass *pass, int first, int end)
{
    struct linear_cost cost = {0};
    for (int n = first; n < end; n++) {
        const struct pass_operation *operation = operation_at(pass, n);
        if (operation)
            cost = linear_cost_add(cost, node_cost(pass, operation, n));
    }
    return cost;
}

void pass_lay_out(struct pass *pass, int first, int end, struct arena *tape)
{
    for (int n = first; n < end; n++) {
        const struct pass_operation *operation = operation_at(pass, n);
        if (!operation)
            continue;
        real *own = arena_take(tape, pass_entries(pass, n));
        size_t extra = operation->extra ? operation->extra(pass, n) : 0;
        struct arena kept = {arena_take(tape, extra), arena_cost(extra), 0};
        pass->nodes[n] = (struct pass_node){own, own, kept, pass->nodes[n].gradient, false};
    }
}

void pass_forward(struct pass *pass, int first, int end)
{
    for (int n = first; n < end; n++) {
        const struct pass_operation *operation = operation_at(pass, n);
        if (operation)
            operation->forward(pass, n);
    }
}

/* A map is due at the first of its group, whichever of them a cotangent has reached. */
static bool is_due(const struct pass *pass, int n)
{
    const struct plan_group *group = pass->graph->nodes[n].kind == GRAPH_MAP ? maps_group(pass, n) : NULL;
    bool due = pass->nodes[n].arrived;
    for (int i = 0; group && i < group->count; i++)
        due |= pass->nodes[group->nodes[i]].arrived;
    return due;
}

void pass_backward(struct pass *pass, int first, int end)
{
    for (int n = end - 1; n >= first; n--) {
        const struct pass_operation *operation = operation_at(pass, n);
        if (operation && is_due(pass, n))
            operation->backward(pass, n);
    }
}

/* ---- the block ---- */

void block_map(const struct block_run *run, const struct block *block, int matrix, int expert, struct linear_map *map)
{
    const struct graph_matrix *own = &block->graph->matrices[matrix];
    bool copied = block->graph->nodes[own->node].mixture >= 0;
    map->fan_out = plan_matrix(block->plan, matrix).fan_out;
    map->sigma = block->sd[matrix];
    map->law = block->laws[matrix];
    map->address = (struct stream_address){.seed = run->seed,
                                           .sample = run->sample,
                                           .block = own->shared ? 0 : block->number,
                                           .site = own->place,
                                           .matrix = own->matrix,
                                           .expert = copied ? (uint32_t)expert : own->expert};
}

static size_t slot_doubles(const struct plan *plan)
{
    size_t sum = 0;
    for (int s = 0; s < plan->slot_count; s++)
        sum = memory_add(sum, arena_cost(plan->slot_sizes[s]));
    return sum;
}

struct linear_cost block_cost(const struct model *model, const struct linear_engine *engine, const struct plan *plan)
{
    struct block_run run = {.model = model, .engine = engine};
    struct pass pass = {.run = &run, .graph = plan->graph, .plan = plan, .mixture = -1};
    struct linear_cost cost = pass_cost(&pass, 0, plan->graph->node_count);
    cost.work = memory_add(cost.work, slot_doubles(plan));
    return cost;
}

static void start(struct pass *pass, const real *const inputs[], struct arena *tape)
{
    int count = pass->graph->node_count;
    memset(pass->nodes, 0, (size_t)count * sizeof *pass->nodes);
    for (int n = 0; n < count; n++)
        if (pass->graph->nodes[n].kind == GRAPH_INPUT)
            pass->nodes[n].signal = inputs[pass->graph->nodes[n].index];
    pass_lay_out(pass, 0, count, tape);
}

static double mean_square(size_t count, const real *x)
{
    return real_square(count, x) / (double)count;
}

static void report_sites(const struct pass *pass)
{
    for (int s = 0; pass->report->outputs && s < pass->graph->site_count; s++) {
        const struct graph_site *site = &pass->graph->sites[s];
        if (site->output < 0)
            continue;
        double output = mean_square(pass_entries(pass, site->output), pass_signal(pass, site->output));
        pass->report->outputs[s] = output;
        pass->report->added[s] = site->added == site->output
                                     ? output
                                     : mean_square(pass_entries(pass, site->added), pass_signal(pass, site->added));
    }
}

void block_forward(const struct block_run *run, const struct block *block, const real *const inputs[],
                   const real *outputs[], struct arena tape, struct arena work, struct block_report *report)
{
    const struct graph *graph = block->graph;
    struct pass_node nodes[graph->node_count];
    struct pass pass = {run, block, graph, block->plan, nodes, work, report, -1, 0, 0};
    start(&pass, inputs, &tape);
    pass_forward(&pass, 0, graph->node_count);
    report_sites(&pass);
    for (int i = 0; i < graph->state_count; i++)
        outputs[i] = pass_signal(&pass, graph->outputs[i]);
}

/* Cotangents lie in the plan's slots, those of inputs where the caller wants them. */
static void place_gradients(struct pass *pass, real *const dx[])
{
    const struct plan *plan = pass->plan;
    real *slots[plan->slot_count + 1];
    for (int s = 0; s < plan->slot_count; s++)
        slots[s] = arena_take(&pass->work, plan->slot_sizes[s]);
    for (int n = 0; n < pass->graph->node_count; n++) {
        const struct graph_node *node = &pass->graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        pass->nodes[n].gradient = node->kind == GRAPH_INPUT  ? dx[node->index]
                                  : plan->nodes[n].slot >= 0 ? slots[plan->nodes[n].slot]
                                                             : NULL;
    }
}

void block_backward(const struct block_run *run, const struct block *block, const real *const inputs[],
                    const real *const dy[], real *const dx[], struct arena tape, struct arena work,
                    struct block_report *report)
{
    const struct graph *graph = block->graph;
    struct pass_node nodes[graph->node_count];
    struct pass pass = {run, block, graph, block->plan, nodes, work, report, -1, 0, 0};
    memset(report->gradients, 0, (size_t)graph->matrix_count * sizeof *report->gradients);
    start(&pass, inputs, &tape);
    place_gradients(&pass, dx);
    for (int i = 0; i < graph->state_count; i++)
        if (dy[i])
            pass_arrive(&pass, graph->outputs[i], 1, dy[i]);
    pass_backward(&pass, 0, graph->node_count);
    for (int i = 0; i < graph->input_count; i++) {
        int n = graph_input_node(graph, i);
        int rows = run->model->sequences *
                   (graph->inputs[i].memory ? model_memory_tokens(run->model) : run->model->tokens);
        if (n < 0 || !nodes[n].arrived)
            memset(dx[i], 0, (size_t)rows * (size_t)run->model->width * sizeof *dx[i]);
    }
}
