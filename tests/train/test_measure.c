#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include "tests/support.h"
#include "train/measure.h"

enum { T = 7, V = 4, LAYERS = 3, SEED = 5 };

/* A network of one sequence, and what is measured of it. */
static struct model model;
static struct network network;
static struct measure measure;
static struct estimate *cells;
static int x[T], y[T];
static struct network_batch batch = {x, y, 0};

static void setup(void)
{
    struct error error = {0};
    struct task task;
    double bayes;
    support_model(&model, "placement=spannorm layers=3 tokens=7 width=12 heads=3 mask=causal activation=gelu");
    ck_assert_int_eq(task_init(&task, "icl:4:0.4", &error), ERROR_NONE);
    ck_assert_int_eq(network_init(&network, &model, 1, V, &parametrisations[0], 12, SEED, 1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(measure_init(&measure, &network, 1 << 30, &error), ERROR_NONE);
    batch.counted = task_draw(&task, SEED, 0, 0, T, x, y, &bayes);
    cells = calloc(measure_cells(&measure), sizeof *cells);
    task_free(&task);
}

static void teardown(void)
{
    free(cells);
    measure_free(&measure);
    network_free(&network);
    model_free(&model);
}

static double mean_of(int layer, const char *name)
{
    int column = observe_find(&measure.schema, name);
    ck_assert_msg(column >= 0, "%s", name);
    const struct estimate *cell = &cells[layer * measure.schema.column_count + column];
    ck_assert_msg(cell->n > 0, "%s at %d", name, layer);
    return wide_value(estimate_mean(cell));
}

static void check_near(double value, double expected, double tolerance)
{
    ck_assert(isfinite(value));
    ck_assert_msg(fabs(value - expected) <= tolerance * fabs(expected), "%.17g, expected %.17g", value, expected);
}

/* The loss's gradients of the stack are those of the network, which differences and PyTorch have seen. Two orders of
 * summation of a hundred terms. */
START_TEST(training_gradients_are_the_networks)
{
    measure_sequence(&measure, &network, SEED, 0, x, y, cells);
    network_forward(&network, &batch, 0);
    network_backward(&network, &batch);
    struct block_run run = {&network.model, &network.held.engine, SEED, 0};
    for (int l = 1; l <= LAYERS; l++) {
        const struct block *block = &network.depth.blocks[l - 1];
        for (int m = 0; m < block->graph->matrix_count; m++) {
            char column[OBSERVE_NAME_MAX];
            struct linear_map map;
            block_map(&run, block, m, 0, &map);
            const struct held_matrix *matrix = held_find(&network.held, &map.address);
            double square = support_sum_of_squares(matrix->entries, network.held.gradients + matrix->first);
            snprintf(column, sizeof column, "training_weight_gradient_variance.%s", block->graph->matrices[m].label);
            check_near(mean_of(l, column), square / (double)matrix->entries, 1e-11);
        }
    }
}
END_TEST

/* Of the drawn cotangent as of a sample of the dense engine on that input: forward and reverse with its own matrices. */
START_TEST(other_columns_are_those_of_a_sample)
{
    struct support_rig dense;
    size_t count = (size_t)T * 12;
    double input[T * 12], g[T * 12];
    measure_sequence(&measure, &network, SEED, 0, x, y, cells);
    support_rig_init(&dense, "placement=spannorm layers=3 tokens=7 width=12 heads=3 mask=causal activation=gelu");
    dense.run.engine = linear_engine_find("dense");
    dense.run.seed = SEED;
    dense.run.sample = 0;
    network_embed(&network, x, input);
    model.cotangent->fill(SEED, 0, T, 12, g);
    double *dx = support_poison(count), *out = support_run(&dense, input, g, dx);
    check_near(mean_of(LAYERS, "activation_variance"), support_sum_of_squares(count, out) / (double)count, 1e-11);
    check_near(mean_of(LAYERS, "gradient_variance"), support_sum_of_squares(count, g) / (double)count, 1e-11);
    check_near(mean_of(0, "gradient_variance"), support_sum_of_squares(count, dx) / (double)count, 1e-11);
    free(dx);
    free(out);
    support_rig_free(&dense);
}
END_TEST

static void embed(void *context, double *input)
{
    network_embed(context, x, input);
}

/* The cotangent of `run`, at the task's targets. */
static void of_the_loss(void *context, const double *output, double *g)
{
    static double memory[1 << 12];
    const struct network *own = context;
    struct model wanted = own->model;
    wanted.vocabulary = V;
    struct block_run run = {&wanted, linear_engine_find("dense"), SEED, 0};
    readout_gradient(&run, output, y, batch.counted, g, (struct arena){memory, 1 << 12, 0});
}

/* `--cotangent cross-entropy` is what training begins with: the same readout, and of the same input, output and targets
 * the same gradients in every column. Two orders of summation of a hundred terms. */
START_TEST(cross_entropy_is_the_loss_of_training)
{
    struct stack dense;
    struct stack_workspace workspace;
    struct error error;
    struct stack_ends ends = {embed, of_the_loss, &network};
    measure_sequence(&measure, &network, SEED, 0, x, y, cells);
    ck_assert_int_eq(stack_init(&dense, &model, linear_engine_find("dense"), false, 1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(stack_workspace_init(&workspace, &dense, &error), ERROR_NONE);
    int columns = dense.depth.schema.column_count, compared = 0;
    struct wide values[(LAYERS + 1) * columns];
    ck_assert_int_eq(stack_pass(&dense, &workspace, SEED, 0, &ends, NULL, values, &error), ERROR_NONE);
    for (int l = 0; l <= LAYERS; l++)
        for (int c = 0; c < columns; c++) {
            char name[OBSERVE_NAME_MAX + 16];
            snprintf(name, sizeof name, "training_%s", dense.depth.schema.columns[c].name);
            if (observe_find(&measure.schema, name) < 0 || !wide_present(values[l * columns + c]))
                continue;
            check_near(mean_of(l, name), wide_value(values[l * columns + c]), 1e-11);
            compared++;
        }
    ck_assert_int_ge(compared, 3 * (LAYERS + 1) + 6 * LAYERS); // of activations, and of six matrices a block
    stack_workspace_free(&workspace);
    stack_free(&dense);
}
END_TEST

START_TEST(ablation_is_the_loss_without_the_block)
{
    measure_ablation(&measure, &network, &batch, cells);
    for (int l = 0; l <= LAYERS; l++)
        check_near(mean_of(l, "ablated_loss"), network_forward(&network, &batch, l), 1e-15);
    ck_assert_double_ne(mean_of(0, "ablated_loss"), mean_of(2, "ablated_loss"));
}
END_TEST

/* All weights grow by a part in 2^7, exactly. */
START_TEST(update_is_over_the_weight)
{
    struct held *held = &network.held;
    real *before = support_copy(held->entries, held->weights), *delta = support_poison(held->entries);
    for (size_t i = 0; i < held->entries; i++)
        held->weights[i] = before[i] + 0x1p-7 * before[i];
    measure_update(&measure, &network, before, delta, x, y, cells);
    for (int l = 1; l <= LAYERS; l++) {
        check_near(mean_of(l, "update_over_weight.attn.wk"), 0x1p-7, 1e-10);
        check_near(mean_of(l, "update_over_weight.ffn.w1"), 0x1p-7, 1e-10);
    }
    ck_assert_ptr_null(held->reported);
    free(before);
    free(delta);
}
END_TEST

/* A token's embedding moves its rows of x_0 by what is added, 1/4 in every entry. */
START_TEST(changes_are_those_of_the_activations)
{
    struct stream_address tokens = {.site = NETWORK_SITE, .matrix = NETWORK_TOKENS};
    real *row = network.held.weights + held_find(&network.held, &tokens)->first + (size_t)x[0] * 12;
    int rows = 0;
    for (int t = 0; t < T; t++)
        rows += x[t] == x[0];
    network_forward(&network, &batch, 0);
    measure_keep(&measure, &network);
    for (int i = 0; i < 12; i++)
        row[i] += 0.25;
    measure_moved(&measure, &network, &batch, cells);
    check_near(mean_of(0, "activation_change"), 0.0625 * rows / T, 1e-12);
    ck_assert_double_gt(mean_of(LAYERS, "activation_change"), 0);
}
END_TEST

Suite *measure_suite(void)
{
    Suite *suite = suite_create("measure");
    TCase *tests = tcase_create("profiles");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, training_gradients_are_the_networks);
    tcase_add_test(tests, other_columns_are_those_of_a_sample);
    tcase_add_test(tests, cross_entropy_is_the_loss_of_training);
    tcase_add_test(tests, ablation_is_the_loss_without_the_block);
    tcase_add_test(tests, update_is_over_the_weight);
    tcase_add_test(tests, changes_are_those_of_the_activations);
    suite_add_tcase(suite, tests);
    return suite;
}
