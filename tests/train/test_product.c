#include <check.h>
#include <math.h>
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
    work = support_poison(product_work(m, n));
}

static void release(void)
{
    free(x);
    free(w);
    free(dy);
    free(work);
}

/* Sums of at most 300 products of size 2, in another order: 300 roundings of 2^-53 in the worst case, of sums whose
 * partial ones are not larger than a few times the largest. */
static void check_near(int count, const double *found, const double *expected)
{
    ck_assert_double_le(support_distance((size_t)count, found, expected), 1e-13);
}

START_TEST(forward_is_x_w)
{
    setup_shape(_i);
    double *y = support_poison((size_t)(rows * n)), *expected = calloc((size_t)(rows * n), sizeof *expected);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < m; i++)
            for (int j = 0; j < n; j++)
                expected[r * n + j] += x[r * m + i] * w[i * n + j];
    product_forward(rows, m, n, x, w, y, work);
    check_near(rows * n, y, expected);
    free(y);
    free(expected);
    release();
}
END_TEST

START_TEST(backward_is_dy_w_transposed)
{
    setup_shape(_i);
    for (int beta = 0; beta < 2; beta++) {
        double *dx = beta ? support_copy((size_t)(rows * m), x) : support_poison((size_t)(rows * m));
        double *expected = beta ? support_copy((size_t)(rows * m), x) : calloc((size_t)(rows * m), sizeof *expected);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    expected[r * m + i] += dy[r * n + j] * w[i * n + j];
        product_backward(rows, m, n, dy, w, beta, dx, work);
        check_near(rows * m, dx, expected);
        free(dx);
        free(expected);
    }
    release();
}
END_TEST

START_TEST(gradient_is_x_transposed_dy)
{
    setup_shape(_i);
    for (int beta = 0; beta < 2; beta++) {
        double *dw = beta ? support_copy((size_t)(m * n), w) : support_poison((size_t)(m * n));
        double *expected = beta ? support_copy((size_t)(m * n), w) : calloc((size_t)(m * n), sizeof *expected);
        for (int r = 0; r < rows; r++)
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    expected[i * n + j] += x[r * m + i] * dy[r * n + j];
        product_gradient(rows, m, n, x, dy, beta, dw);
        check_near(m * n, dw, expected);
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
    tcase_add_loop_test(tests, forward_is_x_w, 0, SHAPES);
    tcase_add_loop_test(tests, backward_is_dy_w_transposed, 0, SHAPES);
    tcase_add_loop_test(tests, gradient_is_x_transposed_dy, 0, SHAPES);
    suite_add_tcase(suite, tests);
    return suite;
}
