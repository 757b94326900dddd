/* Derivations. Notation of theory.md, section 3: Q, K, V are the Grams of attention's arguments per feature, Gamma that of
 * the gradient behind it; q bounds a diagonal, c the other entries. All gains are of expectations.
 *
 * Gates p_e >= 0 of a token sum to at most 1, so a body's diagonal is multiplied by E sum_e p_e^2 <= 1. From below: where
 * the k chosen sum to 1, sum p^2 >= 1/k; switch, the k largest of E probabilities hold at least k/E, and sum p^2 >=
 * (k/E)^2 / k. The router's path has the gain v_r n m Y E sum_e D_e^2 (n = 1: entries), Y the body's diagonal, D = p o (u -
 * sum p u), u_e independent of variance 1. With a = sum p^2 over the chosen, b over all that the softmax runs over,
 * sum p^3 >= a^2 (Jensen):
 *     E_u sum D^2 = a - 2 sum p^3 + a b <= a + a b - 2 a^2.
 * Over the chosen: b = a, a - a^2 <= 1/4 (0 for k = 1); sigmoids multiply D_e by 1 - sigma_e <= 1. Switch: b <= max p <=
 * sqrt(a), and a + a^1.5 - 2 a^2 is largest at sqrt(a) = (3 + sqrt 73)/16: ROUTER_SWITCH.
 * Weights that are sigmoids of their own logits alone: D_e = sigma' u_e, sigma' <= 1/4. Where groups are chosen first, of
 * the k chosen only the largest is the largest of all: where the best expert makes a group's score it is always in.
 *
 * Forward. A row of A is a probability vector p on n tokens: p' V p >= h q.lo + (1 - h) c.lo and <= h q.hi + (1 - h)
 * c.hi, h = sum p^2 in [1/n, 1], in any draw, and at most exp(2 cap)/n. Two rows: p' V p~ is a mean of entries of V.
 *
 * A sink is a token more whose key and value are 0: its logit is 0, it passes nothing on, its share makes the others'
 * row substochastic. Everything below holds for n + 1 tokens whose Grams K and V have a row of zeros.
 *
 * Rotation. Cov(S_ij, S_kl) = kappa Q_ik K_jl c((i-j)-(k-l)): within a row K o c, a Gram whose diagonal is K's and whose
 * other entries are at most K's in size; between two rows Cauchy-Schwarz over the planes gives |Q_ik| times it.
 *
 * A gain g of rotated queries and keys stands in S as g^2: K is that of logits times g^4 in the planes that turn, between K
 * and g^4 K in all; and dS K, dS' Q, the query and key path's, carry the same factor.
 *
 * Backward. Means over tokens are traces over T. A_ij <= exp(S_ij - mean_k S_ik) / n_i (the row's sum is at
 * least n_i exp(mean), Jensen). S is Gaussian with Cov(S_ij, S_kl) = kappa Q_ik K_jl, so with W a bound of
 * w' K w, w = e_j - (mean over a row's tokens),
 *     E sum_j A_ij^2 <= min(1, exp(2 kappa q_Q W) / n_i),
 *     E sum_j A_ij A_kj <= min(1, exp(kappa (q_Q + |c_Q|) W) / max(n_i, n_k)) =: f(max(n_i, n_k)).
 * Capped logits lie in [-cap, cap]: A_ij is between exp(-2 cap) / n_i and exp(2 cap) / n_i, so both are at most
 * exp(2 cap) / max(n_i, n_k). Logits with a bias, or of dependent queries and keys, have the bound 1 alone.
 * Value: tr E A'Gamma A = sum_ik Gamma_ik E (A A')_ik <= sum_ik sqrt(Gamma_ii Gamma_kk) M_ik <= lambda(M) tr Gamma, M
 * the matrix of these bounds, lambda its largest eigenvalue, itself bounded by max_i (M x)_i / x_i for any x > 0
 * (Collatz and Wielandt).
 * Query and key: R is Gaussian with Cov(R_ij, R_kl) = w Gamma_ik V_jl, w the values' head width, D_i = P_i R_i,
 * P_i = diag(A_i) - A_i A_i'; both are multiplied by scale^2 w.
 *     query: sum_i Gamma_ii E tr(P_i V P_i K) <= nu_V nu_K tr Gamma,
 *     key:   sum_ik Q_ik Gamma_ik E tr(P_i V P_k) <= lambda(|Q_ik| N_ik) tr Gamma,
 * where nu_X >= tr(P X), the spread of tokens of Gram X under A_i: at most q, and (1 - 1/n)(q - c) because squared
 * distances are at most 2 (q - c); and tr(P_i V P_k) = sum_j A_ij A_kj <x_j - m_i, x_j - m_k> is at most 2 (q - c)
 * sum_j A_ij A_kj, and nu_V / 2 because P has no eigenvalue above 1/2. These bounds are sharp for small kappa. For large
 * kappa lambda tends to T, which a stack can attain: all rows attending to one token.
 * A cap's slopes Delta <= 1 stand on both sides of D: tr(Delta P V P Delta K) <= tr(P V) tr(P Delta K Delta) <= nu_V q_K,
 * and the key path has nu_V / 2 alone.
 * Grouped keys: a group's key and value gradients are sums of those of heads / kv_heads independent heads.
 *
 * Tokens alike (no order in the mask or the logits, no router, no cap, no sink): K = (q - c) I + c 1 1', rows of A are
 * softmaxes of normals of variance sigma^2 = kappa q_Q (q_K - c_K), correlated by rho = c_Q / q_Q over rows
 * (analysis/limit/softmax).
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
 * Forward, the diagonal is c + (q - c) N_1, the rest c + (q - c) N_2, of V. Backward, E A A' has the eigenvalues N_1 - N_2
 * and N_1 + (T - 1) N_2, the value path's ceiling; P 1 = 0, so P X = (q - c) P, the query path has (q - c)_V (q - c)_K
 * K_1 and the key path (q - c)_V (q K_1 + (T - 1)|c| K_2)_Q at most. N_1 comes from a table of sigma's, the next above for
 * an upper end and the next below for a lower one, with quadrature's error added.
 *
 * Entropy. H = log Z - sum_j A_j S_j; E log Z >= log n (Jensen), E A_j S_j by Stein's lemma: E H >= log n - kappa q_Q E
 * tr(P K) >= log n - kappa q_Q nu_K; capped, H >= log n - 2 cap. What a sink holds is not counted: at most 1/e less, and
 * -sum A log A of a mass m on n tokens is at most max m log(n/m). Tokens alike: E H falls with sigma (its derivative is
 * -sigma times the variance of the normals under A_i) and comes from the same table.
 */
#include "analysis/bounds/gain.h"

#include <gsl/gsl_math.h>
#include <stdlib.h>

#include "analysis/limit/softmax.h"

#define ROUTER_CHOSEN 0.25
#define ROUTER_SWITCH 0.35405
#define ROUTER_APART  0.0625

enum { COLLATZ_STEPS = 6, OCTAVES = 20, PER_OCTAVE = 64, ROWS = OCTAVES * PER_OCTAVE + 1 };

static bool rows_init(struct gain_rows *self, int tokens)
{
    *self = (struct gain_rows){tokens, calloc(ROWS, sizeof(double)), calloc(ROWS, sizeof(double)),
                               calloc(softmax_work(tokens), sizeof(double))};
    for (int i = 0; self->excess && i < ROWS; i++)
        self->excess[i] = GSL_NAN;
    return self->excess && self->entropy && self->work;
}

int gain_context_init(struct gain_context *context, const struct model *model, bool skips_only, struct error *error)
{
    size_t T = (size_t)GSL_MAX(model->tokens, model_memory_tokens(model));
    *context = (struct gain_context){.skips_only = skips_only};
    context->visible = calloc(T, sizeof *context->visible);
    context->vector[0] = calloc(T, sizeof **context->vector);
    context->vector[1] = calloc(T, sizeof **context->vector);
    bool complete = rows_init(&context->rows[0], model->tokens);
    complete &= rows_init(&context->rows[1], model_memory_tokens(model));
    if (complete && context->visible && context->vector[0] && context->vector[1])
        return ERROR_NONE;
    gain_context_free(context);
    return error_set(error, ERROR_RESOURCE, "out of memory for bounds of %d tokens", model->tokens);
}

void gain_context_free(struct gain_context *context)
{
    for (int i = 0; i < 2; i++) {
        free(context->vector[i]);
        free(context->rows[i].excess);
        free(context->rows[i].entropy);
        free(context->rows[i].work);
    }
    free(context->visible);
    *context = (struct gain_context){0};
}

/* ---- gates ---- */

static bool sums_over_chosen(const struct router *router)
{
    double chosen[2], p[2];
    router_gate(router, &(struct router_sizes){2, 1, 1, 1}, (double[]){0, 0}, chosen, p);
    return p[0] == 1;
}

/* Whatever they multiply. */
static struct gain_gates router_gates(const struct plan_mixture *mixture)
{
    const struct router_sizes *sizes = &mixture->sizes;
    double k = sizes->top_k, E = sizes->experts;
    if (mixture->router->apart)
        return (struct gain_gates){{0, k}, {0, k}, ROUTER_APART * k};
    if (sums_over_chosen(mixture->router))
        return (struct gain_gates){{1, 1}, {1 / k, 1}, k > 1 ? ROUTER_CHOSEN : 0};
    double slope = k < E ? ROUTER_SWITCH : k > 1 ? ROUTER_CHOSEN : 0;
    double largest = sizes->top_groups < sizes->groups ? 1 : k; // of the k chosen, those that are the E's largest
    return (struct gain_gates){{largest / E, 1}, {largest / (E * E), 1}, slope};
}

struct gain_gates gain_gates(const struct plan_mixture *mixture)
{
    struct interval chosen = interval_point(mixture->sizes.top_k);
    return mixture->weigh->input ? (struct gain_gates){chosen, chosen, 0} : router_gates(mixture);
}

struct interval gain_gate(const struct plan_mixture *mixture)
{
    return mixture->sizes.top_k == 1 ? router_gates(mixture).sum : (struct interval){0, 1};
}

/* ---- an attention ---- */

static int ascending(const void *a, const void *b)
{
    int first = *(const int *)a, second = *(const int *)b;
    return (first > second) - (first < second);
}

/* A token more, 0. */
static struct gain_gram with_sink(struct gain_gram gram)
{
    return (struct gain_gram){{fmin(0, gram.square.lo), gram.square.hi}, interval_join(gram.pair, interval_point(0))};
}

/* Entries off the diagonal times cosines of any angle, in some planes times the gain to the fourth. */
static struct gain_gram rotated(const struct attention *attention, struct gain_gram gram)
{
    struct interval turned = interval_join(gram.pair, interval_scale(-1, gram.pair));
    struct interval times = interval_join(interval_point(1), interval_point(gsl_pow_4(attention->gain)));
    return (struct gain_gram){interval_multiply(times, gram.square), interval_multiply(times, turned)};
}

struct gain_attend gain_attend_of(struct gain_context *context, const struct attention *attention, bool alike,
                                  bool centred, struct gain_gram q, struct gain_gram k, struct gain_gram v)
{
    struct gain_attend self = {.context = context, .attention = attention, .q = q, .k = k, .v = v};
    bool biased = attention_is_biased(attention), capped = attention->cap > 0;
    for (int i = 0; i < attention->queries; i++) {
        int first, end;
        attention_visible(attention, i, &first, &end);
        context->visible[i] = end - first + attention->sink;
    }
    qsort(context->visible, (size_t)attention->queries, sizeof *context->visible, ascending);
    self.table = &context->rows[attention->keys == context->rows[0].tokens ? 0 : 1];
    self.least = context->visible[0];
    self.most = context->visible[attention->queries - 1];
    self.kappa = attention->scale * attention->scale * attention->head_width;
    self.gaussian = centred && !biased && !capped;
    self.alike = alike && self.gaussian && self.least == attention->keys && attention->rope == 0 && !attention->sink;
    if (attention->rope > 0)
        self.k = rotated(attention, self.k);
    if (attention->sink)
        self.k = with_sink(self.k), self.v = with_sink(self.v);
    return self;
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
static void row_at(struct gain_rows *table, double place, double *excess, double *entropy)
{
    int T = table->tokens, i = (int)place;
    *excess = place < 0 ? 0 : 1 - 1.0 / T;
    *entropy = place < 0 ? log(T) : 0;
    if (place < 0 || place >= ROWS)
        return;
    if (isnan(table->excess[i])) {
        struct softmax_means means;
        softmax_one_row(T, SOFTMAX_SIGMA * exp2((double)i / PER_OCTAVE - OCTAVES), 0, &means, table->work);
        table->excess[i] = means.excess[0];
        table->entropy[i] = means.entropy;
    }
    *excess = table->excess[i];
    *entropy = table->entropy[i];
}

static struct row_bounds row_bounds(struct gain_attend *self)
{
    double T = self->table->tokens, excess[2], entropy[2];
    if (T < 2)
        return (struct row_bounds){interval_point(1), interval_point(0)};
    struct gain_gram q = self->q, k = self->k;
    struct interval variance = {self->kappa * q.square.lo * fmax(0, k.square.lo - k.pair.hi),
                                self->kappa * q.square.hi * fmax(0, k.square.hi - k.pair.lo)};
    double last = ROWS - 1, below = fmin(floor(row_place(sqrt(variance.lo))), last);
    row_at(self->table, below, &excess[0], &entropy[1]);
    row_at(self->table, variance.hi > 0 ? fmin(fmax(0, ceil(row_place(sqrt(variance.hi)))), last + 1) : -1, &excess[1],
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
static struct interval two_rows(const struct gain_attend *self, double square)
{
    double T = self->table->tokens, away = correlation(self->q) * (square - 1 / T);
    return (struct interval){self->q.pair.lo >= 0 ? 1 / T : fmax(0, 1 / T - away), fmin(1, 1 / T + away)};
}

/* c + (q - c) n, which grows with all three. */
static struct interval mixed(struct gain_gram u, struct interval n)
{
    double c = fmin(u.pair.lo, u.square.lo);
    return (struct interval){c + (u.square.lo - c) * n.lo, u.pair.hi + fmax(0, u.square.hi - u.pair.hi) * n.hi};
}

/* exp(x) / n, at most 1. */
static double overlap(double exponent, double n)
{
    return exponent >= log(n) ? 1 : exp(exponent) / n;
}

/* A bound of w' K w, w = e_j - 1/n on n tokens: its diagonal terms have weights (1 - 1/n)^2 and n - 1 of 1/n^2; the
 * pairs with j -(1 - 1/n)/n, 2 (n - 1) of them; the other (n - 1)(n - 2) 1/n^2. */
static double distance_from_mean(struct gain_gram u, double n)
{
    double rest = 1 - 1 / n;
    double sum = u.square.hi * rest - 2 * rest * rest * u.pair.lo + (n - 1) * (n - 2) / (n * n) * u.pair.hi;
    return fmin(sum, 4 * rest * rest * u.square.hi); // (|x_j| + |mean of the others|)^2
}

/* sum_j A_ij^2 n_i and sum_j A_ij A_kj max(n_i, n_k) are at most exp of these. */
struct exponents {
    double own, cross;
};

/* Whether the cap is all that moves the logits. */
static bool is_capped(const struct gain_attend *self)
{
    return self->attention->cap > 0 && !attention_is_biased(self->attention);
}

static struct exponents exponents_of(const struct gain_attend *self)
{
    double q = self->q.square.hi, c = interval_magnitude(self->q.pair), cap = self->attention->cap, reach = 0;
    if (is_capped(self))
        return (struct exponents){2 * cap, 2 * cap};
    if (!self->gaussian)
        return (struct exponents){INFINITY, INFINITY};
    for (int i = 0; i < self->attention->queries; i++)
        reach = fmax(reach, distance_from_mean(self->k, self->context->visible[i]));
    return (struct exponents){2 * self->kappa * q * reach, self->kappa * (q + c) * reach};
}

struct gain_gram gain_forward(struct gain_attend *self, double *least_of_head)
{
    struct gain_gram v = self->v;
    double share = 1 / self->most, least = fmin(v.pair.lo, v.square.lo);
    double most = is_capped(self) ? overlap(2 * self->attention->cap, self->least) : 1;
    struct gain_gram out = {
        {fmax(0, share * v.square.lo + (1 - share) * least), v.pair.hi + fmax(0, v.square.hi - v.pair.hi) * most},
        {least, v.square.hi}};
    *least_of_head = out.square.lo;
    if (self->alike) {
        struct interval square = row_bounds(self).square;
        out = (struct gain_gram){mixed(v, square), mixed(v, two_rows(self, square.hi))};
    }
    if (self->context->skips_only)
        out = (struct gain_gram){{ *least_of_head = 0, v.square.hi}, {least, v.square.hi}};
    return out;
}

/* ---- backward ---- */

static double apart(struct gain_gram u)
{
    return fmax(0, u.square.hi - u.pair.lo);
}

/* nu. */
static double spread(const struct gain_attend *self, struct gain_gram u)
{
    return fmin(u.square.hi, (1 - 1 / self->most) * apart(u));
}

static struct gain_paths paths_alike(struct gain_attend *self)
{
    double T = self->table->tokens, q = self->q.square.hi, c = interval_magnitude(self->q.pair);
    double rho = correlation(self->q), n = row_bounds(self).square.hi;
    double own = T < 2 ? 0 : n < 0.5 ? n * (1 - n) : 0.25;
    double mean = T < 2 ? 0 : fmin(own, gsl_pow_2(1 - 1 / T) / (T - 1)), other = (1 - rho) * mean + rho * own;
    return (struct gain_paths){
        .value = n + (T - 1) * two_rows(self, n).hi,
        .query = apart(self->v) * apart(self->k) * own,
        .key = apart(self->v) * (q * own + (T - 1) * c * other),
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
static double multiply(const struct gain_attend *attend, const struct matrix_bound *self,
                       const struct matrix_bound *other, const double *x, double *y)
{
    int T = attend->attention->queries;
    double before = 0, behind = 0, most = 0;
    for (int i = T - 1; i >= 0; i--) {
        y[i] = behind;
        behind += entry(other, attend->context->visible[i]) * x[i];
    }
    for (int i = 0; i < T; i++) {
        y[i] += entry(self, attend->context->visible[i]) * x[i] + entry(other, attend->context->visible[i]) * before;
        before += x[i];
        most = fmax(most, y[i] / x[i]);
    }
    return most;
}

/* Collatz-Wielandt: every step gives a bound; the least is taken. */
static double largest_eigenvalue(struct gain_attend *attend, struct matrix_bound self, struct matrix_bound other)
{
    double *x = attend->context->vector[0], *y = attend->context->vector[1], least = INFINITY;
    for (int i = 0; i < attend->attention->queries; i++)
        x[i] = 1 / sqrt(attend->context->visible[i]);
    for (int step = 0; step < COLLATZ_STEPS; step++) {
        double most = multiply(attend, &self, &other, x, y);
        least = fmin(least, most);
        if (!(most > 0))
            break;
        for (int i = 0; i < attend->attention->queries; i++)
            x[i] = fmax(y[i] / most, 1e-300); // any positive vector will do
    }
    return least;
}

static struct gain_paths paths_unlike(struct gain_attend *self)
{
    struct exponents exponents = exponents_of(self);
    bool capped = self->attention->cap > 0;
    double turned = self->attention->rope > 0 ? fmax(1, gsl_pow_4(self->attention->gain)) : 1;
    double q = turned * self->q.square.hi, c = turned * interval_magnitude(self->q.pair), nu = spread(self, self->v);
    double wide = capped ? INFINITY : 2 * apart(self->v);
    return (struct gain_paths){
        .value = largest_eigenvalue(self, (struct matrix_bound){exponents.own, 1, 1, 1},
                                    (struct matrix_bound){exponents.cross, 1, 1, 1}),
        .query = nu * (capped ? self->k.square.hi : spread(self, self->k)),
        .key = largest_eigenvalue(self, (struct matrix_bound){exponents.own, wide, nu / 2, q},
                                  (struct matrix_bound){exponents.cross, wide, nu / 2, c}),
    };
}

struct gain_paths gain_backward(struct gain_attend *self)
{
    const struct attention *attention = self->attention;
    struct gain_paths paths = self->alike ? paths_alike(self) : paths_unlike(self);
    double heat = attention->scale * attention->scale * attention->value_width;
    double shared = (double)attention->heads / attention->kv_heads;
    return (struct gain_paths){heat * paths.query, heat * paths.key * shared, paths.value * shared};
}

/* ---- what is reported ---- */

/* E H of a row that sees n keys, from below. */
static double least_entropy(const struct gain_attend *self, double n)
{
    double seen = n + self->attention->sink, lost = is_capped(self) ? 2 * self->attention->cap : INFINITY;
    if (self->gaussian)
        lost = self->kappa * self->q.square.hi * fmin(self->k.square.hi, (1 - 1 / seen) * apart(self->k));
    return fmax(0, log(seen) - lost - (self->attention->sink ? exp(-1) : 0));
}

static struct gain_report report_unlike(struct gain_attend *self)
{
    struct gain_report report = {{0, 0}, {0, 0}, {0, 0}};
    double own = exponents_of(self).own;
    int T = self->attention->queries, several = 0, sink = self->attention->sink;
    for (int i = 0; i < T; i++) {
        double n = self->context->visible[i] - sink, most = sink && n < M_E ? n / M_E : log(n);
        double least = fmin(most, least_entropy(self, n)), square = sink ? 0 : 1 / n;
        report.entropy = interval_add(report.entropy, (struct interval){least / T, most / T});
        report.square = interval_add(report.square, (struct interval){square / T, overlap(own, n + sink) / T});
        if (n > 1)
            report.relative = interval_add(report.relative, (struct interval){least / log(n), most / log(n)});
        several += n > 1;
    }
    if (several > 0)
        report.relative = interval_scale(1.0 / several, report.relative);
    return report;
}

struct gain_report gain_report(struct gain_attend *self)
{
    if (!self->alike)
        return report_unlike(self);
    struct row_bounds row = row_bounds(self);
    int T = self->table->tokens;
    return (struct gain_report){row.entropy, T > 1 ? interval_scale(1 / log(T), row.entropy) : interval_point(0),
                                row.square};
}
