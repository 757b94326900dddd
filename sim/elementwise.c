#include "sim/elementwise.h"

#include "sim/vanish.h"

static double scalar_of(const struct pass *pass, int n)
{
    return pass->block->scalars[n];
}

/* ---- ones, sums, scales, products ---- */

static void ones_forward(struct pass *pass, int n)
{
    real *out = pass->nodes[n].own;
    for (size_t i = 0; i < pass_entries(pass, n); i++)
        out[i] = 1;
}

/* What arrives at a constant goes no further. */
static void ones_backward(struct pass *pass, int n)
{
    (void)pass;
    (void)n;
}

static void sum_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const real *a = pass_signal(pass, node->a), *b = pass_signal(pass, node->b);
    real *out = pass->nodes[n].own;
    size_t count = pass_entries(pass, n);
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] + b[i];
}

static void sum_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    pass_arrive(pass, node->a, 1, pass->nodes[n].gradient);
    pass_arrive(pass, node->b, 1, pass->nodes[n].gradient);
}

static void scale_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const real *a = pass_signal(pass, node->a);
    real *out = pass->nodes[n].own, scale = (real)scalar_of(pass, node->b);
    size_t count = pass_entries(pass, n);
    for (size_t i = 0; i < count; i++)
        out[i] = scale * a[i];
    if (vanish_factor(scalar_of(pass, node->b)) ||
        (scale != 0 && vanish_is_zero(count, out) && !vanish_is_zero(count, a)))
        vanish_lose(count, out);
}

static void scale_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    pass_arrive(pass, node->a, scalar_of(pass, node->b), pass->nodes[n].gradient);
}

static void product_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const real *a = pass_signal(pass, node->a), *b = pass_signal(pass, node->b);
    real *out = pass->nodes[n].own;
    size_t count = pass_entries(pass, n);
    for (size_t i = 0; i < count; i++)
        out[i] = a[i] * b[i];
    if (!vanish_is_zero(count, out))
        return;
    size_t both = 0;
    while (both < count && !(a[both] != 0 && b[both] != 0))
        both++;
    if (both < count)
        vanish_lose(count, out);
}

/* The cotangent of one factor gets the other times dy. */
static void arrive_times(struct pass *pass, int n, const real *other, const real *dy)
{
    struct pass_node *node = &pass->nodes[n];
    size_t count = pass_entries(pass, n);
    real *sum = node->gradient;
    if (node->arrived)
        for (size_t i = 0; i < count; i++)
            sum[i] += other[i] * dy[i];
    else
        for (size_t i = 0; i < count; i++)
            sum[i] = other[i] * dy[i];
    node->arrived = true;
}

static void product_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const real *dy = pass->nodes[n].gradient;
    arrive_times(pass, node->a, pass_signal(pass, node->b), dy);
    arrive_times(pass, node->b, pass_signal(pass, node->a), dy);
}

/* ---- functions ---- */

static struct linear_cost function_cost(const struct pass *pass, int n)
{
    return (struct linear_cost){.work = arena_cost(pass_entries(pass, n))};
}

static const struct activation *function_at(const struct pass *pass, int n)
{
    return REAL_ROW(activations, pass->plan->nodes[n].function);
}

static void function_forward(struct pass *pass, int n)
{
    const real *a = pass_signal(pass, pass->graph->nodes[n].a);
    real *out = pass->nodes[n].own;
    size_t count = pass_entries(pass, n), positive = 0; // of which no function makes 0
    function_at(pass, n)->value(count, a, out);
    if (!vanish_is_zero(count, out))
        return;
    while (positive < count && !(a[positive] > 0))
        positive++;
    if (positive < count)
        vanish_lose(count, out);
}

static void function_backward(struct pass *pass, int n)
{
    int a = pass->graph->nodes[n].a;
    struct pass_node *to = &pass->nodes[a];
    struct arena work = pass->work;
    size_t count = pass_entries(pass, n);
    const real *dy = pass->nodes[n].gradient;
    real *slope = to->arrived ? arena_take(&work, count) : to->gradient;
    function_at(pass, n)->slope(count, pass_signal(pass, a), slope);
    for (size_t i = 0; i < count; i++)
        slope[i] *= dy[i];
    if (to->arrived)
        pass_arrive(pass, a, 1, slope);
    to->arrived = true;
}

/* ---- all of them ---- */

const struct pass_operation ones_operation = {NULL, NULL, ones_forward, ones_backward};
const struct pass_operation sum_operation = {NULL, NULL, sum_forward, sum_backward};
const struct pass_operation scale_operation = {NULL, NULL, scale_forward, scale_backward};
const struct pass_operation product_operation = {NULL, NULL, product_forward, product_backward};
const struct pass_operation function_operation = {NULL, function_cost, function_forward, function_backward};
