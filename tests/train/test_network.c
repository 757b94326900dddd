#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include "tests/support.h"
#include "train/network.h"

enum { BATCH = 3, V = 5, SEED = 11, T = 5 };

/* Texts whose formulas meet every kind of node; silu, gelu: relu has kinks that differences see. */
static const char *const models[] = {
    "placement=prenorm activation=silu mask=causal",
    "placement=spannorm activation=gelu init=scaleinit layers=3 mask=causal",
    "placement=postnorm activation=swiglu norm=layernorm",
    "placement='first:x=x;block:y=moe(x)+x;x=y+attn(norm(y));final:x=norm(x)+ffn(x)' activation=gelu mask=causal",
    "placement='state x, u; a = attn(x); y = norm(x + a); f = ffn(y); x = norm(y + f); u = u + a + f; "
    "final: x = x + norm(u)' activation=silu mask=causal",
    "placement='shared wq; x = norm(x + wo(attend(wq(x), wq(x), wv(x)))); x = norm(x + ffn(x))' activation=silu "
    "layers=3 "
    "mask=causal",
};
enum { MODELS = sizeof models / sizeof *models };

struct rig {
    struct model model;
    struct network network;
    struct network_batch batch;
    int x[BATCH * T], y[BATCH * T];
};

static void rig_init(struct rig *rig, const char *text, const struct parametrisation *parametrisation)
{
    struct error error = {0};
    struct task task;
    support_model(&rig->model, text);
    ck_assert_int_eq(task_init(&task, "icl:5:0.5", &error), ERROR_NONE);
    ck_assert_msg(network_init(&rig->network, &rig->model, BATCH, V, parametrisation, 5, SEED, 1 << 30, &error) ==
                      ERROR_NONE,
                  "%s", error.text);
    rig->batch = (struct network_batch){rig->x, rig->y, 0};
    for (int b = 0; b < BATCH; b++) {
        double bayes;
        rig->batch.counted += task_draw(&task, SEED, 0, (uint32_t)b, T, rig->x + b * T, rig->y + b * T, &bayes);
    }
    rig->y[3] = TASK_IGNORED; // one that does not count
    rig->batch.counted--;
    task_free(&task);
}

static void rig_free(struct rig *rig)
{
    network_free(&rig->network);
    model_free(&rig->model);
}

struct path {
    struct rig *rig;
    real *weights;
    const double *start, *direction;
    size_t count;
};

static double loss_along(void *context, double step)
{
    const struct path *path = context;
    for (size_t i = 0; i < path->count; i++)
        path->weights[i] = path->start[i] + step * path->direction[i];
    return network_forward(&path->rig->network, &path->rig->batch, 0);
}

/* The loss's slope along a random direction of every matrix. */
START_TEST(gradients_are_exact)
{
    struct rig rig;
    rig_init(&rig, models[_i % MODELS], &parametrisations[_i / MODELS]);
    struct held *held = &rig.network.held;
    double loss = network_forward(&rig.network, &rig.batch, 0);
    network_backward(&rig.network, &rig.batch);
    double *gradients = support_copy(held->entries, held->gradients);
    double *start = support_copy(held->entries, held->weights);
    for (int i = 0; i < held->count; i++) {
        const struct held_matrix *matrix = &held->matrices[i];
        double *direction = support_normals((unsigned long)i, matrix->entries);
        for (size_t j = 0; j < matrix->entries; j++)
            direction[j] *= 0.1;
        struct path path = {&rig, held->weights + matrix->first, start + matrix->first, direction, matrix->entries};
        struct support_slope slope = support_differentiate(loss_along, &path, loss);
        loss_along(&path, 0);
        support_check_slope(slope, support_dot(matrix->entries, gradients + matrix->first, direction),
                            i < 3 ? "ends" : "matrix");
        free(direction);
    }
    free(gradients);
    free(start);
    rig_free(&rig);
}
END_TEST

/* Step 0 is a sample: the dense engine on the same input, one sequence at a time, ends where the batch does. Sums are
 * taken in another order, of at most 33 terms, through a few norms. */
START_TEST(batch_is_samples_of_the_dense_engine)
{
    struct rig rig;
    struct support_rig dense;
    rig_init(&rig, models[_i], &parametrisations[0]);
    network_forward(&rig.network, &rig.batch, 0);
    support_rig_init(&dense, models[_i]);
    dense.run.engine = linear_engine_find("dense");
    dense.run.seed = SEED;
    dense.run.sample = 0;
    size_t signal = (size_t)T * (size_t)rig.model.width; // a layer is its states, each of which starts as the embedding
    for (int b = 0; b < BATCH; b++) {
        double *x = support_poison(dense.count), *zero = calloc(dense.count, sizeof *zero);
        for (size_t s = 0; s < dense.count; s += signal)
            network_embed(&rig.network, rig.x + b * T, x + s);
        double *out = support_run(&dense, x, zero, NULL);
        ck_assert_double_le(support_distance(signal, network_output(&rig.network) + (size_t)b * signal, out), 1e-12);
        free(x);
        free(zero);
        free(out);
    }
    support_rig_free(&dense);
    rig_free(&rig);
}
END_TEST

/* x_0 has the input scale's mean square: 15 tokens of width 15, a chi-square of 225 correlated by shared embeddings;
 * at width 4096 the tables' 10 vectors leave 1 % or so. */
START_TEST(embedding_has_the_input_scale)
{
    struct rig rig;
    rig_init(&rig, "placement='x=x' width=4096 heads=4 input-scale=3", &parametrisations[0]);
    network_forward(&rig.network, &rig.batch, 0);
    size_t count = (size_t)BATCH * T * 4096;
    double square = support_sum_of_squares(count, rig.network.input) / (double)count;
    ck_assert(isfinite(square));
    ck_assert_double_le(fabs(square / 9 - 1), 0.05);
    rig_free(&rig);
}
END_TEST

START_TEST(skipped_block_is_the_identity)
{
    struct rig rig;
    rig_init(&rig, "placement=prenorm layers=3 activation=silu", &parametrisations[0]);
    double whole = network_forward(&rig.network, &rig.batch, 0);
    for (int block = 1; block <= 3; block++) {
        double loss = network_forward(&rig.network, &rig.batch, block);
        ck_assert(isfinite(loss));
        ck_assert_double_ne(loss, whole);
        ck_assert_ptr_eq(rig.network.inputs[block], rig.network.inputs[block - 1]);
    }
    ck_assert_double_eq(network_forward(&rig.network, &rig.batch, 0), whole);
    rig_free(&rig);
}
END_TEST

/* The spread against 1 - the cosine's definition, and far below what that resolves. */
START_TEST(spread_is_one_less_the_cosine)
{
    struct rig rig;
    rig_init(&rig, models[0], &parametrisations[0]);
    network_forward(&rig.network, &rig.batch, 0);
    size_t d = (size_t)rig.model.width;
    double sum = 0, *x = (double *)(uintptr_t)network_output(&rig.network);
    for (size_t b = 0; b < BATCH; b++)
        for (size_t s = b * T; s < (b + 1) * T; s++)
            for (size_t t = b * T; t < (b + 1) * T; t++)
                if (s != t)
                    sum += 1 - support_dot(d, x + s * d, x + t * d) /
                                   sqrt(support_dot(d, x + s * d, x + s * d) * support_dot(d, x + t * d, x + t * d));
    double expected = sum / (BATCH * T * (T - 1));
    ck_assert_double_le(fabs(network_spread(&rig.network) - expected), 1e-13);
    for (size_t n = 0; n < BATCH * T; n++)
        for (size_t i = 0; i < d; i++)
            x[n * d + i] = (double)(i + 1) + (n % T == 0 && i == 0 ? 1e-9 : 0);
    /* One token apart by e, of |x|^2 = 1240, at the angle whose sine is e sqrt(1 - 1/1240)/sqrt(1240): 1 - cos is half
     * its square, in 2(T - 1) of the T (T - 1) pairs. x + e itself is rounded to 2^-52, 1e-7 of e. */
    double angle = 1e-9 * sqrt((1 - 1 / 1240.) / 1240);
    ck_assert_double_le(fabs(network_spread(&rig.network) / (angle * angle / 2 * 2 / T) - 1), 1e-5);
    rig_free(&rig);
}
END_TEST

Suite *network_suite(void)
{
    Suite *suite = suite_create("network");
    TCase *tests = tcase_create("passes");
    tcase_add_loop_test(tests, gradients_are_exact, 0, 2 * MODELS);
    tcase_add_loop_test(tests, batch_is_samples_of_the_dense_engine, 0, MODELS);
    tcase_add_test(tests, embedding_has_the_input_scale);
    tcase_add_test(tests, skipped_block_is_the_identity);
    tcase_add_test(tests, spread_is_one_less_the_cosine);
    suite_add_tcase(suite, tests);
    return suite;
}
