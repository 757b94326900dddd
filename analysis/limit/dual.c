#include "analysis/limit/dual.h"

#include <math.h>
#include <string.h>

/* NaN stays. */
static double clamp(double least, double x, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* Products of a few of them stay in range. */
static bool is_moderate(double x)
{
    return x > 0x1p-400 && x < 0x1p400;
}

/* Kahan's a b - c^2, which fused multiply-add keeps to an epsilon of itself however much cancels, over a b; powers of
 * four keep the products in range. */
struct dual_pair dual_pair_of(double a, double b, double c)
{
    double most = sqrt(a) * sqrt(b);
    if (!(most > 0 && isfinite(most)))
        return (struct dual_pair){a, b, c, 1};
    double x = a, y = b, z = c;
    if (!(is_moderate(a) && is_moderate(b))) {
        int up = ilogb(a) & ~1, down = ilogb(b) & ~1;
        x = ldexp(a, -up), y = ldexp(b, -down), z = ldexp(c, -(up + down) / 2);
    }
    double square = z * z;
    double determinant = fma(x, y, -square) - fma(z, z, -square);
    return (struct dual_pair){a, b, clamp(-most, c, most), clamp(0, determinant / (x * y), 1)};
}

struct dual_pair dual_pair_near(double a, double specific)
{
    double part = a > 0 ? clamp(0, specific / a, 2) : 0;
    return (struct dual_pair){a, a, a - specific, part * (2 - part)};
}

/* Cho and Saul 2009, degrees 1 and 0; the angle by atan2, which is accurate near 0 and pi too. */
static struct dual relu(struct dual_pair p)
{
    double sine = sqrt(p.a) * sqrt(p.b) * sqrt(p.sine2), angle = atan2(sine, p.c); // sine in units of sqrt(ab)
    if (!(p.a > 0 && p.b > 0))
        return (struct dual){0, 0};
    return (struct dual){(sine + (M_PI - angle) * p.c) / (2 * M_PI), (M_PI - angle) / (2 * M_PI)};
}

static struct dual identity(struct dual_pair p)
{
    return (struct dual){p.c, 1};
}

/* Their degree 2. */
static struct dual relu_square(struct dual_pair p)
{
    double root = sqrt(p.a) * sqrt(p.b), sine = sqrt(p.sine2), cosine = root > 0 ? p.c / root : 0;
    double angle = atan2(sine, cosine);
    double k = (3 * sine * cosine + (M_PI - angle) * (1 + 2 * cosine * cosine)) / (2 * M_PI);
    return (struct dual){p.a * p.b * k, 4 * relu(p).k};
}

/* sqrt(ab - c^2 + a + b + 1), in range whenever a and b are. */
static double root_delta(struct dual_pair p, double *root_determinant)
{
    double root = *root_determinant = sqrt(p.a) * sqrt(p.b) * sqrt(p.sine2), rest = p.a + p.b + 1;
    return is_moderate(rest) ? sqrt(root * root + rest) : hypot(root, sqrt(rest));
}

/* phi(u) = u Phi(u). With p = E Phi(u) Phi(v) (an orthant probability), D = E n(u) n(v) for the density n, and
 * Delta = (1+a)(1+b) - c^2, Stein's lemma on each factor u, v gives
 *     K  = c p + D (ab - c^2 + c^2 (1/(1+a) + 1/(1+b)))
 *     K' = p + c D (1/(1+a) + 1/(1+b) + 1/Delta). */
static struct dual gelu(struct dual_pair p)
{
    double determinant, root = root_delta(p, &determinant), inverses = 1 / (1 + p.a) + 1 / (1 + p.b);
    double orthant = 0.25 + atan2(p.c, root) / (2 * M_PI), c = p.c / root; // c D = c / (2 pi root)
    return (struct dual){p.c * orthant + (determinant / root * determinant + c * (p.c * inverses)) / (2 * M_PI),
                         orthant + c * (inverses + 1 / root / root) / (2 * M_PI)};
}

/* phi(u) = 2 Phi(u) - 1 (Williams 1997). */
static struct dual error_function(struct dual_pair p)
{
    double determinant, root = root_delta(p, &determinant);
    return (struct dual){2 / M_PI * atan2(p.c, root), 2 / (M_PI * root)};
}

/* 1/(1+exp(-u)) = E Phi(u / sigma), sigma = 2x with x of Kolmogorov's distribution (Andrews and Mallows 1974). The
 * expectation is a trapezoidal sum over log x. In the variable tau = log x the density is analytic for |Im tau| < pi/4
 * and falls double-exponentially to both sides, so that the sum with step h errs by exp(-pi^2 / (2 h)): 1e-15 at 1/7,
 * where 23 terms reach from below 1e-15 on the left (x = 0.19) to below it on the right (x = 4.3). */
enum { MIXTURE = 23 };
static struct {
    double scale[MIXTURE], weight[MIXTURE]; /* logistic(u) = sum weight Phi(scale u) */
} mixture;

/* x times Kolmogorov's density: by its series, below 1 by the series that Poisson summation makes of it. */
static double kolmogorov(double x)
{
    double sum = 0;
    if (x >= 1) {
        for (int n = 1; n <= 8; n++)
            sum += (n % 2 ? 8 : -8) * x * x * n * n * exp(-2 * n * n * x * x);
        return sum;
    }
    for (int n = 1; n <= 15; n += 2) {
        double e = n * n * M_PI * M_PI / (8 * x * x);
        sum += sqrt(2 * M_PI) / x * (2 * e - 1) * exp(-e);
    }
    return sum;
}

void dual_prepare(void)
{
    const double step = 1. / 7;
    for (int i = 0; i < MIXTURE; i++) {
        double x = exp(step * (i - 11.6));
        mixture.scale[i] = 1 / (2 * x);
        mixture.weight[i] = step * kolmogorov(x);
    }
}

/* sum_ij w_i w_j base(s_i^2 a, s_j^2 b, s_i s_j c), and the slope with its inner derivatives, for inputs in units that
 * the activation wants. */
static struct dual mixed(dual_form *base, struct dual_pair p, int power)
{
    struct dual sum = {0, 0};
    for (int i = 0; i < MIXTURE; i++) {
        for (int j = 0; j < MIXTURE; j++) {
            double s = mixture.scale[i], t = mixture.scale[j], w = mixture.weight[i] * mixture.weight[j];
            struct dual term = base((struct dual_pair){s * s * p.a, t * t * p.b, s * t * p.c, p.sine2});
            sum.k += power ? w / (s * t) * term.k : w * term.k;
            sum.slope += power ? w * term.slope : w * s * t * term.slope;
        }
    }
    return sum;
}

/* u logistic(u) = sum w gelu(s u) / s. */
static struct dual silu(struct dual_pair p)
{
    return mixed(gelu, p, 1);
}

/* tanh(u) = 2 logistic(2u) - 1 = sum w (2 Phi(2 s u) - 1). */
static struct dual hyperbolic(struct dual_pair p)
{
    struct dual v = mixed(error_function, (struct dual_pair){4 * p.a, 4 * p.b, 4 * p.c, p.sine2}, 0);
    return (struct dual){v.k, 4 * v.slope};
}

/* logistic(u) = (1 + tanh(u/2))/2. */
static struct dual logistic(struct dual_pair p)
{
    struct dual v = hyperbolic((struct dual_pair){p.a / 4, p.b / 4, p.c / 4, p.sine2});
    return (struct dual){(1 + v.k) / 4, v.slope / 16};
}

/* ---- means of one input: E phi and E phi' at variance a ---- */

static struct dual relu_means(double a)
{
    return (struct dual){sqrt(a / (2 * M_PI)), 0.5};
}

static struct dual relu_square_means(double a)
{
    return (struct dual){a / 2, 2 * sqrt(a / (2 * M_PI))};
}

static struct dual identity_means(double a)
{
    (void)a;
    return (struct dual){0, 1};
}

/* E u Phi(u) = a E n(u), by Stein. */
static struct dual gelu_means(double a)
{
    return (struct dual){a / sqrt(2 * M_PI * (1 + a)), 0.5};
}

/* x = mean/root, root^2 = 1 + sd^2: E (mean + sd z) Phi(mean + sd z), by Stein again, and its derivative. */
static struct dual gelu_given(double mean, double sd)
{
    double square = 1 + sd * sd, root = sqrt(square), x = mean / root;
    double below = erfc(-x / sqrt(2)) / 2, density = exp(-x * x / 2) / sqrt(2 * M_PI);
    return (struct dual){mean * below + sd * sd / root * density, below + x / square * density};
}

static struct dual silu_means(double a)
{
    double sum = 0;
    for (int i = 0; i < MIXTURE; i++)
        sum += mixture.weight[i] / mixture.scale[i] * gelu_means(mixture.scale[i] * mixture.scale[i] * a).k;
    return (struct dual){sum, 0.5};
}

/* The slope of 2 Phi(2 s u) - 1 is 4 s n(2 s u). */
static struct dual hyperbolic_means(double a)
{
    double sum = 0;
    for (int i = 0; i < MIXTURE; i++) {
        double s = mixture.scale[i];
        sum += mixture.weight[i] * 4 * s / sqrt(2 * M_PI * (1 + 4 * s * s * a));
    }
    return (struct dual){0, sum};
}

static struct dual logistic_means(double a)
{
    return (struct dual){0.5, hyperbolic_means(a / 4).slope / 4};
}

/* ---- the table ---- */

/* The form by tanh has poles near +-0.6 +- 2.7 i; u Phi(-u) is 1e-12 at 7.3. */
static const struct dual_near near_gelu = {"gelu", gelu, gelu_means, gelu_given, 2, 7.3};

static const struct dual_forms rows[] = {
    // clang-format off
    {"relu",      relu,        relu_means,        false, NULL},
    {"relu2",     relu_square, relu_square_means, false, NULL},
    {"identity",  identity,    identity_means,    false, NULL},
    {"gelu",      gelu,        gelu_means,        false, NULL},
    {"geglu",     gelu,        gelu_means,        false, NULL}, // the gate's gelu
    {"silu",      silu,        silu_means,        true,  NULL},
    {"swiglu",    silu,        silu_means,        true,  NULL}, // the gate's silu
    {"tanh",      hyperbolic,  hyperbolic_means,  true,  NULL},
    {"sigmoid",   logistic,    logistic_means,    true,  NULL},
    {"gelu_tanh", NULL,        NULL,              true,  &near_gelu},
    // clang-format on
};

struct dual_forms dual_find(const char *activation)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].activation, activation) == 0)
            return rows[i];
    return (struct dual_forms){activation, NULL, NULL, true, NULL};
}
