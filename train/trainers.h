/* The trainers: one run of either precision, as it was compiled for each (sim/real.h). */
#ifndef SPANSCOPE_TRAIN_TRAINERS_H
#define SPANSCOPE_TRAIN_TRAINERS_H

#include "train/trainer.h"

/* The functions of train/trainer and train/network, which say what each does. */
struct trainers {
    int (*network)(struct network *network, const struct model *model, int batch, int vocabulary,
                   const struct parametrisation *parametrisation, double base_width, uint64_t seed, size_t budget,
                   struct error *error);
    int (*init)(struct trainer *trainer, const struct model *model, const struct training *training, size_t budget,
                struct error *error);
    void (*step)(struct trainer *trainer);
    int (*save)(const struct trainer *trainer, FILE *stream, struct error *error);
    int (*restore)(struct trainer *trainer, FILE *stream, struct error *error);
};

/* Networks and trainers of either are freed by network_free and trainer_free. */
const struct trainers *trainers_of(const struct model *model);

#endif
