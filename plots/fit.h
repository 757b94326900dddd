/* The power law through a curve: its slope where both axes are logarithmic. */
#ifndef SPANSCOPE_PLOTS_FIT_H
#define SPANSCOPE_PLOTS_FIT_H

#include <stdbool.h>
#include <stddef.h>

struct series_point;

struct fit {
    double slope, se; /* least squares; se: its standard error, NAN of two points */
};

/* Of points as they are drawn; false where they leave no slope. */
bool fit_line(struct fit *fit, const struct series_point *points, size_t count);

/* "slope -1.19 ± 0.05", like snprintf. */
int fit_print(const struct fit *fit, char *buffer, size_t size);

#endif
