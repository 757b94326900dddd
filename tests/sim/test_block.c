#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/placement.h"
#include <check.h>
#include "tests/support.h"

/* Sums of at most 64 products in double precision, through two branches and two norms. */
static const double TOLERANCE = 1e-12;

/* Blocks by their placements, L = 4 so that every rule of a formula is met, and formulas that the table has no like of:
 * an unused branch, a signal used many times, an output that is the input. A smooth activation: relu has kinks. */
static const char *const formulas[] = {
    "y=attn(x);x=norm(x-0.37*y+y*sqrt(l))",
    "unused=ffn(x);y=moe(x)+x;x=y+y/l+norm(y)",
    "first:x=x;block:x=norm(attn(ffn(x))+x)*1.37;final:x=norm(x)+ffn(x)",
    "y=norm(norm(x)+attn(x)+attn(x));x=y",
};

static void formula_text(char text[512], const char *formula, const char *rest)
{
    snprintf(text, 512, "placement=%s %s", formula, rest);
}

static const char *const variants[] = {
    "layers=4 activation=silu",
    "layers=4 activation=swiglu norm=layernorm mask=causal",
    "layers=4 activation=gelu init=scaleinit:1.37 tokens=1",
};
enum { VARIANTS = sizeof variants / sizeof *variants, FORMULAS = sizeof formulas / sizeof *formulas };

START_TEST(every_placement_has_exact_gradients)
{
    char text[512];
    snprintf(text, sizeof text, "placement=%s %s", placements[_i / VARIANTS].name, variants[_i % VARIANTS]);
    support_check_gradients(text, 100);
}
END_TEST

START_TEST(odd_formulas_have_exact_gradients)
{
    char text[512];
    formula_text(text, formulas[_i / VARIANTS], variants[_i % VARIANTS]);
    support_check_gradients(text, 200);
}
END_TEST

START_TEST(backward_is_linear)
{
    struct support_rig rig;
    char text[512];
    formula_text(text, formulas[_i], "layers=2 activation=gelu");
    support_rig_init(&rig, text);
    double *x = support_normals(1, rig.count), *u = support_normals(2, rig.count), *v = support_normals(3, rig.count);
    double *w = support_copy(rig.count, u), *du = support_poison(rig.count), *dv = support_poison(rig.count);
    double *dw = support_poison(rig.count);
    for (size_t i = 0; i < rig.count; i++)
        w[i] = 1.37 * u[i] - 0.21 * v[i];
    support_forward(&rig, 1, x);
    support_backward(&rig, 1, x, u, du);
    support_backward(&rig, 1, x, v, dv);
    support_backward(&rig, 1, x, w, dw);
    for (size_t i = 0; i < rig.count; i++)
        du[i] = 1.37 * du[i] - 0.21 * dv[i];
    ck_assert_double_le(support_distance(rig.count, dw, du), TOLERANCE);
    free(x), free(u), free(v), free(w), free(du), free(dv), free(dw);
    support_rig_free(&rig);
}
END_TEST

/* <u, J v> = <J^T u, v>, J v by differences along v. */
struct motion {
    struct support_rig *rig;
    const double *x, *u, *v;
};

static double objective(void *context, double step)
{
    struct motion *motion = context;
    double *x = support_copy(motion->rig->count, motion->x);
    for (size_t i = 0; i < motion->rig->count; i++)
        x[i] += step * motion->v[i];
    double value = support_dot(motion->rig->count, motion->u, support_forward(motion->rig, 1, x));
    free(x);
    return value;
}

START_TEST(backward_is_the_transpose)
{
    struct support_rig rig;
    char text[512];
    formula_text(text, formulas[_i], "layers=2 activation=tanh mask=causal");
    support_rig_init(&rig, text);
    double *x = support_normals(4, rig.count), *u = support_normals(5, rig.count), *v = support_normals(6, rig.count);
    double *transposed = support_poison(rig.count), magnitude = 0;
    const double *y = support_forward(&rig, 1, x);
    for (size_t i = 0; i < rig.count; i++)
        magnitude += fabs(u[i] * y[i]);
    support_backward(&rig, 1, x, u, transposed);
    struct motion motion = {&rig, x, u, v};
    support_check_slope(support_differentiate(objective, &motion, magnitude), support_dot(rig.count, transposed, v),
                        text);
    free(x), free(u), free(v), free(transposed);
    support_rig_free(&rig);
}
END_TEST

static void permute(int tokens, int width, const double *a, double *b)
{
    for (int t = 0; t < tokens; t++)
        memcpy(b + (size_t)((3 * t + 1) % tokens) * (size_t)width, a + (size_t)t * (size_t)width,
               (size_t)width * sizeof *a);
}

/* Without a mask no token knows its place: 3 t + 1 mod 5 permutes tokens of input, output and both gradients alike. */
START_TEST(permuting_tokens_permutes_results)
{
    struct support_rig rig;
    char text[512];
    snprintf(text, sizeof text, "placement=%s activation=gelu", placements[_i].name);
    support_rig_init(&rig, text);
    int T = rig.model.tokens, d = rig.model.width;
    double *x = support_normals(7, rig.count), *dy = support_normals(8, rig.count), *dx = support_poison(rig.count);
    double *y = support_run(&rig, x, dy, dx);
    double *moved_x = support_poison(rig.count), *moved_dy = support_poison(rig.count);
    double *moved_dx = support_poison(rig.count), *expected = support_poison(rig.count);
    permute(T, d, x, moved_x);
    permute(T, d, dy, moved_dy);
    double *moved_y = support_run(&rig, moved_x, moved_dy, moved_dx);
    permute(T, d, y, expected);
    ck_assert_double_le(support_distance(rig.count, moved_y, expected), TOLERANCE);
    permute(T, d, dx, expected);
    ck_assert_double_le(support_distance(rig.count, moved_dx, expected), TOLERANCE);
    ck_assert_double_gt(support_distance(rig.count, moved_dx, dx), 0.01); // the test can see a permutation
    free(x), free(dy), free(dx), free(y), free(moved_x), free(moved_dy), free(moved_dx), free(expected), free(moved_y);
    support_rig_free(&rig);
}
END_TEST

START_TEST(inputs_are_unchanged)
{
    struct support_rig rig;
    char text[512];
    formula_text(text, formulas[_i], "layers=2");
    support_rig_init(&rig, text);
    double *x = support_normals(9, rig.count), *dy = support_normals(10, rig.count), *dx = support_poison(rig.count);
    double *x_before = support_copy(rig.count, x), *dy_before = support_copy(rig.count, dy);
    const double *y = support_forward(&rig, 1, x);
    double *y_before = support_copy(rig.count, y);
    support_backward(&rig, 1, x, dy, dx);
    ck_assert_mem_eq(x, x_before, rig.count * sizeof *x);
    ck_assert_mem_eq(dy, dy_before, rig.count * sizeof *x);
    ck_assert_mem_eq(y, y_before, rig.count * sizeof *x);
    free(x), free(dy), free(dx), free(x_before), free(dy_before), free(y_before);
    support_rig_free(&rig);
}
END_TEST

START_TEST(a_block_that_ignores_its_input_has_gradient_zero)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement=y=ffn(x);x=y-y");
    double *x = support_normals(11, rig.count), *dy = support_normals(12, rig.count), *dx = support_poison(rig.count);
    support_forward(&rig, 0, x);
    support_backward(&rig, 0, x, dy, dx);
    for (size_t i = 0; i < rig.count; i++)
        ck_assert_double_eq(dx[i], 0);
    free(x), free(dy), free(dx);
    support_rig_free(&rig);
}
END_TEST

/* The estimate that --dry-run and the memory plan rest on: what the tape of a block takes by hand. */
START_TEST(cost_counts_the_tape)
{
    struct model model;
    support_model(&model, "placement=x=norm(x+ffn(x))");
    const struct graph *graph = &model.formula.rules[0].block;
    struct linear_cost cost = block_cost(&model, &linear_engines[0], graph);
    /* 3 signals of 75, scales of 5, hidden 55, W1 and W2 of 165, padded to 8. */
    size_t least = 3 * arena_cost(75) + arena_cost(5) + arena_cost(55) + 2 * arena_cost(165);
    ck_assert_uint_ge(cost.tape, least);
    ck_assert_uint_le(cost.tape, least + arena_cost(55));
    ck_assert_double_eq(cost.normals, 2 * 165);
    model_free(&model);
}
END_TEST

Suite *block_suite(void)
{
    Suite *suite = suite_create("block");
    TCase *tests = tcase_create("block");
    tcase_add_loop_test(tests, every_placement_has_exact_gradients, 0, (int)placement_count * VARIANTS);
    tcase_add_loop_test(tests, odd_formulas_have_exact_gradients, 0, FORMULAS * VARIANTS);
    tcase_add_loop_test(tests, backward_is_linear, 0, FORMULAS);
    tcase_add_loop_test(tests, backward_is_the_transpose, 0, FORMULAS);
    tcase_add_loop_test(tests, permuting_tokens_permutes_results, 0, (int)placement_count);
    tcase_add_loop_test(tests, inputs_are_unchanged, 0, FORMULAS);
    tcase_add_test(tests, a_block_that_ignores_its_input_has_gradient_zero);
    tcase_add_test(tests, cost_counts_the_tape);
    suite_add_tcase(suite, tests);
    return suite;
}
