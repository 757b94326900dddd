#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/attention.h"
#include <check.h>
#include "tests/support.h"

enum { T = 5, D = 15, H = 3, DH = D / H, COUNT = T * D, SCORES = H * T * T };

/* Sums of at most 15 terms of size 1, a softmax and its derivative: a few tens of eps. */
static const double TOLERANCE = 1e-13;

struct bench {
    struct attention attention;
    double *q, *k, *v, *dy;
    double a[SCORES], y[COUNT], dq[COUNT], dk[COUNT], dv[COUNT], work[2 * T * T];
};

static void run(struct bench *b)
{
    attention_forward(&b->attention, b->q, b->k, b->v, b->a, b->y);
    attention_backward(&b->attention, b->q, b->k, b->v, b->a, b->dy, b->dq, b->dk, b->dv, b->work);
}

static struct bench bench_of(int mask)
{
    struct bench b = {.attention = {T, D, H, &masks[mask]},
                      .q = support_normals(1, COUNT),
                      .k = support_normals(2, COUNT),
                      .v = support_normals(3, COUNT),
                      .dy = support_normals(4, COUNT)};
    run(&b);
    return b;
}

static void bench_free(struct bench *b)
{
    free(b->q), free(b->k), free(b->v), free(b->dy);
}

static bool is_visible(int mask, int i, int j)
{
    return &masks[mask] == mask_find("none") || j <= i;
}

static int at(int h, int t, int i)
{
    return t * D + h * DH + i;
}

static void naive_forward(int mask, const struct bench *b, double *a, double *y)
{
    memset(a, 0, SCORES * sizeof *a);
    memset(y, 0, COUNT * sizeof *y);
    for (int h = 0; h < H; h++) {
        for (int i = 0; i < T; i++) {
            double e[T] = {0}, sum = 0;
            for (int j = 0; j < T; j++) {
                if (!is_visible(mask, i, j))
                    continue;
                double s = 0;
                for (int n = 0; n < DH; n++)
                    s += b->q[at(h, i, n)] * b->k[at(h, j, n)];
                e[j] = exp(s / sqrt(DH));
                sum += e[j];
            }
            for (int j = 0; j < T; j++) {
                a[(h * T + i) * T + j] = e[j] / sum;
                for (int n = 0; n < DH; n++)
                    y[at(h, i, n)] += e[j] / sum * b->v[at(h, j, n)];
            }
        }
    }
}

START_TEST(forward_follows_the_definition)
{
    struct bench b = bench_of(_i);
    double a[SCORES], y[COUNT];
    naive_forward(_i, &b, a, y);
    ck_assert_double_le(support_distance(SCORES, b.a, a), TOLERANCE);
    ck_assert_double_le(support_distance(COUNT, b.y, y), TOLERANCE);
    bench_free(&b);
}
END_TEST

/* The chain rule with the softmax's whole Jacobian dA_ij/dS_il = A_ij (delta_jl - A_il). */
static void naive_backward(const struct bench *b, double *dq, double *dk, double *dv)
{
    memset(dq, 0, COUNT * sizeof *dq);
    memset(dk, 0, COUNT * sizeof *dk);
    memset(dv, 0, COUNT * sizeof *dv);
    for (int h = 0; h < H; h++) {
        for (int i = 0; i < T; i++) {
            const double *a = b->a + (h * T + i) * T;
            for (int j = 0; j < T; j++) {
                double da = 0;
                for (int n = 0; n < DH; n++) {
                    da += b->dy[at(h, i, n)] * b->v[at(h, j, n)];
                    dv[at(h, j, n)] += a[j] * b->dy[at(h, i, n)];
                }
                for (int l = 0; l < T; l++) {
                    double ds = da * a[j] * ((j == l) - a[l]) / sqrt(DH);
                    for (int n = 0; n < DH; n++) {
                        dq[at(h, i, n)] += ds * b->k[at(h, l, n)];
                        dk[at(h, l, n)] += ds * b->q[at(h, i, n)];
                    }
                }
            }
        }
    }
}

START_TEST(backward_is_the_chain_rule)
{
    struct bench b = bench_of(_i);
    double dq[COUNT], dk[COUNT], dv[COUNT];
    naive_backward(&b, dq, dk, dv);
    ck_assert_double_le(support_distance(COUNT, b.dq, dq), TOLERANCE);
    ck_assert_double_le(support_distance(COUNT, b.dk, dk), TOLERANCE);
    ck_assert_double_le(support_distance(COUNT, b.dv, dv), TOLERANCE);
    bench_free(&b);
}
END_TEST

struct motion {
    const struct bench *bench;
    double *direction;
    int moved; /* 0 q, 1 k, 2 v */
};

static double objective(void *context, double step)
{
    const struct motion *motion = context;
    const struct bench *b = motion->bench;
    const double *inputs[3] = {b->q, b->k, b->v};
    double a[SCORES], y[COUNT], *moved = support_copy(COUNT, inputs[motion->moved]);
    for (int i = 0; i < COUNT; i++)
        moved[i] += step * motion->direction[i];
    inputs[motion->moved] = moved;
    attention_forward(&b->attention, inputs[0], inputs[1], inputs[2], a, y);
    free(moved);
    return support_dot(COUNT, y, b->dy);
}

START_TEST(backward_is_the_derivative)
{
    struct bench b = bench_of(_i);
    const double *gradients[3] = {b.dq, b.dk, b.dv};
    for (int moved = 0; moved < 3; moved++) {
        struct motion motion = {&b, support_normals(10 + (unsigned long)moved, COUNT), moved};
        support_check_slope(support_differentiate(objective, &motion, 2 * COUNT),
                            support_dot(COUNT, gradients[moved], motion.direction), "q, k or v");
        free(motion.direction);
    }
    bench_free(&b);
}
END_TEST

START_TEST(backward_is_linear_in_the_cotangent)
{
    struct bench b = bench_of(_i), c = bench_of(_i), sum = bench_of(_i);
    free(c.dy);
    c.dy = support_normals(5, COUNT);
    for (int i = 0; i < COUNT; i++)
        sum.dy[i] = 2 * b.dy[i] - 0.7 * c.dy[i];
    run(&c);
    run(&sum);
    double expected[3 * COUNT], ours[3 * COUNT];
    for (int i = 0; i < COUNT; i++) {
        expected[i] = 2 * b.dq[i] - 0.7 * c.dq[i];
        expected[COUNT + i] = 2 * b.dk[i] - 0.7 * c.dk[i];
        expected[2 * COUNT + i] = 2 * b.dv[i] - 0.7 * c.dv[i];
        ours[i] = sum.dq[i], ours[COUNT + i] = sum.dk[i], ours[2 * COUNT + i] = sum.dv[i];
    }
    ck_assert_double_le(support_distance(3 * COUNT, ours, expected), TOLERANCE);
    bench_free(&b), bench_free(&c), bench_free(&sum);
}
END_TEST

START_TEST(rows_are_distributions_under_the_mask)
{
    struct bench b = bench_of(_i);
    for (int row = 0; row < H * T; row++) {
        double sum = 0;
        for (int j = 0; j < T; j++) {
            double a = b.a[row * T + j];
            ck_assert_int_eq(a > 0, is_visible(_i, row % T, j));
            sum += a;
        }
        ck_assert_double_eq_tol(sum, 1, T * DBL_EPSILON);
    }
    bench_free(&b);
}
END_TEST

/* One vector added to every key moves a row's logits together, which a softmax does not see; so the keys' gradients
 * sum to 0 over tokens. */
START_TEST(a_common_shift_of_the_keys_is_not_seen)
{
    struct bench b = bench_of(_i);
    double before[SCORES], sum[D] = {0}, *shift = support_normals(6, D);
    memcpy(before, b.a, sizeof before);
    for (int i = 0; i < COUNT; i++)
        sum[i % D] += b.dk[i], b.k[i] += shift[i % D];
    for (int i = 0; i < D; i++)
        ck_assert_double_eq_tol(sum[i], 0, 1e-13);
    run(&b);
    ck_assert_double_le(support_distance(SCORES, b.a, before), TOLERANCE);
    free(shift);
    bench_free(&b);
}
END_TEST

START_TEST(huge_logits_do_not_overflow)
{
    struct bench b = bench_of(_i);
    for (int i = 0; i < COUNT; i++)
        b.q[i] *= 1e6;
    run(&b);
    for (int i = 0; i < SCORES; i++)
        ck_assert(isfinite(b.a[i]) && b.a[i] >= 0 && b.a[i] <= 1);
    for (int i = 0; i < COUNT; i++)
        ck_assert(isfinite(b.y[i]) && isfinite(b.dq[i]) && isfinite(b.dk[i]) && isfinite(b.dv[i]));
    double entropy, relative;
    attention_entropy(&b.attention, b.a, &entropy, &relative);
    ck_assert(isfinite(entropy) && isfinite(relative) && entropy >= 0);
    bench_free(&b);
}
END_TEST

/* The softmax's Jacobian J of every row, through the backward pass: the gradient of one key's feature by unit values is
 * what a move of one logit does. As a map from the largest to the summed absolute value its norm is attained at signs,
 * and is 4 max over sets S of P(S)(1 - P(S)), P the row's distribution (Emadi, arXiv 2602.18849, whose constant is its
 * largest value, 1 for diffuse rows): a sum over signs of J against one over sets of P. */
static double norm_by_signs(const double *jacobian) // [T][T]
{
    double most = 0;
    for (unsigned signs = 0; signs < 1u << T; signs++) {
        double sum = 0;
        for (int j = 0; j < T; j++) {
            double moved = 0;
            for (int l = 0; l < T; l++)
                moved += (signs >> l & 1 ? 1 : -1) * jacobian[j * T + l];
            sum += fabs(moved);
        }
        most = fmax(most, sum);
    }
    return most;
}

static double norm_by_sets(const double *p) // [T]
{
    double most = 0;
    for (unsigned set = 0; set < 1u << T; set++) {
        double inside = 0;
        for (int j = 0; j < T; j++)
            inside += set >> j & 1 ? p[j] : 0;
        most = fmax(most, 4 * inside * (1 - inside));
    }
    return most;
}

/* Keys are unit vectors, so dq is the gradient of a row's logits up to the scale 1/sqrt T; values are the same, so that
 * dy is the gradient of the row of a. */
static void softmax_jacobian(struct bench *b, int row, double *jacobian)
{
    struct attention one = {T, T, 1, b->attention.mask, 0};
    double q[T * T], unit[T * T] = {0}, a[T * T], y[T * T], dq[T * T], dk[T * T], dv[T * T], dy[T * T];
    memcpy(q, b->q, sizeof q);
    for (int j = 0; j < T; j++)
        unit[j * T + j] = 1;
    attention_forward(&one, q, unit, unit, a, y);
    memcpy(b->a, a, sizeof a);
    for (int j = 0; j < T; j++) {
        memset(dy, 0, sizeof dy);
        dy[row * T + j] = 1;
        attention_backward(&one, q, unit, unit, a, dy, dq, dk, dv, b->work);
        for (int l = 0; l < T; l++)
            jacobian[j * T + l] = dq[row * T + l] * sqrt(T);
    }
}

START_TEST(softmax_moves_by_at_most_its_variance)
{
    struct bench b = bench_of(_i);
    double jacobian[T * T];
    for (int row = 0; row < T; row++) {
        softmax_jacobian(&b, row, jacobian);
        double signs = norm_by_signs(jacobian), sets = norm_by_sets(b.a + row * T);
        ck_assert(isfinite(signs) && sets <= 1 + DBL_EPSILON);
        ck_assert_double_eq_tol(signs, sets, TOLERANCE);
    }
    bench_free(&b);
}
END_TEST

START_TEST(inputs_are_unchanged)
{
    struct bench b = bench_of(_i), fresh = bench_of(_i);
    run(&b);
    ck_assert_mem_eq(b.q, fresh.q, sizeof b.y);
    ck_assert_mem_eq(b.k, fresh.k, sizeof b.y);
    ck_assert_mem_eq(b.v, fresh.v, sizeof b.y);
    ck_assert_mem_eq(b.dy, fresh.dy, sizeof b.y);
    ck_assert_mem_eq(b.a, fresh.a, sizeof b.a);
    double *q = support_normals(1, COUNT);
    ck_assert_mem_eq(b.q, q, sizeof b.y);
    free(q);
    bench_free(&b), bench_free(&fresh);
}
END_TEST

START_TEST(entropy_is_the_mean_over_rows)
{
    struct bench b = bench_of(_i);
    double expected = 0, expected_relative = 0, entropy, relative;
    int rows = 0;
    for (int row = 0; row < H * T; row++) {
        double e = 0;
        int length = 0;
        for (int j = 0; j < T; j++) {
            double a = b.a[row * T + j];
            e -= a > 0 ? a * log(a) : 0;
            length += is_visible(_i, row % T, j);
        }
        expected += e / (H * T);
        if (length > 1)
            expected_relative += e / log(length), rows++;
    }
    attention_entropy(&b.attention, b.a, &entropy, &relative);
    ck_assert_double_eq_tol(entropy, expected, TOLERANCE);
    ck_assert_double_eq_tol(relative, expected_relative / rows, TOLERANCE);
    bench_free(&b);
}
END_TEST

/* Equal logits give uniform rows: log n and 1. One token alone: 0 and, by convention, 0. */
START_TEST(entropy_has_its_known_values)
{
    struct bench b = bench_of(_i);
    memset(b.q, 0, COUNT * sizeof *b.q);
    run(&b);
    double entropy, relative, expected = 0;
    attention_entropy(&b.attention, b.a, &entropy, &relative);
    for (int i = 0; i < T; i++)
        expected += log(masks[_i].visible(i, T)) / T;
    ck_assert_double_eq_tol(entropy, expected, TOLERANCE);
    ck_assert_double_eq_tol(relative, 1, TOLERANCE);
    struct attention single = {1, D, H, &masks[_i], 0};
    attention_forward(&single, b.q, b.k, b.v, b.a, b.y);
    attention_entropy(&single, b.a, &entropy, &relative);
    ck_assert_double_eq(entropy, 0);
    ck_assert_double_eq(relative, 0);
    bench_free(&b);
}
END_TEST

START_TEST(masks_are_prefixes)
{
    for (int t = 0; t < T; t++) {
        ck_assert_int_eq(mask_find("none")->visible(t, T), T);
        ck_assert_int_eq(mask_find("causal")->visible(t, T), t + 1);
    }
    for (size_t i = 0; i < mask_count; i++)
        ck_assert_ptr_eq(mask_find(masks[i].name), &masks[i]);
    ck_assert_ptr_null(mask_find("bidirectional"));
}
END_TEST

START_TEST(branch_has_exact_gradients)
{
    support_check_gradients("placement=x=attn(x) layers=1 mask=none", 100);
    support_check_gradients("placement=x=attn(x) layers=1 mask=causal", 200);
    support_check_gradients("placement=x=attn(x) layers=1 tokens=1", 300);
    support_check_gradients("placement=x=attn(x) layers=1 heads=15", 400);
}
END_TEST

START_TEST(branch_has_four_square_matrices)
{
    struct model model;
    support_model(&model, "");
    for (int m = 0; m < INIT_MATRICES; m++)
        ck_assert_uint_eq(attention_branch.entries(&model, (enum init_matrix)m), m <= INIT_WO ? D * D : 0);
    model_free(&model);
}
END_TEST

Suite *attention_suite(void)
{
    Suite *suite = suite_create("attention");
    TCase *tests = tcase_create("attention");
    int rows = (int)mask_count;
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows);
    tcase_add_loop_test(tests, backward_is_the_chain_rule, 0, rows);
    tcase_add_loop_test(tests, backward_is_the_derivative, 0, rows);
    tcase_add_loop_test(tests, backward_is_linear_in_the_cotangent, 0, rows);
    tcase_add_loop_test(tests, rows_are_distributions_under_the_mask, 0, rows);
    tcase_add_loop_test(tests, a_common_shift_of_the_keys_is_not_seen, 0, rows);
    tcase_add_loop_test(tests, huge_logits_do_not_overflow, 0, rows);
    tcase_add_loop_test(tests, softmax_moves_by_at_most_its_variance, 0, rows);
    tcase_add_loop_test(tests, inputs_are_unchanged, 0, rows);
    tcase_add_loop_test(tests, entropy_is_the_mean_over_rows, 0, rows);
    tcase_add_loop_test(tests, entropy_has_its_known_values, 0, rows);
    tcase_add_test(tests, masks_are_prefixes);
    tcase_add_test(tests, branch_has_exact_gradients);
    tcase_add_test(tests, branch_has_four_square_matrices);
    suite_add_tcase(suite, tests);
    return suite;
}
