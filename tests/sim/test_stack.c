#include <check.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/support.h"

/* One sample of a stack as stack_sample gives it. */
struct taken {
    struct model model;
    struct stack stack;
    struct wide *values; // [(L + 1)][column_count]
    size_t cells;
};

enum { SEED = 20, SAMPLE = 3 };

static int take_within(struct taken *taken, const char *text, const struct linear_engine *engine, size_t budget,
                       struct error *error)
{
    *taken = (struct taken){0};
    support_model(&taken->model, text);
    int code = stack_init(&taken->stack, &taken->model, engine, true, budget, error);
    if (code != ERROR_NONE) {
        model_free(&taken->model);
        return code;
    }
    struct stack_workspace workspace;
    ck_assert_int_eq(stack_workspace_init(&workspace, &taken->stack, error), ERROR_NONE);
    for (size_t i = 0; i < taken->stack.bytes / sizeof(double); i++)
        workspace.memory[i] = NAN; // what is read must have been written
    taken->cells = (size_t)(taken->model.layers + 1) * (size_t)taken->stack.depth.schema.column_count;
    taken->values = calloc(taken->cells, sizeof *taken->values);
    code = stack_sample(&taken->stack, &workspace, SEED, SAMPLE, NULL, taken->values, error);
    stack_workspace_free(&workspace);
    return code;
}

static void take(struct taken *taken, const char *text)
{
    struct error error = {0};
    int code = take_within(taken, text, &linear_engines[0], (size_t)1 << 30, &error);
    ck_assert_msg(code == ERROR_NONE, "%s", error.text);
}

static void release(struct taken *taken)
{
    free(taken->values);
    stack_free(&taken->stack);
    model_free(&taken->model);
}

static struct wide value_at(const struct taken *taken, int layer, const char *column)
{
    int c = observe_find(&taken->stack.depth.schema, column);
    ck_assert_msg(c >= 0, "%s", column);
    return taken->values[(size_t)layer * (size_t)taken->stack.depth.schema.column_count + (size_t)c];
}

static bool same_bits(const struct taken *a, const struct taken *b)
{
    bool same = a->cells == b->cells;
    for (size_t i = 0; same && i < a->cells; i++)
        same = memcmp(&a->values[i].mantissa, &b->values[i].mantissa, sizeof(double)) == 0 &&
               a->values[i].exponent == b->values[i].exponent;
    return same;
}

/* Within tolerance of b, relative; 0 equals 0. */
static void check_close(double a, double b, double tolerance, const char *what)
{
    ck_assert_msg(isfinite(a) && isfinite(b) && fabs(a - b) <= tolerance * fabs(b), "%s: %.17g, not %.17g", what, a, b);
}

static const char *const stacks[] = {
    "placement=spannorm layers=6 activation=gelu mask=causal",
    "placement=prenorm layers=5 activation=swiglu norm=layernorm tokens=1",
    "placement=first:x=attn(x);block:x=norm(x+moe(attn(x)));final:x=norm(x+ffn(x)) layers=4 router=switch",
    "placement=mixln layers=8 ffn-width=64",
    "placement=postnorm layers=4 tokens=19",
    "placement='x=norm(x+wo(attend(norm(wq(x,12),groups=H),wk(x,4),wv(x,6),kv_heads=1,rope=50,cap=2)))' layers=4",
};
enum { STACKS = sizeof stacks / sizeof *stacks };

/* More than x enters these blocks. */
static const char *const wide_stacks[] = {
    "placement='state x,u;x=norm(x+attn(u));u=u+ffn(norm(x))' layers=4",
    "placement='input m;x=x+attn(norm(x),m);x=x+ffn(norm(x))' layers=4 memory-tokens=3",
};
enum { WIDE_STACKS = sizeof wide_stacks / sizeof *wide_stacks, BUDGETED = STACKS + WIDE_STACKS };

/* From all tapes kept down to one shared by all blocks; one double less is an error. */
START_TEST(no_budget_changes_a_bit)
{
    const char *text = _i % BUDGETED < STACKS ? stacks[_i % BUDGETED] : wide_stacks[_i % BUDGETED - STACKS];
    const struct linear_engine *engine = &linear_engines[_i / BUDGETED];
    struct taken all;
    struct error full_error = {0};
    ck_assert_int_eq(take_within(&all, text, engine, (size_t)1 << 30, &full_error), ERROR_NONE);
    int blocks = all.stack.depth.block_count;
    size_t tape = all.stack.block_tape * sizeof(double), least = all.stack.bytes - (size_t)(blocks - 1) * tape;
    ck_assert_int_eq(all.stack.kept, blocks);
    for (int kept = 0; kept < blocks; kept++) {
        struct taken some;
        struct error error = {0};
        /* With one left over, the tape that the others would share serves it: all are kept. */
        ck_assert_int_eq(take_within(&some, text, engine, least + (size_t)kept * tape, &error), ERROR_NONE);
        ck_assert_int_eq(some.stack.kept, kept == blocks - 1 ? blocks : kept);
        ck_assert_uint_le(some.stack.bytes, least + (size_t)kept * tape);
        ck_assert(same_bits(&some, &all));
        release(&some);
    }
    struct taken none;
    struct error error = {0};
    ck_assert_int_eq(take_within(&none, text, engine, least - 1, &error), ERROR_RESOURCE);
    ck_assert_ptr_nonnull(strstr(error.text, "--memory"));
    release(&all);
}
END_TEST

/* The weight gradients of the block below `layer` against the reports of the rig's last backward pass. */
static void check_weights(const struct taken *taken, const struct support_rig *rig, int layer)
{
    const struct plan *plan = rig->stack.depth.blocks[layer - 1].plan;
    for (int m = 0; m < plan->graph->matrix_count; m++) {
        struct init_size size = plan_matrix(plan, m);
        double entries = (double)size.fan_in * size.fan_out * plan_copies(plan, m);
        char column[OBSERVE_NAME_MAX];
        snprintf(column, sizeof column, "weight_gradient_variance.%s", plan->graph->matrices[m].label);
        check_close(wide_value(value_at(taken, layer, column)), rig->workspace.report.gradients[m] / entries, 1e-13,
                    column);
    }
}

/* The signals and gradients of every layer by single blocks, without rescaling, and by rows of the definitions. */
START_TEST(rows_are_those_of_the_blocks)
{
    struct taken taken;
    take(&taken, stacks[_i]);
    struct support_rig rig;
    support_rig_init(&rig, stacks[_i]);
    ck_assert_uint_eq(rig.run.seed, SEED);
    ck_assert_uint_eq(rig.run.sample, SAMPLE);
    int blocks = rig.stack.depth.block_count, layers = rig.model.layers;
    double *x[blocks + 1], *g = malloc(rig.count * sizeof *g);
    x[0] = malloc(rig.count * sizeof *x[0]);
    source_input(SEED, SAMPLE, 0, rig.model.tokens, rig.model.width, 0, 1, x[0]);
    rig.model.cotangent->fill(SEED, SAMPLE, rig.model.tokens, rig.model.width, g);
    for (int b = 0; b < blocks; b++) {
        x[b + 1] = support_copy(rig.count, support_forward(&rig, b, x[b]));
        for (int s = 0; b < layers && s < rig.stack.depth.blocks[b].graph->site_count; s++) {
            if (rig.stack.depth.blocks[b].graph->sites[s].output < 0)
                continue;
            char column[OBSERVE_NAME_MAX];
            snprintf(column, sizeof column, "branch_ratio.%s", rig.stack.depth.blocks[b].graph->sites[s].name);
            double square = support_sum_of_squares(rig.count, x[b]) / (double)rig.count;
            check_close(wide_value(value_at(&taken, b + 1, column)), rig.workspace.report.outputs[s] / square, 1e-13,
                        column);
        }
    }
    /* Sums of T d squares in another order: T d / 2 roundings at most, far fewer in effect. */
    double tolerance = (double)rig.count * DBL_EPSILON;
    double count = (double)rig.count;
    for (int l = 0; l <= layers; l++)
        check_close(wide_value(value_at(&taken, l, "activation_variance")),
                    support_sum_of_squares(rig.count, x[l]) / count, tolerance, "activation_variance");
    for (int b = blocks; b >= 0; b--) {
        if (b <= layers)
            check_close(wide_value(value_at(&taken, b, "gradient_variance")),
                        support_sum_of_squares(rig.count, g) / count, tolerance, "gradient_variance");
        if (b == 0)
            break;
        double *below = support_poison(rig.count);
        support_backward(&rig, b - 1, x[b - 1], g, below);
        if (b <= layers)
            check_weights(&taken, &rig, b);
        free(g);
        g = below;
    }
    for (int b = 0; b <= blocks; b++)
        free(x[b]);
    free(g);
    support_rig_free(&rig);
    release(&taken);
}
END_TEST

/* Stacks whose gradient leaves the range of double on its way down. In the first the FFN saturates, passes nothing back
 * and adds 1/phi2 to the skip's mean square, so that g falls by 1 + 1/phi2 a block; in the second the gate's slope
 * and the gated signal's each pass as much back as both together forward. The depths where both stay in range come with
 * them. */
static const struct deep {
    const char *text;
    int shallow, deep;
    double direction;
} deeps[] = {
    {"placement=x=norm(x+ffn(1e6*x)) activation=tanh", 60, 2500, -1},
    {"placement=x=norm(ffn(2*x)) activation=swiglu", 160, 2500, 1},
};
enum { DEEPS = sizeof deeps / sizeof *deeps };

static void with_layers(char text[256], const struct deep *deep, int layers)
{
    snprintf(text, 256, "%s layers=%d", deep->text, layers);
}

/* Products with powers of two are exact and every step of the reverse pass is linear: the very same bits as without. */
START_TEST(rescaling_changes_no_bit)
{
    char text[256];
    with_layers(text, &deeps[_i], deeps[_i].shallow);
    struct taken taken;
    take(&taken, text);
    ck_assert_int_ne(value_at(&taken, 0, "gradient_variance").exponent, 0);

    struct support_rig rig;
    support_rig_init(&rig, text);
    double *x = malloc(rig.count * sizeof *x), *c = malloc(rig.count * sizeof *c), *g = support_poison(rig.count);
    source_input(SEED, SAMPLE, 0, rig.model.tokens, rig.model.width, 0, 1, x);
    rig.model.cotangent->fill(SEED, SAMPLE, rig.model.tokens, rig.model.width, c);
    free(support_run(&rig, x, c, g));
    check_weights(&taken, &rig, 1); // squares have twice the exponent
    struct wide row[rig.stack.depth.schema.column_count];
    observe_gradient(&rig.stack.depth.schema, 0, g, 0, row, rig.workspace.row);
    for (int id = OBSERVE_GRADIENT_VARIANCE; id <= OBSERVE_GRADIENT_SPECIFIC; id++) {
        double expected = wide_value(row[rig.stack.depth.schema.layer_column[id]]);
        ck_assert(isnormal(expected));
        ck_assert_double_eq(wide_value(value_at(&taken, 0, observables[id].name)), expected);
    }
    free(x), free(c), free(g);
    support_rig_free(&rig);
    release(&taken);
}
END_TEST

/* log g_0 with the gradient brought back to mean square 1 in every block, by a division that rounds. Forward inputs are
 * found again from the last one kept, as there are too many blocks for the support's own run. */
static double log_gradient(const char *text)
{
    struct support_rig rig;
    support_rig_init(&rig, text);
    int blocks = rig.stack.depth.block_count;
    double **x = calloc((size_t)blocks + 1, sizeof *x), *g = malloc(rig.count * sizeof *g), logarithm = 0;
    x[0] = malloc(rig.count * sizeof *x[0]);
    source_input(SEED, SAMPLE, 0, rig.model.tokens, rig.model.width, 0, 1, x[0]);
    rig.model.cotangent->fill(SEED, SAMPLE, rig.model.tokens, rig.model.width, g);
    for (int b = 0; b < blocks; b++)
        x[b + 1] = support_copy(rig.count, support_forward(&rig, b, x[b]));
    for (int b = blocks - 1; b >= 0; b--) {
        double *below = support_poison(rig.count);
        support_backward(&rig, b, x[b], g, below);
        double size = sqrt(support_sum_of_squares(rig.count, below) / (double)rig.count);
        for (size_t i = 0; i < rig.count; i++)
            below[i] /= size;
        logarithm += 2 * log(size);
        free(g);
        g = below;
    }
    for (int b = 0; b <= blocks; b++)
        free(x[b]);
    free(x), free(g);
    support_rig_free(&rig);
    return logarithm;
}

START_TEST(gradients_leave_the_range_of_double)
{
    char text[256];
    with_layers(text, &deeps[_i], deeps[_i].deep);
    struct taken taken;
    take(&taken, text);
    struct wide g = value_at(&taken, 0, "gradient_variance");
    ck_assert(isfinite(g.mantissa) && g.mantissa > 0);
    ck_assert(wide_value(g) == (deeps[_i].direction < 0 ? 0 : INFINITY));
    /* Each block adds the rounding of two passes of at most T d = 75 terms, 1e-14, and those of all blocks may agree.
     */
    ck_assert_double_eq_tol(wide_log(g), log_gradient(text), 1e-13 * deeps[_i].deep);
    for (int l = 0; l <= taken.model.layers; l++)
        ck_assert(isfinite(value_at(&taken, l, "gradient_variance").mantissa));
    if (deeps[_i].direction < 0) {
        /* The law at infinite width; at d = 15 the norm's projection alone takes 1/d more a block. */
        double expected = -log(1 + 1 / taken.model.phi2), slope = wide_log(g) / taken.model.layers;
        ck_assert_double_eq_tol(slope, expected, 3.0 / taken.model.width);
    }
    release(&taken);
}
END_TEST

/* The same function written in other words; the second column says how far rounding may tell them apart. A product with
 * 2 is exact. The others round a signal of size 1 a few times in each of 4 blocks, 1e-14, and attention at d = 15 multiplies
 * such differences by a small factor, stable ranks by the inverse of their iteration's last length, 1e-3 where a step more
 * would add 1e-6. */
static const struct rewriting {
    const char *one, *other;
    double tolerance;
} rewritings[] = {
    {"y=norm(x+attn(x));x=norm(y+ffn(y))", "a=attn(x);b=a+x;y=norm(b);x=ffn(y);x=norm(y+x)", 0},
    {"y=norm(x+attn(x));x=norm(y+ffn(y))",
     "first:y=norm(x+attn(x));x=norm(y+ffn(y));block:z=norm(x+attn(x));x=norm(z+ffn(z))", 0},
    {"x=norm(x+attn(x)/2+ffn(x))", "x=norm(x-(-1)*(2^-1)*attn(x)+ffn(x))", 0},
    {"x=norm(x+attn(x)+ffn(x))", "x=norm(x+(attn(x)+ffn(x)))", 1e-11},
    {"y=3*(x+attn(norm(x)));x=y+ffn(norm(y))", "y=x*3+attn(norm(x))*sqrt(9);x=y+ffn(norm(y))", 1e-11},
    {"x=norm(x+moe(x))/l", "x=norm(x+moe(x))*(1/l)", 1e-11},
};
enum { REWRITINGS = sizeof rewritings / sizeof *rewritings };

START_TEST(rewritten_formulas_give_the_same_numbers)
{
    const struct rewriting *r = &rewritings[_i];
    char text[256];
    struct taken one, other;
    snprintf(text, sizeof text, "placement=%s layers=4 activation=silu", r->one);
    take(&one, text);
    snprintf(text, sizeof text, "placement=%s layers=4 activation=silu", r->other);
    take(&other, text);
    ck_assert(r->tolerance > 0 || same_bits(&one, &other));
    ck_assert_uint_eq(one.cells, other.cells);
    for (size_t i = 0; i < one.cells; i++) {
        const struct observe_schema *schema = &one.stack.depth.schema;
        ck_assert(wide_present(one.values[i]) == wide_present(other.values[i]));
        /* What is added before and after a common factor is not the same. */
        if (!wide_present(one.values[i]) ||
            schema->columns[i % (size_t)schema->column_count].observable == OBSERVE_BRANCH_CONTRIBUTION)
            continue;
        double a = wide_value(one.values[i]), b = wide_value(other.values[i]);
        ck_assert(isfinite(a) && isfinite(b));
        ck_assert_double_le(fabs(a - b), r->tolerance * fmax(fabs(b), 1));
    }
    release(&one);
    release(&other);
}
END_TEST

START_TEST(final_section_stands_behind_the_cotangent)
{
    struct taken with, without;
    take(&with, "placement=block:x=norm(x+ffn(x));final:x=3*x layers=3");
    take(&without, "placement=block:x=norm(x+ffn(x)) layers=3");
    ck_assert_int_eq(with.stack.depth.schema.column_count, without.stack.depth.schema.column_count);
    for (int l = 0; l <= 3; l++) {
        double g = wide_value(value_at(&with, l, "gradient_variance"));
        ck_assert_double_eq_tol(g / wide_value(value_at(&without, l, "gradient_variance")), 9, 1e-13);
        ck_assert_double_eq(wide_value(value_at(&with, l, "activation_variance")),
                            wide_value(value_at(&without, l, "activation_variance")));
    }
    release(&with);
    release(&without);
}
END_TEST

START_TEST(what_leaves_double_names_its_block)
{
    struct taken taken;
    struct error error = {0};
    int code = take_within(&taken, "placement=x=1e100*x layers=7", &linear_engines[0], (size_t)1 << 30, &error);
    ck_assert_int_eq(code, ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "leaves the range of double in block 2 of 7") != NULL, "%s", error.text);
    release(&taken);
}
END_TEST

START_TEST(mistakes_name_the_block)
{
    struct model model;
    struct stack stack;
    struct error error = {0};
    support_model(&model, "placement=x=x/(l-3) layers=5");
    ck_assert_int_eq(stack_init(&stack, &model, &linear_engines[0], false, (size_t)1 << 30, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "block 3") != NULL, "%s", error.text);
    stack_free(&stack); // safe after a failed init
    model_free(&model);
}
END_TEST

/* Euler's identity: <x, df/dx> = k f where f = <dy, y> is homogeneous of degree k in x. With a ReLU and without queries
 * and keys a branch is of degree 1. So is a stack without norms; a norm that takes all of x is of degree 0 but for its
 * eps, 1e-12 of the mean square at the scale 1000; and where a normed signal meets a skip that is not, as in the first
 * block of SpanNorm and of B2T, in PreNorm and PeriNorm, there is no degree. Both sides are sums of 75 terms of size
 * |x||dx|/75: 1e-11 of |x||dx| allows for the eps and the rounding of 3 blocks; a missing path is far beyond. */
static const struct {
    const char *placement;
    double scale, degree; // NAN: none
} degrees[] = {
    {"nonorm", 1, 1},      {"'x = x + ffn(attn(x))'", 1, 1},
    {"postnorm", 1000, 0}, {"b2t", 1, NAN},
    {"deepnorm", 1000, 0}, {"'y = norm(x + attn(x)); x = y + ffn(y)'", 1000, 0},
    {"spannorm", 1, NAN},  {"prenorm", 1, NAN},
    {"perinorm", 1, NAN},
};

START_TEST(gradients_obey_eulers_identity)
{
    char text[320];
    snprintf(text, sizeof text,
             "placement=%s layers=3 init='wq = 0; wk = 0; wv = 0.4; wo = 0.3; w1 = 0.2; wg = wv; w2 = 0.5; wr = wv'",
             degrees[_i].placement);
    struct support_rig rig;
    support_rig_init(&rig, text);
    double *x = support_normals(1, rig.count), *dy = support_normals(2, rig.count), *dx = support_poison(rig.count);
    for (size_t i = 0; i < rig.count; i++)
        x[i] *= degrees[_i].scale;
    double *y = support_run(&rig, x, dy, dx);
    double size = sqrt(support_sum_of_squares(rig.count, x) * support_sum_of_squares(rig.count, dx));
    double product = support_dot(rig.count, x, dx), f = support_dot(rig.count, dy, y);
    ck_assert(isfinite(product) && isfinite(f) && size > 0);
    if (!isnan(degrees[_i].degree))
        ck_assert_msg(fabs(product - degrees[_i].degree * f) <= 1e-11 * size, "%s: %g of %g", text, product, size);
    else
        ck_assert_msg(fabs(product) > 1e-3 * size && fabs(product - f) > 1e-3 * size, "%s: %g", text, product / size);
    free(x), free(y), free(dx), free(dy);
    support_rig_free(&rig);
}
END_TEST

/* u is handed on as it is: it stays the embedding, and no gradient comes back through it. v is x of the layer below. */
START_TEST(states_are_observed)
{
    struct taken taken;
    take(&taken, "placement='state x,u,v;v=x;x=norm(x+attn(x))' layers=4");
    for (int l = 0; l <= 4; l++) {
        ck_assert_double_eq(wide_value(value_at(&taken, l, "u.activation_variance")),
                            wide_value(value_at(&taken, 0, "activation_variance")));
        ck_assert_double_eq(wide_value(value_at(&taken, l, "u.gradient_variance")), 0);
        if (l > 0) {
            ck_assert_double_eq(wide_value(value_at(&taken, l, "v.token_cosine")),
                                wide_value(value_at(&taken, l - 1, "token_cosine")));
            ck_assert_double_eq_tol(wide_value(value_at(&taken, l, "u.layer_cosine")), 1, 1e-14);
        }
    }
    release(&taken);
}
END_TEST

/* Two streams of which only the sum matters give what their sum gives: x + u with x = u = e / 2 at first. */
START_TEST(two_states_add_up_to_one)
{
    struct taken one, two;
    take(&one, "placement=x=x+attn(norm(x)) layers=3");
    take(&two,
         "placement='state x,u;first:y=x/2;u=y+attn(norm(x));x=y;block:u=u+attn(norm(x+u));final:x=x+u' layers=3");
    for (int l = 0; l <= 3; l++) {
        double g = wide_value(value_at(&one, l, "gradient_variance"));
        if (l > 0) {
            ck_assert_double_eq_tol(wide_value(value_at(&two, l, "gradient_variance")) / g, 1, 1e-12);
            ck_assert_double_eq_tol(wide_value(value_at(&two, l, "u.gradient_variance")) / g, 1, 1e-12);
        }
    }
    release(&one), release(&two);
}
END_TEST

/* The same matrix in every block, another in each without the word. */
START_TEST(shared_matrices_are_one)
{
    struct support_rig rig;
    support_rig_init(&rig, "placement='shared wq,ffn.w2;x=x+attn(norm(x))+ffn(norm(x))' layers=2");
    static const struct {
        const char *label;
        bool shared;
    } cases[] = {{"attn.wq", true}, {"attn.wk", false}, {"ffn.w1", false}, {"ffn.w2", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double w[2][15 * 15] = {{0}};
        support_matrix(&rig, 0, cases[i].label, 0, w[0]);
        support_matrix(&rig, 1, cases[i].label, 0, w[1]);
        ck_assert_int_eq(memcmp(w[0], w[1], sizeof w[0]) == 0, cases[i].shared);
        ck_assert(w[0][0] != 0 && isfinite(w[0][0]));
    }
    support_rig_free(&rig);
}
END_TEST

/* What conditioned sampling cannot do is refused by it in words, and left to the dense engine where the choice is free,
 * however wide the model. */
START_TEST(matrices_are_drawn_where_they_must_be)
{
    static const char *const texts[][2] = {
        {"placement='shared wq;x=x+attn(norm(x))' width=512 heads=2", "blocks share a matrix"},
        {"law=uniform width=512 heads=2", "the law of the weights is not normal"},
        {"init='w=1/sqrt(n);attn.wo=uniform(0.1)' width=512 heads=2", "the law of the weights is not normal"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct taken taken;
        struct error error = {0};
        ck_assert_int_eq(take_within(&taken, texts[i][0], NULL, (size_t)1 << 30, &error), ERROR_NONE);
        ck_assert_str_eq(taken.stack.engine->name, "dense");
        ck_assert_str_eq(taken.stack.forced, texts[i][1]);
        release(&taken);
        ck_assert_int_eq(take_within(&taken, texts[i][0], linear_engine_find("conditioned"), (size_t)1 << 30, &error),
                         ERROR_INPUT);
        ck_assert_ptr_nonnull(strstr(error.text, texts[i][1]));
    }
    struct taken taken;
    struct error error = {0};
    ck_assert_int_eq(take_within(&taken, "width=512 heads=2", NULL, (size_t)1 << 30, &error), ERROR_NONE);
    ck_assert_str_eq(taken.stack.engine->name, "conditioned");
    ck_assert_ptr_null(taken.stack.forced);
    release(&taken);
}
END_TEST

/* What a law needs to draw a matrix does not grow with the tokens, so that few of them must not leave too little room. */
START_TEST(laws_have_room_at_every_length)
{
    static const char *const formulas[] = {"prenorm", "'x = x + moe(norm(x))'"};
    static const int lengths[] = {1, 2, 7, 40};
    static const char *const laws_of_matrices[] = {"law=%s", "init='w = %s(0.3)'"};
    for (size_t f = 0; f < 4; f++)
        for (size_t t = 0; t < 4; t++) {
            struct support_rig rig;
            char text[128], law[64];
            snprintf(law, sizeof law, laws_of_matrices[f / 2], laws[_i].name);
            snprintf(text, sizeof text, "placement=%s layers=1 tokens=%d %s", formulas[f % 2], lengths[t], law);
            support_rig_init(&rig, text);
            double *x = support_normals(3, rig.inputs), *dy = support_normals(4, rig.count);
            double *dx = support_poison(rig.inputs), *y = support_run(&rig, x, dy, dx);
            ck_assert(isfinite(support_sum_of_squares(rig.count, y)) &&
                      isfinite(support_sum_of_squares(rig.count, dx)));
            free(x), free(dy), free(dx), free(y);
            support_rig_free(&rig);
        }
}
END_TEST

START_TEST(a_shared_matrix_has_one_shape)
{
    struct taken taken;
    struct error error = {0};
    int code = take_within(&taken, "placement='shared wz;x=x+wo(wz(x,l+3))' init='w=1/sqrt(n)'", &linear_engines[0],
                           (size_t)1 << 30, &error);
    ck_assert_int_eq(code, ERROR_INPUT);
    ck_assert_msg(strstr(error.text, "wz is 15 x 4 in block 1 and 15 x 5 in block 2") != NULL, "%s", error.text);
}
END_TEST

Suite *stack_suite(void)
{
    Suite *suite = suite_create("stack");
    TCase *tests = tcase_create("stack");
    tcase_add_loop_test(tests, no_budget_changes_a_bit, 0, BUDGETED * (int)linear_engine_count);
    tcase_add_loop_test(tests, rows_are_those_of_the_blocks, 0, STACKS);
    tcase_add_loop_test(tests, rescaling_changes_no_bit, 0, DEEPS);
    tcase_add_loop_test(tests, gradients_leave_the_range_of_double, 0, DEEPS);
    tcase_add_loop_test(tests, rewritten_formulas_give_the_same_numbers, 0, REWRITINGS);
    tcase_add_loop_test(tests, gradients_obey_eulers_identity, 0, sizeof degrees / sizeof *degrees);
    tcase_add_test(tests, final_section_stands_behind_the_cotangent);
    tcase_add_test(tests, what_leaves_double_names_its_block);
    tcase_add_test(tests, mistakes_name_the_block);
    tcase_add_test(tests, states_are_observed);
    tcase_add_test(tests, two_states_add_up_to_one);
    tcase_add_test(tests, shared_matrices_are_one);
    tcase_add_test(tests, matrices_are_drawn_where_they_must_be);
    tcase_add_test(tests, a_shared_matrix_has_one_shape);
    tcase_add_loop_test(tests, laws_have_room_at_every_length, 0, (int)law_count);
    suite_add_tcase(suite, tests);
    return suite;
}
