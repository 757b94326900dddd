/* What curves run along: the layers of a profile, its positions, or a value of the configuration. */
#ifndef SPANSCOPE_PLOTS_ABSCISSA_H
#define SPANSCOPE_PLOTS_ABSCISSA_H

#include <stdbool.h>

#include "plots/saved.h"

enum abscissa_over {
    ABSCISSA_LAYERS,   /* a curve per profile, a point per layer */
    ABSCISSA_TOKENS,   /* a curve per profile, a point per position: columns NAME.token1, NAME.token2, ... */
    ABSCISSA_PROFILES, /* a point per profile; those that differ in nothing but keys make a curve */
};

struct abscissa {
    enum abscissa_over over;
    const char *keys;   /* of ABSCISSA_PROFILES: the configuration's key that is x, then those in which its points may
                           differ too; between blanks: " width heads " */
    bool logarithmic;   /* x is log10 of the layer, position or value */
    bool whole;         /* x before the logarithm is a whole number */
    double from;        /* a linear axis begins here at the latest; NaN: at the first point */
    const char *label;  /* gnuplot's enhanced text */
    const char *name;   /* in the .dat */
    const char *values; /* what a curve needs two of: "depths L" */
    const char *place;  /* where on a profile a line of theory is taken, for the key; empty: everywhere */
    bool scattered;     /* points lie anywhere: no line joins them, and the axis has its own tics */
};

extern const struct abscissa abscissa_layer, abscissa_log_layer, abscissa_position, abscissa_depth, abscissa_width,
    abscissa_width_by_engine, abscissa_constant, abscissa_step, abscissa_rate, abscissa_initial_spread,
    abscissa_false_positives, abscissa_edge_depth, abscissa_edge_width;

/* Whether a key of the configuration is among keys; false for NULL. */
bool abscissa_has_key(const struct abscissa *abscissa, const char *key);

/* The first of keys into key, of size bytes. */
void abscissa_key(const struct abscissa *abscissa, char *key, size_t size);

/* x of a value: itself or log10; false where a logarithmic axis has no place for it. */
bool abscissa_place(const struct abscissa *abscissa, double value, double *x);

/* x of a profile (ABSCISSA_PROFILES); false where its configuration lacks the key. */
bool abscissa_of(const struct abscissa *abscissa, const struct saved *profile, double *x);

#endif
