/* Contrasts: what a claim makes of one number from each of several configurations.
 *
 * Most are weighted sums over configurations, so that applied to one sample of each it gives one independent number a
 * sample, whose mean is the contrast of the means: no bias, and the ordinary standard error. What is no sum is a number
 * of its own in every sample, and its mean is what a claim then speaks of. x is a size that the configurations differ in
 * (depth, width), or what is predicted of each.
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_CONTRAST_H
#define SPANSCOPE_ANALYSIS_CLAIMS_CONTRAST_H

#include <stddef.h>

struct contrast {
    const char *name;
    const char *summary;
    int least; /* configurations, of different x where the weights depend on x */
    void (*weights)(int count, const double *x, double *w);       // x, w [count]; w NAN where all x are equal
    double (*apply)(int count, const double *w, const double *y); /* NULL: the sum of w_i y_i */
};

extern const struct contrast contrasts[];
extern const size_t contrast_count;

const struct contrast *contrast_find(const char *name);

/* Of one number y from each; contrast NULL: the sum of w_i y_i. */
double contrast_apply(const struct contrast *contrast, int count, const double *w, const double *y);

#endif
