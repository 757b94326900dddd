/* The conditioned engine against the machine: seconds a sample over what its normals and operations would take at the
 * best rates of stream_normals and of dgemm, measured in the same run; how the time grows with width, tokens and depth,
 * with fitted exponents; two samples on two threads; and the panel kernels against dgemm. All on one thread but the
 * two. The repetitions of rates and samples alternate, so that a busy machine slows all alike; ratios are of the
 * minima. */
#include <cblas.h>
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/panel.h"
#include "sim/sampler.h"
#include "sim/setting.h"

/* Time that this process had the processor, except where two threads are compared with one. */
static clockid_t clock_used = CLOCK_PROCESS_CPUTIME_ID;

static double seconds(void)
{
    struct timespec now;
    clock_gettime(clock_used, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

static void fail(const struct error *error)
{
    fprintf(stderr, "%s\n", error->text);
    exit(EXIT_FAILURE);
}

/* Samples of one model, all at once. */
struct subject {
    struct model model;
    struct sampler sampler;
    int samples;
};

static void subject_init(struct subject *subject, const char *text, int threads)
{
    struct error error = {0};
    subject->samples = threads;
    model_defaults(&subject->model);
    if (setting_apply_all(&subject->model, text, &error) != ERROR_NONE ||
        model_check(&subject->model, &error) != ERROR_NONE ||
        sampler_init(&subject->sampler, &subject->model, linear_engine_find("conditioned"), false, threads,
                     (size_t)3 << 30, &error) != ERROR_NONE)
        fail(&error);
}

static void subject_free(struct subject *subject)
{
    sampler_free(&subject->sampler);
    model_free(&subject->model);
}

static double subject_time(struct subject *subject)
{
    struct error error = {0};
    double start = seconds();
    if (sampler_run(&subject->sampler, 1, 0, (uint64_t)subject->samples, NULL, discard, NULL, &error) != ERROR_NONE)
        fail(&error);
    return seconds() - start;
}

/* The machine's rates. */

enum { NORMALS = 1 << 14, SQUARE = 384 };

static double *buffers[3]; // [SQUARE][SQUARE]

static void draw(void)
{
    struct stream stream = stream_open(&(struct stream_address){.seed = 1});
    stream_normals(&stream, 0, NORMALS, 1, buffers[0]);
}

static void multiply(void)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, SQUARE, SQUARE, SQUARE, 1, buffers[0], SQUARE, buffers[1],
                SQUARE, 0, buffers[2], SQUARE);
}

static double least_time(double best, void (*work)(void))
{
    double start = seconds();
    work();
    return fmin(best, seconds() - start);
}

enum { REPETITIONS = 7 };

static void bench_ratio(void)
{
    static const char *const rows[] = {
        "placement=spannorm init=scaleinit layers=16 width=2048 heads=16 tokens=32",
        "placement=spannorm init=scaleinit layers=16 width=2048 heads=16 tokens=16",
        "placement=prenorm init=unit layers=16 width=1024 heads=8 tokens=64 activation=identity",
        "placement=prenorm init=unit layers=4 width=16384 heads=128 tokens=8 mask=causal",
        "placement=spannorm init=scaleinit layers=16 width=2048 heads=16 tokens=32 single=1",
    };
    printf("%-72s %8s %10s %10s %10s %8s %7s\n", "one sample on one thread", "seconds", "normals/s", "GFLOP/s", "best",
           "best", "ratio");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct subject subject;
        subject_init(&subject, rows[i], 1);
        struct linear_cost cost = stack_sample_cost(&subject.sampler.stack);
        double best = INFINITY, normal = INFINITY, product = INFINITY;
        subject_time(&subject);
        for (int r = 0; r < REPETITIONS; r++) {
            best = fmin(best, subject_time(&subject));
            for (int k = 0; k < 10; k++) {
                normal = least_time(normal, draw);
                product = least_time(product, multiply);
            }
        }
        double normal_rate = NORMALS / normal, flop_rate = 2.0 * SQUARE * SQUARE * SQUARE / product;
        double ideal = cost.normals / normal_rate + cost.flops / flop_rate;
        printf("%-72s %8.3f %10.3g %10.1f %10.3g %8.1f %7.2f\n", rows[i] + 10, best, cost.normals / best,
               cost.flops / best / 1e9, normal_rate, flop_rate / 1e9, best / ideal);
        subject_free(&subject);
    }
}

/* Time against one setting, the others fixed; the exponent is that of the last few points, where the term that grows
 * fastest has come out. */
static void bench_growth(const char *setting, const char *others, const int values[], int count, double expected)
{
    enum { POINTS = 12, FITTED = 4 };
    double x[POINTS], y[POINTS], intercept, slope, v00, v01, v11, squares;
    printf("\n%-12s %s\n", setting, others);
    for (int i = 0; i < count; i++) {
        char text[256];
        struct subject subject;
        snprintf(text, sizeof text, "%s %s=%d", others, setting, values[i]);
        subject_init(&subject, text, 1);
        double best = INFINITY, spent = 0;
        subject_time(&subject);
        for (int r = 0; r < 20 && (r < 2 || spent < 0.5); r++) {
            double one = subject_time(&subject);
            best = fmin(best, one);
            spent += one;
        }
        subject_free(&subject);
        printf("%12d %12.6f s\n", values[i], best);
        x[i] = log(values[i]);
        y[i] = log(best);
    }
    int first = count > FITTED ? count - FITTED : 0;
    gsl_fit_linear(x + first, 1, y + first, 1, (size_t)(count - first), &intercept, &slope, &v00, &v01, &v11, &squares);
    printf("%12s %12.2f     of the last %d; %g by the count of operations\n", "exponent", slope, count - first,
           expected);
}

static void bench_threads(void)
{
    static const char text[] = "placement=spannorm init=scaleinit layers=8 width=2048 heads=16 tokens=32";
    struct subject one, two;
    subject_init(&one, text, 1);
    subject_init(&two, text, 2);
    double alone = INFINITY, both = INFINITY;
    clock_used = CLOCK_MONOTONIC;
    for (int r = 0; r < REPETITIONS; r++) {
        alone = fmin(alone, subject_time(&one));
        both = fmin(both, subject_time(&two));
    }
    clock_used = CLOCK_PROCESS_CPUTIME_ID;
    printf("\ntwo samples on two threads: %.2f times the rate of one on one\n", 2 * alone / both);
    subject_free(&one);
    subject_free(&two);
}

/* The kernels of sim/panel on the shapes of a sample, and dgemm on the same. */

enum { COLUMNS = 2048, ROWS_MAX = 64 };
static int rows;
static double *wide[2], *square; // [ROWS_MAX][COLUMNS], [ROWS_MAX][ROWS_MAX]

static void multiply_panel(void)
{
    panel_multiply(rows, rows, COLUMNS, square, rows, false, wide[0], COLUMNS, 0, wide[1], COLUMNS);
}

static void multiply_blas(void)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, COLUMNS, rows, 1, square, rows, wide[0], COLUMNS, 0,
                wide[1], COLUMNS);
}

static void project_panel(void)
{
    panel_inner(rows, rows, COLUMNS, wide[0], COLUMNS, wide[1], COLUMNS, 0, square, rows);
}

static void project_blas(void)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, rows, COLUMNS, 1, wide[0], COLUMNS, wide[1], COLUMNS, 0,
                square, rows);
}

static void bench_kernels(void)
{
    static void (*const work[])(void) = {multiply_panel, multiply_blas, project_panel, project_blas};
    printf("\n%-12s %14s %14s %14s %14s\n", "GFLOP/s", "T T x n", "dgemm", "T n x T", "dgemm");
    for (rows = 4; rows <= ROWS_MAX; rows *= 2) {
        double best[4] = {INFINITY, INFINITY, INFINITY, INFINITY};
        for (int r = 0; r < 50; r++)
            for (int w = 0; w < 4; w++)
                best[w] = least_time(best[w], work[w]);
        printf("T = %-8d", rows);
        for (int w = 0; w < 4; w++)
            printf(" %14.1f", 2.0 * rows * rows * COLUMNS / best[w] / 1e9);
        printf("\n");
    }
}

static double *filled(size_t count)
{
    double *a = memory_doubles(count);
    if (!a)
        exit(EXIT_FAILURE);
    for (size_t i = 0; i < count; i++)
        a[i] = 1e-3;
    return a;
}

int main(void)
{
    static const int widths[] = {256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536};
    static const int tokens[] = {8, 16, 32, 64, 128, 256}, depths[] = {8, 32, 128, 512, 1024, 2048, 4096};
    for (int i = 0; i < 3; i++)
        buffers[i] = filled((size_t)SQUARE * SQUARE);
    for (int i = 0; i < 2; i++)
        wide[i] = filled((size_t)ROWS_MAX * COLUMNS);
    square = filled((size_t)ROWS_MAX * ROWS_MAX);
    openblas_set_num_threads(1);
    bench_ratio();
    bench_growth("width", "placement=spannorm init=scaleinit layers=2 heads=16 tokens=16", widths, 9, 1);
    bench_growth("tokens", "placement=spannorm init=scaleinit layers=2 width=2048 heads=16", tokens, 6, 2);
    bench_growth("layers", "placement=spannorm init=scaleinit width=64 heads=4 tokens=8", depths, 7, 1);
    bench_threads();
    bench_kernels();
    return EXIT_SUCCESS;
}
