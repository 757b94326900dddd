#include "train/product.h"

#include <cblas.h>
#include <stdbool.h>

#include "sim/lanes.h"

/* BLOCK x 2 vectors of sums stay in the registers: 16 of the 32 that AVX-512 has, 8 of 16. */
enum { BLOCK = LANES == 8 ? 8 : 4, STRIP = 2 * REALS };

/* Entries of w up to which this is faster than OpenBLAS, whose rate grows with the sides. */
enum { ENTRIES_MAX = 1 << 16 };

/* Columns from which on a strip's rows, so far apart, would fall on each other in the first cache: they are copied. */
enum { APART = 128 };

/* A matrix whose entry (i, j) is at base[i * row + j * column]. */
struct view {
    const real *base;
    size_t row, column;
};

/* The right factor's strips of columns, row k of strip s at base[s * strip + k * row]. */
struct strips {
    const real *base;
    size_t strip, row;
};

/* `rows` is a constant in every call. */
LANES_INLINE void multiply_block(const int rows, int length, struct view a, const real *b, size_t b_row, double beta,
                                 real *c, size_t c_row)
{
    reals sum[BLOCK][2];
    LANES_UNROLL for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = (reals){0};
    for (int k = 0; k < length; k++) {
        const reals left = lanes_load(b + (size_t)k * b_row), right = lanes_load(b + (size_t)k * b_row + REALS);
        const real *entry = a.base + (size_t)k * a.column;
        LANES_UNROLL for (int r = 0; r < rows; r++)
        {
            sum[r][0] += entry[(size_t)r * a.row] * left;
            sum[r][1] += entry[(size_t)r * a.row] * right;
        }
    }
    LANES_UNROLL for (int r = 0; r < rows; r++)
    {
        real *out = c + (size_t)r * c_row;
        if (beta != 0) {
            sum[r][0] += lanes_load(out);
            sum[r][1] += lanes_load(out + REALS);
        }
        lanes_store(out, sum[r][0]);
        lanes_store(out + REALS, sum[r][1]);
    }
}

/* Columns first to columns - 1, which no whole strip holds. */
static void multiply_rest(int rows, int length, int first, int columns, struct view a, struct view b, double beta,
                          real *c)
{
    for (int r = 0; r < rows; r++)
        for (int j = first; j < columns; j++) {
            real *out = c + (size_t)r * (size_t)columns + j, sum = beta != 0 ? *out : 0;
            for (int k = 0; k < length; k++)
                sum += a.base[(size_t)r * a.row + (size_t)k * a.column] *
                       b.base[(size_t)k * b.row + (size_t)j * b.column];
            *out = sum;
        }
}

/* c = beta c + a b, a rows x length, b length x columns, c [rows][columns]; strips are those of b. */
static void multiply(int rows, int length, int columns, struct view a, struct view b, struct strips strips, double beta,
                     real *c)
{
    size_t c_row = (size_t)columns;
    for (int r = 0; r < rows;) {
        int count = rows - r >= BLOCK ? BLOCK : 1;
        struct view part = {a.base + (size_t)r * a.row, a.row, a.column};
        for (int s = 0; s < columns / STRIP; s++) {
            const real *strip = strips.base + (size_t)s * strips.strip;
            real *out = c + (size_t)r * c_row + s * STRIP;
            if (count == BLOCK)
                multiply_block(BLOCK, length, part, strip, strips.row, beta, out, c_row);
            else
                multiply_block(1, length, part, strip, strips.row, beta, out, c_row);
        }
        r += count;
    }
    multiply_rest(rows, length, columns / STRIP * STRIP, columns, a, b, beta, c);
}

/* Strips one behind the other in work. */
static struct strips pack(int length, int columns, struct view b, real *work)
{
    real *out = work;
    for (int s = 0; s < columns / STRIP; s++)
        for (int k = 0; k < length; k++, out += STRIP) {
            const real *in = b.base + (size_t)k * b.row + (size_t)(s * STRIP) * b.column;
            for (int j = 0; j < STRIP; j++)
                out[j] = in[(size_t)j * b.column];
        }
    return (struct strips){work, (size_t)length * STRIP, STRIP};
}

static struct strips in_place(struct view b)
{
    return (struct strips){b.base, STRIP, b.row};
}

static bool is_own(int m, int n, int columns)
{
    return columns >= STRIP && (size_t)m * (size_t)n <= ENTRIES_MAX;
}

size_t product_work(int m, int n)
{
    return is_own(m, n, STRIP) ? (size_t)m * (size_t)n : 0;
}

void product_forward(int rows, int m, int n, const real *x, const real *w, real *y, real *work)
{
    struct view a = {x, (size_t)m, 1}, b = {w, (size_t)n, 1};
    if (is_own(m, n, n))
        multiply(rows, m, n, a, b, n > APART ? pack(m, n, b, work) : in_place(b), 0, y);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, m, 1, x, m, w, n, 0, y, n);
}

void product_backward(int rows, int m, int n, const real *dy, const real *w, double beta, real *dx, real *work)
{
    struct view a = {dy, (size_t)n, 1}, b = {w, 1, (size_t)n};
    if (is_own(m, n, m))
        multiply(rows, n, m, a, b, pack(n, m, b, work), beta, dx);
    else
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, m, n, 1, dy, n, w, n, beta, dx, m);
}

void product_gradient(int rows, int m, int n, const real *x, const real *dy, double beta, real *dw)
{
    struct view a = {x, 1, (size_t)m}, b = {dy, (size_t)n, 1};
    if (is_own(m, n, n))
        multiply(m, rows, n, a, b, in_place(b), beta, dw);
    else
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, rows, 1, x, m, dy, n, beta, dw, n);
}
