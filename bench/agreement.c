/* How far samples are from the infinite-width prediction, over widths: every placement x mask x activation x norm,
 * conditioned sampling. Heads are 64 wide, so that their number grows with the width as the limit wants.
 *
 *   agreement [INIT [SAMPLES [THREADS [WIDTH...]]]]
 *
 * SAMPLES of each model at width 8192, and as many at the others as take the same time. Three tables are printed: the
 * percentiles of |gap| (analysis/agreement) over all cells at every width, and what is left of the gaps at the first
 * width; percentiles at width 8192 for each observable and for each placement. Each has the median of the gap's own
 * standard error beside it: gaps of that size are sampling.
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
#include "sim/team.h"

enum { LAYERS = 4, TOKENS = 4, HEAD = 64, REPORTED = 8192, WIDTHS_MAX = 16, CELLS_MAX = 128 };

struct subject {
    struct model model;
    size_t placement;
    int count; // cells
    enum observe_id ids[CELLS_MAX];
    struct gap gaps[WIDTHS_MAX][CELLS_MAX];
};

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

static int samples_at(int width, int samples)
{
    long count = (long)samples * REPORTED / width;
    return count < 2 ? 2 : (int)count;
}

/* ---- sampling ---- */

static void predict(const struct model *model, uint64_t seed, struct profile *predicted)
{
    struct error error;
    struct moments_options options = moments_defaults();
    options.seed = seed;
    options.heads = 32;
    options.draws = 4096;
    options.error = 0.0005;
    if (profile_predict(predicted, model, &options, &error) != ERROR_NONE)
        fail(error.text);
}

/* A seed for each model: a cotangent that all share would shift their gaps alike. */
static void measure(const struct model *model, uint64_t seed, int samples, struct sampler *sampler,
                    struct profile *measured)
{
    struct error error;
    struct profile_plan plan = {.seed = seed, .samples = samples};
    if (sampler_init(sampler, model, linear_engine_find("conditioned"), false, 1, budget_available(1), &error) !=
            ERROR_NONE ||
        profile_init(measured, sampler, &error) != ERROR_NONE ||
        profile_measure(measured, sampler, &plan, &error) != ERROR_NONE)
        fail(error.text);
}

static void compare(struct subject *subject, uint64_t seed, int width_index, int samples,
                    const struct profile *const predicted[2])
{
    struct sampler sampler;
    struct profile measured;
    measure(&subject->model, seed, samples, &sampler, &measured);
    const struct observe_schema *schema = measured.schema;
    subject->count = 0;
    for (int l = 0; l <= LAYERS; l++) {
        for (int c = 0; c < schema->column_count; c++) {
            if (subject->count == CELLS_MAX)
                fail("more cells than there is room for");
            subject->ids[subject->count] = schema->columns[c].observable;
            subject->gaps[width_index][subject->count++] = gap_measure(&measured, predicted, l, c);
        }
    }
    profile_free(&measured);
    sampler_free(&sampler);
}

static void set_width(struct model *model, int width)
{
    struct error error;
    model->width = width;
    model->heads = width / HEAD;
    model->ffn_width = 0;
    if (model_check(model, &error) != ERROR_NONE)
        fail(error.text);
}

static void compare_widths(struct subject *subject, uint64_t number, const int widths[], int count, int samples)
{
    struct profile predicted[2];
    set_width(&subject->model, widths[0]);
    for (int p = 0; p < 2; p++)
        predict(&subject->model, 2 * number + (uint64_t)p, &predicted[p]);
    for (int w = 0; w < count; w++) {
        set_width(&subject->model, widths[w]);
        compare(subject, number * WIDTHS_MAX + (uint64_t)w, w, samples_at(widths[w], samples),
                (const struct profile *const[2]){&predicted[0], &predicted[1]});
    }
    for (int p = 0; p < 2; p++)
        profile_free(&predicted[p]);
}

/* Variant v of a placement: mask, norm and activation are the digits of v. */
static void subject_init(struct subject *subject, const char *init, size_t placement, size_t v)
{
    struct error error;
    char text[128];
    subject->placement = placement;
    model_defaults(&subject->model);
    snprintf(text, sizeof text, "init=%s placement=%s layers=%d tokens=%d", init, placements[placement].name, LAYERS,
             TOKENS);
    if (setting_apply_all(&subject->model, text, &error) != ERROR_NONE)
        fail(error.text);
    subject->model.mask = &masks[v % mask_count];
    subject->model.norm = &norms[v / mask_count % norm_count];
    subject->model.activation = &activations[v / mask_count / norm_count];
}

/* ---- tables ---- */

/* The percentiles of the gaps at width number `w`, of one observable or all (id < 0), one placement or all (< 0). */
static void print_percentiles(const struct subject subjects[], size_t count, int w, int id, int placement)
{
    double *size = calloc(count * CELLS_MAX, sizeof *size), *error = calloc(count * CELLS_MAX, sizeof *error);
    size_t cells = 0;
    if (!size || !error)
        fail("out of memory");
    for (size_t s = 0; s < count; s++) {
        for (int c = 0; c < subjects[s].count; c++) {
            const struct gap *gap = &subjects[s].gaps[w][c];
            if (!isfinite(gap->size) || (id >= 0 && (int)subjects[s].ids[c] != id) ||
                (placement >= 0 && (int)subjects[s].placement != placement))
                continue;
            size[cells] = 100 * fabs(gap->size);
            error[cells++] = 100 * gap->error;
        }
    }
    gsl_sort(size, 1, cells);
    gsl_sort(error, 1, cells);
    static const double fractions[] = {0.5, 0.9, 0.99, 1};
    printf(" %8zu", cells);
    for (size_t f = 0; cells > 0 && f < sizeof fractions / sizeof *fractions; f++)
        printf(" %8.3f", gsl_stats_quantile_from_sorted_data(size, 1, cells, fractions[f]));
    printf(" %10.3f", cells > 0 ? gsl_stats_median_from_sorted_data(error, 1, cells) : GSL_NAN);
    free(size);
    free(error);
}

static void print_share(const struct subject subjects[], size_t count, int w)
{
    struct gap_pair *pairs = calloc(count, sizeof *pairs);
    if (!pairs)
        fail("out of memory");
    for (size_t s = 0; s < count; s++)
        pairs[s] = (struct gap_pair){subjects[s].gaps[0], subjects[s].gaps[w], (size_t)subjects[s].count};
    struct gap_share share = gap_share(pairs, count);
    if (w == 0)
        share.share = 1, share.error = 0;
    printf(" %8d %10.5f %10.5f", share.models, share.share, share.error);
    free(pairs);
}

static const char HEADER[] = "    cells     50th     90th     99th  largest  its error";

static void print_tables(const struct subject subjects[], size_t count, const int widths[], int width_count,
                         int samples)
{
    int reported = 0;
    printf("%-10s %8s%s   models      share      error\n", "width", "samples", HEADER);
    for (int w = 0; w < width_count; w++) {
        printf("%-10d %8d", widths[w], samples_at(widths[w], samples));
        print_percentiles(subjects, count, w, -1, -1);
        print_share(subjects, count, w);
        printf("\n");
        reported = widths[w] <= REPORTED ? w : reported;
    }
    printf("\n\n%-28s%s, at width %d\n", "observable", HEADER, widths[reported]);
    for (int id = 0; id < OBSERVABLES; id++) {
        printf("%-28s", observables[id].name);
        print_percentiles(subjects, count, reported, id, -1);
        printf("\n");
    }
    printf("\n\n%-28s%s, at width %d\n", "placement", HEADER, widths[reported]);
    for (size_t p = 0; p < placement_count; p++) {
        printf("%-28s", placements[p].name);
        print_percentiles(subjects, count, reported, -1, (int)p);
        printf("\n");
    }
}

struct comparison {
    struct subject *subjects;
    const char *init;
    size_t variants; /* of a placement */
    const int *widths;
    int width_count, samples;
};

static bool compare_subject(struct team *team, uint64_t s, int thread, void *context)
{
    const struct comparison *all = context;
    struct subject *subject = &all->subjects[s];
    (void)team, (void)thread;
    subject_init(subject, all->init, s / all->variants, s % all->variants);
    compare_widths(subject, s + 1, all->widths, all->width_count, all->samples);
    model_free(&subject->model);
    return true;
}

/* The widths asked for, or every doubling from 512 to the reported one. */
static int choose_widths(int argc, char **argv, int first, int widths[WIDTHS_MAX])
{
    int count = 0;
    for (int i = first; i < argc && count < WIDTHS_MAX; i++)
        widths[count++] = argument(argc, argv, i, 0);
    for (int width = 512; argc <= first && width <= REPORTED; width *= 2)
        widths[count++] = width;
    return count;
}

int main(int argc, char **argv)
{
    const char *init = argc > 1 ? argv[1] : "scaleinit";
    int samples = argument(argc, argv, 2, 2), threads = argument(argc, argv, 3, 1), widths[WIDTHS_MAX];
    int width_count = choose_widths(argc, argv, 4, widths);
    size_t variants = mask_count * activation_count * norm_count, count = placement_count * variants;
    struct subject *subjects = calloc(count, sizeof *subjects);
    if (!subjects)
        fail("out of memory");
    struct comparison comparison = {subjects, init, variants, widths, width_count, samples};
    team_run(threads, count, compare_subject, &comparison);
    print_tables(subjects, count, widths, width_count, samples);
    free(subjects);
    return 0;
}
