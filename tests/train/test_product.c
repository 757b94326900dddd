#include <check.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/support.h"
#include "train/product.h"

/* Sides below, at and between the kernel's blocks and strips, and beyond the size that it takes. */
static const int shapes[][3] = {{1, 1, 1},   {3, 5, 4},    {8, 16, 16},    {17, 33, 35},  {25, 4, 160},
                                {9, 160, 4}, {40, 19, 48}, {13, 130, 129}, {24, 300, 300}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static double *x, *w, *dy, *work;
static int rows, m, n;

static void setup_shape(int shape)
{
    rows = shapes[shape][0], m = shapes[shape][1], n = shapes[shape][2];
    x = support_normals(1, (size_t)(rows * m));
    w = support_normals(2, (size_t)(m * n));
    dy = support_normals(3, (size_t)(rows * n));
    work = support_poison((size_t)(m * n)); // the most that either precision takes
}

static void release(void)
{
    free(x);
    free(w);
    free(dy);
    free(work);
}

/* The products of both precisions; the second rounds to floats and back. */
__typeof__(product_forward) product_forward_single;
__typeof__(product_backward) product_backward_single;
__typeof__(product_gradient) product_gradient_single;

static void forward(bool single, double *y)
{
    if (!single) {
        product_forward(rows, m, n, x, w, y, work);
        return;
    }
    size_t count = (size_t)(rows * n);
    void *a = support_narrow((size_t)(rows * m), x), *b = support_narrow((size_t)(m * n), w);
    void *out = support_narrow(count, y);
    product_forward_single(rows, m, n, a, b, out, work);
    support_widen(count, out, y);
    free(a), free(b);
}

static void backward(bool single, double beta, double *dx)
{
    if (!single) {
        product_backward(rows, m, n, dy, w, beta, dx, work);
        return;
    }
    size_t count = (size_t)(rows * m);
    void *a = support_narrow((size_t)(rows * n), dy), *b = support_narrow((size_t)(m * n), w);
    void *out = support_narrow(count, dx);
    product_backward_single(rows, m, n, a, b, beta, out, work);
    support_widen(count, out, dx);
    free(a), free(b);
}

static void gradient(bool single, double beta, double *dw)
{
    if (!single) {
        product_gradient(rows, m, n, x, dy, beta, dw);
        return;
    }
    size_t count = (size_t)(m * n);
    void *a = support_narrow((size_t)(rows * m), x), *b = support_narrow((size_t)(rows * n), dy);
    void *out = support_narrow(count, dw);
    product_gradient_single(rows, m, n, a, b, beta, out);
    support_widen(count, out, dw);
    free(a), free(b);
}

/* Sums of at most 300 products of size 2, in another order: 300 roundings of 2^-53 or 2^-24 in the worst case, of sums
 * whose partial ones are not larger than a few times the largest; in single precision of rounded factors. */
static void check_near(bool single, int count, const double *found, const double *expected)
{
    ck_assert_double_le(support_distance((size_t)count, found, expected),
                        450 * (single ? (double)FLT_EPSILON : DBL_EPSILON));
}

START_TEST(forward_is_x_w)
{
    bool single = _i % 2;
    setup_shape(_i / 2);
    double *y = support_poison((size_t)(rows * n)), *expected = calloc((size_t)(rows * n), sizeof *expected);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                expected[r * n + j] += x[r * m + i] * w[i * n + j];
    forward(single, y);
    check_near(single, rows * n, y, expected);
    free(y);
    free(expected);
    release();
}
END_TEST

START_TEST(backward_is_dy_w_transposed)
{
    bool single = _i % 2;
    setup_shape(_i / 2);
    for (int beta = 0; beta < 2; beta++) {
        double *dx = beta ? support_copy((size_t)(rows * m), x) : support_poison((size_t)(rows * m));
        double *expected = beta ? support_copy((size_t)(rows * m), x) : calloc((size_t)(rows * m), sizeof *expected);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    expected[r * m + i] += dy[r * n + j] * w[i * n + j];
        backward(single, beta, dx);
        check_near(single, rows * m, dx, expected);
        free(dx);
        free(expected);
    }
    release();
}
END_TEST

START_TEST(gradient_is_x_transposed_dy)
{
    bool single = _i % 2;
    setup_shape(_i / 2);
    for (int beta = 0; beta < 2; beta++) {
        double *dw = beta ? support_copy((size_t)(m * n), w) : support_poison((size_t)(m * n));
        double *expected = beta ? support_copy((size_t)(m * n), w) : calloc((size_t)(m * n), sizeof *expected);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    expected[i * n + j] += x[r * m + i] * dy[r * n + j];
        gradient(single, beta, dw);
        check_near(single, m * n, dw, expected);
        free(dw);
        free(expected);
    }
    release();
}
END_TEST

Suite *product_suite(void)
{
    Suite *suite = suite_create("product");
    TCase *tests = tcase_create("products");
    tcase_add_loop_test(tests, forward_is_x_w, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, backward_is_dy_w_transposed, 0, 2 * SHAPES);
    tcase_add_loop_test(tests, gradient_is_x_transposed_dy, 0, 2 * SHAPES);
    suite_add_tcase(suite, tests);
    return suite;
}
