#include "sim/conditioned.h"

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

#include "sim/panel.h"

/* Why not fewer coordinates still. Norms, sums and linear maps see a signal only through inner products, so a frame of
 * T dimensions could stand for the d of the residual stream, Wishart factors for the Z of W_O and W_2, and only the
 * FFN's element-wise function and the heads need coordinates. Counted by block at F = 4 d: normals are 9 d T forward
 * and 7 d T in reverse, of which the FFN's own F coordinates are 4 d T each way: 16 over 8, a factor of 2. Operations
 * in units of d T^2 are 20 forward and 70 in reverse, 12 of them among the heads; those of F columns (x W_1 4, hidden
 * Gram 4, Z' h^T 8, dh 12, Gram of its cotangent 4, with x W_1 8) are 40, with the heads 52: a factor of 1.7. Either
 * bound takes all the rest as free, and every signal would cease to be a [T][d] array that norms, observables and tests
 * read. Not done. */

/* T is linear->rows, m its fan_in, n a fan_out. */

static size_t square_entries(const struct linear *linear)
{
    return memory_multiply((size_t)linear->rows, (size_t)linear->rows);
}

static int fan_out_sum(const struct linear *linear)
{
    int sum = 0;
    for (int i = 0; i < linear->count; i++)
        sum += linear->map[i].fan_out;
    return sum;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Columns of a panel: a multiple of the 64 normals of a group. */
enum { PANEL_DOUBLES = 1 << 12, GROUP = 64 };

static int panel_width(int rows)
{
    int width = PANEL_DOUBLES / rows / GROUP * GROUP;
    return width > GROUP ? width : GROUP;
}

/* Not less for more rows. */
static size_t panel_entries(int rows)
{
    size_t least_entries = memory_multiply((size_t)rows, GROUP);
    return least_entries > PANEL_DOUBLES ? least_entries : PANEL_DOUBLES;
}

/* A matrix of normals [rank][columns], drawn and used in panels of columns that stay in the cache: entry (j, c) of the
 * panel of `count` columns from `first` on is normal number rank first + j count + c of the stream. */
struct panels {
    struct stream stream;
    double sigma;
    int rank, columns, width;
    int first, count;
};

static struct panels panels_open(const struct linear *linear, int map, enum stream_role role, double sigma, int rank,
                                 int columns)
{
    struct stream_address address = linear->map[map].address;
    address.role = role;
    return (struct panels){stream_open(&address), sigma, rank, columns, panel_width(linear->rows), 0, 0};
}

/* The panels of map i's own matrix. */
static struct panels panels_of_map(const struct linear *linear, int i, int rank)
{
    return panels_open(linear, i, STREAM_WEIGHT, linear->map[i].sigma, rank, linear->map[i].fan_out);
}

/* Goes on to the next panel, the first at first. */
static bool panels_next(struct panels *panels)
{
    panels->first += panels->count;
    panels->count = least(panels->width, panels->columns - panels->first);
    return panels->count > 0;
}

/* z [rank][count] becomes the panel. */
static void panels_draw(const struct panels *panels, double *z)
{
    uint64_t rank = (uint64_t)panels->rank;
    stream_normals(&panels->stream, rank * (uint64_t)panels->first, rank * (size_t)panels->count, panels->sigma, z);
}

/* What the forward pass leaves: the Gram of x for the weight gradients, and R^-T where that is well conditioned. */
struct tape {
    double *householder; // [1], 0 or 1
    double *gram;        // [T][T]
    double *inverse;     // [T][T], with orthonormal rows inverse x
};

static size_t tape_entries(const struct linear *linear)
{
    return memory_add(arena_cost(1), memory_multiply(2, arena_cost(square_entries(linear))));
}

static struct tape tape_layout(const struct linear *linear, double *tape)
{
    struct arena arena = {tape, tape_entries(linear), 0};
    struct tape t = {.householder = arena_take(&arena, 1)};
    t.gram = arena_take(&arena, square_entries(linear));
    t.inverse = arena_take(&arena, square_entries(linear));
    return t;
}

bool conditioned_cholesky(int rows, const double *gram, double *lower, double *inverse)
{
    size_t T = (size_t)rows;
    double scale[rows], trace = 0;
    for (size_t t = 0; t < T; t++) {
        double square = gram[t * T + t];
        if (square != 0 && !(square > DBL_MIN / DBL_EPSILON && square < DBL_MAX)) // its digits are lost
            return false;
        scale[t] = sqrt(square);
    }
    for (size_t s = 0; s < T; s++)
        for (size_t t = 0; t < T; t++)
            lower[s * T + t] = s == t ? 1 : scale[s] > 0 && scale[t] > 0 ? gram[s * T + t] / (scale[s] * scale[t]) : 0;
    /* The upper factor by columns is the lower one by rows. */
    if (LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'U', rows, lower, rows) != 0)
        return false;
    for (size_t s = 0; s < T; s++)
        memset(lower + s * T + s + 1, 0, (T - s - 1) * sizeof *lower);
    memcpy(inverse, lower, T * T * sizeof *inverse);
    LAPACKE_dtrtri(LAPACK_COL_MAJOR, 'U', 'N', rows, inverse, rows);
    for (size_t i = 0; i < T * T; i++)
        trace += inverse[i] * inverse[i];
    for (size_t s = 0; s < T; s++)
        for (size_t t = 0; t <= s; t++) {
            lower[s * T + t] *= scale[s];
            inverse[s * T + t] *= scale[t] > 0 ? 1 / scale[t] : 0;
        }
    return trace <= CONDITIONED_LIMIT;
}

enum { QR_BLOCK = 32 };

static size_t qr_entries(const struct linear *linear, int columns)
{
    size_t T = (size_t)linear->rows;
    return memory_add(arena_cost(memory_multiply(T, (size_t)columns)), arena_cost(memory_multiply(QR_BLOCK + 1, T)));
}

/* a [T][columns], in reverse roles of rows and columns for LAPACK, becomes the rows of Q^T where asked for; lower
 * [T][T] becomes R^T. Returns their rank's bound min(T, columns). */
static int householder(int T, int columns, double *a, double *lower, bool wants_rows, double *work)
{
    int rank = least(T, columns);
    double *tau = work;
    work += T;
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, columns, T, a, columns, tau, work, QR_BLOCK * T);
    for (int t = 0; lower && t < T; t++)
        for (int j = 0; j < T; j++)
            lower[t * T + j] = j <= t && j < rank ? a[(size_t)t * (size_t)columns + (size_t)j] : 0;
    if (wants_rows)
        LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, columns, rank, rank, a, columns, tau, work, QR_BLOCK * T);
    return rank;
}

/* Fills lower with a factor of x x^T; returns the number of its columns. */
static int factor_input(const struct linear *linear, const double *x, struct tape *t, double *lower, struct arena work)
{
    int T = linear->rows, m = linear->fan_in;
    panel_gram(T, m, x, t->gram);
    *t->householder = T > m || !conditioned_cholesky(T, t->gram, lower, t->inverse);
    if (*t->householder == 0)
        return T;
    size_t entries = (size_t)T * (size_t)m;
    double *a = arena_take(&work, entries), *scratch = arena_take(&work, (QR_BLOCK + 1) * (size_t)T);
    memcpy(a, x, entries * sizeof *a);
    return householder(T, m, a, lower, false, scratch);
}

void conditioned_forward(const struct linear_engine *self, const struct linear *linear, const double *x,
                         double *const y[], double *tape, struct arena work)
{
    (void)self;
    int T = linear->rows;
    struct tape t = tape_layout(linear, tape);
    double *lower = arena_take(&work, square_entries(linear)), *z = arena_take(&work, panel_entries(T));
    int rank = factor_input(linear, x, &t, lower, work);
    for (int i = 0; i < linear->count; i++)
        for (struct panels p = panels_of_map(linear, i, rank); panels_next(&p);) {
            panels_draw(&p, z);
            panel_multiply(T, rank, p.count, lower, T, true, z, p.count, 0, y[i] + p.first, p.columns);
        }
}

/* Adds the squares of the weight gradients and fills lower with a factor of sum_i sigma_i^2 dy_i dy_i^T; returns the
 * number of its columns. */
static int factor_output(const struct linear *linear, const double *gram, const double *const dy[], double squares[],
                         double *lower, struct arena work)
{
    int T = linear->rows, columns = fan_out_sum(linear);
    size_t entries = square_entries(linear);
    double *own = arena_take(&work, entries), *sum = arena_take(&work, entries);
    memset(sum, 0, entries * sizeof *sum);
    for (int i = 0; i < linear->count; i++) {
        panel_gram(T, linear->map[i].fan_out, dy[i], own);
        squares[i] += linear_gradient_square(T, gram, own);
        cblas_daxpy((int)entries, linear->map[i].sigma * linear->map[i].sigma, own, 1, sum, 1);
    }
    if (T <= columns && conditioned_cholesky(T, sum, lower, own))
        return T;
    double *a = arena_take(&work, (size_t)T * (size_t)columns);
    double *scratch = arena_take(&work, (QR_BLOCK + 1) * (size_t)T);
    double *out = a;
    for (int t = 0; t < T; t++)
        for (int i = 0; i < linear->count; i++) {
            size_t n = (size_t)linear->map[i].fan_out;
            for (size_t c = 0; c < n; c++)
                *out++ = linear->map[i].sigma * dy[i][(size_t)t * n + c];
        }
    return householder(T, columns, a, lower, false, scratch);
}

/* c = sum_i dy_i Z_i^T with the Z of the forward pass, drawn again. */
static void project_again(const struct linear *linear, const double *const dy[], int rank, double *c, double *z)
{
    int T = linear->rows;
    memset(c, 0, square_entries(linear) * sizeof *c);
    for (int i = 0; i < linear->count; i++)
        for (struct panels p = panels_of_map(linear, i, rank); panels_next(&p);) {
            panels_draw(&p, z);
            panel_inner(T, rank, p.count, dy[i] + p.first, p.columns, z, p.count, 1, c, T);
        }
}

/* The reverse pass in coordinates: dx = beta dx + (c - lower N) basis' + lower Z', N = Z' basis^T, where basis' is
 * basis itself when its rows are orthonormal, and inverse^T inverse basis where those of inverse basis are. */
static void combine(const struct linear *linear, const double *basis, int rank, const double *inverse, double *c,
                    const double *lower, int fresh_rank, double beta, double *dx, struct arena work)
{
    int T = linear->rows, m = linear->fan_in;
    double *fresh = arena_take(&work, (size_t)T * (size_t)m), *inner = arena_take(&work, square_entries(linear));
    const struct panels all = panels_open(linear, 0, STREAM_REVERSE, 1, fresh_rank, m);
    for (struct panels p = all; panels_next(&p);) {
        double *z = fresh + (size_t)fresh_rank * (size_t)p.first;
        panels_draw(&p, z);
        panel_inner(fresh_rank, rank, p.count, z, p.count, basis + p.first, m, p.first > 0, inner, T);
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, rank, fresh_rank, -1, lower, T, inner, T, 1, c, T);
    if (inverse) {
        cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, T, T, 1, inverse, T, c, T);
        cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, T, T, 1, inverse, T, c, T);
    }
    for (struct panels p = all; panels_next(&p);) {
        const double *z = fresh + (size_t)fresh_rank * (size_t)p.first;
        panel_multiply(T, rank, p.count, c, T, false, basis + p.first, m, beta, dx + p.first, m);
        panel_multiply(T, fresh_rank, p.count, lower, T, true, z, p.count, 1, dx + p.first, m);
    }
}

void conditioned_backward(const struct linear_engine *self, const struct linear *linear, const double *x,
                          const double *const y[], const double *const dy[], double beta, double *dx, double squares[],
                          const double *tape, struct arena work)
{
    (void)self;
    int T = linear->rows, m = linear->fan_in;
    const struct tape t = tape_layout(linear, (double *)(size_t)tape);
    double *lower = arena_take(&work, square_entries(linear)), *c = arena_take(&work, square_entries(linear));
    int fresh_rank = factor_output(linear, t.gram, dy, squares, lower, work);
    if (*t.householder == 0) {
        /* Z = inverse y */
        for (int i = 0; i < linear->count; i++) {
            int n = linear->map[i].fan_out;
            panel_inner(T, T, n, dy[i], n, y[i], n, i > 0, c, T);
        }
        combine(linear, x, T, t.inverse, c, lower, fresh_rank, beta, dx, work);
        return;
    }
    size_t entries = (size_t)T * (size_t)m;
    double *rows = arena_take(&work, entries), *scratch = arena_take(&work, (QR_BLOCK + 1) * (size_t)T);
    memcpy(rows, x, entries * sizeof *rows);
    int rank = householder(T, m, rows, NULL, true, scratch);
    project_again(linear, dy, rank, c, arena_take(&work, panel_entries(T)));
    combine(linear, rows, rank, NULL, c, lower, fresh_rank, beta, dx, work);
}

/* Counted for the usual case of well conditioned tokens; work fits the other too. In units of T^2: x x^T is m, y n,
 * dy dy^T n, dy y^T 2 n, Z' x^T 2 m, dx 3 m, and the factors of two Grams and their inverses 2 T together. */
struct linear_cost conditioned_cost(const struct linear *linear)
{
    int T = linear->rows, m = linear->fan_in, n = fan_out_sum(linear);
    size_t square = arena_cost(square_entries(linear)), panel = arena_cost(panel_entries(T));
    size_t input = qr_entries(linear, m), output = qr_entries(linear, n);
    size_t fresh = memory_add(arena_cost(memory_multiply((size_t)T, (size_t)m)), square);
    size_t reverse = memory_add(memory_add(input, panel), fresh);
    size_t gradients = memory_add(output, memory_multiply(2, square));
    size_t largest = reverse > gradients ? reverse : gradients;
    double product = (double)T * (double)T;
    return (struct linear_cost){
        .tape = tape_entries(linear),
        .work = memory_add(memory_multiply(2, square), largest),
        .normals = (double)least(T, m) * n + (double)least(T, n) * m,
        .flops = product * (4.0 * n + 6.0 * m + 2.0 * T),
        .forward_normals = (double)least(T, m) * n,
        .forward_flops = product * (m + n + 0.7 * T),
    };
}
