#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/memo.h"
#include "analysis/claims/trial.h"
#include "train/recipe.h"

/* A task that a tiny stack learns in forty steps: the two lower rates do not fail for either seed, and the upper do. */
#define TINY                                                                                                           \
    "placement=spannorm init=unit layers=2 width=8 heads=1 tokens=8 mask=causal task=markov:2:0.05 batch=4 steps=40 "

static const struct claim edge = {
    .id = "edge",
    .settings = TINY "lr=0.004,0.016,0.25,1",
    .trains = true,
    .checks = {CLAIM_TEST("log-value", "edge", "L", "L", "-90", "90", "0", "whatever it is")},
    .plans = {{{"rope=0"}, 2}},
};

static void open_trial(struct trial *trial, const struct claim *claim, struct trial_options *options)
{
    struct error error = {0};
    struct verdict_claim verdict;
    ck_assert_msg(trial_init(trial, claim, options, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(trial_decide(trial, 0.01, &verdict, &error) == ERROR_NONE, "%s", error.text);
}

static double sample(const struct trial *trial, int i)
{
    return trial->configurations[0].families[0].series[i];
}

/* The middle of four rates, which fails, and the one below: two runs a seed; where the best rate is asked for as well, all
 * four, and the edge is the same. */
START_TEST(rates_away_from_the_edge_are_not_trained)
{
    struct memo memo = {0}, whole_memo = {0};
    struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = 1 << 30, .memo = &memo};
    struct trial trial, whole;
    struct claim both = edge;
    both.checks[1] = (struct claim_check)CLAIM_TEST("value", "tuned_score", "L", "L", "-9", "9", "0", "whatever it is");
    open_trial(&trial, &edge, &options);
    ck_assert_uint_eq(memo.count, 4);
    options.memo = &whole_memo;
    open_trial(&whole, &both, &options);
    ck_assert_uint_eq(whole_memo.count, 8);
    for (int i = 0; i < 2; i++) {
        ck_assert(sample(&trial, i) == sample(&whole, i));
        ck_assert(sample(&trial, i) > log(0.016) && sample(&trial, i) < log(0.25));
    }
    trial_free(&trial);
    trial_free(&whole);
    memo_free(&memo);
    memo_free(&whole_memo);
}
END_TEST

/* From a middle that does not fail the way is upwards, and an end without a crossing leaves no number. */
START_TEST(the_way_goes_up_as_well)
{
    struct memo memo = {0};
    struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = 1 << 30, .memo = &memo};
    struct trial up, beyond;
    struct claim other = edge;
    other.settings = TINY "lr=0.001,0.004,0.016,0.25,1";
    open_trial(&up, &other, &options);
    ck_assert_uint_eq(memo.count, 4);
    ck_assert(sample(&up, 0) > log(0.016) && sample(&up, 0) < log(0.25));
    other.settings = TINY "lr=0.004,0.016";
    open_trial(&beyond, &other, &options);
    ck_assert(isnan(sample(&beyond, 0)));
    trial_free(&up);
    trial_free(&beyond);
    memo_free(&memo);
}
END_TEST

/* A second claim takes what the first has trained: of its own it adds the one rate that the first had not. Of a record that
 * was tampered with, what is tampered with comes back: nothing is trained again. */
START_TEST(claims_share_their_runs)
{
    struct memo memo = {0};
    struct trial_options options = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = 1 << 30, .memo = &memo};
    struct trial first, second, third, alone;
    struct claim other = edge;
    other.settings = TINY "lr=0.016,0.06,0.25";
    open_trial(&first, &edge, &options);
    open_trial(&second, &other, &options);
    ck_assert_uint_eq(memo.count, 6);
    options.memo = NULL;
    open_trial(&alone, &other, &options);
    for (int i = 0; i < 2; i++)
        ck_assert(sample(&second, i) == sample(&alone, i));
    options.memo = &memo;
    for (size_t i = 0; i < memo.count; i++) // the losses of seed 1 at 0.06, behind one byte and three numbers
        if (memo.runs[i].run.training.rate == 0.06 && memo.runs[i].run.training.seed == 1)
            memset(memo.runs[i].bytes + 1 + 3 * sizeof(int64_t), 0, 40 * sizeof(double));
    open_trial(&third, &other, &options);
    ck_assert(sample(&third, 0) != sample(&alone, 0) && sample(&third, 1) == sample(&alone, 1));
    trial_free(&first);
    trial_free(&second);
    trial_free(&third);
    trial_free(&alone);
    memo_free(&memo);
}
END_TEST

/* Whatever differs in what is trained or measured is another run. */
START_TEST(another_run_is_not_taken)
{
    static char bytes[] = "\1record", stopped[] = "\0state";
    struct memo memo = {0};
    struct train_keeper keeper = memo_keeper(&memo);
    struct recipe recipe;
    struct train_run run = {0};
    struct error error = {0};
    char *taken;
    size_t length;
    model_defaults(&run.model);
    recipe_defaults(&recipe);
    ck_assert_int_eq(recipe_finish(&recipe, &error), ERROR_NONE);
    run.training = recipe_training(&recipe, 1e-3, 5);
    ck_assert_int_eq(keeper.keep(keeper.context, &run, 3, stopped, sizeof stopped, &error), ERROR_NONE);
    ck_assert_uint_eq(memo.count, 0);
    for (int i = 0; i < 2; i++) // the second is no other
        ck_assert_int_eq(keeper.keep(keeper.context, &run, 150, bytes, sizeof bytes, &error), ERROR_NONE);
    ck_assert_uint_eq(memo.count, 1);
    struct train_run others[] = {run, run, run, run, run, run};
    others[1].training.rate = 2e-3;
    others[2].training.seed = 6;
    others[3].training.unablated = true;
    others[4].training.measured = &(struct values){1, (double[]){0}};
    others[5].model.layers++;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        ck_assert_int_eq(keeper.take(keeper.context, &others[i], &taken, &length, &error), ERROR_NONE);
        ck_assert_msg((i == 0) == (taken && length == sizeof bytes && memcmp(taken, bytes, length) == 0), "%zu", i);
        free(taken);
    }
    memo_free(&memo);
    recipe_free(&recipe);
    model_free(&run.model);
}
END_TEST

Suite *memo_suite(void)
{
    Suite *suite = suite_create("memo");
    TCase *tests = tcase_create("runs");
    tcase_add_test(tests, rates_away_from_the_edge_are_not_trained);
    tcase_add_test(tests, the_way_goes_up_as_well);
    tcase_add_test(tests, claims_share_their_runs);
    tcase_add_test(tests, another_run_is_not_taken);
    suite_add_tcase(suite, tests);
    return suite;
}
