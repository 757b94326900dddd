/* Derivations. Notation of theory.md, section 3: Sigma is the Gram of the branch's input u, Gamma that of the gradient
 * at its output; q bounds Sigma's diagonal, c its other entries. All gains are of expectations.
 *
 * FFN. The output's entry s,t is v2 F K_st(v1 d Sigma), the gradient's v2 F v1 d K'_st Gamma_st; a gated one has
 * K_silu(vg d Sigma) v1 d Sigma, and two paths back. Diagonal entries need one-dimensional moments: analysis/range.
 *
 * MoE. Gates p_e >= 0 of a token sum to at most 1, so the FFN's diagonal is multiplied by E sum_e p_e^2 <= 1. From
 * below: renormalised, k gates sum to 1 and sum p^2 >= 1/k; switch, the k largest of E probabilities hold at least k/E,
 * and sum p^2 >= (k/E)^2 / k. Off the diagonal sum_e p_se p_te lies in [0, 1]. The router's path has the gain
 * v_r d K E sum_e D_e^2, D = p o (u - sum p u), u_e independent of variance 1. With a = sum p^2 over the chosen, b over
 * all that the softmax runs over, sum p^3 >= a^2 (Jensen):
 *     E_u sum D^2 = a - 2 sum p^3 + a b <= a + a b - 2 a^2.
 * Renormalised: b = a, a - a^2 <= 1/4 (0 for k = 1). Switch: b <= max p <= sqrt(a), and a + a^1.5 - 2 a^2 is largest at
 * sqrt(a) = (3 + sqrt 73)/16: ROUTER_SWITCH.
 *
 * Attention, forward. A row of A is a probability vector p on n tokens: p' Sigma p >= h q.lo + (1 - h) c.lo,
 * h = sum p^2 >= 1/n, and <= q.hi. Two rows: p' Sigma p~ is a mean of entries of Sigma.
 *
 * Attention, backward. Means over tokens are traces over T. A_ij <= exp(S_ij - mean_k S_ik) / n_i (the row's sum is at
 * least n_i exp(mean), Jensen). S is Gaussian with Cov(S_ij, S_kl) = kappa Sigma_ik Sigma_jl, so with W a bound of
 * w' Sigma w, w = e_j - (mean over a row's tokens),
 *     E sum_j A_ij^2 <= min(1, exp(2 kappa q W) / n_i),
 *     E sum_j A_ij A_kj <= min(1, exp(kappa (q + |c|) W) / max(n_i, n_k)) =: f(max(n_i, n_k)).
 * Value: tr E A'Gamma A = sum_ik Gamma_ik E (A A')_ik <= sum_ik sqrt(Gamma_ii Gamma_kk) M_ik <= lambda(M) tr Gamma, M
 * the matrix of these bounds, lambda its largest eigenvalue, itself bounded by max_i (M x)_i / x_i for any x > 0
 * (Collatz and Wielandt).
 * Query and key: R is Gaussian with Cov(R_ij, R_kl) = Gamma_ik Sigma_jl, D_i = P_i R_i, P_i = diag(A_i) - A_i A_i'.
 *     query: sum_i Gamma_ii E tr(P_i Sigma P_i Sigma) <= nu^2 tr Gamma,
 *     key:   sum_ik Sigma_ik Gamma_ik E tr(P_i Sigma P_k) <= lambda(|Sigma_ik| N_ik) tr Gamma,
 * where nu >= tr(P Sigma), the spread of the tokens under A_i: at most q, and (1 - 1/n)(q - c) because squared
 * distances are at most 2 (q - c); and tr(P_i Sigma P_k) = sum_j A_ij A_kj <x_j - m_i, x_j - m_k> is at most 2 (q - c)
 * sum_j A_ij A_kj, and nu / 2 because P has no eigenvalue above 1/2. These bounds are sharp for small kappa. For large
 * kappa lambda tends to T, which a stack can attain: all rows attending to one token.
 *
 * Attention, tokens alike (no order in the mask, no router): Sigma = (q - c) I + c 1 1', rows of A are softmaxes of
 * normals of variance sigma^2 = kappa q (q - c), correlated by rho = c/q over rows (analysis/softmax).
 *
 * N_1 = E sum_j A_ij^2 grows with sigma: its derivative is twice the covariance, under A_i, of A_ij with the normals,
 * and A_ij grows with them.
 *
 * N_2 = E sum_j A_ij A_kj = sum_n rho^n a_n with a_n >= 0 (Mehler), a_0 = 1/T, sum a_n = N_1: hence |N_2 - 1/T| <=
 * |rho| (N_1 - 1/T), and N_2 >= 1/T where rho >= 0.
 *
 * K_1 = E tr P_i^2 = E (s2 - 2 s3 + s2^2) <= E (s2 - s2^2) <= N_1 (1 - N_1), with s2 = sum A^2, s3 = sum A^3 >= s2^2,
 * and Jensen's inequality.
 *
 * K_2 = E tr P_i P_k = sum_n rho^n b_n with b_n >= 0, b_0 = tr (E P)^2 = (1 - N_1)^2 / (T - 1), sum b_n = K_1: hence
 * |K_2| <= (1 - |rho|) b_0 + |rho| K_1.
 *
 * Forward, the diagonal is c + (q - c) N_1, the rest c + (q - c) N_2. Backward, E A A' has the eigenvalues N_1 - N_2
 * and N_1 + (T - 1) N_2, the value path's ceiling; P 1 = 0, so P Sigma = (q - c) P, the query path has (q - c)^2 K_1
 * and the key path (q - c)(q K_1 + (T - 1)|c| K_2) at most. N_1 comes from a table of sigma's, the next above for an
 * upper end and the next below for a lower one, with quadrature's error added.
 *
 * Entropy. H = log Z - sum_j A_j S_j; E log Z >= log n (Jensen), E A_j S_j by Stein's lemma: E H >= log n - kappa q E
 * tr(P Sigma) >= log n - kappa q nu. Tokens alike: E H falls with sigma (its derivative is -sigma times the variance of
 * the normals under A_i) and comes from the same table.
 */
#include "analysis/bounds/gain.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "analysis/limit/softmax.h"

#define ROUTER_RENORMALISED 0.25
#define ROUTER_SWITCH       0.35405

enum { COLLATZ_STEPS = 6, OCTAVES = 20, PER_OCTAVE = 64, ROWS = OCTAVES * PER_OCTAVE + 1 };

static int ascending(const void *a, const void *b)
{
    int first = *(const int *)a, second = *(const int *)b;
    return (first > second) - (first < second);
}

int gain_context_init(struct gain_context *context, const struct model *model, bool routed, bool skips_only,
                      struct error *error)
{
    size_t T = (size_t)model->tokens;
    *context = (struct gain_context){.model = model, .skips_only = skips_only};
    context->visible = calloc(T, sizeof *context->visible);
    context->vector[0] = calloc(T, sizeof **context->vector);
    context->vector[1] = calloc(T, sizeof **context->vector);
    context->excess = calloc(ROWS, sizeof *context->excess);
    context->entropy = calloc(ROWS, sizeof *context->entropy);
    context->work = calloc(softmax_work(model->tokens), sizeof *context->work);
    int code = ERROR_NONE;
    if (!context->visible || !context->vector[0] || !context->vector[1] || !context->excess || !context->entropy ||
        !context->work)
        code = error_set(error, ERROR_RESOURCE, "out of memory for bounds of %d tokens", model->tokens);
    if (code == ERROR_NONE)
        code = range_init(&context->range, model->activation, error);
    if (code != ERROR_NONE) {
        gain_context_free(context);
        return code;
    }
    for (int t = 0; t < model->tokens; t++)
        context->visible[t] = model->mask->visible(t, model->tokens);
    qsort(context->visible, T, sizeof *context->visible, ascending);
    context->visible_most = context->visible[T - 1];
    context->alike = context->visible[0] == model->tokens && !routed;
    for (int i = 0; i < ROWS; i++)
        context->excess[i] = GSL_NAN;
    return ERROR_NONE;
}

void gain_context_free(struct gain_context *context)
{
    free(context->visible);
    free(context->vector[0]);
    free(context->vector[1]);
    free(context->excess);
    free(context->entropy);
    free(context->work);
    range_free(&context->range);
    *context = (struct gain_context){0};
}

/* ---- FFN ---- */

static struct gain_gram scaled(double factor, struct gain_gram gram)
{
    return (struct gain_gram){interval_scale(factor, gram.square), interval_scale(factor, gram.pair)};
}

/* Variances of an entry times the map's fan-in. */
struct ffn_gains {
    double inner;  /* of what the activation reads */
    double linear; /* of the other factor of a gated one */
    double outer;
};

static struct ffn_gains ffn_gains(const struct model *model, const double sd[])
{
    double up = sd[INIT_W1] * sd[INIT_W1] * model->width, gate = sd[INIT_WG] * sd[INIT_WG] * model->width;
    return (struct ffn_gains){model->activation->gated ? gate : up, up, sd[INIT_W2] * sd[INIT_W2] * model->ffn_width};
}

static struct gain_gram ffn_forward(struct gain_context *context, const double sd[], struct gain_gram u)
{
    struct ffn_gains gains = ffn_gains(context->model, sd);
    struct gain_gram s = scaled(gains.inner, u), linear = scaled(gains.linear, u);
    struct gain_gram h = {range_moments(&context->range, RANGE_SQUARE, s.square),
                          context->alike ? range_pair_alike(&context->range, s.square, s.pair)
                                         : range_pair(&context->range, s.square, s.pair)};
    if (context->model->activation->gated)
        h = (struct gain_gram){interval_multiply(h.square, linear.square), interval_multiply(h.pair, linear.pair)};
    return scaled(gains.outer, h);
}

static struct interval ffn_backward(struct gain_context *context, const double sd[], struct gain_gram u)
{
    struct ffn_gains gains = ffn_gains(context->model, sd);
    struct interval s = interval_scale(gains.inner, u.square), linear = interval_scale(gains.linear, u.square);
    struct interval gain = interval_scale(gains.inner, range_moments(&context->range, RANGE_SLOPE, s));
    if (context->model->activation->gated)
        gain = interval_add(interval_multiply(gain, linear),
                            interval_scale(gains.linear, range_moments(&context->range, RANGE_SQUARE, s)));
    return interval_scale(gains.outer, gain);
}

/* ---- MoE ---- */

static struct interval gate_squares(const struct model *model)
{
    double k = model->top_k, E = model->experts;
    return (struct interval){model->router->over_chosen ? 1 / k : k / (E * E), 1};
}

static struct gain_gram moe_forward(struct gain_context *context, const double sd[], struct gain_gram u)
{
    struct gain_gram y = ffn_forward(context, sd, u);
    return (struct gain_gram){interval_multiply(gate_squares(context->model), y.square),
                              interval_multiply((struct interval){0, 1}, y.pair)};
}

static struct interval moe_backward(struct gain_context *context, const double sd[], struct gain_gram u)
{
    const struct model *model = context->model;
    struct interval experts = interval_multiply(gate_squares(model), ffn_backward(context, sd, u));
    double router = sd[INIT_WR] * sd[INIT_WR] * model->width * ffn_forward(context, sd, u).square.hi;
    bool within_chosen = model->router->over_chosen || model->top_k == model->experts;
    if (within_chosen)
        router *= model->top_k > 1 ? ROUTER_RENORMALISED : 0;
    else
        router *= ROUTER_SWITCH;
    return interval_add(experts, (struct interval){0, router});
}

/* ---- attention ---- */

static double attention_alpha(const struct model *model, const double sd[])
{
    double d = model->width;
    return sd[INIT_WV] * sd[INIT_WV] * d * sd[INIT_WO] * sd[INIT_WO] * d;
}

static double attention_kappa(const struct model *model, const double sd[])
{
    double d = model->width;
    return sd[INIT_WQ] * sd[INIT_WQ] * d * sd[INIT_WK] * sd[INIT_WK] * d;
}

/* A row's attention over tokens alike: E sum_j A_ij^2, and its entropy. */
struct row_bounds {
    struct interval square, entropy;
};

/* The table's place for the logits' sd sigma, rounded down; below 0 for what is too small for it. */
static double row_place(double sigma)
{
    return sigma > 0 ? PER_OCTAVE * (log2(sigma / SOFTMAX_SIGMA) + OCTAVES) : -1;
}

/* The excess of N_1 over 1/T and the entropy at a place of the table; beyond either end, what they tend to. */
static void row_at(struct gain_context *context, double place, double *excess, double *entropy)
{
    int T = context->model->tokens, i = (int)place;
    *excess = place < 0 ? 0 : 1 - 1.0 / T;
    *entropy = place < 0 ? log(T) : 0;
    if (place < 0 || place >= ROWS)
        return;
    if (isnan(context->excess[i])) {
        struct softmax_means means;
        softmax_one_row(T, SOFTMAX_SIGMA * exp2((double)i / PER_OCTAVE - OCTAVES), &means, context->work);
        context->excess[i] = means.excess[0];
        context->entropy[i] = means.entropy;
    }
    *excess = context->excess[i];
    *entropy = context->entropy[i];
}

static struct row_bounds row_bounds(struct gain_context *context, double kappa, struct gain_gram u)
{
    double T = context->model->tokens, excess[2], entropy[2];
    if (T < 2)
        return (struct row_bounds){interval_point(1), interval_point(0)};
    struct interval variance = {kappa * u.square.lo * fmax(0, u.square.lo - u.pair.hi),
                                kappa * u.square.hi * fmax(0, u.square.hi - u.pair.lo)};
    double last = ROWS - 1, below = fmin(floor(row_place(sqrt(variance.lo))), last);
    row_at(context, below, &excess[0], &entropy[1]);
    row_at(context, variance.hi > 0 ? fmin(fmax(0, ceil(row_place(sqrt(variance.hi)))), last + 1) : -1, &excess[1],
           &entropy[0]);
    return (struct row_bounds){
        {1 / T + (1 - SOFTMAX_EXCESS) * excess[0], fmin(1, 1 / T + (1 + SOFTMAX_EXCESS) * excess[1])},
        {fmax(0, entropy[0] - SOFTMAX_ACCURACY), fmin(log(T), entropy[1] + SOFTMAX_ACCURACY)},
    };
}

/* |rho|, from above. */
static double correlation(struct gain_gram u)
{
    double c = interval_magnitude(u.pair);
    return c < u.square.lo ? c / u.square.lo : 1;
}

/* N_2. */
static struct interval two_rows(struct gain_gram u, double T, double square)
{
    double away = correlation(u) * (square - 1 / T);
    return (struct interval){u.pair.lo >= 0 ? 1 / T : fmax(0, 1 / T - away), fmin(1, 1 / T + away)};
}

/* c + (q - c) n, which grows with all three. */
static struct interval mixed(struct gain_gram u, struct interval n)
{
    double c = fmin(u.pair.lo, u.square.lo);
    return (struct interval){c + (u.square.lo - c) * n.lo, u.pair.hi + fmax(0, u.square.hi - u.pair.hi) * n.hi};
}

static struct gain_gram attention_forward_gram(struct gain_context *context, const double sd[], struct gain_gram u)
{
    double share = 1.0 / context->visible_most, least = fmin(u.pair.lo, u.square.lo);
    struct gain_gram out = {{fmax(0, share * u.square.lo + (1 - share) * least), u.square.hi}, {least, u.square.hi}};
    if (context->alike) {
        struct interval square = row_bounds(context, attention_kappa(context->model, sd), u).square;
        out = (struct gain_gram){mixed(u, square), mixed(u, two_rows(u, context->model->tokens, square.hi))};
    }
    if (context->skips_only)
        out = (struct gain_gram){{0, u.square.hi}, {least, u.square.hi}};
    return scaled(attention_alpha(context->model, sd), out);
}

/* A bound of w' Sigma w, w = e_j - 1/n on n tokens: its diagonal terms have weights (1 - 1/n)^2 and n - 1 of 1/n^2; the
 * pairs with j -(1 - 1/n)/n, 2 (n - 1) of them; the other (n - 1)(n - 2) 1/n^2. */
static double distance_from_mean(struct gain_gram u, double n)
{
    double rest = 1 - 1 / n;
    double sum = u.square.hi * rest - 2 * rest * rest * u.pair.lo + (n - 1) * (n - 2) / (n * n) * u.pair.hi;
    return fmin(sum, 4 * rest * rest * u.square.hi); // (|x_j| + |mean of the others|)^2
}

/* exp(x) / n, at most 1. */
static double overlap(double exponent, double n)
{
    return exponent >= log(n) ? 1 : exp(exponent) / n;
}

static struct gain_paths paths_alike(struct gain_context *context, double kappa, struct gain_gram u)
{
    double T = context->model->tokens, q = u.square.hi, c = interval_magnitude(u.pair), rho = correlation(u);
    double apart = fmax(0, q - u.pair.lo), n = row_bounds(context, kappa, u).square.hi;
    double own = T < 2 ? 0 : n < 0.5 ? n * (1 - n) : 0.25;
    double mean = T < 2 ? 0 : fmin(own, gsl_pow_2(1 - 1 / T) / (T - 1)), other = (1 - rho) * mean + rho * own;
    return (struct gain_paths){
        .value = n + (T - 1) * two_rows(u, T, n).hi,
        .query = apart * apart * own,
        .key = apart * (q * own + (T - 1) * c * other),
    };
}

/* The matrix of bounds M: scale min(cap, spread f(n)) by its rows' lengths, on the diagonal and off it. */
struct matrix_bound {
    double exponent, spread, cap, scale;
};

static double entry(const struct matrix_bound *bound, double n)
{
    return bound->scale * fmin(bound->cap, bound->spread * overlap(bound->exponent, n));
}

/* One product y = M x in O(T), the rows in ascending order; returns max y/x. */
static double multiply(const struct gain_context *context, const struct matrix_bound *self,
                       const struct matrix_bound *other, const double *x, double *y)
{
    int T = context->model->tokens;
    double before = 0, behind = 0, most = 0;
    for (int i = T - 1; i >= 0; i--) {
        y[i] = behind;
        behind += entry(other, context->visible[i]) * x[i];
    }
    for (int i = 0; i < T; i++) {
        y[i] += entry(self, context->visible[i]) * x[i] + entry(other, context->visible[i]) * before;
        before += x[i];
        most = fmax(most, y[i] / x[i]);
    }
    return most;
}

/* Collatz-Wielandt: every step gives a bound; the least is taken. */
static double largest_eigenvalue(struct gain_context *context, struct matrix_bound self, struct matrix_bound other)
{
    double *x = context->vector[0], *y = context->vector[1], least = INFINITY;
    for (int i = 0; i < context->model->tokens; i++)
        x[i] = 1 / sqrt(context->visible[i]);
    for (int step = 0; step < COLLATZ_STEPS; step++) {
        double most = multiply(context, &self, &other, x, y);
        least = fmin(least, most);
        if (!(most > 0))
            break;
        for (int i = 0; i < context->model->tokens; i++)
            x[i] = fmax(y[i] / most, 1e-300); // any positive vector will do
    }
    return least;
}

static struct gain_paths paths_unlike(struct gain_context *context, double kappa, struct gain_gram u)
{
    double q = u.square.hi, c = interval_magnitude(u.pair), reach = 0;
    for (int i = 0; i < context->model->tokens; i++)
        reach = fmax(reach, distance_from_mean(u, context->visible[i]));
    double apart = q - fmin(u.pair.lo, q), nu = fmin(q, (1 - 1.0 / context->visible_most) * apart);
    double own = 2 * kappa * q * reach, cross = kappa * (q + c) * reach;
    return (struct gain_paths){
        .value = largest_eigenvalue(context, (struct matrix_bound){own, 1, 1, 1},
                                    (struct matrix_bound){cross, 1, 1, 1}),
        .query = nu * nu,
        .key = largest_eigenvalue(context, (struct matrix_bound){own, 2 * apart, nu / 2, q},
                                  (struct matrix_bound){cross, 2 * apart, nu / 2, c}),
    };
}

struct gain_paths gain_attention_paths(struct gain_context *context, double kappa, struct gain_gram u)
{
    return context->alike ? paths_alike(context, kappa, u) : paths_unlike(context, kappa, u);
}

static struct interval attention_backward_gain(struct gain_context *context, const double sd[], struct gain_gram u)
{
    double kappa = attention_kappa(context->model, sd);
    struct gain_paths paths = gain_attention_paths(context, kappa, u);
    return (struct interval){0,
                             attention_alpha(context->model, sd) * (paths.value + kappa * (paths.query + paths.key))};
}

void gain_entropy(struct gain_context *context, const double sd[INIT_MATRICES], struct gain_gram u,
                  struct interval *entropy, struct interval *relative)
{
    if (context->alike) {
        *entropy = row_bounds(context, attention_kappa(context->model, sd), u).entropy;
        *relative = context->model->tokens > 1 ? interval_scale(1 / log(context->model->tokens), *entropy)
                                               : interval_point(0);
        return;
    }
    double heat = attention_kappa(context->model, sd) * u.square.hi;
    double apart = u.square.hi - fmin(u.pair.lo, u.square.hi);
    int T = context->model->tokens, several = 0;
    *entropy = *relative = interval_point(0);
    for (int i = 0; i < T; i++) {
        double n = context->visible[i], most = log(n);
        double least = fmax(0, most - heat * fmin(u.square.hi, (1 - 1 / n) * apart));
        *entropy = interval_add(*entropy, (struct interval){least / T, most / T});
        if (n > 1)
            *relative = interval_add(*relative, (struct interval){least / most, 1});
        several += n > 1;
    }
    if (several > 0)
        *relative = interval_scale(1.0 / several, *relative);
}

/* ---- the table of branches ---- */

static const struct gain {
    enum graph_kind kind;
    struct gain_gram (*forward)(struct gain_context *context, const double sd[], struct gain_gram u);
    struct interval (*backward)(struct gain_context *context, const double sd[], struct gain_gram u);
} gains[] = {
    {GRAPH_ATTN, attention_forward_gram, attention_backward_gain},
    {GRAPH_FFN, ffn_forward, ffn_backward},
    {GRAPH_MOE, moe_forward, moe_backward},
};

static const struct gain *gain_of(enum graph_kind kind)
{
    const struct gain *gain = gains;
    while (gain->kind != kind)
        gain++;
    return gain;
}

struct gain_gram gain_forward(struct gain_context *context, enum graph_kind kind, const double sd[INIT_MATRICES],
                              struct gain_gram u)
{
    return gain_of(kind)->forward(context, sd, u);
}

struct interval gain_backward(struct gain_context *context, enum graph_kind kind, const double sd[INIT_MATRICES],
                              struct gain_gram u)
{
    struct interval gain = gain_of(kind)->backward(context, sd, u);
    if (context->skips_only)
        gain.lo = 0;
    return gain;
}
