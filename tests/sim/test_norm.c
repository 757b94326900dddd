#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/norm.h"
#include <check.h>
#include "tests/rows.h"
#include "tests/support.h"

enum { T = 5, D = 15, COUNT = T * D };

static const struct norm *norm_of(int i)
{
    return &norms[i];
}

static bool removes_mean(const struct norm *norm)
{
    return norm == norm_find("layernorm");
}

/* Rounding of means of D terms, and the root. */
static const double TOLERANCE = 1e-14;

/* The definitions, entry by entry; jacobian [D][D] of one token, from theory.md: d y_i / d x_j. */
static void naive_forward(bool centred, const double *x, double *y)
{
    for (int t = 0; t < T; t++) {
        double mean = 0, square = 0;
        for (int i = 0; i < D && centred; i++)
            mean += x[t * D + i] / D;
        for (int i = 0; i < D; i++)
            square += (x[t * D + i] - mean) * (x[t * D + i] - mean) / D;
        for (int i = 0; i < D; i++)
            y[t * D + i] = (x[t * D + i] - mean) / sqrt(square + 1e-6);
    }
}

static double moment(const double *x, bool centred)
{
    double mean = 0, square = 0;
    for (int i = 0; i < D && centred; i++)
        mean += x[i] / D;
    for (int i = 0; i < D; i++)
        square += (x[i] - mean) * (x[i] - mean) / D;
    return square;
}

START_TEST(forward_follows_the_definition)
{
    const struct norm *norm = norm_of(_i);
    double *x = support_normals(1, COUNT), y[COUNT], expected[COUNT], scale[T];
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    naive_forward(removes_mean(norm), x, expected);
    ck_assert_double_le(support_distance(COUNT, y, expected), TOLERANCE);
    for (int t = 0; t < T; t++)
        ck_assert_double_eq_tol(scale[t] * sqrt(moment(x + t * D, removes_mean(norm)) + 1e-6), 1, TOLERANCE);
    free(x);
}
END_TEST

/* With m the input's second moment, norm(c x) = norm(x) sqrt((m + eps) / (m + eps / c^2)) exactly: eps is all that the
 * norm knows of its input's scale. At c = 0.01 the factor is 0.995, so a missing eps shows. */
START_TEST(only_eps_sees_the_scale)
{
    const struct norm *norm = norm_of(_i);
    const double scales[] = {0.01, 1.37, 1e5, -3};
    double *x = support_normals(2, COUNT), y[COUNT], scaled[COUNT], z[COUNT], factor[T];
    norm->forward(T, D, NORM_EPSILON, x, y, factor);
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        double c = scales[s];
        for (int i = 0; i < COUNT; i++)
            scaled[i] = c * x[i];
        norm->forward(T, D, NORM_EPSILON, scaled, z, factor);
        for (int i = 0; i < COUNT; i++) {
            double m = moment(x + i / D * D, removes_mean(norm));
            scaled[i] = y[i] * sqrt((m + 1e-6) / (m + 1e-6 / (c * c))) * copysign(1, c);
        }
        ck_assert_double_le(support_distance(COUNT, z, scaled), TOLERANCE);
    }
    free(x);
}
END_TEST

START_TEST(layernorm_ignores_a_shift)
{
    const struct norm *norm = norm_find("layernorm");
    double *x = support_normals(3, COUNT), y[COUNT], z[COUNT], scale[T];
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    for (int i = 0; i < COUNT; i++)
        x[i] += 100 + i / D;
    norm->forward(T, D, NORM_EPSILON, x, z, scale);
    /* The shift of 100 costs two digits of x. */
    ck_assert_double_le(support_distance(COUNT, z, y), 100 * TOLERANCE);
    for (int t = 0; t < T; t++) {
        double mean = 0;
        for (int i = 0; i < D; i++)
            mean += z[t * D + i];
        ck_assert_double_eq_tol(mean, 0, 1e-12);
    }
    free(x);
}
END_TEST

/* The transposed Jacobian written out: y = C x / r with C = I (- 1/D), r = sqrt(|C x|^2 / D + eps), so
 * J = C / r - (C x)(C x)^T / (D r^3). */
static void naive_backward(bool centred, const double *x, const double *dy, double *dx)
{
    for (int t = 0; t < T; t++) {
        double mean = 0, r = sqrt(moment(x + t * D, centred) + 1e-6);
        for (int i = 0; i < D && centred; i++)
            mean += x[t * D + i] / D;
        for (int j = 0; j < D; j++) {
            dx[t * D + j] = 0;
            for (int i = 0; i < D; i++) {
                double c = (i == j) - (centred ? 1.0 / D : 0);
                double jacobian = c / r - (x[t * D + i] - mean) * (x[t * D + j] - mean) / (D * r * r * r);
                dx[t * D + j] += jacobian * dy[t * D + i];
            }
        }
    }
}

START_TEST(backward_is_the_transposed_jacobian)
{
    const struct norm *norm = norm_of(_i);
    double *x = support_normals(4, COUNT), *dy = support_normals(5, COUNT), *dx = support_poison(COUNT);
    double y[COUNT], scale[T], expected[COUNT];
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    norm->backward(T, D, y, scale, dy, 0, dx);
    naive_backward(removes_mean(norm), x, dy, expected);
    ck_assert_double_le(support_distance(COUNT, dx, expected), TOLERANCE);

    /* beta = 1 adds to what is there; small tokens make eps matter in the Jacobian. */
    double *sum = support_normals(6, COUNT), *old = support_copy(COUNT, sum);
    for (int i = 0; i < COUNT; i++)
        x[i] *= 1e-3;
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    norm->backward(T, D, y, scale, dy, 1, sum);
    naive_backward(removes_mean(norm), x, dy, expected);
    for (int i = 0; i < COUNT; i++)
        expected[i] += old[i];
    ck_assert_double_le(support_distance(COUNT, sum, expected), 10 * TOLERANCE);
    free(x), free(dy), free(dx), free(sum), free(old);
}
END_TEST

struct motion {
    const struct norm *norm;
    double *x, *direction, *c;
};

static double objective(void *context, double step)
{
    struct motion *motion = context;
    double x[COUNT], y[COUNT], scale[T];
    for (int i = 0; i < COUNT; i++)
        x[i] = motion->x[i] + step * motion->direction[i];
    motion->norm->forward(T, D, NORM_EPSILON, x, y, scale);
    return support_dot(COUNT, y, motion->c);
}

START_TEST(backward_is_the_derivative)
{
    struct motion motion = {norm_of(_i), support_normals(7, COUNT), support_normals(8, COUNT),
                            support_normals(9, COUNT)};
    double y[COUNT], scale[T], dx[COUNT];
    motion.norm->forward(T, D, NORM_EPSILON, motion.x, y, scale);
    motion.norm->backward(T, D, y, scale, motion.c, 0, dx);
    support_check_slope(support_differentiate(objective, &motion, COUNT), support_dot(COUNT, dx, motion.direction),
                        motion.norm->name);
    free(motion.x), free(motion.direction), free(motion.c);
}
END_TEST

START_TEST(inputs_are_unchanged)
{
    const struct norm *norm = norm_of(_i);
    double *x = support_normals(10, COUNT), *dy = support_normals(11, COUNT);
    double *x_before = support_copy(COUNT, x), *dy_before = support_copy(COUNT, dy);
    double y[COUNT], y_before[COUNT], scale[T], dx[COUNT];
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    memcpy(y_before, y, sizeof y);
    norm->backward(T, D, y, scale, dy, 0, dx);
    ck_assert_mem_eq(x, x_before, sizeof y);
    ck_assert_mem_eq(dy, dy_before, sizeof y);
    ck_assert_mem_eq(y, y_before, sizeof y);
    free(x), free(dy), free(x_before), free(dy_before);
}
END_TEST

START_TEST(a_zero_token_stays_zero)
{
    const struct norm *norm = norm_of(_i);
    double x[COUNT] = {0}, y[COUNT], scale[T];
    norm->forward(T, D, NORM_EPSILON, x, y, scale);
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_eq(y[i], 0);
    for (int t = 0; t < T; t++)
        ck_assert_double_eq_tol(scale[t], 1000, 1e-9); // 1/sqrt(eps)
}
END_TEST

Suite *norm_suite(void)
{
    Suite *suite = suite_create("norm");
    TCase *tests = tcase_create("norm");
    int rows = (int)norm_count;
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows);
    tcase_add_loop_test(tests, only_eps_sees_the_scale, 0, rows);
    tcase_add_test(tests, layernorm_ignores_a_shift);
    tcase_add_loop_test(tests, backward_is_the_transposed_jacobian, 0, rows);
    tcase_add_loop_test(tests, backward_is_the_derivative, 0, rows);
    tcase_add_loop_test(tests, inputs_are_unchanged, 0, rows);
    tcase_add_loop_test(tests, a_zero_token_stays_zero, 0, rows);
    suite_add_tcase(suite, tests);
    return suite;
}
