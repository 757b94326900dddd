#include <math.h>
#include <string.h>

#include "analysis/claims/trial.h"
#include "sim/estimate.h"
#include "sim/sampler.h"
#include <check.h>

static const struct trial_options smoke = {.tier = CLAIM_SMOKE, .seed = 1, .threads = 2, .memory = (size_t)1 << 30};

/* Which configurations a claim speaks of */

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

static const struct claim silent = {
    .id = "silent",
    .hypotheses = "placement='x = norm(x)' layers<=4",
    .free = "norm tokens",
    .settings = "placement='x = norm(x)' init=unit heads=1 width=6 tokens=3",
    .checks = {CLAIM_TEST("value", "activation_variance", "1", "L", "1", "1 + 0/(4 - T)", "0.1", "the norm's own")},
    .plans = {{{"layers=2|3"}, 8}},
};

static const struct {
    const char *name, *text;
    enum fit fit;
    const char *why;
} spoken[] = {
    {"layers", "4", FIT_YES, ""},
    {"layers", "5", FIT_NO, "the claim assumes layers<=4"},
    {"norm", "layernorm", FIT_YES, ""},
    {"tokens", "2", FIT_YES, ""},
    /* Named by neither, and read. */
    {"input-scale", "2", FIT_NO, "the claim says nothing of input-scale=2"},
    {"cotangent", "last", FIT_NO, "the claim says nothing of cotangent=last"},
    {"width", "7", FIT_NO, "the claim says nothing of width=7"},
    /* As the claim has it itself, and read by nothing. */
    {"width", "6", FIT_YES, ""},
    {"input-scale", "1.0", FIT_YES, ""},
    {"activation", "tanh", FIT_YES, ""},
    {"experts", "7", FIT_YES, ""},
};

START_TEST(what_is_not_spoken_of_does_not_apply)
{
    struct error error = {0};
    struct claim_override override = {spoken[_i].name, spoken[_i].text};
    struct trial_options options = smoke;
    options.overrides = &override;
    options.override_count = 1;
    struct trial trial;
    ck_assert_msg(trial_init(&trial, &silent, &options, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_msg(trial.fit == spoken[_i].fit, "%s=%s: %d", override.name, override.text, (int)trial.fit);
    ck_assert_str_eq(trial.why, spoken[_i].why);
    trial_free(&trial);
}
END_TEST

/* Of layer 2 of one block the layer below was read. */
START_TEST(a_layer_that_is_not_there_is_none)
{
    static const struct claim late = {
        .id = "late",
        .free = "layers",
        .settings = "placement='x = norm(x)' init=unit heads=1 width=6 tokens=3",
        .checks = {CLAIM_TEST("value", "activation_variance", "2", "L", "1", "1", "0.1", "the norm's own")},
        .plans = {{{"layers=2"}, 8}},
    };
    struct error error = {0};
    struct claim_override override = {"layers", "1"};
    struct trial_options options = smoke;
    options.overrides = &override;
    struct trial trial;
    for (options.override_count = 0; options.override_count < 2; options.override_count++) {
        ck_assert_int_eq(trial_init(&trial, &late, &options, &error), ERROR_NONE);
        ck_assert_int_eq(trial.fit, options.override_count == 0 ? FIT_YES : FIT_NO);
        ck_assert_str_eq(trial.why, options.override_count == 0 ? "" : "the claim needs more layers than 1");
        trial_free(&trial);
    }
}
END_TEST

/* 3 key heads do not divide 1; a name that nobody knows is a mistake of its own. */
START_TEST(models_that_cannot_be_are_told_apart)
{
    struct error error = {0};
    struct claim_override override = {"kv-heads", "3"};
    struct trial_options options = smoke;
    options.overrides = &override;
    options.override_count = 1;
    struct trial trial;
    ck_assert_int_eq(trial_init(&trial, &silent, &options, &error), ERROR_NONE);
    ck_assert_int_eq(trial.fit, FIT_UNMADE);
    ck_assert_ptr_nonnull(strstr(trial.why, "3 do not divide 1 heads"));
    trial_free(&trial);
    override.text = "many";
    ck_assert_int_eq(trial_init(&trial, &silent, &options, &error), ERROR_INPUT);
}
END_TEST

/* 1 + 0/(4 - T) has no value at T = 4. */
START_TEST(a_bound_without_a_value_does_not_apply)
{
    struct error error = {0};
    struct claim_override override = {"tokens", "4"};
    struct trial_options options = smoke;
    options.overrides = &override;
    options.override_count = 1;
    struct trial trial;
    struct verdict_claim verdict;
    ck_assert_int_eq(trial_init(&trial, &silent, &options, &error), ERROR_NONE);
    ck_assert_int_eq(trial.fit, FIT_YES);
    ck_assert_int_eq(trial_decide(&trial, 0.01, &verdict, &error), ERROR_NONE);
    ck_assert_int_eq(verdict.verdict, VERDICT_NOT_APPLICABLE);
    ck_assert_msg(strstr(verdict.why, "its bounds say nothing here") != NULL, "%s", verdict.why);
    trial_free(&trial);
}
END_TEST

/* A stack that leaves the range of double ends its own trial with an error, and holds no tests. */
START_TEST(overflow_is_an_error_of_the_trial)
{
    static const struct claim overflowing = {
        .id = "overflowing",
        .settings = "placement='x = 10^300*x' init=unit heads=1 width=6 tokens=3",
        .checks = {CLAIM_TEST("log-value", "activation_variance", "L", "L", "0", NULL, "0", "none")},
        .plans = {{{"layers=4"}, 8}},
    };
    struct error error = {0};
    struct trial trial;
    struct verdict_claim verdict;
    ck_assert_int_eq(trial_init(&trial, &overflowing, &smoke, &error), ERROR_NONE);
    ck_assert_int_eq(trial_decide(&trial, 0.01, &verdict, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "range of double") != NULL, "%s", error.text);
    ck_assert_int_eq(verdict.verdict, VERDICT_INCONCLUSIVE);
    ck_assert_uint_eq(verdict.count, 0);
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
    ck_assert_ptr_eq(trial_check(&trial, 2), &doubling.checks[1]);
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

Suite *trial_suite(void)
{
    Suite *suite = suite_create("trial");
    TCase *fits = tcase_create("fits"), *numbers = tcase_create("numbers");
    tcase_add_test(fits, broken_hypotheses_cost_no_samples);
    tcase_add_loop_test(fits, what_is_not_spoken_of_does_not_apply, 0, sizeof spoken / sizeof *spoken);
    tcase_add_test(fits, a_layer_that_is_not_there_is_none);
    tcase_add_test(fits, models_that_cannot_be_are_told_apart);
    tcase_add_test(fits, a_bound_without_a_value_does_not_apply);
    tcase_add_test(fits, overflow_is_an_error_of_the_trial);
    tcase_add_test(numbers, doubling_is_measured_exactly);
    tcase_add_test(numbers, columns_are_combined);
    tcase_add_test(numbers, looks_continue_the_samples);
    tcase_add_test(numbers, equal_configurations_are_measured_once);
    tcase_add_test(numbers, numbers_do_not_depend_on_threads);
    suite_add_tcase(suite, fits);
    suite_add_tcase(suite, numbers);
    return suite;
}
