#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/linear.h"
#include <check.h>
#include "tests/support.h"

enum { MAPS = 4 };

/* Maps of odd and unequal widths that share one input. */
static const struct linear_map odd_maps[MAPS] = {{11, 0.5, {.seed = 1, .block = 1, .matrix = 0}, NULL},
                                                 {3, 1.37, {.seed = 1, .block = 1, .matrix = 1}, NULL},
                                                 {19, 0.2, {.seed = 1, .block = 1, .matrix = 2}, NULL},
                                                 {1, 0.7, {.seed = 1, .block = 1, .matrix = 8, .expert = 3}, NULL}};
static const struct linear odd = {7, 15, MAPS, odd_maps};

/* Wider than a panel of the dense engine (2^17 doubles): 131 rows of 1000. */
static const struct linear_map panel_map = {1000, 0.1, {.seed = 2, .block = 5, .matrix = 3}, NULL};
static const struct linear panels = {3, 301, 1, &panel_map};

struct bench {
    const struct linear *linear;
    const struct linear_engine *engine;
    double *x, *y[MAPS], *dy[MAPS], *w[MAPS], *tape;
    double squares[MAPS];
    struct arena work;
};

static size_t output_entries(const struct linear *linear, int i)
{
    return (size_t)linear->rows * (size_t)linear->map[i].fan_out;
}

static size_t input_entries(const struct linear *linear)
{
    return (size_t)linear->rows * (size_t)linear->fan_in;
}

static struct bench bench_of(const struct linear *linear)
{
    struct bench b = {.linear = linear, .engine = linear_engine_find("dense")};
    struct linear_cost cost = b.engine->cost(linear);
    b.x = support_normals(1, input_entries(linear));
    b.tape = memory_doubles(cost.tape);
    b.work = (struct arena){memory_doubles(cost.work), cost.work, 0};
    for (int i = 0; i < linear->count; i++) {
        b.y[i] = support_poison(output_entries(linear, i));
        b.dy[i] = support_normals(2 + (unsigned long)i, output_entries(linear, i));
        b.w[i] = calloc((size_t)linear->fan_in * (size_t)linear->map[i].fan_out, sizeof(double));
        b.engine->fill(&linear->map[i], linear->fan_in, 0, linear->fan_in, b.w[i], NULL);
    }
    b.engine->forward(b.engine, linear, b.x, b.y, b.tape, b.work);
    return b;
}

static void bench_free(struct bench *b)
{
    for (int i = 0; i < b->linear->count; i++)
        free(b->y[i]), free(b->dy[i]), free(b->w[i]);
    free(b->x), free(b->tape), free(b->work.base);
}

static void backward(struct bench *b, double beta, double *dx)
{
    b->engine->backward(b->engine, b->linear, b->x, (const double *const *)b->y, (const double *const *)b->dy, beta, dx,
                        b->squares, b->tape, b->work);
}

static const struct linear *shape(int i)
{
    return i == 0 ? &odd : &panels;
}

/* Sums of n terms in another order differ by at most n eps of the terms' absolute sum, and typically sqrt(n) eps of the
 * result: 1e-13 for n <= 1000 relative to the largest entry. */
static const double TOLERANCE = 1e-13;

START_TEST(forward_is_the_product)
{
    struct bench b = bench_of(shape(_i));
    for (int m = 0; m < b.linear->count; m++) {
        int in = b.linear->fan_in, out = b.linear->map[m].fan_out;
        double *expected = calloc(output_entries(b.linear, m), sizeof(double));
        for (int t = 0; t < b.linear->rows; t++)
            for (int j = 0; j < out; j++)
                for (int i = 0; i < in; i++)
                    expected[t * out + j] += b.x[t * in + i] * b.w[m][i * out + j];
        ck_assert_double_le(support_distance(output_entries(b.linear, m), b.y[m], expected), TOLERANCE);
        free(expected);
    }
    bench_free(&b);
}
END_TEST

static void naive_backward(const struct bench *b, double *dx)
{
    int in = b->linear->fan_in;
    memset(dx, 0, input_entries(b->linear) * sizeof *dx);
    for (int m = 0; m < b->linear->count; m++) {
        int out = b->linear->map[m].fan_out;
        for (int t = 0; t < b->linear->rows; t++)
            for (int i = 0; i < in; i++)
                for (int j = 0; j < out; j++)
                    dx[t * in + i] += b->dy[m][t * out + j] * b->w[m][i * out + j];
    }
}

START_TEST(backward_is_the_transposed_product)
{
    struct bench b = bench_of(shape(_i));
    size_t entries = input_entries(b.linear);
    double *dx = support_poison(entries), *expected = support_poison(entries);
    naive_backward(&b, expected);
    backward(&b, 0, dx);
    ck_assert_double_le(support_distance(entries, dx, expected), TOLERANCE);
    double *sum = support_normals(9, entries);
    for (size_t i = 0; i < entries; i++)
        expected[i] += sum[i];
    backward(&b, 1, sum);
    ck_assert_double_le(support_distance(entries, sum, expected), TOLERANCE);
    free(dx), free(expected), free(sum);
    bench_free(&b);
}
END_TEST

START_TEST(backward_is_adjoint_to_forward)
{
    struct bench b = bench_of(shape(_i));
    double *dx = support_poison(input_entries(b.linear)), forward = 0;
    backward(&b, 0, dx);
    for (int m = 0; m < b.linear->count; m++)
        forward += support_dot(output_entries(b.linear, m), b.dy[m], b.y[m]);
    double reverse = support_dot(input_entries(b.linear), dx, b.x);
    ck_assert(isfinite(forward) && isfinite(reverse));
    ck_assert_double_eq_tol(reverse / forward, 1, 1e-11); // the two sums may cancel by two digits
    free(dx);
    bench_free(&b);
}
END_TEST

START_TEST(squares_are_those_of_the_gradient)
{
    struct bench b = bench_of(shape(_i));
    double *dx = support_poison(input_entries(b.linear));
    for (int m = 0; m < b.linear->count; m++)
        b.squares[m] = m + 1; // added to
    backward(&b, 0, dx);
    for (int m = 0; m < b.linear->count; m++) {
        int in = b.linear->fan_in, out = b.linear->map[m].fan_out;
        size_t entries = (size_t)in * (size_t)out;
        double *dw = calloc(entries, sizeof(double));
        support_weight_gradient(b.linear->rows, in, out, b.x, b.dy[m], dw);
        double expected = support_sum_of_squares(entries, dw) + m + 1;
        ck_assert(isfinite(b.squares[m]));
        ck_assert_double_eq_tol(b.squares[m] / expected, 1, TOLERANCE);
        free(dw);
    }
    free(dx);
    bench_free(&b);
}
END_TEST

START_TEST(inputs_and_tape_are_unchanged)
{
    struct bench b = bench_of(&odd);
    size_t entries = input_entries(&odd), tape = b.engine->cost(&odd).tape;
    double *x = support_copy(entries, b.x), *kept = support_copy(tape, b.tape), *dx = support_poison(entries);
    double *dy = support_copy(output_entries(&odd, 2), b.dy[2]);
    backward(&b, 0, dx);
    ck_assert_mem_eq(x, b.x, entries * sizeof *x);
    ck_assert_mem_eq(kept, b.tape, tape * sizeof *kept);
    ck_assert_mem_eq(dy, b.dy[2], output_entries(&odd, 2) * sizeof *dy);
    free(x), free(kept), free(dx), free(dy);
    bench_free(&b);
}
END_TEST

/* A matrix filled in pieces is the matrix, and its address decides it: each member changes every entry. */
START_TEST(fill_depends_on_the_address_only)
{
    const struct linear_engine *engine = linear_engine_find("dense");
    struct linear_map map = {13, 0.7, {.seed = 5, .sample = 2, .block = 3, .site = 1, .matrix = 4, .expert = 6}, NULL};
    enum { ROWS = 10, ENTRIES = ROWS * 13 };
    double whole[ENTRIES], pieces[ENTRIES], other[ENTRIES];
    engine->fill(&map, ROWS, 0, ROWS, whole, NULL);
    for (int first = 0; first < ROWS; first += 3)
        engine->fill(&map, ROWS, first, ROWS - first < 3 ? ROWS - first : 3, pieces + first * 13, NULL);
    ck_assert_mem_eq(whole, pieces, sizeof whole);
    for (int member = 0; member < 6; member++) {
        struct linear_map changed = map;
        changed.address.seed += member == 0;
        changed.address.sample += member == 1;
        changed.address.block += member == 2;
        changed.address.site += member == 3;
        changed.address.matrix += member == 4;
        changed.address.expert += member == 5;
        engine->fill(&changed, ROWS, 0, ROWS, other, NULL);
        for (int i = 0; i < ENTRIES; i++)
            ck_assert_msg(whole[i] != other[i], "member %d, entry %d", member, i);
    }
}
END_TEST

/* n entries of N(0, sigma^2): mean and mean square within 5.5 standard errors, false alarm 4e-8 each. */
START_TEST(entries_have_the_variance_of_the_map)
{
    struct bench b = bench_of(&panels);
    int n = 301 * 1000;
    double sum = 0, squares = 0, sigma = panels.map[0].sigma;
    for (int i = 0; i < n; i++) {
        sum += b.w[0][i];
        squares += b.w[0][i] * b.w[0][i];
    }
    ck_assert(isfinite(sum) && isfinite(squares));
    ck_assert_double_lt(fabs(sum / n), 5.5 * sigma / sqrt(n));
    ck_assert_double_lt(fabs(squares / n / (sigma * sigma) - 1), 5.5 * sqrt(2.0 / n));
    bench_free(&b);
}
END_TEST

START_TEST(costs_add_but_share_scratch)
{
    struct linear_cost a = {10, 7, 3, 100, 2, 50}, b = {SIZE_MAX - 4, 9, 4, 11, 1, 7}, c = linear_cost_add(a, b);
    ck_assert_uint_eq(c.tape, SIZE_MAX); // sticks instead of wrapping
    ck_assert_uint_eq(c.work, 9);
    ck_assert_double_eq(c.normals, 7);
    ck_assert_double_eq(c.flops, 111);
    ck_assert_double_eq(c.forward_normals, 3);
    ck_assert_double_eq(c.forward_flops, 57);
    struct linear_cost cost = linear_engine_find("dense")->cost(&odd);
    ck_assert_double_eq(cost.normals, 15 * (11 + 3 + 19 + 1));
    /* A multiplication and an addition, twice, and the Grams behind the gradients' squares. */
    ck_assert_double_eq(cost.flops, 4.0 * 7 * 15 * (11 + 3 + 19 + 1) + 7 * 7 * (15 + 11 + 3 + 19 + 1));
    for (size_t i = 0; i < linear_engine_count; i++)
        ck_assert_ptr_eq(linear_engine_find(linear_engines[i].name), &linear_engines[i]);
    ck_assert_ptr_null(linear_engine_find("sparse"));
}
END_TEST

Suite *linear_suite(void)
{
    Suite *suite = suite_create("linear");
    TCase *tests = tcase_create("dense");
    tcase_add_loop_test(tests, forward_is_the_product, 0, 2);
    tcase_add_loop_test(tests, backward_is_the_transposed_product, 0, 2);
    tcase_add_loop_test(tests, backward_is_adjoint_to_forward, 0, 2);
    tcase_add_loop_test(tests, squares_are_those_of_the_gradient, 0, 2);
    tcase_add_test(tests, inputs_and_tape_are_unchanged);
    tcase_add_test(tests, fill_depends_on_the_address_only);
    tcase_add_test(tests, entries_have_the_variance_of_the_map);
    tcase_add_test(tests, costs_add_but_share_scratch);
    suite_add_tcase(suite, tests);
    return suite;
}
