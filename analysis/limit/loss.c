#include "analysis/limit/loss.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/softmax.h"
#include "sim/readout.h"

/* ---- in closed form ---- */

/* The mean cosine of two tokens' c differs from the ratio of means by about the relative variance of |c|^2. */
static const double UNEVEN = 0.02;

/* At a width E g = x (1 - P)/(d T), by Stein's lemma, which tokens of correlated x have in common: of T tokens' sum this
 * part, T r q (1 - P)^2/d, may be so much beside |c|^2. */
static const double LEFT_OUT = 0.05;

/* With P = E sum_v p_v^2 and a target that p knows nothing of, so that E p_y = 1/V: E |c|^2 = 1 - 2/V + P. Its variance is
 * that of 2 p_y, about: 4 (P/V - 1/V^2). */
bool loss_closed(const struct model *model, bool width_limit, const double *x, double *g, struct pool *work)
{
    double square = x[0] + x[1], V = model->vocabulary, T = model->tokens;
    double scale = 1 / (model->width * T * T);
    struct softmax_means means;
    g[0] = g[1] = 0;
    if (!(square <= SOFTMAX_SIGMA * SOFTMAX_SIGMA))
        return false;
    struct pool_mark mark = pool_mark(work);
    double cosine = square > 0 ? fmax(-1, fmin(1, x[1] / square)) : 0;
    softmax_means(model->vocabulary, sqrt(square), cosine, &means, pool_take(work, softmax_work(model->vocabulary)));
    pool_release(work, mark);
    double own = 1 - 1 / V + means.excess[0];
    double both = readout_agreement(model->vocabulary, model->zipf) - 1 / V + means.excess[1];
    g[0] = scale * (own - both);
    g[1] = model->tokens > 1 ? scale * both : 0;
    double rest = 1 - 1 / V - means.excess[0], left_out = width_limit ? 0 : T * x[1] * rest * rest / model->width;
    return 4 * means.excess[0] / V <= UNEVEN * own * own && left_out <= LEFT_OUT * own;
}

/* ---- drawn ---- */

/* Normals of the readout along the frame, for some of the vocabulary: [count][columns]. */
struct rows {
    struct stream stream;
    int columns, vocabulary, chunk;
    double *normals;
};

static struct rows open_rows(const struct model *model, const struct stream_address *address, int columns,
                             struct pool *work)
{
    enum { CHUNK = 1 << 16 };
    int chunk = CHUNK / (columns + 1) + 1;
    return (struct rows){stream_open(address), columns, model->vocabulary, chunk,
                         pool_take(work, (size_t)chunk * (size_t)columns + 1)};
}

static int draw_rows(const struct rows *rows, int first)
{
    int left = rows->vocabulary - first, count = left < rows->chunk ? left : rows->chunk;
    size_t columns = (size_t)rows->columns;
    stream_normals(&rows->stream, (size_t)first * columns, (size_t)count * columns, 1, rows->normals);
    return count;
}

/* logits = x N^T, then along = c N / d. */
static void read_out(const struct rows *rows, int tokens, const double *x, double *logits)
{
    int V = rows->vocabulary, K = rows->columns;
    for (int first = 0, count; first < V; first += count) {
        count = draw_rows(rows, first);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, tokens, count, K, 1, x, K, rows->normals, K, 0,
                    logits + first, V);
    }
}

static void send_back(const struct rows *rows, int tokens, int width, const double *c, double *along)
{
    int V = rows->vocabulary, K = rows->columns;
    for (int first = 0, count; first < V; first += count) {
        count = draw_rows(rows, first);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tokens, K, count, 1. / width, c + first, V,
                    rows->normals, K, first > 0, along, K);
    }
}

void loss_draw(const struct model *model, const struct signal *x, uint64_t seed, uint64_t number, double *gram,
               double *along, struct pool *work)
{
    int T = model->tokens, V = model->vocabulary;
    struct stream_address address = {
        .seed = seed, .sample = number, .site = READOUT_SITE, .matrix = READOUT_MATRIX, .role = STREAM_REPLICA};
    struct pool_mark mark = pool_mark(work);
    struct rows rows = open_rows(model, &address, x->columns, work);
    double *c = pool_take(work, (size_t)T * (size_t)V), *cumulated = pool_take(work, (size_t)V);
    int *y = (int *)(void *)pool_take(work, (size_t)T); // has room for more
    address.matrix++;
    readout_targets(&address, T, V, model->zipf, cumulated, y);
    read_out(&rows, T, x->at, c);
    readout_loss(T, V, y, T, c);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, T, T, V, 1. / model->width, c, V, c, V, 0, gram, T);
    if (along)
        send_back(&rows, T, model->width, c, along);
    pool_release(work, mark);
}

double loss_flops(const struct model *model)
{
    double T = model->tokens, V = model->vocabulary;
    return T * V * (6 * T + 60);
}
