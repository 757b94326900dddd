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

/* A panel's numbers at any rank up to `rows`; grows with rows, so that what fits all tokens fits an expert's few. */
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
static void panels_draw(const struct panels *panels, real *z)
{
    uint64_t rank = (uint64_t)panels->rank;
    stream_normals(&panels->stream, rank * (uint64_t)panels->first, rank * (size_t)panels->count, panels->sigma, z);
}

/* What the forward pass leaves, by its places on the tape: the Gram of x for the weight gradients, and R^-T where that
 * is well conditioned. */
struct tape {
    size_t householder; // [1], 0 or 1
    size_t gram;        // [T][T]
    size_t inverse;     // [T][T], with orthonormal rows inverse x
};

static size_t tape_entries(const struct linear *linear)
{
    return memory_add(arena_cost(1), memory_multiply(2, arena_cost(square_entries(linear))));
}

static struct tape tape_places(const struct linear *linear)
{
    return (struct tape){0, arena_cost(1), arena_cost(1) + arena_cost(square_entries(linear))};
}

bool conditioned_cholesky(int rows, const real *gram, real *lower, real *inverse)
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

/* Rows to be factored: those of x, or of the cotangents side by side, each times its sigma. */
struct rows {
    int count;
    const real *const *part;      // [count] of [T][columns of it]
    const struct linear_map *map; /* [count], the cotangents'; NULL for x */
    int fan_in;                   /* columns of x */
};

static int columns_of(const struct rows *rows, int part)
{
    return rows->map ? rows->map[part].fan_out : rows->fan_in;
}

static struct rows rows_of_input(const struct linear *linear, const real *const x[1])
{
    return (struct rows){1, x, NULL, linear->fan_in};
}

static struct rows rows_of_output(const struct linear *linear, const real *const dy[])
{
    return (struct rows){linear->count, dy, linear->map, 0};
}

/* Row number n of a becomes row order[n]. */
static void rows_copy(const struct rows *rows, int T, const int order[], real *a)
{
    for (int n = 0; n < T; n++)
        for (int i = 0; i < rows->count; i++) {
            size_t columns = (size_t)columns_of(rows, i);
            const real *row = rows->part[i] + (size_t)order[n] * columns;
            double factor = rows->map ? rows->map[i].sigma : 1;
            for (size_t c = 0; c < columns; c++)
                *a++ = factor * row[c];
        }
}

/* Which token brings a direction of its own, and in what order. In a QR in the tokens' order a token that depends on
 * those before it leaves a residual of rounding, whose direction any change of rounding turns; later tokens use it and
 * a whole sample changes. So tokens are taken by the size of their residual relative to themselves, in levels of 2^10:
 * first, in their order, all that keep 2^-10, then those of the rest that keep 2^-20, and so on. What is left of tokens
 * when a level is done is below it, so that the error of the next level's directions, at most 2^10 larger, counts that
 * much less. Levels are far apart, unlike the residuals' own order, which rounding decides where tokens are equally
 * long, as behind every norm. What keeps less than 2^-40 is dropped: a relative error of 1e-12, of the order of
 * rounding in the deepest stacks. */
enum { LEVEL_BITS = 10, LEVELS = 4 };

static bool keeps_level(double residual, double norm, int level)
{
    return norm != 0 && !(residual < ldexp(norm, -LEVEL_BITS * (level + 1))); // NaN is kept, and seen
}

/* a [T][stride], the first `length` of each row: rows that are taken stay as they are, of unit length; all others lose
 * their parts along them. Fills order [T], what is dropped last; returns how many are not. */
static int take_by_levels(int T, int length, size_t stride, real *a, int order[])
{
    double norm[T];
    bool taken[T];
    int rank = 0, last = T;
    for (int t = 0; t < T; t++) {
        norm[t] = cblas_dnrm2(length, a + (size_t)t * stride, 1);
        taken[t] = false;
    }
    for (int level = 0; level < LEVELS; level++)
        for (int t = 0; t < T && rank < length; t++) {
            real *row = a + (size_t)t * stride, residual = cblas_dnrm2(length, row, 1);
            if (taken[t] || !keeps_level(residual, norm[t], level))
                continue;
            order[rank++] = t;
            taken[t] = true;
            cblas_dscal(length, 1 / residual, row, 1);
            for (int s = 0; s < T; s++)
                if (!taken[s])
                    cblas_daxpy(length, -cblas_ddot(length, row, 1, a + (size_t)s * stride, 1), row, 1,
                                a + (size_t)s * stride, 1);
        }
    for (int t = T - 1; t >= 0; t--)
        if (!taken[t])
            order[--last] = t;
    return rank;
}

/* From R of the tokens in their own order, which a holds by columns and loses. */
static int choose_order(int T, int columns, real *a, int order[])
{
    int length = least(T, columns);
    bool keeps = true;
    for (int t = 0; t < T; t++) {
        real *column = a + (size_t)t * (size_t)columns;
        order[t] = t;
        if (t < length) {
            memset(column + t + 1, 0, (size_t)(length - t - 1) * sizeof *column);
            keeps = keeps && keeps_level(fabs(column[t]), cblas_dnrm2(t + 1, column, 1), 0);
        }
    }
    return keeps ? length : take_by_levels(T, length, (size_t)columns, a, order);
}

enum { QR_BLOCK = 32 };

/* Doubles that T ints take. */
static size_t order_entries(int T)
{
    return ((size_t)T * sizeof(int) + sizeof(real) - 1) / sizeof(real);
}

static size_t qr_entries(const struct linear *linear, int columns)
{
    size_t T = (size_t)linear->rows, entries = arena_cost(memory_multiply(T, (size_t)columns));
    return memory_add(memory_add(entries, arena_cost(memory_multiply(QR_BLOCK + 1, T))),
                      arena_cost(order_entries(linear->rows)));
}

/* A factor of the Gram of rows: lower [T][T], of which the first `rank` columns are not 0. */
struct factor {
    int rank;
    bool triangular; // entry (t, j) is 0 for j > t
};

static bool ascends(int rank, const int order[])
{
    for (int j = 1; j < rank; j++)
        if (order[j] < order[j - 1])
            return false;
    return true;
}

/* a, by columns, holds R of the tokens in this order. Its diagonal is made positive, as that of a Cholesky factor is. In
 * ascending order a token has no part along what is taken behind it, but for what was dropped. */
static struct factor lower_of(int T, int columns, const real *a, int rank, const int order[], real *lower)
{
    struct factor factor = {rank, ascends(rank, order)};
    memset(lower, 0, (size_t)T * (size_t)T * sizeof *lower);
    for (int n = 0; n < T; n++)
        for (int j = 0; j < rank && j <= n; j++) {
            bool negative = a[(size_t)j * (size_t)columns + (size_t)j] < 0;
            double entry = a[(size_t)n * (size_t)columns + (size_t)j];
            if (!factor.triangular || order[j] <= order[n])
                lower[order[n] * T + j] = negative ? -entry : entry;
        }
    return factor;
}

/* The rows of Q^T, [rank][columns], in place of R. */
static void basis_of(int columns, int rank, real *a, const real *tau, real *work, int size)
{
    bool negative[rank + 1];
    for (int j = 0; j < rank; j++)
        negative[j] = a[(size_t)j * (size_t)columns + (size_t)j] < 0;
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, columns, rank, rank, a, columns, tau, work, size);
    for (int j = 0; j < rank; j++)
        if (negative[j])
            cblas_dscal(columns, -1, a + (size_t)j * (size_t)columns, 1);
}

/* Householder QR of the rows' transpose, rows and columns in turned roles for LAPACK: lower becomes R^T and a, of
 * qr_entries, the rows of Q^T where each is asked for, which is not NULL. Returns the rank. */
static struct factor householder(int T, const struct rows *rows, real *lower, real **basis, struct arena *work)
{
    int columns = 0, *order = (void *)arena_take(work, order_entries(T));
    for (int i = 0; i < rows->count; i++)
        columns += columns_of(rows, i);
    real *a = arena_take(work, (size_t)T * (size_t)columns);
    real *tau = arena_take(work, (QR_BLOCK + 1) * (size_t)T), *scratch = tau + T;
    for (int t = 0; t < T; t++)
        order[t] = t;
    rows_copy(rows, T, order, a);
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, columns, T, a, columns, tau, scratch, QR_BLOCK * T);
    int rank = choose_order(T, columns, a, order);
    rows_copy(rows, T, order, a);
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, columns, T, a, columns, tau, scratch, QR_BLOCK * T);
    struct factor factor = {rank, true};
    if (lower)
        factor = lower_of(T, columns, a, rank, order, lower);
    if (basis) {
        basis_of(columns, rank, a, tau, scratch, QR_BLOCK * T);
        *basis = a;
    }
    return factor;
}

/* Fills lower with a factor of x x^T. */
static struct factor factor_input(const struct linear *linear, const real *x, real *tape, real *lower,
                                  struct arena work)
{
    int T = linear->rows, m = linear->fan_in;
    struct tape t = tape_places(linear);
    panel_gram(T, m, x, tape + t.gram);
    bool cholesky = T <= m && conditioned_cholesky(T, tape + t.gram, lower, tape + t.inverse);
    tape[t.householder] = !cholesky;
    if (cholesky)
        return (struct factor){T, true};
    struct rows rows = rows_of_input(linear, &x);
    return householder(T, &rows, lower, NULL, &work);
}

void conditioned_forward(const struct linear_engine *self, const struct linear *linear, const real *x, real *const y[],
                         real *tape, struct arena work)
{
    (void)self;
    int T = linear->rows;
    real *lower = arena_take(&work, square_entries(linear)), *z = arena_take(&work, panel_entries(T));
    struct factor factor = factor_input(linear, x, tape, lower, work);
    for (int i = 0; i < linear->count; i++)
        for (struct panels p = panels_of_map(linear, i, factor.rank); panels_next(&p);) {
            panels_draw(&p, z);
            panel_multiply(T, factor.rank, p.count, lower, T, factor.triangular, z, p.count, 0, y[i] + p.first,
                           p.columns);
        }
}

/* Adds the squares of the weight gradients and fills lower with a factor of sum_i sigma_i^2 dy_i dy_i^T. */
static struct factor factor_output(const struct linear *linear, const real *gram, const real *const dy[],
                                   double squares[], real *lower, struct arena work)
{
    int T = linear->rows, columns = fan_out_sum(linear);
    size_t entries = square_entries(linear);
    real *own = arena_take(&work, entries), *sum = arena_take(&work, entries);
    memset(sum, 0, entries * sizeof *sum);
    for (int i = 0; i < linear->count; i++) {
        panel_gram(T, linear->map[i].fan_out, dy[i], own);
        squares[i] += linear_gradient_square(T, gram, own);
        cblas_daxpy((int)entries, linear->map[i].sigma * linear->map[i].sigma, own, 1, sum, 1);
    }
    if (T <= columns && conditioned_cholesky(T, sum, lower, own))
        return (struct factor){T, true};
    struct rows rows = rows_of_output(linear, dy);
    return householder(T, &rows, lower, NULL, &work);
}

/* c = sum_i dy_i Z_i^T with the Z of the forward pass, drawn again. */
static void project_again(const struct linear *linear, const real *const dy[], int rank, real *c, real *z)
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
static void combine(const struct linear *linear, const real *basis, int rank, const real *inverse, real *c,
                    const real *lower, struct factor output, double beta, real *dx, struct arena work)
{
    int T = linear->rows, m = linear->fan_in, fresh_rank = output.rank;
    real *fresh = arena_take(&work, (size_t)T * (size_t)m), *inner = arena_take(&work, square_entries(linear));
    const struct panels all = panels_open(linear, 0, STREAM_REVERSE, 1, fresh_rank, m);
    for (struct panels p = all; panels_next(&p);) {
        real *z = fresh + (size_t)fresh_rank * (size_t)p.first;
        panels_draw(&p, z);
        panel_inner(fresh_rank, rank, p.count, z, p.count, basis + p.first, m, p.first > 0, inner, T);
    }
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, rank, fresh_rank, -1, lower, T, inner, T, 1, c, T);
    if (inverse) {
        cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, T, T, 1, inverse, T, c, T);
        cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, T, T, 1, inverse, T, c, T);
    }
    for (struct panels p = all; panels_next(&p);) {
        const real *z = fresh + (size_t)fresh_rank * (size_t)p.first;
        panel_multiply(T, rank, p.count, c, T, false, basis + p.first, m, beta, dx + p.first, m);
        panel_multiply(T, fresh_rank, p.count, lower, T, output.triangular, z, p.count, 1, dx + p.first, m);
    }
}

void conditioned_backward(const struct linear_engine *self, const struct linear *linear, const real *x,
                          const real *const y[], const real *const dy[], double beta, real *dx, double squares[],
                          const real *tape, struct arena work)
{
    (void)self;
    int T = linear->rows;
    const struct tape t = tape_places(linear);
    real *lower = arena_take(&work, square_entries(linear)), *c = arena_take(&work, square_entries(linear));
    struct factor output = factor_output(linear, tape + t.gram, dy, squares, lower, work);
    if (tape[t.householder] == 0) {
        /* Z = inverse y */
        for (int i = 0; i < linear->count; i++) {
            int n = linear->map[i].fan_out;
            panel_inner(T, T, n, dy[i], n, y[i], n, i > 0, c, T);
        }
        combine(linear, x, T, tape + t.inverse, c, lower, output, beta, dx, work);
        return;
    }
    struct rows rows = rows_of_input(linear, &x);
    real *basis = NULL;
    struct factor input = householder(T, &rows, NULL, &basis, &work);
    project_again(linear, dy, input.rank, c, arena_take(&work, panel_entries(T)));
    combine(linear, basis, input.rank, NULL, c, lower, output, beta, dx, work);
}

/* Of a Gram of T rows of n entries and its inverse, in units of T^2; where T > n, of two QR of the rows. */
static double factor_flops(int T, int n)
{
    return T <= n ? T : 4.0 * n * n / T;
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
        .flops = product * (4.0 * n + 6.0 * m + factor_flops(T, m) + factor_flops(T, n)),
        .forward_normals = (double)least(T, m) * n,
        .forward_flops = product * (m + n + 0.7 * factor_flops(T, m)),
    };
}
