/* Ranges and tics of axes. On a logarithmic axis all numbers are log10, so that 1e-600 has a place. */
#ifndef SPANSCOPE_PLOTS_AXIS_H
#define SPANSCOPE_PLOTS_AXIS_H

#include <stdbool.h>
#include <stdio.h>

#include "plots/series.h"

/* What a figure asks of its y axis. */
struct axis_wish {
    double least, most;   /* beyond which no value lies, e.g. -1 and 1; equal where there are no such bounds */
    double span;          /* the least range, in units or in decades, so that noise is not blown up ... */
    double relative_span; /* ... and relative to the largest value (linear only) */
};

struct axis {
    bool logarithmic;
    double lo, hi;
};

/* The axis from lo to hi, or as near as a picture can show: finite ends that differ. */
struct axis axis_between(bool logarithmic, double lo, double hi);

/* The range holds every value; intervals and theory may widen it, but not so far that the values are squeezed. */
void axis_fit(struct axis *axis, bool logarithmic, const struct axis_wish *wish, const struct series_list *list);

/* "set <name>tics ..." for a logarithmic axis: 0.1 0.2 0.5 1 or powers of ten. */
void axis_print_tics(const struct axis *axis, const char *name, FILE *script);

/* A step for tics at whole numbers 0..last: it divides last where it can. */
int axis_whole_step(int last);

#endif
