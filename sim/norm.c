#include "sim/norm.h"

#include <math.h>

static double mean(int n, const real *x)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += x[i];
    return sum / n;
}

static double mean_product(int n, const real *x, const real *y)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum / n;
}

/* Squares may leave the range where what they are of does not. */
static double mean_square(int n, const real *x)
{
    double square = mean_product(n, x, x);
    return square >= REAL_SQUARE_MIN && square <= REAL_SQUARE_MAX ? square : real_square((size_t)n, x) / n;
}

/* y = s (x - m), s = 1/sqrt(mean((x - m)^2) + eps); m = 0 for RMSNorm, the token's mean for LayerNorm. Where even a double
 * does not hold the square, y is infinite: nothing would be left of it, which is not 0. */
static void normalise(int width, double eps, const real *x, real shift, real *y, real *scale)
{
    for (int i = 0; i < width; i++)
        y[i] = x[i] - shift;
    real s = (real)(1 / sqrt(mean_square(width, y) + eps));
    s = s == 0 ? INFINITY : s;
    for (int i = 0; i < width; i++)
        y[i] *= s;
    *scale = s;
}

/* dx = beta dx + s (dy - m - y mean(y dy)), the transpose of the above; m as there, of dy. */
static void denormalise(int width, const real *y, real s, const real *dy, real shift, double beta, real *dx)
{
    real along = (real)mean_product(width, y, dy);
    if (beta == 0)
        for (int i = 0; i < width; i++)
            dx[i] = s * (dy[i] - shift - y[i] * along);
    else
        for (int i = 0; i < width; i++)
            dx[i] = (real)beta * dx[i] + s * (dy[i] - shift - y[i] * along);
}

static void rms_forward(int tokens, int width, double eps, const real *x, real *y, real *scale)
{
    for (int t = 0; t < tokens; t++)
        normalise(width, eps, x + (size_t)t * (size_t)width, 0, y + (size_t)t * (size_t)width, &scale[t]);
}

static void rms_backward(int tokens, int width, const real *y, const real *scale, const real *dy, double beta, real *dx)
{
    for (int t = 0; t < tokens; t++) {
        size_t row = (size_t)t * (size_t)width;
        denormalise(width, y + row, scale[t], dy + row, 0, beta, dx + row);
    }
}

static void layer_forward(int tokens, int width, double eps, const real *x, real *y, real *scale)
{
    for (int t = 0; t < tokens; t++) {
        size_t row = (size_t)t * (size_t)width;
        normalise(width, eps, x + row, (real)mean(width, x + row), y + row, &scale[t]);
    }
}

static void layer_backward(int tokens, int width, const real *y, const real *scale, const real *dy, double beta,
                           real *dx)
{
    for (int t = 0; t < tokens; t++) {
        size_t row = (size_t)t * (size_t)width;
        denormalise(width, y + row, scale[t], dy + row, (real)mean(width, dy + row), beta, dx + row);
    }
}

const struct norm norms[] = {
    {"rmsnorm", "x / sqrt(mean(x^2) + eps)", false, rms_forward, rms_backward},
    {"layernorm", "(x - mean(x)) / sqrt(var(x) + eps)", true, layer_forward, layer_backward},
};
const size_t norm_count = sizeof norms / sizeof *norms;
