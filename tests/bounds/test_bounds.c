/* Bounds where they are known by other means: by hand, in closed form, of one meaning in two texts. */
#include "analysis/bounds/bounds.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/norm.h"
#include "sim/setting.h"
#include "tests/derived.h"
#include "tests/support.h"
#include <check.h>

enum { TEXT_MAX = 512 };

static void derive(struct derived *derived, const char *text, bool skips_only)
{
    derived_make(derived, text, NULL, skips_only);
}

static double floor_log(const struct derived *derived, int layer, const char *column)
{
    return wide_log(derived->bounds.lo[derived_cell(derived, layer, column)]);
}

static double ceiling_log(const struct derived *derived, int layer, const char *column)
{
    return wide_log(derived->bounds.hi[derived_cell(derived, layer, column)]);
}

static void check_close(double value, double expected, double tolerance, const char *what, int layer)
{
    ck_assert(isfinite(value) && isfinite(expected));
    ck_assert_msg(fabs(value - expected) <= tolerance, "%s at layer %d: %.17g, expected %.17g", what, layer, value,
                  expected);
}

/* ---- section 4 ---- */

static double normed(double q)
{
    return q / (q + NORM_EPSILON);
}

/* One block of a placement with ReLU and branches of gain f, alpha by hand: takes [lo, hi], the diagonal's interval, to
 * the block's output and returns the floor of its skips. With eps as in the code: the limit's formulas are without. */
typedef double by_hand(double f, double alpha, double *lo, double *hi);

static double prenorm(double f, double alpha, double *lo, double *hi)
{
    *hi += alpha * normed(*hi);
    *lo += f * normed(*lo);
    *hi += f * normed(*hi);
    return 1;
}

static double postnorm(double f, double alpha, double *lo, double *hi)
{
    double after_attn = *hi * (1 + alpha) + NORM_EPSILON;
    double y_lo = normed(*lo), y_hi = normed(*hi * (1 + alpha)), after_ffn = y_hi * (1 + f) + NORM_EPSILON;
    *lo = normed(y_lo * (1 + f)), *hi = normed(y_hi * (1 + f));
    return 1 / (after_attn * after_ffn);
}

static double spannorm(double f, double alpha, double *lo, double *hi)
{
    double y_lo = normed(*lo), y_hi = normed(*hi * (1 + alpha)), sum_lo = *lo + f * y_lo, sum_hi = *hi + f * y_hi;
    *lo = normed(sum_lo), *hi = normed(sum_hi);
    return 1 / (sum_hi + NORM_EPSILON);
}

/* Rounding: a few hundred operations, each 2e-16, and the quadrature of ReLU's gain, 1e-13 relative at worst: 1e-12. */
static void check_by_hand(const char *placement, by_hand *block, const char *init, int layers, double f, double alpha)
{
    struct derived derived;
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "placement=%s init=%s layers=%d", placement, init, layers);
    derive(&derived, text, true);
    double lo = 1, hi = 1, floors[layers + 1];
    for (int l = 1; l <= layers; l++) {
        floors[l] = log(block(f, alpha, &lo, &hi));
        check_close(derived.bounds.lo[derived_cell(&derived, l, "activation_variance")].mantissa, lo, 1e-12 * lo,
                    placement, l);
        check_close(derived.bounds.hi[derived_cell(&derived, l, "activation_variance")].mantissa, hi, 1e-12 * hi,
                    placement, l);
    }
    double sum = 0;
    for (int l = layers; l >= 0; l--) {
        check_close(floor_log(&derived, l, "gradient_variance"), sum, 1e-12 * (1 + fabs(sum)), placement, l);
        if (l > 0)
            sum += floors[l];
    }
    derived_free(&derived);
}

START_TEST(section_4_is_a_special_case)
{
    static const struct {
        const char *name;
        by_hand *block;
    } rows[] = {{"prenorm", prenorm}, {"postnorm", postnorm}, {"spannorm", spannorm}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_by_hand(rows[i].name, rows[i].block, "unit", 24, 1, 1);
        check_by_hand(rows[i].name, rows[i].block, "scaleinit:1.3", 17, 1.69 / 17, 1.69 / 17);
    }
}
END_TEST

/* norm(x) alone leaves nothing open: floor and ceiling are e^2 / (e^2 + eps), the gradient's 1 / (e^2 + eps). */
START_TEST(eps_is_under_the_root)
{
    struct derived derived;
    derive(&derived, "placement=x=norm(x) layers=1 input-scale=0.5 eps=0.37", false);
    ck_assert_double_eq_tol(exp(floor_log(&derived, 1, "activation_variance")), 0.25 / 0.62, 1e-14);
    ck_assert_double_eq_tol(exp(ceiling_log(&derived, 1, "activation_variance")), 0.25 / 0.62, 1e-14);
    ck_assert_double_eq_tol(exp(floor_log(&derived, 0, "gradient_variance")), 1 / 0.62, 1e-14);
    ck_assert_double_eq_tol(exp(ceiling_log(&derived, 0, "gradient_variance")), 1 / 0.62, 1e-14);
    derived_free(&derived);
}
END_TEST

/* The formulas as they stand in the text. eps = 1e-6 enters each norm once: 2 L norms shift a logarithm by 2e-6 L. */
START_TEST(floors_of_the_text)
{
    static const struct {
        const char *text;
        bool skips_only;
        double per_block; /* logarithm */
    } rows[] = {
        {"placement=prenorm init=unit", true, 0},
        {"placement=postnorm init=unit", true, -2 * M_LN2},
        {"placement=spannorm init=unit", true, -M_LN2},
        {"placement=b2t init=unit", true, 0}, // set below
        /* Equal tokens: (1 + f')/((1 + alpha)(1 + f)) = 1/2, and (1 + f'/(1 + alpha))/(1 + f) = 3/4. */
        {"placement=postnorm input-correlation=1 init=unit", false, -M_LN2},
        {"placement=spannorm input-correlation=1 init=unit", false, -0.287682072451780927},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct derived derived;
        char text[TEXT_MAX];
        snprintf(text, sizeof text, "%s layers=20", rows[i].text);
        derive(&derived, text, rows[i].skips_only);
        /* b2t: skips s2 (1 + s1), s1^2 >= 1/2; the sum's square at most 2 + 2 s1 + f <= 5 with s1 <= 1. */
        double per_block = strstr(text, "b2t") ? log(pow(1 + M_SQRT1_2, 2) / 5) : rows[i].per_block;
        check_close(floor_log(&derived, 0, "gradient_variance"), 20 * per_block, 4e-6 * 20, text, 0);
        derived_free(&derived);
    }
}
END_TEST

/* SpanNorm with ScaleInit: floor (1 + c^2/L)^-L >= exp(-c^2) at every depth. With the branches' own gains both bounds
 * close on 1 like 1/L (ReLU: f' = f). */
START_TEST(isometry_of_span_norm)
{
    static const int depths[] = {8, 64, 1024};
    double last = INFINITY;
    for (size_t i = 0; i < 3; i++) {
        struct derived derived;
        char text[TEXT_MAX];
        int L = depths[i];
        snprintf(text, sizeof text, "placement=spannorm init=scaleinit:1.2 layers=%d", L);
        derive(&derived, text, true);
        check_close(floor_log(&derived, 0, "gradient_variance"), -L * log1p(1.44 / L), 4e-6 * L, text, 0);
        ck_assert(floor_log(&derived, 0, "gradient_variance") > -1.44 - 4e-6 * L);
        derived_free(&derived);
        derive(&derived, text, false);
        double lo = floor_log(&derived, 0, "gradient_variance"), hi = ceiling_log(&derived, 0, "gradient_variance");
        ck_assert(lo <= 4e-6 * L && hi >= -4e-6 * L);
        ck_assert_msg(hi - lo < 0.2 * last, "L = %d: [%g, %g]", L, lo, hi); // L grows 8- and 16-fold
        ck_assert(isfinite(hi - lo));
        last = hi - lo;
        derived_free(&derived);
    }
}
END_TEST

/* Gradients leave the range of double after about 500 blocks of PostNorm. */
START_TEST(no_depth_is_too_great)
{
    struct derived derived;
    derive(&derived, "placement=postnorm init=unit layers=5000", true);
    check_close(floor_log(&derived, 0, "gradient_variance"), -10000 * M_LN2, 4e-6 * 5000, "postnorm", 0);
    ck_assert(ceiling_log(&derived, 0, "gradient_variance") > 1000 &&
              isfinite(ceiling_log(&derived, 0, "gradient_variance")));
    derived_free(&derived);
}
END_TEST

/* ---- rewriting ---- */

/* One meaning, two texts: the same bounds, up to rounding. The first pair loses its meaning where two skips from one
 * source are added as if they were independent. */
START_TEST(a_formula_and_its_rewriting)
{
    static const char *const pairs[][2] = {
        {"x=norm(x+x+ffn(x))", "x=norm(2*x+ffn(x))"},
        {"y=attn(x);x=norm(x+y+y-3*y)", "x=norm(x-attn(x))"},
        {"y=x;z=norm(x);x=y+ffn(z)+attn(z)", "x=x+ffn(norm(x))+attn(norm(x))"},
        {"y=x-x;x=norm(y+x+moe(x))", "x=norm(x+moe(x))"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct derived a, b;
        char text[TEXT_MAX];
        snprintf(text, sizeof text, "placement=%s mask=causal layers=4", pairs[i][0]);
        derive(&a, text, false);
        snprintf(text, sizeof text, "placement=%s mask=causal layers=4", pairs[i][1]);
        derive(&b, text, false);
        static const char *const columns[] = {"activation_variance", "gradient_variance", "token_cosine"};
        for (int l = 0; l <= 4; l++) {
            for (size_t c = 0; c < 3; c++) {
                double lo = wide_value(a.bounds.lo[derived_cell(&a, l, columns[c])]);
                double hi = wide_value(a.bounds.hi[derived_cell(&a, l, columns[c])]);
                check_close(wide_value(b.bounds.lo[derived_cell(&b, l, columns[c])]), lo, 1e-11 * fabs(lo) + 1e-15,
                            columns[c], l);
                check_close(wide_value(b.bounds.hi[derived_cell(&b, l, columns[c])]), hi, 1e-11 * fabs(hi), columns[c],
                            l);
            }
        }
        derived_free(&a);
        derived_free(&b);
    }
}
END_TEST

/* x = c x: everything is known, so floor and ceiling meet; the coefficients' signs and squares come through. */
START_TEST(skips_alone_are_exact)
{
    struct derived derived;
    derive(&derived, "placement=y=-2*x;x=x+y+0.25*y layers=3 input-scale=1.7", false);
    for (int l = 0; l <= 3; l++) {
        double q = 2.89 * pow(1.5, 2 * l), g = pow(1.5, 2 * (3 - l));
        check_close(wide_value(derived.bounds.lo[derived_cell(&derived, l, "activation_variance")]), q, 1e-13 * q,
                    "q lo", l);
        check_close(wide_value(derived.bounds.hi[derived_cell(&derived, l, "activation_variance")]), q, 1e-13 * q,
                    "q hi", l);
        check_close(wide_value(derived.bounds.lo[derived_cell(&derived, l, "gradient_variance")]), g, 1e-13 * g, "g lo",
                    l);
        check_close(wide_value(derived.bounds.hi[derived_cell(&derived, l, "gradient_variance")]), g, 1e-13 * g, "g hi",
                    l);
        if (l > 0)
            check_close(wide_value(derived.bounds.hi[derived_cell(&derived, l, "layer_cosine")]), -1, 1e-13, "cosine",
                        l);
    }
    derived_free(&derived);
}
END_TEST

/* One attention on uncorrelated tokens of second moment q, T = 3: the ceiling is N_1 + 2/3 + 2 kappa q^2 N_1 (1 - N_1),
 * N_1 the mean of sum A^2 over softmaxes of three normals of variance kappa q^2. Drawn, N_1 errs by 2e-4 (one standard
 * error); the table that the bound takes it from goes by 1.1 % of sigma, up to 2.2 % of N_1 - 1/3. */
START_TEST(ceiling_of_one_attention)
{
    enum { DRAWS = 400000 };
    struct derived derived;
    double q = 0.9 * 0.9, kappa = 1, square = 0;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (int n = 0; n < DRAWS; n++) {
        double e[3], sum = 0, squares = 0;
        for (int j = 0; j < 3; j++) {
            e[j] = exp(gsl_ran_gaussian(rng, sqrt(kappa) * q));
            sum += e[j];
            squares += e[j] * e[j];
        }
        square += squares / (sum * sum) / DRAWS;
    }
    gsl_rng_free(rng);
    derive(&derived, "placement=x=attn(x) layers=1 tokens=3 input-scale=0.9", false);
    double expected = square + 2. / 3 + 2 * kappa * q * q * square * (1 - square);
    double ceiling = wide_value(derived.bounds.hi[derived_cell(&derived, 0, "gradient_variance")]);
    ck_assert(isfinite(ceiling) && expected > 1.2);
    ck_assert_msg(ceiling > expected - 5e-3 && ceiling < expected + 5e-3 + 0.03 * (square - 1. / 3), "%g, expected %g",
                  ceiling, expected);
    derived_free(&derived);
}
END_TEST

/* Tokens alike: a Gram is two numbers, which a prediction knows exactly and the bounds enclose. That enclosures do not
 * grow from block to block is what pieces are for: the widest seen in the token cosine is 0.10 (SwiGLU), 0.15 is
 * allowed, and a single piece has 0.17. Of a PostNorm of 128 blocks of unit gain, whose gradient tends to about 1/T,
 * the ceiling is below 100 (2^128 and more where what goes in and what comes back may be of different tokens). */
START_TEST(tokens_alike_are_followed)
{
    static const char *const rows[] = {"postnorm activation=relu", "spannorm activation=gelu", "b2t activation=tanh",
                                       "prenorm activation=silu", "postnorm activation=swiglu"};
    struct derived derived;
    char text[TEXT_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(text, sizeof text, "placement=%s init=unit layers=24 tokens=8", rows[i]);
        derive(&derived, text, false);
        for (int l = 1; l <= 24; l++) {
            size_t c = derived_cell(&derived, l, "token_cosine");
            double lo = wide_value(derived.bounds.lo[c]), hi = wide_value(derived.bounds.hi[c]);
            ck_assert(isfinite(lo) && isfinite(hi));
            ck_assert_msg(hi >= lo && hi - lo < 0.15, "%s, layer %d: [%g, %g]", text, l, lo, hi);
        }
        derived_free(&derived);
    }
    derive(&derived, "placement=postnorm init=unit layers=128 tokens=16", false);
    ck_assert(ceiling_log(&derived, 0, "gradient_variance") < log(100));
    derived_free(&derived);
}
END_TEST

/* What has no bound is said: fourth moments of products of products, matrices that blocks share. */
START_TEST(refused_in_words)
{
    static const char *const rows[][2] = {
        {"x=norm(x+0.3*x*x)", "product of signals that depend on each other"},
        {"shared wz\nx=norm(x+wz(x))", "a matrix that blocks share (wz)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model model;
        struct bounds bounds;
        struct error error = {0};
        support_model(&model, "layers=4");
        ck_assert_int_eq(setting_apply(&model, "placement", rows[i][0], &error), ERROR_NONE);
        ck_assert_int_eq(bounds_derive(&model, &(struct bounds_options){0}, &bounds, &error), ERROR_INPUT);
        ck_assert_msg(strstr(error.text, rows[i][1]), "%s", error.text);
        model_free(&model);
    }
    struct model model;
    struct bounds bounds;
    struct error error = {0};
    support_model(&model, "cotangent=cross-entropy");
    ck_assert_int_eq(bounds_derive(&model, &(struct bounds_options){0}, &bounds, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "the cross-entropy cotangent depends on the output"), "%s", error.text);
    model_free(&model);
}
END_TEST

Suite *bounds_suite(void)
{
    Suite *suite = suite_create("bounds");
    TCase *fast = tcase_create("bounds"), *slow = tcase_create("tight");
    tcase_add_test(fast, section_4_is_a_special_case);
    tcase_add_test(fast, eps_is_under_the_root);
    tcase_add_test(fast, floors_of_the_text);
    tcase_add_test(fast, no_depth_is_too_great);
    tcase_add_test(fast, a_formula_and_its_rewriting);
    tcase_add_test(fast, skips_alone_are_exact);
    tcase_add_test(fast, refused_in_words);
    tcase_set_timeout(slow, 300);
    tcase_set_tags(slow, "slow");
    tcase_add_test(slow, isometry_of_span_norm);
    tcase_add_test(slow, ceiling_of_one_attention);
    tcase_add_test(slow, tokens_alike_are_followed);
    suite_add_tcase(suite, fast);
    suite_add_tcase(suite, slow);
    return suite;
}
