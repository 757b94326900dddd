#include "sim/attention.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "sim/branch.h"
#include "sim/panel.h"

static int visible_all(int row, int tokens)
{
    (void)row;
    return tokens;
}

static int visible_causal(int row, int tokens)
{
    (void)tokens;
    return row + 1;
}

const struct mask masks[] = {
    {"none", "every token sees every token", visible_all},
    {"causal", "a token sees itself and those before it", visible_causal},
};
const size_t mask_count = sizeof masks / sizeof *masks;

const struct mask *mask_find(const char *name)
{
    for (size_t i = 0; i < mask_count; i++)
        if (strcmp(masks[i].name, name) == 0)
            return &masks[i];
    return NULL;
}

/* The largest logit is taken off first, so that exp cannot overflow. */
static void softmax_row(int visible, int tokens, double *row)
{
    double largest = row[0];
    for (int j = 1; j < visible; j++)
        largest = row[j] > largest ? row[j] : largest;
    double sum = 0;
    for (int j = 0; j < visible; j++) {
        row[j] = exp(row[j] - largest);
        sum += row[j];
    }
    for (int j = 0; j < visible; j++)
        row[j] /= sum;
    for (int j = visible; j < tokens; j++)
        row[j] = 0;
}

void attention_softmax(const struct mask *mask, int tokens, double *a)
{
    for (int i = 0; i < tokens; i++)
        softmax_row(mask->visible(i, tokens), tokens, a + (size_t)i * (size_t)tokens);
}

static double logit_scale(const struct attention *attention)
{
    return attention->scale > 0 ? attention->scale : 1 / sqrt((double)attention->width / attention->heads);
}

void attention_forward(const struct attention *attention, const double *q, const double *k, const double *v, double *a,
                       double *y)
{
    int T = attention->tokens, d = attention->width, dh = d / attention->heads;
    for (int h = 0; h < attention->heads; h++) {
        size_t column = (size_t)h * (size_t)dh;
        double *ah = a + (size_t)h * (size_t)T * (size_t)T;
        panel_inner(T, T, dh, q + column, d, k + column, d, 0, ah, T);
        cblas_dscal(T * T, logit_scale(attention), ah, 1);
        attention_softmax(attention->mask, T, ah);
        panel_multiply(T, T, dh, ah, T, false, v + column, d, 0, y + column, d);
    }
}

/* Through a softmax row: ds = a (da - sum_j a_j da_j); masked entries have a = 0 and stay 0. */
static void softmax_row_backward(int tokens, const double *a, double *da)
{
    double mean = 0;
    for (int j = 0; j < tokens; j++)
        mean += a[j] * da[j];
    for (int j = 0; j < tokens; j++)
        da[j] = a[j] * (da[j] - mean);
}

static void transpose(int n, const double *restrict a, double *restrict out)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            out[j * n + i] = a[i * n + j];
}

void attention_backward(const struct attention *attention, const double *q, const double *k, const double *v,
                        const double *a, const double *dy, double *dq, double *dk, double *dv, double *work)
{
    int T = attention->tokens, d = attention->width, dh = d / attention->heads;
    double scale = logit_scale(attention);
    for (int h = 0; h < attention->heads; h++) {
        size_t column = (size_t)h * (size_t)dh;
        const double *ah = a + (size_t)h * (size_t)T * (size_t)T;
        double *ds = work;                             // [T][T]: first the gradient of a, then of the logits
        double *turned = work + (size_t)T * (size_t)T; // [T][T]: a, then ds transposed
        transpose(T, ah, turned);
        panel_multiply(T, T, dh, turned, T, false, dy + column, d, 0, dv + column, d);
        panel_inner(T, T, dh, dy + column, d, v + column, d, 0, ds, T);
        for (int i = 0; i < T; i++)
            softmax_row_backward(T, ah + (size_t)i * (size_t)T, ds + (size_t)i * (size_t)T);
        cblas_dscal(T * T, scale, ds, 1);
        transpose(T, ds, turned);
        panel_multiply(T, T, dh, ds, T, false, k + column, d, 0, dq + column, d);
        panel_multiply(T, T, dh, turned, T, false, q + column, d, 0, dk + column, d);
    }
}

static double row_entropy(int visible, const double *row)
{
    double sum = 0;
    for (int j = 0; j < visible; j++)
        if (row[j] > 0)
            sum -= row[j] * log(row[j]);
    return sum;
}

void attention_entropy(const struct attention *attention, const double *a, double *entropy, double *relative)
{
    int T = attention->tokens;
    double sum = 0, relative_sum = 0;
    int relative_rows = 0;
    for (int h = 0; h < attention->heads; h++) {
        for (int i = 0; i < T; i++) {
            int visible = attention->mask->visible(i, T);
            double e = row_entropy(visible, a + ((size_t)h * (size_t)T + (size_t)i) * (size_t)T);
            sum += e;
            relative_sum += visible > 1 ? e / log(visible) : 0;
            relative_rows += visible > 1;
        }
    }
    *entropy = sum / (attention->heads * T);
    *relative = relative_rows > 0 ? relative_sum / relative_rows : 0;
}

/* The branch: q, k, v share the map of u, the heads' outputs go through wo. */

struct attention_tape {
    double *input_maps; // of wq, wk, wv
    double *q, *k, *v;  // [B T][d]
    double *a;          // [B][H][T][T]
    double *mixed;      // [B T][d], the heads side by side
    double *output_map; // of wo
};

static struct attention of_model(const struct model *model)
{
    double scale = model->logit_factor / sqrt((double)model->width / model->heads);
    return (struct attention){model->tokens, model->width, model->heads, model->mask, scale};
}

static struct linear input_maps(const struct branch_site *site)
{
    int rows = model_rows(site->model), d = site->model->width;
    return (struct linear){
        rows,
        d,
        3,
        {branch_map(site, INIT_WQ, 0, d), branch_map(site, INIT_WK, 0, d), branch_map(site, INIT_WV, 0, d)}};
}

static struct linear output_map(const struct branch_site *site)
{
    int rows = model_rows(site->model), d = site->model->width;
    return (struct linear){rows, d, 1, {branch_map(site, INIT_WO, 0, d)}};
}

static size_t signal_entries(const struct model *model)
{
    return memory_multiply((size_t)model_rows(model), (size_t)model->width);
}

/* Of one sequence. */
static size_t attention_entries(const struct model *model)
{
    size_t T = (size_t)model->tokens;
    return memory_multiply((size_t)model->heads, memory_multiply(T, T));
}

static struct attention_tape layout(const struct branch_site *site, struct arena *tape)
{
    struct linear in = input_maps(site), out = output_map(site);
    size_t signal = signal_entries(site->model);
    struct attention_tape t;
    t.input_maps = arena_take(tape, site->engine->cost(&in).tape);
    t.q = arena_take(tape, signal);
    t.k = arena_take(tape, signal);
    t.v = arena_take(tape, signal);
    t.a = arena_take(tape, memory_multiply((size_t)site->model->sequences, attention_entries(site->model)));
    t.mixed = arena_take(tape, signal);
    t.output_map = arena_take(tape, site->engine->cost(&out).tape);
    return t;
}

static struct linear_cost branch_cost(const struct model *model, const struct linear_engine *engine)
{
    static const double no_scale[INIT_MATRICES];
    struct branch_site site = {.model = model, .engine = engine, .sd = no_scale};
    struct linear in = input_maps(&site), out = output_map(&site);
    struct linear_cost cost = linear_cost_add(engine->cost(&in), engine->cost(&out));
    size_t signal = arena_cost(signal_entries(model)), T = (size_t)model->tokens;
    size_t attentions = memory_multiply((size_t)model->sequences, attention_entries(model));
    cost.tape = memory_add(cost.tape, memory_add(memory_multiply(4, signal), arena_cost(attentions)));
    cost.work = memory_add(
        cost.work, memory_add(memory_multiply(4, signal), arena_cost(memory_multiply(2, memory_multiply(T, T)))));
    double product = 2.0 * (double)model_rows(model) * (double)T * model->width;
    cost.flops += 6 * product; // two forward, four backward
    cost.forward_flops += 2 * product;
    return cost;
}

static void branch_forward(const struct branch_site *site, const double *u, double *y, struct arena tape,
                           struct arena work, struct branch_report *report)
{
    struct attention attention = of_model(site->model);
    struct attention_tape t = layout(site, &tape);
    struct linear in = input_maps(site), out = output_map(site);
    site->engine->forward(site->engine, &in, u, (double *const[]){t.q, t.k, t.v}, t.input_maps, work);
    size_t sequence = (size_t)attention.tokens * (size_t)attention.width, entries = attention_entries(site->model);
    for (size_t b = 0; b < (size_t)site->model->sequences; b++) {
        size_t s = b * sequence;
        double entropy, relative, *a = t.a + b * entries;
        attention_forward(&attention, t.q + s, t.k + s, t.v + s, a, t.mixed + s);
        attention_entropy(&attention, a, &entropy, &relative);
        report->entropy += entropy / site->model->sequences;
        report->relative_entropy += relative / site->model->sequences;
    }
    site->engine->forward(site->engine, &out, t.mixed, (double *const[]){y}, t.output_map, work);
}

static void branch_backward(const struct branch_site *site, const double *u, const double *y, const double *dy,
                            double beta, double *du, struct arena tape, struct arena work, struct branch_report *report)
{
    struct attention attention = of_model(site->model);
    struct attention_tape t = layout(site, &tape);
    size_t signal = signal_entries(site->model), T = (size_t)site->model->tokens,
           sequence = T * (size_t)attention.width;
    double *dmixed = arena_take(&work, signal);
    double *dq = arena_take(&work, signal), *dk = arena_take(&work, signal), *dv = arena_take(&work, signal);
    double *logits = arena_take(&work, 2 * T * T);
    struct linear out = output_map(site), in = input_maps(site);
    branch_linear_backward(site, &out, t.mixed, (const double *const[]){y}, (const double *const[]){dy}, 0, dmixed,
                           t.output_map, work, report);
    for (size_t b = 0; b < (size_t)site->model->sequences; b++) {
        size_t s = b * sequence;
        attention_backward(&attention, t.q + s, t.k + s, t.v + s, t.a + b * attention_entries(site->model), dmixed + s,
                           dq + s, dk + s, dv + s, logits);
    }
    branch_linear_backward(site, &in, u, (const double *const[]){t.q, t.k, t.v}, (const double *const[]){dq, dk, dv},
                           beta, du, t.input_maps, work, report);
}

static size_t branch_entries(const struct model *model, enum init_matrix matrix)
{
    bool own = matrix == INIT_WQ || matrix == INIT_WK || matrix == INIT_WV || matrix == INIT_WO;
    return own ? (size_t)model->width * (size_t)model->width : 0;
}

const struct branch attention_branch = {true, branch_cost, branch_forward, branch_backward, branch_entries};
