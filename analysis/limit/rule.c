#include "analysis/limit/rule.h"

#include <math.h>
#include <string.h>

enum { SITES = STREAM_SITES, DRAWS = 4 };

/* A block has at most GRAPH_NODES_MAX matrices: four times the sites of a stream. */
_Static_assert(GRAPH_NODES_MAX / SITES * DRAWS <= STREAM_MATRICES, "matrices fit into a stream's address");

static struct stream_address address_of(const struct rule_run *run, int matrix, int draw)
{
    struct stream_address address = run->address;
    address.site = (uint32_t)matrix % SITES;
    address.matrix = (uint32_t)(matrix / SITES * DRAWS + draw);
    return address;
}

struct stream_address rule_address(const struct rule_run *run, int node, enum rule_draw draw)
{
    return address_of(run, run->layout->nodes[node].matrix, (int)draw);
}

struct stream_address rule_states_address(const struct rule_run *run, int number)
{
    return address_of(run, SITES - 1 - number, DRAWS - 1);
}

const struct graph_node *rule_graph_node(const struct rule_run *run, int node)
{
    return &run->layout->plan->graph->nodes[node];
}

struct space *rule_space(const struct rule_run *run, int node)
{
    return &run->spaces[run->layout->nodes[node].space];
}

bool rule_has_width(const struct rule_run *run)
{
    return !run->layout->mode.width_limit;
}

double *rule_take(const struct rule_run *run, struct gram_space grams)
{
    return pool_take(run->scratch, gram_size(grams));
}

void rule_give(struct rule_run *run, int node, struct signal signal)
{
    struct signal *gradient = &run->nodes[node].gradient;
    if (gradient->at)
        frame_add(rule_space(run, node), 1, &signal, gradient, run->work);
    else
        *gradient = signal;
}

static bool has_ripples(const struct rule_run *run)
{
    return run->layout->mode.first_order;
}

void rule_ripple(struct rule_run *run, int node, int column, double square, double own, const struct ripple *inherited)
{
    if (has_ripples(run))
        ripple_fresh(&run->ripples, run->layout->nodes[node].space, column, rule_space(run, node)->width, square, own,
                     inherited);
}

struct ripple rule_ripple_of(struct rule_run *run, int node)
{
    return has_ripples(run) ? ripple_gram(&run->ripples, run->layout->nodes[node].space, &run->nodes[node].out)
                            : (struct ripple){0};
}

void rule_echo(struct rule_run *run, int node, double factor, const struct ripple *echo)
{
    if (echo->count > 0)
        ripple_add(&run->ripples, factor, echo, &run->nodes[node].echo);
}

const struct signal *rule_gradient(struct rule_run *run, int node)
{
    struct signal *gradient = &run->nodes[node].gradient;
    const struct space *space = rule_space(run, node);
    if (!gradient->at)
        *gradient = frame_zero(space, frame_first(space), run->work);
    return gradient;
}

/* The same in all features. */
static void ones_forward(struct rule_run *run, int node)
{
    const struct space *space = rule_space(run, node);
    double *ones = pool_take(run->scratch, (size_t)gram_rows(space->grams));
    for (int t = 0; t < gram_rows(space->grams); t++)
        ones[t] = 1;
    run->nodes[node].out = frame_zero(space, frame_first(space), run->work);
    frame_add_mean(space, ones, &run->nodes[node].out);
}

static void sum_forward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct signal *a = &run->nodes[own->a].out, *b = &run->nodes[own->b].out;
    bool wider = b->columns > a->columns; // first, so that the sum need not be moved
    const struct space *space = rule_space(run, node);
    struct signal *out = &run->nodes[node].out;
    frame_add(space, 1, wider ? b : a, out, run->work);
    frame_add(space, 1, wider ? a : b, out, run->work);
    /* What is left may be all of the order that is left out, such as the mean that one of two norms takes off. */
    if (run->layout->mode.first_order && frame_is_zero(space, out) && !frame_is_zero(space, a))
        *run->too_sharp = true;
}

static void sum_backward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct signal *gradient = rule_gradient(run, node);
    frame_add(rule_space(run, node), 1, gradient, &run->nodes[own->a].gradient, run->work);
    frame_add(rule_space(run, node), 1, gradient, &run->nodes[own->b].gradient, run->work);
    rule_echo(run, own->a, 1, &run->nodes[node].echo);
    rule_echo(run, own->b, 1, &run->nodes[node].echo);
}

/* As in a sample (sim/block), what is lost below the range of double is made infinite: it is no true 0. */
void rule_keep(struct rule_run *run, int node, double factor, int of)
{
    const struct space *space = rule_space(run, node);
    struct signal *out = &run->nodes[node].out;
    if (factor == 0 || !frame_is_zero(space, out) || frame_is_zero(rule_space(run, of), &run->nodes[of].out))
        return;
    for (size_t i = 0; i < (size_t)frame_rows(space) * (size_t)out->columns; i++)
        out->at[i] = INFINITY;
}

static void scale_forward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    frame_add(rule_space(run, node), run->block->scalars[own->b], &run->nodes[own->a].out, &run->nodes[node].out,
              run->work);
    rule_keep(run, node, run->block->scalars[own->b], own->a);
    run->nodes[node].normed = run->nodes[own->a].normed;
}

static void scale_backward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    double factor = run->block->scalars[own->b];
    frame_add(rule_space(run, node), factor, rule_gradient(run, node), &run->nodes[own->a].gradient, run->work);
    rule_echo(run, own->a, factor * factor, &run->nodes[node].echo);
}

/* An expert is given rows of the routed signal; which, the gates know. */
static void expert_forward(struct rule_run *run, int node)
{
    run->nodes[node].out = run->nodes[rule_graph_node(run, node)->a].out;
}

static void expert_backward(struct rule_run *run, int node)
{
    frame_add(rule_space(run, node), 1, rule_gradient(run, node), &run->nodes[rule_graph_node(run, node)->a].gradient,
              run->work);
}

/* Inputs are given, and their gradients taken, by the flow; those of constants by nobody. */
static void nothing(struct rule_run *run, int node)
{
    (void)run;
    (void)node;
}

const struct rule rules[GRAPH_KINDS] = {
    [GRAPH_INPUT] = {nothing, nothing},
    [GRAPH_ONES] = {ones_forward, nothing},
    [GRAPH_SUM] = {sum_forward, sum_backward},
    [GRAPH_SCALE] = {scale_forward, scale_backward},
    [GRAPH_PRODUCT] = {rule_product_forward, rule_product_backward},
    [GRAPH_POINTWISE] = {rule_pointwise_forward, rule_pointwise_backward},
    [GRAPH_NORM] = {rule_norm_forward, rule_norm_backward},
    [GRAPH_MAP] = {rule_map_forward, rule_map_backward},
    [GRAPH_ATTEND] = {rule_attend_forward, rule_attend_backward},
    [GRAPH_JOIN] = {rule_join_forward, rule_join_backward},
    [GRAPH_EXPERT] = {expert_forward, expert_backward},
    [GRAPH_MOE] = {rule_mixture_forward, rule_mixture_backward},
};
