#include "sim/maps.h"

#include <string.h>

#include "sim/vanish.h"

void maps_map(const struct pass *pass, int matrix, int fan_out, struct linear_map *map)
{
    if (pass->block)
        block_map(pass->run, pass->block, matrix, pass->expert, map);
    else
        *map = (struct linear_map){.fan_out = fan_out,
                                   .law = model_law(pass->run->model, &pass->graph->matrices[matrix])};
}

const struct plan_group *maps_group(const struct pass *pass, int n)
{
    const struct plan_group *group = &pass->plan->groups[pass->plan->nodes[n].group];
    return group->first == n ? group : NULL;
}

/* maps [group->count] */
static struct linear linear_of(const struct pass *pass, const struct plan_group *group, struct linear_map *maps)
{
    for (int i = 0; i < group->count; i++) {
        int n = group->nodes[i];
        maps_map(pass, pass->graph->nodes[n].index, pass->plan->nodes[n].width, &maps[i]);
    }
    return (struct linear){pass_rows(pass, group->first), pass->plan->nodes[group->input].width, group->count, maps};
}

static struct linear_cost group_cost(const struct pass *pass, int n)
{
    const struct plan_group *group = maps_group(pass, n);
    if (!group)
        return (struct linear_cost){0};
    struct linear_map maps[group->count];
    struct linear linear = linear_of(pass, group, maps);
    return pass->run->engine->cost(&linear);
}

static size_t map_extra(const struct pass *pass, int n)
{
    return group_cost(pass, n).tape;
}

static struct linear_cost map_cost(const struct pass *pass, int n)
{
    struct linear_cost cost = group_cost(pass, n);
    cost.tape = 0;
    return cost;
}

static void map_forward(struct pass *pass, int n)
{
    const struct plan_group *group = maps_group(pass, n);
    if (!group)
        return;
    struct linear_map maps[group->count];
    real *y[group->count];
    struct linear linear = linear_of(pass, group, maps);
    for (int i = 0; i < group->count; i++)
        y[i] = pass->nodes[group->nodes[i]].own;
    pass->run->engine->forward(pass->run->engine, &linear, pass_signal(pass, group->input), y,
                               pass->nodes[n].extra.base, pass->work);
    for (int i = 0; i < group->count; i++) {
        size_t count = pass_entries(pass, group->nodes[i]);
        bool nothing = maps[i].sigma != 0 && vanish_is_zero(count, y[i]) &&
                       !vanish_is_zero(pass_entries(pass, group->input), pass_signal(pass, group->input));
        if (nothing || vanish_factor(maps[i].sigma))
            vanish_lose(count, y[i]);
    }
}

void maps_backward(struct pass *pass, const struct linear *linear, const int matrices[], int input,
                   const real *const y[], const real *const dy[], const real *tape)
{
    struct pass_node *to = &pass->nodes[input];
    double squares[linear->count];
    memset(squares, 0, sizeof squares);
    pass->run->engine->backward(pass->run->engine, linear, to->signal, y, dy, to->arrived, to->gradient, squares, tape,
                                pass->work);
    to->arrived = true;
    for (int i = 0; i < linear->count; i++)
        pass->report->gradients[matrices[i]] += squares[i];
}

/* A map whose own cotangent never arrived has one of 0 while others of its group have theirs. */
static void map_backward(struct pass *pass, int n)
{
    const struct plan_group *group = maps_group(pass, n);
    if (!group)
        return;
    struct linear_map maps[group->count];
    const real *y[group->count], *dy[group->count];
    int matrices[group->count];
    struct linear linear = linear_of(pass, group, maps);
    for (int i = 0; i < group->count; i++) {
        int member = group->nodes[i];
        struct pass_node *node = &pass->nodes[member];
        if (!node->arrived)
            memset(node->gradient, 0, pass_entries(pass, member) * sizeof *node->gradient);
        y[i] = node->signal;
        dy[i] = node->gradient;
        matrices[i] = pass->graph->nodes[member].index;
    }
    maps_backward(pass, &linear, matrices, group->input, y, dy, pass->nodes[n].extra.base);
}

const struct pass_operation map_operation = {map_extra, map_cost, map_forward, map_backward};
