#include "sim/panel.h"

#include <cblas.h>
#include <stddef.h>
#include <string.h>

#include "sim/lanes.h"

/* ROWS x 2 sums stay in the registers: 16 of the 32 that AVX-512 has, 8 of 16. */
enum { ROWS = LANES == 8 ? 8 : 4 };

/* Sums begin at 0, or with `onto` at c; with `beside` c is added behind them. `rows` and `vectors` are constants in every
 * call. */
LANES_INLINE void multiply_block(const int rows, const int vectors, int length, struct panel_view a, const real *b,
                                 size_t b_row, bool onto, bool beside, real *c, size_t c_row)
{
    reals sum[ROWS][2];
    LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int v = 0; v < vectors; v++)
        sum[r][v] = onto ? lanes_load(c + (size_t)r * c_row + v * REALS) : (reals){0};
    for (int k = 0; k < length; k++) {
        reals right[2];
        LANES_UNROLL for (int v = 0; v < vectors; v++) right[v] = lanes_load(b + (size_t)k * b_row + v * REALS);
        const real *entry = a.base + (size_t)k * a.column;
        LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int v = 0; v < vectors; v++)
            sum[r][v] += entry[(size_t)r * a.row] * right[v];
    }
    LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int v = 0; v < vectors; v++)
    {
        real *out = c + (size_t)r * c_row + v * REALS;
        if (beside)
            sum[r][v] += lanes_load(out);
        lanes_store(out, sum[r][v]);
    }
}

/* Rows that are multiplied together from row r on, and how far those of a reach that are not 0. */
static int rows_from(int r, int rows)
{
    return rows - r >= ROWS ? ROWS : 1;
}

static int reach(int end, int length, bool lower)
{
    return lower && end < length ? end : length;
}

static struct panel_view rows_of(struct panel_view a, int r)
{
    return (struct panel_view){a.base + (size_t)r * a.row, a.row, a.column};
}

/* In line: the factor that is read along its rows, which is most often, has a stride of 1 that the compiler sees. */
LANES_INLINE void multiply_strips(int rows, int length, int count, struct panel_view a, bool lower,
                                  struct panel_strips b, bool beside, real *c, size_t c_row)
{
    for (int r = 0, height; r < rows; r += height) {
        height = rows_from(r, rows);
        int depth = reach(r + height, length, lower);
        for (int s = 0; s < count; s++) {
            const real *strip = b.base + (size_t)s * b.strip;
            real *out = c + (size_t)r * c_row + s * PANEL_STRIP;
            if (height == ROWS)
                multiply_block(ROWS, 2, depth, rows_of(a, r), strip, b.row, false, beside, out, c_row);
            else
                multiply_block(1, 2, depth, rows_of(a, r), strip, b.row, false, beside, out, c_row);
        }
    }
}

/* Rows of b that are copied, side by side, to where whole vectors can be read. */
enum { CHUNK = 64 };

static void pack_chunk(int length, int columns, struct panel_view b, real *out)
{
    int whole = columns > REALS ? PANEL_STRIP : REALS;
    for (int k = 0; k < length; k++, out += PANEL_STRIP) {
        for (int j = 0; j < columns; j++)
            out[j] = b.base[(size_t)k * b.row + (size_t)j * b.column];
        for (int j = columns; j < whole; j++)
            out[j] = 0;
    }
}

static void multiply_chunk(int height, bool two, int depth, struct panel_view a, const real *b, bool onto, real *c)
{
    if (height == ROWS && two)
        multiply_block(ROWS, 2, depth, a, b, PANEL_STRIP, onto, false, c, PANEL_STRIP);
    else if (height == ROWS)
        multiply_block(ROWS, 1, depth, a, b, PANEL_STRIP, onto, false, c, PANEL_STRIP);
    else if (two)
        multiply_block(1, 2, depth, a, b, PANEL_STRIP, onto, false, c, PANEL_STRIP);
    else
        multiply_block(1, 1, depth, a, b, PANEL_STRIP, onto, false, c, PANEL_STRIP);
}

/* At most PANEL_STRIP columns, fewer or of any strides. Sums begin at c. */
static void multiply_narrow(int rows, int length, int columns, struct panel_view a, bool lower, struct panel_view b,
                            bool onto, real *c, size_t c_row)
{
    real packed[CHUNK * PANEL_STRIP], sums[ROWS * PANEL_STRIP] = {0};
    for (int first = 0; first < length || first == 0; first += CHUNK, onto = true) {
        int taken = length - first < CHUNK ? length - first : CHUNK;
        struct panel_view left = {a.base + (size_t)first * a.column, a.row, a.column};
        struct panel_view right = {b.base + (size_t)first * b.row, b.row, b.column};
        pack_chunk(taken, columns, right, packed);
        for (int r = 0, height; r < rows; r += height) {
            height = rows_from(r, rows);
            size_t bytes = (size_t)columns * sizeof(real);
            for (int i = 0; onto && i < height; i++)
                memcpy(sums + i * PANEL_STRIP, c + (size_t)(r + i) * c_row, bytes);
            multiply_chunk(height, columns > REALS, reach(r + height - first, taken, lower), rows_of(left, r), packed,
                           onto, sums);
            for (int i = 0; i < height; i++)
                memcpy(c + (size_t)(r + i) * c_row, sums + i * PANEL_STRIP, bytes);
        }
    }
}

LANES_INLINE void multiply_entries(int rows, int length, int columns, struct panel_view a, bool lower,
                                   struct panel_view b, bool onto, real *c, size_t c_row)
{
    for (int r = 0; r < rows; r++)
        for (int j = 0; j < columns; j++) {
            real *out = c + (size_t)r * c_row + j, sum = onto ? *out : 0;
            for (int k = 0; k < length && !(lower && k > r); k++)
                sum += a.base[(size_t)r * a.row + (size_t)k * a.column] *
                       b.base[(size_t)k * b.row + (size_t)j * b.column];
            *out = sum;
        }
}

/* The columns that no strip holds. Of doubles they are few, and keep the roundings that samples have always had. */
LANES_INLINE void multiply_rest(int rows, int length, int columns, struct panel_view a, bool lower, struct panel_view b,
                                bool onto, real *c, size_t c_row)
{
    int first = columns / PANEL_STRIP * PANEL_STRIP;
    struct panel_view right = {b.base + (size_t)first * b.column, b.row, b.column};
    if (sizeof(real) == sizeof(double))
        multiply_entries(rows, length, columns - first, a, lower, right, onto, c + first, c_row);
    else if (columns > first)
        multiply_narrow(rows, length, columns - first, a, lower, right, onto, c + first, c_row);
}

void panel_product(int rows, int inner, int columns, struct panel_view a, struct panel_view b,
                   struct panel_strips strips, double beta, real *c)
{
    multiply_strips(rows, inner, columns / PANEL_STRIP, a, false, strips, beta != 0, c, (size_t)columns);
    multiply_rest(rows, inner, columns, a, false, b, beta != 0, c, (size_t)columns);
}

struct panel_strips panel_in_place(struct panel_view b)
{
    return (struct panel_strips){b.base, PANEL_STRIP, b.row};
}

struct panel_strips panel_pack(int inner, int columns, struct panel_view b, real *work)
{
    real *out = work;
    for (int s = 0; s < columns / PANEL_STRIP; s++)
        for (int k = 0; k < inner; k++, out += PANEL_STRIP) {
            const real *in = b.base + (size_t)k * b.row + (size_t)(s * PANEL_STRIP) * b.column;
            for (int j = 0; j < PANEL_STRIP; j++)
                out[j] = in[(size_t)j * b.column];
        }
    return (struct panel_strips){work, (size_t)inner * PANEL_STRIP, PANEL_STRIP};
}

/* Strip by strip: a stays in the cache, and b is read once. */
void panel_multiply(int rows, int inner, int columns, const real *a, int a_stride, bool lower, const real *b,
                    int b_stride, double beta, real *c, int c_stride)
{
    struct panel_view left = {a, (size_t)a_stride, 1}, right = {b, (size_t)b_stride, 1};
    for (int j = 0; j + PANEL_STRIP <= columns; j += PANEL_STRIP) {
        struct panel_strips strip = {b + j, PANEL_STRIP, (size_t)b_stride};
        multiply_strips(rows, inner, 1, left, lower, strip, beta != 0, c + j, (size_t)c_stride);
    }
    multiply_rest(rows, inner, columns, left, lower, right, beta != 0, c, (size_t)c_stride);
}

/* A tile of 4 x 4 inner products. */
enum { TILE = 4, BLOCK = 1024 };

/* LANES of them one by one, after halves of what is wider have been added to each other. */
LANES_INLINE double total(reals v)
{
    real lane[REALS];
    double sum = 0;
    lanes_store(lane, v);
    for (int half = REALS / 2; half >= LANES; half /= 2)
        for (int i = 0; i < half; i++)
            lane[i] += lane[i + half];
    for (int i = 0; i < LANES; i++)
        sum += lane[i];
    return sum;
}

LANES_INLINE void inner_tile(const int rows, const int others, int columns, const real *a, size_t a_stride,
                             const real *b, size_t b_stride, real *c, size_t c_stride)
{
    reals sum[TILE][TILE];
    LANES_UNROLL for (int r = 0; r < rows; r++) LANES_UNROLL for (int s = 0; s < others; s++) sum[r][s] = (reals){0};
    int whole = columns / REALS * REALS;
    for (int j = 0; j < whole; j += REALS) {
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

/* Where the copies that OpenBLAS makes of its factors are little beside the products, it is the faster: what is copied
 * stays in the caches, whose size decides from here on. */
static bool is_long(int rows, int others, int columns)
{
    enum { WIDE = 64 };
    return rows >= PANEL_LONG && others >= PANEL_LONG && columns >= WIDE;
}

/* Rows of floats so short that adding up across their vectors costs more than the products: the other factor is turned
 * instead. Sums of doubles, which have half as many lanes to add up, keep their order. */
enum { TURNED = sizeof(real) == sizeof(double) ? 0 : 4 * REALS };

void panel_inner(int rows, int others, int columns, const real *a, int a_stride, const real *b, int b_stride,
                 double beta, real *c, int c_stride)
{
    struct panel_view left = {a, (size_t)a_stride, 1};
    if (is_long(rows, others, columns)) {
        REAL_BLAS(gemm)
        (CblasRowMajor, CblasNoTrans, CblasTrans, rows, others, columns, 1, a, a_stride, b, b_stride, (real)beta, c,
         c_stride);
        return;
    }
    for (int j = 0; columns <= TURNED && j < others; j += PANEL_STRIP) {
        struct panel_view right = {b + (size_t)j * (size_t)b_stride, 1, (size_t)b_stride};
        int width = others - j < PANEL_STRIP ? others - j : PANEL_STRIP;
        multiply_narrow(rows, columns, width, left, false, right, beta != 0, c + j, (size_t)c_stride);
    }
    if (columns > TURNED)
        inner_all(rows, others, columns, a, a_stride, b, b_stride, false, beta, c, c_stride);
}

void panel_gram(int rows, int columns, const real *a, real *c)
{
    if (is_long(rows, rows, columns))
        REAL_BLAS(syrk)(CblasRowMajor, CblasLower, CblasNoTrans, rows, columns, 1, a, columns, 0, c, rows);
    else
        inner_all(rows, rows, columns, a, columns, a, columns, true, 0, c, rows);
    for (int i = 0; i < rows; i++)
        for (int j = i + 1; j < rows; j++)
            c[i * rows + j] = c[j * rows + i];
}
