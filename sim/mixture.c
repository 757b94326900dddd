#include "sim/mixture.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "sim/maps.h"

struct tape {
    real *logits, *chosen, *p; // [rows][E]
    real *router;              // of wr
    struct arena bodies;       // the experts' tapes, one behind the other
};

static const struct plan_mixture *mixture_of(const struct pass *pass, int n)
{
    return &pass->plan->nodes[n].mixture;
}

static size_t gate_entries(const struct pass *pass, int n)
{
    return memory_multiply((size_t)pass_rows(pass, n), (size_t)mixture_of(pass, n)->sizes.experts);
}

static struct linear router_map(const struct pass *pass, int n, struct linear_map *map)
{
    maps_map(pass, pass->graph->nodes[n].index, mixture_of(pass, n)->sizes.experts, map);
    return (struct linear){pass_rows(pass, n), pass->plan->nodes[pass->graph->nodes[n].a].width, 1, map};
}

/* The body of an expert that has been given so many rows. */
static struct pass body_of(const struct pass *pass, int n, int expert, int rows, struct arena work)
{
    struct pass body = *pass;
    body.mixture = pass->graph->nodes[mixture_of(pass, n)->expert].mixture;
    body.expert = expert;
    body.rows = rows;
    body.work = work;
    return body;
}

static struct linear_cost body_cost(const struct pass *pass, int n, int rows)
{
    struct pass body = body_of(pass, n, 0, rows, pass->work);
    return pass_cost(&body, mixture_of(pass, n)->expert, n);
}

/* Experts that can have tokens at all. */
static size_t busy_experts(const struct pass *pass, int n)
{
    size_t assigned = memory_multiply((size_t)mixture_of(pass, n)->sizes.top_k, (size_t)pass_rows(pass, n));
    size_t experts = (size_t)mixture_of(pass, n)->sizes.experts;
    return assigned < experts ? assigned : experts;
}

/* A body's tape grows with its rows r like a + b r + c r^2, and the experts' rows sum to kT with at most T each: their
 * tapes together fit n of one row and k of T rows, n the number of experts that can have tokens at all. */
static size_t bodies_tape(const struct pass *pass, int n)
{
    size_t one = body_cost(pass, n, 1).tape, all = body_cost(pass, n, pass_rows(pass, n)).tape;
    return memory_add(memory_multiply(busy_experts(pass, n), one),
                      memory_multiply((size_t)mixture_of(pass, n)->sizes.top_k, all));
}

static size_t mixture_extra(const struct pass *pass, int n)
{
    struct linear_map map;
    struct linear router = router_map(pass, n, &map);
    size_t gates = memory_multiply(3, arena_cost(gate_entries(pass, n)));
    return memory_add(memory_add(gates, arena_cost(pass->run->engine->cost(&router).tape)), bodies_tape(pass, n));
}

static struct tape tape_of(const struct pass *pass, int n)
{
    struct linear_map map;
    struct linear router = router_map(pass, n, &map);
    struct arena arena = pass->nodes[n].extra;
    struct tape tape;
    tape.logits = arena_take(&arena, gate_entries(pass, n));
    tape.chosen = arena_take(&arena, gate_entries(pass, n));
    tape.p = arena_take(&arena, gate_entries(pass, n));
    tape.router = arena_take(&arena, pass->run->engine->cost(&router).tape);
    tape.bodies = (struct arena){arena.base + arena.used, arena.size - arena.used, 0};
    return tape;
}

/* Normals and operations are those of tokens spread evenly. */
static struct linear_cost mixture_cost(const struct pass *pass, int n)
{
    struct linear_map map;
    struct linear router = router_map(pass, n, &map);
    struct linear_cost cost = pass->run->engine->cost(&router);
    int rows = pass_rows(pass, n);
    size_t busy = busy_experts(pass, n), assigned = (size_t)mixture_of(pass, n)->sizes.top_k * (size_t)rows;
    struct linear_cost even = body_cost(pass, n, (int)((assigned + busy - 1) / busy));
    struct linear_cost bodies = {
        .work = body_cost(pass, n, rows).work,
        .normals = (double)busy * even.normals,
        .flops = (double)busy * even.flops,
        .forward_normals = (double)busy * even.forward_normals,
        .forward_flops = (double)busy * even.forward_flops,
    };
    cost = linear_cost_add(cost, bodies);
    size_t signal = arena_cost(pass_entries(pass, pass->graph->nodes[n].a));
    cost.work = memory_add(cost.work, memory_add(signal, memory_multiply(2, arena_cost(gate_entries(pass, n)))));
    cost.tape = 0;
    return cost;
}

/* What an expert's output is multiplied by at a token, and what its input is: the gate is one of them. */
static double output_weight(const struct pass *pass, int n, double gate)
{
    return mixture_of(pass, n)->weigh->input ? 1 : gate;
}

static double input_weight(const struct pass *pass, int n, double gate)
{
    return mixture_of(pass, n)->weigh->input ? gate : 1;
}

/* Copies the rows of the tokens that chose expert e, times their weights; returns their number. */
static int gather(const struct pass *pass, int n, int e, const struct tape *tape, real *rows)
{
    int experts = mixture_of(pass, n)->sizes.experts, a = pass->graph->nodes[n].a, count = 0;
    size_t width = (size_t)pass->plan->nodes[a].width;
    for (int t = 0; t < pass_rows(pass, n); t++) {
        size_t gate = (size_t)t * (size_t)experts + (size_t)e;
        if (tape->chosen[gate] == 0)
            continue;
        const real *x = pass->nodes[a].signal + (size_t)t * width;
        real weight = input_weight(pass, n, tape->p[gate]), *row = rows + (size_t)count++ * width;
        for (size_t j = 0; j < width; j++)
            row[j] = weight * x[j];
    }
    return count;
}

static void observe(const struct pass *pass, int n, const real *chosen)
{
    const struct plan_mixture *mixture = mixture_of(pass, n);
    int rows = pass_rows(pass, n), E = mixture->sizes.experts;
    double choices = (double)rows * mixture->sizes.top_k, largest = 0, entropy = 0;
    for (int e = 0; e < E; e++) {
        double own = 0;
        for (int t = 0; t < rows; t++)
            own += chosen[(size_t)t * (size_t)E + (size_t)e];
        largest = fmax(largest, own);
        entropy -= own > 0 ? own / choices * log(own / choices) : 0;
    }
    pass->report->mixtures[n] = (struct mixture_report){largest * E / choices, E > 1 ? entropy / log(E) : 1};
}

static void mixture_forward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const struct plan_mixture *mixture = mixture_of(pass, n);
    int T = pass_rows(pass, n), E = mixture->sizes.experts, d = pass->plan->nodes[n].width;
    struct tape tape = tape_of(pass, n);
    struct arena work = pass->work;
    struct linear_map map;
    struct linear router = router_map(pass, n, &map);
    real *rows = arena_take(&work, pass_entries(pass, node->a)), *y = pass->nodes[n].own;
    pass->run->engine->forward(pass->run->engine, &router, pass->nodes[node->a].signal, (real *const[]){tape.logits},
                               tape.router, work);
    for (int i = 0; i < T; i++)
        router_gate(REAL_ROW(routers, mixture->router), &mixture->sizes, tape.logits + (size_t)i * (size_t)E,
                    tape.chosen + (size_t)i * (size_t)E, tape.p + (size_t)i * (size_t)E);
    if (pass->report->mixtures)
        observe(pass, n, tape.chosen);
    memset(y, 0, pass_entries(pass, n) * sizeof *y);
    for (int e = 0; e < E; e++) {
        int count = gather(pass, n, e, &tape, rows);
        if (count == 0)
            continue;
        struct pass body = body_of(pass, n, e, count, work);
        pass->nodes[mixture->expert].signal = rows;
        pass_lay_out(&body, mixture->expert, n, &tape.bodies);
        pass_forward(&body, mixture->expert, n);
        const real *out = pass->nodes[node->b].signal;
        for (int i = 0; i < T; i++) {
            size_t gate = (size_t)i * (size_t)E + (size_t)e;
            if (tape.chosen[gate] == 0)
                continue;
            REAL_BLAS(axpy)(d, (real)output_weight(pass, n, tape.p[gate]), out, 1, y + (size_t)i * (size_t)d, 1);
            out += d;
        }
    }
}

/* For each token of expert e: the gate's gradient <dy, out>, and the expert's cotangent p dy. Of a gate that multiplies
 * the input they are something else, and dy. */
static void split_cotangent(const struct pass *pass, int n, int e, const struct tape *tape, real *dp)
{
    int E = mixture_of(pass, n)->sizes.experts, d = pass->plan->nodes[n].width, b = pass->graph->nodes[n].b;
    const real *out = pass->nodes[b].signal;
    real *dout = pass->nodes[b].gradient;
    for (int i = 0; i < pass_rows(pass, n); i++) {
        size_t gate = (size_t)i * (size_t)E + (size_t)e;
        if (tape->chosen[gate] == 0)
            continue;
        const real *row = pass->nodes[n].gradient + (size_t)i * (size_t)d;
        dp[gate] = (real)REAL_DOT(d, row, 1, out, 1);
        real weight = (real)output_weight(pass, n, tape->p[gate]);
        for (int j = 0; j < d; j++)
            dout[j] = weight * row[j];
        out += d;
        dout += d;
    }
    pass->nodes[b].arrived = true;
}

/* What has arrived at the rows of expert e, p x or x, is added to the cotangents of their tokens x; the gate of p x has
 * the gradient <dp x, x>. */
static void scatter(struct pass *pass, int n, int e, const struct tape *tape, real *dp)
{
    int E = mixture_of(pass, n)->sizes.experts, a = pass->graph->nodes[n].a, width = pass->plan->nodes[a].width;
    const struct pass_node *input = &pass->nodes[mixture_of(pass, n)->expert];
    const real *row = input->gradient;
    for (int i = 0; i < pass_rows(pass, n); i++) {
        size_t gate = (size_t)i * (size_t)E + (size_t)e, place = (size_t)i * (size_t)width;
        if (tape->chosen[gate] == 0)
            continue;
        if (mixture_of(pass, n)->weigh->input)
            dp[gate] = input->arrived ? (real)REAL_DOT(width, row, 1, pass->nodes[a].signal + place, 1) : 0;
        real weight = (real)input_weight(pass, n, tape->p[gate]);
        if (input->arrived)
            REAL_BLAS(axpy)(width, weight, row, 1, pass->nodes[a].gradient + place, 1);
        row += width;
    }
}

static void experts_backward(struct pass *pass, int n, struct tape *tape, real *rows, real *dp, struct arena work)
{
    const struct plan_mixture *mixture = mixture_of(pass, n);
    for (int e = 0; e < mixture->sizes.experts; e++) {
        int count = gather(pass, n, e, tape, rows);
        if (count == 0)
            continue;
        struct pass body = body_of(pass, n, e, count, work);
        struct pass_node *input = &pass->nodes[mixture->expert];
        input->signal = rows;
        input->arrived = false;
        pass_lay_out(&body, mixture->expert, n, &tape->bodies);
        split_cotangent(pass, n, e, tape, dp);
        pass_backward(&body, mixture->expert, n);
        scatter(pass, n, e, tape, dp);
    }
}

static void mixture_backward(struct pass *pass, int n)
{
    const struct graph_node *node = &pass->graph->nodes[n];
    const struct plan_mixture *mixture = mixture_of(pass, n);
    int E = mixture->sizes.experts;
    struct tape tape = tape_of(pass, n);
    struct pass router_pass = *pass;
    struct linear_map map;
    struct linear router = router_map(pass, n, &map);
    real *dp = arena_take(&router_pass.work, gate_entries(pass, n));
    real *dlogits = arena_take(&router_pass.work, gate_entries(pass, n));
    real *rows = arena_take(&router_pass.work, pass_entries(pass, node->a));
    struct pass_node *to = &pass->nodes[node->a];
    if (!to->arrived)
        memset(to->gradient, 0, pass_entries(pass, node->a) * sizeof *to->gradient);
    to->arrived = true;
    experts_backward(pass, n, &tape, rows, dp, router_pass.work);
    for (int i = 0; i < pass_rows(pass, n); i++) {
        size_t gate = (size_t)i * (size_t)E;
        REAL_ROW(routers, mixture->router)
            ->backward(E, tape.logits + gate, tape.chosen + gate, tape.p + gate, dp + gate, dlogits + gate);
    }
    maps_backward(&router_pass, &router, &node->index, node->a, (const real *const[]){tape.logits},
                  (const real *const[]){dlogits}, tape.router);
}

const struct pass_operation mixture_operation = {mixture_extra, mixture_cost, mixture_forward, mixture_backward};
