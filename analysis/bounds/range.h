/* One-dimensional Gaussian moments of an activation over an interval of variances, for bounds. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_RANGE_H
#define SPANSCOPE_ANALYSIS_BOUNDS_RANGE_H

#include <stdbool.h>

#include "analysis/bounds/interval.h"
#include "sim/activation.h"
#include "sim/error.h"

/* With z ~ N(0,1): E phi, E phi^2, E phi'^2 and E phi' at sqrt(s) z. Each is E g(sqrt(s) |z|) of an even part g. */
enum range_moment { RANGE_MEAN, RANGE_SQUARE, RANGE_SLOPE, RANGE_TILT, RANGE_MOMENTS };

/* What a scan of the activation tells of it. */
struct range {
    const struct activation *activation;
    int direction[RANGE_MOMENTS];        /* of g: 1 never falls, -1 never rises, 0 neither */
    struct interval even[RANGE_MOMENTS]; /* of g, over the scan */
    struct interval value, slope;        /* of phi and phi'; phi's ends may be infinite */
    double steepest;                     /* sup |phi'| */
    bool nonnegative;                    /* phi >= 0 */
    bool associated;                     /* the odd part never falls, the even part keeps its sign */
    struct interval asked[RANGE_MOMENTS], answer[RANGE_MOMENTS]; /* the last question: deep stacks repeat it */
    void *workspace;
};

/* ERROR_RESOURCE without memory. */
int range_init(struct range *range, const struct activation *activation, struct error *error);
void range_free(struct range *range);

/* The moment at one variance s >= 0, to about 1e-12 relative. */
double range_moment(const struct range *range, enum range_moment moment, double s);

/* An enclosure of the moment over the variances s, 0 <= s.lo <= s.hi: its exact range where g is monotone. */
struct interval range_moments(struct range *range, enum range_moment moment, struct interval s);

/* An enclosure of E phi(u) phi(v), (u, v) Gaussian with variances in `square` and covariance in `pair`. */
struct interval range_pair(struct range *range, struct interval square, struct interval pair);

/* The same where u and v have one variance, whichever it is of `square`. */
struct interval range_pair_alike(struct range *range, struct interval square, struct interval pair);

#endif
