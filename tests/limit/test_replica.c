#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/replica.h"
#include "sim/setting.h"
#include "tests/support.h"

static const struct {
    const char *model;
    struct course_options options;
} readings[] = {
    {"mask=causal", {.width_limit = true, .full = true}},
    {"mask=causal norm=layernorm", {.full = true}},
    {"placement='state x, u; x = norm(x + attn(x)); u = u + x; x = norm(x + glu(norm(u)))'", {.full = true}},
    {"placement=postnorm", {0}}, // to first order
};

static size_t bytes_of(const struct replica *replica)
{
    size_t bytes = 0;
    for (int b = 0; b < replica->course->depth.block_count; b++)
        bytes += replica->flows[b].pool.bytes;
    return bytes;
}

static void run(struct replica *replica, const struct course *course, size_t budget)
{
    struct error error;
    ck_assert_int_eq(replica_init(replica, course, 7, budget, &error), ERROR_NONE);
    ck_assert_msg(replica_run(replica, 3, NULL, &error) == ERROR_NONE, "%s", error.text);
}

/* Blocks that hold more than they may are given up behind the forward pass, but for the first, and read again when their
 * gradients need them: with the same bits. */
START_TEST(what_is_given_up_is_read_again)
{
    struct model model;
    struct course course;
    struct replica all, few;
    struct error error;
    support_model(&model, "placement=spannorm layers=5 width=24 heads=3 tokens=7 ffn-width=31");
    ck_assert(setting_apply_all(&model, readings[_i].model, &error) == ERROR_NONE);
    ck_assert(model_check(&model, &error) == ERROR_NONE);
    ck_assert_int_eq(course_init(&course, &model, &readings[_i].options, &error), ERROR_NONE);
    run(&all, &course, SIZE_MAX);
    run(&few, &course, 1);
    ck_assert(all.read[4] && !few.read[4] && few.read[0]);
    ck_assert_uint_lt(bytes_of(&few), bytes_of(&all) / 2);
    ck_assert(memcmp(all.values, few.values, course.cells * sizeof *all.values) == 0);
    ck_assert_double_eq(all.variance, few.variance);
    ck_assert(course.mode.first_order == (all.variance > 0));
    replica_free(&all), replica_free(&few);
    course_free(&course);
    model_free(&model);
}
END_TEST

Suite *replica_suite(void)
{
    Suite *suite = suite_create("replica");
    TCase *tests = tcase_create("replica");
    tcase_add_loop_test(tests, what_is_given_up_is_read_again, 0, sizeof readings / sizeof *readings);
    suite_add_tcase(suite, tests);
    return suite;
}
