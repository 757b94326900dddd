#include "analysis/limit/course.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/limit/loss.h"

enum { ROUNDS = 4 };

/* Heads of a replica in the limit, where they are many: what a Gram of few varies by is 1 over their number times that
 * of their features, of which there are as many as tokens. */
enum { HEADS_LEAST = 2, HEADS_MOST = 64, HEAD_FEATURES = 256 };

static int limit_heads(const struct model *model)
{
    int heads = HEAD_FEATURES / model->tokens;
    return heads < HEADS_LEAST ? HEADS_LEAST : heads > HEADS_MOST ? HEADS_MOST : heads;
}

static bool is_exchangeable(const struct course *course)
{
    for (int i = 0; i < course->layout_count; i++)
        if (!layout_is_closed(&course->layouts[i]))
            return false;
    return true;
}

static void free_layouts(struct course *course)
{
    for (int i = 0; i < course->layout_count; i++)
        layout_free(&course->layouts[i]);
    course->layout_count = 0;
}

/* A layout for each plan; blocks of one plan share it. */
static int make_layouts(struct course *course, struct layout_states *states, struct error *error)
{
    int code = ERROR_NONE;
    free_layouts(course);
    for (int b = 0; code == ERROR_NONE && b < course->depth.block_count; b++) {
        const struct plan *plan = course->depth.blocks[b].plan;
        course->layout[b] = NULL;
        for (int i = 0; i < course->layout_count; i++)
            if (course->layouts[i].plan == plan)
                course->layout[b] = &course->layouts[i];
        if (course->layout[b])
            continue;
        code = layout_init(&course->layouts[course->layout_count], plan, course->mode, states, error);
        if (code == ERROR_NONE)
            course->layout[b] = &course->layouts[course->layout_count++];
    }
    return code;
}

/* Blocks agree on what their states are: rounds until none changes it. */
static int agree(struct course *course, struct error *error)
{
    struct layout_states states = {.gaussian = true}, before;
    int code = ERROR_NONE;
    for (int round = 0; code == ERROR_NONE && round < ROUNDS; round++) {
        before = states;
        code = make_layouts(course, &states, error);
        if (states.gaussian == before.gaussian && states.features == before.features && states.open == before.open)
            break;
    }
    course->states = states;
    return code;
}

/* A matrix that all blocks share meets signals that it has made. */
static int refuse_shared(const struct course *course, struct error *error)
{
    for (int b = 0; b < course->depth.block_count; b++) {
        const struct graph *graph = course->depth.blocks[b].graph;
        for (int m = 0; m < graph->matrix_count; m++)
            if (graph->matrices[m].shared)
                return error_set(error, ERROR_INPUT,
                                 "%s is one matrix in all blocks: a prediction takes matrices to be independent",
                                 graph->matrices[m].label);
    }
    return ERROR_NONE;
}

static int read_model(struct course *course, const struct course_options *options, struct error *error)
{
    const struct model *model = &course->model;
    bool closed = !options->full && model->cotangent->exchangeable;
    bool limit = options->width_limit || !model->law->gaussian; // which other laws have as well
    course->mode = (struct layout_mode){
        .width_limit = limit || closed,
        .exchangeable = closed,
        .first_order = closed && !limit,
        .heads = options->heads > 0 ? options->heads : limit_heads(model),
        .tokens = model->tokens,
        .memory_tokens = model_memory_tokens(model),
    };
    int code = agree(course, error);
    if (code == ERROR_NONE && course->mode.exchangeable && !is_exchangeable(course)) {
        course->mode.exchangeable = course->mode.first_order = false;
        course->mode.width_limit = limit;
        code = agree(course, error);
    }
    return code;
}

int course_init(struct course *course, const struct model *model, const struct course_options *options,
                struct error *error)
{
    *course = (struct course){.model = *model};
    course->model.sequences = 1;
    int code = depth_init(&course->depth, &course->model, options->per_token, error);
    if (code != ERROR_NONE)
        return code;
    size_t count = (size_t)course->depth.block_count;
    course->cells = (size_t)(model->layers + 1) * (size_t)course->depth.schema.column_count;
    course->layouts = calloc(count + 1, sizeof *course->layouts);
    course->layout = calloc(count + 1, sizeof *course->layout);
    if (!course->layouts || !course->layout)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", course->depth.block_count);
    if (code == ERROR_NONE)
        code = refuse_shared(course, error);
    if (code == ERROR_NONE)
        code = read_model(course, options, error);
    if (code != ERROR_NONE)
        course_free(course);
    return code;
}

void course_free(struct course *course)
{
    free_layouts(course);
    free(course->layouts);
    free(course->layout);
    depth_free(&course->depth);
    *course = (struct course){0};
}

/* Products of a node: its Gram, a factor and the two ways through it, or scores and what they weigh. */
static double node_flops(const struct layout *layout, int node)
{
    const struct plan_node *sizes = &layout->plan->nodes[node];
    const struct space *space = &layout->spaces[layout->nodes[node].space];
    double T = space->grams.tokens, all = space->population > 0 ? space->population
                                          : T < space->width    ? T
                                                                : space->width;
    switch (layout->plan->graph->nodes[node].kind) {
    case GRAPH_MAP:
        return 12 * T * T * all + 2 * T * T * T;
    case GRAPH_ATTEND:
        return layout->nodes[node].attend.heads * T * T * (12. * layout->nodes[node].attend.head_width + 60);
    case GRAPH_POINTWISE:
    case GRAPH_PRODUCT:
        return 60 * T * sizes->width + (space->share < 1 ? 100 * T * T : 0);
    default:
        return 4 * T * all;
    }
}

double course_flops(const struct course *course)
{
    double sum = 0;
    for (int b = 0; b < course->depth.block_count; b++) {
        const struct layout *layout = course->layout[b];
        for (int n = 0; n < layout->plan->graph->node_count; n++)
            sum += layout->nodes[n].space >= 0 ? node_flops(layout, n) + 2e4 : 0;
    }
    if (course->model.cotangent->loss && !course->mode.exchangeable)
        sum += loss_flops(&course->model);
    return sum;
}

static void equal_tokens(const struct course *course, int tokens, double square, double correlation, double *gram)
{
    size_t T = (size_t)tokens;
    if (course->mode.exchangeable) {
        gram[0] = square * (1 - correlation);
        gram[1] = square * correlation;
        return;
    }
    for (size_t i = 0; i < T * T; i++)
        gram[i] = i % (T + 1) == 0 ? square : square * correlation;
}

void course_input(const struct course *course, double *gram)
{
    const struct model *model = &course->model;
    equal_tokens(course, model->tokens, model->input_scale * model->input_scale, model->input_correlation, gram);
}

void course_memory(const struct course *course, double *gram)
{
    double scale = course->model.input_scale;
    equal_tokens(course, course->mode.memory_tokens, scale * scale, course->model.memory_correlation, gram);
}

void course_cotangent(const struct course *course, double *gram)
{
    const struct cotangent *cotangent = course->model.cotangent;
    int T = course->model.tokens;
    if (course->mode.exchangeable) {
        gram[1] = T > 1 ? cotangent->gram(T, 0, 1) : 0;
        gram[0] = cotangent->gram(T, 0, 0) - gram[1];
        return;
    }
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            gram[s * T + t] = cotangent->gram(T, s, t);
}
