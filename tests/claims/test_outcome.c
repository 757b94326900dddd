#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/outcome.h"
#include "analysis/claims/trial.h"

/* Of runs that are made up: three rates of which the last fails, and the spread behind the last step. */

static double scores[] = {0.2, 0.1, 0.9};

static double value_of(const char *name, const char *rates, double spread)
{
    struct recipe recipe;
    struct error error = {0};
    double value = NAN;
    recipe_defaults(&recipe);
    ck_assert_int_eq(recipe_set(&recipe, "lr", rates, &error), ERROR_NONE);
    struct outcome_runs runs = {&recipe, scores, spread};
    for (size_t i = 0; i < outcome_count; i++)
        if (strcmp(outcomes[i].name, name) == 0)
            value = outcomes[i].of(&runs);
    recipe_free(&recipe);
    return value;
}

START_TEST(outcomes_by_hand)
{
    ck_assert_double_eq(value_of("score", "1e-3", 0.25), 0.2);
    ck_assert_double_eq(value_of("trains", "1e-3", 0.25), 1);
    ck_assert_double_eq(value_of("tuned_score", "1,2,4", 0.25), 0.1);
    ck_assert_double_eq(value_of("spread", "1", 0.25), 0.25);
    /* u crosses 0.7 three quarters of the way from rate 2 to rate 4. */
    ck_assert_double_eq_tol(value_of("edge", "1,2,4", 0.25), 2 * pow(2, 0.75), 1e-14);
}
END_TEST

/* What is not known is no number, and a run without a score has not trained. */
START_TEST(what_is_not_known_is_no_number)
{
    ck_assert(isnan(value_of("score", "1,2", 0.25)) && isnan(value_of("trains", "1,2", 0.25)));
    ck_assert(isnan(value_of("edge", "1,2", 0.25))); // neither fails
    ck_assert(isnan(value_of("spread", "1", NAN)));
    scores[0] = NAN;
    ck_assert_double_eq(value_of("trains", "1", NAN), 0);
    ck_assert(isnan(value_of("edge", "1", NAN))); // all fail
    scores[0] = 0.2;
}
END_TEST

/* u at rates 0 to 5, what a search finds of it, and how many runs it takes: downhill from the middle, number 3. */
static const struct {
    double scores[6];
    double tuned;
    int runs;
} valleys[] = {
    {{0.6, 0.5, 0.4, 0.1, 0.2, 0.3}, 0.1, 3},   // at once
    {{0.6, 0.5, 0.4, 0.3, 0.2, 0.25}, 0.2, 3},  // up
    {{0.6, 0.1, 0.2, 0.3, 0.4, 0.5}, 0.1, 5},   // down
    {{0.05, 0.5, 0.3, 0.2, 0.2, 0.01}, 0.2, 3}, // neither beyond a hill nor over a plain
    {{0.6, 0.5, 0.4, 0.3, 0.2, 0.1}, NAN, 3},   // beyond the largest rate
    {{0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, NAN, 5},   // beyond the least
    {{0.3, 0.2, 1.02, 1.01, 1, 0.99}, 0.2, 5},  // runs that fail are not told apart by u
    {{0.3, 0.2, NAN, NAN, NAN, NAN}, 0.2, 5},   // nor blown up ones
    {{1, 1, 1, 0.8, 0.6, NAN}, 0.6, 3},         // up from one that fails to one that does not
    {{1, 1.01, 1, 1.02, 1.01, 1}, 1, 5},        // all fail
    {{NAN, 1.01, 1, 1.02, 1.01, 1}, NAN, 5},    // and blow up at the least
};

START_TEST(valleys_are_found_in_few_runs)
{
    struct recipe recipe;
    struct error error = {0};
    bool trained[6] = {false};
    double known[6];
    int runs = 0;
    outcome_search *search = outcome_search_of("tuned_score");
    recipe_defaults(&recipe);
    ck_assert_int_eq(recipe_set(&recipe, "lr", "1,2,4,8,16,32", &error), ERROR_NONE);
    for (int r = 0; r < 6; r++)
        known[r] = NAN;
    for (int r; (r = search(6, trained, known)) >= 0; runs++) {
        ck_assert(r < 6 && !trained[r]);
        trained[r] = true;
        known[r] = valleys[_i].scores[r];
    }
    ck_assert_int_eq(runs, valleys[_i].runs);
    for (int all = 0; all < 2; all++) {
        struct outcome_runs of = {&recipe, all ? valleys[_i].scores : known, 0};
        for (size_t i = 0; i < outcome_count; i++)
            if (strcmp(outcomes[i].name, "tuned_score") == 0) {
                double value = outcomes[i].of(&of);
                ck_assert(value == valleys[_i].tuned || (isnan(value) && isnan(valleys[_i].tuned)));
            }
    }
    recipe_free(&recipe);
}
END_TEST

/* Runs of a claim's own */

static const struct claim tiny = {
    .id = "tiny",
    .settings = "placement=spannorm init=unit layers=2 width=6 heads=1 tokens=5 mask=causal task=icl:2:0.3 batch=2 "
                "steps=3 lr=1e-2 measure=2",
    .trains = true,
    .checks = {CLAIM_TEST("value", "score", "L", "L", "-9", "9", "0", "whatever it is"),
               CLAIM_TEST("log-value", "activation_change", "1", "L", "-90", "0", "0", "whatever it is"),
               CLAIM_TEST("value", "score", "L", "L", "-9", "9", "0", "whatever it is", .contrast = "difference")},
    .plans = {{{"warmup=0|3"}, 3}},
};

static const struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 7, .threads = 2, .memory = 1 << 30};

static void train_one(int64_t warmup, uint64_t seed, double *score, double *change)
{
    struct recipe recipe;
    struct model model;
    struct trainer trainer;
    struct error error = {0};
    ck_assert_int_eq(claim_model(&tiny, CLAIM_SMOKE, 0, NULL, 0, &model, &error), ERROR_NONE);
    ck_assert_int_eq(claim_recipe(&tiny, CLAIM_SMOKE, 0, &recipe, &error), ERROR_NONE);
    struct training training = recipe_training(&recipe, 1e-2, seed);
    training.warmup = warmup;
    ck_assert_int_eq(trainer_init(&trainer, &model, &training, 1 << 30, &error), ERROR_NONE);
    while (trainer_goes_on(&trainer))
        trainer_step(&trainer);
    const struct trainer_record *record = &trainer.record;
    int column = observe_find(&record->schema, "activation_change"), columns = record->schema.column_count;
    *score = (record->loss[2] - record->bayes[2]) / (log(2) - record->bayes[2]);
    *change = wide_log(estimate_mean(&record->profile[2 * columns + column]));
    trainer_free(&trainer);
    recipe_free(&recipe);
    model_free(&model);
}

/* Sample k of a configuration is the run of seed 7 + k, alone or beside others; the words that are training's tell
 * configurations of one model apart. The mean of three is that of three in another order of summation. */
START_TEST(samples_are_runs)
{
    struct trial trial;
    struct verdict_claim verdict;
    struct error error = {0};
    double mean[2][2] = {{0}};
    for (int w = 0; w < 2; w++)
        for (uint64_t k = 0; k < 3; k++) {
            double score, change;
            train_one(3 * w, 7 + k, &score, &change);
            mean[w][0] += score / 3;
            mean[w][1] += change / 3;
        }
    ck_assert_int_eq(trial_init(&trial, &tiny, &options, &error), ERROR_NONE);
    ck_assert_int_eq(trial.count, 2);
    ck_assert_int_eq(trial_decide(&trial, 0.01, &verdict, &error), ERROR_NONE);
    ck_assert_uint_eq(verdict.count, 7); // a score each, two layers each, and the difference
    ck_assert_int_eq(verdict.tests[0].n, 3);
    ck_assert_double_eq_tol(verdict.tests[0].mean, mean[0][0], 1e-13);
    ck_assert_double_eq_tol(verdict.tests[1].mean, mean[1][0], 1e-13);
    ck_assert_double_eq_tol(verdict.tests[3].mean, mean[0][1], 1e-12);
    ck_assert_double_eq_tol(verdict.tests[6].mean, mean[1][0] - mean[0][0], 1e-13);
    ck_assert_double_ne(mean[0][0], mean[1][0]);
    trial_free(&trial);
}
END_TEST

START_TEST(threads_leave_no_trace)
{
    struct trial_options one = options;
    struct trial trials[2];
    struct verdict_claim verdict[2];
    struct error error = {0};
    one.threads = 1;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(trial_init(&trials[i], &tiny, i ? &one : &options, &error), ERROR_NONE);
        ck_assert_int_eq(trial_decide(&trials[i], 0.01, &verdict[i], &error), ERROR_NONE);
    }
    for (size_t t = 0; t < verdict[0].count; t++)
        ck_assert(verdict[0].tests[t].mean == verdict[1].tests[t].mean &&
                  verdict[0].tests[t].se == verdict[1].tests[t].se);
    trial_free(&trials[0]);
    trial_free(&trials[1]);
}
END_TEST

/* A claim that no tier but the full has time for says so and measures nothing. */
START_TEST(an_empty_tier_does_not_apply)
{
    struct claim late = tiny;
    struct trial trial;
    struct verdict_claim verdict;
    struct error error = {0};
    late.plans[CLAIM_FULL] = late.plans[CLAIM_SMOKE];
    late.plans[CLAIM_SMOKE] = (struct claim_plan){.samples = 0};
    ck_assert_int_eq(trial_init(&trial, &late, &options, &error), ERROR_NONE);
    ck_assert_int_eq(trial_decide(&trial, 0.01, &verdict, &error), ERROR_NONE);
    ck_assert_int_eq(verdict.verdict, VERDICT_NOT_APPLICABLE);
    ck_assert_str_eq(verdict.why, "it takes longer than tier smoke has; --tier full measures it");
    trial_free(&trial);
}
END_TEST

/* Of a claim that does not train, the same words are settings that nobody knows. */
START_TEST(words_of_training_are_of_claims_that_train)
{
    struct claim silent = tiny;
    struct model model;
    struct error error = {0};
    silent.trains = false;
    ck_assert_int_eq(claim_settings(&silent, CLAIM_SMOKE, 0, NULL, 0, &model, &error), ERROR_INPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "task"));
    model_free(&model);
}
END_TEST

Suite *outcome_suite(void)
{
    Suite *suite = suite_create("outcome");
    TCase *tests = tcase_create("outcomes");
    tcase_add_test(tests, outcomes_by_hand);
    tcase_add_test(tests, what_is_not_known_is_no_number);
    tcase_add_loop_test(tests, valleys_are_found_in_few_runs, 0, (int)(sizeof valleys / sizeof *valleys));
    tcase_add_test(tests, samples_are_runs);
    tcase_add_test(tests, threads_leave_no_trace);
    tcase_add_test(tests, an_empty_tier_does_not_apply);
    tcase_add_test(tests, words_of_training_are_of_claims_that_train);
    suite_add_tcase(suite, tests);
    return suite;
}
