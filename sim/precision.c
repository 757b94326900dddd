#include "sim/precision.h"

/* The same names in the objects that were compiled for float. */
__typeof__(stack_init) stack_init_single;
__typeof__(stack_workspace_init) stack_workspace_init_single;
__typeof__(stack_sample) stack_sample_single;

static const struct precision precisions[] = {
    {"double", stack_init, stack_workspace_init, stack_sample},
    {"single", stack_init_single, stack_workspace_init_single, stack_sample_single},
};

const struct precision *precision_of(const struct model *model)
{
    return &precisions[model->single];
}
