#include <cblas.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/rule.h"
#include "analysis/limit/softmax.h"
#include "sim/attention.h"

/* Drawn attention. With Sigma the Gram of the input, logits S = sqrt(kappa) C Z C^T (C C^T = Sigma, Z normal) have the
 * covariance kappa Sigma_ik Sigma_jl that those of wide heads have, kappa = gain(wq) gain(wk). */

enum { SQUARES = 12 + 3 }; /* T x T arrays of scratch: of the reverse pass, and of exchangeable tokens drawn in full */

struct draws {
    const struct rule_site *site;
    const double *in;         // [T][T]
    double *factor;           // [T][T], C
    double *a;                // [T][T], attention
    double *mixed;            // [T][T], B = a in
    double *output;           // [T][T], G = a in a^T
    int number;               /* of the next draw */
    double entropy, relative; /* sums over draws */
};

static double gain(const struct rule_site *site, enum init_matrix matrix)
{
    return site->sd[matrix] * site->sd[matrix] * site->model->width;
}

/* out = beta out + x y, with either transposed. */
static void product(const struct draws *draws, const double *x, CBLAS_TRANSPOSE x_side, const double *y,
                    CBLAS_TRANSPOSE y_side, double beta, double *out)
{
    int T = draws->site->model->tokens;
    cblas_dgemm(CblasRowMajor, x_side, y_side, T, T, T, 1, x, T, y, T, beta, out, T);
}

static size_t entries(const struct rule_site *site)
{
    return (size_t)site->model->tokens * (size_t)site->model->tokens;
}

/* in: Gram of the tokens that attend, values: of what is attended to. */
static struct draws draws_open(const struct rule_site *site, const double *in, const double *values, struct arena *work)
{
    struct draws draws = {.site = site, .in = values};
    double **arrays[] = {&draws.factor, &draws.a, &draws.mixed, &draws.output};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        *arrays[i] = arena_take(work, entries(site));
    gram_factor(site->model->tokens, in, draws.factor);
    *site->drawn = true;
    return draws;
}

static void draws_next(struct draws *draws)
{
    const struct model *model = draws->site->model;
    int T = model->tokens;
    size_t count = entries(draws->site);
    double scale = sqrt(gain(draws->site, INIT_WQ) * gain(draws->site, INIT_WK)), entropy, relative;
    flight_normals(&draws->site->address, (uint64_t)draws->number++ * (count + count % 2), count, scale, draws->a);
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, T, T, 1, draws->factor, T, draws->a,
                T);
    cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, T, T, 1, draws->factor, T, draws->a,
                T);
    attention_softmax(model->mask, T, draws->a);
    attention_entropy(&(struct attention){T, T, 1, model->mask, 0}, draws->a, &entropy, &relative);
    draws->entropy += entropy;
    draws->relative += relative;
    product(draws, draws->a, CblasNoTrans, draws->in, CblasNoTrans, 0, draws->mixed);
    product(draws, draws->mixed, CblasNoTrans, draws->a, CblasTrans, 0, draws->output);
}

static size_t attention_work(const struct model *model)
{
    size_t T = (size_t)model->tokens;
    size_t full = memory_add(memory_multiply(SQUARES, arena_cost(memory_multiply(T, T))), 2 * arena_cost(T));
    return memory_add(full, arena_cost(softmax_work(model->tokens)));
}

static void forward_full(const struct rule_site *site, const double *in, double *out, struct arena work,
                         struct rule_report *report)
{
    struct draws draws = draws_open(site, in, in, &work);
    memset(out, 0, entries(site) * sizeof *out);
    for (int h = 0; h < site->heads; h++) {
        draws_next(&draws);
        gram_add(site->space, gain(site, INIT_WV) * gain(site, INIT_WO) / site->heads, draws.output, out);
    }
    report->entropy = draws.entropy / site->heads;
    report->relative_entropy = draws.relative / site->heads;
}

/* Sums over draws of what the gradients at the queries, keys, values and heads' outputs need. The gradient at the
 * attention is R, Gaussian of covariance Gamma_ik Sigma_jl and independent of it, that at the logits D_ij = A_ij (R_ij
 * - sum_l A_il R_il). R is averaged in closed form: with B = A Sigma, G = A Sigma A^T, W = Sigma o Gamma, E D Sigma D^T
 * = Gamma o V,  V = U + U^T + G o G,  U = (A (Sigma o Sigma) / 2 - B o B) A^T E D^T Sigma D = Sigma o (A^T W A) + Y +
 * Y^T,      Y = A^T ((W o G) A / 2 - B o W A). */
struct reverse_sums {
    double *output; // [T][T], G
    double *query;  // [T][T], U + G o G / 2
    double *key;    // [T][T], Sigma o (A^T W A) / 2 + Y
    double *value;  // [T][T], A^T Gamma A
    /* What rounding leaves of the terms of query and key, which cancel where a softmax is saturated. */
    double query_rounding, key_rounding;
};

static void add_query(const struct draws *draws, const double *squares, double *work, double *sum)
{
    size_t count = entries(draws->site);
    product(draws, draws->a, CblasNoTrans, squares, CblasNoTrans, 0, work);
    for (size_t i = 0; i < count; i++) {
        work[i] = work[i] / 2 - draws->mixed[i] * draws->mixed[i];
        sum[i] += draws->output[i] * draws->output[i] / 2;
    }
    product(draws, work, CblasNoTrans, draws->a, CblasTrans, 1, sum);
}

static void add_key(const struct draws *draws, const double *weights, double *work[2], double *sum)
{
    size_t count = entries(draws->site);
    product(draws, weights, CblasNoTrans, draws->a, CblasNoTrans, 0, work[0]);
    product(draws, draws->a, CblasTrans, work[0], CblasNoTrans, 0, work[1]);
    for (size_t i = 0; i < count; i++)
        sum[i] += draws->in[i] * work[1][i] / 2;
    for (size_t i = 0; i < count; i++)
        work[1][i] = weights[i] * draws->output[i] / 2;
    for (size_t i = 0; i < count; i++)
        work[0][i] *= -draws->mixed[i];
    product(draws, work[1], CblasNoTrans, draws->a, CblasNoTrans, 1, work[0]);
    product(draws, draws->a, CblasTrans, work[0], CblasNoTrans, 1, sum);
}

static void add_value(const struct draws *draws, const double *gradient, double *work, double *sum)
{
    product(draws, gradient, CblasNoTrans, draws->a, CblasNoTrans, 0, work);
    product(draws, draws->a, CblasTrans, work, CblasNoTrans, 1, sum);
}

/* g = (g + g^T) factor */
static void symmetrise(struct gram_space space, double factor, double *g)
{
    size_t T = (size_t)space.tokens;
    if (space.exchangeable) {
        gram_scale(space, 2 * factor, g);
        return;
    }
    for (size_t i = 0; i < T; i++)
        for (size_t j = 0; j <= i; j++)
            g[i * T + j] = g[j * T + i] = (g[i * T + j] + g[j * T + i]) * factor;
}

/* Everything is per draw until here; paths are scaled by the weights on their way. */
static void finish(const struct rule_site *site, const double *in, const double *gradient,
                   const struct reverse_sums *sums, double *out, struct rule_report *report)
{
    double value = gain(site, INIT_WV), output = gain(site, INIT_WO), q = gain(site, INIT_WQ), k = gain(site, INIT_WK);
    gram_scale(site->space, value / site->heads, sums->output);
    report->weight[INIT_WO] += gram_dot(site->space, sums->output, gradient);

    symmetrise(site->space, value * output * k / site->heads, sums->query);
    gram_clip(site->space, 2 * value * output * k * sums->query_rounding, sums->query);
    gram_multiply(site->space, gradient, sums->query, sums->query);
    report->weight[INIT_WQ] += gram_dot(site->space, in, sums->query);
    symmetrise(site->space, value * output * q / site->heads, sums->key);
    gram_clip(site->space, 2 * value * output * q * sums->key_rounding, sums->key);
    report->weight[INIT_WK] += gram_dot(site->space, in, sums->key);
    gram_scale(site->space, output / site->heads, sums->value);
    report->weight[INIT_WV] += gram_dot(site->space, in, sums->value);

    memset(out, 0, gram_size(site->space) * sizeof *out);
    gram_add(site->space, q, sums->query, out);
    gram_add(site->space, k, sums->key, out);
    gram_add(site->space, value, sums->value, out);
}

/* Rows of D sum to 0, and so do those of A - 1: Sigma may lose anything of the form u 1^T + 1 u^T in U and Y. Without
 * the means over tokens nothing cancels there when tokens are nearly equal. Gives u too. */
static void centre(int tokens, const double *in, double *centred, double *u)
{
    size_t T = (size_t)tokens;
    double all = 0;
    for (size_t i = 0; i < T; i++) {
        u[i] = 0;
        for (size_t j = 0; j < T; j++)
            u[i] += in[i * T + j] / tokens;
        all += u[i] / tokens;
    }
    for (size_t i = 0; i < T; i++)
        u[i] -= all / 2;
    for (size_t i = 0; i < T; i++)
        for (size_t j = 0; j < T; j++)
            centred[i * T + j] = (in[i * T + j] - u[i]) - u[j];
}

/* A Sigma A^T from what centring left of Sigma. */
static void add_output(const struct draws *draws, const double *u, double *attended, double *sum)
{
    int T = draws->site->model->tokens;
    cblas_dgemv(CblasRowMajor, CblasNoTrans, T, T, 1, draws->a, T, u, 1, 0, attended, 1);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            sum[i * T + j] += draws->output[i * T + j] + attended[i] + attended[j];
}

static double largest(size_t count, const double *a)
{
    return fabs(a[cblas_idamax((int)count, a, 1)]);
}

static void backward_full(const struct rule_site *site, const double *in, const double *gradient, double *out,
                          struct arena work, struct rule_report *report)
{
    size_t count = entries(site), T = (size_t)site->model->tokens;
    double *centred = arena_take(&work, count), *u = arena_take(&work, T), *attended = arena_take(&work, T);
    centre(site->model->tokens, in, centred, u);
    struct draws draws = draws_open(site, in, centred, &work);
    double *squares = out, *weights = arena_take(&work, count); // out is free until the end
    double *scratch[2] = {arena_take(&work, count), arena_take(&work, count)};
    struct reverse_sums sums;
    double **arrays[] = {&sums.output, &sums.query, &sums.key, &sums.value};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = arena_take(&work, count);
        memset(*arrays[i], 0, count * sizeof(double));
    }
    gram_multiply(site->space, centred, centred, squares);
    gram_multiply(site->space, in, gradient, weights);
    double rounding = 4 * DBL_EPSILON * (double)T; // of a sum of T products
    sums.query_rounding = rounding * largest(count, squares);
    sums.key_rounding = rounding * largest(count, weights) * largest(count, in); // of centring too
    for (int h = 0; h < site->heads; h++) {
        draws_next(&draws);
        add_output(&draws, u, attended, sums.output);
        add_query(&draws, squares, scratch[0], sums.query);
        add_key(&draws, weights, scratch, sums.key);
        add_value(&draws, gradient, scratch[0], sums.value);
    }
    finish(site, in, gradient, &sums, out, report);
}

/* ---- exchangeable tokens ---- */

/* Where the logits are too large for quadrature: drawn in full, and averaged over what exchangeability makes equal. */
static struct rule_site in_full(const struct rule_site *site)
{
    struct rule_site full = *site;
    full.space.exchangeable = false;
    return full;
}

static void forward_averaged(const struct rule_site *site, const double *in, double *out, struct arena work,
                             struct rule_report *report)
{
    struct rule_site full = in_full(site);
    double *input = arena_take(&work, entries(site)), *output = arena_take(&work, entries(site));
    gram_expand(site->space, in, input);
    forward_full(&full, input, output, work, report);
    gram_average(site->model->tokens, output, out);
}

static void backward_averaged(const struct rule_site *site, const double *in, const double *gradient, double *out,
                              struct arena work, struct rule_report *report)
{
    struct rule_site full = in_full(site);
    double *input = arena_take(&work, entries(site)), *output = arena_take(&work, entries(site));
    double *above = arena_take(&work, entries(site));
    gram_expand(site->space, in, input);
    gram_expand(site->space, gradient, above);
    backward_full(&full, input, above, output, work, report);
    gram_average(site->model->tokens, output, out);
}

/* The Gram {delta, o} of exchangeable tokens has q = delta + o on its diagonal and rho = o/q; a softmax sees logits of
 * variance kappa q delta, of correlation rho between rows. False where they are too large for quadrature. */
static bool means_of(const struct rule_site *site, const double *in, struct arena work, struct softmax_means *means)
{
    int T = site->model->tokens;
    double q = in[0] + in[1], sigma = sqrt(fmax(0, gain(site, INIT_WQ) * gain(site, INIT_WK) * q * in[0]));
    if (T == 1) {
        *means = (struct softmax_means){{0, 0}, {0, 0}, 0};
        return true;
    }
    if (!(sigma <= SOFTMAX_SIGMA))
        return false;
    softmax_means(T, sigma, q > 0 ? fmin(1, fmax(-1, in[1] / q)) : 0, means, arena_take(&work, softmax_work(T)));
    return true;
}

/* A Sigma A^T = delta A A^T + o. */
static void output_gram(int tokens, const double *in, const struct softmax_means *means, double *out)
{
    out[0] = in[0] * fmax(0, means->excess[0] - means->excess[1]);
    out[1] = in[0] * (1. / tokens + means->excess[1]) + in[1];
}

static void forward(const struct rule_site *site, const double *in, double *out, struct arena work,
                    struct rule_report *report)
{
    struct softmax_means means;
    if (!site->space.exchangeable) {
        forward_full(site, in, out, work, report);
    } else if (!means_of(site, in, work, &means)) {
        forward_averaged(site, in, out, work, report);
    } else {
        output_gram(site->model->tokens, in, &means, out);
        gram_scale(site->space, gain(site, INIT_WV) * gain(site, INIT_WO), out);
        report->entropy = means.entropy;
        report->relative_entropy = site->model->tokens > 1 ? means.entropy / log(site->model->tokens) : 0;
    }
}

/* The sums of the reverse pass from the five means. A softmax sees Sigma as delta I, so that V = delta^2 (N + N o N - P
 * - P^T), and E D^T Sigma D, whose rows sum to 0, is known by its trace delta sum_ik W_ik V_ik / delta^2. A^T Gamma A
 * is gamma A^T A and the columns' sums c: sum_ij (A^T A)_ij = T, sum_j c_j^2 = sum_ik N_ik. */
static void reverse_means(int tokens, const double *in, const double *gradient, const struct softmax_means *means,
                          const struct reverse_sums *sums)
{
    double T = tokens, others = T > 1 ? T - 1 : 1;
    double w_shared = in[1] * gradient[1], w = (in[0] + in[1]) * (gradient[0] + gradient[1]);
    output_gram(tokens, in, means, sums->output);
    sums->query[0] = in[0] * in[0] * (means->slope[0] - means->slope[1]) / 2;
    sums->query[1] = in[0] * in[0] * means->slope[1] / 2;
    double trace = in[0] * (w * means->slope[0] + (T - 1) * w_shared * means->slope[1]); // over T
    sums->key[0] = trace * T / others / 2;
    sums->key[1] = -trace / others / 2;
    double columns = means->excess[0] + (T - 1) * means->excess[1]; // E c_j^2 - 1
    double square = 1 / T + means->excess[0];                       // of A^T A, on the diagonal
    sums->value[0] = (gradient[0] * T * means->excess[0] + gradient[1] * T * columns) / others;
    sums->value[1] = gradient[0] * square + gradient[1] * (1 + columns) - sums->value[0];
}

static void backward(const struct rule_site *site, const double *in, const double *gradient, double *out,
                     struct arena work, struct rule_report *report)
{
    double output[2], query[2], key[2], value[2];
    struct softmax_means means;
    struct reverse_sums sums = {.output = output, .query = query, .key = key, .value = value};
    struct rule_site one = *site; // the means are those of one head
    one.heads = 1;
    if (!site->space.exchangeable) {
        backward_full(site, in, gradient, out, work, report);
    } else if (!means_of(site, in, work, &means)) {
        backward_averaged(site, in, gradient, out, work, report);
    } else {
        reverse_means(site->model->tokens, in, gradient, &means, &sums);
        finish(&one, in, gradient, &sums, out, report);
    }
}

const struct rule attention_rule = {attention_work, forward, backward};
