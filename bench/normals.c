/* Nanoseconds a normal: stream_normals against GSL's ziggurat on mt19937, in one run. The repetitions of all rows
 * alternate, so that a busy machine slows all alike; the ratio is of the minima. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <gsl/gsl_randist.h>

#include "sim/stream.h"

enum { REPETITIONS = 31, CHUNK = 1 << 15, LARGE = 1 << 23, SMALL = 100 };

static struct stream stream;
static gsl_rng *generator;
static double *numbers; // [LARGE]

static void in_cache(void)
{
    for (uint64_t first = 0; first < LARGE; first += CHUNK)
        stream_normals(&stream, first, CHUNK, 1.37, numbers);
}

static void in_memory(void)
{
    stream_normals(&stream, 0, LARGE, 1.37, numbers);
}

/* Odd starts: each call draws two partial groups and a whole one at most. */
static void in_pieces(void)
{
    for (uint64_t first = 7; first + SMALL < LARGE; first += SMALL)
        stream_normals(&stream, first, SMALL, 1.37, numbers);
}

static void ziggurat(void)
{
    for (int i = 0; i < LARGE; ++i)
        numbers[i % CHUNK] = gsl_ran_gaussian_ziggurat(generator, 1.37);
}

static const struct {
    const char *name;
    void (*draw)(void);
} rows[] = {
    {"stream_normals, 32768 at a time", in_cache},
    {"stream_normals, 64 MB at once", in_memory},
    {"stream_normals, 100 at a time", in_pieces},
    {"gsl_ran_gaussian_ziggurat, mt19937", ziggurat},
};
enum { ROWS = sizeof rows / sizeof *rows };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(void)
{
    static double spent[ROWS][REPETITIONS];
    stream = stream_open(&(struct stream_address){.seed = 1, .role = STREAM_WEIGHT});
    generator = gsl_rng_alloc(gsl_rng_mt19937);
    numbers = malloc(sizeof(double[LARGE]));
    if (numbers == NULL || generator == NULL)
        return EXIT_FAILURE;
    in_memory(); /* the pages are there before the clock runs */
    for (int r = 0; r < REPETITIONS; ++r)
        for (int row = 0; row < ROWS; ++row) {
            const double start = seconds();
            rows[row].draw();
            spent[row][r] = (seconds() - start) / LARGE * 1e9;
        }
    for (int row = 0; row < ROWS; ++row)
        qsort(spent[row], REPETITIONS, sizeof **spent, ascending);
    printf("%-36s %10s %10s %10s\n", "ns a normal", "minimum", "median", "ratio");
    for (int row = 0; row < ROWS; ++row)
        printf("%-36s %10.2f %10.2f %10.1f\n", rows[row].name, spent[row][0], spent[row][REPETITIONS / 2],
               spent[ROWS - 1][0] / spent[row][0]);
    free(numbers);
    gsl_rng_free(generator);
    return EXIT_SUCCESS;
}
