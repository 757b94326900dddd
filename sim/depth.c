#include "sim/depth.h"

#include <stdlib.h>

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

static int count_blocks(struct depth *depth, size_t *scalar_count, size_t *site_count, struct error *error)
{
    const struct model *model = depth->model;
    depth->block_count = model->layers + (model->formula.last.node_count > 0);
    *scalar_count = *site_count = 0;
    for (int l = 1; l <= depth->block_count; l++) {
        struct graph_scope scope;
        const struct graph *graph;
        int code = find_graph(model, l, &scope, &graph, error);
        if (code != ERROR_NONE)
            return code;
        *scalar_count += (size_t)graph->node_count;
        *site_count += (size_t)graph->site_count;
        depth->sites_max = graph->site_count > depth->sites_max ? graph->site_count : depth->sites_max;
    }
    return ERROR_NONE;
}

static int fill_blocks(struct depth *depth, struct error *error)
{
    double *scalars = depth->scalars;
    for (int l = 1; l <= depth->block_count; l++) {
        struct block *block = &depth->blocks[l - 1];
        struct graph_scope scope;
        int code = find_graph(depth->model, l, &scope, &block->graph, error);
        if (code == ERROR_NONE)
            code = graph_evaluate(block->graph, &scope, scalars, error);
        if (code == ERROR_NONE)
            code = init_evaluate(&depth->model->init, &scope, block->sd, error);
        if (code != ERROR_NONE)
            return code;
        block->scalars = scalars;
        block->number = (uint32_t)l;
        scalars += block->graph->node_count;
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
    }
    return code;
}

int depth_init(struct depth *depth, const struct model *model, bool per_token, struct error *error)
{
    *depth = (struct depth){.model = model};
    size_t scalar_count, site_count;
    int code = count_blocks(depth, &scalar_count, &site_count, error);
    if (code != ERROR_NONE)
        return code;
    size_t blocks = (size_t)(unsigned)depth->block_count;
    /* One array holds all blocks' site indices behind the pointers to each block's part. */
    depth->blocks = calloc(blocks, sizeof *depth->blocks);
    depth->scalars = calloc(scalar_count + 1, sizeof *depth->scalars);
    depth->branch_index = calloc(1, blocks * sizeof(int *) + site_count * sizeof(int));
    if (!depth->blocks || !depth->scalars || !depth->branch_index)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", depth->block_count);
    if (code == ERROR_NONE)
        code = fill_blocks(depth, error);
    if (code == ERROR_NONE)
        code = init_schema(depth, per_token, (int *)(depth->branch_index + depth->block_count), error);
    if (code != ERROR_NONE)
        depth_free(depth);
    return code;
}

void depth_free(struct depth *depth)
{
    observe_schema_free(&depth->schema);
    free(depth->blocks);
    free(depth->scalars);
    free(depth->branch_index);
    *depth = (struct depth){0};
}

size_t depth_bytes(const struct depth *depth)
{
    size_t bytes = 0;
    for (int b = 0; b < depth->block_count; b++) {
        const struct graph *graph = depth->blocks[b].graph;
        bytes += sizeof *depth->blocks + sizeof *depth->branch_index + (size_t)graph->node_count * sizeof(double) +
                 (size_t)graph->site_count * sizeof(int);
    }
    return bytes;
}

bool depth_has_router(const struct depth *depth)
{
    for (int b = 0; b < depth->block_count; b++) {
        const struct graph *graph = depth->blocks[b].graph;
        for (int s = 0; s < graph->site_count; s++)
            if (branch_of(graph->nodes[graph->sites[s].node].kind)->entries(depth->model, INIT_WR) > 0)
                return true;
    }
    return false;
}
