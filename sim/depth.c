#include "sim/depth.h"

#include <stdlib.h>
#include <string.h>

/* The graph and scope of block number l, L + 1 being the section final:, in whose scalars l stays L. */
static int find_graph(const struct model *model, int l, struct graph_scope *scope, const struct graph **graph,
                      struct error *error)
{
    *scope = model_scope(model, l <= model->layers ? l : model->layers);
    if (l <= model->layers)
        return formula_block(&model->formula, scope, graph, error);
    *graph = &model->formula.last;
    return ERROR_NONE;
}

static int largest(int a, int b)
{
    return a > b ? a : b;
}

/* Numbers of all blocks together. */
struct totals {
    size_t scalars, sites, matrices;
};

static int count_blocks(struct depth *depth, struct totals *totals, struct error *error)
{
    const struct model *model = depth->model;
    depth->block_count = model->layers + (model->formula.last.node_count > 0);
    for (int l = 1; l <= depth->block_count; l++) {
        struct graph_scope scope;
        const struct graph *graph;
        int code = find_graph(model, l, &scope, &graph, error);
        if (code != ERROR_NONE)
            return code;
        totals->scalars += (size_t)graph->node_count + (size_t)graph->matrix_count;
        totals->sites += (size_t)graph->site_count;
        totals->matrices += (size_t)graph->matrix_count;
        depth->state_count = graph->state_count;
        depth->input_count = graph->input_count;
        depth->sites_max = largest(depth->sites_max, graph->site_count);
        depth->matrices_max = largest(depth->matrices_max, graph->matrix_count);
        depth->nodes_max = largest(depth->nodes_max, graph->node_count);
    }
    return ERROR_NONE;
}

/* Blocks of one graph seldom have more than a few plans, by turns; older ones are not looked through. */
enum { PLANS_COMPARED = 16 };

/* The plan becomes the depth's, or is found there already. */
static int keep_plan(struct depth *depth, struct plan *plan, const struct plan **kept, struct error *error)
{
    for (int i = depth->plan_count - 1; i >= 0 && i >= depth->plan_count - PLANS_COMPARED; i--)
        if (plan_same(depth->plans[i], plan)) {
            *kept = depth->plans[i];
            plan_free(plan);
            return ERROR_NONE;
        }
    struct plan *own = malloc(sizeof *own);
    if (!own) {
        plan_free(plan);
        return error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", depth->block_count);
    }
    *own = *plan;
    *kept = depth->plans[depth->plan_count++] = own;
    return ERROR_NONE;
}

static int evaluate_scales(const struct model *model, const struct block *block, const struct graph_scope *scope,
                           double *sd, struct error *error)
{
    struct init_size sizes[block->graph->matrix_count + 1];
    for (int m = 0; m < block->graph->matrix_count; m++)
        sizes[m] = plan_matrix(block->plan, m);
    return init_evaluate(&model->init, scope, block->graph, sizes, sd, error);
}

static void find_laws(const struct model *model, struct block *block, const struct law **own)
{
    for (int m = 0; m < block->graph->matrix_count; m++)
        own[m] = model_law(model, &block->graph->matrices[m]);
    block->laws = own;
}

static int fill_block(struct depth *depth, int l, double **scalars, struct error *error)
{
    struct block *block = &depth->blocks[l - 1];
    struct graph_scope scope;
    struct plan plan = {0};
    int code = find_graph(depth->model, l, &scope, &block->graph, error);
    double *values = *scalars, *sd = values + block->graph->node_count;
    if (code == ERROR_NONE)
        code = graph_evaluate(block->graph, &scope, values, error);
    if (code == ERROR_NONE)
        code = plan_init(&plan, depth->model, block->graph, values, l, error);
    if (code == ERROR_NONE)
        code = keep_plan(depth, &plan, &block->plan, error);
    if (code == ERROR_NONE)
        code = evaluate_scales(depth->model, block, &scope, sd, error);
    block->scalars = values;
    block->sd = sd;
    block->number = (uint32_t)l;
    *scalars = sd + block->graph->matrix_count;
    return code;
}

static int fill_blocks(struct depth *depth, struct error *error)
{
    double *scalars = depth->scalars;
    const struct law **own = depth->laws;
    int code = ERROR_NONE;
    for (int l = 1; code == ERROR_NONE && l <= depth->block_count; l++) {
        code = fill_block(depth, l, &scalars, error);
        if (code != ERROR_NONE)
            break;
        find_laws(depth->model, &depth->blocks[l - 1], own);
        own += depth->blocks[l - 1].graph->matrix_count;
    }
    return code;
}

/* One matrix in all blocks has one shape; only equal plans need no look. */
static int check_shared(const struct depth *depth, struct error *error)
{
    for (int b = 1; b < depth->block_count; b++) {
        const struct block *block = &depth->blocks[b];
        for (int m = 0; m < block->graph->matrix_count && block->plan != depth->blocks[b - 1].plan; m++) {
            const struct graph_matrix *own = &block->graph->matrices[m];
            struct init_size size = plan_matrix(block->plan, m);
            for (int i = 0; own->shared && i < depth->blocks[0].graph->matrix_count; i++) {
                struct init_size first = plan_matrix(depth->blocks[0].plan, i);
                if (strcmp(depth->blocks[0].graph->matrices[i].label, own->label) == 0 &&
                    (first.fan_in != size.fan_in || first.fan_out != size.fan_out))
                    return error_set(
                        error, ERROR_INPUT, "%s: the shared matrix %s is %d x %d in block 1 and %d x %d in block %d",
                        block->graph->what, own->label, first.fan_in, first.fan_out, size.fan_in, size.fan_out, b + 1);
            }
        }
    }
    return ERROR_NONE;
}

static int init_schema(struct depth *depth, bool per_token, int *indices, struct error *error)
{
    int layers = depth->model->layers;
    int code = observe_schema_init(&depth->schema, depth->model, depth->blocks, layers, per_token, error);
    for (int i = 0; code == ERROR_NONE && i < layers; i++) {
        const struct graph *graph = depth->blocks[i].graph;
        depth->branch_index[i] = indices;
        for (int s = 0; s < graph->site_count; s++)
            *indices++ = observe_branch_index(&depth->schema, graph->sites[s].name);
        depth->matrix_index[i] = indices;
        for (int m = 0; m < graph->matrix_count; m++)
            *indices++ = observe_matrix_index(&depth->schema, graph->matrices[m].label);
    }
    return code;
}

int depth_init(struct depth *depth, const struct model *model, bool per_token, struct error *error)
{
    *depth = (struct depth){.model = model};
    struct totals totals = {0};
    int code = count_blocks(depth, &totals, error);
    if (code != ERROR_NONE)
        return code;
    size_t blocks = (size_t)(unsigned)depth->block_count, indices = totals.sites + totals.matrices;
    /* One array holds all blocks' indices behind the pointers to each block's part. */
    depth->blocks = calloc(blocks, sizeof *depth->blocks);
    depth->plans = calloc(blocks, sizeof *depth->plans);
    depth->scalars = calloc(totals.scalars + 1, sizeof *depth->scalars);
    depth->laws = calloc(totals.matrices + 1, sizeof *depth->laws);
    depth->branch_index = calloc(1, 2 * blocks * sizeof(int *) + indices * sizeof(int));
    if (!depth->blocks || !depth->plans || !depth->scalars || !depth->laws || !depth->branch_index)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", depth->block_count);
    depth->matrix_index = depth->branch_index ? depth->branch_index + blocks : NULL;
    if (code == ERROR_NONE)
        code = fill_blocks(depth, error);
    if (code == ERROR_NONE)
        code = check_shared(depth, error);
    if (code == ERROR_NONE)
        code = init_schema(depth, per_token, (int *)(depth->branch_index + 2 * blocks), error);
    if (code != ERROR_NONE)
        depth_free(depth);
    return code;
}

void depth_free(struct depth *depth)
{
    observe_schema_free(&depth->schema);
    for (int i = 0; i < depth->plan_count; i++) {
        plan_free(depth->plans[i]);
        free(depth->plans[i]);
    }
    free(depth->plans);
    free(depth->blocks);
    free(depth->scalars);
    free(depth->laws);
    free(depth->branch_index);
    *depth = (struct depth){0};
}

const char *depth_needs_matrices(const struct depth *depth)
{
    if (!model_is_normal(depth->model))
        return "the law of the weights is not normal";
    for (int b = 0; b < depth->block_count; b++)
        for (int m = 0; m < depth->blocks[b].graph->matrix_count; m++)
            if (depth->blocks[b].graph->matrices[m].shared)
                return "blocks share a matrix";
    return NULL;
}

size_t depth_bytes(const struct depth *depth)
{
    size_t bytes = 0;
    for (int b = 0; b < depth->block_count; b++) {
        const struct graph *graph = depth->blocks[b].graph;
        size_t numbers = (size_t)graph->node_count + (size_t)graph->matrix_count;
        size_t indices = (size_t)graph->site_count + (size_t)graph->matrix_count;
        bytes += sizeof *depth->blocks + sizeof *depth->plans + 2 * sizeof *depth->branch_index +
                 numbers * sizeof *depth->scalars + (size_t)graph->matrix_count * sizeof *depth->laws +
                 indices * sizeof(int);
    }
    for (int p = 0; p < depth->plan_count; p++)
        bytes += (size_t)depth->plans[p]->graph->node_count * sizeof(struct plan_node);
    return bytes;
}

bool depth_has_router(const struct depth *depth)
{
    for (int b = 0; b < depth->block_count; b++)
        if (depth->blocks[b].graph->mixture_count > 0)
            return true;
    return false;
}
