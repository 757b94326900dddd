#include "sim/panel.h"

#include <stddef.h>
#include <string.h>

#include "sim/lanes.h"

/* ROWS x 2 sums stay in the registers. */
enum { ROWS = LANES == 8 ? 8 : 4, STRIP = 2 * LANES };

/* `rows` is a constant in every call. */
LANES_INLINE void multiply_strip(const int rows, int inner, const real *a, size_t a_stride, const real *b,
                                 size_t b_stride, double beta, real *c, size_t c_stride)
{
    reals sum[ROWS][2];
    LANES_UNROLL for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = (reals){0};
    for (int k = 0; k < inner; k++) {
        const reals left = lanes_load(b + (size_t)k * b_stride), right = lanes_load(b + (size_t)k * b_stride + LANES);
        LANES_UNROLL for (int r = 0; r < rows; r++)
        {
            sum[r][0] += a[(size_t)r * a_stride + (size_t)k] * left;
            sum[r][1] += a[(size_t)r * a_stride + (size_t)k] * right;
        }
    }
    LANES_UNROLL for (int r = 0; r < rows; r++)
    {
        real *out = c + (size_t)r * c_stride;
        if (beta != 0) {
            sum[r][0] += lanes_load(out);
            sum[r][1] += lanes_load(out + LANES);
        }
        lanes_store(out, sum[r][0]);
        lanes_store(out + LANES, sum[r][1]);
    }
}

static void multiply_rest(int rows, int inner, int columns, const real *a, size_t a_stride, bool lower, const real *b,
                          size_t b_stride, double beta, real *c, size_t c_stride)
{
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < columns; j++) {
            real *out = c + (size_t)r * c_stride + j, sum = beta != 0 ? *out : 0;
            for (int k = 0; k < inner && !(lower && k > r); k++)
                sum += a[(size_t)r * a_stride + (size_t)k] * b[(size_t)k * b_stride + (size_t)j];
            *out = sum;
        }
}

void panel_multiply(int rows, int inner, int columns, const real *a, int a_stride, bool lower, const real *b,
                    int b_stride, double beta, real *c, int c_stride)
{
    size_t as = (size_t)a_stride, bs = (size_t)b_stride, cs = (size_t)c_stride;
    int whole = columns / STRIP * STRIP;
    for (int j = 0; j < whole; j += STRIP)
        for (int r = 0; r < rows;) {
            int count = rows - r >= ROWS ? ROWS : 1, length = lower && r + count < inner ? r + count : inner;
            const real *ar = a + (size_t)r * as;
            real *cr = c + (size_t)r * cs + j;
            if (count == ROWS)
                multiply_strip(ROWS, length, ar, as, b + j, bs, beta, cr, cs);
            else
                multiply_strip(1, length, ar, as, b + j, bs, beta, cr, cs);
            r += count;
        }
    multiply_rest(rows, inner, columns - whole, a, as, lower, b + whole, bs, beta, c + whole, cs);
}

/* A tile of 4 x 4 inner products. */
enum { TILE = 4, BLOCK = 1024 };

LANES_INLINE double total(reals v)
{
    double sum = 0;
    LANES_UNROLL for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

LANES_INLINE void inner_tile(const int rows, const int others, int columns, const real *a, size_t a_stride,
                             const real *b, size_t b_stride, real *c, size_t c_stride)
{
    reals sum[TILE][TILE];
    LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int s = 0; s < others; s++) sum[r][s] = (reals){0};
    int whole = columns / LANES * LANES;
    for (int j = 0; j < whole; j += LANES) {
        reals right[TILE];
        LANES_UNROLL for (int s = 0; s < others; s++) right[s] = lanes_load(b + (size_t)s * b_stride + j);
        LANES_UNROLL for (int r = 0; r < rows; r++)
        {
            const reals left = lanes_load(a + (size_t)r * a_stride + j);
            LANES_UNROLL for (int s = 0; s < others; s++) sum[r][s] += left * right[s];
        }
    }
    LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int s = 0; s < others; s++)
    {
        double rest = 0;
        for (int j = whole; j < columns; j++)
            rest += a[(size_t)r * a_stride + (size_t)j] * b[(size_t)s * b_stride + (size_t)j];
        c[(size_t)r * c_stride + (size_t)s] += total(sum[r][s]) + rest;
    }
}

static void inner_block(int rows, int others, int columns, const real *a, size_t a_stride, const real *b,
                        size_t b_stride, bool lower, real *c, size_t c_stride)
{
    for (int r = 0; r < rows;) {
        int height = rows - r >= TILE ? TILE : 1;
        const real *ar = a + (size_t)r * a_stride;
        for (int s = 0; s < others && !(lower && s >= r + height);) {
            int width = others - s >= TILE ? TILE : 1;
            const real *bs = b + (size_t)s * b_stride;
            real *cell = c + (size_t)r * c_stride + s;
            if (height == TILE && width == TILE)
                inner_tile(TILE, TILE, columns, ar, a_stride, bs, b_stride, cell, c_stride);
            else if (height == TILE)
                inner_tile(TILE, 1, columns, ar, a_stride, bs, b_stride, cell, c_stride);
            else if (width == TILE)
                inner_tile(1, TILE, columns, ar, a_stride, bs, b_stride, cell, c_stride);
            else
                inner_tile(1, 1, columns, ar, a_stride, bs, b_stride, cell, c_stride);
            s += width;
        }
        r += height;
    }
}

/* In blocks of columns that stay in the cache while every row meets every other. */
static void inner_all(int rows, int others, int columns, const real *a, int a_stride, const real *b, int b_stride,
                      bool lower, double beta, real *c, int c_stride)
{
    for (int r = 0; beta == 0 && r < rows; r++)
        memset(c + (size_t)r * (size_t)c_stride, 0, (size_t)others * sizeof *c);
    for (int j = 0; j < columns; j += BLOCK)
        inner_block(rows, others, columns - j < BLOCK ? columns - j : BLOCK, a + j, (size_t)a_stride, b + j,
                    (size_t)b_stride, lower, c, (size_t)c_stride);
}

void panel_inner(int rows, int others, int columns, const real *a, int a_stride, const real *b, int b_stride,
                 double beta, real *c, int c_stride)
{
    inner_all(rows, others, columns, a, a_stride, b, b_stride, false, beta, c, c_stride);
}

void panel_gram(int rows, int columns, const real *a, real *c)
{
    inner_all(rows, rows, columns, a, columns, a, columns, true, 0, c, rows);
    for (int i = 0; i < rows; i++)
        for (int j = i + 1; j < rows; j++)
            c[i * rows + j] = c[j * rows + i];
}
