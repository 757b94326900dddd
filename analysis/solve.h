/* Where a predicted quantity takes a value: every root in one setting that is a number. */
#ifndef SPANSCOPE_ANALYSIS_SOLVE_H
#define SPANSCOPE_ANALYSIS_SOLVE_H

#include "analysis/map.h"

/* A column of a profile at a layer. */
struct solve_term {
    char column[OBSERVE_NAME_MAX];
    int layer;     /* from 0, or back from L */
    bool from_end; /* layer is subtracted from L */
};

/* A term, or a ratio of two, and the value that it is to take. */
struct solve_equation {
    struct solve_term over, under;
    bool ratio, log10; /* log10: of it */
    double target;
};

/* Quantities that have a name of their own. */
struct solve_name {
    const char *name, *quantity, *summary;
};

extern const struct solve_name solve_names[];
extern const size_t solve_name_count;

/* Text is "QUANTITY = VALUE". A quantity is NAME, COLUMN@LAYER, or two of the latter with a / between: gradient_ratio,
 * token_cosine (at layer L), gradient_variance@0/gradient_variance@L-1; log10_ before it takes its logarithm. ERROR_INPUT
 * says what was expected. */
int solve_parse(struct solve_equation *equation, const char *text, struct error *error);

struct solve_root {
    double x;             /* of whole numbers, the one nearer to the value */
    double error;         /* standard error of x by that of the prediction; 0 where it is exact */
    double value;         /* of the quantity at x */
    double low, high;     /* neighbours with values on both sides of the target; of whole numbers x and the next one */
    double before, after; /* the quantity there */
    bool jump;            /* it passes the target without taking it: whole numbers, or a step */
};

struct solve {
    struct solve_root *roots; // [count], ascending
    int count;
    double least, most; /* of the quantity over the scan */
    int points, beyond; /* scanned, and of those without a value */
};

/* Makes the checked model whose setting is x; called from several threads at once. */
typedef int solve_model(void *context, double x, struct model *model, struct error *error);

struct solve_plan {
    solve_model *model;
    void *context;
    struct moments_options moments; /* of a point, which takes one thread; the same seed at every point, so that draws
                                       move with the setting and do not jump */
    int threads;
};

/* Scans the axis, whose values are the points, and refines every change of sign by Brent's method (GSL), and every point
 * that comes nearest to the target without one by his minimiser, as two roots may stand between points. Roots nearer to
 * each other than that are missed. GSL's error handler is to be off. ERROR_INPUT where the quantity has no value
 * anywhere. */
int solve_find(struct solve *solve, const struct solve_equation *equation, const struct map_axis *axis,
               const struct solve_plan *plan, struct error *error);
void solve_free(struct solve *solve);

#endif
