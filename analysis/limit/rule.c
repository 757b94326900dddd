#include "analysis/limit/rule.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/kernel.h"
#include "sim/moe.h"

static double variance(const struct rule_site *site, enum init_matrix matrix)
{
    return site->sd[matrix] * site->sd[matrix];
}

/* Variance of an entry times fan_in. */
static double gain(const struct rule_site *site, enum init_matrix matrix)
{
    int fan_in = matrix == INIT_W2 ? site->model->ffn_width : site->model->width;
    return variance(site, matrix) * fan_in;
}

static size_t square(const struct model *model)
{
    return memory_multiply((size_t)model->tokens, (size_t)model->tokens);
}

static double *take(const struct rule_site *site, struct arena *work)
{
    return arena_take(work, gram_size(site->space));
}

/* ---- FFN ---- */

/* hidden: Gram of the hidden features; up, gate (NULL where not wanted): what the gradient at them is multiplied by to
 * give that of the two inputs. */
static void ffn_grams(const struct rule_site *site, const double *in, double *hidden, double *up, double *gate,
                      struct arena work)
{
    const struct activation *activation = site->model->activation;
    struct gram_space space = site->space;
    enum init_matrix matrix = activation->gated ? INIT_WG : INIT_W1;
    double *slope = up ? take(site, &work) : NULL, *input = take(site, &work);
    if (space.exchangeable) {
        double both[2];
        kernel_exchangeable(activation, gain(site, matrix), in, hidden, both);
        if (slope)
            memcpy(slope, both, sizeof both);
    } else {
        kernel_matrix(activation, space.tokens, gain(site, matrix), in, hidden, slope);
    }
    size_t bytes = gram_size(space) * sizeof(double);
    if (activation->gated) {
        memset(input, 0, bytes);
        gram_add(space, gain(site, INIT_W1), in, input);
        if (up) {
            memcpy(up, hidden, bytes);
            gram_multiply(space, slope, input, gate);
        }
        gram_multiply(space, hidden, input, hidden);
    } else if (up) {
        memcpy(up, slope, bytes);
    }
}

/* The reverse pass of (phi(u Wg) o (u W1)) W2 or phi(u W1) W2 for a gradient of Gram `gradient` at its output;
 * adds to the weights' gradients, `experts` being how many matrices share the sum. */
static void ffn_reverse(const struct rule_site *site, const double *in, const double *gradient, double *out,
                        int experts, struct arena work, struct rule_report *report)
{
    struct gram_space space = site->space;
    bool gated = site->model->activation->gated;
    double *hidden = take(site, &work), *up = take(site, &work), *gate = take(site, &work);
    double at_hidden = variance(site, INIT_W2) * site->model->width, F = site->model->ffn_width;
    ffn_grams(site, in, hidden, up, gate, work);
    report->weight[INIT_W2] += gram_dot(space, hidden, gradient) / experts;
    gram_multiply(space, up, gradient, up);
    gram_scale(space, at_hidden, up);
    report->weight[INIT_W1] += gram_dot(space, in, up) / experts;
    memset(out, 0, gram_size(space) * sizeof *out);
    gram_add(space, variance(site, INIT_W1) * F, up, out);
    if (!gated)
        return;
    gram_multiply(space, gate, gradient, gate);
    gram_scale(space, at_hidden, gate);
    report->weight[INIT_WG] += gram_dot(space, in, gate) / experts;
    gram_add(space, variance(site, INIT_WG) * F, gate, out);
}

static size_t ffn_work(const struct model *model)
{
    return memory_multiply(6, arena_cost(square(model)));
}

static void ffn_forward_rule(const struct rule_site *site, const double *in, double *out, struct arena work,
                             struct rule_report *report)
{
    (void)report;
    ffn_grams(site, in, out, NULL, NULL, work);
    gram_scale(site->space, gain(site, INIT_W2), out);
}

static void ffn_backward_rule(const struct rule_site *site, const double *in, const double *gradient, double *out,
                              struct arena work, struct rule_report *report)
{
    ffn_reverse(site, in, gradient, out, 1, work, report);
}

const struct rule ffn_rule = {ffn_work, ffn_forward_rule, ffn_backward_rule};

/* ---- mixture of experts ---- */

/* The gates of one draw of the router's logits, whose columns are independent with Gram gain(wr) in. */
struct gates {
    double *all, *chosen; // [T][E]: the softmax; the same at the chosen experts, 0 elsewhere
};

static struct gates draw_gates(const struct rule_site *site, const double *in, struct arena *work)
{
    const struct model *model = site->model;
    size_t T = (size_t)model->tokens, E = (size_t)model->experts;
    struct gates gates = {arena_take(work, T * E), arena_take(work, T * E)};
    struct arena rest = *work;
    double *factor = arena_take(&rest, T * T), *logits = arena_take(&rest, T * E), *mask = arena_take(&rest, E);
    gram_factor(model->tokens, in, factor);
    flight_normals(&site->address, 0, T * E, sqrt(gain(site, INIT_WR)), logits);
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, model->tokens, model->experts, 1,
                factor, model->tokens, logits, model->experts);
    for (size_t t = 0; t < T; t++) {
        moe_gate(model->router, model->experts, model->top_k, logits + t * E, mask, gates.all + t * E);
        for (size_t e = 0; e < E; e++)
            gates.chosen[t * E + e] = gates.all[t * E + e] * mask[e];
    }
    *site->drawn = true;
    return gates;
}

/* out [T][T] = beta out + a b^T for a, b [T][E]. */
static void gate_products(const struct model *model, const double *a, const double *b, double beta, double *out)
{
    int T = model->tokens, E = model->experts;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, T, E, 1, a, E, b, E, beta, out, T);
}

static size_t moe_work(const struct model *model)
{
    size_t gates = arena_cost(memory_multiply((size_t)model->tokens, (size_t)model->experts));
    size_t own = memory_add(memory_multiply(5, arena_cost(square(model))), memory_multiply(4, gates));
    return memory_add(memory_add(own, arena_cost((size_t)model->experts)), ffn_work(model));
}

static void moe_forward_rule(const struct rule_site *site, const double *in, double *out, struct arena work,
                             struct rule_report *report)
{
    (void)report;
    struct gates gates = draw_gates(site, in, &work);
    double *products = take(site, &work);
    gate_products(site->model, gates.chosen, gates.chosen, 0, products);
    ffn_grams(site, in, out, NULL, NULL, work);
    gram_scale(site->space, gain(site, INIT_W2), out);
    gram_multiply(site->space, products, out, out);
}

/* The gradient of gate e of token t is u_te = <gradient, expert's output>, independent over e, of covariance
 * M = d gradient o (experts' Gram) over tokens, and that of the logits D = p o (u - sum_f p_f u_f), u being 0 off the
 * chosen. Given the gates, with p the whole softmax, c its chosen part and N = c c^T,
 *     E (D D^T) = M o (N - c (c o c)^T - (c o c) c^T + (p p^T) o N). */
static void router_reverse(const struct rule_site *site, const double *in, const double *gradient,
                           const struct gates *gates, const double *products, double *out, struct arena work,
                           struct rule_report *report)
{
    const struct model *model = site->model;
    size_t T = (size_t)model->tokens, count = T * (size_t)model->experts;
    double *logits = take(site, &work), *hidden = take(site, &work), *squares = arena_take(&work, count);
    for (size_t i = 0; i < count; i++)
        squares[i] = gates->chosen[i] * gates->chosen[i];
    gate_products(model, gates->all, gates->all, 0, logits);
    for (size_t i = 0; i < T * T; i++)
        logits[i] = (logits[i] + 1) * products[i];
    double *cross = hidden; // first the mixed products, then the experts' Gram
    gate_products(model, gates->chosen, squares, 0, cross);
    for (size_t i = 0; i < T; i++)
        for (size_t j = 0; j < T; j++)
            logits[i * T + j] -= cross[i * T + j] + cross[j * T + i];
    ffn_grams(site, in, hidden, NULL, NULL, work);
    gram_multiply(site->space, hidden, logits, logits);
    gram_multiply(site->space, gradient, logits, logits);
    gram_scale(site->space, gain(site, INIT_W2) * model->width, logits);
    report->weight[INIT_WR] += gram_dot(site->space, in, logits) / model->experts;
    gram_add(site->space, variance(site, INIT_WR), logits, out);
}

static void moe_backward_rule(const struct rule_site *site, const double *in, const double *gradient, double *out,
                              struct arena work, struct rule_report *report)
{
    struct gates gates = draw_gates(site, in, &work);
    double *products = take(site, &work), *at_experts = take(site, &work);
    gate_products(site->model, gates.chosen, gates.chosen, 0, products);
    gram_multiply(site->space, products, gradient, at_experts);
    ffn_reverse(site, in, at_experts, out, site->model->experts, work, report);
    router_reverse(site, in, gradient, &gates, products, out, work, report);
}

const struct rule moe_rule = {moe_work, moe_forward_rule, moe_backward_rule};

const struct rule *rule_of(enum graph_kind kind)
{
    static const struct rule *const rules[] = {
        [GRAPH_ATTN] = &attention_rule,
        [GRAPH_FFN] = &ffn_rule,
        [GRAPH_MOE] = &moe_rule,
    };
    return (size_t)kind < sizeof rules / sizeof *rules ? rules[kind] : NULL;
}
