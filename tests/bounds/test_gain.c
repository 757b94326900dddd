#include "analysis/bounds/gain.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/rows.h"
#include "tests/support.h"

enum { T = 4, DRAWS = 3000 };

typedef double matrix[T][T];

/* c c' = m for a positive semidefinite m; a pivot below 1e-12 is 0. */
static void factor(matrix m, matrix c)
{
    memset(c, 0, sizeof(matrix));
    for (int j = 0; j < T; j++) {
        for (int i = j; i < T; i++) {
            double rest = m[i][j];
            for (int k = 0; k < j; k++)
                rest -= c[i][k] * c[j][k];
            if (i == j)
                c[i][i] = rest > 1e-12 ? sqrt(rest) : 0;
            else
                c[i][j] = c[j][j] > 0 ? rest / c[j][j] : 0;
        }
    }
}

/* A Gram: alike (q on the diagonal, c off it), or of three random vectors with lengths of their own. */
static void random_gram(gsl_rng *rng, bool alike, matrix gram)
{
    double q = 0.4 + gsl_rng_uniform(rng), c = q * (1.3 * gsl_rng_uniform(rng) - 0.3), x[T][3];
    for (int t = 0; t < T; t++)
        for (int i = 0; i < 3; i++)
            x[t][i] = gsl_ran_gaussian(rng, 0.7) + (i == 0);
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            gram[s][t] = alike ? (s == t ? q : c) : x[s][0] * x[t][0] + x[s][1] * x[t][1] + x[s][2] * x[t][2];
}

static struct gain_gram intervals_of(matrix gram)
{
    struct gain_gram u = {{INFINITY, -INFINITY}, {INFINITY, -INFINITY}};
    for (int s = 0; s < T; s++) {
        for (int t = 0; t < T; t++) {
            struct interval *own = s == t ? &u.square : &u.pair;
            own->lo = fmin(own->lo, gram[s][t]);
            own->hi = fmax(own->hi, gram[s][t]);
        }
    }
    return u;
}

/* One attention of one head whose arguments have these Grams. */
struct arguments {
    struct attention attention;
    struct gain_attend attend;
    matrix q, k, v;
};

/* kappa is the scale's square: heads of one feature. */
static struct attention attention_of(const char *mask, double kappa)
{
    return (struct attention){.queries = T,
                              .keys = T,
                              .heads = 1,
                              .kv_heads = 1,
                              .head_width = 1,
                              .value_width = 1,
                              .mask = mask_find(mask),
                              .bias = bias_find("none"),
                              .scale = sqrt(kappa),
                              .scaling = scalings,
                              .gain = 1};
}

/* Attention and the slopes of its caps. */
static void draw_attention(gsl_rng *rng, const struct arguments *self, matrix roots[2], matrix a, matrix slope)
{
    const struct attention *attention = &self->attention;
    matrix z, cz = {{0}};
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            z[i][j] = gsl_ran_gaussian_ziggurat(rng, 1);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            for (int k = 0; k < T; k++)
                cz[i][j] += roots[0][i][k] * z[k][j];
    for (int i = 0; i < T; i++) {
        int first, end;
        double sum = attention->sink ? 1 : 0, cap = attention->cap;
        attention_visible(attention, i, &first, &end);
        for (int j = 0; j < T; j++) {
            double logit = 0;
            for (int k = 0; k < T; k++)
                logit += attention->scale * cz[i][k] * roots[1][j][k];
            slope[i][j] = cap > 0 ? 1 - pow(tanh(logit / cap), 2) : 1;
            logit = cap > 0 ? cap * tanh(logit / cap) : logit;
            logit -= attention->bias->slope ? attention->bias->slope(0, 1) * 100 * abs(i - j) : 0;
            a[i][j] = j >= first && j < end ? exp(logit) : 0;
            sum += a[i][j];
        }
        for (int j = 0; j < T; j++)
            a[i][j] /= sum;
    }
}

/* Rows of diag(slope) P, P = diag(a) - a a'. */
static void spread(const double a[T], const double slope[T], matrix p)
{
    for (int j = 0; j < T; j++)
        for (int k = 0; k < T; k++)
            p[j][k] = slope[j] * ((j == k ? a[j] : 0) - a[j] * a[k]);
}

/* tr(p v other' k) */
static double trace(matrix p, matrix v, matrix other, matrix k)
{
    double sum = 0;
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            for (int m = 0; m < T; m++)
                for (int n = 0; n < T; n++)
                    sum += p[i][j] * v[j][m] * other[n][m] * k[n][i];
    return sum;
}

enum { VALUE, QUERY, KEY, ENTROPY, SQUARE, DIAGONAL, MEANS };

/* theory.md, section 3: the three paths' traces for one draw of A, averaged over R by hand (D_i = P_i R_i); and means
 * over rows: the entropy, sum A^2, the output's diagonal. */
static void means_of(struct arguments *self, matrix a, matrix slope, matrix gamma, double out[MEANS])
{
    matrix p[T], unit = {{0}};
    for (int i = 0; i < T; i++) {
        spread(a[i], slope[i], p[i]);
        unit[i][i] = 1;
    }
    memset(out, 0, MEANS * sizeof *out);
    for (int i = 0; i < T; i++) {
        out[QUERY] += gamma[i][i] * trace(p[i], self->v, p[i], self->k);
        for (int k = 0; k < T; k++) {
            for (int j = 0; j < T; j++)
                out[VALUE] += gamma[i][k] * a[i][j] * a[k][j];
            out[KEY] += self->q[i][k] * gamma[i][k] * trace(p[i], self->v, p[k], unit);
        }
        for (int j = 0; j < T; j++) {
            out[ENTROPY] -= a[i][j] > 0 ? a[i][j] * log(a[i][j]) / T : 0;
            out[SQUARE] += a[i][j] * a[i][j] / T;
            for (int k = 0; k < T; k++)
                out[DIAGONAL] += a[i][j] * a[i][k] * self->v[j][k] / T;
        }
    }
}

struct shares {
    double value, query, key; /* means over ceilings; NAN where both are 0 */
};

/* Means over draws within their bounds; five standard errors of DRAWS draws: false alarm 3e-7 each, 1e-4 in all.
 * Returns how much of its ceiling each path's mean takes. */
static struct shares check_arguments(gsl_rng *rng, bool alike, struct arguments *self, matrix gamma)
{
    struct model model;
    struct gain_context context;
    struct error error = {0};
    char text[64];
    snprintf(text, sizeof text, "tokens=%d", T);
    support_model(&model, text);
    ck_assert_int_eq(gain_context_init(&context, &model, false, &error), ERROR_NONE);
    self->attend = gain_attend_of(&context, &self->attention, alike, true, intervals_of(self->q), intervals_of(self->k),
                                  intervals_of(self->v));
    struct gain_paths paths = gain_backward(&self->attend);
    struct gain_report report = gain_report(&self->attend);
    double head, heat = pow(self->attention.scale, 2), sum[MEANS] = {0}, squares[MEANS] = {0}, power = 0, one[MEANS];
    struct interval diagonal = gain_forward(&self->attend, &head).square;
    matrix roots[2], a, slope;
    factor(self->q, roots[0]);
    factor(self->k, roots[1]);
    for (int t = 0; t < T; t++)
        power += gamma[t][t];
    for (int n = 0; n < DRAWS; n++) {
        draw_attention(rng, self, roots, a, slope);
        means_of(self, a, slope, gamma, one);
        for (int i = 0; i < MEANS; i++) {
            sum[i] += one[i] / DRAWS;
            squares[i] += one[i] * one[i] / DRAWS;
        }
    }
    const struct interval bounds[MEANS] = {[VALUE] = {0, paths.value * power},
                                           [QUERY] = {0, paths.query / heat * power},
                                           [KEY] = {-INFINITY, paths.key / heat * power},
                                           [ENTROPY] = report.entropy,
                                           [SQUARE] = report.square,
                                           [DIAGONAL] = diagonal};
    for (int i = 0; i < MEANS; i++) {
        double se = sqrt(fmax(0, squares[i] - sum[i] * sum[i]) / DRAWS), slack = 5 * se + 1e-12;
        ck_assert(isfinite(sum[i]) && isfinite(bounds[i].hi));
        ck_assert_msg(sum[i] <= bounds[i].hi + slack && sum[i] >= bounds[i].lo - slack,
                      "%s, scale %g, cap %g, sink %d, window %d, %s: number %d: %g +- %g not in [%g, %g]",
                      self->attention.mask->name, self->attention.scale, self->attention.cap, self->attention.sink,
                      self->attention.window, self->attention.bias->name, i, sum[i], se, bounds[i].lo, bounds[i].hi);
    }
    gain_context_free(&context);
    model_free(&model);
    return (struct shares){sum[VALUE] / bounds[VALUE].hi, sum[QUERY] / bounds[QUERY].hi, sum[KEY] / bounds[KEY].hi};
}

/* Of queries, keys and values with one Gram. */
static struct shares check_attention(gsl_rng *rng, const char *mask, double kappa, matrix sigma, matrix gamma)
{
    struct arguments self = {.attention = attention_of(mask, kappa)};
    memcpy(self.q, sigma, sizeof(matrix));
    memcpy(self.k, sigma, sizeof(matrix));
    memcpy(self.v, sigma, sizeof(matrix));
    return check_arguments(rng, strcmp(mask, "none") == 0, &self, gamma);
}

START_TEST(attention_within_its_ceilings)
{
    static const double kappas[] = {0.03, 0.6, 3, 30};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int n = 0; n < 96; n++) {
        bool causal = n % 2 == 1;
        matrix sigma, gamma;
        random_gram(rng, !causal, sigma);
        random_gram(rng, n % 3 == 0, gamma);
        check_attention(rng, causal ? "causal" : "none", kappas[n / 2 % 4], sigma, gamma);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Grams of their own for queries, keys and values, and every option of the logits and rows. */
START_TEST(options_within_their_bounds)
{
    static const double kappas[] = {0.03, 0.6, 3, 30};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int n = 0; n < 160; n++) {
        struct arguments self = {.attention = attention_of(n % 2 ? "causal" : "none", kappas[n / 2 % 4])};
        matrix gamma;
        bool alike = n % 2 == 0 && n / 3 % 2 == 0;
        random_gram(rng, alike, self.q);
        random_gram(rng, alike, self.k);
        random_gram(rng, alike, self.v);
        random_gram(rng, n % 3 == 0, gamma);
        self.attention.cap = n / 8 % 2 ? 0.8 : 0;
        self.attention.sink = n / 16 % 2;
        self.attention.window = alike ? 0 : n / 32 % 2 * 2;
        self.attention.bias = bias_find(!alike && n / 5 % 4 == 0 ? "alibi" : "none");
        check_arguments(rng, alike, &self, gamma);
    }
    gsl_rng_free(rng);
}
END_TEST

/* A cap keeps attention near uniform whatever the logits are: sum A^2 <= e^(2 cap)/T, entropy >= log T - 2 cap. Groups of
 * keys send back what their heads do together. */
START_TEST(caps_and_groups)
{
    struct model model;
    struct gain_context context;
    struct error error = {0};
    support_model(&model, "tokens=4");
    ck_assert_int_eq(gain_context_init(&context, &model, false, &error), ERROR_NONE);
    struct gain_gram u = {{1, 2}, {-0.2, 0.5}};
    struct attention attention = attention_of("none", 100);
    attention.cap = 0.1;
    struct gain_attend capped = gain_attend_of(&context, &attention, true, true, u, u, u);
    struct gain_report report = gain_report(&capped);
    struct gain_paths one = gain_backward(&capped);
    ck_assert(fabs(report.square.hi - exp(0.2) / T) < 1e-14 && fabs(report.entropy.lo - (log(T) - 0.2)) < 1e-14);
    attention.heads = 6, attention.kv_heads = 2;
    struct gain_attend grouped = gain_attend_of(&context, &attention, true, true, u, u, u);
    struct gain_paths three = gain_backward(&grouped);
    ck_assert(fabs(three.value / one.value - 3) < 1e-14 && fabs(three.key / one.key - 3) < 1e-14);
    ck_assert(three.query == one.query);
    gain_context_free(&context);
    model_free(&model);
}
END_TEST

/* Where attention is uniform, by small kappa or equal tokens, the value path's ceiling is attained by a pooled
 * gradient: lambda = 1. */
START_TEST(value_ceiling_is_attained)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    matrix sigma, gamma;
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            sigma[s][t] = 1.7, gamma[s][t] = 0.6;
    ck_assert(fabs(check_attention(rng, "none", 2.5, sigma, gamma).value - 1) < 1e-9);
    for (int t = 0; t < T; t++)
        sigma[t][t] = 2.1;
    ck_assert(fabs(check_attention(rng, "none", 1e-9, sigma, gamma).value - 1) < 1e-6);
    gsl_rng_free(rng);
}
END_TEST

/* Uniform causal attention (kappa near 0) on tokens x, -x, x, -x, where little is lost in the general case. The query
 * path's ceiling is attained by the last token's gradient (its four tokens lie at +-x around 0), the value path's by
 * M's first eigenvector. The key path's N_22 is attained by the second token (two atoms): its share is 1/T, since all
 * T^2 entries have that ceiling; gradients with the tokens' signs reach 0.44, more than the diagonal alone would allow.
 */
START_TEST(general_ceilings_are_sharp)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const double q = 1.3, kappa = 1e-12;
    matrix sigma, last = {{0}}, second = {{0}}, signs, first;
    double x[T] = {1, 1, 1, 1};
    for (int step = 0; step < 60; step++) {
        double y[T] = {0};
        for (int i = 0; i < T; i++)
            for (int k = 0; k < T; k++)
                y[i] += x[k] / (1 + (i > k ? i : k));
        for (int i = 0; i < T; i++)
            x[i] = y[i] / y[0];
    }
    for (int s = 0; s < T; s++) {
        for (int t = 0; t < T; t++) {
            sigma[s][t] = (s + t) % 2 == 0 ? q : -q;
            signs[s][t] = s == 0 || t == 0 ? 0 : sigma[s][t];
            first[s][t] = x[s] * x[t];
        }
    }
    last[T - 1][T - 1] = second[1][1] = 1;
    ck_assert(fabs(check_attention(rng, "causal", kappa, sigma, last).query - 1) < 1e-5);
    ck_assert(fabs(check_attention(rng, "causal", kappa, sigma, second).key - 1.0 / T) < 1e-5);
    ck_assert(check_attention(rng, "causal", kappa, sigma, signs).key > 0.44);
    ck_assert(check_attention(rng, "causal", kappa, sigma, first).value > 0.999);
    gsl_rng_free(rng);
}
END_TEST

/* The gates' sum and squares and the router's path, E_u sum D^2 with D the slopes along u, unit normal where an expert is
 * chosen: by basis vectors of u, over random and degenerate logits. The constant is attained by two equal gates. */
START_TEST(gates_within_their_bounds)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int n = 0; n < 3000; n++) {
        int E = 1 + n % 7, k = 1 + n / 7 % E;
        struct plan_mixture mixture = {
            .router = &routers[n / 49 % (int)router_count], .weigh = &router_weighs[0], .sizes = {E, k, 1, 1}};
        if (E == 6 && k <= 4 && n % 2 == 0) // three groups of two
            mixture.sizes = (struct router_sizes){E, k, 3, 2};
        double logits[7], chosen[7], p[7], sum = 0, squares = 0, path = 0;
        for (int e = 0; e < E; e++)
            logits[e] = n % 5 == 0 ? 0 : gsl_ran_gaussian(rng, n % 3 == 0 ? 9 : 0.8);
        router_gate(mixture.router, &mixture.sizes, logits, chosen, p);
        for (int e = 0; e < E; e++) {
            double u[7] = {0}, slopes[7];
            u[e] = 1;
            sum += chosen[e] * p[e];
            squares += chosen[e] * p[e] * p[e];
            mixture.router->backward(E, logits, chosen, p, u, slopes);
            for (int i = 0; i < E && chosen[e] != 0; i++)
                path += slopes[i] * slopes[i];
        }
        struct gain_gates gates = gain_gates(&mixture);
        ck_assert(isfinite(sum) && isfinite(squares) && isfinite(path));
        ck_assert_msg(sum >= gates.sum.lo - 1e-12 && sum <= gates.sum.hi + 1e-12 &&
                          squares >= gates.squares.lo - 1e-12 && squares <= gates.squares.hi + 1e-12,
                      "%s k %d E %d: %g not in [%g, %g], %g not in [%g, %g]", mixture.router->name, k, E, sum,
                      gates.sum.lo, gates.sum.hi, squares, gates.squares.lo, gates.squares.hi);
        ck_assert_msg(path <= gates.slope + 1e-12, "%s k %d E %d: router %g above %g", mixture.router->name, k, E, path,
                      gates.slope);
        if (strcmp(mixture.router->name, "renormalised") == 0 && k == 2 && n % 5 == 0)
            ck_assert(fabs(path - gates.slope) < 1e-12);
    }
    gsl_rng_free(rng);
}
END_TEST

Suite *gain_suite(void)
{
    Suite *suite = suite_create("gain");
    TCase *fast = tcase_create("gain"), *slow = tcase_create("searches");
    tcase_set_timeout(slow, 120);
    tcase_set_tags(slow, "slow");
    tcase_add_test(slow, attention_within_its_ceilings);
    tcase_add_test(fast, value_ceiling_is_attained);
    tcase_add_test(fast, general_ceilings_are_sharp);
    tcase_add_test(slow, options_within_their_bounds);
    tcase_add_test(fast, caps_and_groups);
    tcase_add_test(fast, gates_within_their_bounds);
    suite_add_tcase(suite, fast);
    suite_add_tcase(suite, slow);
    return suite;
}
