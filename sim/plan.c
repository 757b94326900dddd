#include "sim/plan.h"

#include <stdlib.h>
#include <string.h>

#include "sim/planner.h"
#include "sim/stream.h"

/* ---- groups ---- */

static int group_of(const struct plan *plan, int n)
{
    const struct graph_node *node = &plan->graph->nodes[n];
    for (int g = 0; g < plan->group_count; g++)
        if (plan->groups[g].input == node->a && plan->graph->nodes[plan->groups[g].first].site == node->site)
            return g;
    return -1;
}

static bool is_before(const struct graph *graph, int left, int right)
{
    const struct graph_matrix *a = &graph->matrices[graph->nodes[left].index];
    const struct graph_matrix *b = &graph->matrices[graph->nodes[right].index];
    return a->matrix != b->matrix ? a->matrix < b->matrix : a->expert < b->expert;
}

/* The members of a group behind those that are there, in order of their addresses. */
static void collect(struct plan *plan, struct plan_group *group, int *members)
{
    const struct graph *graph = plan->graph;
    int index = (int)(group - plan->groups);
    for (int n = group->first; n < graph->node_count; n++) {
        if (graph->nodes[n].kind != GRAPH_MAP || plan->nodes[n].group != index)
            continue;
        int place = group->count++;
        for (; place > 0 && is_before(graph, n, members[place - 1]); place--)
            members[place] = members[place - 1];
        members[place] = n;
    }
    group->nodes = members;
}

static void plan_groups(struct plan *plan)
{
    const struct graph *graph = plan->graph;
    for (int n = 0; n < graph->node_count; n++) {
        if (graph->nodes[n].kind != GRAPH_MAP)
            continue;
        int g = group_of(plan, n);
        if (g < 0) {
            g = plan->group_count++;
            plan->groups[g] = (struct plan_group){.input = graph->nodes[n].a, .first = n};
        }
        plan->nodes[n].group = g;
    }
    int *members = plan->members;
    for (int g = 0; g < plan->group_count; g++) {
        collect(plan, &plan->groups[g], members);
        members += plan->groups[g].count;
    }
}

/* ---- what the outputs depend on, and where cotangents lie ---- */

static void mark(struct plan *plan, int n)
{
    if (n >= 0 && graph_is_signal(plan->graph->nodes[n].kind))
        plan->nodes[n].live = true;
}

/* A map that shares its input's factor with a live one is live too: its cotangent is 0. */
static void find_live(struct plan *plan)
{
    const struct graph *graph = plan->graph;
    for (int i = 0; i < graph->state_count; i++)
        plan->nodes[graph->outputs[i]].live = true;
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind) || !plan->nodes[n].live)
            continue;
        mark(plan, node->a);
        mark(plan, node->b);
        mark(plan, node->c);
        const struct plan_group *group = node->kind == GRAPH_MAP ? &plan->groups[plan->nodes[n].group] : NULL;
        for (int i = 0; group && i < group->count; i++)
            plan->nodes[group->nodes[i]].live = true;
    }
}

/* The smallest free slot that holds size, else the largest that does not, enlarged; a new one where none is free. */
static int take_slot(struct plan *plan, bool busy[], size_t size)
{
    int best = -1;
    for (int s = 0; s < plan->slot_count; s++) {
        if (busy[s])
            continue;
        size_t own = plan->slot_sizes[s], found = best >= 0 ? plan->slot_sizes[best] : 0;
        bool fits = own >= size, found_fits = best >= 0 && found >= size;
        if (best < 0 || (fits && (!found_fits || own < found)) || (!fits && !found_fits && own > found))
            best = s;
    }
    if (best < 0) {
        best = plan->slot_count++;
        plan->slot_sizes[best] = 0;
    }
    plan->slot_sizes[best] = plan->slot_sizes[best] > size ? plan->slot_sizes[best] : size;
    busy[best] = true;
    return best;
}

/* The node at which the reverse pass has no more use for n's cotangent: the group's first for a map, the rows that
 * enter the body for a mixture, whose experts go through it one after the other. */
static int last_use(const struct plan *plan, int n)
{
    enum graph_kind kind = plan->graph->nodes[n].kind;
    if (kind == GRAPH_MAP)
        return plan->groups[plan->nodes[n].group].first;
    return kind == GRAPH_MOE ? plan->nodes[n].mixture.expert : n;
}

static void give_slot(struct plan *plan, bool busy[], int n)
{
    if (n < 0 || !graph_is_signal(plan->graph->nodes[n].kind) || plan->nodes[n].slot >= 0 ||
        plan->graph->nodes[n].kind == GRAPH_INPUT)
        return;
    plan->nodes[n].slot = take_slot(plan, busy, arena_cost(plan_entries(plan, n)));
}

/* Nodes by that of their last use, as lists. */
struct endings {
    int *first; // [node_count], -1: none
    int *next;  // [node_count]
};

static void free_slots(const struct plan *plan, bool busy[], const struct endings *endings, int n)
{
    for (int m = endings->first[n]; m >= 0; m = endings->next[m])
        if (plan->nodes[m].slot >= 0)
            busy[plan->nodes[m].slot] = false;
}

/* A cotangent's slot is taken where the first arrives, at the highest of its readers, and free behind its last use. */
static void plan_slots(struct plan *plan, bool busy[], const struct endings *endings)
{
    const struct graph *graph = plan->graph;
    for (int n = 0; n < graph->node_count; n++)
        plan->nodes[n].slot = endings->first[n] = -1;
    for (int i = 0; i < graph->state_count; i++)
        give_slot(plan, busy, graph->outputs[i]);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind) || !plan->nodes[n].live)
            continue;
        give_slot(plan, busy, n); // a map that only its group keeps alive
        give_slot(plan, busy, node->a);
        give_slot(plan, busy, node->b);
        give_slot(plan, busy, node->c);
        int last = last_use(plan, n);
        endings->next[n] = endings->first[last];
        endings->first[last] = n;
        free_slots(plan, busy, endings, n);
    }
}

/* ---- the whole ---- */

static int allocate(struct plan *plan, struct error *error)
{
    size_t count = (size_t)plan->graph->node_count;
    plan->nodes = calloc(count + 1, sizeof *plan->nodes);
    plan->groups = calloc(count + 1, sizeof *plan->groups);
    plan->members = calloc(count + 1, sizeof *plan->members);
    plan->slot_sizes = calloc(count + 1, sizeof *plan->slot_sizes);
    if (!plan->nodes || !plan->groups || !plan->members || !plan->slot_sizes)
        return error_set(error, ERROR_RESOURCE, "out of memory for a block of %zu operations", count);
    return ERROR_NONE;
}

static int lay_slots(struct plan *plan, struct error *error)
{
    size_t count = (size_t)plan->graph->node_count;
    bool *busy = calloc(count + 1, sizeof *busy);
    int *links = calloc(2 * count + 2, sizeof *links);
    int code = busy && links ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    if (code == ERROR_NONE)
        plan_slots(plan, busy, &(struct endings){links, links + count + 1});
    free(busy);
    free(links);
    return code;
}

int plan_init(struct plan *plan, const struct model *model, const struct graph *graph, const double *scalars, int block,
              struct error *error)
{
    *plan = (struct plan){.graph = graph};
    int code = allocate(plan, error);
    if (code == ERROR_NONE)
        code = planner_nodes(plan, model, scalars, block, error);
    if (code == ERROR_NONE) {
        plan_groups(plan);
        find_live(plan);
        code = lay_slots(plan, error);
    }
    if (code != ERROR_NONE)
        plan_free(plan);
    return code;
}

void plan_free(struct plan *plan)
{
    free(plan->nodes);
    free(plan->groups);
    free(plan->members);
    free(plan->slot_sizes);
    *plan = (struct plan){0};
}

static bool same_attention(const struct attention *a, const struct attention *b)
{
    return a->sequences == b->sequences && a->queries == b->queries && a->keys == b->keys && a->heads == b->heads &&
           a->kv_heads == b->kv_heads && a->head_width == b->head_width && a->value_width == b->value_width &&
           a->mask == b->mask && a->window == b->window && a->bias == b->bias && a->scale == b->scale &&
           a->rope == b->rope && a->rotary == b->rotary && a->cap == b->cap && a->sink == b->sink &&
           a->bias_sd == b->bias_sd && a->sink_sd == b->sink_sd && a->scaling == b->scaling && a->factor == b->factor &&
           a->length == b->length && a->gain == b->gain && a->number == b->number;
}

static bool same_sizes(const struct router_sizes *a, const struct router_sizes *b)
{
    return a->experts == b->experts && a->top_k == b->top_k && a->groups == b->groups && a->top_groups == b->top_groups;
}

static bool same_node(enum graph_kind kind, const struct plan_node *a, const struct plan_node *b)
{
    if (a->width != b->width || a->rows != b->rows || a->function != b->function)
        return false;
    if (kind == GRAPH_NORM)
        return a->norm.norm == b->norm.norm && a->norm.groups == b->norm.groups && a->norm.eps == b->norm.eps;
    if (kind == GRAPH_JOIN)
        return a->join.groups == b->join.groups && a->join.repeat == b->join.repeat;
    if (kind == GRAPH_MOE)
        return a->mixture.router == b->mixture.router && a->mixture.weigh == b->mixture.weigh &&
               same_sizes(&a->mixture.sizes, &b->mixture.sizes);
    return kind != GRAPH_ATTEND || same_attention(&a->attend, &b->attend);
}

bool plan_same(const struct plan *a, const struct plan *b)
{
    bool same = a->graph == b->graph;
    for (int n = 0; same && n < a->graph->node_count; n++)
        same = same_node(a->graph->nodes[n].kind, &a->nodes[n], &b->nodes[n]);
    return same;
}

size_t plan_entries(const struct plan *plan, int node)
{
    return memory_multiply((size_t)plan->nodes[node].rows, (size_t)plan->nodes[node].width);
}

struct init_size plan_matrix(const struct plan *plan, int matrix)
{
    int n = plan->graph->matrices[matrix].node;
    const struct graph_node *node = &plan->graph->nodes[n];
    int fan_out = node->kind == GRAPH_MOE ? plan->nodes[n].mixture.sizes.experts : plan->nodes[n].width;
    return (struct init_size){plan->nodes[node->a].width, fan_out};
}

int plan_copies(const struct plan *plan, int matrix)
{
    const struct graph *graph = plan->graph;
    int n = graph->matrices[matrix].node, mixture = graph->nodes[n].mixture;
    if (mixture < 0)
        return 1;
    while (graph->nodes[n].kind != GRAPH_MOE)
        n++;
    return plan->nodes[n].mixture.sizes.experts;
}
