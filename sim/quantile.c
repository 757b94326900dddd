#include "sim/quantile.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdbool.h>

static bool is_probability(double p)
{
    return p > 0 && p < 1;
}

double quantile_normal(double tail)
{
    return is_probability(tail) ? gsl_cdf_ugaussian_Qinv(tail) : NAN;
}

/* One degree is Cauchy's distribution, whose inverse GSL loses in the far tail. */
double quantile_student(double tail, double freedom)
{
    if (!is_probability(tail) || !(freedom > 0))
        return NAN;
    return freedom == 1 ? 1 / tan(M_PI * tail) : gsl_cdf_tdist_Qinv(tail, freedom);
}

/* Cornish and Fisher's expansion about the normal quantile z, with the coefficients of Goldberg and Levine (Annals of
 * Mathematical Statistics 17, 1946); what is left out is of order z^7 freedom^(-5/2) / 3000. */
static double expand(double z, double freedom)
{
    double z2 = z * z, root = sqrt(2 * freedom);
    double constant = 2. / 3 * (z2 - 1), first = z * (z2 - 7) / (9 * root);
    double second = (6 * z2 * z2 + 14 * z2 - 32) / (405 * freedom);
    double third = z * (9 * z2 * z2 + 256 * z2 - 433) / (4860 * root * freedom);
    double fourth = (12 * z2 * z2 * z2 - 243 * z2 * z2 - 923 * z2 + 1472) / (25515 * freedom * freedom);
    return freedom + root * z + constant + first - second + third + fourth;
}

/* GSL's inverse does not converge for some freedoms from 2e3 on; at EXPANDED both agree to 1e-11 where |z| < 2. */
double quantile_chi_square(double p, double freedom)
{
    enum { EXPANDED = 300 };
    if (!is_probability(p) || !(freedom > 0))
        return NAN;
    return freedom > EXPANDED ? expand(-gsl_cdf_ugaussian_Qinv(p), freedom) : gsl_cdf_chisq_Pinv(p, freedom);
}
