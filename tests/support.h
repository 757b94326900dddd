/* What the tests of the engine share: odd random arrays, distances, derivatives by differences, a stack that is run
 * block by block, and a dense engine whose matrices can be altered and whose matrix gradients can be seen. */
#ifndef SPANSCOPE_TESTS_SUPPORT_H
#define SPANSCOPE_TESTS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/stack.h"

/* count normals of mean 0.31 and standard deviation 1.37, from GSL's generator and not sim/stream; the caller frees. */
double *support_normals(unsigned long seed, size_t count);
double *support_copy(size_t count, const double *a);
/* count NaNs: memory whose old content must not matter. */
double *support_poison(size_t count);

/* The same as floats, rounded, for what takes tensors in single precision (sim/real.h); and what came of them in a. Frees
 * the floats. */
void *support_narrow(size_t count, const double *a);
void support_widen(size_t count, void *floats, double *a);

double support_dot(size_t count, const double *a, const double *b);

/* full = [tokens][tokens] of {diagonal - shared, shared}, the two numbers of exchangeable tokens. */
void support_expand(int tokens, const double pair[2], double *full);
double support_sum_of_squares(size_t count, const double *a);

/* max |a - b| / max |b|; infinite where anything is not finite. */
double support_distance(size_t count, const double *a, const double *b);

/* A derivative at 0 from five-point differences, with a bound of its own error. */
struct support_slope {
    double value, tolerance;
};
typedef double support_function(void *context, double step);

/* magnitude: f is a sum of terms whose absolute values sum to this. Fails the test where the tolerance is no use, as at
 * a kink. */
struct support_slope support_differentiate(support_function *f, void *context, double magnitude);
void support_check_slope(struct support_slope slope, double expected, const char *what);

/* Settings as "placement=prenorm layers=3", on top of an odd shape: d 15, H 3, T 5, F 11, E 5, k 2, L 2, unit. */
void support_model(struct model *model, const char *text);

/* A stack whose blocks are run one at a time, all tapes kept. A layer is its states one behind the other, what enters a
 * block those and the memories behind them. */
struct support_rig {
    struct model model;
    struct stack stack;
    struct stack_workspace workspace;
    struct block_run run;
    size_t count;  /* states T d */
    size_t inputs; /* count and memories T_m d */
};

void support_rig_init(struct support_rig *rig, const char *text);
void support_rig_free(struct support_rig *rig);
/* The layer that the block makes of x [inputs], good until the next call. */
const double *support_forward(struct support_rig *rig, int block, const double *x);
void support_backward(struct support_rig *rig, int block, const double *x, // [inputs]
                      const double *dy,                                    // [count]
                      double *dx);                                         // [inputs]
/* All blocks; returns a copy of the output, and the gradient at the input in dx where that is not NULL. */
double *support_run(struct support_rig *rig, const double *x, const double *dy, double *dx);

/* Rows first .. first + count - 1 of a matrix of the block as the dense engine draws it. */
void support_matrix(const struct support_rig *rig, int block, const char *label, int expert, double *w);

/* The dense engine. matrix may alter rows first .. first + count - 1 of a matrix after they are drawn; gradient sees
 * what enters every map's backward pass: dW = x^T dy. */
struct support_hooks {
    void (*matrix)(const struct linear_map *map, int first, int count, double *w);
    void (*gradient)(const struct linear_map *map, int rows, int fan_in, const double *x, const double *dy);
};
extern struct support_hooks support_hooks;
extern const struct linear_engine support_engine;

bool support_same_matrix(const struct stream_address *a, const struct stream_address *b);

/* dW [fan_in][fan_out] = x^T dy by the definition. */
void support_weight_gradient(int rows, int fan_in, int fan_out, const double *x, const double *dy, double *dw);

/* Checks the gradients of <c, stack(x)> at the input and at every matrix that has one, by differences along a random
 * direction each, and the reports' squares against explicit sums. */
void support_check_gradients(const char *text, unsigned long seed);

/* The model of the text and the plan of its block l, from the values that its scalars then have; plan_init's code. */
int support_plan(const char *text, int l, struct model *model, double values[GRAPH_NODES_MAX], struct plan *plan,
                 struct error *error);

#endif
