#include "analysis/profile.h"

#include <stdlib.h>

#include "sim/clock.h"

static size_t cell_count(const struct profile *profile)
{
    return (size_t)(profile->model->layers + 1) * (size_t)profile->schema->column_count;
}

static int out_of_memory(const struct profile *profile, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", profile->model->layers);
}

static int allocate_cells(struct profile *profile, struct error *error)
{
    profile->cells = calloc(cell_count(profile), sizeof *profile->cells);
    return profile->cells ? ERROR_NONE : out_of_memory(profile, error);
}

static int allocate_column(struct profile *profile, struct error *error)
{
    profile->column = calloc((size_t)profile->model->layers + 1, sizeof *profile->column);
    return profile->column ? ERROR_NONE : out_of_memory(profile, error);
}

int profile_init(struct profile *profile, const struct sampler *sampler, struct error *error)
{
    *profile = (struct profile){
        .kind = SCHEMA_MEASURED,
        .model = sampler->stack.depth.model,
        .schema = &sampler->stack.depth.schema,
        .engine = sampler->stack.engine->name,
        .forced = sampler->stack.forced,
        .threads = sampler->threads,
    };
    int code = allocate_column(profile, error);
    if (code == ERROR_NONE)
        code = allocate_cells(profile, error);
    if (code != ERROR_NONE)
        profile_free(profile);
    return code;
}

void profile_free(struct profile *profile)
{
    free(profile->cells);
    free(profile->column);
    moments_free(&profile->moments);
    *profile = (struct profile){0};
}

const struct estimate *profile_cell(const struct profile *profile, int layer, int column)
{
    return &profile->cells[(size_t)layer * (size_t)profile->schema->column_count + (size_t)column];
}

static void add_values(struct profile *profile, const struct wide *values)
{
    size_t cells = cell_count(profile);
    for (size_t i = 0; i < cells; i++)
        estimate_add(&profile->cells[i], values[i]);
    for (int i = 0; i < OVERALLS; i++)
        estimate_add(&profile->overall[i],
                     overall_of(i, profile->schema, profile->model->layers, values, profile->column));
}

void profile_add(struct profile *profile, const struct wide *values)
{
    add_values(profile, values);
    profile->samples++;
}

static void add_part(void *context, const struct observe_schema *schema, int number, const struct wide *values)
{
    struct profile *profile = context;
    int layers = profile->model->layers;
    for (int i = 0; i < OVERALLS; i++) {
        if (number == 0)
            profile->parts[i] = (struct estimate){0};
        estimate_add(&profile->parts[i], overall_of(i, schema, layers, values, profile->column));
    }
}

int profile_predict(struct profile *profile, const struct model *model, const struct moments_options *options,
                    struct error *error)
{
    double start = clock_now();
    struct moments_options own = *options;
    *profile = (struct profile){.kind = SCHEMA_PREDICTED,
                                .model = model,
                                .engine = "moments",
                                .seed = options->seed,
                                .threads = options->threads};
    own.visit = add_part;
    own.context = profile;
    int code = allocate_column(profile, error);
    if (code == ERROR_NONE)
        code = moments_predict(model, &own, &profile->moments, error);
    profile->schema = &profile->moments.schema;
    profile->samples = profile->moments.replicas;
    if (code == ERROR_NONE)
        code = allocate_cells(profile, error);
    if (code != ERROR_NONE) {
        profile_free(profile);
        return code;
    }
    add_values(profile, profile->moments.mean);
    for (size_t i = 0; profile->moments.spread && i < cell_count(profile); i++)
        profile->cells[i] = profile->moments.spread[i];
    /* Replicas are samples: the mean of their slopes, not the slope of their means. */
    for (int i = 0; profile->moments.spread && profile->moments.drawn && i < OVERALLS; i++)
        profile->overall[i] = profile->parts[i];
    profile->seconds = clock_now() - start;
    return ERROR_NONE;
}

bool profile_has_spread(const struct profile *profile)
{
    return profile->kind == SCHEMA_MEASURED || profile->moments.spread;
}

int profile_unresolved(const struct profile *profile)
{
    int lost = 0;
    for (int l = 0; profile->model->single && l <= profile->model->layers; l++)
        for (int c = 0; c < profile->schema->column_count; c++)
            lost += profile_cell(profile, l, c)->n > 0 && isnan(estimate_mean(profile_cell(profile, l, c)).mantissa);
    return lost;
}

struct wide profile_se(const struct profile *profile, int layer, int column)
{
    const struct estimate *cell = profile_cell(profile, layer, column);
    if (!profile->moments.se || cell->n == 0)
        return estimate_se(cell);
    size_t i = (size_t)layer * (size_t)profile->schema->column_count + (size_t)column;
    return (struct wide){profile->moments.se[i], profile->moments.mean[i].exponent};
}

struct wide profile_overall_se(const struct profile *profile, int i)
{
    const struct estimate *parts = &profile->parts[i];
    if (profile->kind == SCHEMA_MEASURED)
        return estimate_se(&profile->overall[i]);
    if (profile->moments.drawn)
        return estimate_se(parts);
    return profile->overall[i].n > 0 ? wide_of(0) : wide_absent();
}

static struct wide limit(const struct profile *profile, const struct wide *limits, int layer, int column)
{
    return limits[(size_t)layer * (size_t)profile->schema->column_count + (size_t)column];
}

struct wide profile_floor(const struct profile *profile, int layer, int column)
{
    return profile->bounds ? limit(profile, profile->bounds->lo, layer, column) : wide_absent();
}

struct wide profile_ceiling(const struct profile *profile, int layer, int column)
{
    return profile->bounds ? limit(profile, profile->bounds->hi, layer, column) : wide_absent();
}

/* The sampler's visitor: what a run has while it goes. */
struct run {
    struct profile *profile;
    const struct profile_plan *plan;
};

static void visit(void *context, uint64_t sample, const struct wide *values)
{
    (void)sample;
    struct run *run = context;
    profile_add(run->profile, values);
    if (run->plan->progress)
        run->plan->progress(run->plan->context, run->profile->samples, NAN);
}

double profile_precision(const struct profile *profile)
{
    double widest = 0;
    for (int l = 0; l <= profile->model->layers; l++) {
        for (int c = 0; c < profile->schema->column_count; c++) {
            const struct estimate *cell = profile_cell(profile, l, c);
            const struct observable *observable = &observables[profile->schema->columns[c].observable];
            bool counts = c == profile->schema->layer_column[profile->schema->columns[c].observable];
            if (cell->n > 0 && counts && !observable->detail)
                widest = fmax(widest, estimate_precision(cell, observable->cosine));
        }
    }
    return widest;
}

/* Batches of the adaptive rule: FIRST_BATCH samples, then a quarter more each time. They depend on the count alone, so
 * that the sample size does not depend on threads. */
enum { FIRST_BATCH = 8 };

static int64_t next_batch(const struct profile *profile, const struct profile_plan *plan)
{
    int64_t left = plan->samples - profile->samples;
    if (!(plan->precision > 0))
        return left;
    int64_t batch = profile->samples / 4 > FIRST_BATCH ? profile->samples / 4 : FIRST_BATCH;
    return batch < left ? batch : left;
}

int profile_measure(struct profile *profile, struct sampler *sampler, const struct profile_plan *plan,
                    struct error *error)
{
    struct run run = {profile, plan};
    double start = clock_now();
    int code = ERROR_NONE;
    profile->seed = plan->seed;
    profile->first = plan->first;
    while (code == ERROR_NONE) {
        int64_t batch = next_batch(profile, plan);
        if (batch <= 0)
            break;
        uint64_t first = plan->first + (uint64_t)profile->samples, count = (uint64_t)batch;
        code = plan->draw ? plan->draw(plan->source, plan->seed, first, count, plan->stop, visit, &run, error)
                          : sampler_run(sampler, plan->seed, first, count, plan->stop, visit, &run, error);
        if (!(plan->precision > 0))
            continue;
        double reached = profile_precision(profile);
        if (plan->progress)
            plan->progress(plan->context, profile->samples, reached);
        if (reached <= plan->precision)
            break;
    }
    profile->seconds = clock_now() - start;
    return code;
}
