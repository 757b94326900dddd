#include "sim/law.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>

#include "sim/draw.h"
#include "sim/memory.h"

/* Entry number first + i of the matrix in row-major order, for the laws of independent entries. */
static size_t entry(int row, int fan_out)
{
    return (size_t)row * (size_t)fan_out;
}

static void fill_normal(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                        real *w, real *work)
{
    (void)fan_in, (void)work;
    draw_normals(stream, entry(first, fan_out), entry(count, fan_out), sigma, w);
}

/* Uniform in (0, 1) from the upper 53 bits of a word. */
static double uniform(uint64_t word)
{
    return ((double)(word >> 11) + 0.5) * 0x1p-53;
}

static void fill_uniforms(const struct stream *stream, int fan_out, int first, int count, real *w)
{
    enum { CHUNK = 256 };
    uint64_t words[CHUNK];
    size_t start = entry(first, fan_out), total = entry(count, fan_out);
    for (size_t i = 0; i < total; i += CHUNK) {
        size_t part = total - i < CHUNK ? total - i : CHUNK;
        stream_words(stream, start + i, part, words);
        for (size_t j = 0; j < part; j++)
            w[i + j] = uniform(words[j]);
    }
}

static void fill_uniform(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                         real *w, real *work)
{
    (void)fan_in, (void)work;
    double width = 2 * sqrt(3) * sigma;
    fill_uniforms(stream, fan_out, first, count, w);
    for (size_t i = 0; i < entry(count, fan_out); i++)
        w[i] = width * (w[i] - 0.5);
}

/* The normal quantile by Newton's steps on erfc from Winitzki's approximation of it: three are enough within +-2. */
static double quantile(double p)
{
    double t = log(4 * p * (1 - p)), a = 0.147, b = 2 / (M_PI * a) + t / 2;
    double z = copysign(M_SQRT2 * sqrt(sqrt(b * b - t / a) - b), p - 0.5);
    for (int step = 0; step < 3; step++)
        z -= (erfc(-z * M_SQRT1_2) / 2 - p) * sqrt(2 * M_PI) * exp(z * z / 2);
    return z;
}

/* Cut at two standard deviations of the normal law before it is widened to sigma again: what is left within them has
 * standard deviation sqrt(1 - 4 phi(2)/(2 Phi(2) - 1)) = 0.8796. */
#define TRUNCATED_SD 0.87962566103423978

static void fill_truncated(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                           real *w, real *work)
{
    (void)fan_in, (void)work;
    double tail = erfc(M_SQRT2) / 2; // Phi(-2)
    fill_uniforms(stream, fan_out, first, count, w);
    for (size_t i = 0; i < entry(count, fan_out); i++)
        w[i] = sigma / TRUNCATED_SD * quantile(tail + (1 - 2 * tail) * w[i]);
}

/* Haar: the orthogonal factor of a normal matrix with the signs of R's diagonal taken in (Mezzadri, Notices of the AMS
 * 54, 2007). The longer side's vectors are orthonormal up to the factor that gives entries their variance. */
static void fill_orthogonal(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                            real *w, real *work)
{
    (void)first, (void)count;
    int longer = fan_in > fan_out ? fan_in : fan_out, shorter = fan_in > fan_out ? fan_out : fan_in;
    real *tau = work, *sign = work + shorter, *scratch = work + 2 * (size_t)shorter;
    real *q = fan_in > fan_out ? scratch + 32 * (size_t)shorter : w; // [shorter][longer]
    draw_normals(stream, 0, entry(shorter, longer), 1, q);
    REAL_LAPACK(geqrf_work)(LAPACK_COL_MAJOR, longer, shorter, q, longer, tau, scratch, 32 * shorter);
    for (int i = 0; i < shorter; i++)
        sign[i] = copysign(sigma * sqrt(longer), q[entry(i, longer) + (size_t)i]);
    REAL_LAPACK(orgqr_work)(LAPACK_COL_MAJOR, longer, shorter, shorter, q, longer, tau, scratch, 32 * shorter);
    for (int i = 0; i < shorter; i++)
        for (int j = 0; j < longer; j++) {
            double value = sign[i] * q[entry(i, longer) + (size_t)j];
            w[fan_in > fan_out ? entry(j, fan_out) + (size_t)i : entry(i, fan_out) + (size_t)j] = value;
        }
}

static size_t orthogonal_room(int fan_in, int fan_out)
{
    size_t shorter = (size_t)(fan_in > fan_out ? fan_out : fan_in);
    size_t copy = fan_in > fan_out ? memory_multiply((size_t)fan_in, (size_t)fan_out) : 0;
    return memory_add(memory_multiply(34, shorter), copy);
}

/* A row of normals at the length that makes its entries' mean square sigma^2 is uniform on that sphere. */
static void fill_rows(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count, real *w,
                      real *work)
{
    (void)fan_in, (void)work;
    draw_normals(stream, entry(first, fan_out), entry(count, fan_out), 1, w);
    for (int i = 0; i < count; i++) {
        real *row = w + entry(i, fan_out);
        REAL_BLAS(scal)(fan_out, (real)(sigma * sqrt(fan_out)) / REAL_BLAS(nrm2)(fan_out, row, 1), row, 1);
    }
}

static void fill_columns(const struct stream *stream, int fan_in, int fan_out, double sigma, int first, int count,
                         real *w, real *work)
{
    (void)first, (void)count, (void)work;
    draw_normals(stream, 0, entry(fan_in, fan_out), 1, w);
    for (int j = 0; j < fan_out; j++)
        REAL_BLAS(scal)(fan_in, (real)(sigma * sqrt(fan_in)) / REAL_BLAS(nrm2)(fan_in, w + j, fan_out), w + j, fan_out);
}

const struct law laws[] = {
    {"normal", "N(0, sigma^2)", true, false, fill_normal, NULL},
    {"truncated", "normal, cut at two of its standard deviations, of variance sigma^2", false, false, fill_truncated,
     NULL},
    {"uniform", "uniform in +-sqrt(3) sigma", false, false, fill_uniform, NULL},
    {"orthogonal", "rows or columns orthogonal, Haar-distributed, entries of variance sigma^2", false, true,
     fill_orthogonal, orthogonal_room},
    {"rows", "an input's weights uniform on a sphere, of length sigma sqrt(m), m the outputs", false, false, fill_rows,
     NULL},
    {"columns", "an output's weights uniform on a sphere, of length sigma sqrt(n), n the inputs", false, true,
     fill_columns, NULL},
};
const size_t law_count = sizeof laws / sizeof *laws;

size_t law_work(const struct law *law, int fan_in, int fan_out)
{
    return law->room ? law->room(fan_in, fan_out) : 0;
}
