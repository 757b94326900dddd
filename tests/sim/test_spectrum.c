#include <check.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>

#include "sim/panel.h"
#include "sim/spectrum.h"
#include "tests/support.h"

/* The Gram of n rows of `columns` normals with a part in common, and its largest eigenvalue by LAPACK. */
static double *gram_of(int n, int columns, double common)
{
    double *x = support_normals(11, (size_t)(n * columns)), *gram = malloc((size_t)(n * n) * sizeof *gram);
    for (int i = 1; i < n; i++)
        for (int j = 0; j < columns; j++)
            x[i * columns + j] += common * x[j];
    panel_gram(n, columns, x, gram);
    free(x);
    return gram;
}

static double naive_largest(int n, const double *gram)
{
    double *copy = support_copy((size_t)(n * n), gram), eigenvalues[n];
    ck_assert_int_eq(LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', n, copy, n, eigenvalues), 0);
    free(copy);
    return eigenvalues[n - 1];
}

static double largest(int n, const double *gram)
{
    double *work = support_poison(spectrum_work(n));
    double value = spectrum_largest_of(n, gram, (struct arena){work, spectrum_work(n), 0});
    free(work);
    return value;
}

/* Up to 64 rows the iteration ends by its rule: a step that would add less than 1e-6, behind which the ratio of successive
 * steps, which a flat spectrum brings to 3/4, leaves a few times as much. Low rank ends it by a breakdown, as do up to four
 * rows. */
START_TEST(is_the_eigenvalue_of_lapack)
{
    static const struct {
        int n, columns;
        double common;
    } cases[] = {{1, 7, 0},   {2, 7, 0},   {5, 15, 1.37}, {7, 3, 0.2},
                 {33, 61, 0}, {64, 64, 0}, {130, 130, 0}, {90, 500, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int n = cases[i].n;
        double *gram = gram_of(n, cases[i].columns, cases[i].common), expected = naive_largest(n, gram);
        double tolerance = n <= 4 ? 100 * DBL_EPSILON : 1e-5;
        double value = largest(n, gram);
        ck_assert_msg(isfinite(value) && fabs(value - expected) <= tolerance * expected, "%d: %.17g, not %.17g", n,
                      value, expected);
        free(gram);
    }
}
END_TEST

/* A multiple eigenvalue, a zero matrix, one direction, a scale beyond what squares hold, and what is no number. */
START_TEST(has_its_known_values)
{
    enum { N = 6 };
    double gram[N * N] = {0};
    ck_assert_double_eq(largest(N, gram), 0);
    for (int i = 0; i < N; i++)
        gram[i * N + i] = 1.37;
    ck_assert_double_eq_tol(largest(N, gram), 1.37, 10 * DBL_EPSILON);
    for (int i = 0; i < N * N; i++)
        gram[i] = 1e-200;
    ck_assert_double_eq_tol(largest(N, gram), N * 1e-200, 10 * DBL_EPSILON * N * 1e-200);
    gram[N + 1] = NAN;
    ck_assert(isnan(largest(N, gram)));
}
END_TEST

Suite *spectrum_suite(void)
{
    Suite *suite = suite_create("spectrum");
    TCase *tests = tcase_create("spectrum");
    tcase_add_test(tests, is_the_eigenvalue_of_lapack);
    tcase_add_test(tests, has_its_known_values);
    suite_add_tcase(suite, tests);
    return suite;
}
