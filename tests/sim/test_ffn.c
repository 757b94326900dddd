#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/ffn.h"
#include <check.h>
#include "tests/support.h"

enum { T = 5, D = 15, F = 11, COUNT = T * D };

static const double TOLERANCE = 1e-13; // sums of 15 terms of size 1

static void init_rig(struct support_rig *rig, int activation)
{
    char text[200];
    snprintf(text, sizeof text, "placement=x=ffn(x) layers=1 activation=%s", activations[activation].name);
    support_rig_init(rig, text);
}

/* The matrices of the rig's only branch, from the engine. */
static double *matrix_of(const struct support_rig *rig, enum init_matrix matrix, int expert)
{
    int fan_in = matrix == INIT_W2 ? F : D, fan_out = matrix == INIT_W2 ? D : F;
    struct linear_map map = {
        fan_out,
        rig->stack.depth.blocks[0].sd[matrix],
        {.seed = rig->run.seed, .sample = rig->run.sample, .block = 1, .matrix = matrix, .expert = (uint32_t)expert}};
    double *w = calloc(D * F, sizeof *w);
    linear_engines[0].fill(&map, 0, fan_in, w);
    return w;
}

/* y_t = sum_j phi((u W1)_j or (u Wg)_j) [(u W1)_j] W2_j, one hidden feature at a time. */
static void naive_forward(const struct support_rig *rig, const double *u, double *y)
{
    double *w1 = matrix_of(rig, INIT_W1, 0), *wg = matrix_of(rig, INIT_WG, 0), *w2 = matrix_of(rig, INIT_W2, 0);
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
    free(w1), free(wg), free(w2);
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

/* A token's output does not depend on the others, so an expert that sees rows of its own gives what the whole gives.
 * Products over fewer rows may be summed in another order. */
START_TEST(rows_are_independent)
{
    enum { FIRST = 1, ROWS = 3, EXPERT = 0 };
    struct support_rig rig;
    init_rig(&rig, _i);
    double *u = support_normals(1, COUNT), *dy = support_normals(2, COUNT), *dx = support_poison(COUNT);
    double *y = support_copy(COUNT, support_forward(&rig, 0, u));
    support_backward(&rig, 0, u, dy, dx);

    struct branch_site site = {&rig.model,
                               &support_engine,
                               rig.stack.depth.blocks[0].sd,
                               {.seed = rig.run.seed, .sample = rig.run.sample, .block = 1}};
    struct linear_cost cost = ffn_cost(&rig.model, &support_engine, ROWS);
    struct arena tape = {memory_doubles(cost.tape), cost.tape, 0}, work = {memory_doubles(cost.work), cost.work, 0};
    struct arena again = tape;
    struct branch_report report = {0};
    double *part = support_poison(ROWS * D), *dpart = support_poison(ROWS * D);
    ffn_forward(&site, EXPERT, ROWS, u + FIRST * D, part, &tape, work);
    ffn_backward(&site, EXPERT, ROWS, u + FIRST * D, part, dy + FIRST * D, 0, dpart, &again, work, &report);
    ck_assert_uint_eq(tape.used, again.used); // the same layout both ways
    ck_assert_double_le(support_distance(ROWS * D, part, y + FIRST * D), TOLERANCE);
    ck_assert_double_le(support_distance(ROWS * D, dpart, dx + FIRST * D), TOLERANCE);
    free(u), free(dy), free(dx), free(y), free(part), free(dpart), free(tape.base), free(work.base);
    support_rig_free(&rig);
}
END_TEST

START_TEST(experts_have_weights_of_their_own)
{
    struct support_rig rig;
    init_rig(&rig, 0);
    struct branch_site site = {&rig.model, &support_engine, rig.stack.depth.blocks[0].sd, {.seed = 4, .block = 1}};
    struct linear_cost cost = ffn_cost(&rig.model, &support_engine, T);
    struct arena tape = {memory_doubles(cost.tape), cost.tape, 0}, work = {memory_doubles(cost.work), cost.work, 0};
    double *u = support_normals(1, COUNT), y[2][COUNT];
    for (int e = 0; e < 2; e++) {
        struct arena own = tape;
        ffn_forward(&site, e, T, u, y[e], &own, work);
    }
    for (int i = 0; i < COUNT; i++)
        ck_assert_double_ne(y[0][i], y[1][i]);
    free(u), free(tape.base), free(work.base);
    support_rig_free(&rig);
}
END_TEST

START_TEST(entries_count_the_matrices)
{
    struct support_rig rig;
    init_rig(&rig, _i);
    bool gated = activations[_i].gated;
    for (int m = 0; m < INIT_MATRICES; m++) {
        bool own = m == INIT_W1 || m == INIT_W2 || (m == INIT_WG && gated);
        ck_assert_uint_eq(ffn_entries(&rig.model, (enum init_matrix)m), own ? D * F : 0);
    }
    ck_assert_double_eq(ffn_cost(&rig.model, &support_engine, T).normals, (gated ? 3 : 2) * D * F);
    support_rig_free(&rig);
}
END_TEST

Suite *ffn_suite(void)
{
    Suite *suite = suite_create("ffn");
    TCase *tests = tcase_create("ffn");
    int rows = (int)activation_count;
    tcase_add_loop_test(tests, forward_follows_the_definition, 0, rows);
    tcase_add_loop_test(tests, branch_has_exact_gradients, 0, rows);
    tcase_add_loop_test(tests, rows_are_independent, 0, rows);
    tcase_add_test(tests, experts_have_weights_of_their_own);
    tcase_add_loop_test(tests, entries_count_the_matrices, 0, rows);
    suite_add_tcase(suite, tests);
    return suite;
}
