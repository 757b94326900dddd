#include "analysis/limit/gram.h"

#include <cblas.h>
#include <float.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

size_t gram_size(struct gram_space space)
{
    return space.exchangeable ? 2 : (size_t)space.tokens * (size_t)space.tokens;
}

int gram_rows(struct gram_space space)
{
    return space.exchangeable ? 1 : space.tokens;
}

double gram_diagonal(struct gram_space space, const double *g, int row)
{
    return space.exchangeable ? g[0] + g[1] : g[(size_t)row * (size_t)space.tokens + (size_t)row];
}

void gram_add_outer(struct gram_space space, const double *c, const double *g, double *out)
{
    if (space.exchangeable) {
        gram_add(space, c[0] * c[0], g, out);
        return;
    }
    size_t T = (size_t)space.tokens;
    for (size_t i = 0; i < T; i++)
        for (size_t j = 0; j < T; j++)
            out[i * T + j] += c[i] * c[j] * g[i * T + j];
}

void gram_add(struct gram_space space, double factor, const double *g, double *out)
{
    size_t size = gram_size(space);
    for (size_t i = 0; i < size; i++)
        out[i] += factor * g[i];
}

/* (s + h)(s' + h') - h h' = s (s' + h') + h s', without cancellation. */
void gram_multiply(struct gram_space space, const double *a, const double *b, double *out)
{
    if (space.exchangeable) {
        double specific = a[0] * (b[0] + b[1]) + a[1] * b[0], shared = a[1] * b[1];
        out[0] = specific;
        out[1] = shared;
        return;
    }
    size_t size = gram_size(space);
    for (size_t i = 0; i < size; i++)
        out[i] = a[i] * b[i];
}

double gram_dot(struct gram_space space, const double *a, const double *b)
{
    double T = space.tokens, sum = 0;
    if (space.exchangeable)
        return T * ((a[0] + a[1]) * (b[0] + b[1]) + (T - 1) * a[1] * b[1]);
    size_t size = gram_size(space);
    for (size_t i = 0; i < size; i++)
        sum += a[i] * b[i];
    return sum;
}

static double row_dot(const double *restrict a, const double *restrict b, size_t count)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t k = 0; k < count; k++)
        sum += a[k] * b[k];
    return sum;
}

/* Columns first .. last of the factor, those before them having been taken off the rows of c from first on. */
static void factor_panel(size_t T, size_t first, size_t last, const double *g, double *c)
{
    for (size_t j = first; j < last; j++) {
        double *cj = c + j * T, pivot = cj[j];
        pivot -= row_dot(cj + first, cj + first, j - first);
        bool rounding = !(pivot > (double)T * DBL_EPSILON * g[j * T + j]);
        double root = rounding ? 0 : sqrt(pivot);
        cj[j] = root;
        for (size_t i = j + 1; i < T; i++) {
            double sum = c[i * T + j] - row_dot(c + i * T + first, cj + first, j - first);
            c[i * T + j] = rounding ? 0 : sum / root;
        }
    }
}

/* By panels of columns: what comes before one is taken off by a product. */
void gram_factor(int tokens, const double *g, double *c)
{
    enum { PANEL = 32 };
    size_t T = (size_t)tokens;
    for (size_t i = 0; i < T; i++) {
        memcpy(c + i * T, g + i * T, (i + 1) * sizeof *c);
        memset(c + i * T + i + 1, 0, (T - i - 1) * sizeof *c);
    }
    for (size_t first = 0; first < T; first += PANEL) {
        size_t last = first + PANEL < T ? first + PANEL : T;
        if (first > 0)
            cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)(T - first), (int)(last - first), (int)first, -1,
                        c + first * T, tokens, c + first * T, tokens, 1, c + first * T + first, tokens);
        factor_panel(T, first, last, g, c);
        for (size_t i = first; i < last; i++)
            memset(c + i * T + i + 1, 0, (last - i - 1) * sizeof *c);
    }
}

/* Reflections leave the sign of a row of Q and of its column of R open, and choose it by an entry that may pass through 0:
 * where R's diagonal is not below 0 both are smooth in x, and so is what draws make of them. */
static void set_signs(size_t rows, size_t columns, double *q, double *c)
{
    for (size_t i = 0; i < rows; i++) {
        if (!(c[i * rows + i] < 0))
            continue;
        cblas_dscal((int)columns, -1, q + i * columns, 1);
        cblas_dscal((int)(rows - i), -1, c + i * rows + i, (int)rows);
    }
}

/* x^T = Q R by columns: c = R^T. */
void gram_orthonormal(int rows, int columns, double *x, double *c, struct pool *work)
{
    enum { PANEL = 32 };
    size_t T = (size_t)rows;
    struct pool_mark mark = pool_mark(work);
    double *tau = pool_take(work, T), *scratch = pool_take(work, PANEL * T);
    LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, columns, rows, x, columns, tau, scratch, PANEL * rows);
    for (size_t i = 0; i < T; i++) {
        memcpy(c + i * T, x + i * (size_t)columns, (i + 1) * sizeof *c);
        memset(c + i * T + i + 1, 0, (T - i - 1) * sizeof *c);
    }
    LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, columns, rows, rows, x, columns, tau, scratch, PANEL * rows);
    set_signs(T, (size_t)columns, x, c);
    pool_release(work, mark);
}
