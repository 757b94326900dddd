#include "analysis/limit/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Features that are drawn where closed forms carry the rest, and where nothing does in the limit. */
enum { FEATURES_LEAST = 512, FEATURES_OPEN = 1024 };

/* ---- which nodes share a space ---- */

static int root_of(int *parent, int n)
{
    while (parent[n] != n)
        n = parent[n] = parent[parent[n]];
    return n;
}

static void join(int *parent, int a, int b)
{
    if (a >= 0 && b >= 0)
        parent[root_of(parent, b)] = root_of(parent, a);
}

static void join_nodes(const struct graph *graph, bool experts_apart, int *parent)
{
    int state = -1;
    for (int n = 0; n < graph->node_count; n++)
        parent[n] = n;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        switch (node->kind) {
        case GRAPH_SUM:
        case GRAPH_PRODUCT:
            join(parent, n, node->a);
            join(parent, n, node->b);
            break;
        case GRAPH_SCALE:
        case GRAPH_POINTWISE:
        case GRAPH_NORM:
        case GRAPH_EXPERT:
            join(parent, n, node->a);
            break;
        case GRAPH_MOE: // a sum of what experts give, where each is read
            if (experts_apart)
                join(parent, n, node->b);
            break;
        case GRAPH_INPUT:
            if (!node->memory) {
                join(parent, n, state);
                state = n;
            }
            break;
        default:
            break;
        }
    }
    for (int s = 0; s < graph->state_count; s++)
        join(parent, graph->outputs[0], graph->outputs[s]);
    join(parent, graph->outputs[0], state);
}

/* ---- what is independent and Gaussian ---- */

/* The fresh signals that features of a node are made of: sets of nodes. */
struct sources {
    size_t words;
    uint64_t *sets; // [node_count][words]
};

static uint64_t *sources_of(const struct sources *sources, int n)
{
    return sources->sets + (size_t)n * sources->words;
}

static void sources_add(const struct sources *sources, int from, int to)
{
    if (from < 0)
        return;
    for (size_t w = 0; w < sources->words; w++)
        sources_of(sources, to)[w] |= sources_of(sources, from)[w];
}

static bool sources_disjoint(const struct sources *sources, int a, int b)
{
    uint64_t common = 0;
    for (size_t w = 0; w < sources->words; w++)
        common |= sources_of(sources, a)[w] & sources_of(sources, b)[w];
    return common == 0;
}

/* All states start as one embedding and read each other: one source. */
static int source_number(const struct graph *graph, int n)
{
    if (graph->nodes[n].kind == GRAPH_INPUT && !graph->nodes[n].memory)
        for (int m = 0; m < n; m++)
            if (graph->nodes[m].kind == GRAPH_INPUT && !graph->nodes[m].memory)
                return m;
    return n;
}

static void find_sources(const struct graph *graph, const struct sources *sources)
{
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        int own = source_number(graph, n);
        switch (node->kind) {
        case GRAPH_ATTEND:
            sources_add(sources, node->c, n);
            sources_of(sources, n)[n / 64] |= (uint64_t)1 << n % 64;
            break;
        case GRAPH_MOE:
            sources_add(sources, node->b, n);
            sources_of(sources, n)[n / 64] |= (uint64_t)1 << n % 64;
            break;
        case GRAPH_INPUT:
        case GRAPH_MAP:
            sources_of(sources, n)[own / 64] |= (uint64_t)1 << own % 64;
            break;
        case GRAPH_ONES:
            break;
        case GRAPH_SUM:
        case GRAPH_PRODUCT:
        case GRAPH_JOIN:
            sources_add(sources, node->b, n);
            sources_add(sources, node->a, n);
            break;
        default:
            sources_add(sources, node->a, n);
        }
    }
}

static bool is_gaussian(const struct layout *layout, const struct layout_states *states, int n)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const struct layout_node *nodes = layout->nodes;
    switch (node->kind) {
    case GRAPH_INPUT:
        return node->memory || states->gaussian;
    case GRAPH_SUM:
        return nodes[node->a].gaussian && nodes[node->b].gaussian;
    case GRAPH_SCALE:
    case GRAPH_NORM:
    case GRAPH_EXPERT:
        return nodes[node->a].gaussian;
    case GRAPH_MOE:
        return nodes[node->b].gaussian;
    default:
        return node->kind == GRAPH_MAP;
    }
}

/* Every row sees every key, and nothing but the softmax alters the logits. */
static bool is_plain_attention(const struct attention *attend)
{
    bool sees_all = true;
    for (int row = 0; row < attend->queries; row++) {
        int first, end;
        attention_visible(attend, row, &first, &end);
        sees_all &= first == 0 && end == attend->keys;
    }
    return sees_all && !attention_is_biased(attend) && attend->rope == 0 && attend->cap == 0 && !attend->sink;
}

/* Logits of exchangeable tokens, of independent queries, keys and values, that nothing but the softmax alters. */
static bool is_plain(const struct layout *layout, const struct sources *sources, int n)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const struct attention *attend = &layout->plan->nodes[n].attend;
    const struct layout_node *nodes = layout->nodes;
    bool gaussian = nodes[node->a].gaussian && nodes[node->b].gaussian && nodes[node->c].gaussian;
    bool independent = sources_disjoint(sources, node->a, node->b) && sources_disjoint(sources, node->b, node->c) &&
                       sources_disjoint(sources, node->a, node->c);
    return gaussian && independent && is_plain_attention(attend);
}

static void find_closed(const struct layout *layout, const struct layout_states *states, const struct sources *sources)
{
    const struct graph *graph = layout->plan->graph;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        struct layout_node *own = &layout->nodes[n];
        if (!graph_is_signal(node->kind))
            continue;
        own->gaussian = is_gaussian(layout, states, n);
        if (node->kind == GRAPH_POINTWISE)
            own->closed = layout->nodes[node->a].gaussian;
        if (node->kind == GRAPH_PRODUCT)
            own->closed = sources_disjoint(sources, node->a, node->b);
        if (node->kind == GRAPH_ATTEND)
            own->closed = is_plain(layout, sources, n);
    }
}

/* ---- what a mixture's experts have in common ---- */

/* Experts own their matrices. Given the rows that they read, what their bodies put out is independent between them, but
 * for its mean: nothing, a number that all features of a token share, or a signal of these rows. */
enum common { COMMON_NOTHING, COMMON_MEAN, COMMON_SIGNAL };

static enum common larger(enum common a, enum common b)
{
    return a > b ? a : b;
}

/* A function of the rows' own features has a mean by feature, any other one by token. */
static enum common common_of(const struct layout *layout, const struct sources *sources, const enum common common[],
                             int n)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const struct layout_node *nodes = layout->nodes;
    int expert = n;
    while (layout->plan->graph->nodes[expert].kind != GRAPH_EXPERT)
        expert--;
    bool touches = nodes[n].space == nodes[expert].space;
    switch (node->kind) {
    case GRAPH_EXPERT:
        return COMMON_SIGNAL;
    case GRAPH_ONES:
        return COMMON_MEAN;
    case GRAPH_SUM:
    case GRAPH_JOIN:
        return larger(common[node->a], common[node->b]);
    case GRAPH_PRODUCT:
        if (!sources_disjoint(sources, node->a, node->b))
            return touches ? COMMON_SIGNAL : COMMON_MEAN;
        return common[node->a] == COMMON_NOTHING || common[node->b] == COMMON_NOTHING
                   ? COMMON_NOTHING
                   : larger(common[node->a], common[node->b]);
    case GRAPH_POINTWISE:
        return touches ? COMMON_SIGNAL : COMMON_MEAN;
    case GRAPH_SCALE:
    case GRAPH_NORM:
        return common[node->a];
    default:
        return COMMON_NOTHING;
    }
}

static int find_common(const struct layout *layout, const struct sources *sources, struct error *error)
{
    const struct graph *graph = layout->plan->graph;
    enum common common[graph->node_count + 1];
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        common[n] = COMMON_NOTHING;
        if (graph_is_signal(node->kind) && node->mixture >= 0)
            common[n] = common_of(layout, sources, common, n);
        if (node->kind != GRAPH_MOE)
            continue;
        if (common[node->b] == COMMON_SIGNAL)
            return error_set(
                error, ERROR_INPUT,
                "a mixture whose body hands on what it is given has no prediction in the limit of infinite "
                "width, where experts are read as independent; at the model's own it has");
        if (layout->plan->nodes[n].mixture.weigh->input)
            return error_set(error, ERROR_INPUT,
                             "a mixture whose weights multiply what its experts are given has no prediction in the "
                             "limit of infinite width, where what comes back to its router is no function of Grams; at "
                             "the model's own it has");
        layout->nodes[n].biased = common[node->b] == COMMON_MEAN;
    }
    return ERROR_NONE;
}

/* ---- spaces ---- */

/* What the nodes of a space ask of it. */
struct wants {
    bool heads, features, open, group_norm, blended, states;
    int fresh; /* signals that come about in it */
    int width, tokens;
    int population, tile; /* by the heads */
};

static bool is_elementwise(enum graph_kind kind)
{
    return kind == GRAPH_POINTWISE || kind == GRAPH_PRODUCT;
}

static void note_node(const struct layout *layout, int n, struct wants *wants)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const struct plan_node *sizes = &layout->plan->nodes[n];
    wants->width = sizes->width;
    wants->tokens = node->memory ? layout->mode.memory_tokens : layout->mode.tokens;
    wants->features |= is_elementwise(node->kind);
    wants->open |= is_elementwise(node->kind) && !layout->nodes[n].closed;
    if (node->kind == GRAPH_NORM) {
        wants->group_norm |= sizes->norm.groups > 1;
        wants->blended |= sizes->norm.norm->centres;
    }
    wants->blended |= node->kind == GRAPH_SUM || node->kind == GRAPH_INPUT;
    wants->fresh += node->kind == GRAPH_MAP || node->kind == GRAPH_MOE || node->kind == GRAPH_INPUT ||
                    is_elementwise(node->kind) || node->kind == GRAPH_ATTEND;
}

/* An attention with `groups` groups of heads of the given width. */
static struct attention resized(const struct attention *attend, int groups, int head_width, int value_width)
{
    struct attention own = *attend;
    own.heads = attend->heads / attend->kv_heads * groups;
    own.kv_heads = groups;
    own.head_width = head_width;
    own.value_width = value_width;
    own.scale = attend->scale * sqrt((double)attend->head_width / head_width);
    return own;
}

/* Whether any orthonormal basis serves as features of a space: nothing looks at single ones, at groups or at their mean,
 * and no other signal is added. */
static bool is_rotatable(const struct wants *wants)
{
    return !wants->features && !wants->group_norm && !wants->blended;
}

/* In the limit heads are widened until logits are Gaussian: with the keys and values an orthogonal basis times the factor
 * of their Gram, as wide as there are tokens. What acts on a head's features, before attention or behind it, keeps its
 * width. */
static bool is_wide(const struct layout *layout, const struct attention *attend, const struct wants *const spaces[4])
{
    const struct wants *q = spaces[0], *k = spaces[1], *v = spaces[2];
    bool rotatable = attend->rope == 0;
    for (int s = 0; s < 4; s++)
        rotatable = rotatable && is_rotatable(spaces[s]);
    bool alone = q != k && q != v && k != v && q->fresh == 1 && k->fresh == 1 && v->fresh == 1;
    return layout->mode.width_limit && rotatable && alone;
}

static struct attention drawn_attention(const struct layout *layout, const struct attention *attend, bool wide,
                                        int tokens)
{
    if (!layout->mode.width_limit)
        return *attend;
    int ratio = attend->heads / attend->kv_heads, groups = layout->mode.heads / ratio;
    groups = attend->bias->slope ? attend->kv_heads : groups > 1 ? groups : 1; // a head's bias depends on its number
    return wide ? resized(attend, groups, tokens, tokens)
                : resized(attend, groups, attend->head_width, attend->value_width);
}

static bool claim(struct wants *wants, int population)
{
    bool agrees = wants->population == 0 || wants->population == population;
    wants->population = population;
    return agrees;
}

/* A join's spaces hold all features: what is repeated has its own gradient from all of them. */
static void size_join(const struct layout *layout, int n, struct wants *wants)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const int signals[] = {node->a, node->b, n};
    for (int i = 0; i < 3; i++) {
        struct wants *own = &wants[layout->nodes[signals[i]].space];
        own->heads = true;
        claim(own, layout->plan->nodes[signals[i]].width);
    }
}

/* False where a space already has another size, or is that of the states, which keep their width. */
static bool size_attention(const struct layout *layout, int n, struct wants *wants, bool as_they_are)
{
    const struct graph_node *node = &layout->plan->graph->nodes[n];
    const struct layout_node *nodes = layout->nodes;
    struct wants *q = &wants[nodes[node->a].space], *k = &wants[nodes[node->b].space];
    struct wants *v = &wants[nodes[node->c].space], *out = &wants[nodes[n].space], *states = &wants[layout->states];
    const struct attention *given = &layout->plan->nodes[n].attend;
    bool wide = !as_they_are && is_wide(layout, given, (const struct wants *const[]){q, k, v, out});
    int tokens = q->tokens > k->tokens ? q->tokens : k->tokens;
    struct attention own = as_they_are ? *given : drawn_attention(layout, given, wide, tokens);
    bool agree = as_they_are || (q != states && k != states && v != states && out != states);
    layout->nodes[n].attend = own;
    layout->nodes[n].wide = wide;
    q->heads = k->heads = v->heads = out->heads = true;
    agree &= claim(q, own.heads * own.head_width);
    agree &= claim(k, own.kv_heads * own.head_width);
    agree &= claim(v, own.kv_heads * own.value_width);
    agree &= claim(out, own.heads * own.value_width);
    k->tile = v->tile = wide ? own.kv_heads : 0;
    return agree;
}

/* Sizes of the spaces of every attention and join, as the model has them or as they are drawn; false where two of them
 * disagree, which those of the model never do. */
static bool size_heads(const struct layout *layout, struct wants *wants, bool as_they_are)
{
    const struct graph *graph = layout->plan->graph;
    bool agree = true;
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_JOIN) {
            size_join(layout, n, wants);
            agree &= as_they_are;
        } else if (graph->nodes[n].kind == GRAPH_ATTEND && !layout->mode.exchangeable) {
            agree &= size_attention(layout, n, wants, as_they_are);
        }
    return agree;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Features that a population holds at a finite width. Held in part, it leaves the gradients' products with it too small
 * by a relative 2 (1 - a) T/(a m), a its share: what conditioning takes off it is made up for in the frame, which no
 * product sees. Where that is more than a part in 200, all features are held. */
static int features_held(const struct wants *wants)
{
    static const double allowed = 0.005;
    int few = least(wants->width, FEATURES_LEAST > 4 * wants->tokens ? FEATURES_LEAST : 4 * wants->tokens);
    double share = sqrt((double)few / wants->width);
    return 2 * (1 - share) * wants->tokens <= allowed * share * wants->width ? few : wants->width;
}

static struct space make_space(const struct layout *layout, const struct wants *wants)
{
    struct space space = {.grams = {wants->tokens, layout->mode.exchangeable}, .width = wants->width};
    bool finite = !layout->mode.width_limit;
    if (layout->mode.exchangeable) {
        space.share = 0;
    } else if (wants->heads) {
        space.population = wants->population;
        space.share = 1;
        space.tile = wants->tile;
    } else if (wants->open || (wants->group_norm && finite)) { // a group has its own square
        space.population = finite || wants->states ? wants->width : FEATURES_OPEN;
        space.share = 1;
    } else if (wants->features && finite) {
        space.population = features_held(wants);
        space.share = sqrt((double)space.population / wants->width);
    } else {
        space.drawn = finite;
    }
    space.columns = frame_first(&space);
    return space;
}

static void number_spaces(struct layout *layout, int *parent)
{
    const struct graph *graph = layout->plan->graph;
    layout->space_count = 0;
    for (int n = 0; n < graph->node_count; n++)
        layout->nodes[n].space = graph_is_signal(graph->nodes[n].kind) && root_of(parent, n) == n
                                     ? layout->space_count++
                                     : -1;
    for (int n = 0; n < graph->node_count; n++)
        if (graph_is_signal(graph->nodes[n].kind))
            layout->nodes[n].space = layout->nodes[root_of(parent, n)].space;
    layout->states = layout->nodes[graph->outputs[0]].space;
}

/* What random numbers are found by, so that they do not depend on how a formula is spelled. */
static void number_matrices(struct layout *layout)
{
    const struct graph *graph = layout->plan->graph;
    for (int n = 0; n < graph->node_count; n++)
        layout->nodes[n].matrix = -1;
    for (int m = graph->matrix_count - 1; m >= 0; m--) {
        int node = graph->matrices[m].node;
        layout->nodes[graph->nodes[node].a].matrix = m;
    }
    for (int m = 0; m < graph->matrix_count; m++)
        layout->nodes[graph->matrices[m].node].matrix = m;
}

static bool make_spaces(struct layout *layout, struct layout_states *states)
{
    const struct graph *graph = layout->plan->graph;
    struct wants *wants = calloc((size_t)layout->space_count, sizeof *wants);
    layout->spaces = calloc((size_t)layout->space_count, sizeof *layout->spaces);
    layout->blended = calloc((size_t)layout->space_count, sizeof *layout->blended);
    layout->rows = calloc((size_t)layout->space_count, sizeof *layout->rows);
    if (!wants || !layout->spaces || !layout->blended || !layout->rows) {
        free(wants);
        return false;
    }
    for (int n = 0; n < graph->node_count; n++)
        if (layout->nodes[n].space >= 0)
            note_node(layout, n, &wants[layout->nodes[n].space]);
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_MOE)
            wants[layout->nodes[graph->nodes[n].b].space].blended |= layout->nodes[n].biased;
    if (!size_heads(layout, wants, false)) {
        for (int s = 0; s < layout->space_count; s++)
            wants[s].population = wants[s].tile = 0;
        size_heads(layout, wants, true);
    }
    struct wants *own = &wants[layout->states];
    states->features |= own->features;
    states->open |= own->open || own->heads || (own->group_norm && !layout->mode.width_limit);
    own->features = states->features;
    own->open = states->open && !own->heads;
    own->blended = own->states = true;
    for (int s = 0; s < layout->space_count; s++) {
        layout->spaces[s] = make_space(layout, &wants[s]);
        layout->blended[s] = wants[s].blended || (layout->spaces[s].population > 0 && layout->spaces[s].share < 1);
    }
    free(wants);
    return true;
}

/* Of experts that have tokens at all, where these are spread evenly. A space that none but one mixture's nodes are in is
 * each expert's own. */
static void count_rows(struct layout *layout)
{
    const struct plan *plan = layout->plan;
    for (int s = 0; s < layout->space_count; s++)
        layout->rows[s] = 0;
    for (int n = plan->graph->node_count - 1, moe = -1; n >= 0; n--) {
        struct layout_node *own = &layout->nodes[n];
        if (own->space < 0)
            continue;
        if (plan->graph->nodes[n].kind == GRAPH_MOE)
            moe = n;
        double tokens = layout->mode.exchangeable ? 2 : layout->spaces[own->space].grams.tokens;
        own->readings = 1;
        own->rows = tokens;
        if (layout_is_apart(layout, n)) {
            const struct router_sizes *sizes = &plan->nodes[moe].mixture.sizes;
            own->readings = fmin(sizes->experts, sizes->top_k * tokens);
            own->rows = sizes->top_k * tokens / own->readings;
        }
        layout->rows[own->space] = fmax(layout->rows[own->space], own->rows);
    }
}

static bool has_centre(const struct plan *plan)
{
    bool has = false;
    for (int n = 0; n < plan->graph->node_count; n++)
        has |= plan->graph->nodes[n].kind == GRAPH_NORM && plan->nodes[n].norm.norm->centres;
    return has;
}

int layout_init(struct layout *layout, const struct plan *plan, struct layout_mode mode, struct layout_states *states,
                struct error *error)
{
    const struct graph *graph = plan->graph;
    size_t count = (size_t)graph->node_count;
    *layout = (struct layout){.plan = plan, .mode = mode};
    struct sources sources = {.words = count / 64 + 1};
    int *parent = calloc(count, sizeof *parent);
    layout->nodes = calloc(count, sizeof *layout->nodes);
    sources.sets = calloc(count * sources.words, sizeof *sources.sets);
    bool made = parent && layout->nodes && sources.sets;
    int code = ERROR_NONE;
    if (made) {
        join_nodes(graph, !mode.width_limit, parent);
        number_spaces(layout, parent);
        number_matrices(layout);
        find_sources(graph, &sources);
        find_closed(layout, states, &sources);
        code = mode.width_limit && !mode.exchangeable ? find_common(layout, &sources, error) : ERROR_NONE;
        for (int s = 0; s < graph->state_count; s++)
            states->gaussian &= layout->nodes[graph->outputs[s]].gaussian;
        states->centres |= has_centre(plan);
        made = code != ERROR_NONE || make_spaces(layout, states);
        if (made && code == ERROR_NONE)
            count_rows(layout);
    }
    free(parent);
    free(sources.sets);
    if (!made)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d signals", graph->node_count);
    if (code != ERROR_NONE)
        layout_free(layout);
    return code;
}

void layout_free(struct layout *layout)
{
    free(layout->nodes);
    free(layout->spaces);
    free(layout->blended);
    free(layout->rows);
    *layout = (struct layout){0};
}

bool layout_is_apart(const struct layout *layout, int node)
{
    return !layout->mode.width_limit && layout->plan->graph->nodes[node].mixture >= 0;
}

bool layout_is_closed(const struct layout *layout)
{
    const struct graph *graph = layout->plan->graph;
    for (int n = 0; n < graph->node_count; n++) {
        enum graph_kind kind = graph->nodes[n].kind;
        if (kind == GRAPH_MOE || kind == GRAPH_JOIN)
            return false;
        if ((is_elementwise(kind) || kind == GRAPH_ATTEND) && !layout->nodes[n].closed)
            return false;
    }
    return true;
}
