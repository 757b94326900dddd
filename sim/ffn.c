#include "sim/ffn.h"

struct ffn_tape {
    double *input_maps; // of w1 and, where gated, wg
    double *up;         // [rows][F], u W1
    double *gate;       // [rows][F], u Wg; NULL where not gated
    double *hidden;     // [rows][F]
    double *output_map; // of w2
};

static struct linear input_maps(const struct branch_site *site, int expert, int rows)
{
    int F = site->model->ffn_width;
    return (struct linear){rows,
                           site->model->width,
                           site->model->activation->gated ? 2 : 1,
                           {branch_map(site, INIT_W1, expert, F), branch_map(site, INIT_WG, expert, F)}};
}

static struct linear output_map(const struct branch_site *site, int expert, int rows)
{
    return (struct linear){rows, site->model->ffn_width, 1, {branch_map(site, INIT_W2, expert, site->model->width)}};
}

static size_t hidden_entries(const struct model *model, int rows)
{
    return memory_multiply((size_t)rows, (size_t)model->ffn_width);
}

static struct ffn_tape layout(const struct branch_site *site, int expert, int rows, struct arena *tape)
{
    struct linear in = input_maps(site, expert, rows), out = output_map(site, expert, rows);
    size_t hidden = hidden_entries(site->model, rows);
    struct ffn_tape t = {0};
    t.input_maps = arena_take(tape, site->engine->cost(&in).tape);
    t.up = arena_take(tape, hidden);
    if (site->model->activation->gated)
        t.gate = arena_take(tape, hidden);
    t.hidden = arena_take(tape, hidden);
    t.output_map = arena_take(tape, site->engine->cost(&out).tape);
    return t;
}

struct linear_cost ffn_cost(const struct model *model, const struct linear_engine *engine, int rows)
{
    static const double no_scale[INIT_MATRICES];
    struct branch_site site = {.model = model, .engine = engine, .sd = no_scale};
    struct linear in = input_maps(&site, 0, rows), out = output_map(&site, 0, rows);
    struct linear_cost cost = linear_cost_add(engine->cost(&in), engine->cost(&out));
    size_t hidden = arena_cost(hidden_entries(model, rows));
    cost.tape = memory_add(cost.tape, memory_multiply(model->activation->gated ? 3 : 2, hidden));
    cost.work = memory_add(cost.work, memory_multiply(3, hidden));
    return cost;
}

static void multiply(size_t count, const double *restrict a, double *restrict b)
{
    for (size_t i = 0; i < count; i++)
        b[i] *= a[i];
}

void ffn_forward(const struct branch_site *site, int expert, int rows, const double *u, double *y, struct arena *tape,
                 struct arena work)
{
    const struct activation *activation = site->model->activation;
    struct linear in = input_maps(site, expert, rows), out = output_map(site, expert, rows);
    struct ffn_tape t = layout(site, expert, rows, tape);
    size_t hidden = hidden_entries(site->model, rows);
    site->engine->forward(site->engine, &in, u, (double *const[]){t.up, t.gate}, t.input_maps, work);
    activation->value(hidden, activation->gated ? t.gate : t.up, t.hidden);
    if (activation->gated)
        multiply(hidden, t.up, t.hidden);
    site->engine->forward(site->engine, &out, t.hidden, (double *const[]){y}, t.output_map, work);
}

void ffn_backward(const struct branch_site *site, int expert, int rows, const double *u, const double *y,
                  const double *dy, double beta, double *du, struct arena *tape, struct arena work,
                  struct branch_report *report)
{
    const struct activation *activation = site->model->activation;
    struct linear in = input_maps(site, expert, rows), out = output_map(site, expert, rows);
    struct ffn_tape t = layout(site, expert, rows, tape);
    size_t hidden = hidden_entries(site->model, rows);
    double *dhidden = arena_take(&work, hidden);
    double *dup = arena_take(&work, hidden), *dgate = arena_take(&work, hidden);
    branch_linear_backward(site, &out, t.hidden, (const double *const[]){y}, (const double *const[]){dy}, 0, dhidden,
                           t.output_map, work, report);
    if (activation->gated) {
        activation->value(hidden, t.gate, dup);
        multiply(hidden, dhidden, dup);
        activation->slope(hidden, t.gate, dgate);
        multiply(hidden, dhidden, dgate);
        multiply(hidden, t.up, dgate);
    } else {
        activation->slope(hidden, t.up, dup);
        multiply(hidden, dhidden, dup);
    }
    branch_linear_backward(site, &in, u, (const double *const[]){t.up, t.gate}, (const double *const[]){dup, dgate},
                           beta, du, t.input_maps, work, report);
}

size_t ffn_entries(const struct model *model, enum init_matrix matrix)
{
    bool own = matrix == INIT_W1 || matrix == INIT_W2 || (matrix == INIT_WG && model->activation->gated);
    return own ? (size_t)model->width * (size_t)model->ffn_width : 0;
}

static struct linear_cost branch_cost(const struct model *model, const struct linear_engine *engine)
{
    return ffn_cost(model, engine, model_rows(model));
}

static void branch_forward(const struct branch_site *site, const double *u, double *y, struct arena tape,
                           struct arena work, struct branch_report *report)
{
    (void)report;
    ffn_forward(site, 0, model_rows(site->model), u, y, &tape, work);
}

static void branch_backward(const struct branch_site *site, const double *u, const double *y, const double *dy,
                            double beta, double *du, struct arena tape, struct arena work, struct branch_report *report)
{
    ffn_backward(site, 0, model_rows(site->model), u, y, dy, beta, du, &tape, work, report);
}

const struct branch ffn_branch = {false, branch_cost, branch_forward, branch_backward, ffn_entries};
