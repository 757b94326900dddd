#include "sim/activation.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static double logistic(double u)
{
    return 1 / (1 + exp(-u));
}

/* Defines NAME_value and NAME_slope over arrays from two expressions in u. */
#define ACTIVATION(name, value_of_u, slope_of_u)                                                                       \
    static void name##_value(size_t count, const double *restrict in, double *restrict out)                            \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            double u = in[i];                                                                                          \
            out[i] = value_of_u;                                                                                       \
        }                                                                                                              \
    }                                                                                                                  \
    static void name##_slope(size_t count, const double *restrict in, double *restrict out)                            \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            double u = in[i];                                                                                          \
            (void)u;                                                                                                   \
            out[i] = slope_of_u;                                                                                       \
        }                                                                                                              \
    }

ACTIVATION(relu, u > 0 ? u : 0, u > 0 ? 1 : 0)
ACTIVATION(gelu, u *gsl_cdf_ugaussian_P(u), gsl_cdf_ugaussian_P(u) + u * gsl_ran_ugaussian_pdf(u))
ACTIVATION(silu, u *logistic(u), logistic(u) * (1 + u * (1 - logistic(u))))
ACTIVATION(tanh, tanh(u), 1 - tanh(u) * tanh(u))
ACTIVATION(identity, u, 1)

const struct activation activations[] = {
    {"relu", "max(u, 0)", false, relu_value, relu_slope},
    {"gelu", "u Phi(u), Phi the normal distribution function (exact, not the tanh form)", false, gelu_value,
     gelu_slope},
    {"silu", "u / (1 + exp(-u))", false, silu_value, silu_slope},
    {"tanh", "tanh(u)", false, tanh_value, tanh_slope},
    {"identity", "u: a linear FFN", false, identity_value, identity_slope},
    {"swiglu", "silu(u Wg) * (u W1): the gated FFN of Shazeer 2020", true, silu_value, silu_slope},
};
const size_t activation_count = sizeof activations / sizeof *activations;

const struct activation *activation_find(const char *name)
{
    for (size_t i = 0; i < activation_count; i++)
        if (strcmp(activations[i].name, name) == 0)
            return &activations[i];
    return NULL;
}

static double square_times_density(double z, void *context)
{
    const struct activation *activation = context;
    double phi;
    activation->value(1, &z, &phi);
    return phi * phi * exp(-z * z / 2) / sqrt(2 * M_PI);
}

/* Two half lines, so that a kink at 0 is an end point; the density is below 1e-300 beyond 40. */
double activation_second_moment(const struct activation *activation)
{
    gsl_function integrand = {square_times_density, (void *)(size_t)activation};
    gsl_integration_cquad_workspace *workspace = gsl_integration_cquad_workspace_alloc(200);
    if (!workspace)
        return NAN;
    double negative = 0, positive = 0;
    gsl_integration_cquad(&integrand, -40, 0, 0, 1e-13, workspace, &negative, NULL, NULL);
    gsl_integration_cquad(&integrand, 0, 40, 0, 1e-13, workspace, &positive, NULL, NULL);
    gsl_integration_cquad_workspace_free(workspace);
    return negative + positive;
}
