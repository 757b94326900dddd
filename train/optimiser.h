/* Update rules, entry by entry. */
#ifndef SPANSCOPE_TRAIN_OPTIMISER_H
#define SPANSCOPE_TRAIN_OPTIMISER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/real.h"

enum { OPTIMISER_MOMENTS = 2 };

struct optimiser_settings {
    double momentum;     /* of momentum */
    double beta1, beta2; /* of adam and adamw */
    double epsilon;
    double weight_decay;
    double clip; /* the largest norm that all gradients together may have; 0 for no limit */
};

struct optimiser {
    const char *name;
    const char *summary;
    int moments;   /* arrays that it keeps beside the weights */
    bool adaptive; /* the step's size does not depend on the gradient's */
    /* Step number `step`, from 1, with gradient scale g. */
    void (*update)(const struct optimiser_settings *settings, double rate, int64_t step, double scale, size_t count,
                   const real *g, real *w, real *m, real *v); // [count]; m and v as far as moments goes
};

extern const struct optimiser optimisers[];
extern const size_t optimiser_count;

const struct optimiser *optimiser_find(const char *name);

/* A number of the settings, by its name as an option and its key in outputs. */
struct optimiser_number {
    const char *name, *key;
    size_t offset;                   /* in struct optimiser_settings */
    double least, below;             /* least <= value < below */
    int moments_least, moments_most; /* of the optimisers that read it */
};

extern const struct optimiser_number optimiser_numbers[];
extern const size_t optimiser_number_count;

double optimiser_number(const struct optimiser_number *number, const struct optimiser_settings *settings);
bool optimiser_reads(const struct optimiser *optimiser, const struct optimiser_number *number);

/* Adam(.9, .95), epsilon 1e-8, momentum .9, no decay, no clipping. */
struct optimiser_settings optimiser_defaults(void);

/* The least epsilon in single precision. Squares of gradients below sqrt(FLT_MIN/(1 - beta2)) underflow in the second
 * moment; beside this epsilon what they lose is less than a step's rounding. */
double optimiser_epsilon_least(const struct optimiser_settings *settings);

/* What gradients of that norm are multiplied by: min(1, clip/norm). */
double optimiser_clip(const struct optimiser_settings *settings, double norm);

#endif
