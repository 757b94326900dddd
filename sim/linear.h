/* Random linear maps y_i = x W_i that share one input.
 *
 * W_i is fan_in x fan_out_i, its entries of a law (sim/law) and standard deviation sigma_i. An engine decides how: the
 * dense engine draws the matrices, others draw something with the same law. A map is used once forward and once backward
 * per sample.
 */
#ifndef SPANSCOPE_SIM_LINEAR_H
#define SPANSCOPE_SIM_LINEAR_H

#include <stddef.h>

#include "sim/law.h"
#include "sim/memory.h"

struct linear_map {
    int fan_out;
    double sigma;
    struct stream_address address; /* its role is set by the engine */
    const struct law *law;         /* NULL: normal */
};

struct linear {
    int rows, fan_in; /* x is [rows][fan_in] */
    int count;
    const struct linear_map *map; /* [count] */
};

/* What one forward and one backward pass take. */
struct linear_cost {
    size_t tape;    /* doubles that live from forward to backward */
    size_t work;    /* doubles of scratch that either may overwrite */
    double normals; /* drawn */
    double flops;
    double forward_normals, forward_flops; /* of these, those of the forward pass: done again where no tape is kept */
};

/* Tapes, normals and flops add; scratch is shared. */
struct linear_cost linear_cost_add(struct linear_cost a, struct linear_cost b);

/* Nominal time decides between engines and whether a tape is kept. Its rates are constants, so that every machine, busy
 * or idle, decides alike. They are those of one core of a 2024 server (bench/conditioned prints them): normals drawn in
 * the cache, products with few rows, and a double of the tape touched first, written to memory and read back. */
#define LINEAR_SECONDS_NORMAL 9e-10
#define LINEAR_SECONDS_FLOP   2e-11
#define LINEAR_SECONDS_TAPE   2e-9
double linear_seconds(double normals, double flops);

struct linear_engine {
    const char *name;
    const char *summary;
    bool gaussian; /* takes normal laws only, and no matrix that two blocks share */
    struct linear_cost (*cost)(const struct linear *linear);
    /* y[i] = x W_i. Fills tape. */
    void (*forward)(const struct linear_engine *self, const struct linear *linear, const real *x, // [rows][fan_in]
                    real *const y[], // [count] of [rows][fan_out_i]
                    real *tape, struct arena work);
    /* dx = beta dx + sum_i dy_i W_i^T; beta is 0 or 1, and 0 reads nothing from dx. squares[i] += |x^T dy_i|_F^2, the
     * gradient of W_i. x and y are those of the forward pass, unchanged. */
    void (*backward)(const struct linear_engine *self, const struct linear *linear, const real *x,
                     const real *const y[], const real *const dy[], // [count] of [rows][fan_out_i]
                     double beta, real *dx,                         // [rows][fan_in]
                     double squares[],                              // [count]
                     const real *tape, struct arena work);
    /* Rows first .. first + count - 1 of a matrix, for engines that hold matrices; work has law_work doubles. Tests
     * substitute it to run on given weights. */
    void (*fill)(const struct linear_map *map, int fan_in, int first, int count, real *w, // [count][fan_out]
                 real *work);                                                             // [law_work]
};

/* |x^T dy|^2 = sum_st (x x^T)_st (dy dy^T)_st from the two Grams [rows][rows]: rows^2 (fan_in + fan_out) operations
 * instead of rows fan_in fan_out. Where the gradient vanishes, rounding does not take it below 0; NaN where the type of
 * tensors cannot tell it from its rounding. */
double linear_gradient_square(int rows, const real *gram, const real *dy_gram);

extern const struct linear_engine linear_engines[];
extern const size_t linear_engine_count;

const struct linear_engine *linear_engine_find(const char *name);

#endif
