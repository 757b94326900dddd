#include "sim/spectrum.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdint.h>

/* Of a flat spectrum, as that of T = d independent tokens, 40 steps give 9 digits. */
enum { STEPS = 64 };

/* A step that adds less of the eigenvalue is the last: one sample's observables are known no better. */
static const double ENOUGH = 1e-6;

static int steps_of(int n)
{
    return n < STEPS ? n : STEPS;
}

size_t spectrum_work(int n)
{
    return memory_add(arena_doubles_cost(memory_multiply((size_t)steps_of(n) + 1, (size_t)n)),
                      2 * arena_doubles_cost((size_t)steps_of(n)));
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static void scale(int n, double factor, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] *= factor;
}

static void add(int n, double factor, const double *x, double *y)
{
    for (int i = 0; i < n; i++)
        y[i] += factor * x[i];
}

/* The largest eigenvalue of the tridiagonal matrix of diagonal a and squares b of what stands beside it, by Newton's
 * method on its characteristic polynomial, which from above, x, falls to it without a step too far. */
static double tridiagonal_largest(int n, const double *a, const double *b, double x)
{
    enum { MOST = 100 };
    for (int left = MOST; left > 0; left--) {
        double pivot = x - a[0], slope = 1, sum = slope / pivot; // p'/p of the minors
        if (!(pivot > 0))
            return x;
        for (int i = 1; i < n; i++) {
            double ratio = b[i - 1] / pivot;
            slope = 1 + ratio * slope / pivot;
            pivot = x - a[i] - ratio;
            if (!(pivot > 0)) // at the eigenvalue, but for rounding
                return x;
            sum += slope / pivot;
        }
        if (1 / sum <= 2 * DBL_EPSILON * x)
            return x - 1 / sum;
        x -= 1 / sum;
    }
    return x;
}

/* w loses its parts along the rows of basis. Once: what rounding leaves of them moves the eigenvalue by its square. */
static void orthogonalise(int count, int n, const double *basis, double *w)
{
    for (int k = 0; k < count; k++) {
        const double *row = basis + (size_t)k * (size_t)n;
        add(n, -dot(n, row, w), row, w);
    }
}

/* Between 0.5 and 1.5 and without a pattern, lest it be an eigenvector of a symmetry of the tokens. */
static void start(int n, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] = 0.5 + ((uint32_t)i + 1) * UINT32_C(2654435769) * 0x1p-32; // multiples of the golden ratio, modulo 1
}

double spectrum_largest(int n, spectrum_multiply *multiply, const void *context, double trace, struct arena work)
{
    int steps = steps_of(n);
    double *basis = arena_take_doubles(&work, ((size_t)steps + 1) * (size_t)n); // [steps + 1][n]
    double *diagonal = arena_take_doubles(&work, (size_t)steps), *squares = arena_take_doubles(&work, (size_t)steps);
    double largest = 0, before = -1; // of M over its trace, whose squares stay within double's range
    if (!(trace > 0))
        return trace;
    start(n, basis);
    for (int k = 0; k < steps && !(largest - before <= ENOUGH * largest); k++) {
        double *v = basis + (size_t)k * (size_t)n, *w = v + n, length = sqrt(dot(n, v, v));
        if (k > 0 && length <= DBL_EPSILON) // all that the start has a part in has been seen
            break;
        scale(n, 1 / length, v);
        multiply(context, v, w);
        scale(n, 1 / trace, w);
        before = largest;
        diagonal[k] = largest = dot(n, v, w);
        orthogonalise(k + 1, n, basis, w);
        if (k > 0) {
            squares[k - 1] = length * length;
            largest = tridiagonal_largest(k + 1, diagonal, squares, fmax(before, largest) + length);
        }
    }
    return trace * largest;
}

struct matrix {
    int n;
    const double *entries; // [n][n]
};

static void multiply_matrix(const void *context, const double *x, double *y)
{
    enum { SMALL = 32 }; // below it a call of the library costs more than the product
    const struct matrix *matrix = context;
    int n = matrix->n;
    if (n > SMALL)
        cblas_dsymv(CblasRowMajor, CblasLower, n, 1, matrix->entries, n, x, 1, 0, y, 1);
    else
        for (int i = 0; i < n; i++)
            y[i] = dot(n, matrix->entries + (size_t)i * (size_t)n, x);
}

double spectrum_largest_of(int n, const double *matrix, struct arena work)
{
    double trace = 0;
    for (int i = 0; i < n; i++)
        trace += matrix[(size_t)i * (size_t)n + (size_t)i];
    return spectrum_largest(n, multiply_matrix, &(struct matrix){n, matrix}, trace, work);
}
