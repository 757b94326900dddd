/* What SpanNorm costs beside PreNorm: the time of a sample, forward and in reverse, over that of the same stack with
 * the other placement. (What their blocks are made of is counted by the claim `cost`.) One thread; the samples of a
 * pair follow each other, in turned order from pair to pair, so that a busy machine slows both; the ratio is the median
 * over pairs, with its interval of 95 % from order statistics, which assumes nothing about how times scatter. */
#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/budget.h"
#include "sim/sampler.h"
#include "sim/setting.h"

enum { PAIRS = 41, PLACEMENTS = 2 };

static const char *const placements[PLACEMENTS] = {"spannorm", "prenorm"};

static const struct {
    const char *engine, *size;
} rows[] = {
    {"dense", "layers=16 width=256 heads=8 tokens=32"},
    {"conditioned", "layers=16 width=2048 heads=16 tokens=32"},
};

/* Time that this process had the processor. */
static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Fills ratios and the last spent; a first pair warms up and is not counted. */
static int take_pairs(struct sampler samplers[PLACEMENTS], double ratios[PAIRS], double spent[PLACEMENTS],
                      struct error *error)
{
    for (int i = -1; i < PAIRS; i++) {
        for (int turn = 0; turn < PLACEMENTS; turn++) {
            int p = (i + 1 + turn) % PLACEMENTS;
            double start = seconds();
            int code = sampler_run(&samplers[p], 1, (uint64_t)(i + 1), 1, NULL, discard, NULL, error);
            if (code != ERROR_NONE)
                return code;
            spent[p] = seconds() - start;
        }
        if (i >= 0)
            ratios[i] = spent[0] / spent[1];
    }
    return ERROR_NONE;
}

/* k, from 0, such that the median lies between the values of rank k and PAIRS - 1 - k unless k or fewer of the values
 * are on one side of it, which on either side has at most half a chance of 5 %. */
static int rank_below(void)
{
    int k = 0;
    while (gsl_cdf_binomial_P((unsigned)k, 0.5, PAIRS) <= 0.025)
        k++;
    return k > 0 ? k - 1 : 0;
}

static int bench(int row, struct error *error)
{
    struct model models[PLACEMENTS] = {0};
    struct sampler samplers[PLACEMENTS] = {0};
    double ratios[PAIRS], spent[PLACEMENTS];
    char text[200];
    int code = ERROR_NONE;
    for (int p = 0; code == ERROR_NONE && p < PLACEMENTS; p++) {
        snprintf(text, sizeof text, "placement=%s init=scaleinit %s", placements[p], rows[row].size);
        model_defaults(&models[p]);
        code = setting_apply_all(&models[p], text, error);
        if (code == ERROR_NONE)
            code = model_check(&models[p], error);
        if (code == ERROR_NONE)
            code = sampler_init(&samplers[p], &models[p], linear_engine_find(rows[row].engine), false, 1,
                                budget_available(1) / PLACEMENTS, error);
    }
    if (code == ERROR_NONE)
        code = take_pairs(samplers, ratios, spent, error);
    if (code == ERROR_NONE) {
        int k = rank_below();
        qsort(ratios, PAIRS, sizeof *ratios, ascending);
        printf("%-12s %-42s %10.3f %8.3f   %.3f to %.3f\n", rows[row].engine, rows[row].size, spent[1],
               ratios[PAIRS / 2], ratios[k], ratios[PAIRS - 1 - k]);
    }
    for (int p = 0; p < PLACEMENTS; p++) {
        sampler_free(&samplers[p]);
        model_free(&models[p]);
    }
    return code;
}

int main(void)
{
    struct error error = {0};
    int code = ERROR_NONE;
    printf("%-12s %-42s %10s %8s   interval of 95 %%\n", "engine", "size", "prenorm, s", "ratio");
    for (int row = 0; code == ERROR_NONE && row < (int)(sizeof rows / sizeof *rows); row++)
        code = bench(row, &error);
    if (code != ERROR_NONE)
        fprintf(stderr, "cost: %s\n", error.text);
    return code == ERROR_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
