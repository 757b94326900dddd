#include "sim/moe.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "sim/ffn.h"

const struct router routers[] = {
    {"renormalised", "softmax over the chosen logits (Mixtral)", true},
    {"switch", "softmax over all logits, kept at the chosen (Switch Transformer)", false},
};
const size_t router_count = sizeof routers / sizeof *routers;

const struct router *router_find(const char *name)
{
    for (size_t i = 0; i < router_count; i++)
        if (strcmp(routers[i].name, name) == 0)
            return &routers[i];
    return NULL;
}

static void choose(int experts, int top_k, const double *logits, double *chosen)
{
    memset(chosen, 0, (size_t)experts * sizeof *chosen);
    for (int n = 0; n < top_k; n++) {
        int best = -1;
        for (int e = 0; e < experts; e++)
            if (chosen[e] == 0 && (best < 0 || logits[e] > logits[best]))
                best = e;
        chosen[best] = 1;
    }
}

void moe_gate(const struct router *router, int experts, int top_k, const double *logits, double *chosen, double *p)
{
    choose(experts, top_k, logits, chosen);
    double largest = -INFINITY, sum = 0;
    for (int e = 0; e < experts; e++)
        largest = fmax(largest, logits[e]); // always among the chosen
    for (int e = 0; e < experts; e++) {
        p[e] = router->over_chosen && chosen[e] == 0 ? 0 : exp(logits[e] - largest);
        sum += p[e];
    }
    for (int e = 0; e < experts; e++)
        p[e] /= sum;
}

void moe_gate_backward(int experts, const double *chosen, const double *p, const double *dp, double *dlogits)
{
    double mean = 0;
    for (int e = 0; e < experts; e++)
        mean += chosen[e] != 0 ? p[e] * dp[e] : 0;
    for (int e = 0; e < experts; e++)
        dlogits[e] = p[e] * ((chosen[e] != 0 ? dp[e] : 0) - mean);
}

struct moe_tape {
    double *router_map; // of wr
    double *logits;     // [T][E]
    double *chosen, *p; // [T][E]
    double *outputs;    // [k T][d], each expert's tokens one behind the other
};

static struct linear router_map(const struct branch_site *site)
{
    const struct model *model = site->model;
    return (struct linear){model_rows(model), model->width, 1, {branch_map(site, INIT_WR, 0, model->experts)}};
}

static size_t gate_entries(const struct model *model)
{
    return memory_multiply((size_t)model_rows(model), (size_t)model->experts);
}

static size_t signal_entries(const struct model *model)
{
    return memory_multiply((size_t)model_rows(model), (size_t)model->width);
}

static struct moe_tape layout(const struct branch_site *site, struct arena *tape)
{
    struct linear router = router_map(site);
    struct moe_tape t;
    t.router_map = arena_take(tape, site->engine->cost(&router).tape);
    t.logits = arena_take(tape, gate_entries(site->model));
    t.chosen = arena_take(tape, gate_entries(site->model));
    t.p = arena_take(tape, gate_entries(site->model));
    t.outputs = arena_take(tape, (size_t)site->model->top_k * signal_entries(site->model));
    return t;
}

/* An FFN's tape grows with its rows r like a + b r + c r^2, and the experts' rows sum to kT with at most T each: their
 * tapes together fit n of one row and k of T rows, n the number of experts that can have tokens at all. Normals and
 * flops are those of tokens spread evenly. */
static struct linear_cost branch_cost(const struct model *model, const struct linear_engine *engine)
{
    static const double no_scale[INIT_MATRICES];
    struct branch_site site = {.model = model, .engine = engine, .sd = no_scale};
    struct linear router = router_map(&site);
    struct linear_cost cost = engine->cost(&router);
    size_t k = (size_t)model->top_k, assigned = memory_multiply(k, (size_t)model_rows(model));
    size_t busy = assigned < (size_t)model->experts ? assigned : (size_t)model->experts;
    struct linear_cost one = ffn_cost(model, engine, 1), all = ffn_cost(model, engine, model_rows(model));
    struct linear_cost even = ffn_cost(model, engine, (int)((assigned + busy - 1) / busy));
    struct linear_cost experts = {
        .tape = memory_add(memory_multiply(busy, one.tape), memory_multiply(k, all.tape)),
        .work = all.work,
        .normals = (double)busy * even.normals,
        .flops = (double)busy * even.flops,
        .forward_normals = (double)busy * even.forward_normals,
        .forward_flops = (double)busy * even.forward_flops,
    };
    cost = linear_cost_add(cost, experts);
    size_t gates = arena_cost(gate_entries(model)), signal = arena_cost(signal_entries(model));
    size_t outputs = arena_cost(memory_multiply(k, signal_entries(model)));
    cost.tape = memory_add(cost.tape, memory_add(memory_multiply(3, gates), outputs));
    cost.work = memory_add(cost.work, memory_add(memory_multiply(3, signal), memory_multiply(2, gates)));
    return cost;
}

/* Copies the rows of the tokens that chose expert e; returns their number. */
static int gather(const struct model *model, int e, const double *chosen, const double *u, double *rows)
{
    size_t d = (size_t)model->width;
    int count = 0;
    for (int t = 0; t < model_rows(model); t++)
        if (chosen[t * model->experts + e] != 0)
            memcpy(rows + (size_t)count++ * d, u + (size_t)t * d, d * sizeof *u);
    return count;
}

static void branch_forward(const struct branch_site *site, const double *u, double *y, struct arena tape,
                           struct arena work, struct branch_report *report)
{
    (void)report;
    const struct model *model = site->model;
    int T = model_rows(model), E = model->experts, d = model->width;
    struct moe_tape t = layout(site, &tape);
    struct linear router = router_map(site);
    double *rows = arena_take(&work, signal_entries(model));
    site->engine->forward(site->engine, &router, u, (double *const[]){t.logits}, t.router_map, work);
    for (int i = 0; i < T; i++)
        moe_gate(model->router, E, model->top_k, t.logits + i * E, t.chosen + i * E, t.p + i * E);

    memset(y, 0, signal_entries(model) * sizeof *y);
    double *out = t.outputs;
    for (int e = 0; e < E; e++) {
        int count = gather(model, e, t.chosen, u, rows);
        if (count == 0)
            continue;
        ffn_forward(site, e, count, rows, out, &tape, work);
        for (int i = 0; i < T; i++) {
            if (t.chosen[i * E + e] == 0)
                continue;
            cblas_daxpy(d, t.p[i * E + e], out, 1, y + (size_t)i * (size_t)d, 1);
            out += d;
        }
    }
}

/* For each token of expert e: the gate's gradient <dy, out>, and the expert's cotangent p dy. */
static void split_cotangent(const struct model *model, int e, const struct moe_tape *t, const double *dy,
                            const double *out, double *dp, double *dout)
{
    int E = model->experts, d = model->width;
    for (int i = 0; i < model_rows(model); i++) {
        if (t->chosen[i * E + e] == 0)
            continue;
        const double *row = dy + (size_t)i * (size_t)d;
        dp[i * E + e] = cblas_ddot(d, row, 1, out, 1);
        for (int j = 0; j < d; j++)
            dout[j] = t->p[i * E + e] * row[j];
        out += d;
        dout += d;
    }
}

static void branch_backward(const struct branch_site *site, const double *u, const double *y, const double *dy,
                            double beta, double *du, struct arena tape, struct arena work, struct branch_report *report)
{
    (void)y;
    const struct model *model = site->model;
    int T = model_rows(model), E = model->experts, d = model->width;
    struct moe_tape t = layout(site, &tape);
    struct linear router = router_map(site);
    size_t gates = gate_entries(model), signal = signal_entries(model);
    double *dp = arena_take(&work, gates), *dlogits = arena_take(&work, gates);
    double *rows = arena_take(&work, signal), *dout = arena_take(&work, signal), *drows = arena_take(&work, signal);

    if (beta == 0)
        memset(du, 0, signal * sizeof *du);
    const double *out = t.outputs;
    for (int e = 0; e < E; e++) {
        int count = gather(model, e, t.chosen, u, rows);
        if (count == 0)
            continue;
        split_cotangent(model, e, &t, dy, out, dp, dout);
        ffn_backward(site, e, count, rows, out, dout, 0, drows, &tape, work, report);
        out += (size_t)count * (size_t)d;
        const double *row = drows;
        for (int i = 0; i < T; i++) {
            if (t.chosen[i * E + e] == 0)
                continue;
            cblas_daxpy(d, 1, row, 1, du + (size_t)i * (size_t)d, 1);
            row += d;
        }
    }
    for (int i = 0; i < T; i++)
        moe_gate_backward(E, t.chosen + i * E, t.p + i * E, dp + i * E, dlogits + i * E);
    branch_linear_backward(site, &router, u, (const double *const[]){t.logits}, (const double *const[]){dlogits}, 1, du,
                           t.router_map, work, report);
}

static size_t branch_entries(const struct model *model, enum init_matrix matrix)
{
    if (matrix == INIT_WR)
        return (size_t)model->width * (size_t)model->experts;
    return (size_t)model->experts * ffn_entries(model, matrix);
}

const struct branch moe_branch = {false, branch_cost, branch_forward, branch_backward, branch_entries};
