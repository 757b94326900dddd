#include "sim/activation.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "sim/lanes.h"

/* Why not a library. The mathematical library's functions take one number at a time: gelu, with its slope, took four
 * times as long as all the rest of a conditioned sample. SLEEF has vectors of exp and tanh, but its erfc (7 ns a number
 * with eight lanes) gains nothing over the scalar one (8 ns), because it is exact to 1.5 units in the last place where
 * a few are enough. Here one exponential and one polynomial serve every row, value and slope, in 1 to 2 ns
 * (bench/activation).
 *
 * An element's bits do not depend on where it stands in its array: the rest of an array goes through the same
 * instructions in a vector of its own. */

/* Phi(-v) for 0 <= v <= TAIL, with the normal density at v. Phi(-v) = exp(-v^2/2) R(v), where v^2 goes without rounding
 * as that of its upper 26 bits and the rest; (v + 4) R(v) is smooth in s = (47 - 344 / (v + 4)) / 39, which runs from
 * -1 to 1, and its Chebyshev series (at 56 nodes, in 40 digits) is below 1e-17 beyond the 24 terms that are written out
 * here as powers of s. */
#define TAIL 39.

static const double tail_series[24] = {
    0.81533839684251685,    -0.62124410222472493,    0.3639067368270385,      -0.15636995546798024,
    0.042906326776943247,   -0.0032588461890962176,  -0.0025014590567567431,  0.00073742088061269629,
    0.00014720806311012012, -8.8470103883828824e-05, -1.3622293559213319e-05, 1.046362821530737e-05,
    2.1840200308562345e-06, -1.2131828185627615e-06, -4.3539937164981291e-07, 1.1392855954109191e-07,
    8.3898356646261213e-08, -1.7842934753851214e-09, -1.3775775123837805e-08, -2.6267794849581926e-09,
    1.6822069734307139e-09, 6.8780558171137453e-10,  -1.1276213394502738e-10, -7.3637975026797696e-11,
};

LANES_INLINE doubles normal_tail(doubles v, doubles *density)
{
    doubles upper = (doubles)((words)v & ~(((uint64_t)1 << 27) - 1));
    doubles e = lanes_exponential(-upper * upper / 2, -(v - upper) * (v + upper) / 2, NULL);
    doubles q = 1 / (v + 4), s = (47 - 344 * q) * (1. / 39), square = s * s;
    doubles even = square * tail_series[22] + tail_series[20], odd = square * tail_series[23] + tail_series[21];
    LANES_UNROLL for (int k = 18; k >= 0; k -= 2)
    {
        even = even * square + tail_series[k];
        odd = odd * square + tail_series[k + 1];
    }
    *density = e * (1 / sqrt(2 * M_PI));
    return e * ((even + s * odd) * q);
}

#define SIGN ((uint64_t)1 << 63)

/* |u|, at most `most`; NaN stays. */
LANES_INLINE doubles size_of(doubles u, double most)
{
    doubles v = (doubles)((words)u & ~SIGN);
    return lanes_choose(v > most, lanes_all(most), v);
}

/* v with the sign of u; u itself where that is not negative. */
LANES_INLINE doubles limited(doubles u, doubles v)
{
    return lanes_choose(u < 0, -v, u);
}

LANES_INLINE doubles gelu(doubles u)
{
    doubles density, v = size_of(u, TAIL), tail = normal_tail(v, &density);
    return limited(u, v) * lanes_choose(u < 0, tail, 1 - tail);
}

LANES_INLINE doubles gelu_derivative(doubles u)
{
    doubles density, v = size_of(u, TAIL), tail = normal_tail(v, &density);
    return lanes_choose(u < 0, tail, 1 - tail) + lanes_choose(u < 0, -v, v) * density;
}

/* Beyond it exp(-v) is 0. */
#define LOGISTIC 750.

/* 1/(1 + exp(-u)), and in other that of -u. */
LANES_INLINE doubles logistic(doubles u, doubles v, doubles *other)
{
    doubles e = lanes_exponential(-v, lanes_all(0), NULL), large = 1 / (1 + e), small = e * large;
    *other = lanes_choose(u < 0, large, small);
    return lanes_choose(u < 0, small, large);
}

LANES_INLINE doubles silu(doubles u)
{
    doubles other, v = size_of(u, LOGISTIC);
    return limited(u, v) * logistic(u, v, &other);
}

LANES_INLINE doubles silu_derivative(doubles u)
{
    doubles other, v = size_of(u, LOGISTIC), own = logistic(u, v, &other);
    return own * (1 + lanes_choose(u < 0, -v, v) * other);
}

/* tanh v = (1 - e)/(1 + e), 1 - tanh^2 = 4 e / (1 + e)^2, e = exp(-2 v). */
LANES_INLINE doubles tangent(doubles u)
{
    doubles minus_one, v = size_of(u, LOGISTIC / 2);
    lanes_exponential(-2 * v, lanes_all(0), &minus_one);
    doubles size = minus_one / (2 + minus_one);
    return (doubles)(((words)size & ~SIGN) | ((words)u & SIGN));
}

LANES_INLINE doubles tangent_derivative(doubles u)
{
    doubles e = lanes_exponential(-2 * size_of(u, LOGISTIC / 2), lanes_all(0), NULL), d = 1 + e;
    return 4 * e / (d * d);
}

LANES_INLINE doubles sigmoid(doubles u)
{
    doubles other;
    return logistic(u, size_of(u, LOGISTIC), &other);
}

LANES_INLINE doubles sigmoid_derivative(doubles u)
{
    doubles other, own = logistic(u, size_of(u, LOGISTIC), &other);
    return own * other;
}

/* a b - product, product being the rounded a b: exact, from halves of 26 bits. */
LANES_INLINE doubles product_rest(doubles a, doubles b, doubles product)
{
    const uint64_t upper = ~(((uint64_t)1 << 27) - 1);
    doubles a1 = (doubles)((words)a & upper), b1 = (doubles)((words)b & upper), a2 = a - a1, b2 = b - b1;
    return (((a1 * b1 - product) + a1 * b2) + a2 * b1) + a2 * b2;
}

/* exp(-2 sqrt(2/pi) (v + 0.044715 v^3)), v >= 0. The exponent is carried in two parts: rounded to one, its error would
 * be that of the result times its size. */
LANES_INLINE doubles gelu_tanh_decay(doubles v)
{
    const double a = 0x1.9884533d43651p+0, a_low = -0x1.cbc0d30ebfd15p-54; // 2 sqrt(2/pi)
    const double b = 0x1.2444f2a4d8b4bp-4, b_low = -0x1.6c843a29d1c70p-61; // that times 0.044715
    doubles square = v * v, square_low = product_rest(v, v, square);
    doubles cubic = square * b, cubic_low = product_rest(square, lanes_all(b), cubic) + square_low * b + square * b_low;
    doubles factor = cubic + a, larger = lanes_choose(cubic > a, cubic, lanes_all(a)), smaller = cubic + a - larger;
    doubles factor_low = (lanes_choose(cubic > a, lanes_all(a), cubic) - smaller) + cubic_low + a_low;
    doubles high = v * factor, low = product_rest(v, factor, high) + v * factor_low;
    return lanes_choose(high > LOGISTIC, lanes_all(0), lanes_exponential(-size_of(high, LOGISTIC), -low, NULL));
}

/* u / (1 + exp(-2 w)): the tanh form of gelu is silu with another argument. */
LANES_INLINE doubles gelu_tanh(doubles u)
{
    doubles v = size_of(u, TAIL), e = gelu_tanh_decay(v), large = 1 / (1 + e);
    return limited(u, v) * lanes_choose(u < 0, e * large, large);
}

LANES_INLINE doubles gelu_tanh_derivative(doubles u)
{
    doubles v = size_of(u, TAIL), e = gelu_tanh_decay(v), large = 1 / (1 + e), small = e * large;
    doubles slope = 1.5957691216057308 + v * v * (3 * 0.071354816272600236);
    return lanes_choose(u < 0, small, large) + lanes_choose(u < 0, -v, v) * slope * (large * small);
}

LANES_INLINE doubles one(doubles u)
{
    (void)u;
    return lanes_all(1);
}

/* Defines NAME over arrays from an expression in the vector u. */
#define ARRAY(name, expression)                                                                                        \
    static void name(size_t count, const real *restrict in, real *restrict out)                                        \
    {                                                                                                                  \
        size_t whole = count / LANES * LANES;                                                                          \
        for (size_t i = 0; i < whole; i += LANES) {                                                                    \
            doubles u = lanes_widen(in + i);                                                                           \
            lanes_narrow(out + i, expression);                                                                         \
        }                                                                                                              \
        if (whole < count) {                                                                                           \
            real rest[LANES] = {0};                                                                                    \
            memcpy(rest, in + whole, (count - whole) * sizeof *rest);                                                  \
            doubles u = lanes_widen(rest);                                                                             \
            lanes_narrow(rest, expression);                                                                            \
            memcpy(out + whole, rest, (count - whole) * sizeof *rest);                                                 \
        }                                                                                                              \
    }

ARRAY(relu_value, lanes_choose(u <= 0, lanes_all(0), u))
ARRAY(relu_slope, lanes_choose(u > 0, lanes_all(1), lanes_all(0)))
ARRAY(gelu_value, gelu(u))
ARRAY(gelu_slope, gelu_derivative(u))
ARRAY(silu_value, silu(u))
ARRAY(silu_slope, silu_derivative(u))
ARRAY(tanh_value, tangent(u))
ARRAY(tanh_slope, tangent_derivative(u))
ARRAY(relu2_value, lanes_choose(u <= 0, lanes_all(0), u *u))
ARRAY(relu2_slope, lanes_choose(u <= 0, lanes_all(0), 2 * u))
ARRAY(gelu_tanh_value, gelu_tanh(u))
ARRAY(gelu_tanh_slope, gelu_tanh_derivative(u))
ARRAY(sigmoid_value, sigmoid(u))
ARRAY(sigmoid_slope, sigmoid_derivative(u))
ARRAY(identity_value, u)
ARRAY(identity_slope, one(u))

// clang-format off
const struct activation activations[] = {
    {"relu", "max(u, 0)", "relu(x)", false, relu_value, relu_slope},
    {"gelu", "u Phi(u), Phi the normal distribution function (exact, not the tanh form)", "gelu(x)", false, gelu_value,
     gelu_slope},
    {"silu", "u / (1 + exp(-u))", "silu(x)", false, silu_value, silu_slope},
    {"tanh", "tanh(u)", "tanh(0.5*x)", false, tanh_value, tanh_slope},
    {"identity", "u: a linear FFN", "identity(x)", false, identity_value, identity_slope},
    {"swiglu", "silu(u Wg) * (u W1): the gated FFN of Shazeer 2020", NULL, true, silu_value, silu_slope},
    {"geglu", "gelu(u Wg) * (u W1), likewise", NULL, true, gelu_value, gelu_slope},
    {"relu2", "max(u, 0)^2 (So et al. 2021)", "relu2(x)", false, relu2_value, relu2_slope},
    {"gelu_tanh", "u (1 + tanh(sqrt(2/pi) (u + 0.044715 u^3)))/2", "gelu_tanh(x)", false, gelu_tanh_value,
     gelu_tanh_slope},
    {"sigmoid", "1 / (1 + exp(-u))", "sigmoid(x)", false, sigmoid_value, sigmoid_slope},
};
// clang-format on
const size_t activation_count = sizeof activations / sizeof *activations;

/* GSL hands integrands a pointer that is not const. */
struct integrand {
    const struct activation *activation;
};

static double square_times_density(double z, void *context)
{
    const struct integrand *integrand = context;
    real u = (real)z, phi;
    integrand->activation->value(1, &u, &phi);
    return phi * phi * exp(-z * z / 2) / sqrt(2 * M_PI);
}

/* Two half lines, so that a kink at 0 is an end point; the density is below 1e-300 beyond 40. */
static double second_moment(const struct activation *activation)
{
    struct integrand context = {activation};
    gsl_function integrand = {square_times_density, &context};
    gsl_integration_cquad_workspace *workspace = gsl_integration_cquad_workspace_alloc(200);
    if (!workspace)
        return NAN;
    double negative = 0, positive = 0;
    int failed = gsl_integration_cquad(&integrand, -40, 0, 0, 1e-13, workspace, &negative, NULL, NULL);
    failed |= gsl_integration_cquad(&integrand, 0, 40, 0, 1e-13, workspace, &positive, NULL, NULL);
    gsl_integration_cquad_workspace_free(workspace);
    return failed == GSL_SUCCESS ? negative + positive : NAN;
}

/* Kept once it is known, since every model asks: of many small models it would be most of the work. Threads that meet
 * write the same bits. */
double activation_second_moment(const struct activation *activation)
{
    enum { KEPT = 32 };
    static _Atomic double kept[KEPT]; // 0 where it is not known
    size_t row = (size_t)(activation - activations);
    double known = row < KEPT ? atomic_load_explicit(&kept[row], memory_order_relaxed) : 0;
    if (known > 0)
        return known;
    known = second_moment(activation);
    if (row < KEPT)
        atomic_store_explicit(&kept[row], known, memory_order_relaxed);
    return known;
}
