#include "train/product.h"

#include <cblas.h>
#include <stdbool.h>

#include "sim/panel.h"

/* Entries of w, half a megabyte, up to which this is faster than OpenBLAS, whose rate grows with the sides. */
enum { ENTRIES_MAX = (1 << 19) / sizeof(real) };

/* Columns from which on a strip's rows, so far apart, would fall on each other in the first cache: they are copied. */
enum { APART = 128 };

static bool is_own(int m, int n, int columns)
{
    return columns >= 2 * LANES && (size_t)m * (size_t)n <= ENTRIES_MAX;
}

size_t product_work(int m, int n)
{
    return is_own(m, n, 2 * LANES) ? (size_t)m * (size_t)n : 0;
}

void product_forward(int rows, int m, int n, const real *x, const real *w, real *y, real *work)
{
    struct panel_view a = {x, (size_t)m, 1}, b = {w, (size_t)n, 1};
    if (is_own(m, n, n))
        panel_product(rows, m, n, a, b, n > APART ? panel_pack(m, n, b, work) : panel_in_place(b), 0, y);
    else
        REAL_BLAS(gemm)(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, m, 1, x, m, w, n, 0, y, n);
}

void product_backward(int rows, int m, int n, const real *dy, const real *w, double beta, real *dx, real *work)
{
    struct panel_view a = {dy, (size_t)n, 1}, b = {w, 1, (size_t)n};
    if (is_own(m, n, m))
        panel_product(rows, n, m, a, b, panel_pack(n, m, b, work), beta, dx);
    else
        REAL_BLAS(gemm)(CblasRowMajor, CblasNoTrans, CblasTrans, rows, m, n, 1, dy, n, w, n, beta, dx, m);
}

void product_gradient(int rows, int m, int n, const real *x, const real *dy, double beta, real *dw)
{
    struct panel_view a = {x, 1, (size_t)m}, b = {dy, (size_t)n, 1};
    if (is_own(m, n, n))
        panel_product(m, rows, n, a, b, panel_in_place(b), beta, dw);
    else
        REAL_BLAS(gemm)(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, rows, 1, x, m, dy, n, beta, dw, n);
}
