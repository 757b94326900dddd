/* Where a predicted quantity takes a value: every root in one setting that is a number. */
#ifndef SPANSCOPE_ANALYSIS_SOLVE_H
#define SPANSCOPE_ANALYSIS_SOLVE_H

#include "analysis/gauge.h"
#include "analysis/map.h"

/* A quantity and the value that it is to take. */
struct solve_equation {
    struct gauge quantity;
    double target;
};

/* Text is "QUANTITY = VALUE" (analysis/gauge). ERROR_INPUT says what was expected. */
int solve_parse(struct solve_equation *equation, const char *text, struct error *error);

struct solve_root {
    double x;     /* of whole numbers, the one nearer to the value */
    double error; /* standard error of x by the draws of the prediction; 0 where nothing was drawn, NAN where it
                             is not known, as of one stack */
    double
        order_error; /* what a prediction to first order in T/d leaves of the quantity, relative (of 1 for cosines); else 0 */
    double x_order_error; /* and so of x */
    int replicas;         /* stacks drawn at the model's width; 0 in closed form, and in the limit */
    double value;         /* of the quantity at x */
    double low, high;     /* neighbours with values on both sides of the target; of whole numbers x and the next one
                             that has a value */
    double before, after; /* the quantity there */
    bool jump;            /* it passes the target without taking it: whole numbers, or a step */
};

/* The point of the scan whose value is nearest to the one asked for. */
struct solve_nearest {
    double value, error; /* of the quantity; its standard error by draws, 0 where there are none, NAN where not known */
    double order_error;  /* as of a root */
    double missing;      /* to the value, as the scan compares them */
    bool may_be;         /* that is no more than twice its standard error, or than what the first order leaves */
    int point;
};

struct solve {
    struct solve_root *roots; // [count], ascending
    int count;
    struct solve_nearest nearest;
    double least, most; /* of the quantity over the scan */
    bool everywhere;    /* it has the value at all points of the scan, but for rounding: then there are no roots */
    int points, drawn;  /* scanned, and of those the ones whose value has an error of draws */
    int beyond;         /* scanned and without a value; and roots that were lost next to such a place */
};

/* Makes the checked model whose setting is x; called from several threads at once. */
typedef int solve_model(void *context, double x, struct model *model, struct error *error);

struct solve_plan {
    solve_model *model;
    void *context;
    struct moments_options moments; /* of a point; the same seed at every point, so that draws move with the setting and
                                       do not jump, but for what a ReLU's gradient and a choice of experts do */
    int threads;                    /* in its place: results do not depend on it */
    /* May be NULL: points of the scan that are done, from one thread at a time; once all are, roots are being refined,
     * which takes some twenty more each. */
    void (*progress)(void *context, int done, int all);
    void *progress_context;
};

/* Scans the axis, whose values are the points, and refines every change of sign by Brent's method (GSL), and every point
 * that comes nearest to the target without one by his minimiser, as two roots may stand between points. Roots nearer to
 * each other than that are missed. GSL's error handler is to be off. ERROR_INPUT where the quantity has no value
 * anywhere. */
int solve_find(struct solve *solve, const struct solve_equation *equation, const struct map_axis *axis,
               const struct solve_plan *plan, struct error *error);
void solve_free(struct solve *solve);

#endif
