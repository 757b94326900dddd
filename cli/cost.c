#include "cli/cost.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/clock.h"
#include "sim/precision.h"
#include "sim/team.h"

/* Each rate is the best of a few short repetitions: about 20 ms in all. */
enum { REPETITIONS = 5, RATE_WIDTH = 512 };

static double normals_per_second(double *buffer)
{
    struct stream_address address = {0};
    struct stream stream = stream_open(&address);
    size_t count = RATE_WIDTH * RATE_WIDTH;
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = clock_worked();
        stream_normals(&stream, 0, count, 1, buffer);
        best = fmax(best, (double)count / (clock_worked() - start));
    }
    return best;
}

/* Products of a T x n signal with an n x n matrix, the shape that a stack multiplies most. */
static double flops_per_second(int tokens, const double *matrix, double *signals)
{
    int n = RATE_WIDTH, rows = tokens < n ? tokens : n;
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = clock_worked();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, n, 1, matrix, n, matrix, n, 0, signals, n);
        best = fmax(best, 2.0 * rows * n * n / (clock_worked() - start));
    }
    return best;
}

/* Of the input or of the memory, whichever are more. */
static int most_tokens(const struct model *model)
{
    int memory = model_memory_tokens(model);
    return model->tokens > memory ? model->tokens : memory;
}

static int measure_rates(const struct model *model, struct cost_time *time, struct error *error)
{
    double *matrix = memory_doubles(RATE_WIDTH * RATE_WIDTH), *signals = memory_doubles(RATE_WIDTH * RATE_WIDTH);
    if (matrix && signals) {
        openblas_set_num_threads(1);
        time->normals = normals_per_second(matrix);
        time->flops = flops_per_second(most_tokens(model), matrix, signals);
    }
    int code = matrix && signals ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    free(matrix);
    free(signals);
    return code;
}

static double seconds_by_rates(const struct stack *stack, const struct cost_time *time)
{
    struct linear_cost cost = stack_sample_cost(stack);
    return cost.normals / time->normals + cost.flops / time->flops;
}

static void halve_tokens(struct model *model)
{
    if (model->tokens == most_tokens(model))
        model->tokens /= 2;
    else
        model->memory_tokens /= 2;
}

/* Halves what is largest; false where that is little. What grows with T^2, with d^2 and with T d keeps its share as far
 * as one of them decides. A head keeps its width where it can: softmaxes grow with H, the products that feed them with d. */
static bool shrink(struct model *model)
{
    enum { LAYERS_LEAST = 2, TOKENS_LEAST = 16, WIDTH_LEAST = 16 };
    if (model->layers > LAYERS_LEAST) {
        model->layers = (model->layers + 1) / 2;
        return true;
    }
    bool narrows = model->width >= 2 * WIDTH_LEAST && model->width % 2 == 0 &&
                   (model->heads % 2 == 0 || model->width % (2 * model->heads) == 0);
    if (narrows && (model->width >= most_tokens(model) || most_tokens(model) < 2 * TOKENS_LEAST)) {
        model->width /= 2;
        if (model->heads % 2 == 0 && model->heads > 1)
            model->heads /= 2;
        model->ffn_width = (model->ffn_width + 1) / 2;
        return true;
    }
    if (most_tokens(model) < 2 * TOKENS_LEAST)
        return false;
    halve_tokens(model);
    return true;
}

static const double PROBE_SECONDS = 0.04; // by the rates

/* The best of a few samples, at least one of them behind one that warms up: the first touches its memory, page by page. */
static double time_samples(const struct precision *precision, const struct stack *stack,
                           struct stack_workspace *workspace, struct wide *values, struct error *error)
{
    double best = INFINITY, spent = 0;
    for (uint64_t sample = 0; sample < 2 || (sample < 4 && spent < 10 * PROBE_SECONDS); sample++) {
        double start = clock_worked();
        if (precision->sample(stack, workspace, 1, sample, NULL, values, error) != ERROR_NONE)
            return NAN;
        double took = clock_worked() - start;
        spent += took;
        best = fmin(best, took);
    }
    return best;
}

/* Its own errors, such as a formula that is not defined at fewer layers, count for nothing. */
static double measure_beyond(const struct stack *full, const struct cost_time *time)
{
    struct model model = *full->depth.model; // shares what the model owns, and is not freed
    const struct precision *precision = precision_of(&model);
    struct stack stack;
    struct error error = {0};
    int code;
    while ((code = precision->init(&stack, &model, full->engine, false, full->bytes, &error)) == ERROR_NONE &&
           seconds_by_rates(&stack, time) > PROBE_SECONDS && shrink(&model))
        stack_free(&stack);
    if (code != ERROR_NONE)
        return 1;
    size_t cells = ((size_t)model.layers + 1) * (size_t)stack.depth.schema.column_count;
    struct stack_workspace workspace = {0};
    struct wide *values = calloc(cells, sizeof *values);
    double seconds = NAN;
    if (values && precision->workspace_init(&workspace, &stack, &error) == ERROR_NONE)
        seconds = time_samples(precision, &stack, &workspace, values, &error);
    double beyond = seconds / seconds_by_rates(&stack, time);
    stack_workspace_free(&workspace);
    free(values);
    stack_free(&stack);
    return isfinite(beyond) ? beyond : 1;
}

int cost_time(const struct stack *stack, struct cost_time *time, struct error *error)
{
    *time = (struct cost_time){0};
    int code = team_check(1, error);
    if (code == ERROR_NONE)
        code = measure_rates(stack->depth.model, time, error);
    if (code != ERROR_NONE)
        return code;
    time->beyond = measure_beyond(stack, time);
    time->seconds = time->beyond * seconds_by_rates(stack, time);
    return ERROR_NONE;
}

static double parameters(const struct stack *stack)
{
    double sum = 0;
    for (int b = 0; b < stack->depth.block_count; b++) {
        const struct plan *plan = stack->depth.blocks[b].plan;
        for (int m = 0; m < plan->graph->matrix_count; m++) {
            struct init_size size = plan_matrix(plan, m);
            if (b == 0 || !plan->graph->matrices[m].shared)
                sum += (double)size.fan_in * size.fan_out * plan_copies(plan, m);
        }
    }
    return sum;
}

int cost_model(const struct model *model, const struct linear_engine *engine, bool per_token, int threads,
               size_t memory, int64_t samples, struct outlay *outlay, struct error *error)
{
    struct sampler sampler;
    struct cost_time time;
    int code = sampler_plan(&sampler, model, engine, per_token, threads, memory, error);
    if (code == ERROR_NONE)
        code = cost_time(&sampler.stack, &time, error);
    if (code == ERROR_NONE) {
        const struct stack *stack = &sampler.stack;
        struct linear_cost cost = stack_sample_cost(stack);
        int64_t rounds = (samples + threads - 1) / threads;
        *outlay = (struct outlay){
            .runs = "configurations",
            .unit = "samples",
            .count = 1,
            .each = samples,
            .threads = threads,
            .probes = 1,
            .least_seconds = time.seconds * (double)rounds,
            .seconds = time.seconds * (double)rounds,
            .bytes = sampler_bytes(&sampler),
            .thread_bytes = stack->bytes,
            .model = {.engine = stack->engine->name,
                      .forced = stack->forced,
                      .parameters = parameters(stack),
                      .normals = cost.normals,
                      .flops = cost.flops,
                      .seconds = time.seconds,
                      .normals_rate = time.normals,
                      .flops_rate = time.flops,
                      .beyond = time.beyond,
                      .layers = model->layers,
                      .kept = stack->kept,
                      .blocks = stack->depth.block_count},
        };
        snprintf(outlay->model.label, sizeof outlay->model.label, "%s, %s", model->placement, model->init.label);
    }
    sampler_free(&sampler);
    return code;
}

/* ---- many models ---- */

static int plan_point(struct cost_sweep *cost, const struct sweep *sweep, int64_t point,
                      const struct linear_engine *engine, bool per_token, int threads, size_t memory, double *seconds,
                      struct error *error)
{
    struct model model;
    struct sampler sampler;
    int code = sweep_model(sweep, point, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = sampler_plan(&sampler, &model, engine, per_token, threads, memory, error);
    if (code == ERROR_NONE) {
        size_t bytes = sampler_bytes(&sampler);
        cost->bytes = bytes > cost->bytes ? bytes : cost->bytes;
        cost->cells = sampler.cells > cost->cells ? sampler.cells : cost->cells;
        *seconds = stack_seconds(&sampler.stack);
        sampler_free(&sampler);
    }
    model_free(&model);
    return code;
}

int cost_sweep_init(struct cost_sweep *cost, const struct sweep *sweep, const struct linear_engine *engine,
                    bool per_token, int threads, size_t memory, int64_t samples, struct error *error)
{
    *cost = (struct cost_sweep){.share = calloc((size_t)sweep->points + 1, sizeof *cost->share)};
    int code = cost->share ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    for (int64_t p = 0; code == ERROR_NONE && p < sweep->points; p++) {
        double seconds = 0;
        code = plan_point(cost, sweep, p, engine, per_token, threads, memory, &seconds, error);
        cost->share[p] = cost->seconds;
        cost->seconds += seconds * (double)samples;
    }
    if (code != ERROR_NONE) {
        cost_sweep_free(cost);
        return code;
    }
    cost->share[sweep->points] = cost->seconds;
    for (int64_t p = 0; p <= sweep->points; p++)
        cost->share[p] /= cost->seconds;
    return ERROR_NONE;
}

void cost_sweep_free(struct cost_sweep *cost)
{
    free(cost->share);
    *cost = (struct cost_sweep){0};
}

/* A point's time over the nominal one. */
static int measure_point(const struct sweep *sweep, int64_t point, const struct linear_engine *engine, bool per_token,
                         int threads, size_t memory, double *ratio, struct error *error)
{
    struct model model;
    struct sampler sampler;
    struct cost_time time;
    int code = sweep_model(sweep, point, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = sampler_plan(&sampler, &model, engine, per_token, threads, memory, error);
    if (code == ERROR_NONE) {
        code = cost_time(&sampler.stack, &time, error);
        *ratio = time.seconds / stack_seconds(&sampler.stack);
        sampler_free(&sampler);
    }
    model_free(&model);
    return code;
}

int cost_sweep_all(const struct cost_sweep *cost, const struct sweep *sweep, const struct linear_engine *engine,
                   bool per_token, int threads, size_t memory, int64_t samples, struct outlay *outlay,
                   struct error *error)
{
    enum { PROBES = 8 };
    int64_t probes = sweep->points < PROBES ? sweep->points : PROBES;
    double seconds = 0;
    int code = ERROR_NONE;
    for (int64_t i = 0; code == ERROR_NONE && i < probes; i++) {
        /* In the middle of the i-th part, which it stands for. */
        int64_t from = i * sweep->points / probes, to = (i + 1) * sweep->points / probes;
        double ratio = 0;
        code = measure_point(sweep, (from + to) / 2, engine, per_token, threads, memory, &ratio, error);
        seconds += ratio * cost->seconds * (cost->share[to] - cost->share[from]);
    }
    *outlay = (struct outlay){
        .runs = "configurations",
        .unit = "samples",
        .count = sweep->points,
        .each = samples,
        .threads = threads,
        .probes = probes,
        .least_seconds = seconds / threads,
        .seconds = seconds / threads,
        .bytes = cost->bytes,
        .thread_bytes = cost->bytes / (size_t)threads,
    };
    return code;
}
