#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/conditioned.h"
#include "sim/panel.h"
#include <check.h>
#include "tests/support.h"

/* One set of maps on one input. Tokens are generic, or all (or as many as `close` says) within `apart` of the first, or
 * one of them is zero. */
enum { MAPS = 4 };

struct shape {
    const char *name;
    int rows, fan_in, count, fan_out[MAPS];
    double x_apart, dy_apart; /* 0: generic */
    int x_zero, dy_zero;      /* the token that is zero, -1: none */
    double x_scale, dy_scale; /* ratio of one token's size to the next one's */
    int close;                /* tokens behind the first that are within `apart` of it; 0: all */
};

static const struct shape shapes[] = {
    {"four maps", 3, 7, 4, {4, 1, 5, 2}, 0, 0, -1, -1, 1, 1, 0},
    {"three maps", 3, 7, 3, {4, 1, 5}, 0, 0, -1, -1, 1, 1, 0},
    {"as many tokens as features", 5, 5, 1, {6}, 0, 0, -1, -1, 1, 1, 0},
    {"more tokens than features", 6, 4, 2, {3, 5}, 0, 0, -1, -1, 1, 1, 0},
    {"more tokens than outputs", 5, 7, 1, {2}, 0, 0, -1, -1, 1, 1, 0},
    {"one token", 1, 6, 2, {3, 4}, 0, 0, -1, -1, 1, 1, 0},
    {"one feature", 3, 1, 1, {4}, 0, 0, -1, -1, 1, 1, 0},
    {"a zero token", 4, 7, 1, {5}, 0, 0, 2, -1, 1, 1, 0},
    {"a zero cotangent", 4, 7, 1, {5}, 0, 0, -1, 1, 1, 1, 0},
    {"tokens of unequal size", 4, 7, 1, {5}, 0, 0, -1, -1, 1e-4, 1e3, 0},
    {"equal tokens", 3, 7, 2, {4, 3}, 0x1p-1000, 0, -1, -1, 1, 1, 0},
    {"tokens 3e-8 apart", 3, 7, 2, {4, 3}, 0x1p-25, 0, -1, -1, 1, 1, 0},
    {"cotangents 3e-8 apart", 3, 7, 2, {4, 3}, 0, 0x1p-25, -1, -1, 1, 1, 0},
    {"tokens 1e-9 apart", 3, 7, 2, {4, 3}, 0x1p-30, 0, -1, -1, 1, 1, 0},
    {"cotangents 1e-9 apart", 3, 7, 2, {4, 3}, 0, 0x1p-30, -1, -1, 1, 1, 0},
    {"both 1e-9 apart", 3, 7, 1, {4}, 0x1p-30, 0x1p-30, -1, -1, 1, 1, 0},
    {"the second 1e-9 apart", 4, 7, 1, {5}, 0x1p-30, 0x1p-30, -1, -1, 1, 1, 1},
    {"the second equal", 4, 7, 2, {5, 3}, 0x1p-1000, 0x1p-1000, -1, -1, 1, 1, 1},
    {"no cotangent", 1, 7, 1, {5}, 0, 0, -1, 0, 1, 1, 0},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

struct rig {
    const struct shape *shape;
    struct linear_map maps[MAPS];
    double *x, *y[MAPS], *dy[MAPS], *dx, *tape, squares[MAPS];
    struct arena work;
};

static bool is_close(const struct shape *shape, int t)
{
    return t > 0 && (shape->close == 0 || t <= shape->close);
}

static void arrange(const struct shape *shape, double *a, int columns, double apart, int zero, double scale)
{
    for (int t = 0; t < shape->rows; t++)
        for (int i = 0; i < columns; i++) {
            double *entry = &a[t * columns + i];
            if (is_close(shape, t) && apart > 0)
                *entry = a[i] + apart * *entry;
            *entry *= t == zero ? 0 : pow(scale, t);
        }
}

static struct linear linear_of(const struct rig *rig)
{
    return (struct linear){rig->shape->rows, rig->shape->fan_in, rig->shape->count, rig->maps};
}

static struct rig rig_of(const struct shape *shape)
{
    struct rig rig = {.shape = shape};
    size_t rows = (size_t)shape->rows, entries = rows * (size_t)shape->fan_in;
    rig.x = support_normals(1, entries);
    rig.dx = support_poison(entries);
    arrange(shape, rig.x, shape->fan_in, shape->x_apart, shape->x_zero, shape->x_scale);
    for (int i = 0; i < shape->count; i++) {
        size_t n = (size_t)shape->fan_out[i];
        struct stream_address address = {.seed = 3, .block = 1, .matrix = (uint32_t)i};
        rig.maps[i] = (struct linear_map){shape->fan_out[i], 0.6 + 0.37 * i, address, NULL};
        rig.y[i] = support_poison(rows * n);
        rig.dy[i] = support_normals(2 + (unsigned long)i, rows * n);
        arrange(shape, rig.dy[i], shape->fan_out[i], shape->dy_apart, shape->dy_zero, shape->dy_scale);
    }
    struct linear linear = linear_of(&rig);
    struct linear_cost cost = conditioned_cost(&linear);
    rig.tape = memory_doubles(cost.tape);
    rig.work = (struct arena){memory_doubles(cost.work), cost.work, 0};
    return rig;
}

static void rig_free(struct rig *rig)
{
    for (int i = 0; i < rig->shape->count; i++)
        free(rig->y[i]), free(rig->dy[i]);
    free(rig->x), free(rig->dx), free(rig->tape), free(rig->work.base);
}

static void rig_draw(struct rig *rig, uint64_t sample)
{
    const struct linear_engine *engine = linear_engine_find("conditioned");
    for (int i = 0; i < rig->shape->count; i++)
        rig->maps[i].address.sample = sample;
    struct linear linear = linear_of(rig);
    memset(rig->squares, 0, sizeof rig->squares);
    engine->forward(engine, &linear, rig->x, rig->y, rig->tape, rig->work);
    engine->backward(engine, &linear, rig->x, (const double *const *)rig->y, (const double *const *)rig->dy, 0, rig->dx,
                     rig->squares, rig->tape, rig->work);
}

/* The law of (y, dx) for given x and dy. It is Gaussian of mean 0, a linear function of normals, so its covariance is
 * all of it; with dense matrices
 *   E y_s y_t' = sigma^2 <x_s, x_t> 1,  E dx_s dx_t' = sum_i sigma_i^2 <dy_s, dy_t> 1,  E y_sj dx_ta = sigma^2 x_sa
 * dy_tj. Where tokens are h apart, (token - first token) / h stands for the token: an error that hides in what tokens
 * have in common shows there. */

static void differences(const struct shape *shape, double *a, int columns, double apart)
{
    if (apart < DBL_EPSILON) // generic tokens, or equal ones: no difference to look at
        return;
    for (int t = shape->rows - 1; t > 0; t--)
        for (int i = 0; is_close(shape, t) && i < columns; i++)
            a[t * columns + i] = (a[t * columns + i] - a[i]) / apart;
}

/* Number, token and column of every coordinate of (y, dx). */
struct coordinate {
    int map, token, column; /* map -1: dx */
};

static int list_coordinates(const struct shape *shape, struct coordinate *list)
{
    int count = 0;
    for (int map = -1; map < shape->count; map++)
        for (int t = 0; t < shape->rows; t++)
            for (int c = 0; c < (map < 0 ? shape->fan_in : shape->fan_out[map]); c++)
                list[count++] = (struct coordinate){map, t, c};
    return count;
}

static double inner(const double *a, int columns, int s, int t)
{
    return support_dot((size_t)columns, a + s * columns, a + t * columns);
}

static double dense_covariance(const struct rig *rig, struct coordinate a, struct coordinate b)
{
    int m = rig->shape->fan_in;
    double sum = 0;
    if (a.map < 0 && b.map < 0) {
        for (int i = 0; i < rig->shape->count && a.column == b.column; i++)
            sum += pow(rig->maps[i].sigma, 2) * inner(rig->dy[i], rig->shape->fan_out[i], a.token, b.token);
        return sum;
    }
    if (a.map >= 0 && b.map >= 0)
        return a.map == b.map && a.column == b.column
                   ? pow(rig->maps[a.map].sigma, 2) * inner(rig->x, m, a.token, b.token)
                   : 0;
    if (a.map < 0)
        return dense_covariance(rig, b, a);
    return pow(rig->maps[a.map].sigma, 2) * rig->x[a.token * m + b.column] *
           rig->dy[a.map][b.token * rig->shape->fan_out[a.map] + a.column];
}

enum { DRAWS = 20000, COORDINATES_MAX = 128 };

/* The product of two Gaussian coordinates has variance C_aa C_bb + C_ab^2. A mean of 20000 such products is beyond 7.5
 * standard errors with probability below 1e-12 (the normal tail 6e-14, with room for the products' heavier tails); some
 * 3000 pairs in each shape: false alarm below 5e-8. Zero tokens have variance 0 and must give exact zeros. */
START_TEST(covariance_is_that_of_dense_matrices)
{
    struct rig rig = rig_of(&shapes[_i]);
    const struct shape *shape = rig.shape;
    struct coordinate list[COORDINATES_MAX];
    int count = list_coordinates(shape, list);
    ck_assert_int_le(count, COORDINATES_MAX);
    double *sum = calloc((size_t)(count * count), sizeof *sum), values[COORDINATES_MAX];
    for (uint64_t sample = 0; sample < DRAWS; sample++) {
        rig_draw(&rig, sample);
        differences(shape, rig.dx, shape->fan_in, shape->dy_apart);
        for (int i = 0; i < shape->count; i++)
            differences(shape, rig.y[i], shape->fan_out[i], shape->x_apart);
        for (int a = 0; a < count; a++)
            values[a] = list[a].map < 0
                            ? rig.dx[list[a].token * shape->fan_in + list[a].column]
                            : rig.y[list[a].map][list[a].token * shape->fan_out[list[a].map] + list[a].column];
        for (int a = 0; a < count; a++)
            for (int b = 0; b <= a; b++)
                sum[a * count + b] += values[a] * values[b];
    }
    differences(shape, rig.x, shape->fan_in, shape->x_apart);
    for (int i = 0; i < shape->count; i++)
        differences(shape, rig.dy[i], shape->fan_out[i], shape->dy_apart);
    for (int a = 0; a < count; a++)
        for (int b = 0; b <= a; b++) {
            double expected = dense_covariance(&rig, list[a], list[b]), found = sum[a * count + b] / DRAWS;
            double size = dense_covariance(&rig, list[a], list[a]) * dense_covariance(&rig, list[b], list[b]);
            double error = sqrt((size + expected * expected) / DRAWS);
            ck_assert_msg(fabs(found - expected) <= 7.5 * error,
                          "%s: map %d token %d column %d with map %d token %d column %d: %g, not %g (error %g)",
                          shape->name, list[a].map, list[a].token, list[a].column, list[b].map, list[b].token,
                          list[b].column, found, expected, error);
        }
    free(sum);
    rig_free(&rig);
}
END_TEST

/* Relative error of a sum of 7 products with factors that a well conditioned QR gives: 1e-13. At the limit of the
 * Cholesky factor a relative u sqrt(n) CONDITIONED_LIMIT = 1e-9 is left. */
static const double TOLERANCE = 1e-13;

/* A matrix with x W = y and dy W^T = dx exists only if dx x^T = dy W^T x^T = dy y^T, for several maps their sum. */
static double adjoint_error(const struct rig *rig)
{
    int T = rig->shape->rows, m = rig->shape->fan_in;
    double worst = 0;
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++) {
            double left = 0, right = 0, size = 0;
            for (int i = 0; i < m; i++)
                left += rig->dx[s * m + i] * rig->x[t * m + i];
            for (int i = 0; i < rig->shape->count; i++)
                for (int j = 0, n = rig->shape->fan_out[i]; j < n; j++) {
                    double term = rig->dy[i][s * n + j] * rig->y[i][t * n + j];
                    right += term;
                    size += fabs(term);
                }
            size += sqrt(inner(rig->dx, m, s, s) * inner(rig->x, m, t, t));
            if (!isfinite(left) || !isfinite(right))
                return INFINITY;
            worst = fmax(worst, size > 0 ? fabs(left - right) / size : fabs(left - right));
        }
    return worst;
}

START_TEST(a_matrix_exists)
{
    struct rig rig = rig_of(&shapes[_i]);
    for (uint64_t sample = 0; sample < 20; sample++) {
        rig_draw(&rig, sample);
        double error = adjoint_error(&rig);
        ck_assert_msg(error <= TOLERANCE, "%s: %g", rig.shape->name, error);
    }
    rig_free(&rig);
}
END_TEST

/* Two tokens of cosine c have tr C^-1 = 2 / (1 - c^2), whatever their sizes; a zero token adds 1. */
START_TEST(limit_decides_between_the_factors)
{
    double cosine = sqrt(1 - 2 / CONDITIONED_LIMIT), lower[9], inverse[9];
    for (int size = -200; size <= 100; size += 50)
        for (int inside = 0; inside < 2; inside++) {
            double a = ldexp(1.3, size), b = ldexp(0.7, -size), c = (inside ? cosine - 1e-8 : cosine + 1e-8) * a * b;
            ck_assert_int_eq(conditioned_cholesky(2, (double[]){a * a, c, c, b * b}, lower, inverse), inside);
        }
    ck_assert(conditioned_cholesky(3, (double[]){4, 0, 2, 0, 0, 0, 2, 0, 9}, lower, inverse));
    for (int t = 0; t < 3; t++)
        ck_assert(lower[3 + t] == 0 && inverse[3 + t] == 0 && inverse[3 * t + 1] == 0);
    ck_assert_double_eq_tol(lower[6] * lower[6] + lower[8] * lower[8], 9, 1e-14);
    ck_assert_double_eq_tol(lower[6] * lower[0], 2, 1e-14);
    ck_assert(!conditioned_cholesky(2, (double[]){1, 1, 1, 1}, lower, inverse));
    ck_assert(!conditioned_cholesky(2, (double[]){1, NAN, NAN, 1}, lower, inverse));
    ck_assert(!conditioned_cholesky(2, (double[]){INFINITY, 0, 0, 1}, lower, inverse));
    ck_assert(!conditioned_cholesky(2, (double[]){1e-310, 0, 0, 1}, lower, inverse)); // its digits are lost
}
END_TEST

/* A matrix exists on both sides of the limit: with tokens h apart and tr C^-1 about 1/h^2, the Cholesky factor's error
 * is u sqrt(n) tr C^-1 (conditioned.h; 16 times that for products of T and rows of x), and beyond it that of the QR, and
 * from 2^-40 on what it drops. */
START_TEST(error_is_bounded_across_the_limit)
{
    for (int exponent = -2; exponent >= -40; exponent--) {
        struct shape shape = {"tokens 2^h apart", 4, 9, 2, {5, 3}, ldexp(1, exponent), 0, -1, -1, 1, 1, 0};
        struct rig rig = rig_of(&shape);
        double gram[16], lower[16], inverse[16], limit = TOLERANCE;
        panel_gram(4, 9, rig.x, gram);
        if (conditioned_cholesky(4, gram, lower, inverse)) {
            double trace = 0;
            for (int i = 0; i < 16; i++)
                trace += inverse[i] * inverse[i] * gram[i % 4 * 5];
            limit = fmax(TOLERANCE, 16 * DBL_EPSILON / 2 * 3 * trace);
        }
        if (exponent <= -38) // tokens are sums of generic parts, up to 4 of which make a residual smaller than 2^h
            limit = fmax(limit, 0x1p-40);
        rig_draw(&rig, 1);
        double error = adjoint_error(&rig);
        ck_assert_msg(error <= limit, "2^%d: %g, not below %g", exponent, error, limit);
        rig_free(&rig);
    }
}
END_TEST

/* Rows in few dimensions, as a router's cotangents are, all of one length, as behind a norm: a [rows][columns] becomes
 * products of its first entries with `rank` generic rows. */
static void flatten(double *a, int rows, int columns, int rank, unsigned long seed)
{
    double *basis = support_normals(seed, (size_t)(rank * columns)), row[64];
    for (int t = 0; t < rows; t++) {
        memset(row, 0, sizeof row);
        for (int j = 0; j < rank; j++)
            for (int c = 0; c < columns; c++)
                row[c] += a[t * columns + j] * basis[j * columns + c];
        double length = sqrt(support_dot((size_t)columns, row, row));
        for (int c = 0; c < columns; c++)
            a[t * columns + c] = row[c] / length;
    }
    free(basis);
}

/* Every entry by a factor of 1 or 1 + 2^-52. */
static void round_otherwise(double *a, size_t count, unsigned long seed)
{
    double *random = support_normals(seed, count);
    for (size_t i = 0; i < count; i++)
        a[i] *= random[i] > 0.31 ? 1 + DBL_EPSILON : 1;
    free(random);
}

static const struct {
    struct shape shape;
    int x_rank, dy_rank; // 0: generic
    double tolerance;
} turns[] = {
    {{"flat tokens", 8, 9, 2, {11, 5}, 0, 0, -1, -1, 1, 1, 0}, 3, 0, 1e-11},
    {{"flat cotangents", 8, 9, 1, {5}, 0, 0, -1, -1, 1, 1, 0}, 0, 2, 1e-11},
    {{"flat both, of unequal size", 8, 9, 1, {12}, 0, 0, -1, -1, 1e-3, 1e3, 0}, 3, 4, 1e-11},
    {{"more tokens than features", 12, 5, 1, {9}, 0, 0, -1, -1, 1, 1, 0}, 0, 3, 1e-11},
    {{"equal tokens", 8, 9, 1, {12}, 0x1p-1000, 0x1p-1000, -1, -1, 1, 1, 0}, 0, 0, 1e-11},
    {{"the second and third equal", 6, 9, 1, {7}, 0x1p-1000, 0x1p-1000, -1, -1, 1, 1, 2}, 0, 0, 1e-11},
    {{"the second 1e-6 apart", 6, 9, 1, {7}, 0x1p-20, 0x1p-20, -1, -1, 1, 1, 1}, 0, 0, 1e-11 * 0x1p20},
};

/* Rounding changes a sample by rounding: the directions that tokens span err by u times what generic rows lose, below
 * 1e4 here, and times 2^20 where one differs from another by 2^-20. */
START_TEST(rounding_does_not_turn_a_sample)
{
    const struct shape *shape = &turns[_i].shape;
    struct rig rig = rig_of(shape);
    size_t entries = (size_t)(shape->rows * shape->fan_in);
    if (turns[_i].x_rank > 0)
        flatten(rig.x, shape->rows, shape->fan_in, turns[_i].x_rank, 11);
    for (int i = 0; i < shape->count && turns[_i].dy_rank > 0; i++)
        flatten(rig.dy[i], shape->rows, shape->fan_out[i], turns[_i].dy_rank, 12 + (unsigned long)i);
    rig_draw(&rig, 1);
    double *y = support_copy((size_t)(shape->rows * shape->fan_out[0]), rig.y[0]), *dx = support_copy(entries, rig.dx);
    for (unsigned long seed = 1; seed <= 20; seed++) {
        round_otherwise(rig.x, entries, seed);
        for (int i = 0; i < shape->count; i++)
            round_otherwise(rig.dy[i], (size_t)(shape->rows * shape->fan_out[i]), 100 * seed + (unsigned long)i);
        rig_draw(&rig, 1);
        double forward = support_distance((size_t)(shape->rows * shape->fan_out[0]), rig.y[0], y);
        double reverse = support_distance(entries, rig.dx, dx);
        ck_assert_msg(forward <= turns[_i].tolerance && reverse <= turns[_i].tolerance, "%s: %g forward, %g in reverse",
                      shape->name, forward, reverse);
    }
    free(y), free(dx);
    rig_free(&rig);
}
END_TEST

/* The automatic choice is the engine of less nominal time among those that fit. */
START_TEST(automatic_engine_is_the_cheaper)
{
    static const char *const texts[] = {"width=16 tokens=64 layers=2 heads=1 ffn-width=64",
                                        "width=512 tokens=4 layers=3 heads=1 ffn-width=2048",
                                        "width=256 tokens=16 layers=1 heads=1 ffn-width=64 experts=64"};
    const struct linear_engine *chosen[3];
    for (int i = 0; i < 3; i++) {
        struct model model;
        struct stack automatic, own[2];
        struct error error = {0};
        double seconds[2];
        support_model(&model, texts[i]);
        for (size_t e = 0; e < 2; e++) {
            ck_assert_int_eq(stack_init(&own[e], &model, &linear_engines[e], false, (size_t)1 << 30, &error),
                             ERROR_NONE);
            struct linear_cost cost = stack_sample_cost(&own[e]);
            seconds[e] = linear_seconds(cost.normals, cost.flops);
        }
        ck_assert_int_eq(stack_init(&automatic, &model, NULL, false, (size_t)1 << 30, &error), ERROR_NONE);
        ck_assert_ptr_eq(automatic.engine, &linear_engines[seconds[1] < seconds[0]]);
        chosen[i] = automatic.engine;
        stack_free(&automatic);
        ck_assert_int_eq(stack_init(&automatic, &model, NULL, false, 1024, &error), ERROR_RESOURCE);
        ck_assert_ptr_null(automatic.depth.blocks);
        stack_free(&own[0]), stack_free(&own[1]);
        model_free(&model);
    }
    ck_assert_str_eq(chosen[0]->name, "dense");
    ck_assert_str_eq(chosen[1]->name, "conditioned");
}
END_TEST

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Wider than several panels of columns. The first token's outputs are multiples of one row of Z: were a normal used in
 * two columns, two outputs would be equal, which among 1900 doubles happens by chance once in 1e7. */
START_TEST(panels_share_no_number)
{
    const struct shape shape = {"panels", 40, 151, 2, {1700, 203}, 0, 0, -1, -1, 1, 1, 0};
    struct rig rig = rig_of(&shape);
    double first[1700 + 203];
    rig_draw(&rig, 1);
    ck_assert_double_le(adjoint_error(&rig), 1e-11); // 40 tokens in 151 dimensions: tr C^-1 is near 100
    for (int i = 0; i < shape.count; i++)
        for (int j = 0; j < shape.fan_out[i]; j++)
            first[i * 1700 + j] = rig.y[i][j] / rig.maps[i].sigma;
    qsort(first, 1903, sizeof *first, ascending);
    for (int j = 1; j < 1903; j++)
        ck_assert(isfinite(first[j]) && first[j] - first[j - 1] > 1e-13);
    rig_free(&rig);
}
END_TEST

Suite *conditioned_suite(void)
{
    Suite *suite = suite_create("conditioned");
    TCase *law = tcase_create("law");
    tcase_set_timeout(law, 60);
    tcase_add_loop_test(law, covariance_is_that_of_dense_matrices, 0, SHAPES);
    tcase_add_loop_test(law, a_matrix_exists, 0, SHAPES);
    suite_add_tcase(suite, law);
    TCase *choice = tcase_create("choice");
    tcase_add_loop_test(choice, rounding_does_not_turn_a_sample, 0, sizeof turns / sizeof *turns);
    tcase_add_test(choice, panels_share_no_number);
    tcase_add_test(choice, limit_decides_between_the_factors);
    tcase_add_test(choice, error_is_bounded_across_the_limit);
    tcase_add_test(choice, automatic_engine_is_the_cheaper);
    suite_add_tcase(suite, choice);
    return suite;
}
