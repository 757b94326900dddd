#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/rule.h"

/* Maps. With x = L Q^T (rows; Q orthonormal) a Gaussian W enters through Z = Q^T W, fresh, and y = L Z. Given Z,
 *     dy W^T = (dy Z^T) Q^T + M (I - Q Q^T),   M fresh with the Gram of dy
 * (sim/conditioned.h), here in the coordinates of the frames. In the limit dy Z^T and M Q vanish. */

static const double *graph_sd(const struct rule_run *run, int node)
{
    return &run->sd[run->layout->plan->graph->nodes[node].index];
}

static bool is_finite_width(const struct rule_run *run)
{
    return !run->layout->mode.width_limit;
}

/* basis = factor^-1 x; a zero pivot, which has a zero column, gives a zero row. */
static void solve_rows(int T, const double *factor, struct signal *basis, struct pool *work)
{
    struct pool_mark mark = pool_mark(work);
    size_t count = (size_t)T * (size_t)T;
    double *regular = pool_take(work, count);
    memcpy(regular, factor, count * sizeof *regular);
    for (int t = 0; t < T; t++)
        if (!(factor[(size_t)t * (size_t)(T + 1)] > 0))
            regular[(size_t)t * (size_t)(T + 1)] = 1;
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, T, basis->columns, 1, regular, T,
                basis->at, basis->columns);
    for (int t = 0; t < T; t++)
        if (!(factor[(size_t)t * (size_t)(T + 1)] > 0))
            memset(basis->at + (size_t)t * (size_t)basis->columns, 0, (size_t)basis->columns * sizeof(double));
    pool_release(work, mark);
}

/* The factor of a signal's Gram, shared by all maps that read it. */
void rule_need_factor(struct rule_run *run, int node)
{
    struct rule_node *own = &run->nodes[node];
    struct space *space = rule_space(run, node);
    if (own->factor)
        return;
    own->gram = rule_take(run, space->grams);
    own->factor = rule_take(run, space->grams);
    frame_gram(space, 1, &own->out, own->gram);
    frame_factor(space->grams, own->gram, own->factor);
    if (!is_finite_width(run))
        return;
    own->basis = frame_zero(space, own->out.columns, run->work);
    memcpy(own->basis.at, own->out.at, (size_t)space->grams.tokens * (size_t)own->out.columns * sizeof(double));
    solve_rows(space->grams.tokens, own->factor, &own->basis, run->work);
}

static double *scaled(const struct rule_run *run, struct gram_space grams, double factor, const double *lower)
{
    double *out = rule_take(run, grams);
    memset(out, 0, gram_size(grams) * sizeof *out);
    gram_add(grams, factor, lower, out);
    return out;
}

void map_forward(struct rule_run *run, int node)
{
    int in = run->layout->plan->graph->nodes[node].a;
    struct space *space = rule_space(run, node);
    struct stream_address address = rule_address(run, node, RULE_FORWARD);
    double sd = *graph_sd(run, node);
    rule_need_factor(run, in);
    double *lower = scaled(run, space->grams, sd * sqrt(rule_space(run, in)->width), run->nodes[in].factor);
    struct rule_node *own = &run->nodes[node];
    *run->drawn |= space->drawn || space->population > 0;
    own->out = frame_fresh(space, lower, &address, run->work, is_finite_width(run) ? &own->unit : NULL);
}

static double *need(struct rule_run *run, struct gram_space grams, double **gram)
{
    if (!*gram) {
        *gram = rule_take(run, grams);
        memset(*gram, 0, gram_size(grams) * sizeof **gram);
    }
    return *gram;
}

void rule_send_back(struct rule_run *run, int node, double factor, const double *gram)
{
    struct gram_space grams = rule_space(run, node)->grams;
    gram_add(grams, factor, gram, need(run, grams, &run->nodes[node].arriving));
}

void map_backward(struct rule_run *run, int node)
{
    int in = run->layout->plan->graph->nodes[node].a, matrix = run->layout->plan->graph->nodes[node].index;
    struct space *to = rule_space(run, in), *from = rule_space(run, node);
    struct rule_node *own = &run->nodes[node], *input = &run->nodes[in];
    double sd = *graph_sd(run, node);
    const struct signal *gradient = rule_gradient(run, node);
    double *gram = rule_take(run, from->grams);
    frame_gram(from, 1, gradient, gram);
    run->weights[matrix] = gram_dot(from->grams, input->gram, gram) / plan_matrix(run->layout->plan, matrix).copies;
    rule_send_back(run, in, sd * sd * from->width, gram);
    if (!own->unit.at)
        return;
    int T = from->grams.tokens, K = own->unit.columns < gradient->columns ? own->unit.columns : gradient->columns;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, T, K, from->width * sd / sqrt(to->width), gradient->at,
                gradient->columns, own->unit.at, own->unit.columns, 1, need(run, to->grams, &input->along), T);
}

/* fresh += (along - fresh basis^T) basis, over the basis' columns. */
static void condition(struct rule_run *run, int node, struct signal *fresh)
{
    const struct rule_node *own = &run->nodes[node];
    int T = rule_space(run, node)->grams.tokens, K = own->basis.columns;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, T, K, -1, fresh->at, fresh->columns, own->basis.at, K, 1,
                own->along, T);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, K, T, 1, own->along, T, own->basis.at, K, 1, fresh->at,
                fresh->columns);
}

void rule_collect(struct rule_run *run, int node)
{
    struct rule_node *own = &run->nodes[node];
    struct space *space = rule_space(run, node);
    struct stream_address address = rule_address(run, node, RULE_REVERSE);
    if (!own->arriving)
        return;
    double *lower = rule_take(run, space->grams);
    frame_factor(space->grams, own->arriving, lower);
    *run->drawn |= space->drawn || space->population > 0;
    struct signal fresh = frame_fresh(space, lower, &address, run->work, NULL);
    if (own->along)
        condition(run, node, &fresh);
    frame_add(space, 1, &fresh, &own->gradient, run->work);
}
