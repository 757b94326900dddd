#include "sim/sampler.h"

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/budget.h"
#include "sim/estimate.h"
#include "sim/memory.h"
#include "sim/precision.h"
#include "sim/team.h"

/* A thread hands over several samples at once where they take less time than waiting for the turn. Longer ones go one by
 * one: what an interruption finds done behind a gap in the order is lost, then one sample of each other thread at most,
 * which had nothing left to do but wait. */
enum { CHUNK_MAX = 16, CHUNK_CELLS = 1 << 16 };
static const double CHUNK_SECONDS = 2e-3;

static int chunk_of(const struct sampler *sampler)
{
    double cells = (double)CHUNK_CELLS / (double)sampler->cells;
    double samples = CHUNK_SECONDS / stack_seconds(&sampler->stack);
    return (int)fmax(1, fmin(CHUNK_MAX, fmin(cells, samples)));
}

/* Beside the workspaces: the values in hand, and what is kept once: the blocks, and an estimate of every cell by whoever
 * looks at the samples. */
static size_t other_bytes(const struct sampler *sampler)
{
    size_t values = memory_multiply(memory_multiply(sampler->cells, (size_t)sampler->chunk), sizeof(struct wide));
    size_t estimates = memory_multiply(sampler->cells, sizeof(struct estimate));
    return memory_add(memory_multiply(values, (size_t)sampler->threads),
                      memory_add(estimates, depth_bytes(&sampler->stack.depth)));
}

size_t sampler_bytes(const struct sampler *sampler)
{
    return memory_add(memory_multiply((size_t)sampler->threads, sampler->stack.bytes), other_bytes(sampler));
}

/* Cells and chunk of a stack that is known. */
static void plan_values(struct sampler *sampler, size_t memory)
{
    size_t columns = (size_t)sampler->stack.depth.schema.column_count;
    sampler->cells = memory_multiply((size_t)sampler->stack.depth.model->layers + 1, columns);
    sampler->chunk = chunk_of(sampler);
    while (sampler->chunk > 1 && other_bytes(sampler) > memory / 4) // speed is no reason to refuse
        sampler->chunk /= 2;
}

/* The least that any of the engines needs that may be taken, with all that is beside the workspaces. */
static size_t least_bytes(const struct model *model, const struct linear_engine *engine, bool per_token, int threads)
{
    size_t needed = SIZE_MAX;
    for (size_t i = 0; i < linear_engine_count; i++) {
        struct sampler sampler = {.threads = threads};
        struct error own;
        const struct linear_engine *one = engine ? engine : &linear_engines[i];
        if (precision_of(model)->init(&sampler.stack, model, one, per_token, SIZE_MAX, &own) != ERROR_NONE)
            continue;
        plan_values(&sampler, 0);
        size_t all = memory_add(memory_multiply((size_t)threads, sampler.stack.least), other_bytes(&sampler));
        needed = all < needed ? all : needed;
        stack_free(&sampler.stack);
    }
    return needed;
}

static int refuse(const struct model *model, const struct linear_engine *engine, bool per_token, int threads,
                  size_t memory, struct error *error)
{
    char with[64] = " with its observables";
    if (threads > 1)
        snprintf(with, sizeof with, " with its observables in %d threads", threads);
    return budget_short("one sample", least_bytes(model, engine, per_token, threads), with, threads, "the limit",
                        memory, error);
}

/* What the observables leave of the memory, where they are known, is shared by the workspaces. */
int sampler_plan(struct sampler *sampler, const struct model *model, const struct linear_engine *engine, bool per_token,
                 int threads, size_t memory, struct error *error)
{
    const struct precision *precision = precision_of(model);
    *sampler = (struct sampler){.threads = threads, .sample = precision->sample};
    int code = budget_check(threads, 0, error); // before a share of nothing is spoken of
    if (code == ERROR_NONE)
        code = precision->init(&sampler->stack, model, engine, per_token, memory / (size_t)threads, error);
    if (code == ERROR_RESOURCE && memory < SIZE_MAX)
        return refuse(model, engine, per_token, threads, memory, error);
    if (code != ERROR_NONE)
        return code;
    plan_values(sampler, memory);
    if (sampler_bytes(sampler) <= memory)
        return ERROR_NONE;
    size_t workspaces = memory_multiply((size_t)threads, sampler->stack.least);
    while (sampler->chunk > 1 && memory_add(other_bytes(sampler), workspaces) > memory)
        sampler->chunk /= 2;
    size_t other = other_bytes(sampler);
    stack_free(&sampler->stack);
    code = other > memory
               ? ERROR_RESOURCE
               : precision->init(&sampler->stack, model, engine, per_token, (memory - other) / (size_t)threads, error);
    return code == ERROR_RESOURCE ? refuse(model, engine, per_token, threads, memory, error) : code;
}

int sampler_init(struct sampler *sampler, const struct model *model, const struct linear_engine *engine, bool per_token,
                 int threads, size_t memory, struct error *error)
{
    openblas_set_num_threads(1);
    *sampler = (struct sampler){0};
    int code = sampler_plan(sampler, model, engine, per_token, threads, memory, error);
    if (code == ERROR_NONE)
        code = budget_check(threads, sampler_bytes(sampler), error);
    if (code == ERROR_NONE)
        code = team_check(threads, error);
    if (code != ERROR_NONE) {
        sampler_free(sampler);
        return code;
    }
    sampler->workspaces = calloc((size_t)threads, sizeof *sampler->workspaces);
    sampler->values = calloc((size_t)threads, sizeof *sampler->values);
    if (!sampler->workspaces || !sampler->values)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d threads", threads);
    for (int t = 0; code == ERROR_NONE && t < threads; t++) {
        code = precision_of(model)->workspace_init(&sampler->workspaces[t], &sampler->stack, error);
        sampler->values[t] = calloc(memory_multiply(sampler->cells, (size_t)sampler->chunk), sizeof **sampler->values);
        if (code == ERROR_NONE && !sampler->values[t])
            code = error_set(error, ERROR_RESOURCE, "out of memory for the observables of %d layers", model->layers);
    }
    if (code != ERROR_NONE)
        sampler_free(sampler);
    return code;
}

void sampler_free(struct sampler *sampler)
{
    for (int t = 0; t < sampler->threads; t++) {
        if (sampler->workspaces)
            stack_workspace_free(&sampler->workspaces[t]);
        if (sampler->values)
            free(sampler->values[t]);
    }
    free(sampler->workspaces);
    free(sampler->values);
    stack_free(&sampler->stack);
    *sampler = (struct sampler){0};
}

/* A run of samples, and what it has met. */
struct progress {
    struct sampler *sampler;
    uint64_t seed, first, count, chunk;
    const volatile sig_atomic_t *stop;
    sampler_visitor *visit;
    void *context;
    int halted; /* in turn only: all samples behind the first that fails are dropped */
    struct error error;
};

/* Samples first .. first + count - 1 of one thread, until one fails; done counts those before it. */
static int run_chunk(const struct progress *run, int thread, uint64_t first, uint64_t count, uint64_t *done,
                     struct error *error)
{
    struct sampler *sampler = run->sampler;
    int code = ERROR_NONE;
    for (*done = 0; *done < count; (*done)++) {
        code = sampler->sample(&sampler->stack, &sampler->workspaces[thread], run->seed, first + *done, run->stop,
                               sampler->values[thread] + *done * sampler->cells, error);
        if (code != ERROR_NONE)
            break;
    }
    return code;
}

static bool work(struct team *team, uint64_t i, int thread, void *context)
{
    struct progress *run = context;
    struct sampler *sampler = run->sampler;
    uint64_t first = i * run->chunk, left = run->count - first, done;
    struct error own = {0};
    int code = run_chunk(run, thread, run->first + first, left < run->chunk ? left : run->chunk, &done, &own);
    team_await_turn(team, i);
    for (uint64_t j = 0; run->halted == ERROR_NONE && j < done; j++) {
        run->visit(run->context, run->first + first + j, sampler->values[thread] + j * sampler->cells);
        if (sampler->refused)
            code = error_set(&own, ERROR_INTERRUPTED, "no further sample is wanted"), done = 0;
    }
    if (run->halted == ERROR_NONE && code != ERROR_NONE) {
        run->error = own;
        run->halted = code;
    }
    return run->halted == ERROR_NONE;
}

/* At least four turns for every thread, so that all are busy to the end. */
static uint64_t share_of(const struct sampler *sampler, uint64_t count)
{
    uint64_t share = count / (4 * (uint64_t)sampler->threads), most = (uint64_t)sampler->chunk;
    return share < 1 ? 1 : share < most ? share : most;
}

int sampler_run(struct sampler *sampler, uint64_t seed, uint64_t first, uint64_t count,
                const volatile sig_atomic_t *stop, sampler_visitor *visit, void *context, struct error *error)
{
    struct progress run = {.sampler = sampler,
                           .seed = seed,
                           .first = first,
                           .count = count,
                           .chunk = share_of(sampler, count),
                           .stop = stop,
                           .visit = visit,
                           .context = context};
    team_run(sampler->threads, (count + run.chunk - 1) / run.chunk, work, &run);
    if (run.halted != ERROR_NONE)
        *error = run.error;
    return run.halted;
}
