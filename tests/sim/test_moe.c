#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ffn.h"
#include "sim/moe.h"
#include <check.h>
#include "tests/support.h"

enum { E = 7, K = 3 };

static const double TOLERANCE = 1e-13; // sums of some ten terms of size 1

/* Chosen by sorting: an expert is chosen when fewer than k come before it. */
static void naive_gate(const struct router *router, int k, const double *logits, double *chosen, double *p)
{
    double sum = 0;
    for (int e = 0; e < E; e++) {
        int before = 0;
        for (int f = 0; f < E; f++)
            before += logits[f] > logits[e] || (logits[f] == logits[e] && f < e);
        chosen[e] = before < k;
        p[e] = before < k || router == router_find("switch") ? exp(logits[e]) : 0;
        sum += p[e];
    }
    for (int e = 0; e < E; e++)
        p[e] /= sum;
}

START_TEST(gates_follow_the_definition)
{
    double *logits = support_normals(1, E), chosen[E], p[E], expected_chosen[E], expected[E];
    for (int k = 1; k <= E; k++) {
        moe_gate(&routers[_i], E, k, logits, chosen, p);
        naive_gate(&routers[_i], k, logits, expected_chosen, expected);
        ck_assert_mem_eq(chosen, expected_chosen, sizeof chosen);
        ck_assert_double_le(support_distance(E, p, expected), 10 * DBL_EPSILON);
        for (int e = 0; e < E; e++)
            logits[e] -= 1000; // a softmax does not see a common shift, and exp must not under- or overflow
        moe_gate(&routers[_i], E, k, logits, chosen, p);
        ck_assert_mem_eq(chosen, expected_chosen, sizeof chosen);
        ck_assert_double_le(support_distance(E, p, expected), 2000 * DBL_EPSILON); // logits near 1000 are rounded
        for (int e = 0; e < E; e++)
            logits[e] += 1000;
    }
    free(logits);
}
END_TEST

START_TEST(ties_go_to_the_smaller_index)
{
    const double logits[E] = {1, 2, 2, 0, 2, 2, -1}, expected[E] = {0, 1, 1, 0, 1, 0, 0};
    double chosen[E], p[E];
    moe_gate(&routers[_i], E, K, logits, chosen, p);
    ck_assert_mem_eq(chosen, expected, sizeof chosen);
}
END_TEST

struct motion {
    const struct router *router;
    const double *logits, *direction, *dp;
};

/* sum_e p_e dp_e over the chosen. */
static double objective(void *context, double step)
{
    const struct motion *motion = context;
    double logits[E], chosen[E], p[E], sum = 0;
    for (int e = 0; e < E; e++)
        logits[e] = motion->logits[e] + step * motion->direction[e];
    moe_gate(motion->router, E, K, logits, chosen, p);
    for (int e = 0; e < E; e++)
        sum += chosen[e] * p[e] * motion->dp[e];
    return sum;
}

/* dp of experts that are not chosen is never filled in, so it must not be read. */
START_TEST(gate_backward_is_the_derivative)
{
    double *logits = support_normals(2, E), *direction = support_normals(3, E), *dp = support_normals(4, E);
    double chosen[E], p[E], dlogits[E], unread[E], sum = 0;
    moe_gate(&routers[_i], E, K, logits, chosen, p);
    for (int e = 0; e < E; e++)
        unread[e] = chosen[e] != 0 ? dp[e] : NAN;
    moe_gate_backward(E, chosen, p, unread, dlogits);
    struct motion motion = {&routers[_i], logits, direction, dp};
    support_check_slope(support_differentiate(objective, &motion, E), support_dot(E, dlogits, direction),
                        routers[_i].name);
    for (int e = 0; e < E; e++)
        sum += dlogits[e];
    ck_assert_double_eq_tol(sum, 0, 1e-15 * E); // the common shift
    free(logits), free(direction), free(dp);
}
END_TEST

START_TEST(one_renormalised_expert_has_gate_one)
{
    double *logits = support_normals(5, E), *dp = support_normals(6, E), chosen[E], p[E], dlogits[E];
    moe_gate(router_find("renormalised"), E, 1, logits, chosen, p);
    moe_gate_backward(E, chosen, p, dp, dlogits);
    for (int e = 0; e < E; e++) {
        ck_assert_double_eq(p[e], chosen[e]);
        ck_assert_double_eq(dlogits[e], 0);
    }
    free(logits), free(dp);
}
END_TEST

static double *drawn(const struct support_rig *rig, enum init_matrix matrix, int expert, int fan_in, int fan_out)
{
    struct linear_map map = {
        fan_out,
        rig->stack.depth.blocks[0].sd[matrix],
        {.seed = rig->run.seed, .sample = rig->run.sample, .block = 1, .matrix = matrix, .expert = (uint32_t)expert}};
    double *w = calloc((size_t)fan_in * (size_t)fan_out, sizeof *w);
    linear_engines[0].fill(&map, 0, fan_in, w);
    return w;
}

/* y = x W by the definition, x [rows][in]. */
static void multiply(int rows, int in, int out, const double *x, const double *w, double *y)
{
    memset(y, 0, (size_t)rows * (size_t)out * sizeof *y);
    for (int t = 0; t < rows; t++)
        for (int i = 0; i < in; i++)
            for (int j = 0; j < out; j++)
                y[t * out + j] += x[t * in + i] * w[i * out + j];
}

/* Every expert sees every token, and gates that are 0 keep most of it out. */
static void naive_moe(const struct support_rig *rig, const double *u, double *y)
{
    const struct model *m = &rig->model;
    int T = m->tokens, d = m->width, F = m->ffn_width, n = m->experts;
    double *wr = drawn(rig, INIT_WR, 0, d, n), logits[T * n], hidden[T * F], gate[T * F], out[T * d];
    multiply(T, d, n, u, wr, logits);
    memset(y, 0, rig->count * sizeof *y);
    for (int e = 0; e < n; e++) {
        double *w1 = drawn(rig, INIT_W1, e, d, F), *wg = drawn(rig, INIT_WG, e, d, F),
               *w2 = drawn(rig, INIT_W2, e, F, d);
        multiply(T, d, F, u, w1, hidden);
        multiply(T, d, F, u, wg, gate);
        for (int i = 0; i < T * F; i++) {
            double h;
            m->activation->value(1, m->activation->gated ? &gate[i] : &hidden[i], &h);
            hidden[i] = m->activation->gated ? h * hidden[i] : h;
        }
        multiply(T, F, d, hidden, w2, out);
        for (int t = 0; t < T; t++) {
            double chosen[n], p[n];
            moe_gate(m->router, n, m->top_k, logits + t * n, chosen, p);
            for (int i = 0; i < d; i++)
                y[t * d + i] += chosen[e] * p[e] * out[t * d + i];
        }
        free(w1), free(wg), free(w2);
    }
    free(wr);
}

/* T below and above E, one expert, all experts, gated. */
static const char *const shapes[] = {
    "experts=5 top-k=2",
    "experts=23 top-k=3 tokens=4",
    "experts=3 top-k=1 tokens=11",
    "experts=4 top-k=4 activation=gelu",
    "experts=5 top-k=2 activation=swiglu",
    "experts=1 top-k=1 activation=tanh",
    "experts=6 top-k=2 tokens=1",
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void describe(int i, const char *formula, char text[256])
{
    snprintf(text, 256, "placement=%s layers=1 router=%s %s", formula, routers[i / SHAPES].name, shapes[i % SHAPES]);
}

START_TEST(forward_follows_the_definition)
{
    struct support_rig rig;
    char text[256];
    describe(_i, "x=moe(x)", text);
    support_rig_init(&rig, text);
    double *u = support_normals(7, rig.count), *expected = support_poison(rig.count);
    naive_moe(&rig, u, expected);
    double distance = support_distance(rig.count, support_forward(&rig, 0, u), expected);
    ck_assert_msg(distance <= TOLERANCE, "%s: %g", text, distance);
    free(u), free(expected);
    support_rig_free(&rig);
}
END_TEST

/* The seeds keep clear of the kinks of relu and of switches of the chosen experts; a change of streams may move these
 * into the step, which the check then says. */
START_TEST(branch_has_exact_gradients)
{
    char text[256];
    describe(_i, "x=x+moe(x)", text);
    support_check_gradients(text, 704 + 100 * (unsigned long)_i);
}
END_TEST

START_TEST(routers_agree_when_every_expert_is_chosen)
{
    struct support_rig a, b;
    support_rig_init(&a, "placement=x=moe(x) layers=1 experts=4 top-k=4 router=renormalised");
    support_rig_init(&b, "placement=x=moe(x) layers=1 experts=4 top-k=4 router=switch");
    double *u = support_normals(8, a.count), *dy = support_normals(9, a.count), dx[2][a.count];
    ck_assert_double_le(support_distance(a.count, support_forward(&a, 0, u), support_forward(&b, 0, u)), TOLERANCE);
    support_backward(&a, 0, u, dy, dx[0]);
    support_backward(&b, 0, u, dy, dx[1]);
    ck_assert_double_le(support_distance(a.count, dx[0], dx[1]), TOLERANCE);
    free(u), free(dy);
    support_rig_free(&a), support_rig_free(&b);
}
END_TEST

/* With one expert the gate is 1 and has no gradient: moe is the ffn of expert 0's weights. */
START_TEST(one_expert_is_an_ffn)
{
    struct support_rig moe, ffn;
    support_rig_init(&moe, "placement=x=moe(x) layers=1 experts=1 top-k=1");
    support_rig_init(&ffn, "placement=x=ffn(x) layers=1");
    double *u = support_normals(10, moe.count), *dy = support_normals(11, moe.count), dx[2][moe.count];
    ck_assert_double_le(support_distance(moe.count, support_forward(&moe, 0, u), support_forward(&ffn, 0, u)),
                        TOLERANCE);
    support_backward(&moe, 0, u, dy, dx[0]);
    support_backward(&ffn, 0, u, dy, dx[1]);
    ck_assert_double_le(support_distance(moe.count, dx[0], dx[1]), TOLERANCE);
    ck_assert_double_eq(moe.workspace.reports[0].gradient_squares[INIT_WR], 0);
    free(u), free(dy);
    support_rig_free(&moe), support_rig_free(&ffn);
}
END_TEST

static int experts_seen;

static void count_experts(const struct linear_map *map, int rows, int fan_in, const double *x, const double *dy)
{
    (void)fan_in, (void)x, (void)dy;
    experts_seen += map->address.matrix == INIT_W1 ? rows : 0;
}

START_TEST(experts_see_the_chosen_rows_only)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement=x=moe(x) layers=1 experts=5 top-k=2 tokens=7");
    double *u = support_normals(12, rig.count), *dx = support_poison(rig.count);
    support_forward(&rig, 0, u);
    support_hooks.gradient = count_experts;
    support_backward(&rig, 0, u, u, dx);
    support_hooks.gradient = NULL;
    ck_assert_int_eq(experts_seen, 2 * 7); // k of T
    free(u), free(dx);
    support_rig_free(&rig);
}
END_TEST

START_TEST(entries_count_all_experts)
{
    struct model model;
    support_model(&model, "activation=swiglu");
    for (int m = 0; m < INIT_MATRICES; m++) {
        size_t expected = m == INIT_W1 || m == INIT_WG || m == INIT_W2 ? 5 * 15 * 11 : m == INIT_WR ? 15 * 5 : 0;
        ck_assert_uint_eq(moe_branch.entries(&model, (enum init_matrix)m), expected);
    }
    model_free(&model);
    for (size_t i = 0; i < router_count; i++)
        ck_assert_ptr_eq(router_find(routers[i].name), &routers[i]);
    ck_assert_ptr_null(router_find("mixtral"));
}
END_TEST

Suite *moe_suite(void)
{
    Suite *suite = suite_create("moe");
    TCase *tests = tcase_create("moe");
    int rows = (int)router_count;
    tcase_add_loop_test(tests, gates_follow_the_definition, 0, rows);
    tcase_add_loop_test(tests, ties_go_to_the_smaller_index, 0, rows);
    tcase_add_loop_test(tests, gate_backward_is_the_derivative, 0, rows);
    tcase_add_test(tests, one_renormalised_expert_has_gate_one);
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows * SHAPES);
    tcase_add_loop_test(tests, branch_has_exact_gradients, 0, rows * SHAPES);
    tcase_add_test(tests, routers_agree_when_every_expert_is_chosen);
    tcase_add_test(tests, one_expert_is_an_ffn);
    tcase_add_test(tests, experts_see_the_chosen_rows_only);
    tcase_add_test(tests, entries_count_all_experts);
    suite_add_tcase(suite, tests);
    return suite;
}
