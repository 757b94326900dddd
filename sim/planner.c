#include "sim/planner.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

enum { PLAN_WIDTH_MAX = 4 * MODEL_WIDTH_MAX };

struct planner {
    struct plan *plan;
    const struct model *model;
    const double *scalars;
    int block;
    struct error *error;
};

static int fail(const struct planner *planner, int n, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(const struct planner *planner, int n, const char *format, ...)
{
    const struct graph *graph = planner->plan->graph;
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return error_set(planner->error, ERROR_INPUT, "%s: line %d, column %d: %s in block %d", graph->what,
                     graph->nodes[n].line, graph->nodes[n].column, message, planner->block);
}

/* ---- options ---- */

/* The option's value, or fallback where the call leaves it open. */
static double real_option(const struct planner *planner, int n, int option, double fallback)
{
    int node = planner->plan->graph->nodes[n].option[option];
    return node >= 0 ? planner->scalars[node] : fallback;
}

static int choice_option(const struct planner *planner, int n, int option, int fallback)
{
    int choice = planner->plan->graph->nodes[n].option[option];
    return choice >= 0 ? choice : fallback;
}

static int whole_option(const struct planner *planner, int n, int option, const char *name, int least, int most,
                        int fallback, int *value)
{
    double found = real_option(planner, n, option, fallback);
    if (!(found >= least && found <= most && found == floor(found)))
        return fail(planner, n, "%s is %.10g, not a whole number between %d and %d", name, found, least, most);
    *value = (int)found;
    return ERROR_NONE;
}

static int range_option(const struct planner *planner, int n, int option, const char *name, double least, double most,
                        double fallback, double *value)
{
    *value = real_option(planner, n, option, fallback);
    return *value >= least && *value <= most
               ? ERROR_NONE
               : fail(planner, n, "%s is %.10g, not between %g and %g", name, *value, least, most);
}

/* ---- nodes ---- */

static struct plan_node *planned(const struct planner *planner, int n)
{
    return &planner->plan->nodes[n];
}

static int plan_pair(const struct planner *planner, int n)
{
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    int left = planned(planner, node->a)->width, right = planned(planner, node->b)->width;
    planned(planner, n)->width = left;
    return left == right ? ERROR_NONE
                         : fail(planner, n, "'%s' of signals of widths %d and %d", graph_word(node->kind), left, right);
}

static int plan_map(const struct planner *planner, int n)
{
    return whole_option(planner, n, GRAPH_MAP_FAN_OUT, "fan_out", 1, PLAN_WIDTH_MAX, planner->model->width,
                        &planned(planner, n)->width);
}

static int plan_norm(const struct planner *planner, int n, int width)
{
    struct plan_node *self = planned(planner, n);
    const struct model *model = planner->model;
    int kind = choice_option(planner, n, GRAPH_NORM_KIND, (int)(model->norm - norms));
    self->width = width;
    self->norm.norm = &norms[kind];
    int code = whole_option(planner, n, GRAPH_NORM_GROUPS, "groups", 1, width, 1, &self->norm.groups);
    if (code == ERROR_NONE && width % self->norm.groups != 0)
        code = fail(planner, n, "%d groups do not divide width %d", self->norm.groups, width);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_NORM_EPS, "eps", 0, INFINITY, model->eps, &self->norm.eps);
    return code;
}

static void plan_function(const struct planner *planner, int n, int width)
{
    int index = planner->plan->graph->nodes[n].index;
    planned(planner, n)->width = width;
    planned(planner, n)->function = index < 0 ? planner->model->activation : &activations[index];
}

static int plan_heads(const struct planner *planner, int n, struct attention *attend)
{
    const struct model *model = planner->model;
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    int q = planned(planner, node->a)->width, k = planned(planner, node->b)->width;
    int v = planned(planner, node->c)->width;
    int code = whole_option(planner, n, GRAPH_ATTEND_HEADS, "heads", 1, q, model->heads, &attend->heads);
    if (code == ERROR_NONE && q % attend->heads != 0)
        code = fail(planner, n, "%d heads do not divide the queries' width %d", attend->heads, q);
    if (code == ERROR_NONE)
        code = whole_option(planner, n, GRAPH_ATTEND_KV_HEADS, "kv_heads", 1, attend->heads,
                            model->kv_heads > 0 ? model->kv_heads : attend->heads, &attend->kv_heads);
    if (code != ERROR_NONE)
        return code;
    attend->head_width = q / attend->heads;
    attend->value_width = v / attend->kv_heads;
    double wanted = real_option(planner, n, GRAPH_ATTEND_HEAD_WIDTH, attend->head_width);
    if (attend->heads % attend->kv_heads != 0)
        return fail(planner, n, "%d key heads do not divide %d heads", attend->kv_heads, attend->heads);
    if (wanted != attend->head_width)
        return fail(planner, n, "head_width is %.10g, but the queries are %d wide in %d heads", wanted, q,
                    attend->heads);
    if (k != attend->kv_heads * attend->head_width)
        return fail(planner, n, "the keys are %d wide, not kv_heads*head_width = %d*%d%s", k, attend->kv_heads,
                    attend->head_width,
                    node->option[GRAPH_ATTEND_HEADS] >= 0 && node->option[GRAPH_ATTEND_KV_HEADS] < 0
                        ? "; heads= is of the queries, kv_heads= of keys and values,"
                        : "");
    if (v % attend->kv_heads != 0)
        return fail(planner, n, "%d key heads do not divide the values' width %d", attend->kv_heads, v);
    return ERROR_NONE;
}

/* Positions compare tokens of one sequence: a memory's have no mask, window, rotation or bias unless the call says so. */
static int plan_positions(const struct planner *planner, int n, struct attention *attend)
{
    const struct model *model = planner->model;
    const struct graph *graph = planner->plan->graph;
    bool same = graph_is_of_one_sequence(graph, &graph->nodes[n]);
    attend->mask = &masks[choice_option(planner, n, GRAPH_ATTEND_MASK, same ? (int)(model->mask - masks) : 0)];
    attend->bias = &biases[choice_option(planner, n, GRAPH_ATTEND_BIAS, same ? (int)(model->bias - biases) : 0)];
    int code = whole_option(planner, n, GRAPH_ATTEND_WINDOW, "window", 0, INT_MAX / 2, same ? model->window : 0,
                            &attend->window);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_ROPE, "rope", 0, 1e100, same ? model->rope : 0, &attend->rope);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_ROTARY, "rotary", 0, 1, model->rotary, &attend->rotary);
    return code;
}

/* What a call says of a rotation that there is not. */
static int check_unrotated(const struct planner *planner, int n)
{
    static const int options[] = {GRAPH_ATTEND_ROTARY, GRAPH_ATTEND_SCALING, GRAPH_ATTEND_FACTOR, GRAPH_ATTEND_LENGTH,
                                  GRAPH_ATTEND_GAIN};
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (node->option[options[i]] >= 0)
            return fail(planner, n, "rotary positions are spoken of, but rope is 0");
    return ERROR_NONE;
}

/* How the rotation is stretched. */
static int plan_scaling(const struct planner *planner, int n, struct attention *attend)
{
    const struct model *model = planner->model;
    attend->scaling = &scalings[choice_option(planner, n, GRAPH_ATTEND_SCALING, (int)(model->scaling - scalings))];
    int code = range_option(planner, n, GRAPH_ATTEND_FACTOR, "rope_factor", 0, 1e100, model->factor, &attend->factor);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_LENGTH, "rope_length", 0, 1e100, model->length, &attend->length);
    if (code == ERROR_NONE && attend->scaling->by_factor && attend->factor == 0)
        code = fail(planner, n, "rope_scaling=%s wants a rope_factor", attend->scaling->name);
    if (code == ERROR_NONE && attend->scaling->by_length && attend->length == 0)
        code = fail(planner, n, "rope_scaling=%s wants a rope_length", attend->scaling->name);
    if (code == ERROR_NONE && attend->rope == 0)
        code = check_unrotated(planner, n);
    double usual = model->gain > 0 ? model->gain : attend->scaling->gain(attend->factor);
    return code == ERROR_NONE ? range_option(planner, n, GRAPH_ATTEND_GAIN, "rope_gain", 0, 1e100, usual, &attend->gain)
                              : code;
}

/* What is drawn beside weights. */
static int plan_drawn(const struct planner *planner, int n, struct attention *attend)
{
    const struct model *model = planner->model;
    const struct bias_drawing *drawing = attend->bias->drawing;
    double usual = !drawing ? 0 : model->bias_sd > 0 ? model->bias_sd : drawing->usual(model->width);
    int sink = 0;
    int code = whole_option(planner, n, GRAPH_ATTEND_SINK, "sink", 0, 1, model->sink, &sink);
    attend->sink = code == ERROR_NONE && sink;
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_BIAS_SD, "bias_sd", 0, 1e100, usual, &attend->bias_sd);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_SINK_SD, "sink_sd", 0, 1e100, sink ? model->sink_sd : 0,
                            &attend->sink_sd);
    if (code == ERROR_NONE && attend->bias_sd > 0 && !drawing)
        code = fail(planner, n, "bias_sd is %.10g, but bias=%s is not drawn", attend->bias_sd, attend->bias->name);
    if (code == ERROR_NONE && attend->sink_sd > 0 && !sink)
        code = fail(planner, n, "sink_sd is %.10g, but there is no sink", attend->sink_sd);
    bool squares = attend->queries == attend->keys && bias_side(attend->keys) > 0;
    if (code == ERROR_NONE && drawing && drawing->square && !squares)
        code = fail(planner, n, "bias=%s is of one square of tokens, which queries and keys, %d and %d, are not",
                    attend->bias->name, attend->queries, attend->keys);
    return code;
}

/* The attentions of the graph before a node. */
static int attentions_before(const struct graph *graph, int n)
{
    int count = 0;
    for (int m = 0; m < n; m++)
        count += graph->nodes[m].kind == GRAPH_ATTEND;
    return count;
}

static int plan_attend(const struct planner *planner, int n)
{
    const struct model *model = planner->model;
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    struct attention *attend = &planned(planner, n)->attend;
    *attend = (struct attention){.sequences = model->sequences,
                                 .number = attentions_before(planner->plan->graph, n),
                                 .queries = planned(planner, node->a)->rows / model->sequences,
                                 .keys = planned(planner, node->b)->rows / model->sequences};
    int code = plan_heads(planner, n, attend);
    if (code == ERROR_NONE)
        code = plan_positions(planner, n, attend);
    if (code == ERROR_NONE)
        code = plan_scaling(planner, n, attend);
    if (code == ERROR_NONE)
        code = plan_drawn(planner, n, attend);
    if (code != ERROR_NONE)
        return code;
    double usual = model->scale > 0 ? model->scale : 1 / sqrt((double)attend->head_width);
    code = range_option(planner, n, GRAPH_ATTEND_SCALE, "scale", -1e100, 1e100, model->logit_factor * usual,
                        &attend->scale);
    if (code == ERROR_NONE)
        code = range_option(planner, n, GRAPH_ATTEND_CAP, "cap", 0, 1e100, model->cap, &attend->cap);
    planned(planner, n)->width = attend->heads * attend->value_width;
    return code;
}

/* Groups of equally many experts, enough of them chosen to hold a token's. */
static int plan_expert_groups(const struct planner *planner, int n, struct router_sizes *sizes)
{
    int E = sizes->experts, code;
    code = whole_option(planner, n, GRAPH_MOE_GROUPS, "expert_groups", 1, E, 1, &sizes->groups);
    if (code == ERROR_NONE && E % sizes->groups != 0)
        code = fail(planner, n, "%d groups do not divide %d experts", sizes->groups, E);
    const int *option = planner->plan->graph->nodes[n].option;
    if (code == ERROR_NONE && option[GRAPH_MOE_TOP_GROUPS] >= 0 && option[GRAPH_MOE_GROUPS] < 0)
        code = fail(planner, n, "top_groups chooses among groups, but expert_groups is not given");
    if (code == ERROR_NONE)
        code = whole_option(planner, n, GRAPH_MOE_TOP_GROUPS, "top_groups", 1, sizes->groups, sizes->groups,
                            &sizes->top_groups);
    if (code == ERROR_NONE && E / sizes->groups * sizes->top_groups < sizes->top_k)
        code = fail(planner, n, "%d of %d groups hold %d experts, not the %d of a token", sizes->top_groups,
                    sizes->groups, E / sizes->groups * sizes->top_groups, sizes->top_k);
    return code;
}

static int plan_join(const struct planner *planner, int n)
{
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    struct join *join = &planned(planner, n)->join;
    int a = planned(planner, node->a)->width, b = planned(planner, node->b)->width;
    int code = whole_option(planner, n, GRAPH_JOIN_GROUPS, "parts", 1, PLAN_WIDTH_MAX, 1, &join->groups);
    if (code == ERROR_NONE)
        code = whole_option(planner, n, GRAPH_JOIN_REPEAT, "repeat", 1, join->groups, 1, &join->repeat);
    if (code != ERROR_NONE)
        return code;
    if (join->groups % join->repeat != 0)
        return fail(planner, n, "repeat is %d, which does not divide %d groups", join->repeat, join->groups);
    int parts = join->groups / join->repeat;
    if (a % parts != 0 || b % join->groups != 0)
        return fail(planner, n, "%d and %d groups do not divide widths %d and %d", parts, join->groups, a, b);
    join->first = a / parts;
    join->second = b / join->groups;
    if (join->first + join->second > PLAN_WIDTH_MAX / join->groups)
        return fail(planner, n, "a join wider than %d", PLAN_WIDTH_MAX);
    planned(planner, n)->width = join->groups * (join->first + join->second);
    return ERROR_NONE;
}

static int plan_mixture(const struct planner *planner, int n)
{
    const struct model *model = planner->model;
    const struct graph *graph = planner->plan->graph;
    struct plan_mixture *mixture = &planned(planner, n)->mixture;
    struct router_sizes *sizes = &mixture->sizes;
    int code = whole_option(planner, n, GRAPH_MOE_EXPERTS, "experts", 1, STREAM_EXPERTS, model->experts,
                            &sizes->experts);
    if (code == ERROR_NONE)
        code = whole_option(planner, n, GRAPH_MOE_TOP, "top", 1, sizes->experts, model->top_k, &sizes->top_k);
    if (code == ERROR_NONE)
        code = plan_expert_groups(planner, n, sizes);
    mixture->router = &routers[choice_option(planner, n, GRAPH_MOE_ROUTER, (int)(model->router - routers))];
    mixture->weigh = &router_weighs[choice_option(planner, n, GRAPH_MOE_WEIGH, 0)];
    mixture->expert = n - 1;
    while (graph->nodes[mixture->expert].kind != GRAPH_EXPERT)
        mixture->expert--;
    planned(planner, n)->width = planned(planner, graph->nodes[n].b)->width;
    return code;
}

static int plan_signal(const struct planner *planner, int n)
{
    const struct model *model = planner->model;
    const struct graph_node *node = &planner->plan->graph->nodes[n];
    struct plan_node *self = planned(planner, n);
    int width = node->a >= 0 ? planned(planner, node->a)->width : model->width;
    self->rows = model->sequences * (node->memory ? model_memory_tokens(model) : model->tokens);
    self->width = width;
    switch (node->kind) {
    case GRAPH_ONES:
        self->width = 1;
        return ERROR_NONE;
    case GRAPH_SUM:
    case GRAPH_PRODUCT:
        return plan_pair(planner, n);
    case GRAPH_POINTWISE:
        plan_function(planner, n, width);
        return ERROR_NONE;
    case GRAPH_NORM:
        return plan_norm(planner, n, width);
    case GRAPH_MAP:
        return plan_map(planner, n);
    case GRAPH_ATTEND:
        return plan_attend(planner, n);
    case GRAPH_JOIN:
        return plan_join(planner, n);
    case GRAPH_MOE:
        return plan_mixture(planner, n);
    default:
        return ERROR_NONE;
    }
}

static int plan_nodes(const struct planner *planner)
{
    const struct graph *graph = planner->plan->graph;
    int code = ERROR_NONE;
    for (int n = 0; n < graph->node_count && code == ERROR_NONE; n++)
        if (graph_is_signal(graph->nodes[n].kind))
            code = plan_signal(planner, n);
    for (int i = 0; i < graph->state_count && code == ERROR_NONE; i++) {
        int output = graph->outputs[i], width = planned(planner, output)->width;
        if (width != planner->model->width)
            code = fail(planner, output, "%s ends with width %d, not d = %d", graph->inputs[i].name, width,
                        planner->model->width);
    }
    return code;
}

int planner_nodes(struct plan *plan, const struct model *model, const double *scalars, int block, struct error *error)
{
    struct planner planner = {plan, model, scalars, block, error};
    return plan_nodes(&planner);
}
