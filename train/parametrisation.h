/* How scales and rates go with width: which hyper-parameters carry over from a narrow model to a wide one. */
#ifndef SPANSCOPE_TRAIN_PARAMETRISATION_H
#define SPANSCOPE_TRAIN_PARAMETRISATION_H

#include <stdbool.h>
#include <stddef.h>

/* By which sides grow with the width. */
enum parametrisation_class {
    PARAMETRISATION_INPUT,  /* the fan-out alone: embeddings */
    PARAMETRISATION_HIDDEN, /* both: the matrices of the stack */
    PARAMETRISATION_OUTPUT, /* the fan-in alone: the readout */
    PARAMETRISATION_CLASSES
};

/* Exponents of m = width over base width; at m = 1 all rows are the same. */
struct parametrisation {
    const char *name;
    const char *summary;
    double readout; /* sd of the readout = m^readout / sqrt(d) */
    double logits;  /* scale of attention's logits = m^logits / sqrt(d/H) */
    /* Rate of a class = m^rate lr, for optimisers whose step does not depend on the gradient's size, and for others. */
    double adaptive[PARAMETRISATION_CLASSES], plain[PARAMETRISATION_CLASSES];
};

extern const struct parametrisation parametrisations[];
extern const size_t parametrisation_count;

/* m^rate of a class at that width. */
double parametrisation_rate(const struct parametrisation *row, enum parametrisation_class class, bool adaptive,
                            double ratio);

#endif
