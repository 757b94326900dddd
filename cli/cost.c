#include "cli/cost.h"

#include <cblas.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sim/clock.h"

/* Each rate is the best of a few short repetitions: about 20 ms in all. */
enum { REPETITIONS = 5, RATE_WIDTH = 512 };

static double normals_per_second(double *buffer)
{
    struct stream_address address = {0};
    struct stream stream = stream_open(&address);
    size_t count = RATE_WIDTH * RATE_WIDTH;
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = clock_now();
        stream_normals(&stream, 0, count, 1, buffer);
        best = fmax(best, (double)count / (clock_now() - start));
    }
    return best;
}

/* Products of a T x n signal with an n x n matrix, the shape that a stack multiplies most. */
static double flops_per_second(int tokens, const double *matrix, double *signals)
{
    int n = RATE_WIDTH, rows = tokens < n ? tokens : n;
    double best = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        double start = clock_now();
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, n, 1, matrix, n, matrix, n, 0, signals, n);
        best = fmax(best, 2.0 * rows * n * n / (clock_now() - start));
    }
    return best;
}

static double parameters(const struct stack *stack)
{
    double sum = 0;
    for (int b = 0; b < stack->depth.block_count; b++) {
        const struct graph *graph = stack->depth.blocks[b].graph;
        for (int s = 0; s < graph->site_count; s++)
            for (int m = 0; m < INIT_MATRICES; m++)
                sum += (double)branch_of(graph->nodes[graph->sites[s].node].kind)
                           ->entries(stack->depth.model, (enum init_matrix)m);
    }
    return sum;
}

int cost_print(const struct model *model, const struct linear_engine *engine, int threads, size_t memory,
               int64_t samples, FILE *stream, struct error *error)
{
    struct stack stack;
    int code = stack_init(&stack, model, engine, false, memory / (size_t)threads, error);
    if (code != ERROR_NONE)
        return code;
    double *matrix = memory_doubles(RATE_WIDTH * RATE_WIDTH), *signals = memory_doubles(RATE_WIDTH * RATE_WIDTH);
    if (!matrix || !signals) {
        code = error_set(error, ERROR_RESOURCE, "out of memory");
        goto out;
    }
    openblas_set_num_threads(1);
    double normals = normals_per_second(matrix), flops = flops_per_second(model->tokens, matrix, signals);
    struct linear_cost cost = stack_sample_cost(&stack);
    double seconds = cost.normals / normals + cost.flops / flops;
    int64_t rounds = (samples + threads - 1) / threads;
    fprintf(stream, "%s, %s: %.4g parameters in %d blocks\n", model->placement, model->init.label, parameters(&stack),
            model->layers);
    fprintf(stream, "  engine    %s; %d of %d blocks keep their tape for the reverse pass\n", stack.engine->name,
            stack.kept, stack.depth.block_count);
    fprintf(stream, "  a sample  %.3g normals, %.3g operations, about %.2g s\n", cost.normals, cost.flops, seconds);
    fprintf(stream, "  memory    %.3g GB in each of %d threads\n", (double)stack.bytes / 1e9, threads);
    fprintf(stream,
            "  in all    %" PRId64 " samples, about %.2g s (at %.3g normals/s and %.3g operations/s, measured now)\n",
            samples, seconds * (double)rounds, normals, flops);
out:
    free(matrix);
    free(signals);
    stack_free(&stack);
    return code;
}
