#include <check.h>
#include <math.h>

#include "sim/scaling.h"
#include "tests/rows.h"

/* What modeling_rope_utils of transformers makes of the published configurations, ten digits of it: Llama 3.1 (base
 * 500000, 64 planes, factor 8, 8192 tokens), gpt-oss (150000, 32, factor 32, 4096, not truncated), DeepSeek-V3 (10000, 32,
 * factor 40, 4096) and Qwen2.5 (1000000, 64, factor 4, 32768). */
static const struct scaling_of models[] = {
    {500000, 64, 100, 8, 8192},
    {150000, 32, 100, 32, 4096},
    {10000, 32, 100, 40, 4096},
    {1000000, 64, 100, 4, 32768},
};

static const struct {
    const char *scaling;
    int model, plane;
    double angle;
} published[] = {
    {"llama3", 0, 0, 1},
    {"llama3", 0, 28, 3.2114459948e-03},
    {"llama3", 0, 29, 2.1665707635e-03},
    {"llama3", 0, 32, 5.2484616099e-04},
    {"llama3", 0, 35, 9.5562123540e-05},
    {"llama3", 0, 36, 7.7846552739e-05},
    {"llama3", 0, 63, 3.0689259889e-07},
    {"yarn_exact", 1, 8, 5.0813274815e-02},
    {"yarn_exact", 1, 9, 3.1705696185e-02},
    {"yarn_exact", 1, 15, 1.0526021014e-03},
    {"yarn_exact", 1, 17, 1.2931870125e-04},
    {"yarn_exact", 1, 18, 3.8308812374e-05},
    {"yarn", 2, 10, 5.6234132519e-02},
    {"yarn", 2, 11, 3.9006926567e-02},
    {"yarn", 2, 22, 1.7782794100e-04},
    {"yarn", 2, 23, 3.3338035804e-05},
    {"yarn", 2, 31, 3.3338035804e-06},
    {"yarn", 3, 24, 5.3753214908e-03},
    {"yarn", 3, 39, 6.4903943208e-05},
    {"yarn", 3, 63, 3.1023444019e-07},
};

START_TEST(angles_are_the_published_ones)
{
    const struct scaling *scaling = scaling_find(published[_i].scaling);
    double angle = scaling->angle(&models[published[_i].model], published[_i].plane);
    ck_assert_double_eq_tol(angle / published[_i].angle, 1, 1e-9);
}
END_TEST

/* Sequences within the length turn as they did; twice as long ones by a base of (2 factor - factor + 1)^(32/31) times it:
 * plane 31 of 32 turns by base^(-31/32) over factor + 1. */
START_TEST(dynamic_begins_at_the_length)
{
    struct scaling_of of = {10000, 32, 2048, 4, 2048};
    const struct scaling *plain = scaling_find("default"), *dynamic = scaling_find("dynamic");
    for (int plane = 0; plane < 32; plane++)
        ck_assert(dynamic->angle(&of, plane) == plain->angle(&of, plane));
    of.tokens = 4096;
    ck_assert_double_eq_tol(dynamic->angle(&of, 31) / plain->angle(&of, 31), 1. / 5, 1e-14);
    ck_assert_double_eq(dynamic->angle(&of, 0), 1);
}
END_TEST

/* A factor of 1 leaves all as it is; else only yarn has a gain, of 1.3466 for gpt-oss and 1.3689 for DeepSeek. */
START_TEST(factors_and_gains)
{
    struct scaling_of of = {10000, 7, 100, 1, 100};
    for (size_t s = 0; s < scaling_count; s++) {
        for (int plane = 0; plane < 7; plane++)
            ck_assert_double_eq_tol(scalings[s].angle(&of, plane) / pow(10000, -plane / 7.), 1, 1e-14);
        ck_assert(scalings[s].gain(1) == 1);
    }
    ck_assert_double_eq_tol(scaling_find("yarn_exact")->gain(32), 1.3465735902799727, 1e-15);
    ck_assert_double_eq_tol(scaling_find("yarn")->gain(40), 1.3688879454113936, 1e-15);
    ck_assert(scaling_find("llama3")->gain(8) == 1 && scaling_find("linear")->gain(8) == 1);
    of.factor = 2.5;
    ck_assert_double_eq_tol(scaling_find("linear")->angle(&of, 3), pow(10000, -3 / 7.) / 2.5, 1e-16);
}
END_TEST

/* One plane has no room for a ramp, and no base but 1's power. */
START_TEST(few_planes_have_angles)
{
    for (size_t s = 0; s < scaling_count; s++)
        for (int planes = 1; planes < 4; planes++)
            for (int plane = 0; plane < planes; plane++) {
                double angle = scalings[s].angle(&(struct scaling_of){1e4, planes, 300, 8, 100}, plane);
                ck_assert(isfinite(angle) && angle > 0 && angle <= 1);
            }
}
END_TEST

Suite *scaling_suite(void)
{
    Suite *suite = suite_create("scaling");
    TCase *tests = tcase_create("scaling");
    tcase_add_loop_test(tests, angles_are_the_published_ones, 0, sizeof published / sizeof *published);
    tcase_add_test(tests, dynamic_begins_at_the_length);
    tcase_add_test(tests, factors_and_gains);
    tcase_add_test(tests, few_planes_have_angles);
    suite_add_tcase(suite, tests);
    return suite;
}
