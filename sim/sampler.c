#include "sim/sampler.h"

#include <cblas.h>
#include <omp.h>
#include <stdlib.h>

int sampler_init(struct sampler *sampler, const struct model *model, const struct linear_engine *engine, bool per_token,
                 int threads, size_t memory, struct error *error)
{
    *sampler = (struct sampler){.threads = threads};
    openblas_set_num_threads(1);
    int code = stack_init(&sampler->stack, model, engine, per_token, memory / (size_t)threads, error);
    if (code != ERROR_NONE)
        return code;
    size_t cells = memory_multiply((size_t)model->layers + 1, (size_t)sampler->stack.depth.schema.column_count);
    sampler->workspaces = calloc((size_t)threads, sizeof *sampler->workspaces);
    sampler->values = calloc((size_t)threads, sizeof *sampler->values);
    if (!sampler->workspaces || !sampler->values)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %d threads", threads);
    for (int t = 0; code == ERROR_NONE && t < threads; t++) {
        code = stack_workspace_init(&sampler->workspaces[t], &sampler->stack, error);
        sampler->values[t] = calloc(cells, sizeof **sampler->values);
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

int sampler_run(struct sampler *sampler, uint64_t seed, uint64_t first, uint64_t count,
                const volatile sig_atomic_t *stop, sampler_visitor *visit, void *context, struct error *error)
{
    int halted = ERROR_NONE; // written in order only: all samples behind the first that fails are dropped
    struct error first_error = {0};
#pragma omp parallel for ordered schedule(dynamic, 1) num_threads(sampler->threads)
    for (uint64_t i = 0; i < count; i++) {
        int thread = omp_get_thread_num(), code = ERROR_INTERRUPTED, seen;
        struct error own = {0};
#pragma omp atomic read
        seen = halted;
        if (seen == ERROR_NONE && !(stop && *stop))
            code = stack_sample(&sampler->stack, &sampler->workspaces[thread], seed, first + i, sampler->values[thread],
                                &own);
#pragma omp ordered
        {
            if (halted == ERROR_NONE && code == ERROR_NONE) {
                visit(context, first + i, sampler->values[thread]);
            } else if (halted == ERROR_NONE) {
                first_error = own;
#pragma omp atomic write
                halted = code;
            }
        }
    }
    if (halted == ERROR_INTERRUPTED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (halted != ERROR_NONE)
        *error = first_error;
    return halted;
}
