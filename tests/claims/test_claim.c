#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/claims/contrast.h"
#include "analysis/claims/reference.h"
#include "analysis/bounds/hypothesis.h"
#include "analysis/claims/statistic.h"
#include "analysis/bounds/theory.h"
#include "analysis/claims/trial.h"
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
    const struct claim_quantity *by = &check->predictor;
    ck_assert_msg(!by->statistic || (check->contrast && !check->against && statistic_find(by->statistic)), "%s: %s",
                  claim->id, by->statistic);
    bool any_cotangent = claim_speaks_of(claim, "cotangent") &&
                         (!claim->hypotheses || !strstr(claim->hypotheses, "cotangent"));
    ck_assert_msg(!any_cotangent || !strstr(check->observable, "gradient"), "%s: %s of any cotangent", claim->id,
                  check->observable); // their means over samples differ as their spreads do
    const char *const bounds[] = {check->lower, check->upper};
    for (int i = 0; i < 2; i++) {
        if (!bounds[i] || bounds[i][0] != '@' || reference_is_predicted(bounds[i] + 1))
            continue;
        const struct theory_line *line = theory_find(bounds[i] + 1);
        ck_assert_msg(line != NULL, "%s: no row %s", claim->id, bounds[i]);
        ck_assert_str_eq(line->observable, check->observable);
    }
}

/* What a tier has time for, the larger ones have. */
static void check_plan(const struct claim *claim, enum claim_tier tier)
{
    if (claim_is_planned(claim, tier))
        ck_assert_msg(claim->plans[tier].samples >= 2, "%s, %s", claim->id, claim_tier_names[tier]);
    else
        ck_assert_msg(claim->trains && tier < CLAIM_FULL && (tier == 0 || !claim_is_planned(claim, tier - 1)), "%s, %s",
                      claim->id, claim_tier_names[tier]);
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
            check_plan(claim, (enum claim_tier)t);
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
            ck_assert_msg((trial.why[0] == '\0') == claim_is_planned(claim_at(i), options.tier), "%s, %s: %s",
                          claim_at(i)->id, claim_tier_names[t], trial.why);
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
                 : claim->expected == VERDICT_LOOSE          ? "`%s` L"
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
    {"pre-variance", "width", "36", "width>=64"},
    {"pre-variance", "width", "96", NULL},
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

/* The physics */

static struct verdict_claim measure(struct trial *trial, const struct claim *claim, const struct trial_options *options)
{
    struct error error = {0};
    struct verdict_claim verdict;
    ck_assert_msg(trial_init(trial, claim, options, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(trial_decide(trial, 0.01, &verdict, &error) == ERROR_NONE, "%s", error.text);
    return verdict;
}

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
    const struct claim *claim = claim_at((size_t)_i);
    check_verdict(claim, claim_is_planned(claim, smoke.tier) ? claim->expected : VERDICT_NOT_APPLICABLE);
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
