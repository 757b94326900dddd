#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/readout.h"
#include "tests/support.h"

enum { SEED = 5, SAMPLE = 6 };

/* ---- the loss and its gradient ---- */

/* By the definition, without any care for the range; [rows] targets of which some do not count. */
static double plain_loss(int rows, int vocabulary, const int *y, const double *logits)
{
    double loss = 0;
    int counted = 0;
    for (int n = 0; n < rows; n++) {
        double sum = 0;
        if (y[n] == READOUT_IGNORED)
            continue;
        for (int v = 0; v < vocabulary; v++)
            sum += exp(logits[n * vocabulary + v]);
        loss += log(sum) - logits[n * vocabulary + y[n]];
        counted++;
    }
    return loss / counted;
}

/* Logits of any size: 1000 more everywhere change nothing, and neither overflows. Rounding of 1000 is 1e-13. */
START_TEST(loss_is_the_definitions)
{
    enum { ROWS = 4, V = 7 };
    static const int y[ROWS] = {3, READOUT_IGNORED, 0, 6};
    double *logits = support_normals(1, ROWS * V), *high = support_copy(ROWS * V, logits);
    for (int i = 0; i < ROWS * V; i++)
        high[i] += 1000;
    double expected = plain_loss(ROWS, V, y, logits);
    ck_assert_double_eq_tol(readout_loss(ROWS, V, y, 3, logits), expected, 1e-14);
    ck_assert_double_eq_tol(readout_loss(ROWS, V, y, 3, high), expected, 1e-12);
    ck_assert_double_lt(support_distance(ROWS * V, high, logits), 1e-12);
    for (int v = 0; v < V; v++)
        ck_assert_double_eq(logits[V + v], 0);
    free(logits), free(high);
}
END_TEST

/* ---- a whole stack ---- */

/* The sample's own loss as a function of its input: blocks one at a time, the readout's matrix as it is drawn. */
struct whole {
    struct support_rig rig;
    double *x, *direction; // [T d]
    double *readout;       // [d][V]
    int *y;                // [T]
};

static double loss_of(void *context, double step)
{
    struct whole *whole = context;
    const struct model *model = &whole->rig.model;
    size_t count = whole->rig.count, d = (size_t)model->width, V = (size_t)model->vocabulary;
    double *x = support_copy(count, whole->x), *logits = calloc((size_t)model->tokens * V, sizeof *logits);
    for (size_t i = 0; i < count; i++)
        x[i] += step * whole->direction[i];
    double *out = support_run(&whole->rig, x, whole->direction, NULL);
    for (size_t t = 0; t < (size_t)model->tokens; t++)
        for (size_t i = 0; i < d; i++)
            for (size_t v = 0; v < V; v++)
                logits[t * V + v] += out[t * d + i] * whole->readout[i * V + v];
    double loss = plain_loss(model->tokens, model->vocabulary, whole->y, logits);
    free(x), free(out), free(logits);
    return loss;
}

static void keep_first(void *context, int layer, const double *g, int exponent)
{
    double **kept = context;
    if (layer == 0) {
        ck_assert_int_eq(exponent, 0);
        *kept = support_copy((size_t)5 * 15, g);
    }
}

static void ignore(void *context, int layer, const double *x)
{
    (void)context, (void)layer, (void)x;
}

static void ignore_attention(void *context, const struct block *block, int node, const struct attention *attention,
                             const double *a)
{
    (void)context, (void)block, (void)node, (void)attention, (void)a;
}

static const char *const stacks[] = {
    "cotangent=cross-entropy vocabulary=6 placement=spannorm activation=gelu mask=causal",
    "cotangent=cross-entropy vocabulary=23 zipf=1.3 placement='x = x + attn(norm(x)); x = x + glu(norm(x)); "
    "final: x = norm(x)'",
};

/* What a sample's gradient at the input is, against differences of the loss along a direction. */
START_TEST(samples_have_the_gradient_of_the_loss)
{
    struct whole whole = {0};
    struct error error;
    double *g = NULL;
    struct stack_watch watch = {ignore, keep_first, {.attention = ignore_attention}, &g};
    support_rig_init(&whole.rig, stacks[_i]);
    const struct model *model = &whole.rig.model;
    int T = model->tokens, d = model->width, V = model->vocabulary;
    ck_assert(T == 5 && d == 15);
    struct stack *stack = &whole.rig.stack;
    struct wide *values = calloc((size_t)(model->layers + 1) * (size_t)stack->depth.schema.column_count,
                                 sizeof *values);
    stack->engine = linear_engine_find("dense");
    whole.rig.workspace.watch = &watch;
    ck_assert_int_eq(stack_sample(stack, &whole.rig.workspace, SEED, SAMPLE, NULL, values, &error), ERROR_NONE);
    whole.rig.workspace.watch = NULL;

    whole.rig.run.seed = SEED;
    whole.rig.run.sample = SAMPLE;
    whole.x = support_poison(whole.rig.count);
    source_input(SEED, SAMPLE, 0, T, d, 0, 1, whole.x);
    whole.direction = support_normals(9, whole.rig.count);
    whole.readout = support_poison((size_t)(d * V));
    struct linear_map map = {
        .fan_out = V,
        .sigma = 1 / sqrt(d),
        .address = {.seed = SEED, .sample = SAMPLE, .site = READOUT_SITE, .matrix = READOUT_MATRIX}};
    linear_engine_find("dense")->fill(&map, d, 0, d, whole.readout, NULL);
    whole.y = calloc((size_t)T, sizeof *whole.y);
    double cumulated[V];
    struct stream_address address = {.seed = SEED, .sample = SAMPLE, .role = STREAM_COTANGENT};
    readout_targets(&address, T, V, model->zipf, cumulated, whole.y);
    struct support_slope slope = support_differentiate(loss_of, &whole, 2 * log(V));
    support_check_slope(slope, support_dot(whole.rig.count, g, whole.direction), stacks[_i]);
    free(whole.x), free(whole.direction), free(whole.readout), free(whole.y), free(values), free(g);
    support_rig_free(&whole.rig);
}
END_TEST

/* ---- targets ---- */

/* Of 200000 draws a share p errs by sqrt(p/200000); 5.5 of these are passed once in 2.6e7, of some 20 shares. */
START_TEST(targets_have_their_law)
{
    enum { N = 200000, V = 9 };
    static const double exponents[] = {0, 1.3};
    struct stream_address address = {.seed = 3, .sample = 4, .role = STREAM_COTANGENT};
    double cumulated[V], weight[V], sum = 0, squares = 0, share[V] = {0};
    int *y = calloc(N, sizeof *y);
    readout_targets(&address, N, V, exponents[_i], cumulated, y);
    for (int v = 0; v < V; v++)
        sum += weight[v] = pow(v + 1, -exponents[_i]);
    for (int n = 0; n < N; n++) {
        ck_assert(y[n] >= 0 && y[n] < V);
        share[y[n]] += 1. / N;
    }
    for (int v = 0; v < V; v++) {
        double p = weight[v] / sum;
        squares += p * p;
        ck_assert_double_eq_tol(share[v], p, 5.5 * sqrt(p / N));
    }
    ck_assert_double_eq_tol(readout_agreement(V, exponents[_i]), squares, 1e-15);
    free(y);
}
END_TEST

Suite *readout_suite(void)
{
    Suite *suite = suite_create("readout");
    TCase *tests = tcase_create("readout");
    tcase_add_test(tests, loss_is_the_definitions);
    tcase_add_loop_test(tests, samples_have_the_gradient_of_the_loss, 0, sizeof stacks / sizeof *stacks);
    tcase_add_loop_test(tests, targets_have_their_law, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
