#include "train/trainers.h"

/* The same names in the objects that were compiled for float. */
__typeof__(network_init) network_init_single;
__typeof__(trainer_init) trainer_init_single;
__typeof__(trainer_step) trainer_step_single;
__typeof__(trainer_save) trainer_save_single;
__typeof__(trainer_restore) trainer_restore_single;

static const struct trainers precisions[] = {
    {network_init, trainer_init, trainer_step, trainer_save, trainer_restore},
    {network_init_single, trainer_init_single, trainer_step_single, trainer_save_single, trainer_restore_single},
};

const struct trainers *trainers_of(const struct model *model)
{
    return &precisions[model->single];
}
