/* Several values of a number in one text: a list 8,16,32 or an axis FROM:TO[:COUNT][:log|:lin]. */
#ifndef SPANSCOPE_SIM_VALUES_H
#define SPANSCOPE_SIM_VALUES_H

#include <stdbool.h>

#include "sim/error.h"

enum { VALUES_COUNT = 9, VALUES_MOST = 1000 };

/* What whole numbers may be; NULL stands for any numbers. */
struct values_whole {
    long long least, most;
};

/* Those of a setting, in *whole; NULL where it is not of whole numbers. */
struct setting;
const struct values_whole *values_whole_of(const struct setting *setting, struct values_whole *whole);

struct values {
    int count;
    double *value;    /* [count], in the order of a list, ascending on an axis */
    bool logarithmic; /* of an axis: by equal ratios */
};

/* An axis has COUNT values (VALUES_COUNT) from FROM to TO, evenly (lin) or by equal ratios (log), both ends exactly;
 * whole numbers are rounded and named once, and have whole ends. what names the number in messages. */
int values_parse(struct values *values, const char *what, const char *text, const struct values_whole *whole,
                 struct error *error);

/* The same of an axis alone, with other counts: as it does not say, and at most. */
int values_parse_axis(struct values *values, const char *what, const char *text, const struct values_whole *whole,
                      int points, int most, struct error *error);
void values_free(struct values *values);

bool values_same(const struct values *a, const struct values *b);

#endif
