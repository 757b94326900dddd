/* One run: a model trained on a task from the weights of a seed, step by step.
 *
 * Everything that a step does is a function of the configuration and the state before it, so a run that is saved and
 * restored goes on with the same bits.
 */
#ifndef SPANSCOPE_TRAIN_TRAINER_H
#define SPANSCOPE_TRAIN_TRAINER_H

#include <stdio.h>

#include "train/measure.h"
#include "train/optimiser.h"
#include "train/schedule.h"
#include "sim/values.h"

/* What is trained how; the rows and the task stay the caller's. */
struct training {
    const struct task *task;
    int batch; /* B sequences a step */
    int64_t steps;
    const struct optimiser *optimiser;
    struct optimiser_settings settings;
    double rate; /* the learning rate */
    const struct schedule_row *schedule;
    int64_t warmup; /* steps */
    const struct parametrisation *parametrisation;
    double base_width;
    uint64_t seed;                 /* of weights and data */
    const struct values *measured; /* the steps before which the stack is measured, ascending; NULL for none */
    bool unablated;                /* profiles do without ablated_loss, which takes 8 (L + 1) forward passes */
};

struct training training_defaults(void);

/* Sizes and numbers that go together with each other and the model. */
int training_check(const struct training *training, const struct model *model, struct error *error);

/* Whether both train and measure the same, where their models are the same. */
bool training_same(const struct training *a, const struct training *b);

/* What a run leaves. A series has an entry for each of the `done` steps; one that is not finite stays as it is. */
struct trainer_record {
    int64_t done;
    int64_t diverged;             /* the last step, where a signal, its loss or squared gradient left the range; -1 */
    double *loss;                 // [steps], mean over the batch, before the step's update
    double *bayes;                // [steps], of the best predictor on the same sequences; NAN where there is none
    double *spread;               // [steps], 1 - token cosine of x_L (network_spread)
    double *gradient_norm;        // [steps], of all weights together, before clipping
    int profiles, room;           /* of the stack: taken so far, and asked for */
    size_t cells;                 /* of a profile */
    struct estimate *profile;     // [room][cells]
    struct observe_schema schema; /* their columns; zeroed where none is asked for */
};

void trainer_record_free(struct trainer_record *record);

struct trainer {
    struct training training;
    struct network network;
    real *moments[OPTIMISER_MOMENTS]; // [network.held.entries], NULL beyond the optimiser's
    int *x, *y;                       // [B][T]
    struct measure measure;           /* where the run is measured, else zeroed */
    real *before, *delta;             // [network.held.entries], for the updates that are measured
    struct trainer_record record;
};

/* budget: bytes. The model must outlive the trainer. */
int trainer_init(struct trainer *trainer, const struct model *model, const struct training *training, size_t budget,
                 struct error *error);
void trainer_free(struct trainer *trainer);

/* Whether there is a step left. */
bool trainer_goes_on(const struct trainer *trainer);

/* One step: data, loss, gradients, update. */
void trainer_step(struct trainer *trainer);

/* The sequences of a step into x and y; returns what network_forward takes, and the best predictor's mean loss. */
struct network_batch trainer_batch(struct trainer *trainer, uint64_t step, double *bayes);

/* The whole state as bytes, and back: ERROR_RESOURCE where writing fails, or the bytes are not of this run. */
int trainer_save(const struct trainer *trainer, FILE *stream, struct error *error);
int trainer_restore(struct trainer *trainer, FILE *stream, struct error *error);

/* The record alone. */
int trainer_record_save(const struct trainer_record *record, FILE *stream, struct error *error);
int trainer_record_restore(struct trainer_record *record, int64_t steps, FILE *stream, struct error *error);

#endif
