#include <gsl/gsl_pow_int.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/rule.h"
#include "analysis/limit/softmax.h"
#include "analysis/limit/strip.h"

/* Attention. Its spaces hold the features of heads, drawn one by one, on which sim/attention does what it does to
 * samples: every option holds, at the heads' own width. In the limit heads are widened until logits are Gaussian: with
 * keys and values an orthogonal basis times the factor of their Gram, the queries' normals give S = a Q K^T the
 * covariance a^2 h Q_ik K_jl exactly (layout.c). Exchangeable tokens have a closed form (softmax.h). */

static int rows_of(const struct rule_run *run, int node)
{
    return rule_space(run, node)->grams.tokens;
}

/* ---- drawn ---- */

/* The features [rows][population] of a signal. */
static double *features(struct rule_run *run, int node, const struct signal *signal)
{
    const struct space *space = rule_space(run, node);
    size_t count = (size_t)space->grams.tokens * (size_t)space->population;
    struct signal out = {space->population, pool_take(run->scratch, count)};
    memcpy(out.at, signal->at, count * sizeof *out.at);
    frame_scale(space, sqrt(space->population), &out);
    return out.at;
}

/* signal += factor times features. */
static void put(struct rule_run *run, int node, double factor, double *given, struct signal *signal)
{
    const struct space *space = rule_space(run, node);
    struct signal own = {space->population, given};
    if (signal->at) {
        frame_add(space, factor / sqrt(space->population), &own, signal, run->work);
        return;
    }
    frame_scale(space, factor / sqrt(space->population), &own);
    *signal = own;
}

static double *room(struct rule_run *run, int node)
{
    const struct space *space = rule_space(run, node);
    return pool_take(run->work, (size_t)space->grams.tokens * (size_t)space->population);
}

static struct arena scratch(struct rule_run *run, const struct attention *attend)
{
    size_t size = attention_work(attend);
    return (struct arena){pool_take(run->scratch, size), size, 0};
}

/* Biases and sinks of a replica are not those of the sample of its number. */
static double *draw(struct rule_run *run, const struct attention *attend)
{
    enum { LIMIT_EXPERT = 1 };
    double *drawn = pool_take(run->scratch, attention_drawn(attend));
    struct stream_address address = run->address;
    address.expert = LIMIT_EXPERT;
    attention_draw(attend, &address, drawn);
    return drawn;
}

static void forward_drawn(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct attention *attend = &run->layout->nodes[node].attend;
    double *q = features(run, own->a, &run->nodes[own->a].out), *k = features(run, own->b, &run->nodes[own->b].out);
    double *v = features(run, own->c, &run->nodes[own->c].out), *y = room(run, node);
    int rows = strip_rows(attend);
    if (rows > 0) {
        strip_forward(attend, rows, draw(run, attend), q, k, v, y, run->scratch, &run->attentions[node]);
    } else {
        double *a = run->nodes[node].attention = pool_take(run->work, attention_entries(attend));
        attention_forward(attend, draw(run, attend), q, k, v, a, y, scratch(run, attend), &run->attentions[node]);
    }
    put(run, node, 1, y, &run->nodes[node].out);
}

/* Heads that are drawn wider sum R over more features of the values: what it should be of. */
static double width_factor(const struct attention *given, const struct attention *drawn)
{
    return sqrt((double)given->value_width / given->head_width * drawn->head_width / drawn->value_width);
}

/* Queries of the same Gram in every head, that do not know the logits: in the limit a head's own queries, of which there
 * are many features, have it too, but those that are drawn are few enough for the logits to tell it. */
static double *basis_queries(struct rule_run *run, int node, const struct attention *attend)
{
    const struct space *space = rule_space(run, node);
    int T = space->grams.tokens, width = attend->head_width;
    double *out = room(run, node), *gram = rule_take(run, space->grams);
    memset(out, 0, (size_t)T * (size_t)space->population * sizeof *out);
    frame_gram(space, width, &run->nodes[node].out, gram);
    struct factor factor = frame_factor(space->grams, gram, run->work);
    for (int t = 0; t < T; t++)
        for (int h = 0; h < attend->heads; h++)
            memcpy(out + (size_t)t * (size_t)space->population + (size_t)(h * width),
                   factor.rows + (size_t)t * (size_t)T, (size_t)(t + 1) * sizeof *out);
    return out;
}

static void backward_drawn(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct attention *attend = &run->layout->nodes[node].attend;
    double factor = width_factor(&run->layout->plan->nodes[node].attend, attend);
    double *asked = features(run, own->a, &run->nodes[own->a].out);
    double *q = run->layout->nodes[node].wide ? basis_queries(run, own->a, attend) : asked;
    double *k = features(run, own->b, &run->nodes[own->b].out);
    double *v = features(run, own->c, &run->nodes[own->c].out);
    double *dy = features(run, node, rule_gradient(run, node));
    double *dq = room(run, own->a), *dk = room(run, own->b), *dv = room(run, own->c);
    int rows = strip_rows(attend);
    if (rows > 0)
        strip_backward(attend, rows, draw(run, attend), asked, q, k, v, dy, dq, dk, dv, run->scratch);
    else
        attention_backward(attend, q, k, v, run->nodes[node].attention, dy, dq, dk, dv, scratch(run, attend));
    put(run, own->a, factor, dq, &run->nodes[own->a].gradient);
    put(run, own->b, factor, dk, &run->nodes[own->b].gradient);
    put(run, own->c, 1, dv, &run->nodes[own->c].gradient);
}

/* ---- joins: of features as they are, whose sizes are the plan's (layout.c) ---- */

void rule_join_forward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    double *y = room(run, node);
    join_forward(&run->layout->plan->nodes[node].join, rows_of(run, node),
                 features(run, own->a, &run->nodes[own->a].out), features(run, own->b, &run->nodes[own->b].out), y);
    put(run, node, 1, y, &run->nodes[node].out);
}

void rule_join_backward(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    double *da = room(run, own->a), *db = room(run, own->b);
    join_backward(&run->layout->plan->nodes[node].join, rows_of(run, node),
                  features(run, node, rule_gradient(run, node)), da, db);
    put(run, own->a, 1, da, &run->nodes[own->a].gradient);
    put(run, own->b, 1, db, &run->nodes[own->b].gradient);
}

/* ---- exchangeable tokens ---- */

/* Grams {diagonal - shared, shared} of what attention reads and gives. */
struct pairs {
    int queries, keys; /* tokens */
    int heads;         /* 0 in the limit */
    double served;     /* heads that share a key and a value */
    double features;   /* a row's logits vary in size like a mean over so many squares; 0: like none */
    double kurtosis;   /* excess, of its logits given their size */
    double longer;     /* a value's square, by the square of its logit; relative to both */
    double q[2], k[2], v[2];
    double square;  /* variance of a logit over that of a query and a key: a^2 h */
    double common;  /* to first order: what keys and values deviate by together */
    double apart;   /* and queries of one head, squared */
    double pull;    /* a row's slope where its query's square weighs it */
    double overlap; /* E N of two rows */
    double tilt, pass,
        cross; /* of find_pairs: one row's pairs of keys, by its logits and by its values, and two rows' */
    double out[2], gradient[2], dq[2], dk[2], dv[2];
    struct attention_report report;
};

static int mapped_by(const struct rule_run *run, int node)
{
    while (rule_graph_node(run, node)->kind == GRAPH_SCALE)
        node = rule_graph_node(run, node)->a;
    return rule_graph_node(run, node)->kind == GRAPH_MAP ? rule_graph_node(run, node)->a : -1;
}

static double inverse(double features)
{
    return features > 0 ? 1 / features : 0;
}

/* Given a query, a row's logits are the keys along it. Behind a map that is the tokens along what the map makes of it, a
 * direction of their space of a length that varies like a mean over its m features and the head's h: normal where the
 * tokens are, with the kurtosis -6/m of a uniform direction where they are normed. (Where they are not, a value is
 * longer where its logit is large.) Where a norm follows the maps, all is in the head. */
static void size_logits(const struct rule_run *run, int node, struct pairs *p)
{
    const struct graph_node *own = rule_graph_node(run, node);
    int q = mapped_by(run, own->a), k = mapped_by(run, own->b);
    double head = run->layout->plan->nodes[node].attend.head_width, vary = 0;
    vary += run->nodes[own->a].normed > 0 ? 0 : 1 / head;
    if (q >= 0 && run->nodes[q].normed == 0)
        vary += 1. / rule_space(run, q)->width;
    if (k >= 0)
        vary += 1. / rule_space(run, k)->width;
    p->features = inverse(vary);
    p->kurtosis = -6 * inverse(run->nodes[k >= 0 ? k : own->b].normed);
    if (k >= 0 && k == mapped_by(run, own->c) && run->nodes[k].normed == 0)
        p->longer = 1. / rule_space(run, k)->width;
}

static struct pairs pairs_of(const struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct attention *attend = &run->layout->plan->nodes[node].attend;
    struct pairs p = {.queries = rows_of(run, own->a), .keys = rows_of(run, own->b)};
    frame_gram(rule_space(run, own->a), 1, &run->nodes[own->a].out, p.q);
    frame_gram(rule_space(run, own->b), 1, &run->nodes[own->b].out, p.k);
    frame_gram(rule_space(run, own->c), 1, &run->nodes[own->c].out, p.v);
    p.square = attend->scale * attend->scale * attend->head_width;
    p.served = (double)attend->heads / attend->kv_heads;
    if (run->layout->mode.first_order) {
        p.heads = attend->heads;
        size_logits(run, node, &p);
    }
    return p;
}

static double query_square(const struct pairs *p)
{
    return p->q[0] + p->q[1];
}

/* Of the queries of two tokens. */
static double correlation(const struct pairs *p)
{
    double q = query_square(p);
    return q > 0 ? fmin(1, fmax(-1, p->q[1] / q)) : 0;
}

/* The logits' square is about Gamma distributed, of shape features/2; Gauss's and Laguerre's two points have its powers
 * up to the third. What two rows have follows as far as their queries are the same. */
static bool average_sizes(struct pairs *p, double sigma, double *work, struct softmax_means *means)
{
    double shape = p->features > 0 ? p->features / 2 : 1e12, root = sqrt(shape + 1), same = gsl_pow_2(correlation(p));
    struct softmax_means mean = {.varied = means->varied, .stretch = means->stretch}, at;
    p->pull = 0;
    for (int side = -1; side <= 1; side += 2) {
        double square = (shape + 1 + side * root) / shape, weight = (1 - side / root) / 2;
        if (!(sigma * sqrt(square) <= SOFTMAX_SIGMA))
            return false;
        softmax_one_row(p->keys, sigma * sqrt(square), p->kurtosis, &at, work);
        mean.excess[0] += weight * at.excess[0];
        mean.slope[0] += weight * at.slope[0];
        mean.entropy += weight * at.entropy;
        p->pull += weight * square * at.slope[0];
    }
    if (means->excess[0] > 0 && means->slope[0] > 0) {
        mean.excess[1] = means->excess[1] * (1 + same * (mean.excess[0] / means->excess[0] - 1));
        mean.slope[1] = means->slope[1] * (1 + same * (mean.slope[0] / means->slope[0] - 1));
    }
    *means = mean;
    return true;
}

/* A softmax sees logits of variance square q (k's specific part), q being a query's whole square, of the queries'
 * correlation between rows. False where they are too large for quadrature. */
static bool means_of(struct pairs *p, struct pool *pool, struct softmax_means *means)
{
    struct pool_mark mark = pool_mark(pool);
    double sigma = sqrt(fmax(0, p->square * query_square(p) * p->k[0])), *work;
    bool reached = true;
    *means = (struct softmax_means){{0, 0}, {0, 0}, 0, 0, 0};
    if (p->keys == 1)
        return true;
    if (!(sigma <= SOFTMAX_SIGMA))
        return false;
    work = pool_take(pool, softmax_work(p->keys));
    softmax_means(p->keys, sigma, correlation(p), means, work);
    p->pull = means->slope[0];
    if (p->heads > 0)
        reached = average_sizes(p, sigma, work, means);
    pool_release(pool, mark);
    return reached;
}

/* Sums over keys j != l of one row's A_j A_l, as a second derivative by their logits sees them and as D does, and of two
 * rows' A_ij A_kl: what is left of T^2 pairs where a softmax is near few keys. The fourth power is taken between the
 * third and the second. */
static void find_pairs(const struct softmax_means *means, struct pairs *p)
{
    double square = 1. / p->keys + means->excess[0];
    double cube = fmin(square, fmax(square * square, (square + square * square - means->slope[0]) / 2));
    double apart = square * square - cube * cube / square;
    p->report.square = square;
    p->overlap = 1. / p->keys + means->excess[1];
    p->tilt = p->keys > 1 ? 1 - square - 4 * (square - cube) + 6 * apart : 0;
    p->pass = p->keys > 1 ? 1 - square - 2 * (square - cube) + 2 * apart : 0;
    p->cross = p->keys > 1 ? gsl_pow_2(1 - square) : 0;
}

/* Two keys j, l whose product deviates by x draw logits S_ij, S_kl together by a^2 h Q_ik x, so that A V A^T gains
 * a^2 h Q_ik E x (the values' x) for each of all T^2 pairs. */
static void read_ripples(struct rule_run *run, int node, const struct softmax_means *means, struct pairs *p)
{
    const struct graph_node *own = rule_graph_node(run, node);
    struct ripple q = rule_ripple_of(run, own->a), k = rule_ripple_of(run, own->b), v = rule_ripple_of(run, own->c);
    double head = 1. / run->layout->plan->nodes[node].attend.head_width - 1. / rule_space(run, own->a)->width;
    find_pairs(means, p);
    if (!run->layout->mode.first_order)
        return;
    p->common = ripple_dot(&k, &v);
    p->apart = p->cross * (ripple_dot(&q, &q) + p->q[0] * p->q[0] * head);
}

/* Samples have the root of a mean over rows and heads, in which a row has as many squares as it has differences of keys:
 * of n of them E sqrt(chi^2_n/n), squared. Rows share them as far as queries are the same. */
static double root_bias(const struct pairs *p)
{
    double T = p->queries, n = p->heads * (p->keys - 1) / (1 / T + (1 - 1 / T) * gsl_pow_2(correlation(p)));
    return n > 0 ? 2 / n * exp(2 * (lgamma((n + 1) / 2) - lgamma(n / 2))) : 1;
}

/* A V A^T = (V's specific part) A A^T + what values share. */
static void forward_means(const struct softmax_means *means, struct pairs *p)
{
    p->out[0] = p->v[0] * (fmax(0, means->excess[0] - means->excess[1]) + p->longer * means->stretch);
    p->out[1] = p->v[0] * (1. / p->keys + means->excess[1]) + p->v[1];
    p->out[0] += p->square * p->common * (query_square(p) * p->tilt - p->q[1] * p->cross);
    p->out[1] += p->square * p->common * p->q[1] * p->cross;
    p->report = (struct attention_report){
        .entropy = means->entropy,
        .relative_entropy = p->keys > 1 ? means->entropy / log(p->keys) : 0,
        .square = 1. / p->keys + means->excess[0],
        .logit_variance = root_bias(p) * p->square * query_square(p) * p->k[0] * (p->keys - 1) / p->keys,
        .stable_rank = NAN, // no closed form
    };
}

/* With N = A A^T, P = (A o A) A^T and R of covariance h Gamma_ik V_jl, a softmax sees K and V as their specific parts:
 *     E D K D^T = v k Gamma o (N + N o N - P - P^T),
 * D^T Q D, whose rows sum to 0, is known by its trace v sum_ik (Gamma o Q)_ik (N + N o N - P - P^T)_ik, and
 * A^T Gamma A by its trace sum_ik Gamma_ik N_ik and its sum over all entries, that of Gamma. Keys and values have the sum
 * over the heads that they serve, whose gradients know nothing of each other. */
static void backward_means(const struct softmax_means *means, double value_square, struct pairs *p)
{
    double T = p->queries, N = p->keys, others = N > 1 ? N - 1 : 1;
    double draw = p->square * p->k[0]; // of a logit, by a query's product with another
    double whole = p->gradient[0] + p->gradient[1], shared = p->gradient[1], both = value_square * p->v[0];
    double own = both * p->k[0] * whole * means->slope[0] + value_square * p->common * whole * p->pass;
    double cross = both * p->k[0] * shared * means->slope[1] + value_square * p->common * shared * p->cross;
    p->dq[0] = own - cross;
    p->dq[1] = cross;
    double two = means->slope[0] > 0 ? 1 + gsl_pow_2(correlation(p)) * (p->pull / means->slope[0] - 1) : 1;
    double trace = both *
                   (T * query_square(p) * whole * p->pull + T * (T - 1) * p->q[1] * shared * means->slope[1] * two +
                    T * (T - 1) * shared * draw * (1 + draw * p->q[1] / 2) * p->apart / N);
    p->dk[0] = p->served * trace / others;
    p->dk[1] = -p->dk[0] / N;
    double excess = means->excess[1] + draw * draw * p->apart / 2 / N;
    p->dv[0] = p->served * (T * whole * means->excess[0] + T * (T - 1) * shared * excess) / others;
    double diagonal = (T * whole * (1 / N + means->excess[0]) + T * (T - 1) * shared * (1 / N + excess)) / N;
    p->dv[1] = p->served * diagonal - p->dv[0];
}

static void add_pair(struct rule_run *run, int node, const double *pair, struct signal *signal)
{
    struct space *space = rule_space(run, node);
    struct factor factor = frame_factor(space->grams, pair, run->work);
    struct signal fresh = frame_law_signal(space, &factor, run->work);
    frame_add(space, 1, &fresh, signal, run->work);
}

/* Two rows attend alike where their queries lie together, by the slope of N_ik and by what the softmax tilts. */
static void hand_ripples_on(struct rule_run *run, int node, int column, const struct pairs *p)
{
    double draw = p->square * p->k[0];
    double slope = p->cross * (p->v[0] * draw * p->overlap + p->square * p->common);
    struct ripple q = rule_ripple_of(run, rule_graph_node(run, node)->a), inherited = {0};
    ripple_add(&run->ripples, slope, &q, &inherited);
    rule_ripple(run, node, column, p->out[0], p->out[0] * p->out[0], &inherited);
}

/* N_ii varies over heads, and N_ik about as much; keys and values that do so already add theirs. */
static void find_spread(struct rule_run *run, int node, const struct pairs *p, double varied)
{
    const struct graph_node *own = rule_graph_node(run, node);
    double read = run->nodes[own->b].uneven + run->nodes[own->c].uneven, square = p->out[0] + p->out[1];
    run->nodes[node].spread = square > 0 ? gsl_pow_2(p->v[0] / square) * varied : 0;
    run->nodes[node].uneven = read + (p->out[0] > 0 ? gsl_pow_2(p->v[0] / p->out[0]) * varied : 0);
    *run->uneven = fmax(*run->uneven, read);
}

static void forward_closed(struct rule_run *run, int node)
{
    struct pairs p = pairs_of(run, node);
    struct softmax_means means;
    *run->too_sharp |= !means_of(&p, run->scratch, &means);
    read_ripples(run, node, &means, &p);
    forward_means(&means, &p);
    run->attentions[node] = p.report;
    if (p.heads > 0)
        find_spread(run, node, &p, means.varied / p.heads);
    int column = rule_space(run, node)->columns;
    add_pair(run, node, p.out, &run->nodes[node].out);
    hand_ripples_on(run, node, column, &p);
}

/* How the gradients' Grams answer to the ripples of what maps were given: what a map's weights have of both. */
static void give_echoes(struct rule_run *run, int node, double value_square, const struct pairs *p)
{
    const struct graph_node *own = rule_graph_node(run, node);
    double T = p->queries, N = p->keys, draw = p->square * p->k[0];
    double whole = p->gradient[0] + p->gradient[1], shared = p->gradient[1];
    double same = T * whole * query_square(p) / (N * N), two = T * (T - 1) * shared * p->q[1] * p->cross / (N * N);
    struct ripple q = rule_ripple_of(run, own->a), k = rule_ripple_of(run, own->b), v = rule_ripple_of(run, own->c);
    rule_echo(run, own->a, p->cross * value_square * shared * p->v[0] * p->k[0] * draw * p->overlap, &q);
    rule_echo(run, own->b, p->served * value_square * (same * p->pass + two), &v);
    rule_echo(run, own->c, p->served * p->square * (same * p->tilt + two), &k);
}

static void backward_closed(struct rule_run *run, int node)
{
    const struct graph_node *own = rule_graph_node(run, node);
    const struct attention *attend = &run->layout->plan->nodes[node].attend;
    struct pairs p = pairs_of(run, node);
    struct softmax_means means;
    means_of(&p, run->scratch, &means);
    read_ripples(run, node, &means, &p);
    frame_gram(rule_space(run, node), 1, rule_gradient(run, node), p.gradient);
    double value_square = attend->scale * attend->scale * attend->value_width;
    backward_means(&means, value_square, &p);
    give_echoes(run, node, value_square, &p);
    add_pair(run, own->a, p.dq, &run->nodes[own->a].gradient);
    add_pair(run, own->b, p.dk, &run->nodes[own->b].gradient);
    add_pair(run, own->c, p.dv, &run->nodes[own->c].gradient);
}

void rule_attend_forward(struct rule_run *run, int node)
{
    if (run->layout->mode.exchangeable)
        forward_closed(run, node);
    else
        forward_drawn(run, node);
}

void rule_attend_backward(struct rule_run *run, int node)
{
    if (run->layout->mode.exchangeable)
        backward_closed(run, node);
    else
        backward_drawn(run, node);
}
