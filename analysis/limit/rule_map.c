#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/rule.h"

/* Maps. With x = L Q^T (rows; Q orthonormal) a Gaussian W enters through Z = Q^T W, fresh, and y = L Z. Given Z,
 *     dy W^T = (dy Z^T) Q^T + M (I - Q Q^T),   M fresh with the Gram of dy
 * (sim/conditioned.h), here in the coordinates of the frames. In the limit dy Z^T and M Q vanish. Where a signal has
 * fewer coordinates than rows, these are L, and Q^T is the identity. */

static double sd_of(const struct rule_run *run, int node)
{
    return run->block->sd[rule_graph_node(run, node)->index];
}

/* Shared by all maps that read the signal. */
const struct factor *rule_factor(struct rule_run *run, int node)
{
    struct rule_node *own = &run->nodes[node];
    struct space *space = rule_space(run, node);
    if (own->factor.rows)
        return &own->factor;
    if (space->grams.exchangeable || own->out.columns >= space->grams.tokens) {
        own->gram = pool_take(run->work, gram_size(space->grams));
        frame_gram(space, 1, &own->out, own->gram);
    }
    own->factor = frame_factor_sum(space, &(struct frame_part){1, own->out, own->gram, NULL}, run->work);
    if (!rule_has_width(run) || !own->factor.lower)
        return &own->factor;
    own->basis.columns = own->out.columns;
    own->basis.at = pool_take(run->work, (size_t)space->grams.tokens * (size_t)own->out.columns);
    memcpy(own->basis.at, own->out.at, (size_t)space->grams.tokens * (size_t)own->out.columns * sizeof(double));
    gram_orthonormal(space->grams.tokens, own->basis.columns, own->basis.at, own->factor.rows, run->work);
    return &own->factor;
}

void rule_map_forward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a;
    struct space *space = rule_space(run, node);
    struct stream_address address = rule_address(run, node, RULE_FORWARD);
    struct rule_node *own = &run->nodes[node];
    const struct factor *factor = rule_factor(run, in);
    double scale = sd_of(run, node) * sqrt(rule_space(run, in)->width);
    int column = space->columns;
    struct ripple ripple = rule_ripple_of(run, in);
    *run->drawn |= space->drawn || space->population > 0;
    own->out = frame_fresh(space, factor, &address, run->work, rule_has_width(run) ? &own->unit : NULL);
    frame_scale(space, scale, &own->out);
    rule_keep(run, node, scale, in);
    double square = space->grams.exchangeable ? factor->rows[1] * factor->rows[1] : 0;
    rule_ripple(run, node, column, square, square * square, &ripple);
}

/* As many at a time as BLAS's integers can count. */
static double square_of(const double *x, size_t count)
{
    enum { MOST = 1 << 30 };
    double sum = 0;
    for (size_t i = 0; i < count; i += MOST)
        sum += cblas_ddot(count - i < MOST ? (int)(count - i) : MOST, x + i, 1, x + i, 1);
    return sum;
}

/* |x^T y|^2 through the columns of both. */
static double column_product(const struct signal *x, const struct signal *y, int T, struct pool *work)
{
    struct pool_mark mark = pool_mark(work);
    size_t count = (size_t)x->columns * (size_t)y->columns;
    double *both = pool_take(work, count);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, x->columns, y->columns, T, 1, x->at, x->columns, y->at,
                y->columns, 0, both, y->columns);
    double product = square_of(both, count);
    pool_release(work, mark);
    return product;
}

double rule_send_back(struct rule_run *run, int node, double factor, int of, const struct signal *rows)
{
    struct rule_node *own = &run->nodes[node];
    const struct space *space = rule_space(run, node);
    struct frame_part *part = (struct frame_part *)pool_take(run->work, sizeof(struct frame_part) / sizeof(double) + 1);
    *part = (struct frame_part){factor, *rows, NULL, own->arriving};
    own->arriving = part;
    if (!space->grams.exchangeable && (!own->factor.lower || rows->columns < space->grams.tokens))
        return column_product(&own->out, rows, space->grams.tokens, run->work);
    if (!own->gram) {
        own->gram = rule_take(run, space->grams);
        frame_gram(space, 1, &own->out, own->gram);
    }
    double *gram = rule_take(run, space->grams);
    frame_gram(rule_space(run, of), 1, rows, gram);
    part->gram = gram;
    return fmax(0, gram_dot(space->grams, own->gram, gram));
}

void rule_send_along(struct rule_run *run, int node, double scale, const struct signal *gradient,
                     const struct signal *unit)
{
    int T = rule_space(run, node)->grams.tokens, R = run->nodes[node].factor.rank;
    int K = unit->columns < gradient->columns ? unit->columns : gradient->columns;
    double **along = &run->nodes[node].along;
    if (!*along)
        *along = pool_take_zeros(run->work, (size_t)T * (size_t)R * sizeof **along);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, R, K, scale, gradient->at, gradient->columns, unit->at,
                unit->columns, 1, *along, R);
}

void rule_map_backward(struct rule_run *run, int node)
{
    int in = rule_graph_node(run, node)->a, matrix = rule_graph_node(run, node)->index;
    const struct signal *gradient = rule_gradient(run, node);
    double factor = sd_of(run, node) * sqrt(rule_space(run, node)->width);
    struct ripple ripple = rule_ripple_of(run, in);
    double T = rule_space(run, node)->grams.tokens, beside = T * (T - 1) * ripple_dot(&ripple, &run->nodes[node].echo);
    run->weights[matrix] = (rule_send_back(run, in, factor, node, gradient) + beside) /
                           plan_copies(run->layout->plan, matrix);
    if (run->nodes[node].unit.at)
        rule_send_along(run, in, rule_space(run, node)->width * sd_of(run, node) / sqrt(rule_space(run, in)->width),
                        gradient, &run->nodes[node].unit);
}

/* fresh += (along - fresh basis^T) basis, over the basis' columns; where these are the signal's own, along replaces
 * what is fresh there. */
static void condition(struct rule_run *run, int node, struct signal *fresh)
{
    const struct rule_node *own = &run->nodes[node];
    int T = rule_space(run, node)->grams.tokens, K = own->basis.columns, R = own->factor.rank;
    if (!own->basis.at) {
        for (int t = 0; t < T; t++)
            memcpy(fresh->at + (size_t)t * (size_t)fresh->columns, own->along + (size_t)t * (size_t)R,
                   (size_t)R * sizeof(double));
        return;
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, R, K, -1, fresh->at, fresh->columns, own->basis.at, K, 1,
                own->along, R);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, K, R, 1, own->along, R, own->basis.at, K, 1, fresh->at,
                fresh->columns);
}

void rule_collect(struct rule_run *run, int node)
{
    struct rule_node *own = &run->nodes[node];
    struct space *space = rule_space(run, node);
    struct stream_address address = rule_address(run, node, RULE_REVERSE);
    if (!own->arriving)
        return;
    *run->drawn |= space->drawn || space->population > 0;
    if (own->along && !own->basis.at && own->factor.rank == space->columns && frame_is_full(space)) {
        rule_give(run, node, (struct signal){own->factor.rank, own->along}); // nothing of a fresh signal would be left
        return;
    }
    struct factor factor = frame_factor_sum(space, own->arriving, run->work);
    struct signal fresh = frame_fresh(space, &factor, &address, run->work, NULL);
    if (own->along)
        condition(run, node, &fresh);
    rule_give(run, node, fresh);
}
