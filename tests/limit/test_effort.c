/* What a prediction takes, against what it took; times are bench's. */
#include <check.h>
#include <math.h>

#include "analysis/limit/effort.h"
#include "analysis/limit/replica.h"
#include "tests/support.h"

static int replicas_of(const char *text, double error_asked)
{
    struct model model;
    struct moments moments;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    options.error = error_asked;
    support_model(&model, text);
    ck_assert_msg(moments_predict(&model, &options, &moments, &error) == ERROR_NONE, "%s", error.text);
    int replicas = moments.replicas;
    moments_free(&moments);
    model_free(&model);
    return replicas;
}

/* An error that any two replicas meet is met at once, and one that none meet is not. */
START_TEST(replicas_lie_between)
{
    const char *text = "placement=spannorm init=unit layers=3 width=64 heads=4 tokens=24 mask=causal";
    struct model model;
    struct course course;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    struct course_options reading = {options.width_limit, false, false, 0};
    support_model(&model, text);
    ck_assert_int_eq(course_init(&course, &model, &reading, &error), ERROR_NONE);
    int least = moments_replicas(&course, &options, false), most = moments_replicas(&course, &options, true);
    ck_assert_int_lt(least, most);
    ck_assert_int_eq(replicas_of(text, 1e9), least);
    ck_assert_int_eq(replicas_of(text, 1e-12), most);
    course_free(&course);
    model_free(&model);
}
END_TEST

static struct effort effort_of(const char *text)
{
    struct model model;
    struct effort effort;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    options.threads = 2;
    support_model(&model, text);
    ck_assert_msg(effort_measure(&effort, &model, &options, &error) == ERROR_NONE, "%s", error.text);
    model_free(&model);
    return effort;
}

/* Of exchangeable tokens nothing is drawn: one replica. A deep model's memory is that of a shallow one times its depth,
 * within the half that the ends of the stack may hold beside the blocks. */
START_TEST(effort_grows_with_the_model)
{
    struct effort one = effort_of("placement=spannorm init=unit layers=3 width=64 heads=4 tokens=5");
    ck_assert(isfinite(one.least) && one.least > 0 && one.least == one.most);
    struct effort drawn = effort_of("placement=spannorm init=unit layers=4 width=64 heads=4 tokens=64 mask=causal");
    struct effort deep = effort_of("placement=spannorm init=unit layers=64 width=64 heads=4 tokens=64 mask=causal");
    ck_assert(isfinite(drawn.most) && drawn.least < drawn.most);
    double ratio = (double)deep.bytes / (double)drawn.bytes;
    ck_assert_msg(ratio > 8 && ratio < 24, "memory grows by %g", ratio);
}
END_TEST

/* Two replicas of one thread after another. */
static double touched_by(const char *text, bool width_limit)
{
    struct model model;
    struct course course;
    struct replica replica;
    struct error error = {0};
    struct course_options reading = {.width_limit = width_limit};
    support_model(&model, text);
    ck_assert_int_eq(course_init(&course, &model, &reading, &error), ERROR_NONE);
    ck_assert_int_eq(replica_init(&replica, &course, 1, SIZE_MAX, &error), ERROR_NONE);
    for (uint64_t i = 0; i < 2; i++)
        ck_assert_int_eq(replica_run(&replica, i, NULL, &error), ERROR_NONE);
    size_t bytes = pool_touched(&replica.forward) + pool_touched(&replica.sources) + pool_touched(&replica.scratch) +
                   pool_touched(&replica.reverse[0]) + pool_touched(&replica.reverse[1]);
    for (int b = 0; b < course.depth.block_count; b++)
        bytes += pool_touched(&replica.flows[b].pool);
    replica_free(&replica);
    course_free(&course);
    model_free(&model);
    return (double)bytes;
}

/* Whose probes have fewer layers, and fewer tokens: where attention is held whole and where it is read in strips. */
static const struct {
    bool width_limit;
    const char *text;
} held[] = {
    {false, "placement=prenorm init=unit layers=9 width=64 heads=4 tokens=96 mask=causal"},
    {false, "placement=prenorm init=unit layers=1 width=64 heads=4 tokens=2048 mask=causal"},
    {false, "placement=prenorm init=unit layers=2 width=64 heads=4 tokens=700 mask=causal window=50"},
    {true, "placement=prenorm init=unit layers=3 width=64 heads=4 tokens=150 mask=causal"},
};

START_TEST(memory_is_what_two_replicas_touch_within_2)
{
    struct model model;
    struct effort effort;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    options.width_limit = held[_i].width_limit;
    support_model(&model, held[_i].text);
    ck_assert_int_eq(effort_measure(&effort, &model, &options, &error), ERROR_NONE);
    double ratio = (double)effort.bytes / touched_by(held[_i].text, held[_i].width_limit);
    ck_assert_msg(ratio > 0.5 && ratio < 2, "%s: %g", held[_i].text, ratio);
    model_free(&model);
}
END_TEST

START_TEST(what_cannot_be_predicted_is_an_error)
{
    struct model model;
    struct effort effort;
    struct error error = {0};
    struct moments_options options = moments_defaults();
    support_model(&model, "placement='shared wa; x = norm(x + wa(x))' layers=2 width=16 heads=2 tokens=4");
    ck_assert_int_eq(effort_measure(&effort, &model, &options, &error), ERROR_INPUT);
    model_free(&model);
}
END_TEST

Suite *effort_suite(void)
{
    Suite *suite = suite_create("effort");
    TCase *tests = tcase_create("effort");
    tcase_add_test(tests, replicas_lie_between);
    tcase_add_test(tests, effort_grows_with_the_model);
    tcase_add_loop_test(tests, memory_is_what_two_replicas_touch_within_2, 0, (int)(sizeof held / sizeof *held));
    tcase_add_test(tests, what_cannot_be_predicted_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}
