#include "analysis/bounds/gain.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/kernel.h"
#include <check.h>
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

static void draw_attention(gsl_rng *rng, const struct mask *mask, double kappa, matrix c, matrix a)
{
    matrix z, cz = {{0}};
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            z[i][j] = gsl_ran_gaussian_ziggurat(rng, 1);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            for (int k = 0; k < T; k++)
                cz[i][j] += c[i][k] * z[k][j];
    for (int i = 0; i < T; i++) {
        double sum = 0;
        for (int j = 0; j < T; j++) {
            double logit = 0;
            for (int k = 0; k < T; k++)
                logit += sqrt(kappa) * cz[i][k] * c[j][k];
            a[i][j] = j < mask->visible(i, T) ? exp(logit) : 0;
            sum += a[i][j];
        }
        for (int j = 0; j < T; j++)
            a[i][j] /= sum;
    }
}

static void spread(const double a[T], matrix p)
{
    for (int j = 0; j < T; j++)
        for (int k = 0; k < T; k++)
            p[j][k] = (j == k ? a[j] : 0) - a[j] * a[k];
}

/* tr(p sigma p~ sigma) if twice, else tr(p sigma p~); p and p~ are symmetric. */
static double trace(matrix p, matrix sigma, matrix other, bool twice)
{
    double sum = 0;
    for (int i = 0; i < T; i++) {
        for (int j = 0; j < T; j++) {
            double left = 0, right = 0;
            for (int k = 0; k < T; k++) {
                left += p[i][k] * sigma[k][j];
                right += twice ? other[j][k] * sigma[k][i] : 0;
            }
            sum += left * (twice ? right : other[j][i]);
        }
    }
    return sum;
}

/* theory.md, section 3: the three paths' traces for one draw of A, averaged over R by hand (D_i = P_i R_i); and the
 * entropy's mean over rows. */
static void paths_of(matrix a, matrix sigma, matrix gamma, double out[4])
{
    matrix p[T];
    for (int i = 0; i < T; i++)
        spread(a[i], p[i]);
    memset(out, 0, 4 * sizeof *out);
    for (int i = 0; i < T; i++) {
        out[1] += gamma[i][i] * trace(p[i], sigma, p[i], true);
        for (int k = 0; k < T; k++) {
            for (int j = 0; j < T; j++)
                out[0] += gamma[i][k] * a[i][j] * a[k][j];
            out[2] += sigma[i][k] * gamma[i][k] * trace(p[i], sigma, p[k], false);
        }
        for (int j = 0; j < T; j++)
            out[3] -= a[i][j] > 0 ? a[i][j] * log(a[i][j]) / T : 0;
    }
}

struct shares {
    double value, query, key; /* means over ceilings; NAN where both are 0 */
};

/* Means over draws within the ceilings; five standard errors of DRAWS draws: false alarm 3e-7 each, 1e-4 in all.
 * Returns how much of its ceiling each path's mean takes. */
static struct shares check_attention(gsl_rng *rng, const char *mask, double kappa, matrix sigma, matrix gamma)
{
    struct model model;
    struct gain_context context;
    struct error error = {0};
    char text[64];
    snprintf(text, sizeof text, "tokens=%d mask=%s", T, mask);
    support_model(&model, text);
    ck_assert_int_eq(gain_context_init(&context, &model, false, false, &error), ERROR_NONE);
    struct gain_gram u = intervals_of(sigma);
    struct gain_paths paths = gain_attention_paths(&context, kappa, u);
    double sd[INIT_MATRICES] = {[INIT_WQ] = sqrt(kappa / 15), [INIT_WK] = sqrt(1.0 / 15)}; // of width 15
    struct interval entropy, relative;
    gain_entropy(&context, sd, u, &entropy, &relative);

    double sum[4] = {0}, squares[4] = {0}, power = 0, one[4];
    matrix c, a;
    factor(sigma, c);
    for (int t = 0; t < T; t++)
        power += gamma[t][t];
    for (int n = 0; n < DRAWS; n++) {
        draw_attention(rng, model.mask, kappa, c, a);
        paths_of(a, sigma, gamma, one);
        for (int i = 0; i < 4; i++) {
            sum[i] += one[i] / DRAWS;
            squares[i] += one[i] * one[i] / DRAWS;
        }
    }
    const double most[4] = {paths.value * power, paths.query * power, paths.key * power, entropy.hi};
    for (int i = 0; i < 4; i++) {
        double se = sqrt(fmax(0, squares[i] - sum[i] * sum[i]) / DRAWS), slack = 5 * se + 1e-12;
        ck_assert(isfinite(sum[i]) && isfinite(most[i]));
        ck_assert_msg(sum[i] <= most[i] + slack, "%s, kappa %g, path %d: %g +- %g above %g", mask, kappa, i, sum[i], se,
                      most[i]);
        if (i == 3)
            ck_assert_msg(sum[i] >= entropy.lo - slack, "%s, kappa %g: entropy %g below %g", mask, kappa, sum[i],
                          entropy.lo);
    }
    gain_context_free(&context);
    model_free(&model);
    return (struct shares){sum[0] / most[0], sum[1] / most[1], sum[2] / most[2]};
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

/* A gated FFN of unit variances: d/du silu(u Wg) (u W1) has E silu(g)^2 + E (silu'(g) u)^2 = E silu^2 + E silu'^2. */
START_TEST(gated_ffn)
{
    struct model model;
    struct gain_context context;
    struct error error = {0};
    support_model(&model, "activation=swiglu");
    ck_assert_int_eq(gain_context_init(&context, &model, false, false, &error), ERROR_NONE);
    const double w = sqrt(1.0 / 15),
                 sd[INIT_MATRICES] = {[INIT_W1] = 1.5 * w, [INIT_WG] = w, [INIT_W2] = sqrt(1.0 / 11)};
    struct gain_gram u = {interval_point(1), {-0.2, 0.4}};
    double square, slope;
    kernel_pair(model.activation, 1, 1, 1, &square, &slope);
    struct gain_gram y = gain_forward(&context, GRAPH_FFN, sd, u);
    struct interval back = gain_backward(&context, GRAPH_FFN, sd, u);
    /* analysis/kernel's slope is accurate to about 1e-9 at correlation 1. */
    ck_assert(fabs(y.square.lo - 2.25 * square) < 1e-9 && fabs(y.square.hi - 2.25 * square) < 1e-9);
    ck_assert(back.lo <= back.hi && fabs(back.hi - 2.25 * (square + slope)) < 1e-7);
    ck_assert(fabs(back.lo - 2.25 * (square + slope)) < 1e-7);
    for (double c = -0.2; c <= 0.4; c += 0.05) {
        kernel_pair(model.activation, 1, 1, c, &square, NULL);
        ck_assert(2.25 * c * square >= y.pair.lo - 1e-9 && 2.25 * c * square <= y.pair.hi + 1e-9);
    }
    gain_context_free(&context);
    model_free(&model);
}
END_TEST

/* The gates' squares and the router's path, E_u sum D^2 = sum_e p_e^2 (chosen_e (1 - 2 p_e) + a), over random and
 * degenerate logits; the renormalised constant is attained by two equal gates. */
START_TEST(gates_within_their_bounds)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int n = 0; n < 3000; n++) {
        int E = 1 + n % 7, k = 1 + n / 7 % E;
        const struct router *router = &routers[n / 49 % (int)router_count];
        double logits[7], chosen[7], p[7], a = 0, path = 0;
        for (int e = 0; e < E; e++)
            logits[e] = n % 5 == 0 ? 0 : gsl_ran_gaussian(rng, n % 3 == 0 ? 9 : 0.8);
        moe_gate(router, E, k, logits, chosen, p);
        for (int e = 0; e < E; e++)
            a += chosen[e] * p[e] * p[e];
        for (int e = 0; e < E; e++)
            path += p[e] * p[e] * (chosen[e] * (1 - 2 * p[e]) + a);

        struct model model;
        struct gain_context context;
        struct error error = {0};
        support_model(&model, "activation=identity");
        model.experts = E, model.top_k = k, model.router = router;
        ck_assert_int_eq(gain_context_init(&context, &model, false, false, &error), ERROR_NONE);
        /* An identity FFN of gain 1, and v_r d = 1. */
        const double w = sqrt(1.0 / 15), sd[INIT_MATRICES] = {[INIT_W1] = w, [INIT_W2] = sqrt(1.0 / 11), [INIT_WR] = w};
        struct gain_gram u = {interval_point(1), {0, 0}};
        struct interval forward = gain_forward(&context, GRAPH_MOE, sd, u).square;
        struct interval backward = gain_backward(&context, GRAPH_MOE, sd, u);
        ck_assert(isfinite(a) && isfinite(path));
        ck_assert_msg(a >= forward.lo - 1e-12 && a <= forward.hi + 1e-12, "%s k %d E %d: %g not in [%g, %g]",
                      router->name, k, E, a, forward.lo, forward.hi);
        ck_assert_msg(a + path <= backward.hi + 1e-12, "%s k %d E %d: %g + %g above %g", router->name, k, E, a, path,
                      backward.hi);
        ck_assert_msg(path <= backward.hi - 1 + 1e-12, "%s k %d E %d: router %g above %g", router->name, k, E, path,
                      backward.hi - 1);
        if (router->over_chosen && k == 2 && n % 5 == 0)
            ck_assert(fabs(path - (backward.hi - 1)) < 1e-12);
        gain_context_free(&context);
        model_free(&model);
    }
    gsl_rng_free(rng);
}
END_TEST

Suite *gain_suite(void)
{
    Suite *suite = suite_create("gain");
    TCase *fast = tcase_create("fast");
    tcase_set_timeout(fast, 30);
    tcase_add_test(fast, attention_within_its_ceilings);
    tcase_add_test(fast, value_ceiling_is_attained);
    tcase_add_test(fast, general_ceilings_are_sharp);
    tcase_add_test(fast, gated_ffn);
    tcase_add_test(fast, gates_within_their_bounds);
    suite_add_tcase(suite, fast);
    return suite;
}
