#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "sim/sampler.h"
#include <check.h>
#include "tests/support.h"

/* What a run hands over, in the order it does. */
struct heard {
    uint64_t first;
    int count, stop_after; /* stop_after 0: never */
    size_t cells;
    struct wide *values; /* [count][cells] */
    volatile sig_atomic_t stop;
};

enum { SAMPLES = 23 };

static void listen(void *context, uint64_t sample, const struct wide *values)
{
    struct heard *heard = context;
    ck_assert_uint_eq(sample, heard->first + (uint64_t)heard->count);
    memcpy(heard->values + (size_t)heard->count++ * heard->cells, values, heard->cells * sizeof *values);
    if (heard->count == heard->stop_after)
        heard->stop = 1;
}

static struct model model;

static int run(struct heard *heard, int threads, uint64_t seed, uint64_t first, int count, struct error *error)
{
    struct sampler sampler;
    support_model(&model, "placement=spannorm width=33 mask=causal layers=3");
    int code = sampler_init(&sampler, &model, &linear_engines[0], true, threads, (size_t)1 << 28, error);
    ck_assert_int_eq(code, ERROR_NONE);
    heard->cells = (size_t)(model.layers + 1) * (size_t)sampler.stack.depth.schema.column_count;
    heard->values = calloc((size_t)count * heard->cells, sizeof *heard->values);
    heard->first = first;
    heard->count = 0;
    code = sampler_run(&sampler, seed, first, (uint64_t)count, &heard->stop, listen, heard, error);
    sampler_free(&sampler);
    sampler_free(&sampler); // safe twice
    model_free(&model);
    return code;
}

static struct heard hear(int threads, uint64_t seed, uint64_t first, int count)
{
    struct heard heard = {0};
    struct error error = {0};
    ck_assert_int_eq(run(&heard, threads, seed, first, count, &error), ERROR_NONE);
    ck_assert_int_eq(heard.count, count);
    return heard;
}

static bool same(const struct wide *a, const struct wide *b, size_t cells)
{
    bool equal = true;
    for (size_t i = 0; equal && i < cells; i++)
        equal = a[i].exponent == b[i].exponent && memcmp(&a[i].mantissa, &b[i].mantissa, sizeof(double)) == 0;
    return equal;
}

START_TEST(threads_change_no_bit)
{
    struct heard one = hear(1, 9, 0, SAMPLES), more = hear(_i, 9, 0, SAMPLES);
    ck_assert(same(one.values, more.values, SAMPLES * one.cells));
    ck_assert(!same(one.values, one.values + one.cells, one.cells)); // samples differ
    free(one.values), free(more.values);
}
END_TEST

START_TEST(a_part_is_what_it_is_in_the_whole)
{
    struct heard whole = hear(2, 9, 0, SAMPLES), part = hear(2, 9, 7, 5);
    ck_assert(same(part.values, whole.values + 7 * whole.cells, 5 * whole.cells));
    free(whole.values), free(part.values);
}
END_TEST

/* More samples than are handed to the threads at a time. */
START_TEST(long_runs_go_on_in_order)
{
    struct heard whole = hear(2, 9, 0, 1100), end = hear(2, 9, 1020, 20);
    ck_assert(same(end.values, whole.values + 1020 * whole.cells, 20 * whole.cells));
    free(whole.values), free(end.values);
}
END_TEST

/* 1 + 64 runs of one sample each: every one differs from every other. */
START_TEST(every_bit_of_the_seed_counts)
{
    enum { RUNS = 65 };
    struct heard heard[RUNS];
    for (int i = 0; i < RUNS; i++) {
        uint64_t flip = i < 64 ? UINT64_C(1) << i : 0;
        heard[i] = hear(1, UINT64_C(0x0123456789abcdef) ^ flip, 0, 1);
        for (int j = 0; j < i; j++)
            ck_assert_msg(!same(heard[i].values, heard[j].values, heard[i].cells), "bits %d and %d", i, j);
    }
    for (int i = 0; i < RUNS; i++)
        free(heard[i].values);
}
END_TEST

START_TEST(an_interruption_keeps_an_unbroken_beginning)
{
    struct heard whole = hear(1, 9, 0, SAMPLES), some = {.stop_after = 6};
    struct error error = {0};
    ck_assert_int_eq(run(&some, _i, 9, 0, SAMPLES, &error), ERROR_INTERRUPTED);
    ck_assert_str_eq(error.text, "interrupted");
    /* The rest of the sixth's chunk is done, and a chunk that another thread has ended meanwhile. */
    int chunk = SAMPLES / (4 * _i) > 1 ? SAMPLES / (4 * _i) : 1;
    ck_assert_int_ge(some.count, 6);
    ck_assert_int_le(some.count, 5 + (_i + 1) * chunk);
    ck_assert(same(some.values, whole.values, (size_t)some.count * whole.cells));
    struct heard none = {.stop = 1};
    ck_assert_int_eq(run(&none, _i, 9, 0, SAMPLES, &error), ERROR_INTERRUPTED);
    ck_assert_int_eq(none.count, 0);
    free(whole.values), free(some.values), free(none.values);
}
END_TEST

static void count_visit(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample, (void)values;
    ++*(int *)context;
}

START_TEST(the_first_failing_sample_is_reported)
{
    struct sampler sampler;
    struct error error = {0};
    int count = 0;
    support_model(&model, "placement=x=1e200*x layers=3");
    ck_assert_int_eq(sampler_init(&sampler, &model, &linear_engines[0], false, _i, (size_t)1 << 28, &error),
                     ERROR_NONE);
    ck_assert_int_eq(sampler_run(&sampler, 1, 0, SAMPLES, NULL, count_visit, &count, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "leaves the range of double") != NULL, "%s", error.text);
    ck_assert_int_eq(count, 0);
    sampler_free(&sampler);
    model_free(&model);
}
END_TEST

START_TEST(memory_is_shared_by_the_threads)
{
    struct sampler sampler;
    struct error error = {0};
    support_model(&model, "layers=8 width=63");
    ck_assert_int_eq(sampler_init(&sampler, &model, &linear_engines[0], false, 1, (size_t)1 << 28, &error), ERROR_NONE);
    size_t bytes = sampler_bytes(&sampler);
    sampler_free(&sampler);
    ck_assert_int_eq(sampler_init(&sampler, &model, &linear_engines[0], false, 3, 2 * bytes, &error), ERROR_NONE);
    ck_assert_uint_le(sampler_bytes(&sampler), 2 * bytes);
    ck_assert_uint_gt(sampler_bytes(&sampler), 3 * sampler.stack.bytes); // what is beside the workspaces counts
    sampler_free(&sampler);
    ck_assert_int_eq(sampler_init(&sampler, &model, &linear_engines[0], false, 3, 1000, &error), ERROR_RESOURCE);
    model_free(&model);
}
END_TEST

/* The bytes that a message says are needed. */
static size_t bytes_needed(const char *text)
{
    static const char units[] = "BkMG";
    const char *number = strstr(text, "at least ");
    char *unit;
    ck_assert_ptr_nonnull(number);
    double size = strtod(number + strlen("at least "), &unit);
    const char *power = strchr(units, unit[1]);
    ck_assert_msg(power && unit[1], "%s", text);
    for (; power > units; power--)
        size *= 1e3;
    return (size_t)(size + 0.5);
}

/* To three digits, the last rounded up: so a hundredth less is refused. Values of many samples are in hand where there
 * is room, and one kind of engine takes less than the other. */
START_TEST(what_is_said_to_be_needed_suffices)
{
    static const char *const texts[] = {"placement=siamese layers=5 width=16 heads=4 tokens=4",
                                        "layers=40 width=63 tokens=3", "layers=2 width=24 tokens=30"};
    int threads = 1 + _i % 3;
    const struct linear_engine *engines[] = {NULL, &linear_engines[0], &linear_engines[1]};
    for (int e = 0; e < 3; e++) {
        struct model own;
        struct sampler sampler;
        struct error error = {0};
        support_model(&own, texts[_i / 3]);
        ck_assert_int_eq(sampler_plan(&sampler, &own, engines[e], false, threads, 1, &error), ERROR_RESOURCE);
        ck_assert_msg(strstr(error.text, "the limit is 1 B (--memory"), "%s", error.text);
        size_t needed = bytes_needed(error.text);
        ck_assert_msg(sampler_plan(&sampler, &own, engines[e], false, threads, needed, &error) == ERROR_NONE, "%s",
                      error.text);
        ck_assert_uint_le(sampler_bytes(&sampler), needed);
        sampler_free(&sampler);
        ck_assert_int_eq(sampler_plan(&sampler, &own, engines[e], false, threads, needed / 100 * 98, &error),
                         ERROR_RESOURCE);
        model_free(&own);
    }
}
END_TEST

Suite *sampler_suite(void)
{
    Suite *suite = suite_create("sampler");
    TCase *tests = tcase_create("sampler");
    tcase_add_loop_test(tests, threads_change_no_bit, 2, 5);
    tcase_add_test(tests, a_part_is_what_it_is_in_the_whole);
    tcase_add_test(tests, long_runs_go_on_in_order);
    tcase_add_test(tests, every_bit_of_the_seed_counts);
    tcase_add_loop_test(tests, an_interruption_keeps_an_unbroken_beginning, 1, 4);
    tcase_add_loop_test(tests, the_first_failing_sample_is_reported, 1, 4);
    tcase_add_loop_test(tests, what_is_said_to_be_needed_suffices, 0, 9);
    tcase_add_test(tests, memory_is_shared_by_the_threads);
    suite_add_tcase(suite, tests);
    return suite;
}
