/* Depth: L blocks forward and in reverse, with the observables of every layer.
 *
 * Memory is one block's working set and the L block inputs. Tapes (in the dense engine mostly the weights) of the last
 * blocks are kept as far as the budget goes and it pays; the other blocks are evaluated again in the reverse pass, from
 * their input and their streams, with the same bits. The cotangent is rescaled between blocks by exact powers of two.
 */
#ifndef SPANSCOPE_SIM_STACK_H
#define SPANSCOPE_SIM_STACK_H

#include <signal.h>

#include "sim/depth.h"

struct stack {
    struct depth depth;
    const struct linear_engine *engine;
    struct linear_cost cost; /* largest work of a block; tapes, normals and flops of all, each evaluated once */
    size_t block_tape;       /* doubles, the largest */
    int kept;                /* blocks whose tape is kept */
    const char *forced;      /* why the engine is not the cheapest, for who left the choice open; NULL where it is */
    size_t bytes, least;     /* of one workspace, as it is planned and with no more than it must have */
};

/* Checks every block's formula, scalars and scales. engine: NULL for the one whose sample takes the least nominal time
 * of those that fit the budget. budget: bytes that one workspace may take; ERROR_RESOURCE where the least possible is
 * more.
 */
int stack_init(struct stack *stack, const struct model *model, const struct linear_engine *engine, bool per_token,
               size_t budget, struct error *error);
void stack_free(struct stack *stack);

/* Normals and flops of a sample with those that blocks without a tape take again. */
struct linear_cost stack_sample_cost(const struct stack *stack);

/* Nominal time of a sample, on a machine of linear_seconds. */
double stack_seconds(const struct stack *stack);

/* Who wants to see a pass's signals themselves: the state x and its gradient g 2^exponent at every layer, and the
 * attentions of every block. */
struct stack_watch {
    void (*activation)(void *context, int layer, const real *x);             // [T][d]
    void (*gradient)(void *context, int layer, const real *g, int exponent); // [T][d]
    struct block_watch block;
    void *context; // of the first two
};

/* Memory of one thread; serves any number of samples one after another. */
struct stack_workspace {
    real *memory;
    real *inputs;        // [block_count + 1][states][T][d]
    real *memories;      // [memories][T_m][d]
    real *gradient[2];   // [states][T][d]
    real *forgotten;     // [T_m][d], the memories' cotangents, which nobody reads
    struct arena row;    /* scratch of the observables */
    struct arena *tapes; /* [kept + 1]; the last one is shared by the blocks that are not kept */
    struct arena work;
    struct block_report report;
    const struct stack_watch *watch; // NULL: nobody; the caller may set it before a pass
};

int stack_workspace_init(struct stack_workspace *workspace, const struct stack *stack, struct error *error);
void stack_workspace_free(struct stack_workspace *workspace);

/* What stands at both ends of a stack. */
struct stack_ends {
    void (*input)(void *context, real *x);                    // [T][d]
    void (*cotangent)(void *context, const real *x, real *g); // [T][d]; x is the stack's output
    void *context;
};

/* One pass: values[(L + 1) * schema.column_count], a row per layer. ERROR_INPUT names the block where a signal or its
 * gradient leaves the range of the tensors' type. *stop (stop may be NULL) is looked at before every block, forward and reverse:
 * nonzero is ERROR_INTERRUPTED, and the values are then of no use. */
int stack_pass(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
               const struct stack_ends *ends, const volatile sig_atomic_t *stop, struct wide *values,
               struct error *error);

/* A sample: the pass between the input and the cotangent that the model's settings name, from their streams. */
int stack_sample(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
                 const volatile sig_atomic_t *stop, struct wide *values, struct error *error);

#endif
