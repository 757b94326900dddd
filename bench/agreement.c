/* How far samples are from the infinite-width prediction: every placement x mask x activation x norm.
 *
 *   agreement [WIDTH [SAMPLES [LAYERS [TOKENS]]]]
 *
 * For each observable, and for each placement over all observables, the percentiles of |measured / predicted - 1|
 * (|measured - predicted| for cosines), and the median of the gap's own standard error: gaps of that size are sampling.
 * Heads are 64 wide, so that their number grows with the width as the limit wants. Unit initialisation, conditioned
 * sampling.
 */
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/profile.h"
#include "sim/placement.h"
#include "sim/setting.h"

enum { GAPS_MAX = 1 << 18 };

/* Of one observable or one placement. */
struct gaps {
    double *size, *error; // [GAPS_MAX]
    size_t count;
};

static void add(struct gaps *gaps, double size, double error)
{
    if (gaps->count == GAPS_MAX)
        return;
    gaps->size[gaps->count] = size;
    gaps->error[gaps->count++] = error;
}

static void fail(const char *what)
{
    fprintf(stderr, "agreement: %s\n", what);
    exit(3);
}

static int argument(int argc, char **argv, int index, int otherwise)
{
    int value = argc > index ? atoi(argv[index]) : otherwise;
    if (value < 1)
        fail("arguments are positive whole numbers");
    return value;
}

/* A weight's gradient that is next to nothing (wq's where tokens are equal) has no relative gap worth the name. */
static bool counts(enum observe_id id, double value, double gradient)
{
    return observables[id].cosine || (value > 0 && (id != OBSERVE_WEIGHT_GRADIENT_VARIANCE || value > 1e-9 * gradient));
}

static void add_gaps(const struct profile *measured, const struct profile *predicted, struct gaps gaps[],
                     struct gaps *placement)
{
    const struct observe_schema *schema = measured->schema;
    for (int l = 0; l <= measured->model->layers; l++) {
        int g = schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
        double gradient = wide_value(estimate_mean(profile_cell(predicted, l, g)));
        for (int c = 0; c < schema->column_count; c++) {
            enum observe_id id = schema->columns[c].observable;
            const struct estimate *cell = profile_cell(measured, l, c);
            double value = wide_value(estimate_mean(profile_cell(predicted, l, c)));
            if (cell->n == 0 || !counts(id, value, gradient))
                continue;
            double unit = observables[id].cosine ? 1 : fabs(value);
            double error = hypot(wide_value(profile_se(measured, l, c)), wide_value(profile_se(predicted, l, c)));
            double size = fabs(wide_value(estimate_mean(cell)) - value) / unit;
            add(&gaps[id], size, error / unit);
            add(placement, size, error / unit);
        }
    }
}

static void compare(const struct model *model, int samples, struct gaps gaps[], struct gaps *placement)
{
    struct error error;
    struct sampler sampler;
    struct profile measured, predicted;
    struct moments_options options = moments_defaults();
    static uint64_t models; // a seed each: a shared cotangent would shift all gaps alike
    struct profile_plan plan = {.seed = ++models, .samples = samples};
    options.draws = 1024;
    int code = profile_predict(&predicted, model, &options, &error);
    if (code == ERROR_NONE)
        code = sampler_init(&sampler, model, linear_engine_find("conditioned"), false, 1, memory_available(), &error);
    if (code == ERROR_NONE)
        code = profile_init(&measured, &sampler, &error);
    if (code == ERROR_NONE)
        code = profile_measure(&measured, &sampler, &plan, &error);
    if (code != ERROR_NONE)
        fail(error.text);
    add_gaps(&measured, &predicted, gaps, placement);
    profile_free(&measured);
    profile_free(&predicted);
    sampler_free(&sampler);
}

static void compare_all(int width, int samples, int layers, int tokens, struct gaps gaps[], struct gaps by_placement[])
{
    for (size_t p = 0; p < placement_count; p++) {
        struct error error;
        struct model model;
        model_defaults(&model);
        char text[128];
        snprintf(text, sizeof text, "init=unit placement=%s", placements[p].name);
        if (setting_apply_all(&model, text, &error) != ERROR_NONE)
            fail(error.text);
        model.width = width;
        model.heads = width / 64 > 0 ? width / 64 : 1;
        model.layers = layers;
        model.tokens = tokens;
        model.ffn_width = 0;
        size_t variants = mask_count * activation_count * norm_count;
        for (size_t v = 0; v < variants; v++) {
            model.mask = &masks[v % mask_count];
            model.norm = &norms[v / mask_count % norm_count];
            model.activation = &activations[v / mask_count / norm_count];
            if (model_check(&model, &error) != ERROR_NONE)
                fail(error.text);
            compare(&model, samples, gaps, &by_placement[p]);
        }
        model_free(&model);
    }
}

static double percentile(const struct gaps *gaps, double fraction)
{
    return 100 * gsl_stats_quantile_from_sorted_data(gaps->size, 1, gaps->count, fraction);
}

static void print(const char *name, struct gaps *gaps)
{
    if (gaps->count == 0)
        return;
    gsl_sort(gaps->size, 1, gaps->count);
    gsl_sort(gaps->error, 1, gaps->count);
    printf("%-28s %8zu %8.3f %8.3f %8.3f %8.3f %10.3f\n", name, gaps->count, percentile(gaps, 0.5),
           percentile(gaps, 0.9), percentile(gaps, 0.99), percentile(gaps, 1),
           100 * gsl_stats_median_from_sorted_data(gaps->error, 1, gaps->count));
}

static struct gaps *gaps_new(size_t count)
{
    struct gaps *gaps = calloc(count, sizeof *gaps);
    for (size_t i = 0; gaps && i < count; i++) {
        gaps[i].size = calloc(GAPS_MAX, sizeof(double));
        gaps[i].error = calloc(GAPS_MAX, sizeof(double));
        if (!gaps[i].size || !gaps[i].error)
            fail("out of memory");
    }
    if (!gaps)
        fail("out of memory");
    return gaps;
}

static void gaps_free(struct gaps *gaps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(gaps[i].size);
        free(gaps[i].error);
    }
    free(gaps);
}

int main(int argc, char **argv)
{
    int width = argument(argc, argv, 1, 512), samples = argument(argc, argv, 2, 8);
    int layers = argument(argc, argv, 3, 4), tokens = argument(argc, argv, 4, 6);
    struct gaps *gaps = gaps_new(OBSERVABLES), *by_placement = gaps_new(placement_count);
    compare_all(width, samples, layers, tokens, gaps, by_placement);
    printf("width %d, %d samples, %d layers, %d tokens: gap to the prediction in %%\n", width, samples, layers, tokens);
    printf("%-28s %8s %8s %8s %8s %8s %10s\n", "observable", "cells", "50th", "90th", "99th", "largest", "its error");
    for (int id = 0; id < OBSERVABLES; id++)
        print(observables[id].name, &gaps[id]);
    for (size_t p = 0; p < placement_count; p++)
        print(placements[p].name, &by_placement[p]);
    gaps_free(gaps, OBSERVABLES);
    gaps_free(by_placement, placement_count);
    return 0;
}
