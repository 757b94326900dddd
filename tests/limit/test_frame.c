#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/frame.h"
#include "sim/spectrum.h"
#include "tests/support.h"

enum { T = 3 };

static const double given[T * T] = {1.3, 0.4, -0.2, 0.4, 0.9, 0.3, -0.2, 0.3, 0.7};

static struct pool pool;
static jmp_buf exhausted;

static void setup(void)
{
    pool = (struct pool){.exhausted = &exhausted};
}

static void teardown(void)
{
    pool_free(&pool);
}

static struct space make_space(int width, int population, double share, bool drawn)
{
    struct space space = {{T, false}, width, population, share, drawn, 0, 0};
    space.columns = frame_first(&space);
    return space;
}

static struct signal fresh(struct space *space, uint64_t draw, uint32_t number)
{
    struct stream_address address = {3, draw * FLIGHT, 1, number, 0, 0, STREAM_REPLICA};
    struct factor factor = frame_factor(space->grams, given, &pool);
    return frame_fresh(space, &factor, &address, &pool, NULL);
}

static double inner(const struct signal *a, int i, const struct signal *b, int j)
{
    int columns = a->columns < b->columns ? a->columns : b->columns;
    double sum = 0;
    for (int k = 0; k < columns; k++)
        sum += a->at[i * a->columns + k] * b->at[j * b->columns + k];
    return sum;
}

/* Two signals of m independent Gaussian features have the Grams' mean G (and 0 across), and covariances
 * (G_ik G_jl + G_il G_jk)/m within, G_ik G_jl/m across. 6 standard errors over 42 numbers: 1e-7. Widths: less than the
 * rows; between one and both signals' rows; wide. */
START_TEST(drawn_signals_have_the_law_of_features)
{
    enum { DRAWS = 20000 };
    static const int widths[] = {2, 5, 40};
    int m = widths[_i];
    double within[2] = {0}, across[2] = {0}, mean = 0;
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct space space = make_space(m, 0, 0, true);
        pool_clear(&pool);
        struct signal a = fresh(&space, draw, 1), b = fresh(&space, draw, 2);
        double x = inner(&b, 0, &b, 1), y = inner(&a, 0, &b, 2), mean_direction = b.at[0];
        ck_assert(isfinite(x) && isfinite(y));
        ck_assert_int_le(b.columns, m);
        within[0] += x / DRAWS, within[1] += x * x / DRAWS;
        across[0] += y / DRAWS, across[1] += y * y / DRAWS;
        mean += mean_direction * mean_direction / DRAWS;
    }
    double var_x = (given[0] * given[4] + given[1] * given[1]) / m, var_y = given[0] * given[8] / m;
    double fourth = (3 + 12. / m - 1) / DRAWS;
    ck_assert_double_le(fabs(within[0] - given[1]), 6 * sqrt(var_x / DRAWS));
    ck_assert_double_le(fabs(across[0]), 6 * sqrt(var_y / DRAWS));
    ck_assert_double_le(fabs((within[1] - within[0] * within[0]) / var_x - 1), 6 * sqrt(fourth));
    ck_assert_double_le(fabs(across[1] / var_y - 1), 6 * sqrt(fourth));
    ck_assert_double_le(fabs(mean / (given[0] / m) - 1), 6 * sqrt(2. / DRAWS)); // the direction of equal features
}
END_TEST

/* In the limit a fresh signal has its Gram, rounding apart, and nothing in common with another. */
START_TEST(signals_of_the_limit_are_orthogonal)
{
    struct space space = make_space(40, 0, 0, false);
    struct signal a = fresh(&space, 0, 1), b = fresh(&space, 0, 2);
    double gram[T * T];
    frame_gram(&space, 1, &b, gram);
    for (int i = 0; i < T * T; i++) {
        ck_assert_double_eq_tol(gram[i], given[i], 1e-14);
        ck_assert(inner(&a, i / T, &b, i % T) == 0);
    }
}
END_TEST

/* Shares: the mean of the Gram is given, its fluctuation that of share^2/population features. 6 standard errors. */
START_TEST(populations_fluctuate_as_all_features_do)
{
    enum { DRAWS = 4000, HELD = 10, WIDTH = 40 };
    double sum = 0, square = 0, variance = 2 * given[0] * given[0] / WIDTH;
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct space space = make_space(WIDTH, HELD, 0.5, false);
        pool_clear(&pool);
        struct signal a = fresh(&space, draw, 1);
        double x = frame_square(&space, &a, 0), law[T * T];
        frame_law(&space, &a, false, law);
        ck_assert_double_eq_tol(law[1], given[1], 1e-14);
        sum += x / DRAWS, square += x * x / DRAWS;
    }
    ck_assert_double_le(fabs(sum - given[0]), 6 * sqrt(variance / DRAWS));
    ck_assert_double_le(fabs((square - sum * sum) / variance - 1), 6 * sqrt((2 + 12. / HELD) / DRAWS));
}
END_TEST

/* Two rows for all tokens: the same numbers as T x T by both. */
START_TEST(exchangeable_rows_are_eigenvalues)
{
    double pair[2] = {0.8, 0.3}, full[T * T], out[2], all[T * T];
    struct space two = {{T, true}, 40, 0, 0, false, 0, 1}, rows = {{T, false}, 40, 0, 0, false, 0, 1};
    struct factor factors[2] = {frame_factor(two.grams, pair, &pool), {0}};
    support_expand(T, pair, full);
    factors[1] = frame_factor(rows.grams, full, &pool);
    struct signal a = frame_law_signal(&two, &factors[0], &pool), b = frame_law_signal(&rows, &factors[1], &pool);
    frame_gram(&two, 1.7, &a, out);
    frame_gram(&rows, 1.7, &b, all);
    ck_assert_double_eq_tol(out[0] + out[1], all[0], 1e-14);
    ck_assert_double_eq_tol(out[1], all[1], 1e-14);
    ck_assert_double_eq_tol(frame_square(&two, &a, 0), frame_square(&rows, &b, 0), 1e-14);
    ck_assert_double_eq_tol(frame_dot(&two, &a, &a), frame_dot(&rows, &b, &b), 1e-14);
    ck_assert_double_eq_tol(frame_specific(&two, &a, &pool), frame_specific(&rows, &b, &pool), 1e-14);
    ck_assert_double_eq_tol(frame_cosine(&two, &a, 0, &pool), frame_cosine(&rows, &b, 0, &pool), 1e-14);
    ck_assert_double_eq_tol(frame_cosine(&two, &a, 1, &pool), frame_cosine(&rows, &b, 1, &pool), 1e-14);
    ck_assert(isnan(frame_cosine(&two, &a, T - 1, &pool)));
    ck_assert_double_eq_tol(frame_stable_rank(&two, &a, &pool), frame_stable_rank(&rows, &b, &pool), 1e-5);
}
END_TEST

/* ---- what they say of tokens ---- */

enum { ROWS = 7, FEATURES = 5, EMPTY = 2 };

static double row_product(const double *x, int s, int t)
{
    return support_dot(FEATURES, x + s * FEATURES, x + t * FEATURES);
}

/* By their definitions, with a row that has no direction. Sums of 49 rounded terms; the largest eigenvalue is found to a
 * relative 1e-6 a step. */
START_TEST(numbers_of_rows)
{
    struct space space = {{ROWS, false}, FEATURES, 0, 0, true, 0, FEATURES};
    double *x = support_normals(3, ROWS * FEATURES), specific = 0, cosine = 0, mean[FEATURES] = {0};
    double gram[FEATURES * FEATURES] = {0}, trace = 0;
    memset(x + EMPTY * FEATURES, 0, FEATURES * sizeof *x);
    struct signal signal = {FEATURES, x};
    for (int i = 0; i < ROWS * FEATURES; i++)
        mean[i % FEATURES] += x[i] / ROWS;
    for (int t = 0; t < ROWS; t++)
        for (int f = 0; f < FEATURES; f++) {
            specific += (x[t * FEATURES + f] - mean[f]) * (x[t * FEATURES + f] - mean[f]) / ROWS;
            for (int g = 0; g < FEATURES; g++)
                gram[f * FEATURES + g] += x[t * FEATURES + f] * x[t * FEATURES + g];
            trace += x[t * FEATURES + f] * x[t * FEATURES + f];
        }
    for (int s = 0; s < ROWS; s++)
        for (int t = 0; t < ROWS; t++)
            if (s != t && s != EMPTY && t != EMPTY)
                cosine += row_product(x, s, t) / sqrt(row_product(x, s, s) * row_product(x, t, t)) /
                          ((ROWS - 1) * (ROWS - 2));
    size_t size = spectrum_work(FEATURES);
    double *work = support_poison(size);
    double largest = spectrum_largest_of(FEATURES, gram, (struct arena){work, size, 0});
    ck_assert_double_eq_tol(frame_specific(&space, &signal, &pool), specific, 1e-14);
    ck_assert_double_eq_tol(frame_cosine(&space, &signal, 0, &pool), cosine, 1e-14);
    ck_assert_double_eq_tol(frame_stable_rank(&space, &signal, &pool), trace / largest, 1e-4);
    free(x), free(work);
}
END_TEST

/* Two rows that have a direction, one of them last, are the least that has a cosine; what rows that are equal differ by
 * is nothing, and what they differ by little keeps its digits. */
START_TEST(few_and_equal_rows)
{
    struct space space = {{ROWS, false}, 2, 0, 0, true, 0, 2};
    double x[ROWS * 2] = {0};
    struct signal signal = {2, x};
    ck_assert(isnan(frame_cosine(&space, &signal, 0, &pool)));
    ck_assert(isnan(frame_stable_rank(&space, &signal, &pool)));
    x[0] = 2;
    ck_assert(isnan(frame_cosine(&space, &signal, 0, &pool)));
    x[2 * (ROWS - 1)] = -1.5, x[2 * (ROWS - 1) + 1] = 2;
    ck_assert_double_eq_tol(frame_cosine(&space, &signal, 0, &pool), -0.6, 1e-15);
    ck_assert(isnan(frame_cosine(&space, &signal, 1, &pool)));
    for (int t = 0; t < ROWS; t++)
        x[2 * t] = 1. / 3, x[2 * t + 1] = 0.1;
    ck_assert_double_eq(frame_specific(&space, &signal, &pool), 0);
    x[2] = nextafter(x[2], 1); // as a product in another order
    ck_assert_double_eq(frame_specific(&space, &signal, &pool), 0);
    x[2] = x[0], x[1] += 1e-9;
    ck_assert_double_eq_tol(frame_specific(&space, &signal, &pool) / ((x[1] - 0.1) * (x[1] - 0.1)),
                            (ROWS - 1.) / (ROWS * ROWS), 1e-14);
}
END_TEST

/* ---- factors ---- */

/* Tokens alike: whatever each has of its own and all share, also nothing of either, a fresh signal is that of the Gram,
 * drawn, feature by feature or orthogonal. */
START_TEST(tokens_alike_have_their_gram)
{
    static const double cases[][T + 1] = {
        {0.7, 0.7, 0.7, 0.5}, {1, 1, 1, 0}, {0, 0, 0, 1}, {0, 0, 1, 0}, {0.3, 0, 2, 0.8}};
    const double *own = cases[_i], shared = own[T];
    double gram[T * T];
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            gram[s * T + t] = shared + (s == t ? own[t] : 0);
    for (int kind = 0; kind < 3; kind++) {
        struct space spaces[2];
        struct signal signals[2];
        for (int i = 0; i < 2; i++) {
            struct stream_address address = {3, 0, 1, 0, 0, 0, STREAM_REPLICA};
            spaces[i] = make_space(8, kind == 1 ? 6 : 0, kind == 1 ? 0.5 : 0, kind == 0);
            struct factor factor = i == 0 ? frame_factor(spaces[i].grams, gram, &pool)
                                          : frame_factor_alike(&spaces[i], own, shared, &pool);
            signals[i] = frame_fresh(&spaces[i], &factor, &address, &pool, NULL);
        }
        ck_assert_int_eq(signals[0].columns, signals[1].columns);
        for (int i = 0; i < T * signals[0].columns; i++)
            ck_assert_double_eq_tol(signals[0].at[i], signals[1].at[i], 1e-14);
    }
}
END_TEST

/* Few coordinates are their own factor; the factor of a sum is that of the Grams' sum. */
START_TEST(factors_of_sums)
{
    struct space space = make_space(40, 0, 0, false);
    double narrow[T * 2] = {1, 2, -0.5, 0.3, 0.7, 1.1}, gram[T * T] = {0};
    struct signal few = {2, narrow}, wide = fresh(&space, 0, 1);
    struct frame_part second = {0.5, wide, NULL, NULL}, parts = {1.5, few, NULL, &second};
    struct factor alone = frame_factor_sum(&space, &(struct frame_part){1.5, few, NULL, NULL}, &pool);
    struct factor sum = frame_factor_sum(&space, &parts, &pool);
    ck_assert_int_eq(alone.rank, 2);
    ck_assert(!alone.lower && sum.lower);
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++) {
            double expected = 2.25 * inner(&few, i, &few, j), got = 0;
            for (int k = 0; k < 2; k++)
                got += alone.rows[i * 2 + k] * alone.rows[j * 2 + k];
            ck_assert_double_eq_tol(got, expected, 1e-14);
            for (int k = 0; k < T; k++)
                gram[i * T + j] += sum.rows[i * T + k] * sum.rows[j * T + k];
            ck_assert_double_eq_tol(gram[i * T + j], expected + 0.25 * given[i * T + j], 1e-13);
        }
}
END_TEST

START_TEST(sums_of_different_lengths)
{
    struct space space = make_space(40, 0, 0, false);
    struct signal a = fresh(&space, 0, 1), b = fresh(&space, 0, 2), sum = {0};
    double rows[T] = {1, -2, 0.5};
    frame_add(&space, 2, &a, &sum, &pool);
    frame_add_rows(&space, rows, &b, &sum, &pool);
    ck_assert_int_eq(sum.columns, b.columns);
    for (int t = 0; t < T; t++)
        ck_assert_double_eq_tol(frame_square(&space, &sum, t), (4 + rows[t] * rows[t]) * given[t * T + t], 1e-13);
}
END_TEST

/* Every row of either kind of token, and nothing else. */
START_TEST(scales_reach_all_rows)
{
    for (int exchangeable = 0; exchangeable < 2; exchangeable++) {
        struct space space = make_space(7, 0, 0, true);
        space.grams.exchangeable = exchangeable;
        double at[T * 2 + 1] = {1, -2, 3, 4, 5, 6, 7};
        int count = 2 * frame_rows(&space);
        frame_scale(&space, 1.37, &(struct signal){2, at});
        for (int i = 0; i < T * 2 + 1; i++)
            ck_assert(at[i] == (i < count ? 1.37 : 1) * (i == 1 ? -2 : i + 1));
    }
}
END_TEST

Suite *frame_suite(void);
Suite *frame_suite(void)
{
    Suite *suite = suite_create("frame");
    TCase *tests = tcase_create("frame");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, drawn_signals_have_the_law_of_features, 0, 3);
    tcase_add_test(tests, signals_of_the_limit_are_orthogonal);
    tcase_add_test(tests, populations_fluctuate_as_all_features_do);
    tcase_add_test(tests, exchangeable_rows_are_eigenvalues);
    tcase_add_test(tests, numbers_of_rows);
    tcase_add_test(tests, few_and_equal_rows);
    tcase_add_loop_test(tests, tokens_alike_have_their_gram, 0, 5);
    tcase_add_test(tests, factors_of_sums);
    tcase_add_test(tests, sums_of_different_lengths);
    tcase_add_test(tests, scales_reach_all_rows);
    suite_add_tcase(suite, tests);
    return suite;
}
