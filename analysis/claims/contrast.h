/* Contrasts: what a claim makes of one number from each of several configurations.
 *
 * A contrast is a weighted sum over configurations, so that applied to one sample of each it gives one independent
 * number a sample, whose mean is the contrast of the means: no bias, and the ordinary standard error. x is a size that
 * the configurations differ in (depth, width).
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_CONTRAST_H
#define SPANSCOPE_ANALYSIS_CLAIMS_CONTRAST_H

#include <stddef.h>

struct contrast {
    const char *name;
    const char *summary;
    int least; /* configurations, of different x where the weights depend on x */
    void (*weights)(int count, const double *x, double *w); // x, w [count]; w NAN where all x are equal
};

extern const struct contrast contrasts[];
extern const size_t contrast_count;

const struct contrast *contrast_find(const char *name);

/* Sum of w_i y_i. */
double contrast_apply(int count, const double *w, const double *y);

#endif
