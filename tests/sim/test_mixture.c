#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/router.h"
#include "tests/support.h"

static const double TOLERANCE = 1e-13; // sums of some ten terms of size 1

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
    double wr[d * n], w1[d * F], wg[d * F], w2[F * d], logits[T * n], hidden[T * F], gate[T * F], out[T * d];
    support_matrix(rig, 0, "moe.wr", 0, wr);
    multiply(T, d, n, u, wr, logits);
    memset(y, 0, rig->count * sizeof *y);
    for (int e = 0; e < n; e++) {
        support_matrix(rig, 0, "moe.w1", e, w1);
        support_matrix(rig, 0, "moe.w2", e, w2);
        multiply(T, d, F, u, w1, hidden);
        if (m->activation->gated) {
            support_matrix(rig, 0, "moe.wg", e, wg);
            multiply(T, d, F, u, wg, gate);
        }
        for (int i = 0; i < T * F; i++) {
            double h;
            m->activation->value(1, m->activation->gated ? &gate[i] : &hidden[i], &h);
            hidden[i] = m->activation->gated ? h * hidden[i] : h;
        }
        multiply(T, F, d, hidden, w2, out);
        for (int t = 0; t < T; t++) {
            double chosen[n], p[n];
            router_gate(m->router, &(struct router_sizes){n, m->top_k, 1, 1}, logits + t * n, chosen, p);
            for (int i = 0; i < d; i++)
                y[t * d + i] += chosen[e] * p[e] * out[t * d + i];
        }
    }
}

/* T below and above E, one expert, all experts, gated. */
static const char *const shapes[] = {
    "experts=5 top-k=2 activation=silu",   "experts=23 top-k=3 tokens=4 activation=relu2",
    "experts=3 top-k=1 tokens=11",         "experts=4 top-k=4 activation=gelu",
    "experts=5 top-k=2 activation=swiglu", "experts=1 top-k=1 activation=tanh",
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
    ck_assert_double_eq(moe.workspace.report.gradients[2], 0); // wr, behind w1 and w2
    free(u), free(dy);
    support_rig_free(&moe), support_rig_free(&ffn);
}
END_TEST

enum { W1 = 4 }; // its place in init_matrix_names
static int experts_seen;

static void count_experts(const struct linear_map *map, int rows, int fan_in, const double *x, const double *dy)
{
    (void)fan_in, (void)x, (void)dy;
    experts_seen += map->address.matrix == W1 ? rows : 0;
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

START_TEST(copies_and_sizes_are_those_of_the_experts)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement=x=x+moe(x) layers=1 activation=swiglu");
    const struct plan *plan = rig.stack.depth.blocks[0].plan;
    static const struct {
        const char *label;
        int fan_in, fan_out, copies;
    } expected[] = {{"moe.wg", 15, 11, 5}, {"moe.w1", 15, 11, 5}, {"moe.w2", 11, 15, 5}, {"moe.wr", 15, 5, 1}};
    ck_assert_int_eq(plan->graph->matrix_count, 4);
    for (int m = 0; m < 4; m++) {
        ck_assert_str_eq(plan->graph->matrices[m].label, expected[m].label);
        ck_assert_int_eq(plan_matrix(plan, m).fan_in, expected[m].fan_in);
        ck_assert_int_eq(plan_matrix(plan, m).fan_out, expected[m].fan_out);
        ck_assert_int_eq(plan_copies(plan, m), expected[m].copies);
    }
    support_rig_free(&rig);
}
END_TEST

/* What a call says wins over the settings; a body of one's own; two mixtures, one behind the other, whose tapes are
 * taken in turn and given back in reverse. */
static const char *const calls[] = {
    "placement='x=x+moe(x,experts=4,top=3,router=switch,width=2*d)' layers=1 activation=gelu",
    "placement='x=x+moe(x,body=glu,width=7)' layers=1",
    "placement='def lin(u)=wz(u)*w3(u);x=norm(moe(x,body=lin,top=1),groups=3)' layers=1 init='w=1/sqrt(n)'",
    "placement='y=x+moe(x);x=y+moe(y,router=sigmoid)' layers=2 activation=silu",
    "placement='x=x+moe(moe(norm(x)))' layers=1 activation=tanh",
    "placement='def two(u)=moe(u)+moe(u,top=1);x=x+two(x)' layers=1 activation=tanh",
    "placement='x=x+moe(x,experts=6,expert_groups=3,top_groups=2,router=sigmoid)' layers=1 activation=tanh",
    "placement='x=x+moe(x,weigh=input,body=glu)' layers=1",
    "placement='x=x+moe(norm(x),weigh=input,top=1,router=independent)' layers=1 activation=silu",
    ("placement='def e(u)=w2(tanh(w1(u,F)+wb(ones(u),F)));x=x+moe(x,body=e,weigh=input,router=switch)' layers=1 "
     "init='w=0.7/sqrt(n)'"),
};

/* An expert of linear maps gives the same whether its weight multiplies what it is given or what it puts out. */
START_TEST(linear_experts_are_weighed_on_either_side)
{
    static const char *const sides[] = {
        "placement='def e(u)=w2(w1(u,7));x=moe(x,body=e,weigh=output)' layers=1 router=independent init='w=1/sqrt(n)'",
        "placement='def e(u)=w2(w1(u,7));x=moe(x,body=e,weigh=input)' layers=1 router=independent init='w=1/sqrt(n)'"};
    struct support_rig rig[2];
    for (int i = 0; i < 2; i++)
        support_rig_init(&rig[i], sides[i]);
    double *u = support_normals(13, rig[0].count), *dy = support_normals(14, rig[0].count), dx[2][rig[0].count];
    ck_assert_double_le(support_distance(rig[0].count, support_forward(&rig[0], 0, u), support_forward(&rig[1], 0, u)),
                        TOLERANCE);
    for (int i = 0; i < 2; i++)
        support_backward(&rig[i], 0, u, dy, dx[i]);
    ck_assert_double_le(support_distance(rig[0].count, dx[0], dx[1]), TOLERANCE);
    free(u), free(dy);
    support_rig_free(&rig[0]), support_rig_free(&rig[1]);
}
END_TEST

START_TEST(calls_have_exact_gradients)
{
    support_check_gradients(calls[_i], 4100 + 100 * (unsigned long)_i);
}
END_TEST

Suite *mixture_suite(void)
{
    Suite *suite = suite_create("mixture");
    TCase *tests = tcase_create("mixture");
    int rows = (int)router_count;
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows * SHAPES);
    tcase_add_loop_test(tests, branch_has_exact_gradients, 0, rows * SHAPES);
    tcase_add_test(tests, routers_agree_when_every_expert_is_chosen);
    tcase_add_test(tests, one_expert_is_an_ffn);
    tcase_add_test(tests, experts_see_the_chosen_rows_only);
    tcase_add_test(tests, copies_and_sizes_are_those_of_the_experts);
    tcase_add_test(tests, linear_experts_are_weighed_on_either_side);
    tcase_add_loop_test(tests, calls_have_exact_gradients, 0, sizeof calls / sizeof *calls);
    suite_add_tcase(suite, tests);
    return suite;
}
