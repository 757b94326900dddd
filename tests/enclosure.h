/* The first block of a formula, read over intervals. */
#ifndef SPANSCOPE_TESTS_ENCLOSURE_H
#define SPANSCOPE_TESTS_ENCLOSURE_H

#include "analysis/bounds/reading.h"

struct enclosure {
    struct model model;
    struct depth depth;
    struct reading reading;
    const struct block *block;
    struct reading_joint in;          /* square 1 and pair 1/2 of x, Gaussian; of no other input */
    struct reading_gradient gradient; /* 1 on x */
};

/* The block is surveyed, nothing is read. */
void enclosure_init(struct enclosure *self, const char *formula);
void enclosure_free(struct enclosure *self);

/* Forward; the form of x at the block's output. */
const struct form *enclosure_forward(struct enclosure *self);

/* sd^2 fan_in of the map called so. */
double enclosure_gain(const struct enclosure *self, const char *label);

/* The node of the map called so. */
int enclosure_map(const struct enclosure *self, const char *label);

/* value, but for rounding of some ten operations. */
void enclosure_check(struct interval interval, double value);

/* a within b, the same. */
void enclosure_check_within(struct interval a, struct interval b);

#endif
