/* What a curve comes to in one number, for its name. */
#ifndef SPANSCOPE_PLOTS_FIT_H
#define SPANSCOPE_PLOTS_FIT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"

struct series_point;
struct series_list;

struct fit {
    double slope, se; /* least squares; se: its standard error, NAN of two points */
};

enum fit_kind {
    FIT_NONE,
    FIT_SLOPE, /* of the power law through points on logarithmic axes */
    FIT_AREA,  /* under the ROC curve by which x tells runs that learn (y is their score) from those that fail */
    FIT_ROC,   /* that area, and the curve itself is what is drawn */
    FIT_KINDS
};

/* Of points as they are drawn; false where they leave no slope. */
bool fit_line(struct fit *fit, const struct series_point *points, size_t count);

/* P(x of one that learns > x of one that fails), ties counting half; NAN where all do the same. */
double fit_area(const struct series_point *points, size_t count);

/* That ROC curve in place of the points, which ascend in x and have room for one more: from (0, 0) to (1, 1), at each x
 * the share of the learning runs (x) and of the failing ones (y) that lie there or to the left. Runs of one x are one
 * step, so that its trapezia count ties as half. Returns the number of its points, 0 where all runs do the same. */
size_t fit_roc(struct series_point *points, size_t count);

/* "slope -1.19 ± 0.05" or "ROC area 0.98"; false where the points have none. */
bool fit_print(enum fit_kind kind, const struct series_point *points, size_t count, char *buffer, size_t size);

/* Adds that to the names of curves of data; of FIT_ROC their runs become those curves, and ERROR_INPUT says that there
 * are none. */
int fit_curves(struct series_list *list, enum fit_kind kind, struct error *error);

/* What these numbers are, for captions; NULL for FIT_NONE. */
const char *fit_note(enum fit_kind kind);

#endif
