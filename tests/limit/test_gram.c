#include "analysis/limit/gram.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include "tests/support.h"

enum { T = 7, ENTRIES = T * T };
static const struct gram_space full = {T, false}, pair = {T, true};

/* Sums of at most 2 T^2 rounded terms. */
static const double ROUNDING = 2 * ENTRIES * DBL_EPSILON;

static void check_close(double value, double expected, double scale, const char *what)
{
    ck_assert_msg(isfinite(value) && fabs(value - expected) <= ROUNDING * scale, "%s: %.17g, expected %.17g", what,
                  value, expected);
}

/* g = x x^T of x [T][features]. */
static void gram_of(const double *x, int features, double g[ENTRIES])
{
    for (int i = 0; i < T; i++)
        for (int j = 0; j < T; j++)
            g[i * T + j] = support_dot((size_t)features, x + i * features, x + j * features);
}

/* diag(c) x has the Gram c c^T o g. */
START_TEST(scaled_rows)
{
    enum { FEATURES = 4 };
    double *x = support_normals(5, T * FEATURES), *c = support_normals(6, T), g[ENTRIES], expected[ENTRIES];
    double out[ENTRIES], scale = 0;
    gram_of(x, FEATURES, g);
    for (int i = 0; i < T * FEATURES; i++)
        x[i] *= c[i / FEATURES];
    gram_of(x, FEATURES, expected);
    for (int i = 0; i < ENTRIES; i++) {
        out[i] = i;
        scale = fmax(scale, fabs(expected[i]));
    }
    gram_add_outer(full, c, g, out);
    for (int i = 0; i < ENTRIES; i++)
        check_close(out[i], expected[i] + i, scale + i, "entry");
    free(x);
    free(c);
}
END_TEST

/* ---- the two spaces ---- */

static void check_equal(const double *of_pair, const double *of_full, const char *what)
{
    double expanded[ENTRIES];
    support_expand(T, of_pair, expanded);
    for (int i = 0; i < ENTRIES; i++)
        check_close(of_full[i], expanded[i], 40, what); // entries below are of order 1
}

/* Whatever is done to two numbers is what is done to the T x T that they stand for. */
START_TEST(both_spaces_agree)
{
    const double a[2] = {0.7, 1.1}, b[2] = {1.9, -0.2}, same = -1.3;
    double A[ENTRIES], B[ENTRIES], of_pair[2], of_full[ENTRIES], c[T];
    for (int t = 0; t < T; t++)
        c[t] = same;
    support_expand(T, a, A);
    support_expand(T, b, B);
    ck_assert_uint_eq(gram_size(pair), 2);
    ck_assert_uint_eq(gram_size(full), ENTRIES);
    ck_assert(gram_rows(pair) == 1 && gram_rows(full) == T);
    for (int t = 0; t < T; t++)
        check_close(gram_diagonal(full, A, t), gram_diagonal(pair, a, 0), 1, "diagonal");
    check_close(gram_dot(full, A, B), gram_dot(pair, a, b), 100, "dot");

    gram_multiply(pair, a, b, of_pair);
    gram_multiply(full, A, B, of_full);
    check_equal(of_pair, of_full, "product");
    gram_add_outer(pair, &same, a, of_pair);
    gram_add_outer(full, c, A, of_full);
    check_equal(of_pair, of_full, "outer");
    gram_add(pair, -0.4, b, of_pair);
    gram_add(full, -0.4, B, of_full);
    check_equal(of_pair, of_full, "sum");
    gram_multiply(pair, of_pair, a, of_pair); // out may be an operand
    gram_multiply(full, of_full, A, of_full);
    check_equal(of_pair, of_full, "product in place");
}
END_TEST

/* What tokens have of their own keeps its digits however small it is next to what they share. */
START_TEST(small_differences_keep_their_precision)
{
    const double a[2] = {1e-40, 1}, b[2] = {3e-40, 2};
    double out[2];
    gram_multiply(pair, a, b, out);
    ck_assert_double_eq_tol(out[0] / 5e-40, 1, 4 * DBL_EPSILON); // (1 + a)(2 + b) - 2 = 2 a + b + a b
    ck_assert_double_eq(out[1], 2);
}
END_TEST

/* ---- factors ---- */

/* c c^T = g with c lower triangular. tolerance: of the largest diagonal entry. */
static void check_factor(const double g[ENTRIES], double tolerance, const char *what)
{
    double *c = support_poison(ENTRIES), largest = 0;
    gram_factor(T, g, c);
    for (int t = 0; t < T; t++)
        largest = fmax(largest, g[t * T + t]);
    for (int i = 0; i < T; i++) {
        for (int j = 0; j < T; j++) {
            double product = support_dot(T, c + i * T, c + j * T), off = fabs(product - g[i * T + j]);
            ck_assert_msg(isfinite(product) && off <= tolerance * largest, "%s: entry %d, %d off by %g of %g", what, i,
                          j, off, largest);
            ck_assert(j <= i || c[i * T + j] == 0);
        }
    }
    free(c);
}

/* A Cholesky factor without pivoting is off by rounding times |1 + W|^2, W = the later rows in terms of the first
 * `rank` (Higham 1990, theorem 3.2). |W| of these fixed seeds stays below 30, which the tolerance covers. */
START_TEST(factors_of_any_rank)
{
    int rank = _i;
    for (unsigned long seed = 1; seed <= 20; seed++) {
        double *x = support_normals(seed + 100 * (unsigned long)rank, (size_t)(T * rank + 1)), g[ENTRIES];
        char what[32];
        snprintf(what, sizeof what, "rank %d, seed %lu", rank, seed);
        gram_of(x, rank, g);
        check_factor(g, 1e3 * ROUNDING, what);
        free(x);
    }
}
END_TEST

/* Equal tokens, opposite ones, tokens of nothing, and of very different sizes: W is of order 1. */
START_TEST(factors_of_degenerate_rows)
{
    double *x = support_normals(9, T * T), g[ENTRIES];
    for (int f = 0; f < T; f++) {
        x[0 * T + f] = 0;
        x[2 * T + f] = x[1 * T + f];
        x[4 * T + f] = -x[3 * T + f];
        x[6 * T + f] *= 1e-9;
    }
    gram_of(x, T, g);
    check_factor(g, ROUNDING, "degenerate");
    double small = 0, *c = support_poison(ENTRIES);
    gram_factor(T, g, c);
    small = support_sum_of_squares(T, c + 6 * T);
    ck_assert_double_eq_tol(small / g[6 * T + 6], 1, ROUNDING); // its own size, not that of the others
    ck_assert(c[0] == 0 && c[2 * T + 2] == 0 && c[4 * T + 4] == 0);
    free(c);
    free(x);
}
END_TEST

/* Equal tokens have one direction, whatever a third or a tenth rounds to: after the first column every pivot is
 * rounding.
 */
START_TEST(rounding_leaves_zero_columns)
{
    double g[ENTRIES], c[ENTRIES];
    for (int v = 1; v <= 100; v++) {
        for (int i = 0; i < ENTRIES; i++)
            g[i] = v / 7.;
        gram_factor(T, g, c);
        for (int i = 0; i < ENTRIES; i++)
            ck_assert_msg(i % T == 0 ? c[i] > 0 : c[i] == 0, "%d/7, entry %d: %g", v, i, c[i]);
    }
}
END_TEST

/* Rows 1e-11 apart, and one of zeros: their Gram is singular in double, and what solves for orthonormal rows by its
 * factor finds none. By reflections rows are orthonormal to rounding, 1e-13, and so is what they multiply to. */
START_TEST(rows_become_orthonormal_whatever_their_rank)
{
    enum { ROWS = 4, COLUMNS = 6 };
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    double x[ROWS * COLUMNS], q[ROWS * COLUMNS], c[ROWS * ROWS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            q[i * COLUMNS + j] = x[i * COLUMNS + j] = i == 2 ? 0 : cos(j + 1) + 1e-11 * sin(i * j + 0.7);
    gram_orthonormal(ROWS, COLUMNS, q, c, &pool);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < ROWS; k++) {
            double product = 0;
            for (int j = 0; j < COLUMNS; j++)
                product += q[i * COLUMNS + j] * q[k * COLUMNS + j];
            ck_assert_double_eq_tol(product, i == k, 1e-13);
            ck_assert(k <= i || c[i * ROWS + k] == 0);
        }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++) {
            double product = 0;
            for (int k = 0; k < ROWS; k++)
                product += c[i * ROWS + k] * q[k * COLUMNS + j];
            ck_assert_double_eq_tol(product, x[i * COLUMNS + j], 1e-13);
        }
    pool_free(&pool);
}
END_TEST

/* Of a row whose first entry, by which reflections choose a sign, is just above 0 or just below. */
START_TEST(orthonormal_rows_are_smooth)
{
    enum { ROWS = 2, COLUMNS = 3 };
    jmp_buf exhausted;
    struct pool pool = {.exhausted = &exhausted};
    double q[2][ROWS * COLUMNS], c[2][ROWS * ROWS];
    for (int side = 0; side < 2; side++) {
        const double x[ROWS * COLUMNS] = {side ? 1e-9 : -1e-9, 1.3, -0.4, 0.7, -0.2, 1.1};
        memcpy(q[side], x, sizeof x);
        gram_orthonormal(ROWS, COLUMNS, q[side], c[side], &pool);
    }
    for (int i = 0; i < ROWS * COLUMNS; i++)
        ck_assert_double_eq_tol(q[0][i], q[1][i], 1e-8); // 2e-9 over a length of 1.4, and its effect on the second
    for (int i = 0; i < ROWS * ROWS; i++)
        ck_assert_double_eq_tol(c[0][i], c[1][i], 1e-8);
    pool_free(&pool);
}
END_TEST

Suite *gram_suite(void)
{
    Suite *suite = suite_create("gram");
    TCase *tests = tcase_create("gram");
    tcase_add_test(tests, scaled_rows);
    tcase_add_test(tests, orthonormal_rows_are_smooth);
    tcase_add_test(tests, both_spaces_agree);
    tcase_add_test(tests, small_differences_keep_their_precision);
    tcase_add_loop_test(tests, factors_of_any_rank, 0, T + 1);
    tcase_add_test(tests, factors_of_degenerate_rows);
    tcase_add_test(tests, rounding_leaves_zero_columns);
    tcase_add_test(tests, rows_become_orthonormal_whatever_their_rank);
    suite_add_tcase(suite, tests);
    return suite;
}
