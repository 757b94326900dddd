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

/* Every operation and option of the language on shapes that fit nothing by chance. */
static const char *const operations[] = {
    /* maps: of one input, in one group and beside others; a map that leads nowhere; of widths of their own */
    "placement='x=x+wz(tanh(w3(x,7)),d)'",
    "placement='u=norm(x);x=x+wa(u)*sigmoid(wb(u))+wa(x)'",
    "placement='u=wa(x);v=wb(x);z=wc(x,4);x=x+u'",
    "placement='def two(u)=wo(wq(u,9)+wq(u,9)*tanh(wk(u,9)));x=x+two(x)+two(norm(x))'",
    /* functions */
    "placement='x=silu(x)+gelu(x)*sigmoid(0.3*x)-gelu_tanh(x)'",
    "placement='x=x+phi(x)*identity(x)+tanh(x)*tanh(x)' activation=gelu",
    "placement='x=wo(relu2(wz(x,2*d))+0.1*wz(x,2*d))'",
    "placement='x=relu(x)+wz(x)'",
    /* norms */
    "placement='x=norm(x,layernorm)+norm(x,groups=H)+norm(x,rmsnorm,groups=5,eps=0.3)'",
    "placement='x=norm(wz(x,d),layernorm,groups=5,eps=0.1)+wo(norm(wz(x,8),groups=4))'",
    /* attention */
    "placement='x=x+wo(attend(norm(wq(x),groups=H),norm(wk(x),groups=H),wv(x),rope=100,cap=2))'",
    "placement='x=x+wo(attend(wq(x,12),wk(x,4),wv(x,10),heads=6,kv_heads=2,head_width=2,mask=causal,window=3))'",
    "placement='x=x+attend(x,x,x,bias=alibi,scale=0.3,sink=1)'",
    "placement='u=wq(x);x=x+attend(u,u,u,heads=5,rope=1e4,rotary=0.7)'",
    "placement='x=x+attn(norm(x),kv_heads=1,head_width=4,window=2,cap=3,sink=1)'",
    "placement='u=norm(x);x=x+wo(sigmoid(wz(u))*attend(wq(u),wk(u),wv(u)))' kv-heads=3 rope=30 mask=causal",
    "placement=prenorm heads=6 kv-heads=2 head-width=4 bias=alibi cap=1.7 sink=1 scale=0.8 window=3 rope=9 rotary=0.6",
    "placement='x=x+wo(attend(wq(x),wk(x),wv(x),bias=t5,bias_sd=0.7))+attend(x,x,x,sink=1,sink_sd=0.8)'",
    "placement='x=x+attn(norm(x),bias=swin2,bias_sd=0.3)' tokens=9",
    "placement=prenorm rope=50 rope-scaling=yarn rope-factor=8 rope-length=20 rope-gain=1.3 bias=t5 sink=1 sink-sd=0.5 "
    "mask=causal cap=2",
    "placement='x=x+attn(norm(x),rope=9,rope_scaling=llama3,rope_factor=4,rope_length=7)' head-width=8",
    /* joins */
    "placement='u=norm(x);x=x+wo(attend(wq(u,18),join(wr(u,2),wk(wc(u,7),12),parts=3,repeat=3),wv(u,6),rope=20,rotary="
    "0.4))'",
    "placement='u=wa(x,6);v=wb(x,8);y=join(u,v,parts=2);x=x+wz(y*sigmoid(join(u,v)))'",
    "placement='u=tanh(x);x=x+wz(join(u,join(x,u,parts=5),parts=15,repeat=3))+u'",
    /* states and memories */
    "placement='state x,u;x=x+attn(norm(x));u=u+ffn(x)' activation=silu",
    "placement='state x,u,v;first:u=wz(x);v=tanh(x);x=x+u;block:y=attn(norm(u))+v;u=norm(x);x=x+y;final:x=norm(x+u)-v'",
    "placement='input m;x=x+attn(norm(x));x=x+attn(norm(x),m);x=x+ffn(x)' activation=tanh memory-tokens=7",
    "placement='input m,n2;x=x+wo(attend(wq(x),wk(m),wv(m)))+wo(attend(wq(x),norm(n2),n2,mask=causal,rope=10))' "
    "memory-tokens=3",
    "placement='input m;x=x+attend(x,m,tanh(m));x=x+attn(x)' mask=causal window=2 memory-tokens=9",
    /* depth */
    "placement='block if mod(l,2)==1 and not l>3:x=x+attn(x,window=2);block:x=x+attn(x)*exp(-l)+ffn(x)/log(l+1)' "
    "activation=silu layers=4",
    /* biases */
    "placement='x=x+wo(tanh(wz(x,7)+wb(ones(x),7)))+wc(ones(x))*x' init='w=0.8/sqrt(n)'",
    "placement='input m;x=norm(x+attn(x,m+wb(ones(m))))+wz(tanh(ones(x)))' init='w=0.8/sqrt(n)' memory-tokens=7",
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

START_TEST(every_operation_has_exact_gradients)
{
    char text[512];
    snprintf(text, sizeof text, "init=w=1.2/sqrt(n) layers=2 %s", operations[_i]);
    support_check_gradients(text, 2000 + 37 * (unsigned long)_i);
}
END_TEST

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

/* Every state of a layer; memories stay as they are. */
static void permute(const struct support_rig *rig, const double *a, double *b)
{
    size_t T = (size_t)rig->model.tokens, d = (size_t)rig->model.width;
    for (size_t s = 0; s < rig->count / (T * d); s++)
        for (size_t t = 0; t < T; t++)
            memcpy(b + (s * T + (3 * t + 1) % T) * d, a + (s * T + t) * d, d * sizeof *a);
}

/* Without a mask no token knows its place: 3 t + 1 mod 5 permutes tokens of input, output and both gradients alike. */
START_TEST(permuting_tokens_permutes_results)
{
    struct support_rig rig;
    char text[512];
    snprintf(text, sizeof text, "placement=%s activation=gelu", placements[_i].name);
    support_rig_init(&rig, text);
    double *x = support_normals(7, rig.inputs), *dy = support_normals(8, rig.count), *dx = support_poison(rig.inputs);
    double *y = support_run(&rig, x, dy, dx);
    double *moved_x = support_copy(rig.inputs, x), *moved_dy = support_poison(rig.count);
    double *moved_dx = support_poison(rig.inputs), *expected = support_poison(rig.count);
    permute(&rig, x, moved_x);
    permute(&rig, dy, moved_dy);
    double *moved_y = support_run(&rig, moved_x, moved_dy, moved_dx);
    permute(&rig, y, expected);
    ck_assert_double_le(support_distance(rig.count, moved_y, expected), TOLERANCE);
    permute(&rig, dx, expected);
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

/* A map of ones is one row of weights for all tokens, here of length 2 sqrt(d); ten roundings. */
START_TEST(a_bias_is_one_row_for_all_tokens)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement='x=0*x+wz(ones(x))' init='wz=rows(2)' law=truncated");
    double *x = support_normals(13, rig.count), *w = support_poison(rig.count), square = 0;
    const double *y = support_forward(&rig, 0, x);
    int d = rig.model.width;
    support_matrix(&rig, 0, "wz", 0, w);
    for (size_t i = 0; i < rig.count; i++)
        ck_assert_double_eq(y[i], w[i % (size_t)d]);
    for (int i = 0; i < d; i++)
        square += w[i] * w[i];
    ck_assert_double_eq_tol(square, 4. * d, 4e-15 * d);
    free(x), free(w);
    support_rig_free(&rig);
}
END_TEST

/* The estimate that --dry-run and the memory plan rest on: what the tape of a block takes by hand. */
START_TEST(cost_counts_the_tape)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement=x=norm(x+ffn(x))");
    struct linear_cost cost = block_cost(&rig.model, &linear_engines[0], rig.stack.depth.blocks[0].plan);
    /* 3 signals of 75, scales of 5, u W1 and hidden 55, W1 and W2 of 165, padded to 8. */
    ck_assert_uint_eq(cost.tape, 3 * arena_cost(75) + arena_cost(5) + 2 * arena_cost(55) + 2 * arena_cost(165));
    ck_assert_double_eq(cost.normals, 2 * 165);
    support_rig_free(&rig);
}
END_TEST

Suite *block_suite(void)
{
    Suite *suite = suite_create("block");
    TCase *tests = tcase_create("block");
    tcase_add_loop_test(tests, every_operation_has_exact_gradients, 0, OPERATIONS);
    tcase_add_loop_test(tests, every_placement_has_exact_gradients, 0, (int)placement_count * VARIANTS);
    tcase_add_loop_test(tests, odd_formulas_have_exact_gradients, 0, FORMULAS * VARIANTS);
    tcase_add_loop_test(tests, backward_is_linear, 0, FORMULAS);
    tcase_add_loop_test(tests, backward_is_the_transpose, 0, FORMULAS);
    tcase_add_loop_test(tests, permuting_tokens_permutes_results, 0, (int)placement_count);
    tcase_add_loop_test(tests, inputs_are_unchanged, 0, FORMULAS);
    tcase_add_test(tests, a_block_that_ignores_its_input_has_gradient_zero);
    tcase_add_test(tests, a_bias_is_one_row_for_all_tokens);
    tcase_add_test(tests, cost_counts_the_tape);
    suite_add_tcase(suite, tests);
    return suite;
}
