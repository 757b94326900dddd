#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/claim.h"
#include "analysis/theory.h"
#include "tests/suites.h"

static const struct claim_options smoke = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = (size_t)1 << 30};

static int check_count(const struct claim *claim)
{
    int count = 0;
    while (count < CLAIM_CHECKS_MAX && claim->checks[count].statistic)
        count++;
    return count;
}

/* The table */

START_TEST(rows_are_complete_and_ids_unique)
{
    for (size_t i = 0; i < claim_count; i++) {
        const struct claim *claim = &claims[i];
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(claim->id, claims[j].id);
        ck_assert_msg(strlen(claim->statement) > 20 && strlen(claim->source) > 3, "%s", claim->id);
        ck_assert_msg(check_count(claim) > 0, "%s has no check", claim->id);
        for (int c = 0; c < check_count(claim); c++) {
            const struct claim_check *check = &claim->checks[c];
            ck_assert_msg(statistic_find(check->statistic) != NULL, "%s: %s", claim->id, check->statistic);
            ck_assert_msg(check->lower || check->upper, "%s: no bound", claim->id);
            ck_assert_msg(check->reason && strlen(check->reason) > 20, "%s: margin without a reason", claim->id);
        }
        for (int t = 0; t < CLAIM_TIERS; t++)
            ck_assert_msg(claim->plans[t].samples >= 2, "%s, %s", claim->id, claim_tier_names[t]);
    }
}
END_TEST

/* A row of the theory is that of the claim's own placement and observable. */
static void check_reference(const struct claim *claim, const struct claim_check *check, const char *text,
                            const struct model *model)
{
    if (!text || text[0] != '@')
        return;
    const struct theory_line *line = theory_find(text + 1);
    ck_assert_msg(line != NULL, "%s: no row %s", claim->id, text);
    ck_assert_str_eq(line->observable, check->observable);
    ck_assert_str_eq(line->placement, model->placement);
    ck_assert_msg(!statistic_find(check->statistic)->trend, "%s: a trend has no line", claim->id);
}

static void check_bounds_of(const struct claim *claim, const struct model *model)
{
    for (int c = 0; c < check_count(claim); c++) {
        const struct claim_check *check = &claim->checks[c];
        const struct statistic *statistic = statistic_find(check->statistic);
        check_reference(claim, check, check->lower, model);
        check_reference(claim, check, check->upper, model);
        int firsts[] = {statistic->least, model->layers};
        for (int i = 0; i < 2; i++) {
            struct error error = {0};
            double lower, upper, margin;
            int last = statistic->by_layer ? firsts[i] : model->layers;
            ck_assert_msg(claim_bounds(check, model, firsts[i], last, &lower, &upper, &margin, &error) == ERROR_NONE,
                          "%s: %s", claim->id, error.text);
            /* A statistic of one layer where it needs two has no bound; ranges of the table are longer. */
            if (!statistic->by_layer && i == 1)
                continue;
            ck_assert_msg(isfinite(lower) || !check->lower, "%s: lower %g", claim->id, lower);
            ck_assert_msg(isfinite(upper) || !check->upper, "%s: upper %g", claim->id, upper);
            ck_assert_msg(lower <= upper, "%s: [%g, %g]", claim->id, lower, upper);
            ck_assert_msg(isfinite(margin) && margin >= 0 && margin < 0.2, "%s: margin %g", claim->id, margin);
        }
    }
}

START_TEST(texts_parse_and_own_hypotheses_hold)
{
    for (size_t i = 0; i < claim_count; i++) {
        for (int t = 0; t < CLAIM_TIERS; t++) {
            struct claim_options options = smoke;
            options.tier = (enum claim_tier)t;
            ck_assert_int_ge(claim_configuration_count(&claims[i], options.tier), 1);
            for (int k = 0; k < claim_configuration_count(&claims[i], options.tier); k++) {
                struct error error = {0};
                struct model model;
                bool holds = false;
                char why[CLAIM_WHY_MAX] = "";
                ck_assert_msg(claim_model(&claims[i], &options, k, &model, &error) == ERROR_NONE, "%s: %s",
                              claims[i].id, error.text);
                ck_assert_msg(claim_hypotheses(&claims[i], &model, &holds, why, &error) == ERROR_NONE, "%s: %s",
                              claims[i].id, error.text);
                ck_assert_msg(holds, "%s: %s", claims[i].id, why);
                check_bounds_of(&claims[i], &model);
                model_free(&model);
            }
        }
    }
}
END_TEST

/* Bounds by hand from the rows of the theory: (1 + 1/32)^-32 in logarithms; 1 + 2l through increments; (3/4)^(L - l)
 * through factors. */
START_TEST(bounds_by_hand)
{
    struct error error = {0};
    struct model model;
    double lower, upper, margin;
    ck_assert_int_eq(claim_model(claim_find("span-isometry", &error), &smoke, 1, &model, &error), ERROR_NONE);
    ck_assert_int_eq(model.layers, 32);
    claim_bounds(&claim_find("span-isometry", &error)->checks[0], &model, 0, 32, &lower, &upper, &margin, &error);
    ck_assert_double_eq_tol(lower, -32 * log1p(1. / 32), 1e-12);
    ck_assert_double_eq_tol(upper, 1. / 64, 1e-15);
    ck_assert_double_eq_tol(margin, 10. / 64, 1e-15);
    claim_bounds(&claim_find("pre-variance", &error)->checks[0], &model, 7, 7, &lower, &upper, &margin, &error);
    ck_assert_double_eq_tol(lower, 1, 1e-12);
    ck_assert_double_eq_tol(upper, 2, 1e-12);
    claim_bounds(&claim_find("span-half-life", &error)->checks[0], &model, 1, 32, &lower, &upper, &margin, &error);
    ck_assert_double_eq_tol(lower, 0.75, 1e-12);
    ck_assert_double_eq(lower, upper);
    model_free(&model);
}
END_TEST

START_TEST(unknown_claims_are_named)
{
    struct error error = {0};
    ck_assert_ptr_null(claim_find("span-isometri", &error));
    ck_assert_ptr_nonnull(strstr(error.text, "did you mean 'span-isometry'"));
    ck_assert_ptr_null(claim_find("", &error));
}
END_TEST

/* Hypotheses */

static const struct {
    const char *claim, *name, *text;
    const char *broken; /* the hypothesis that fails, or NULL */
} hypotheses[] = {
    {"pre-variance", "placement", "postnorm", "placement=prenorm"},
    {"pre-variance", "init", "scaleinit", "init=unit"},
    {"pre-variance", "activation", "gelu", NULL},
    {"pre-variance", "width", "36", NULL},
    {"post-vanishing", "activation", "gelu", "activation=relu"},
    {"post-vanishing", "input-correlation", "0.5", "input-correlation>=0.9999999999"},
    {"post-vanishing", "input-correlation", "1", NULL},
    {"post-vanishing", "layers", "17", "layers<=16"},
    {"post-vanishing", "layers", "16", NULL},
    {"span-isometry", "init", "scaleinit:2", NULL},
    {"span-isometry", "init", "unit", "init=scaleinit"},
    {"span-isometry", "mask", "causal", "mask=none"},
    {"span-isometry", "input-scale", "0.02", "input-scale=1"},
    {"span-isometry", "input-scale", "1.000", NULL},
};

START_TEST(hypotheses_are_read_from_the_model)
{
    for (size_t i = 0; i < sizeof hypotheses / sizeof *hypotheses; i++) {
        struct error error = {0};
        struct claim_override override = {hypotheses[i].name, hypotheses[i].text};
        struct claim_options options = smoke;
        options.overrides = &override;
        options.override_count = 1;
        struct model model;
        bool holds = false;
        char why[CLAIM_WHY_MAX] = "";
        const struct claim *claim = claim_find(hypotheses[i].claim, &error);
        ck_assert_msg(claim_model(claim, &options, 0, &model, &error) == ERROR_NONE, "%s", error.text);
        ck_assert_int_eq(claim_hypotheses(claim, &model, &holds, why, &error), ERROR_NONE);
        ck_assert_msg(holds == (hypotheses[i].broken == NULL), "%s with %s=%s: %s", claim->id, override.name,
                      override.text, why);
        ck_assert_msg(holds || strstr(why, hypotheses[i].broken), "%s with %s=%s: %s", claim->id, override.name,
                      override.text, why);
        model_free(&model);
    }
}
END_TEST

/* A value of the initialisation's parameter counts where the hypothesis names one. */
START_TEST(hypotheses_may_name_a_parameter)
{
    struct error error = {0};
    struct claim claim = *claim_find("span-isometry", &error);
    struct claim_override override = {"init", "scaleinit:2"};
    struct claim_options options = smoke;
    options.overrides = &override;
    options.override_count = 1;
    struct model model;
    ck_assert_int_eq(claim_model(&claim, &options, 0, &model, &error), ERROR_NONE);
    const struct {
        const char *hypotheses;
        bool holds;
    } cases[] = {{"init=scaleinit", true}, {"init=scaleinit:2.0", true}, {"init=scaleinit:1", false}};
    for (int i = 0; i < 3; i++) {
        bool holds = false;
        char why[CLAIM_WHY_MAX];
        claim.hypotheses = cases[i].hypotheses;
        ck_assert_int_eq(claim_hypotheses(&claim, &model, &holds, why, &error), ERROR_NONE);
        ck_assert_msg(holds == cases[i].holds, "%s", cases[i].hypotheses);
    }
    model_free(&model);
}
END_TEST

START_TEST(broken_hypotheses_cost_no_samples)
{
    struct error error = {0};
    struct claim_override causal = {"mask", "causal"};
    struct claim_options options = smoke;
    options.overrides = &causal;
    options.override_count = 1;
    struct claim_result result;
    ck_assert_int_eq(claim_measure(claim_find("span-isometry", &error), &options, &result, &error), ERROR_NONE);
    ck_assert_uint_eq(result.count, 0);
    struct verdict_claim verdict = claim_evidence(&result);
    verdict_decide(&verdict, 1, 0.01);
    ck_assert_int_eq(verdict.verdict, VERDICT_NOT_APPLICABLE);
    ck_assert_ptr_nonnull(strstr(verdict.why, "mask=none"));
    claim_result_free(&result);
}
END_TEST

/* Measuring: a stack without weights, x = 2 x, has q_l = 4^l q_0 and g_(l-1) = 4 g_l in every sample. */

static const struct claim doubling = {
    .id = "doubling",
    .hypotheses = "tokens=3 layers>=2",
    .settings = "placement=x=2*x init=unit width=6 heads=1 tokens=3",
    .checks = {{"block-factor", "gradient_variance", "1", "L", "4", "4", "1e-9", "rounding"},
               {"log-ratio-trend", "activation_variance", "0", "L", "-100", NULL, "0", "none"}},
    .plans = {{"layers=2; layers=8", 5}},
};

static struct claim_result measure(const struct claim *claim, const struct claim_options *options)
{
    struct error error = {0};
    struct claim_result result;
    ck_assert_msg(claim_measure(claim, options, &result, &error) == ERROR_NONE, "%s", error.text);
    return result;
}

START_TEST(doubling_is_measured_exactly)
{
    struct claim_result result = measure(&doubling, &smoke);
    ck_assert_str_eq(result.not_applicable, "");
    ck_assert_uint_eq(result.count, 3); /* two depths and a trend */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(result.tests[i].n, 5);
        ck_assert_double_eq_tol(result.tests[i].mean, 4, 1e-13);
        ck_assert_double_le(result.tests[i].se, 1e-13);
    }
    /* log q_0/q_L = -L log 4 at L = 2 and 8: -6 log 4 over log 4. */
    ck_assert_double_eq_tol(result.tests[2].mean, -6, 1e-12);
    ck_assert(isinf(result.tests[2].upper));
    ck_assert_ptr_eq(result.checks[2], &doubling.checks[1]);
    struct verdict_claim verdict = claim_evidence(&result);
    verdict_decide(&verdict, 1, 0.01);
    ck_assert_int_eq(verdict.verdict, VERDICT_SUPPORTED);
    claim_result_free(&result);
}
END_TEST

START_TEST(equal_configurations_are_measured_once)
{
    struct claim_override depth = {"layers", "4"};
    struct claim_options options = smoke;
    options.overrides = &depth;
    options.override_count = 1;
    struct claim claim = doubling;
    struct claim_result result = measure(&claim, &options);
    ck_assert_ptr_nonnull(strstr(result.not_applicable, "several depths"));
    claim_result_free(&result);
    claim.checks[1].statistic = NULL;
    result = measure(&claim, &options);
    ck_assert_uint_eq(result.count, 1);
    ck_assert_str_eq(result.tests[0].label, "block-factor of layers=4");
    claim_result_free(&result);
}
END_TEST

START_TEST(numbers_do_not_depend_on_threads)
{
    struct error error = {0};
    struct claim_options one = smoke, two = smoke;
    one.threads = 1;
    one.samples = two.samples = 7;
    const struct claim *claim = claim_find("pre-variance", &error);
    struct claim_result a = measure(claim, &one), b = measure(claim, &two);
    ck_assert_uint_eq(a.count, b.count);
    for (size_t i = 0; i < a.count; i++) {
        ck_assert_int_eq(a.tests[i].n, 7);
        ck_assert(a.tests[i].mean == b.tests[i].mean && a.tests[i].se == b.tests[i].se);
    }
    claim_result_free(&a);
    claim_result_free(&b);
}
END_TEST

/* The physics */

static void check_verdict(const struct claim *claim, enum verdict expected)
{
    struct claim_result result = measure(claim, &smoke);
    struct verdict_claim verdict = claim_evidence(&result);
    verdict_decide(&verdict, 1, 0.01);
    ck_assert_msg(verdict.verdict == expected, "%s: %s where %s was expected: %s", claim->id,
                  verdict_names[verdict.verdict], verdict_names[expected], verdict.why);
    claim_result_free(&result);
}

START_TEST(every_claim_is_as_expected)
{
    check_verdict(&claims[_i], claims[_i].expected);
}
END_TEST

static const struct {
    const char *claim, *settings;
} broken[] = {
    {"post-vanishing", "placement=spannorm"}, {"span-half-life", "placement=postnorm"},
    {"span-isometry", "init=unit"},           {"span-isometry", "placement=prenorm"},
    {"pre-variance", "placement=postnorm"},   {"pre-variance", "init=scaleinit"},
    {"post-variance", "placement=prenorm"},   {"span-variance", "placement=prenorm"},
    {"pre-collapse", "placement=spannorm"},
};

/* Another formula or initialisation under a claim's name turns it red. */
START_TEST(broken_physics_is_contradicted)
{
    struct error error = {0};
    struct claim claim = *claim_find(broken[_i].claim, &error);
    char settings[256];
    snprintf(settings, sizeof settings, "%s %s", claim.settings, broken[_i].settings);
    claim.settings = settings;
    claim.hypotheses = "";
    check_verdict(&claim, VERDICT_CONTRADICTED);
}
END_TEST

/* The gain of w2 is off by sqrt(2), either way. */
START_TEST(wrong_gain_is_contradicted)
{
    const char *factors[] = {"sqrt(2)", "sqrt(1/2)"};
    for (int i = 0; i < 2; i++) {
        struct error error = {0};
        char path[] = "/tmp/spanscope-gain-XXXXXX", settings[256];
        int descriptor = mkstemp(path);
        ck_assert_int_ge(descriptor, 0);
        dprintf(descriptor,
                "wq = 1/sqrt(d); wk = wq; wv = wq; wo = wq; w1 = 1/sqrt(d); wg = w1; wr = w1\n"
                "w2 = %s/sqrt(F*phi2)\n",
                factors[i]);
        close(descriptor);
        struct claim claim = *claim_find("pre-variance", &error);
        snprintf(settings, sizeof settings, "%s init=%s", claim.settings, path);
        claim.settings = settings;
        claim.hypotheses = "";
        check_verdict(&claim, VERDICT_CONTRADICTED);
        unlink(path);
    }
}
END_TEST

Suite *claim_suite(void)
{
    Suite *suite = suite_create("claim");
    TCase *table = tcase_create("table"), *rules = tcase_create("rules"), *physics = tcase_create("physics");
    tcase_add_test(table, rows_are_complete_and_ids_unique);
    tcase_add_test(table, texts_parse_and_own_hypotheses_hold);
    tcase_add_test(table, bounds_by_hand);
    tcase_add_test(table, unknown_claims_are_named);
    tcase_add_test(rules, hypotheses_are_read_from_the_model);
    tcase_add_test(rules, hypotheses_may_name_a_parameter);
    tcase_add_test(rules, broken_hypotheses_cost_no_samples);
    tcase_add_test(rules, doubling_is_measured_exactly);
    tcase_add_test(rules, equal_configurations_are_measured_once);
    tcase_add_test(rules, numbers_do_not_depend_on_threads);
    tcase_add_loop_test(physics, every_claim_is_as_expected, 0, (int)claim_count);
    tcase_add_loop_test(physics, broken_physics_is_contradicted, 0, sizeof broken / sizeof *broken);
    tcase_add_test(physics, wrong_gain_is_contradicted);
    tcase_set_tags(physics, "slow");
    tcase_set_timeout(table, 60);
    tcase_set_timeout(rules, 60);
    tcase_set_timeout(physics, 300);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, rules);
    suite_add_tcase(suite, physics);
    return suite;
}
