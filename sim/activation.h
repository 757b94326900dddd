/* The table of activations. */
#ifndef SPANSCOPE_SIM_ACTIVATION_H
#define SPANSCOPE_SIM_ACTIVATION_H

#include <float.h>
#include <stdbool.h>
#include <stddef.h>

#include "sim/real.h"

/* Errors. A value is within ACTIVATION_ERROR of phi(u), relative to it, a slope relative to the sum of its terms' sizes
 * (they cancel where phi' changes sign), and both within ACTIVATION_FLOOR besides, where exp(-|u|) is subnormal: at
 * every u, with or without fused multiply-add. Infinities give the limits, a value of NaN is NaN. An element's bits
 * depend neither on its place in the array nor on its neighbours. */
#define ACTIVATION_ERROR (6 * DBL_EPSILON)
#define ACTIVATION_FLOOR 2e-320

struct activation {
    const char *name;
    const char *summary;
    const char *example;                                 /* as a function of the language; NULL where gated */
    bool gated;                                          /* not a function, an FFN: phi(u Wg) * (u W1) */
    void (*value)(size_t count, const real *u, real *h); /* h = phi(u); no overlap */
    void (*slope)(size_t count, const real *u, real *s); /* s = phi'(u), 0 at the kink of relu; no overlap */
};

extern const struct activation activations[];
extern const size_t activation_count;

/* phi2 = E phi(z)^2 for z ~ N(0,1), to about 1e-13 relative. */
double activation_second_moment(const struct activation *activation);

#endif
