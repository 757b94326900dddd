#include "sim/spectrum.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Of a flat spectrum, as that of T = d independent tokens, 40 steps give 9 digits. The eigenvalue is looked at after every
 * few, for in a small matrix it takes longer than a step. */
enum { STEPS = 64, EVERY = 4 };

/* Where a step would add less of the eigenvalue it is not taken: one sample's observables are known no better. */
static const double ENOUGH = 1e-6;

static int steps_of(int n)
{
    return n < STEPS ? n : STEPS;
}

size_t spectrum_work(int n)
{
    return 3 * arena_doubles_cost((size_t)n) + 2 * arena_doubles_cost((size_t)steps_of(n));
}

/* Lanes are added up in pairs, which takes short vectors less time than the reduction of a pragma. */
static double dot(int n, const double *a, const double *b)
{
    enum { LANES = 8 };
    double lanes[LANES] = {0}, rest = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++)
            lanes[lane] += a[i + lane] * b[i + lane];
    for (; i < n; i++)
        rest += a[i] * b[i];
    return rest + ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
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

/* The largest eigenvalue of the tridiagonal matrix of diagonal a and squares b of what stands beside it, by Laguerre's
 * method on its characteristic polynomial, whose roots are real: from above, x, it falls to the largest by third powers of
 * the distance and without a step too far. `last` is the square of its unit eigenvector's last entry. */
static double tridiagonal_largest(int n, const double *a, const double *b, double x, double *last)
{
    enum { MOST = 100 };
    *last = 1;
    for (int left = MOST; left > 0; left--) {
        /* Of the ratios of successive minors: inverse, and first and second derivative over the ratio itself. */
        double inverse = 1 / (x - a[0]), slope = 1, first = inverse, second = 0, sum = first, squares = first * first;
        if (!(inverse > 0))
            return x;
        for (int i = 1; i < n; i++) {
            double ratio = b[i - 1] * inverse;
            double bend = ratio * (second - 2 * first * first);
            slope = 1 + ratio * first;
            inverse = 1 / (x - a[i] - ratio);
            if (!(inverse > 0)) // at the eigenvalue, but for rounding
                return x;
            first = slope * inverse;
            second = bend * inverse;
            sum += first;
            squares += first * first - second;
        }
        double step = n / (sum + sqrt(fmax((n - 1) * (n * squares - sum * sum), 0)));
        x -= step;
        *last = 1 / slope;
        if (step <= 1e-7 * x) // whose third power is lost in rounding
            return x;
    }
    return x;
}

/* Between 0.5 and 1.5 and without a pattern, lest it be an eigenvector of a symmetry of the tokens. */
static void start(int n, double *x)
{
    for (int i = 0; i < n; i++)
        x[i] = 0.5 + ((uint32_t)i + 1) * UINT32_C(2654435769) * 0x1p-32; // multiples of the golden ratio, modulo 1
}

/* Of Lanczos' vectors only the last two are kept: orthogonality is lost in the direction of eigenvectors that are found, and
 * takes nothing from the largest eigenvalue (Paige, 1980). */
struct lanczos {
    int n;
    double *before, *v, *w;     // [n]
    double *diagonal, *squares; // [steps], of the tridiagonal matrix
    double length, bound; // the last of what stands beside the diagonal; no eigenvalue is larger (Gershgorin), or NaN
};

static struct lanczos lanczos_of(int n, struct arena *work)
{
    size_t size = (size_t)n, steps = (size_t)steps_of(n);
    struct lanczos self = {.n = n,
                           .before = arena_take_doubles(work, size),
                           .v = arena_take_doubles(work, size),
                           .w = arena_take_doubles(work, size),
                           .diagonal = arena_take_doubles(work, steps),
                           .squares = arena_take_doubles(work, steps)};
    start(n, self.v);
    scale(n, 1 / sqrt(dot(n, self.v, self.v)), self.v);
    return self;
}

/* w = M v / trace less its parts along v and the vector before; row k of the matrix. */
static void lanczos_step(struct lanczos *self, int k, spectrum_multiply *multiply, const void *context, double trace)
{
    multiply(context, self->v, self->w);
    scale(self->n, 1 / trace, self->w); // whose squares then stay within double's range
    double along = dot(self->n, self->v, self->w), beside = self->length;
    add(self->n, -along, self->v, self->w);
    if (k > 0)
        add(self->n, -beside, self->before, self->w);
    self->diagonal[k] = along;
    self->squares[k] = dot(self->n, self->w, self->w);
    self->length = sqrt(self->squares[k]);
    double row = along + beside + self->length;
    self->bound = row <= self->bound ? self->bound : row;
}

static void lanczos_turn(struct lanczos *self)
{
    double *free = self->before;
    scale(self->n, 1 / self->length, self->w);
    self->before = self->v;
    self->v = self->w;
    self->w = free;
}

double spectrum_largest(int n, spectrum_multiply *multiply, const void *context, double trace, struct arena work)
{
    if (!(trace > 0))
        return trace;
    struct lanczos self = lanczos_of(n, &work);
    for (int k = 0;; k++, lanczos_turn(&self)) {
        lanczos_step(&self, k, multiply, context, trace);
        bool seen = self.squares[k] <= DBL_EPSILON; // all that the start has a part in
        bool end = seen || k + 1 == steps_of(n);
        if (!end && (k + 1) % EVERY != 0)
            continue;
        double last, largest = tridiagonal_largest(k + 1, self.diagonal, self.squares, self.bound, &last);
        double more = self.squares[k] * last / (largest - self.diagonal[k]); // to second order, by another step
        if (end || more <= ENOUGH * largest)
            return trace * largest;
    }
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
