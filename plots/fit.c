#include "plots/fit.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>

#include "plots/series.h"

bool fit_line(struct fit *fit, const struct series_point *points, size_t count)
{
    enum { STRIDE = sizeof *points / sizeof(double) };
    double level, level_variance, covariance, variance, squares;
    bool apart = false;
    for (size_t i = 1; i < count; i++)
        apart |= points[i].x != points[0].x;
    if (!apart || gsl_fit_linear(&points->x, STRIDE, &points->y, STRIDE, count, &level, &fit->slope, &level_variance,
                                 &covariance, &variance, &squares) != 0)
        return false;
    fit->se = count > 2 ? sqrt(variance) : NAN;
    return isfinite(fit->slope);
}

int fit_print(const struct fit *fit, char *buffer, size_t size)
{
    if (isnan(fit->se))
        return snprintf(buffer, size, "slope %.2f", fit->slope);
    return snprintf(buffer, size, "slope %.2f ± %.2f", fit->slope, fit->se);
}
