/* The precisions of tensors: the stack as it was compiled for each (sim/real.h). */
#ifndef SPANSCOPE_SIM_PRECISION_H
#define SPANSCOPE_SIM_PRECISION_H

#include "sim/stack.h"

/* The functions of sim/stack, which say what each does. */
struct precision {
    const char *name;
    int (*init)(struct stack *stack, const struct model *model, const struct linear_engine *engine, bool per_token,
                size_t budget, struct error *error);
    int (*workspace_init)(struct stack_workspace *workspace, const struct stack *stack, struct error *error);
    int (*sample)(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
                  const volatile sig_atomic_t *stop, struct wide *values, struct error *error);
};

/* What single precision leaves out, for who is told that it did. */
#define PRECISION_LIMITS                                                                                               \
    "single precision does not tell cosines within 1e-6 of 1, deviations as small and weight gradients that tokens "   \
    "cancel from rounding; without --single they are known"

/* Stacks and workspaces of either are freed by stack_free and stack_workspace_free. */
const struct precision *precision_of(const struct model *model);

#endif
