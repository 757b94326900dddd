#include "train/held.h"

#include <assert.h>
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

/* ---- matrices by address ---- */

static int compare(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int compare_addresses(const struct stream_address *a, const struct stream_address *b)
{
    int order = compare(a->block, b->block);
    order = order != 0 ? order : compare(a->site, b->site);
    order = order != 0 ? order : compare(a->expert, b->expert);
    return order != 0 ? order : compare(a->matrix, b->matrix);
}

/* Index of the first matrix whose address is not below. */
static int lower_bound(const struct held *held, const struct stream_address *address)
{
    int low = 0, high = held->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (compare_addresses(&held->matrices[middle].map.address, address) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct held_matrix *held_find(const struct held *held, const struct stream_address *address)
{
    int i = lower_bound(held, address);
    assert(i < held->count && compare_addresses(&held->matrices[i].map.address, address) == 0);
    return &held->matrices[i];
}

static void add(struct held *held, int fan_in, const struct linear_map *map, enum parametrisation_class class)
{
    int i = lower_bound(held, &map->address);
    if (held->failed || (i < held->count && compare_addresses(&held->matrices[i].map.address, &map->address) == 0))
        return;
    if (held->count == held->room) {
        int room = 2 * held->room + 64;
        struct held_matrix *matrices = realloc(held->matrices, (size_t)room * sizeof *matrices);
        held->failed = !matrices;
        if (!matrices)
            return;
        held->matrices = matrices;
        held->room = room;
    }
    memmove(held->matrices + i + 1, held->matrices + i, (size_t)(held->count - i) * sizeof *held->matrices);
    size_t entries = memory_multiply((size_t)fan_in, (size_t)map->fan_out);
    held->matrices[i] = (struct held_matrix){.map = *map, .fan_in = fan_in, .class = class, .entries = entries};
    held->count++;
}

static int report(const struct held *held, struct error *error)
{
    return held->failed ? error_set(error, ERROR_RESOURCE, "out of memory for %d matrices", held->count) : ERROR_NONE;
}

int held_add(struct held *held, int fan_in, const struct linear_map *map, enum parametrisation_class class,
             struct error *error)
{
    add(held, fan_in, map, class);
    return report(held, error);
}

/* ---- the engine ---- */

static struct held *of_engine(const struct linear_engine *engine)
{
    return (struct held *)(uintptr_t)engine;
}

/* Weights live here and not on the tape. */
static struct linear_cost held_cost(const struct linear *linear)
{
    struct linear_cost cost = {0};
    for (int i = 0; i < linear->count; i++) {
        double product = 2.0 * linear->rows * linear->fan_in * linear->map[i].fan_out;
        cost.flops += 3 * product; // x W, dy W^T, x^T dy
        cost.forward_flops += product;
    }
    return cost;
}

static void held_forward(const struct linear_engine *self, const struct linear *linear, const double *x,
                         double *const y[], double *tape, struct arena work)
{
    (void)tape, (void)work;
    const struct held *held = of_engine(self);
    int m = linear->fan_in;
    for (int i = 0; i < linear->count; i++) {
        const struct held_matrix *matrix = held_find(held, &linear->map[i].address);
        int n = linear->map[i].fan_out;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, linear->rows, n, m, 1, x, m,
                    held->weights + matrix->first, n, 0, y[i], n);
    }
}

/* squares sees what this pass alone adds: exact where the gradient was fresh, as every matrix of one block's is. */
static void held_backward(const struct linear_engine *self, const struct linear *linear, const double *x,
                          const double *const y[], const double *const dy[], double beta, double *dx, double squares[],
                          const double *tape, struct arena work)
{
    (void)y, (void)tape, (void)work;
    struct held *held = of_engine(self);
    int m = linear->fan_in;
    for (int i = 0; i < linear->count; i++) {
        struct held_matrix *matrix = held_find(held, &linear->map[i].address);
        real *gradient = held->gradients + matrix->first;
        int n = linear->map[i].fan_out;
        cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, linear->rows, 1, x, m, dy[i], n, !matrix->fresh,
                    gradient, n);
        matrix->fresh = false;
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, linear->rows, m, n, 1, dy[i], n,
                    held->weights + matrix->first, n, i > 0 ? 1 : beta, dx, m);
        squares[i] += cblas_ddot((int)matrix->entries, gradient, 1, gradient, 1);
    }
}

/* ---- finding the matrices of a model ---- */

static void note_forward(const struct linear_engine *self, const struct linear *linear, const double *x,
                         double *const y[], double *tape, struct arena work)
{
    (void)x, (void)tape, (void)work;
    for (int i = 0; i < linear->count; i++) {
        add(of_engine(self), linear->fan_in, &linear->map[i], PARAMETRISATION_HIDDEN);
        memset(y[i], 0, (size_t)linear->rows * (size_t)linear->map[i].fan_out * sizeof *y[i]);
    }
}

/* One token, and every expert has it. */
static int note_block(struct held *held, const struct depth *depth, int b, struct error *error)
{
    struct model model = *depth->model;
    model.sequences = model.tokens = 1;
    model.top_k = model.experts;
    const struct block *block = &depth->blocks[b];
    struct linear_cost cost = block_cost(&model, &held->engine, block->graph);
    size_t signal = arena_cost((size_t)model.width);
    struct arena all = {.size = memory_add(signal, memory_add(cost.tape, cost.work))};
    all.base = memory_doubles(all.size);
    double *ratios = calloc((size_t)depth->sites_max + 1, sizeof *ratios);
    struct branch_report *reports = calloc((size_t)depth->sites_max + 1, sizeof *reports);
    if (all.base && ratios && reports) {
        double *x = arena_take(&all, signal);
        memset(x, 0, signal * sizeof *x);
        struct arena tape = {arena_take(&all, cost.tape), cost.tape, 0};
        struct arena work = {arena_take(&all, cost.work), cost.work, 0};
        struct block_run run = {&model, &held->engine, 0, 0};
        block_forward(&run, block, x, tape, work, ratios, reports);
    } else {
        held->failed = true;
    }
    free(all.base);
    free(ratios);
    free(reports);
    return report(held, error);
}

int held_init(struct held *held, const struct depth *depth, struct error *error)
{
    *held = (struct held){.engine = {"held", "keeps every matrix", held_cost, note_forward, NULL, NULL}};
    int code = ERROR_NONE;
    for (int b = 0; code == ERROR_NONE && b < depth->block_count; b++)
        code = note_block(held, depth, b, error);
    if (code != ERROR_NONE)
        held_free(held);
    held->engine.forward = held_forward;
    held->engine.backward = held_backward;
    return code;
}

void held_free(struct held *held)
{
    free(held->matrices);
    free(held->weights);
    free(held->gradients);
    *held = (struct held){0};
}

/* ---- weights and gradients ---- */

static void draw(struct held *held, struct held_matrix *matrix, uint64_t seed)
{
    matrix->map.address.seed = seed;
    matrix->map.address.sample = 0;
    linear_engine_find("dense")->fill(&matrix->map, 0, matrix->fan_in, held->weights + matrix->first);
}

int held_draw(struct held *held, uint64_t seed, struct error *error)
{
    held->entries = 0;
    for (int i = 0; i < held->count; i++) {
        held->matrices[i].first = held->entries;
        held->entries = memory_add(held->entries, arena_cost(held->matrices[i].entries));
    }
    free(held->weights);
    free(held->gradients);
    held->weights = memory_doubles(held->entries);
    held->gradients = memory_doubles(held->entries);
    if (!held->weights || !held->gradients)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu weights", held->entries);
    memset(held->weights, 0, held->entries * sizeof *held->weights);
    memset(held->gradients, 0, held->entries * sizeof *held->gradients);
    for (int i = 0; i < held->count; i++)
        draw(held, &held->matrices[i], seed);
    held_clear(held);
    return ERROR_NONE;
}

void held_clear(struct held *held)
{
    for (int i = 0; i < held->count; i++)
        held->matrices[i].fresh = true;
}

void held_finish(struct held *held)
{
    for (int i = 0; i < held->count; i++) {
        struct held_matrix *matrix = &held->matrices[i];
        if (matrix->fresh)
            memset(held->gradients + matrix->first, 0, matrix->entries * sizeof *held->gradients);
    }
}
