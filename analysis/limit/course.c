#include "analysis/limit/course.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/limit/loss.h"
#include "analysis/limit/strip.h"
#include "sim/panel.h"

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

/* Blocks agree on what their states are: rounds until none changes it. Each of the three truths changes once at most, and
 * the last round none. */
static int agree(struct course *course, struct error *error)
{
    enum { ROUNDS = 4 };
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
    bool limit = options->width_limit || !model_is_normal(model); // which other laws have as well
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

/* ---- what a replica takes ---- */

static double least(double a, double b)
{
    return a < b ? a : b;
}

/* Columns of the signals of a node's space: its features, and what a block's fresh signals add to its frame. */
static double columns_of(const struct layout *layout, int node)
{
    const struct space *space = &layout->spaces[layout->nodes[node].space];
    double T = layout->rows[layout->nodes[node].space];
    double frame = layout->mode.width_limit ? T : least(4 * T, space->width);
    return space->population + (space->share < 1 ? frame : 0);
}

/* The weights of products are such that the sum is in COURSE_RATE: large ones run at thrice that, those of rows that are
 * OpenBLAS's (sim/panel.c) faster still, factors of tokens at half of it. */
static double map_flops(const struct layout *layout, int node, double to)
{
    double T = layout->nodes[node].rows, from = columns_of(layout, layout->plan->graph->nodes[node].a);
    double rank = least(T, from);
    bool limit = layout->mode.width_limit; // no reverse along the forward's signals, no rows that are made orthonormal
    double factor = T > from ? 0 : limit ? T * T * from : 4 * T * T * from, normals = 60 * rank * to;
    double products = limit ? 2 * (from + to) : T > from ? 3 * to : 3 * (from + to); // nothing fresh is sent back there
    double pace = T < PANEL_LONG ? 1 : 0.7;
    return pace * T * rank * products + factor + normals;
}

/* A router, and what its gates do: to rows of the chosen experts, beside the normals that it sends back, in the limit to
 * Grams. */
static double mixture_flops(const struct layout *layout, int node)
{
    const struct router_sizes *sizes = &layout->plan->nodes[node].mixture.sizes;
    double T = layout->nodes[node].rows, columns = columns_of(layout, node);
    double in = columns_of(layout, layout->plan->graph->nodes[node].a);
    double gates = layout->mode.width_limit ? T * T * (8 * T + 8 * sizes->experts)
                                            : 8 * T * (1 + sizes->top_k) * (columns + in) + 60 * T * in;
    return map_flops(layout, node, sizes->experts) + T * sizes->experts * 100 + gates;
}

/* Of exchangeable tokens' means over softmaxes (softmax.h), forward and in reverse. */
static const double QUADRATURES = 8e6;

/* Products by the keys that are read, exponentials, and what a head takes by itself. */
static double attend_flops(const struct layout *layout, int node)
{
    const struct attention *attend = &layout->nodes[node].attend;
    double T = attend->keys, read = strip_keys(attend), products = strip_rows(attend) > 0 ? 7 : 6;
    return attend->heads * (read * (products * attend->head_width + 40) + 1e4 + 4e3 * T);
}

static double node_flops(const struct layout *layout, int node)
{
    const struct space *space = &layout->spaces[layout->nodes[node].space];
    double T = layout->nodes[node].rows;
    switch (layout->plan->graph->nodes[node].kind) {
    case GRAPH_MAP:
        return map_flops(layout, node, columns_of(layout, node));
    case GRAPH_MOE:
        return mixture_flops(layout, node);
    case GRAPH_ATTEND:
        return space->grams.exchangeable ? QUADRATURES : attend_flops(layout, node);
    case GRAPH_POINTWISE:
    case GRAPH_PRODUCT:
        return 60 * T * space->population + (space->share < 1 ? 200 * T * T : 0);
    default:
        return 4 * T * columns_of(layout, node);
    }
}

/* At a width, of a layer's states: their stable rank by powers. */
static double observe_flops(const struct layout *layout)
{
    int output = layout->plan->graph->outputs[0];
    return layout->mode.width_limit ? 0 : 200 * layout->nodes[output].rows * columns_of(layout, output);
}

double course_flops(const struct course *course)
{
    double sum = 0;
    for (int b = 0; b < course->depth.block_count; b++) {
        const struct layout *layout = course->layout[b];
        sum += observe_flops(layout);
        for (int n = 0; n < layout->plan->graph->node_count; n++)
            sum += layout->nodes[n].space >= 0 ? layout->nodes[n].readings * (node_flops(layout, n) + 2e4) : 0;
    }
    if (course->model.cotangent->loss && !course->mode.exchangeable)
        sum += loss_flops(&course->model);
    return sum;
}

/* ---- what a replica holds ---- */

static bool is_mapped(const struct graph *graph, int node)
{
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_MAP && graph->nodes[n].a == node)
            return true;
    return false;
}

/* A signal; for the maps that read it a factor and a Gram, at a width rows that the factor multiplies; what a function's
 * moments or an attention are kept in. */
static double node_kept(const struct layout *layout, int node)
{
    const struct graph *graph = layout->plan->graph;
    const struct space *space = &layout->spaces[layout->nodes[node].space];
    const struct attention *attend = &layout->nodes[node].attend;
    double T = layout->nodes[node].rows, columns = columns_of(layout, node), numbers = T * columns;
    bool limit = layout->mode.width_limit;
    if (is_mapped(graph, node))
        numbers += T <= columns ? 2 * T * T + (limit ? 0 : T * columns) : 0;
    switch (graph->nodes[node].kind) {
    case GRAPH_MAP:
        return numbers + (limit ? 0 : T * columns);
    case GRAPH_POINTWISE:
    case GRAPH_PRODUCT:
        return numbers + (space->share < 1 ? 2 * T * T : 0);
    case GRAPH_ATTEND:
        return numbers + (strip_rows(attend) > 0 ? 0 : (double)attend->heads * attend->queries * attend->keys);
    default:
        return numbers;
    }
}

/* Gradients, what they are the sums of, and of maps a Gram; an attention's heads are cut out, in strips and whole. */
static double node_passed(const struct layout *layout, int node)
{
    const struct attention *attend = &layout->nodes[node].attend;
    double T = layout->nodes[node].rows, columns = columns_of(layout, node), numbers = 2 * T * columns;
    switch (layout->plan->graph->nodes[node].kind) {
    case GRAPH_MAP:
        return numbers + (T <= least(columns, columns_of(layout, layout->plan->graph->nodes[node].a)) ? 2 * T * T : 0);
    case GRAPH_ATTEND:
        return numbers + 6 * T * columns + (strip_rows(attend) > 0 ? strip_keys(attend) / 2 : 0);
    default:
        return numbers;
    }
}

/* Exchangeable tokens have two rows, however many they are. */
struct course_room course_room(const struct course *course)
{
    struct course_room room = {0};
    for (int b = 0; b < course->depth.block_count; b++) {
        const struct layout *layout = course->layout[b];
        double pass = 0, rows = layout->rows[layout->states];
        bool pairs = course->mode.exchangeable;
        for (int n = 0; n < layout->plan->graph->node_count; n++)
            if (layout->nodes[n].space >= 0) {
                room.flows += pairs ? 1 : layout->nodes[n].readings * node_kept(layout, n);
                pass += pairs ? 1 : layout->nodes[n].readings * node_passed(layout, n);
            }
        room.states += pairs ? 1 : rows * columns_of(layout, layout->plan->graph->outputs[0]);
        room.pass = pass > room.pass ? pass : room.pass;
    }
    return room;
}

static double equal_tokens(const struct course *course, int tokens, double square, double correlation, double *own)
{
    int rows = gram_rows((struct gram_space){tokens, course->mode.exchangeable});
    for (int t = 0; t < rows; t++)
        own[t] = square * (1 - correlation);
    return square * correlation;
}

double course_input(const struct course *course, double *own)
{
    const struct model *model = &course->model;
    return equal_tokens(course, model->tokens, model->input_scale * model->input_scale, model->input_correlation, own);
}

double course_memory(const struct course *course, double *own)
{
    double scale = course->model.input_scale;
    return equal_tokens(course, course->mode.memory_tokens, scale * scale, course->model.memory_correlation, own);
}

double course_cotangent(const struct course *course, double *own)
{
    const struct cotangent *cotangent = course->model.cotangent;
    int T = course->model.tokens, rows = gram_rows((struct gram_space){T, course->mode.exchangeable});
    double shared = T > 1 ? cotangent->gram(T, 0, 1) : 0;
    for (int t = 0; t < rows; t++)
        own[t] = cotangent->gram(T, t, t) - shared;
    return shared;
}
