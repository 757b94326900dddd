/* Committed expected values and how far from them a reproduction may lie.
 *
 * With the same seed another machine differs by rounding only, BLAS kernels summing in other orders. Where weights are
 * drawn in another way (another engine, an additional matrix) the same law is sampled anew, and two estimates of one
 * mean differ by their standard errors. Anything beyond is wrong.
 */
#ifndef SPANSCOPE_PAPER_REPRO_EXPECTED_H
#define SPANSCOPE_PAPER_REPRO_EXPECTED_H

#include <stdio.h>

#include "plots/saved.h"
#include "sim/error.h"

/* Rounding. A product sums at most 4d terms in another order, a relative 4d 2^-53 / 2 = 1e-13 at d = 256, and L blocks
 * add theirs: 1e-11 at L = 128. The rest is room for gains above 1. Committed numbers carry 12 digits. */
#define EXPECTED_ROUNDING 1e-9

/* The probability that any value of a report is called wrong though it was sampled anew from the right law. */
#define EXPECTED_FALSE_ALARM 1e-3

enum expected_scale { EXPECTED_MEAN, EXPECTED_MEAN_LOG, EXPECTED_SCALES };
extern const char *const expected_scale_names[EXPECTED_SCALES];

enum { EXPECTED_NAME_MAX = 64, EXPECTED_LABEL_MAX = 160 };

/* One observable of one profile of a figure's data. */
struct expected_value {
    char figure[EXPECTED_NAME_MAX];
    int profile;                    /* its place in the figure's data, from 1 */
    char label[EXPECTED_LABEL_MAX]; /* which configuration that is, for people and as a check */
    char observable[EXPECTED_NAME_MAX];
    int layer;
    enum expected_scale scale; /* the mean of the logarithm where every sample is positive: means of log-normal values
                                  have no Student-t interval */
    double value, se;          /* se: of value; 0 for predictions, which are not sampled */
    int n;
};

struct expected_list {
    struct expected_value *values;
    size_t count;
};

enum expected_outcome { EXPECTED_SAME, EXPECTED_SAMPLED_ANEW, EXPECTED_WRONG, EXPECTED_OUTCOMES };

/* Appends the key observables of a figure's profiles: q, the cosines at the last layer, g at the first. */
int expected_take(const char *figure, const struct saved_list *profiles, struct expected_list *list,
                  struct error *error);

/* A file of one value a line, fields apart by tabs, below a line of their names. ERROR_RESOURCE, with file and line,
 * where it is not that or holds a number that is not finite. */
int expected_read(const char *path, struct expected_list *list, struct error *error);
void expected_write(const struct expected_list *list, FILE *stream);
void expected_free(struct expected_list *list);

/* The value of the same figure, profile, layer and observable; NULL where there is none. */
const struct expected_value *expected_find(const struct expected_list *list, const struct expected_value *value);

/* |difference| allowed between the two, one of count comparisons: the two-sided Student-t quantile at
 * EXPECTED_FALSE_ALARM / count (Bonferroni), with the fewer samples' degrees of freedom (normal for predictions), times
 * the standard error of the difference, and rounding. */
double expected_tolerance(const struct expected_value *a, const struct expected_value *b, size_t count);

/* NaN and values of another configuration, scale or kind are wrong. */
enum expected_outcome expected_compare(const struct expected_value *expected, const struct expected_value *measured,
                                       size_t count);

#endif
