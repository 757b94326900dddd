#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/profile.h"
#include <check.h>
#include "tests/support.h"

static struct model model;
static struct sampler sampler;
static struct error error;

static void start(int threads)
{
    support_model(&model, "placement=spannorm layers=3");
    ck_assert_int_eq(sampler_init(&sampler, &model, &linear_engines[0], false, threads, (size_t)1 << 28, &error),
                     ERROR_NONE);
}

static void stop(void)
{
    sampler_free(&sampler);
    model_free(&model);
}

static int measure(struct profile *profile, const struct profile_plan *plan)
{
    ck_assert_int_eq(profile_init(profile, &sampler, &error), ERROR_NONE);
    return profile_measure(profile, &sampler, plan, &error);
}

static size_t cells(void)
{
    return (size_t)(model.layers + 1) * (size_t)sampler.stack.depth.schema.column_count;
}

static void add_sample(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct estimate *estimates = context;
    for (size_t i = 0; i < cells(); i++)
        estimate_add(&estimates[i], values[i]);
}

/* Members one by one: padding may differ. */
static void check_same(const struct estimate *a, const struct estimate *b)
{
    for (size_t i = 0; i < cells(); i++) {
        ck_assert_int_eq((int)a[i].n, (int)b[i].n);
        ck_assert_int_eq(a[i].exponent, b[i].exponent);
        ck_assert_double_eq(a[i].mean, b[i].mean);
        ck_assert_double_eq(a[i].m2, b[i].m2);
        ck_assert_double_eq(a[i].mean_log, b[i].mean_log);
        ck_assert_double_eq(a[i].m2_log, b[i].m2_log);
    }
}

START_TEST(cells_are_estimates_of_the_samples)
{
    start(2);
    static const uint64_t firsts[] = {0, 5};
    for (int i = 0; i < 2; i++) {
        struct profile profile;
        struct profile_plan plan = {.seed = 9, .first = firsts[i], .samples = 7};
        ck_assert_int_eq(measure(&profile, &plan), ERROR_NONE);
        struct estimate *expected = calloc(cells(), sizeof *expected);
        ck_assert_int_eq(sampler_run(&sampler, 9, firsts[i], 7, NULL, add_sample, expected, &error), ERROR_NONE);
        check_same(profile.cells, expected);
        ck_assert_int_eq((int)profile.samples, 7);
        ck_assert_uint_eq(profile.first, firsts[i]);
        ck_assert_uint_eq(profile.seed, 9);
        ck_assert_int_eq(profile.kind, SCHEMA_MEASURED);
        ck_assert(profile.seconds > 0);
        int column = sampler.stack.depth.schema.column_count - 1;
        ck_assert_ptr_eq(profile_cell(&profile, 2, column), &profile.cells[3 * (column + 1) - 1]);
        free(expected);
        profile_free(&profile);
    }
    stop();
}
END_TEST

/* Stops at the first batch that is precise enough: the batch before was not, and threads decide nothing. */
START_TEST(precision_decides_the_number)
{
    struct profile one, two;
    struct profile_plan plan = {.seed = 9, .samples = 100000, .precision = 0.2};
    start(1);
    ck_assert_int_eq(measure(&one, &plan), ERROR_NONE);
    ck_assert(profile_precision(&one) <= 0.2);
    int64_t n = one.samples;
    ck_assert_int_ge((int)n, 16);
    ck_assert_int_lt((int)n, 10000);
    /* A relative interval narrows like 1/sqrt(n): a quarter more samples cannot have gained a third. */
    ck_assert(profile_precision(&one) > 0.1);
    stop();

    start(2);
    ck_assert_int_eq(measure(&two, &plan), ERROR_NONE);
    ck_assert_int_eq((int)two.samples, (int)n);
    check_same(one.cells, two.cells);
    profile_free(&two);

    plan.samples = n / 2; // a budget too short: intervals are wider by about sqrt(2)
    ck_assert_int_eq(measure(&two, &plan), ERROR_NONE);
    ck_assert_int_eq((int)two.samples, (int)(n / 2));
    ck_assert(profile_precision(&two) > 0.2);
    profile_free(&one);
    profile_free(&two);
    profile_free(&two); // safe twice
    stop();
}
END_TEST

/* The widest interval over all layers and columns with one value a layer: by hand. */
START_TEST(precision_is_the_widest_interval)
{
    start(1);
    struct profile profile;
    struct profile_plan plan = {.seed = 9, .samples = 6};
    ck_assert_int_eq(measure(&profile, &plan), ERROR_NONE);
    double widest = 0;
    static const char *const names[] = {
        "activation_variance", "token_cosine",          "layer_cosine",      "gradient_variance",
        "gradient_specific",   "gradient_token_cosine", "attention_entropy", "attention_entropy_relative"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (int l = 0; l <= model.layers; l++) {
            const struct estimate *cell = profile_cell(&profile, l, observe_find(profile.schema, names[i]));
            if (cell->n > 0)
                widest = fmax(widest, estimate_precision(cell, strstr(names[i], "cosine") != NULL));
        }
    }
    ck_assert_double_eq(profile_precision(&profile), widest);
    profile_free(&profile);
    stop();
}
END_TEST

/* A limit that is not drawn is exact; what it does not have has no error either. */
START_TEST(what_is_absent_has_no_error)
{
    struct profile profile = {.kind = SCHEMA_PREDICTED};
    estimate_add(&profile.overall[1], wide_of(0.7));
    ck_assert(!wide_present(profile_overall_se(&profile, 0)));
    ck_assert(wide_present(profile_overall_se(&profile, 1)));
    ck_assert_double_eq(wide_value(profile_overall_se(&profile, 1)), 0);
}
END_TEST

static volatile sig_atomic_t interrupted;

static void interrupt_after_three(void *context, int64_t done, double precision)
{
    (void)precision;
    *(int64_t *)context = done;
    interrupted = done >= 3;
}

START_TEST(an_interrupted_profile_is_valid)
{
    start(1);
    struct profile profile, whole;
    int64_t last = 0;
    struct profile_plan plan = {
        .seed = 9, .samples = 50, .stop = &interrupted, .progress = interrupt_after_three, .context = &last};
    ck_assert_int_eq(measure(&profile, &plan), ERROR_INTERRUPTED);
    ck_assert(profile.samples >= 3 && profile.samples < 50); // all that were done, and no more are begun
    ck_assert(last == profile.samples);
    plan = (struct profile_plan){.seed = 9, .samples = profile.samples};
    ck_assert_int_eq(measure(&whole, &plan), ERROR_NONE);
    check_same(profile.cells, whole.cells);
    profile_free(&profile);
    profile_free(&whole);
    stop();
}
END_TEST

Suite *profile_suite(void)
{
    Suite *suite = suite_create("profile");
    TCase *tests = tcase_create("profile");
    tcase_add_test(tests, cells_are_estimates_of_the_samples);
    tcase_add_test(tests, precision_decides_the_number);
    tcase_add_test(tests, precision_is_the_widest_interval);
    tcase_add_test(tests, what_is_absent_has_no_error);
    tcase_add_test(tests, an_interrupted_profile_is_valid);
    suite_add_tcase(suite, tests);
    return suite;
}
