#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/limit/loss.h"
#include "sim/setting.h"
#include "tests/support.h"

/* Few features and tokens, a vocabulary that is small enough for p to be far from even. */
enum { T = 3, K = 4 };

static void make(struct model *model, const char *text)
{
    support_model(model, "tokens=3 width=42 cotangent=cross-entropy");
    struct error error = {0};
    ck_assert_int_eq(setting_apply_all(model, text, &error), ERROR_NONE);
}

static const struct {
    const char *text;
    double square, cosine;
} pairs[] = {
    {"vocabulary=40", 1, 0.4},
    {"vocabulary=40 zipf=1.5", 2.5, 0.8},
    {"vocabulary=3 zipf=0.4", 0.02, 1},
};

/* The closed form is the mean of draws. A token's Gram varies by 1 or less, with 8000 draws by 0.011; 5.5 of what the
 * draws themselves show. */
START_TEST(closed_form_is_the_mean_of_draws)
{
    enum { N = 8000 };
    struct model model;
    struct pool pool = {0};
    double q = pairs[_i].square, r = pairs[_i].cosine, pair[2] = {q * (1 - r), q * r}, closed[2];
    double x[T * K] = {0}, gram[T * T], own = 0, own_square = 0, both = 0, both_square = 0;
    make(&model, pairs[_i].text);
    for (int t = 0; t < T; t++) {
        x[t * K] = sqrt(pair[1]);
        x[t * K + 1 + t] = sqrt(pair[0]);
    }
    struct signal signal = {K, x};
    ck_assert(loss_closed(&model, true, pair, closed, &pool));
    for (uint64_t n = 0; n < N; n++) {
        loss_draw(&model, &signal, 7, n, gram, NULL, &pool);
        own += gram[0] / N, own_square += gram[0] * gram[0] / N;
        both += gram[1] / N, both_square += gram[1] * gram[1] / N;
    }
    ck_assert_double_eq_tol(own, closed[0] + closed[1], 5.5 * sqrt((own_square - own * own) / N));
    ck_assert_double_eq_tol(both, closed[1], 5.5 * sqrt((both_square - both * both) / N));
    pool_free(&pool);
    model_free(&model);
}
END_TEST

/* Of a large vocabulary p_v = exp(z_v - q/2)/V, so that V times what tokens share is exp(q r) - 1, to order 1/V. Quadrature
 * leaves 1e-6 of E p p'. */
START_TEST(large_vocabularies_have_a_limit)
{
    struct model model;
    struct pool pool = {0};
    double q = 0.8, r = 0.6, pair[2] = {q * (1 - r), q * r}, g[2], V = 20000;
    make(&model, "vocabulary=20000");
    ck_assert(loss_closed(&model, true, pair, g, &pool));
    double scale = 42. * T * T;
    ck_assert_double_eq_tol(g[1] * scale * V, exp(q * r) - 1, 20 / V);
    ck_assert_double_eq_tol((g[0] + g[1]) * scale, 1 + (exp(q) - 2) / V, 20 / (V * V));
    pool_free(&pool);
    model_free(&model);
}
END_TEST

/* Logits beyond the quadrature, |c| that varies, and tokens that have much of their outputs in common. */
START_TEST(what_has_no_closed_form_is_said)
{
    static const struct {
        const char *text;
        double square, cosine;
        bool limit, width;
    } rows[] = {
        {"vocabulary=300", 1, 0.1, true, true},
        {"vocabulary=300", 16.1, 0.1, false, false},
        {"vocabulary=4", 1, 0.1, false, false},
        {"vocabulary=300 width=15", 1, 0.9, true, false},
    };
    struct pool pool = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct model model;
        double q = rows[i].square, r = rows[i].cosine, pair[2] = {q * (1 - r), q * r}, g[2] = {NAN, NAN};
        make(&model, rows[i].text);
        ck_assert_int_eq(loss_closed(&model, true, pair, g, &pool), rows[i].limit);
        ck_assert_int_eq(loss_closed(&model, false, pair, g, &pool), rows[i].width);
        ck_assert(isfinite(g[0]) && isfinite(g[1])); // which is sent back all the same, until draws take its place
        model_free(&model);
    }
    pool_free(&pool);
}
END_TEST

Suite *loss_suite(void)
{
    Suite *suite = suite_create("loss");
    TCase *tests = tcase_create("loss");
    tcase_add_loop_test(tests, closed_form_is_the_mean_of_draws, 0, sizeof pairs / sizeof *pairs);
    tcase_add_test(tests, large_vocabularies_have_a_limit);
    tcase_add_test(tests, what_has_no_closed_form_is_said);
    suite_add_tcase(suite, tests);
    return suite;
}
