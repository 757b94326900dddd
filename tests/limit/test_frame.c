#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/frame.h"
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

Suite *frame_suite(void)
{
    Suite *suite = suite_create("frame");
    TCase *tests = tcase_create("frame");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, drawn_signals_have_the_law_of_features, 0, 3);
    tcase_add_test(tests, signals_of_the_limit_are_orthogonal);
    tcase_add_test(tests, populations_fluctuate_as_all_features_do);
    tcase_add_test(tests, exchangeable_rows_are_eigenvalues);
    tcase_add_test(tests, factors_of_sums);
    tcase_add_test(tests, sums_of_different_lengths);
    suite_add_tcase(suite, tests);
    return suite;
}
