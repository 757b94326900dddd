#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/panel.h"
#include "tests/support.h"

/* Every row remainder of the kernels' blocks and rows that OpenBLAS has, inner lengths on both sides of the rows, columns
 * from none to several strips and more than a block of 1024. */
static const int row_counts[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 19, 130};
static const int column_counts[] = {1, 7, 15, 16, 17, 33, 64, 1024, 1031};
enum {
    ROW_COUNTS = sizeof row_counts / sizeof *row_counts,
    COLUMN_COUNTS = sizeof column_counts / sizeof *column_counts
};
enum { MARGIN = 3 }; /* strides are this much longer than rows */

/* Sums of n products of size 2 in another order: n eps, relative to the largest entry at most 4 n eps for n = 1031. */
#define TOLERANCE_OF(epsilon) (4 * 1031 * (double)(epsilon))
static const double TOLERANCE = TOLERANCE_OF(DBL_EPSILON);

/* The kernels of both precisions. */
__typeof__(panel_multiply) panel_multiply_single;
__typeof__(panel_inner) panel_inner_single;

static void multiply_in_single(int rows, int inner, int columns, const double *a, int a_stride, bool lower,
                               const double *b, int b_stride, double beta, double *c, int c_stride)
{
    size_t count = (size_t)(rows * c_stride);
    void *left = support_narrow((size_t)(rows * a_stride), a), *right = support_narrow((size_t)(inner * b_stride), b);
    void *out = support_narrow(count, c);
    panel_multiply_single(rows, inner, columns, left, a_stride, lower, right, b_stride, beta, out, c_stride);
    support_widen(count, out, c);
    free(left), free(right);
}

static void inner_in_single(int rows, int others, int columns, const double *a, int a_stride, const double *b,
                            int b_stride, double beta, double *c, int c_stride)
{
    size_t count = (size_t)(rows * c_stride);
    void *left = support_narrow((size_t)(rows * a_stride), a), *right = support_narrow((size_t)(others * b_stride), b);
    void *out = support_narrow(count, c);
    panel_inner_single(rows, others, columns, left, a_stride, right, b_stride, beta, out, c_stride);
    support_widen(count, out, c);
    free(left), free(right);
}

static const struct {
    __typeof__(panel_multiply) *multiply;
    __typeof__(panel_inner) *inner;
    double tolerance;
} kernels[] = {
    {panel_multiply, panel_inner, TOLERANCE_OF(DBL_EPSILON)},
    {multiply_in_single, inner_in_single, TOLERANCE_OF(FLT_EPSILON)},
};

static double *filled(unsigned long seed, int rows, int columns)
{
    return support_normals(seed, (size_t)rows * (size_t)(columns + MARGIN));
}

START_TEST(multiply_is_the_product)
{
    int rows = row_counts[_i / 8], beta = _i & 1;
    bool lower = _i & 2, single = _i & 4;
    for (int k = 0; k < 4; k++)
        for (int n = 0; n < COLUMN_COUNTS; n++) {
            int inner = (int[]){rows, 1 + rows / 2, rows + 5, 130}[k], columns = column_counts[n];
            int as = inner + MARGIN, bs = columns + MARGIN;
            double *a = filled(1, rows, inner), *b = filled(2, inner, columns), *c = filled(3, rows, columns);
            for (int r = 0; lower && r < rows; r++)
                for (int i = r + 1; i < inner; i++)
                    a[r * as + i] = 0;
            double *expected = support_copy((size_t)(rows * bs), c);
            for (int r = 0; r < rows; r++)
                for (int j = 0; j < columns; j++) {
                    double sum = beta * c[r * bs + j];
                    for (int i = 0; i < inner; i++)
                        sum += a[r * as + i] * b[i * bs + j];
                    expected[r * bs + j] = sum;
                    if (beta == 0)
                        c[r * bs + j] = NAN; // must not be read
                }
            kernels[single].multiply(rows, inner, columns, a, as, lower, b, bs, beta, c, bs);
            /* What lies between the rows is compared too: it must be as before. */
            ck_assert_double_le(support_distance((size_t)(rows * bs), c, expected), kernels[single].tolerance);
            free(a), free(b), free(c), free(expected);
        }
}
END_TEST

START_TEST(inner_is_every_product_of_rows)
{
    int rows = row_counts[_i / 4], beta = _i & 1;
    bool single = _i & 2;
    for (int o = 0; o < ROW_COUNTS; o++)
        for (int n = 0; n < COLUMN_COUNTS; n++) {
            int others = row_counts[o], columns = column_counts[n], stride = columns + MARGIN, cs = others + MARGIN;
            double *a = filled(1, rows, columns), *b = filled(2, others, columns), *c = filled(3, rows, others);
            double *expected = support_copy((size_t)(rows * cs), c);
            for (int r = 0; r < rows; r++)
                for (int s = 0; s < others; s++) {
                    expected[r * cs + s] = beta * c[r * cs + s] +
                                           support_dot((size_t)columns, a + r * stride, b + s * stride);
                    if (beta == 0)
                        c[r * cs + s] = NAN;
                }
            kernels[single].inner(rows, others, columns, a, stride, b, stride, beta, c, cs);
            ck_assert_double_le(support_distance((size_t)(rows * cs), c, expected), kernels[single].tolerance);
            free(a), free(b), free(c), free(expected);
        }
}
END_TEST

START_TEST(gram_is_symmetric_and_of_every_pair)
{
    int rows = row_counts[_i];
    for (int n = 0; n < COLUMN_COUNTS; n++) {
        int columns = column_counts[n];
        double *a = support_normals(1, (size_t)(rows * columns)), *c = support_poison((size_t)(rows * rows));
        double *expected = support_poison((size_t)(rows * rows));
        panel_gram(rows, columns, a, c);
        for (int r = 0; r < rows; r++)
            for (int s = 0; s < rows; s++) {
                expected[r * rows + s] = support_dot((size_t)columns, a + r * columns, a + s * columns);
                ck_assert(c[r * rows + s] == c[s * rows + r]);
            }
        ck_assert_double_le(support_distance((size_t)(rows * rows), c, expected), TOLERANCE);
        free(a), free(c), free(expected);
    }
}
END_TEST

Suite *panel_suite(void)
{
    Suite *suite = suite_create("panel");
    TCase *tests = tcase_create("products");
    tcase_add_loop_test(tests, multiply_is_the_product, 0, 8 * ROW_COUNTS);
    tcase_add_loop_test(tests, inner_is_every_product_of_rows, 0, 4 * ROW_COUNTS);
    tcase_add_loop_test(tests, gram_is_symmetric_and_of_every_pair, 0, ROW_COUNTS);
    suite_add_tcase(suite, tests);
    return suite;
}
