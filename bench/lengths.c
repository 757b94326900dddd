/* How far samples are from the prediction where sequences are as long as the width is wide: every placement, without a
 * mask and with the causal one, at T/d = 1/64, 1/4, 1 and 4.
 *
 *   lengths [SAMPLES [[LEAST-]MOST [WIDTH...]]]
 *
 * Two blocks of unit gain, heads of 64 features, SAMPLES stacks of each model; models with T d below LEAST or above MOST
 * are left out and said to be. For each width, length and mask the percentiles of |gap| (bench/gap.h) over all cells are printed, to
 * the limit and to the prediction at the width, with the median of a gap's own standard error: gaps of that size are
 * sampling, and not known of one. Models without tokens to tell apart (T = 1) have no gap but that of the width. A
 * limit that is drawn with all its Grams, as behind a causal mask or with capped logits, is left out where they are larger
 * than LIMIT_MOST tokens.
 */
#include <gsl/gsl_math.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/gap.h"
#include "sim/budget.h"
#include "sim/placement.h"
#include "sim/setting.h"

enum { LAYERS = 2, HEAD = 64, CELLS_MAX = 1 << 14, LIMIT_MOST = 2048, FEW_TOKENS = 16 };

/* Of all placements at one width, length and mask. */
struct gaps {
    size_t count, limit_count;
    int placements;
    double limit[CELLS_MAX], width[CELLS_MAX], error[CELLS_MAX]; // in per cent
};

static void fail(const char *what)
{
    fprintf(stderr, "lengths: %s\n", what);
    exit(3);
}

/* What is drawn of the model's own width as often as samples are. */
static void predict(const struct model *model, bool width_limit, int samples, struct profile *predicted)
{
    struct error error;
    struct moments_options options = moments_defaults();
    options.width_limit = width_limit;
    options.replicas = width_limit ? 0 : samples;
    options.most = 1;
    if (profile_predict(predicted, model, &options, &error) != ERROR_NONE)
        fail(error.text);
}

static void measure(const struct model *model, int samples, struct sampler *sampler, struct profile *measured)
{
    struct error error;
    struct profile_plan plan = {.seed = 5, .samples = samples};
    if (sampler_init(sampler, model, linear_engine_find("conditioned"), false, 1, budget_available(1), &error) !=
            ERROR_NONE ||
        profile_init(measured, sampler, &error) != ERROR_NONE ||
        profile_measure(measured, sampler, &plan, &error) != ERROR_NONE)
        fail(error.text);
}

/* Whether the limit needs no Grams of that many tokens; a model of few says whether it is drawn. */
static bool has_limit(const struct model *model, int samples)
{
    if (model->tokens <= LIMIT_MOST)
        return true;
    struct model small = *model; // shares what the model owns, and is not freed
    struct profile limit;
    small.tokens = FEW_TOKENS;
    predict(&small, true, samples, &limit);
    bool drawn = limit.moments.drawn;
    profile_free(&limit);
    return !drawn;
}

static void compare(const struct model *model, int samples, struct gaps *gaps)
{
    struct sampler sampler;
    struct profile measured, limit = {0}, width;
    bool limited = has_limit(model, samples);
    if (limited)
        predict(model, true, samples, &limit);
    predict(model, false, samples, &width);
    measure(model, samples, &sampler, &measured);
    for (int l = 0; l <= LAYERS; l++)
        for (int c = 0; c < measured.schema->column_count; c++) {
            struct gap to_width = gap_measure(&measured, (const struct profile *const[2]){&width, &width}, l, c);
            struct gap to_limit = to_width;
            if (limited)
                to_limit = gap_measure(&measured, (const struct profile *const[2]){&limit, &limit}, l, c);
            if (!isfinite(to_limit.size) || !isfinite(to_width.size))
                continue;
            if (gaps->count == CELLS_MAX)
                fail("more cells than there is room for");
            if (limited)
                gaps->limit[gaps->limit_count++] = 100 * fabs(to_limit.size);
            gaps->width[gaps->count] = 100 * fabs(to_width.size);
            gaps->error[gaps->count++] = 100 * to_width.error;
        }
    gaps->placements++;
    profile_free(&measured), profile_free(&limit), profile_free(&width);
    sampler_free(&sampler);
}

static void print_percentiles(double *sizes, size_t count)
{
    static const double fractions[] = {0.5, 0.9, 0.99};
    gsl_sort(sizes, 1, count);
    if (count == 0) {
        printf(" %7s %7s %7s", "-", "-", "-");
        return;
    }
    for (size_t f = 0; f < sizeof fractions / sizeof *fractions; f++)
        printf(" %7.2f", gsl_stats_quantile_from_sorted_data(sizes, 1, count, fractions[f]));
}

static void print_row(int width, int tokens, const char *mask, int samples, struct gaps *gaps)
{
    printf("%6d %6d %-7s %8d %7zu ", width, tokens, mask, samples, gaps->count);
    print_percentiles(gaps->limit, gaps->limit_count);
    printf("  ");
    print_percentiles(gaps->width, gaps->count);
    gsl_sort(gaps->error, 1, gaps->count);
    double error = gsl_stats_median_from_sorted_data(gaps->error, 1, gaps->count);
    isnan(error) ? printf("   %7s\n", "-") : printf("   %7.2f\n", error);
    fflush(stdout);
}

static void compare_placements(int width, int tokens, const char *mask, int samples, struct gaps *gaps)
{
    gaps->count = gaps->limit_count = 0;
    gaps->placements = 0;
    for (size_t p = 0; p < placement_count; p++) {
        struct model model;
        struct error error;
        char text[256];
        model_defaults(&model);
        snprintf(text, sizeof text, "placement=%s init=unit layers=%d width=%d heads=%d tokens=%d mask=%s",
                 placements[p].name, LAYERS, width, width > HEAD ? width / HEAD : 1, tokens, mask);
        if (setting_apply_all(&model, text, &error) != ERROR_NONE || model_check(&model, &error) != ERROR_NONE)
            fail(error.text);
        compare(&model, samples, gaps);
        model_free(&model);
    }
    print_row(width, tokens, mask, samples, gaps);
}

static int argument(int argc, char **argv, int index, int otherwise)
{
    int value = argc > index ? atoi(argv[index]) : otherwise;
    if (value < 1)
        fail("arguments are positive whole numbers");
    return value;
}

int main(int argc, char **argv)
{
    static const int numerators[] = {1, 16, 64, 256}; // of T/d, over 64
    static const char *const held[] = {"none", "causal"};
    static const int usual[] = {64, 256, 1024};
    int samples = argument(argc, argv, 1, 8), least = argument(argc, argv, 2, 1 << 14), most = least;
    if (argc < 3 || sscanf(argv[2], "%d-%d", &least, &most) < 2)
        least = 1;
    int widths = argc > 3 ? argc - 3 : 3;
    struct gaps *gaps = malloc(sizeof *gaps);
    if (!gaps)
        fail("out of memory");
    printf("%6s %6s %-7s %8s %7s  %23s   %23s   %7s\n", "width", "tokens", "mask", "samples", "cells",
           "limit: 50th 90th 99th", "at width", "error");
    for (int w = 0; w < widths; w++)
        for (size_t n = 0; n < sizeof numerators / sizeof *numerators; n++)
            for (int m = 0; m < 2; m++) {
                int width = argc > 3 ? argument(argc, argv, 3 + w, 0) : usual[w], tokens = width * numerators[n] / 64;
                if (tokens < 1 || (long)tokens * width > most || (long)tokens * width < least)
                    printf("%6d %6d %-7s left out\n", width, tokens, held[m]);
                else
                    compare_placements(width, tokens, held[m], samples, gaps);
            }
    free(gaps);
    return 0;
}
