#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/prelude.h"
#include "tests/support.h"

enum { T = 5, D = 15, F = 11, COUNT = T * D };

static const double TOLERANCE = 1e-13; // sums of 15 terms of size 1

static void init_rig(struct support_rig *rig, int activation)
{
    char text[200];
    snprintf(text, sizeof text, "placement=x=ffn(x) layers=1 activation=%s", activations[activation].name);
    support_rig_init(rig, text);
}

/* y_t = sum_j phi((u W1)_j or (u Wg)_j) [(u W1)_j] W2_j, one hidden feature at a time. */
static void naive_forward(const struct support_rig *rig, const double *u, double *y)
{
    double w1[D * F], wg[D * F] = {0}, w2[F * D];
    support_matrix(rig, 0, "ffn.w1", 0, w1);
    support_matrix(rig, 0, "ffn.w2", 0, w2);
    if (rig->model.activation->gated)
        support_matrix(rig, 0, "ffn.wg", 0, wg);
    const struct activation *activation = rig->model.activation;
    memset(y, 0, COUNT * sizeof *y);
    for (int t = 0; t < T; t++) {
        for (int j = 0; j < F; j++) {
            double up = 0, gate = 0, h;
            for (int i = 0; i < D; i++) {
                up += u[t * D + i] * w1[i * F + j];
                gate += u[t * D + i] * wg[i * F + j];
            }
            activation->value(1, activation->gated ? &gate : &up, &h);
            h *= activation->gated ? up : 1;
            for (int i = 0; i < D; i++)
                y[t * D + i] += h * w2[j * D + i];
        }
    }
}

START_TEST(forward_follows_the_definition)
{
    struct support_rig rig;
    init_rig(&rig, _i);
    double *u = support_normals(1, COUNT), expected[COUNT];
    naive_forward(&rig, u, expected);
    ck_assert_double_le(support_distance(COUNT, support_forward(&rig, 0, u), expected), TOLERANCE);
    free(u);
    support_rig_free(&rig);
}
END_TEST

START_TEST(branch_has_exact_gradients)
{
    char text[200];
    snprintf(text, sizeof text, "placement=x=ffn(x) layers=1 activation=%s", activations[_i].name);
    support_check_gradients(text, 500);
    snprintf(text, sizeof text, "placement=x=ffn(x) layers=1 tokens=1 ffn-width=23 activation=%s",
             activations[_i].name);
    support_check_gradients(text, 600);
}
END_TEST

/* The text of each row parses as a definition, and its call has a site of its name. */
START_TEST(rows_are_definitions)
{
    const struct prelude *row = &prelude[_i];
    char text[100];
    struct formula formula;
    struct error error;
    ck_assert_str_ne(row->summary, "");
    ck_assert(prelude_has(row->name, strlen(row->name)) && !prelude_has(row->name, strlen(row->name) - 1));
    ck_assert_int_ne(strncmp(row->text, "def ", 4), 1);
    snprintf(text, sizeof text, "x = x + %s(x)", row->name);
    ck_assert_msg(formula_parse(text, strlen(text), "formula", &formula, &error) == ERROR_NONE, "%s", error.text);
    ck_assert_str_eq(formula.rules[0].block.sites[0].name, row->name);
    formula_free(&formula);
}
END_TEST

/* The rows in the words that anyone may write are the same blocks. */
static const char *const spelled[][2] = {
    {"x=x+attn(x)", "def attn(u)=wo(attend(wq(u),wk(u),wv(u)));x=x+attn(x)"},
    {"x=x+ffn(x)", "def ffn(u)=w2(phi(w1(u,F)));x=x+ffn(x)"},
    {"x=x+glu(x)", "def glu(u)=w2(silu(wg(u,F))*w1(u,F));x=x+glu(x)"},
};

START_TEST(spelled_out_it_is_the_same)
{
    struct support_rig a, b;
    char text[200];
    snprintf(text, sizeof text, "placement=%s layers=1", spelled[_i][0]);
    support_rig_init(&a, text);
    snprintf(text, sizeof text, "placement='%s' layers=1", spelled[_i][1]);
    support_rig_init(&b, text);
    double *x = support_normals(3, COUNT), *dy = support_normals(4, COUNT), dx[2][COUNT];
    double *y = support_copy(COUNT, support_forward(&a, 0, x));
    ck_assert_mem_eq(y, support_forward(&b, 0, x), sizeof dx[0]);
    support_backward(&a, 0, x, dy, dx[0]);
    support_backward(&b, 0, x, dy, dx[1]);
    ck_assert_mem_eq(dx[0], dx[1], sizeof dx[0]);
    free(x), free(dy), free(y);
    support_rig_free(&a), support_rig_free(&b);
}
END_TEST

Suite *prelude_suite(void)
{
    Suite *suite = suite_create("prelude");
    TCase *tests = tcase_create("prelude");
    int rows = (int)activation_count;
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows);
    tcase_add_loop_test(tests, branch_has_exact_gradients, 0, rows);
    tcase_add_loop_test(tests, rows_are_definitions, 0, (int)prelude_count);
    tcase_add_loop_test(tests, spelled_out_it_is_the_same, 0, sizeof spelled / sizeof *spelled);
    suite_add_tcase(suite, tests);
    return suite;
}
