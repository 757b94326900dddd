#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/rule.h"

/* Mixtures of experts. Gates [T][E] are drawn from the routed signal's Gram: a router's choice does not average out at
 * any width. At the model's width each expert is read by itself (rule_expert.c). In the limit their bodies, equal in law
 * and independent, are read once, by their Grams alone: sum_e p_e b_e with b_e = mu + c_e, mu one number for all features
 * of a token, c_e independent over experts, is (sum_e p_e) mu beside what the Gram of c gives. */

/* out [T][T] = a b^T for a, b [T][E]. */
static void gate_products(int T, int E, const double *a, const double *b, double *out)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, T, E, 1, a, E, b, E, 0, out, T);
}

/* out [T][E]: independent Gaussian columns of the factor's Gram, by normals [rank][E] from number `first` on, which are
 * left in `unit` unless that is NULL. */
static void draw_columns(const struct factor *factor, int T, int E, const struct stream_address *address,
                         uint64_t first, double *out, struct signal *unit, struct pool *work)
{
    size_t count = (size_t)factor->rank * (size_t)E;
    double *kept = unit ? pool_take(work, count) : NULL;
    struct pool_mark mark = pool_mark(work);
    double *normals = kept ? kept : pool_take(work, count);
    flight_normals(address, first, count, 1, normals);
    if (unit)
        *unit = (struct signal){E, normals};
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, E, factor->rank, 1, factor->rows, factor->rank, normals,
                E, 0, out, E);
    pool_release(work, mark);
}

double *rule_gates(const struct rule_run *run, int node, enum rule_gates part)
{
    size_t T = (size_t)rule_space(run, node)->grams.tokens;
    return run->nodes[node].gates + (size_t)part * T * (size_t)run->layout->plan->nodes[node].mixture.sizes.experts;
}

/* Of one replica's choices. */
static struct mixture_report report_of(int T, int E, const double *mask)
{
    double all = 0, most = 0, entropy = 0, choices = cblas_dasum(T * E, mask, 1);
    for (int e = 0; e < E; e++) {
        double own = cblas_dasum(T, mask + e, E) / choices;
        most = fmax(most, own);
        all += own;
        entropy -= own > 0 ? own * log(own) : 0;
    }
    return (struct mixture_report){most * E / all, E > 1 ? entropy / log(E) : 1};
}

static void draw_gates(struct rule_run *run, int node)
{
    const struct plan_mixture *moe = &run->layout->plan->nodes[node].mixture;
    int in = rule_graph_node(run, node)->a, T = rule_space(run, in)->grams.tokens, E = moe->sizes.experts;
    struct stream_address address = rule_address(run, node, RULE_GATES);
    double sd = run->block->sd[rule_graph_node(run, node)->index];
    size_t count = (size_t)T * (size_t)E;
    double *gates = run->nodes[node].gates = pool_take(run->work, RULE_GATES_PARTS * count);
    double *chosen = rule_gates(run, node, RULE_GATES_CHOSEN), *mask = rule_gates(run, node, RULE_GATES_MASK);
    double *logits = rule_gates(run, node, RULE_GATES_LOGITS);
    struct signal *unit = rule_has_width(run) ? &run->nodes[node].unit : NULL;
    draw_columns(rule_factor(run, in), T, E, &address, 0, logits, unit, run->work);
    frame_scale(rule_space(run, in), sd * sqrt(rule_space(run, in)->width), &(struct signal){E, logits});
    for (int t = 0; t < T; t++) {
        size_t at = (size_t)t * (size_t)E;
        router_gate(moe->router, &moe->sizes, logits + at, mask + at, gates + at);
        for (int e = 0; e < E; e++)
            chosen[at + (size_t)e] = gates[at + (size_t)e] * mask[at + (size_t)e];
    }
    run->mixtures[node] = report_of(T, E, mask);
    *run->drawn = true;
}

/* gram = (sum over experts of the gates' products) o gram. */
static void through_gates(struct rule_run *run, int node, double *gram)
{
    const struct plan_mixture *moe = &run->layout->plan->nodes[node].mixture;
    struct gram_space grams = rule_space(run, node)->grams;
    double *products = rule_take(run, grams);
    const double *chosen = rule_gates(run, node, RULE_GATES_CHOSEN);
    gate_products(grams.tokens, moe->sizes.experts, chosen, chosen, products);
    gram_multiply(grams, products, gram, gram);
}

/* mu [T] of the experts, NULL where it is 0. */
static double *means_of(struct rule_run *run, int node)
{
    int body = rule_graph_node(run, node)->b;
    const struct space *space = rule_space(run, body);
    if (!run->layout->nodes[node].biased)
        return NULL;
    double *mean = pool_take(run->work, (size_t)space->grams.tokens);
    for (int t = 0; t < space->grams.tokens; t++)
        mean[t] = frame_mean_of(space, &run->nodes[body].out, t);
    return mean;
}

/* gram = factor times that of c. */
static void experts_gram(struct rule_run *run, int node, double factor, const double *mean, double *gram)
{
    int body = rule_graph_node(run, node)->b, T = rule_space(run, node)->grams.tokens;
    frame_gram(rule_space(run, body), factor, &run->nodes[body].out, gram);
    if (mean)
        cblas_dger(CblasRowMajor, T, T, -factor, mean, 1, mean, 1, gram, T);
}

/* The output gets (sum_e p_e) mu. */
static void add_mean(struct rule_run *run, int node, const double *mean)
{
    const struct space *space = rule_space(run, node);
    int T = space->grams.tokens, E = run->layout->plan->nodes[node].mixture.sizes.experts;
    const double *chosen = rule_gates(run, node, RULE_GATES_CHOSEN);
    double *own = pool_take(run->work, (size_t)T);
    for (int t = 0; t < T; t++) {
        own[t] = 0;
        for (int e = 0; e < E; e++)
            own[t] += chosen[t * E + e] * mean[t];
    }
    frame_add_mean(space, own, &run->nodes[node].out);
}

/* All experts at once, by their Gram. */
static void experts_forward(struct rule_run *run, int node)
{
    struct space *space = rule_space(run, node);
    struct stream_address address = rule_address(run, node, RULE_FORWARD);
    double *gram = rule_take(run, space->grams), *mean = means_of(run, node);
    experts_gram(run, node, 1, mean, gram);
    through_gates(run, node, gram);
    struct factor factor = frame_factor(space->grams, gram, run->work);
    run->nodes[node].out = frame_fresh(space, &factor, &address, run->work, NULL);
    if (mean)
        add_mean(run, node, mean);
}

void rule_mixture_forward(struct rule_run *run, int node)
{
    draw_gates(run, node);
    if (rule_has_width(run))
        rule_experts_forward(run, node);
    else
        experts_forward(run, node);
}

/* u [T][E] = <gradient, expert's output> of every gate, of covariance m Gamma o (Gram of c) over tokens and independent
 * over experts, and beside it <gradient, mu>, which they share. */
static void draw_gate_gradients(struct rule_run *run, int node, const double *gradient, double *u)
{
    struct gram_space grams = rule_space(run, node)->grams;
    int T = grams.tokens, E = run->layout->plan->nodes[node].mixture.sizes.experts,
        width = rule_space(run, node)->width;
    struct stream_address address = rule_address(run, node, RULE_REVERSE);
    double *gram = rule_take(run, grams), *mean = means_of(run, node);
    experts_gram(run, node, width, mean, gram);
    gram_multiply(grams, gradient, gram, gram);
    struct factor factor = frame_factor(grams, gram, run->work);
    draw_columns(&factor, T, E, &address, 0, u, NULL, run->work);
    if (!mean)
        return;
    double *shared = pool_take(run->work, (size_t)T);
    memset(gram, 0, gram_size(grams) * sizeof *gram);
    cblas_dger(CblasRowMajor, T, T, width, mean, 1, mean, 1, gram, T);
    gram_multiply(grams, gradient, gram, gram);
    factor = frame_factor(grams, gram, run->work);
    draw_columns(&factor, T, 1, &address, 2 * (uint64_t)T * (uint64_t)E, shared, NULL, run->work);
    for (int t = 0; t < T; t++)
        for (int e = 0; e < E; e++)
            u[t * E + e] += shared[t];
}

/* From the gates' gradients u [T][E] to those of the routed signal and the router. */
static void router_backward(struct rule_run *run, int node, const double *u)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct plan_mixture *moe = &run->layout->plan->nodes[node].mixture;
    int T = rule_space(run, node)->grams.tokens, E = moe->sizes.experts;
    size_t count = (size_t)T * (size_t)E;
    double *slopes = pool_take(run->work, count), sd = run->block->sd[own->index];
    const double *gates = rule_gates(run, node, RULE_GATES_ALL), *mask = rule_gates(run, node, RULE_GATES_MASK);
    const double *logits = rule_gates(run, node, RULE_GATES_LOGITS);
    for (int t = 0; t < T; t++) {
        size_t at = (size_t)t * (size_t)E;
        moe->router->backward(E, logits + at, mask + at, gates + at, u + at, slopes + at);
    }
    struct signal rows = {E, slopes};
    run->weights[own->index] = rule_send_back(run, own->a, sd, own->a, &rows) / E;
    if (run->nodes[node].unit.at)
        rule_send_along(run, own->a, sd / sqrt(rule_space(run, own->a)->width), &rows, &run->nodes[node].unit);
}

/* The gates' gradients, and the gradient of all experts at once, by its Gram. */
static void experts_backward(struct rule_run *run, int node, double *u)
{
    int body = rule_graph_node(run, node)->b;
    struct gram_space grams = rule_space(run, node)->grams;
    struct space *space = rule_space(run, body);
    double *gradient = rule_take(run, grams);
    struct stream_address address = rule_address(run, body, RULE_GATES);
    frame_gram(rule_space(run, node), 1, rule_gradient(run, node), gradient);
    draw_gate_gradients(run, node, gradient, u);
    through_gates(run, node, gradient);
    struct factor factor = frame_factor(grams, gradient, run->work);
    struct signal fresh = frame_fresh(space, &factor, &address, run->work, NULL);
    frame_add(space, 1, &fresh, &run->nodes[body].gradient, run->work);
}

void rule_mixture_backward(struct rule_run *run, int node)
{
    int E = run->layout->plan->nodes[node].mixture.sizes.experts;
    size_t count = (size_t)rule_space(run, node)->grams.tokens * (size_t)E;
    double *u = pool_take_zeros(run->work, count * sizeof *u);
    if (rule_has_width(run))
        rule_experts_backward(run, node, u);
    else
        experts_backward(run, node, u);
    router_backward(run, node, u);
}
