#include "train/held.h"

#include <assert.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/product.h"

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
        size_t work = arena_cost(product_work(linear->fan_in, linear->map[i].fan_out));
        cost.work = work > cost.work ? work : cost.work;
        cost.flops += 3 * product; // x W, dy W^T, x^T dy
        cost.forward_flops += product;
    }
    return cost;
}

static void held_forward(const struct linear_engine *self, const struct linear *linear, const real *x, real *const y[],
                         real *tape, struct arena work)
{
    (void)tape;
    const struct held *held = of_engine(self);
    for (int i = 0; i < linear->count; i++) {
        const struct held_matrix *matrix = held_find(held, &linear->map[i].address);
        product_forward(linear->rows, linear->fan_in, linear->map[i].fan_out, x, held->weights + matrix->first, y[i],
                        work.base + work.used);
    }
}

/* Whether a gradient x^T dy is more than rounding leaves of tokens that cancel: errors of its factors, of REAL_RESOLVED
 * each and independent from token to token, add up to that part of sum_t |x_t|^2 |dy_t|^2. */
static bool is_resolved(int rows, int m, int n, const real *x, const real *dy, double square)
{
    double sizes = 0;
    for (int t = 0; t < rows; t++)
        sizes += REAL_SQUARE((size_t)m, x + t * m) * REAL_SQUARE((size_t)n, dy + t * n);
    return square >= REAL_RESOLVED * REAL_RESOLVED * sizes;
}

/* What is measured of a matrix behind its pass: exact where the gradient was fresh, as every matrix of one block's is. */
static double square_of(const struct held *held, const struct held_matrix *matrix, int rows, const real *x,
                        const real *dy)
{
    if (held->reported)
        return REAL_SQUARE(matrix->entries, held->reported + matrix->first);
    double square = REAL_SQUARE(matrix->entries, held->gradients + matrix->first);
    bool resolved = REAL_RESOLVED == 0 || is_resolved(rows, matrix->fan_in, matrix->map.fan_out, x, dy, square);
    return resolved ? square : NAN;
}

static void held_backward(const struct linear_engine *self, const struct linear *linear, const real *x,
                          const real *const y[], const real *const dy[], double beta, real *dx, double squares[],
                          const real *tape, struct arena work)
{
    (void)y, (void)tape;
    struct held *held = of_engine(self);
    int rows = linear->rows, m = linear->fan_in;
    for (int i = 0; i < linear->count; i++) {
        struct held_matrix *matrix = held_find(held, &linear->map[i].address);
        real *gradient = held->gradients + matrix->first;
        int n = linear->map[i].fan_out;
        product_gradient(rows, m, n, x, dy[i], !matrix->fresh, gradient);
        matrix->fresh = false;
        product_backward(rows, m, n, dy[i], held->weights + matrix->first, i > 0 ? 1 : beta, dx, work.base + work.used);
        if (held->measured)
            squares[i] += square_of(held, matrix, rows, x, dy[i]);
    }
}

/* ---- finding the matrices of a model ---- */

/* A shared matrix is met in every block, and added once. */
static void add_block(struct held *held, const struct depth *depth, int b)
{
    const struct block *block = &depth->blocks[b];
    struct block_run run = {depth->model, &held->engine, 0, 0};
    for (int m = 0; m < block->graph->matrix_count; m++)
        for (int e = 0; e < plan_copies(block->plan, m); e++) {
            struct linear_map map;
            block_map(&run, block, m, e, &map);
            add(held, plan_matrix(block->plan, m).fan_in, &map, PARAMETRISATION_HIDDEN);
        }
}

int held_init(struct held *held, const struct depth *depth, struct error *error)
{
    *held = (struct held){.engine = {.name = "held",
                                     .summary = "keeps every matrix",
                                     .cost = held_cost,
                                     .forward = held_forward,
                                     .backward = held_backward}};
    for (int b = 0; b < depth->block_count; b++)
        add_block(held, depth, b);
    int code = report(held, error);
    if (code != ERROR_NONE)
        held_free(held);
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

static int draw(struct held *held, struct held_matrix *matrix, uint64_t seed, struct error *error)
{
    const struct law *law = matrix->map.law ? matrix->map.law : &laws[0];
    real *work = memory_reals(law_work(law, matrix->fan_in, matrix->map.fan_out));
    if (!work)
        return error_set(error, ERROR_RESOURCE, "out of memory for a matrix of %zu entries", matrix->entries);
    matrix->map.address.seed = seed;
    matrix->map.address.sample = 0;
    linear_engine_find("dense")->fill(&matrix->map, matrix->fan_in, 0, matrix->fan_in, held->weights + matrix->first,
                                      work);
    free(work);
    return ERROR_NONE;
}

void held_place(struct held *held)
{
    held->entries = 0;
    for (int i = 0; i < held->count; i++) {
        held->matrices[i].first = held->entries;
        held->entries = memory_add(held->entries, arena_cost(held->matrices[i].entries));
    }
}

int held_draw(struct held *held, uint64_t seed, struct error *error)
{
    held_place(held);
    free(held->weights);
    free(held->gradients);
    held->weights = memory_reals(held->entries);
    held->gradients = memory_reals(held->entries);
    if (!held->weights || !held->gradients)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu weights", held->entries);
    memset(held->weights, 0, held->entries * sizeof *held->weights);
    memset(held->gradients, 0, held->entries * sizeof *held->gradients);
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < held->count; i++)
        code = draw(held, &held->matrices[i], seed, error);
    held_clear(held);
    return code;
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
