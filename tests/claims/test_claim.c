#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/claims/contrast.h"
#include "sim/estimate.h"
#include "analysis/bounds/hypothesis.h"
#include "analysis/claims/statistic.h"
#include "analysis/bounds/theory.h"
#include "analysis/claims/trial.h"
#include "sim/sampler.h"
#include "sim/text.h"
#include <check.h>

static const struct trial_options smoke = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = (size_t)1 << 30};

/* The table */

static void check_row(const struct claim *claim, const struct claim_check *check)
{
    ck_assert_msg(statistic_find(check->statistic) != NULL, "%s: %s", claim->id, check->statistic);
    ck_assert_msg(check->lower || check->upper, "%s: no bound", claim->id);
    ck_assert_msg(check->reason && strlen(check->reason) > 10, "%s: margin without a reason", claim->id);
    ck_assert_msg(!check->contrast || contrast_find(check->contrast), "%s: %s", claim->id, check->contrast);
    ck_assert_msg(check->contrast || !check->against, "%s: against without a contrast", claim->id);
    const char *const bounds[] = {check->lower, check->upper};
    for (int i = 0; i < 2; i++) {
        if (!bounds[i] || bounds[i][0] != '@' || strcmp(bounds[i], "@predicted") == 0)
            continue;
        const struct theory_line *line = theory_find(bounds[i] + 1);
        ck_assert_msg(line != NULL, "%s: no row %s", claim->id, bounds[i]);
        ck_assert_str_eq(line->observable, check->observable);
    }
}

START_TEST(rows_are_complete_and_ids_unique)
{
    for (size_t i = 0; i < claim_count(); i++) {
        const struct claim *claim = claim_at(i);
        for (size_t j = 0; j < i; j++)
            ck_assert_str_ne(claim->id, claim_at(j)->id);
        ck_assert_msg(strlen(claim->statement) > 20 && strlen(claim->source) > 3, "%s", claim->id);
        ck_assert_msg((claim_check_count(claim) == 0) == (claim->beyond != NULL), "%s", claim->id);
        ck_assert_msg((claim->expected == VERDICT_NOT_APPLICABLE) == (claim->beyond != NULL), "%s", claim->id);
        for (int c = 0; c < claim_check_count(claim); c++)
            check_row(claim, &claim->checks[c]);
        for (int t = 0; !claim->beyond && t < CLAIM_TIERS; t++)
            ck_assert_msg(claim->plans[t].samples >= 2, "%s, %s", claim->id, claim_tier_names[t]);
    }
    ck_assert_ptr_null(claim_at(claim_count()));
}
END_TEST

/* Every text of every tier parses and every configuration meets its own hypotheses: nothing is NOT APPLICABLE but what
 * is beyond. Nothing is sampled. */
START_TEST(texts_parse_and_own_hypotheses_hold)
{
    for (size_t i = 0; i < claim_count(); i++) {
        for (int t = 0; t < CLAIM_TIERS; t++) {
            struct trial_options options = smoke;
            options.tier = (enum claim_tier)t;
            struct error error = {0};
            struct trial trial;
            ck_assert_msg(trial_init(&trial, claim_at(i), &options, &error) == ERROR_NONE, "%s: %s", claim_at(i)->id,
                          error.text);
            ck_assert_msg((trial.not_applicable[0] != '\0') == (claim_at(i)->beyond != NULL), "%s, %s: %s",
                          claim_at(i)->id, claim_tier_names[t], trial.not_applicable);
            ck_assert_int_eq(trial.count, claim_configuration_count(claim_at(i), options.tier));
            trial_free(&trial);
        }
    }
}
END_TEST

/* The account of the papers' statements names every claim. */
START_TEST(claims_are_accounted_for)
{
    char *account, name[64];
    size_t length;
    struct error error = {0};
    ck_assert_int_eq(text_read("paper-repro/REPRODUCING.md", 1 << 20, &account, &length, &error), ERROR_NONE);
    ck_assert_uint_lt(length, 1 << 20);
    account[length] = '\0';
    for (size_t i = 0; i < claim_count(); i++) {
        const struct claim *claim = claim_at(i);
        snprintf(name, sizeof name,
                 claim->expected == VERDICT_CONTRADICTED     ? "`%s` C"
                 : claim->expected == VERDICT_NOT_APPLICABLE ? "`%s` N"
                                                             : "`%s`",
                 claim->id);
        ck_assert_msg(strstr(account, name) != NULL, "%s is missing", name);
    }
    free(account);
}
END_TEST

START_TEST(plans_expand_in_order)
{
    static const struct claim claim = {.plans = {{{"a=1|22 b=x  c=3|'4 4'|5", "d=6"}, 2}}};
    static const char *const wanted[] = {"a=1 b=x c=3",      "a=1 b=x c='4 4'", "a=1 b=x c=5", "a=22 b=x c=3",
                                         "a=22 b=x c='4 4'", "a=22 b=x c=5",    "d=6"};
    ck_assert_int_eq(claim_configuration_count(&claim, CLAIM_SMOKE), 7);
    for (int i = 0; i < 7; i++) {
        char text[CLAIM_TEXT_MAX];
        claim_configuration(&claim, CLAIM_SMOKE, i, text);
        ck_assert_str_eq(text, wanted[i]);
    }
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
        struct model model;
        bool holds = false;
        char failed[HYPOTHESIS_WORD_MAX] = "";
        const struct claim *claim = claim_find(hypotheses[i].claim, &error);
        ck_assert_msg(claim_model(claim, CLAIM_SMOKE, 0, &override, 1, &model, &error) == ERROR_NONE, "%s", error.text);
        ck_assert_int_eq(hypothesis_holds(claim->hypotheses, &model, &holds, failed, &error), ERROR_NONE);
        ck_assert_msg(holds == (hypotheses[i].broken == NULL), "%s with %s=%s: %s", claim->id, override.name,
                      override.text, failed);
        ck_assert_msg(holds || strstr(failed, hypotheses[i].broken), "%s with %s=%s: %s", claim->id, override.name,
                      override.text, failed);
        model_free(&model);
    }
}
END_TEST

START_TEST(broken_hypotheses_cost_no_samples)
{
    struct error error = {0};
    struct claim_override causal = {"mask", "causal"};
    struct trial_options options = smoke;
    options.overrides = &causal;
    options.override_count = 1;
    struct trial trial;
    struct verdict_claim verdict;
    ck_assert_int_eq(trial_init(&trial, claim_find("span-isometry", &error), &options, &error), ERROR_NONE);
    ck_assert_int_eq(trial_decide(&trial, 0.01, &verdict, &error), ERROR_NONE);
    ck_assert_int_eq(trial.samples, 0);
    ck_assert_int_eq(verdict.verdict, VERDICT_NOT_APPLICABLE);
    ck_assert_ptr_nonnull(strstr(verdict.why, "mask=none"));
    trial_free(&trial);
}
END_TEST

/* Measuring: a stack without weights, x = 2 x, has q_l = 4^l q_0 and g_(l-1) = 4 g_l in every sample. */

static const struct claim doubling = {
    .id = "doubling",
    .hypotheses = "tokens=3 layers>=2",
    .settings = "placement=x=2*x init=unit width=6 heads=1 tokens=3",
    .checks = {CLAIM_TEST("block-factor", "gradient_variance", "1", "L", "4", "4", "1e-9", "rounding"),
               CLAIM_TEST("log-ratio", "activation_variance", "0", "L", "-100", NULL, "0", "none", .contrast = "slope",
                          .against = "L"),
               CLAIM_TEST("value", "norms", "1", "L", "0", "0", "0.5", "counted", .where = "layers<=2")},
    .plans = {{{"layers=2|8"}, 5}},
};

static struct verdict_claim measure(struct trial *trial, const struct claim *claim, const struct trial_options *options)
{
    struct error error = {0};
    struct verdict_claim verdict;
    ck_assert_msg(trial_init(trial, claim, options, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(trial_decide(trial, 0.01, &verdict, &error) == ERROR_NONE, "%s", error.text);
    return verdict;
}

START_TEST(doubling_is_measured_exactly)
{
    struct trial trial;
    struct verdict_claim verdict = measure(&trial, &doubling, &smoke);
    ck_assert_int_eq(verdict.verdict, VERDICT_SUPPORTED);
    ck_assert_uint_eq(verdict.count, 5); /* two depths, a slope, two blocks of the shallower */
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(verdict.tests[i].n, 5);
        ck_assert_double_eq_tol(verdict.tests[i].mean, 4, 1e-13);
        ck_assert_double_le(verdict.tests[i].se, 1e-13);
    }
    /* log q_0/q_L = -L log 4 at L = 2 and 8: -6 log 4 over log 4. */
    ck_assert_double_eq_tol(verdict.tests[2].mean, -6, 1e-12);
    ck_assert(isinf(verdict.tests[2].upper));
    ck_assert_ptr_eq(trial.checks[2], &doubling.checks[1]);
    ck_assert(verdict.tests[3].exact && verdict.tests[3].mean == 0);
    trial_free(&trial);
}
END_TEST

/* Products, quotients and medians of columns: tokens scaled by nothing keep q_t = x_t^2; T = 3, so the median is one of
 * them and the mean of token1, 2, 3 is the variance. Logs of a quotient with itself vanish. */
START_TEST(columns_are_combined)
{
    static const struct claim claim = {
        .id = "columns",
        .settings = "placement=x=2*x init=unit width=6 heads=1 tokens=3 layers=2",
        .checks = {CLAIM_TEST("log-ratio", "gradient_variance*activation_variance", "0", "2", "0", "0", "1e-9",
                              "rounding"),
                   CLAIM_TEST("log-value", "activation_variance.token2/activation_variance.token2", "1", "1", "0", "0",
                              "1e-9", "rounding"),
                   CLAIM_TEST("value", "activation_variance.median/activation_variance", "1", "1", "0.5", "1", "0",
                              "the median of three chi-squared of 6 over their mean"),
                   CLAIM_TEST("log-ratio", "activation_variance.median", "0", "1", "-2*0.693147180559945",
                              "-2*0.693147180559945", "1e-9", "rounding")},
        .plans = {{{"init=unit"}, 400}},
    };
    struct trial trial;
    struct verdict_claim verdict = measure(&trial, &claim, &smoke);
    ck_assert_msg(verdict.verdict == VERDICT_SUPPORTED, "%s", verdict.why);
    trial_free(&trial);
}
END_TEST

START_TEST(equal_configurations_are_measured_once)
{
    struct claim_override depth = {"layers", "4"};
    struct trial_options options = smoke;
    options.overrides = &depth;
    options.override_count = 1;
    struct claim claim = doubling;
    struct trial trial;
    struct verdict_claim verdict = measure(&trial, &claim, &options);
    ck_assert_int_eq(verdict.verdict, VERDICT_NOT_APPLICABLE);
    ck_assert_msg(strstr(verdict.why, "different L") != NULL, "%s", verdict.why);
    trial_free(&trial);
    claim.checks[1].statistic = NULL;
    verdict = measure(&trial, &claim, &options);
    ck_assert_uint_eq(verdict.count, 1);
    ck_assert_str_eq(verdict.tests[0].label, "block-factor of gradient_variance of layers=4");
    trial_free(&trial);
}
END_TEST

/* Also the looks: the first that decides is the last. */
START_TEST(numbers_do_not_depend_on_threads)
{
    struct error error = {0};
    struct trial_options one = smoke, two = smoke;
    one.threads = 1;
    one.samples = two.samples = 150;
    const struct claim *claim = claim_find("pre-variance", &error);
    struct trial a, b;
    struct verdict_claim of_one = measure(&a, claim, &one), of_two = measure(&b, claim, &two);
    ck_assert_uint_eq(of_one.count, of_two.count);
    ck_assert_int_eq(a.samples, b.samples);
    for (size_t i = 0; i < of_one.count; i++) {
        ck_assert_int_eq(of_one.tests[i].n, a.samples);
        ck_assert(of_one.tests[i].mean == of_two.tests[i].mean && of_one.tests[i].se == of_two.tests[i].se);
    }
    trial_free(&a);
    trial_free(&b);
}
END_TEST

static void add_first(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    estimate_add(context, values[0]);
}

/* What is drawn look by look is what one look of as many samples draws. The expectation of q_0 is 1, the edge itself:
 * no number of samples decides (each way wrong with probability 1 %; the seed is fixed). */
static const struct claim undecided = {
    .id = "undecided",
    .settings = "placement=x=norm(x) init=unit width=8 heads=1 tokens=3 layers=1",
    .checks = {CLAIM_TEST("value", "activation_variance", "0", "0", NULL, "1", "0", "the edge itself"),
               CLAIM_TEST("value", "activation_variance", "0", "0", NULL, "1", "0", "as batches", .variance = true)},
    .plans = {{{"norm=rmsnorm"}, 128}, {{"norm=rmsnorm"}, 31}},
};

START_TEST(looks_continue_the_samples)
{
    struct trial trial;
    struct error error = {0};
    struct verdict_claim verdict = measure(&trial, &undecided, &smoke);
    ck_assert_msg(verdict.verdict == VERDICT_INCONCLUSIVE, "%s", verdict.why);
    ck_assert_int_eq(trial.samples, 128);
    ck_assert_int_eq(verdict.tests[1].n, 8);
    double mean = verdict.tests[0].mean;
    trial_free(&trial);

    struct claim once = undecided;
    once.plans[CLAIM_SMOKE].samples = 31;
    verdict = measure(&trial, &once, &smoke);
    ck_assert_int_eq(trial.samples, 31); /* one look */
    ck_assert_double_ne(verdict.tests[0].mean, mean);
    trial_free(&trial);

    /* The sampler's own mean over the same 128 indices. */
    struct sampler sampler;
    struct model model;
    struct estimate estimate = {0};
    ck_assert_int_eq(claim_model(&undecided, CLAIM_SMOKE, 0, NULL, 0, &model, &error), ERROR_NONE);
    ck_assert_int_eq(sampler_init(&sampler, &model, NULL, false, 1, (size_t)1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(sampler_run(&sampler, smoke.seed, 0, 128, NULL, add_first, &estimate, &error), ERROR_NONE);
    ck_assert_double_eq(wide_value(estimate_mean(&estimate)), mean);
    sampler_free(&sampler);
    model_free(&model);
}
END_TEST

/* The physics */

static void check_verdict(const struct claim *claim, enum verdict expected)
{
    struct trial trial;
    struct verdict_claim verdict = measure(&trial, claim, &smoke);
    ck_assert_msg(verdict.verdict == expected, "%s: %s where %s was expected: %s", claim->id,
                  verdict_names[verdict.verdict], verdict_names[expected], verdict.why);
    trial_free(&trial);
}

/* All of smoke, each claim at 1 % by itself, so it stops earlier than in a report. */
START_TEST(every_claim_is_as_expected)
{
    check_verdict(claim_at((size_t)_i), claim_at((size_t)_i)->expected);
}
END_TEST

static const struct {
    const char *claim, *settings;
} broken[] = {
    {"post-vanishing", "placement=spannorm"},
    {"span-half-life", "placement=postnorm"},
    {"span-isometry", "init=unit"},
    {"span-isometry", "placement=prenorm"},
    {"pre-variance", "placement=postnorm"},
    {"pre-variance", "init=scaleinit"},
    {"post-variance", "placement=prenorm"},
    {"span-variance", "placement=prenorm"},
    {"pre-collapse", "placement=spannorm"},
    /* ScaleInit without its 1/sqrt(L); SpanNorm with its skip normed. */
    {"span-isometry", "init=wq=1/sqrt(d);wk=wq;wv=wq;wo=wq;w1=wq;wg=wq;w2=1/sqrt(F*phi2);wr=wq"},
    {"span-norms-skip", "placement=first:y=norm(norm(x)+attn(norm(x)));x=norm(norm(x)+ffn(y));"
                        "block:y=norm(x+attn(x));x=norm(x+ffn(y))"},
};

/* Another formula or initialisation under a claim's name turns it red. */
START_TEST(broken_physics_is_contradicted)
{
    struct error error = {0};
    struct claim claim = *claim_find(broken[_i].claim, &error);
    char settings[512];
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
    tcase_add_test(table, claims_are_accounted_for);
    tcase_add_test(table, plans_expand_in_order);
    tcase_add_test(table, unknown_claims_are_named);
    tcase_add_test(rules, hypotheses_are_read_from_the_model);
    tcase_add_test(rules, broken_hypotheses_cost_no_samples);
    tcase_add_test(rules, doubling_is_measured_exactly);
    tcase_add_test(rules, columns_are_combined);
    tcase_add_test(rules, looks_continue_the_samples);
    tcase_add_test(rules, equal_configurations_are_measured_once);
    tcase_add_test(rules, numbers_do_not_depend_on_threads);
    tcase_add_loop_test(physics, every_claim_is_as_expected, 0, (int)claim_count());
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
