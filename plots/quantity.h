/* What a figure shows of an observable: itself, what it lacks to 1, its gain from the output to the input, ... */
#ifndef SPANSCOPE_PLOTS_QUANTITY_H
#define SPANSCOPE_PLOTS_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "plots/saved.h"

/* Where it is read. */
struct quantity_place {
    const struct saved_list *profiles; /* all, for what compares two of them */
    const struct saved *profile;
    size_t row;
    const char *observable; /* or a column of one: branch_ratio.attn */
};

/* The value's interval is NaN where there is none; false where the place does not have the quantity. */
struct quantity {
    bool (*read)(const struct quantity_place *place, struct saved_value *value);
    double (*of_theory)(double value); /* of a line of analysis/theory for the observable; NULL: none is drawn */
    const char *needs;                 /* what a profile must have besides the observable, for messages */
    const char *note;                  /* for the caption; NULL: nothing to say */
};

extern const struct quantity quantity_value;
extern const struct quantity quantity_geometric;    /* the geometric mean over samples; a prediction's value */
extern const struct quantity quantity_complement;   /* 1 - value, where it is more than rounding */
extern const struct quantity quantity_gain;         /* value here over that at layer L, geometric */
extern const struct quantity quantity_excess;       /* value here less that at layer 0, without an interval */
extern const struct quantity quantity_log_variance; /* d Var log(value here / value at layer L), over samples */
extern const struct quantity quantity_gap;          /* |measured / predicted - 1| */
extern const struct quantity quantity_edge;    /* the largest rate of those runs that differ in it alone whose score
                                                       does not fail, at the first of them */
extern const struct quantity quantity_seconds; /* wall-clock time of a sample; the observable is not read */

#endif
