#include "analysis/drawer.h"

#include <stdlib.h>
#include <string.h>

#include "tests/folder.h"
#include "tests/support.h"
#include <check.h>

enum { SAMPLES = 12 };

static struct model model;
static struct sampler sampler;
static struct store store;
static struct error error;

static void begin(void)
{
    support_model(&model, "placement=prenorm");
    ck_assert_msg(sampler_init(&sampler, &model, NULL, false, 2, (size_t)1 << 28, &error) == ERROR_NONE &&
                      store_open(&store, folder_path("kept"), STORE_WRITE, NULL, &error) == ERROR_NONE,
                  "%s", error.text);
}

static void end(void)
{
    store_close(&store);
    sampler_free(&sampler);
    model_free(&model);
}

/* What a visitor has seen: all values, in order. */
struct seen {
    struct wide *values; /* [SAMPLES][cells] */
    uint64_t first, count;
};

static void look(void *context, uint64_t sample, const struct wide *values)
{
    struct seen *seen = context;
    ck_assert_uint_eq(sample, seen->first + seen->count);
    ck_assert_uint_lt(seen->count, SAMPLES);
    memcpy(seen->values + seen->count++ * sampler.cells, values, sampler.cells * sizeof *values);
}

/* Draws as sampler_run does, and counts. */
static int drawn;

static int draw(void *source, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                sampler_visitor *visit, void *context, struct error *why)
{
    drawn += (int)count;
    return sampler_run(source, seed, first, count, stop, visit, context, why);
}

static void draw_all(uint64_t first, uint64_t count, struct wide *values)
{
    struct drawer drawer;
    struct seen seen = {values, first, 0};
    ck_assert_int_eq(drawer_init(&drawer, &store, &sampler, 3, &error), ERROR_NONE);
    drawer.draw = draw;
    drawer.source = &sampler;
    ck_assert_msg(drawer_draw(&drawer, 3, first, count, NULL, look, &seen, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_uint_eq(seen.count, count);
    drawer_free(&drawer);
}

/* Kept ones in the middle, before and behind: each is drawn once, and all are those of a run without a store. */
START_TEST(only_what_is_missing_is_drawn)
{
    begin();
    struct wide *kept = calloc(SAMPLES * sampler.cells, sizeof *kept),
                *plain = calloc(SAMPLES * sampler.cells, sizeof *plain);
    struct seen seen = {plain, 0, 0};
    ck_assert_int_eq(sampler_run(&sampler, 3, 0, SAMPLES, NULL, look, &seen, &error), ERROR_NONE);
    drawn = 0;
    draw_all(4, 3, kept);
    ck_assert_int_eq(drawn, 3);
    ck_assert_mem_eq(kept, plain + 4 * sampler.cells, 3 * sampler.cells * sizeof *kept);
    draw_all(9, 1, kept);
    draw_all(0, SAMPLES, kept);
    ck_assert_int_eq(drawn, SAMPLES);
    ck_assert_mem_eq(kept, plain, SAMPLES * sampler.cells * sizeof *kept);
    draw_all(0, SAMPLES, kept);
    ck_assert_int_eq(drawn, SAMPLES);
    ck_assert_mem_eq(kept, plain, SAMPLES * sampler.cells * sizeof *kept);
    free(kept), free(plain);
    end();
}
END_TEST

/* Also where everything is kept, so that no work is done but reading. */
START_TEST(a_stop_is_heeded)
{
    begin();
    struct wide *values = calloc(SAMPLES * sampler.cells, sizeof *values);
    struct drawer drawer;
    struct seen seen = {values, 0, 0};
    volatile sig_atomic_t stop = 1;
    draw_all(0, SAMPLES, values);
    ck_assert_int_eq(drawer_init(&drawer, &store, &sampler, 3, &error), ERROR_NONE);
    ck_assert_int_eq(drawer_draw(&drawer, 3, 0, SAMPLES, &stop, look, &seen, &error), ERROR_INTERRUPTED);
    ck_assert_uint_eq(seen.count, 0);
    drawer_free(&drawer);
    free(values);
    end();
}
END_TEST

Suite *drawer_suite(void)
{
    Suite *suite = suite_create("drawer");
    TCase *tests = folder_case(suite, "drawer");
    tcase_add_test(tests, only_what_is_missing_is_drawn);
    tcase_add_test(tests, a_stop_is_heeded);
    return suite;
}
