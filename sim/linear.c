#include "sim/linear.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

#include "sim/conditioned.h"
#include "sim/panel.h"

struct linear_cost linear_cost_add(struct linear_cost a, struct linear_cost b)
{
    return (struct linear_cost){
        .tape = memory_add(a.tape, b.tape),
        .work = a.work > b.work ? a.work : b.work,
        .normals = a.normals + b.normals,
        .flops = a.flops + b.flops,
        .forward_normals = a.forward_normals + b.forward_normals,
        .forward_flops = a.forward_flops + b.forward_flops,
    };
}

double linear_seconds(double normals, double flops)
{
    return LINEAR_SECONDS_NORMAL * normals + LINEAR_SECONDS_FLOP * flops;
}

/* Dense: the matrices themselves, kept on the tape one behind the other. */

static const struct law *law_of(const struct linear_map *map)
{
    return map->law ? REAL_ROW(laws, map->law) : &laws[0];
}

static size_t dense_entries(const struct linear *linear, int i)
{
    return memory_multiply((size_t)linear->fan_in, (size_t)linear->map[i].fan_out);
}

static struct linear_cost dense_cost(const struct linear *linear)
{
    size_t rows = (size_t)linear->rows, gram = arena_cost(memory_multiply(rows, rows));
    double square = (double)rows * (double)rows;
    struct linear_cost cost = {.work = memory_multiply(2, gram), .flops = square * linear->fan_in};
    for (int i = 0; i < linear->count; i++) {
        size_t drawing = arena_cost(law_work(law_of(&linear->map[i]), linear->fan_in, linear->map[i].fan_out));
        cost.work = drawing > cost.work ? drawing : cost.work;
        size_t entries = dense_entries(linear, i);
        double product = 2.0 * linear->rows * (double)entries; // x W and dy W^T
        struct linear_cost own = {.tape = arena_cost(entries),
                                  .normals = (double)entries,
                                  .flops = 2 * product + square * linear->map[i].fan_out,
                                  .forward_normals = (double)entries,
                                  .forward_flops = product};
        cost = linear_cost_add(cost, own);
    }
    return cost;
}

static void dense_fill(const struct linear_map *map, int fan_in, int first, int count, real *w, real *work)
{
    struct stream_address address = map->address;
    address.role = STREAM_WEIGHT;
    struct stream stream = stream_open(&address);
    law_of(map)->fill(&stream, fan_in, map->fan_out, map->sigma, first, count, w, work);
}

/* Rows of a matrix that are multiplied while they are still in the cache that they were drawn into. */
enum { DENSE_PANEL_BYTES = 1 << 20 };

static int dense_panel_rows(int fan_out)
{
    int rows = DENSE_PANEL_BYTES / (int)sizeof(real) / fan_out;
    return rows > 32 ? rows : 32;
}

static void dense_forward(const struct linear_engine *self, const struct linear *linear, const real *x, real *const y[],
                          real *tape, struct arena work)
{
    int m = linear->fan_in;
    for (int i = 0; i < linear->count; i++) {
        const struct linear_map *map = &linear->map[i];
        struct arena scratch = work;
        real *drawing = arena_take(&scratch, law_work(law_of(map), m, map->fan_out));
        int n = map->fan_out, panel = law_of(map)->whole ? m : dense_panel_rows(n);
        for (int first = 0; first < m; first += panel) {
            int count = m - first < panel ? m - first : panel;
            real *w = tape + (size_t)first * (size_t)n;
            self->fill(map, m, first, count, w, drawing);
            REAL_BLAS(gemm)
            (CblasRowMajor, CblasNoTrans, CblasNoTrans, linear->rows, n, count, 1, x + first, m, w, n, first > 0, y[i],
             n);
        }
        tape += arena_cost(dense_entries(linear, i));
    }
}

/* Whether a product of two Grams is more than what rounding leaves of tokens that cancel; |tr(G D)| <= |G|_F |D|_F. */
static bool is_resolved(int entries, const real *gram, const real *dy_gram, double product)
{
    double sizes = REAL_DOT(entries, gram, 1, gram, 1) * REAL_DOT(entries, dy_gram, 1, dy_gram, 1);
    return fabs(product) >= REAL_RESOLVED * sqrt(sizes);
}

double linear_gradient_square(int rows, const real *gram, const real *dy_gram)
{
    double square = REAL_DOT(rows * rows, gram, 1, dy_gram, 1);
    if (REAL_RESOLVED > 0 && !is_resolved(rows * rows, gram, dy_gram, square))
        return NAN;
    return square < 0 ? 0 : square;
}

static void gradient_squares(const struct linear *linear, const real *x, const real *const dy[], double squares[],
                             struct arena work)
{
    size_t entries = (size_t)linear->rows * (size_t)linear->rows;
    real *input = arena_take(&work, entries), *output = arena_take(&work, entries);
    panel_gram(linear->rows, linear->fan_in, x, input);
    for (int i = 0; i < linear->count; i++) {
        panel_gram(linear->rows, linear->map[i].fan_out, dy[i], output);
        squares[i] += linear_gradient_square(linear->rows, input, output);
    }
}

static void dense_backward(const struct linear_engine *self, const struct linear *linear, const real *x,
                           const real *const y[], const real *const dy[], double beta, real *dx, double squares[],
                           const real *tape, struct arena work)
{
    (void)self, (void)y;
    gradient_squares(linear, x, dy, squares, work);
    int m = linear->fan_in;
    for (int i = 0; i < linear->count; i++) {
        int n = linear->map[i].fan_out;
        REAL_BLAS(gemm)
        (CblasRowMajor, CblasNoTrans, CblasTrans, linear->rows, m, n, 1, dy[i], n, tape, n, i > 0 ? 1 : beta, dx, m);
        tape += arena_cost(dense_entries(linear, i));
    }
}

const struct linear_engine linear_engines[] = {
    {"dense", "draws every matrix; cost grows like d^2 T", false, dense_cost, dense_forward, dense_backward,
     dense_fill},
    {"conditioned", "draws what the tokens see of the matrices, exact in law; cost grows like d T^2", true,
     conditioned_cost, conditioned_forward, conditioned_backward, NULL},
};
const size_t linear_engine_count = sizeof linear_engines / sizeof *linear_engines;

const struct linear_engine *linear_engine_find(const char *name)
{
    for (size_t i = 0; i < linear_engine_count; i++)
        if (strcmp(linear_engines[i].name, name) == 0)
            return &linear_engines[i];
    return NULL;
}
