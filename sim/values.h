/* Several values of a number in one text: a list 8,16,32 or an axis FROM:TO[:COUNT][:log|:lin]. */
#ifndef SPANSCOPE_SIM_VALUES_H
#define SPANSCOPE_SIM_VALUES_H

#include <stdbool.h>

#include "sim/error.h"

enum { VALUES_COUNT = 9, VALUES_MOST = 1000 };

struct values {
    int count;
    double *value; /* [count], in the order of a list, ascending on an axis */
};

/* An axis has COUNT values (VALUES_COUNT) from FROM to TO, evenly (lin) or by equal ratios (log); whole numbers are
 * rounded and named once. what names the number in messages. */
int values_parse(struct values *values, const char *what, const char *text, bool whole, struct error *error);
void values_free(struct values *values);

bool values_same(const struct values *a, const struct values *b);

#endif
