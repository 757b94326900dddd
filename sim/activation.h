/* The table of activations. */
#ifndef SPANSCOPE_SIM_ACTIVATION_H
#define SPANSCOPE_SIM_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

struct activation {
    const char *name;
    const char *summary;
    bool gated;                                              /* h = phi(u Wg) * (u W1) instead of phi(u W1) */
    void (*value)(size_t count, const double *u, double *h); /* h = phi(u) */
    void (*slope)(size_t count, const double *u, double *s); /* s = phi'(u), 0 at the kink of relu */
};

extern const struct activation activations[];
extern const size_t activation_count;

const struct activation *activation_find(const char *name);

/* phi2 = E phi(z)^2 for z ~ N(0,1), to about 1e-13 relative. */
double activation_second_moment(const struct activation *activation);

#endif
