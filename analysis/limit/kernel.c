#include "analysis/limit/kernel.h"

#include <cblas.h>
#include <float.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* ---- closed forms ---- */

struct value {
    double k, slope;
};

/* A pair of inputs: variances, covariance, and sine^2 = 1 - c^2/(ab). The last is known apart, as near correlation +-1
 * the others have lost it. */
struct pair {
    double a, b, c, sine2;
};

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
static struct pair pair_of(double a, double b, double c)
{
    double most = sqrt(a) * sqrt(b);
    if (!(most > 0 && isfinite(most)))
        return (struct pair){a, b, c, 1};
    double x = a, y = b, z = c;
    if (!(is_moderate(a) && is_moderate(b))) {
        int up = ilogb(a) & ~1, down = ilogb(b) & ~1;
        x = ldexp(a, -up), y = ldexp(b, -down), z = ldexp(c, -(up + down) / 2);
    }
    double square = z * z;
    double determinant = fma(x, y, -square) - fma(z, z, -square);
    return (struct pair){a, b, clamp(-most, c, most), clamp(0, determinant / (x * y), 1)};
}

/* Two tokens of one variance that differ by little: their specific part a - c is known, and with it sine^2. */
static struct pair pair_near(double a, double specific)
{
    double part = a > 0 ? clamp(0, specific / a, 2) : 0;
    return (struct pair){a, a, a - specific, part * (2 - part)};
}

/* Cho and Saul 2009, degrees 1 and 0; the angle by atan2, which is accurate near 0 and pi too. */
static struct value relu(struct pair p)
{
    double sine = sqrt(p.a) * sqrt(p.b) * sqrt(p.sine2), angle = atan2(sine, p.c); // sine in units of sqrt(ab)
    if (!(p.a > 0 && p.b > 0))
        return (struct value){0, 0};
    return (struct value){(sine + (M_PI - angle) * p.c) / (2 * M_PI), (M_PI - angle) / (2 * M_PI)};
}

static struct value identity(struct pair p)
{
    return (struct value){p.c, 1};
}

/* Their degree 2. */
static struct value relu_square(struct pair p)
{
    double root = sqrt(p.a) * sqrt(p.b), sine = sqrt(p.sine2), cosine = root > 0 ? p.c / root : 0;
    double angle = atan2(sine, cosine);
    double k = (3 * sine * cosine + (M_PI - angle) * (1 + 2 * cosine * cosine)) / (2 * M_PI);
    return (struct value){p.a * p.b * k, 4 * relu(p).k};
}

/* sqrt(ab - c^2 + a + b + 1), in range whenever a and b are. */
static double root_delta(struct pair p, double *root_determinant)
{
    double root = *root_determinant = sqrt(p.a) * sqrt(p.b) * sqrt(p.sine2), rest = p.a + p.b + 1;
    return is_moderate(rest) ? sqrt(root * root + rest) : hypot(root, sqrt(rest));
}

/* phi(u) = u Phi(u). With p = E Phi(u) Phi(v) (an orthant probability), D = E n(u) n(v) for the density n, and
 * Delta = (1+a)(1+b) - c^2, Stein's lemma on each factor u, v gives
 *     K  = c p + D (ab - c^2 + c^2 (1/(1+a) + 1/(1+b)))
 *     K' = p + c D (1/(1+a) + 1/(1+b) + 1/Delta). */
static struct value gelu(struct pair p)
{
    double determinant, root = root_delta(p, &determinant), inverses = 1 / (1 + p.a) + 1 / (1 + p.b);
    double orthant = 0.25 + atan2(p.c, root) / (2 * M_PI), c = p.c / root; // c D = c / (2 pi root)
    return (struct value){p.c * orthant + (determinant / root * determinant + c * (p.c * inverses)) / (2 * M_PI),
                          orthant + c * (inverses + 1 / root / root) / (2 * M_PI)};
}

/* phi(u) = 2 Phi(u) - 1 (Williams 1997). */
static struct value error_function(struct pair p)
{
    double determinant, root = root_delta(p, &determinant);
    return (struct value){2 / M_PI * atan2(p.c, root), 2 / (M_PI * root)};
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

static void make_mixture(void)
{
    const double step = 1. / 7;
    for (int i = 0; i < MIXTURE; i++) {
        double x = exp(step * (i - 11.6));
        mixture.scale[i] = 1 / (2 * x);
        mixture.weight[i] = step * kolmogorov(x);
    }
}

typedef struct value closed_form(struct pair p);

/* sum_ij w_i w_j base(s_i^2 a, s_j^2 b, s_i s_j c), and the slope with its inner derivatives, for inputs in units that
 * the activation wants. */
static struct value mixed(closed_form *base, struct pair p, int power)
{
    struct value sum = {0, 0};
    for (int i = 0; i < MIXTURE; i++) {
        for (int j = 0; j < MIXTURE; j++) {
            double s = mixture.scale[i], t = mixture.scale[j], w = mixture.weight[i] * mixture.weight[j];
            struct value term = base((struct pair){s * s * p.a, t * t * p.b, s * t * p.c, p.sine2});
            sum.k += power ? w / (s * t) * term.k : w * term.k;
            sum.slope += power ? w * term.slope : w * s * t * term.slope;
        }
    }
    return sum;
}

/* u logistic(u) = sum w gelu(s u) / s. */
static struct value silu(struct pair p)
{
    return mixed(gelu, p, 1);
}

/* tanh(u) = 2 logistic(2u) - 1 = sum w (2 Phi(2 s u) - 1). */
static struct value hyperbolic(struct pair p)
{
    struct value v = mixed(error_function, (struct pair){4 * p.a, 4 * p.b, 4 * p.c, p.sine2}, 0);
    return (struct value){v.k, 4 * v.slope};
}

/* logistic(u) = (1 + tanh(u/2))/2. */
static struct value logistic(struct pair p)
{
    struct value v = hyperbolic((struct pair){p.a / 4, p.b / 4, p.c / 4, p.sine2});
    return (struct value){(1 + v.k) / 4, v.slope / 16};
}

/* ---- means of one input: E phi and E phi' at variance a ---- */

typedef struct value means_form(double a);

static struct value relu_means(double a)
{
    return (struct value){sqrt(a / (2 * M_PI)), 0.5};
}

static struct value relu_square_means(double a)
{
    return (struct value){a / 2, 2 * sqrt(a / (2 * M_PI))};
}

static struct value identity_means(double a)
{
    (void)a;
    return (struct value){0, 1};
}

/* E u Phi(u) = a E n(u), by Stein. */
static struct value gelu_means(double a)
{
    return (struct value){a / sqrt(2 * M_PI * (1 + a)), 0.5};
}

static struct value silu_means(double a)
{
    double sum = 0;
    for (int i = 0; i < MIXTURE; i++)
        sum += mixture.weight[i] / mixture.scale[i] * gelu_means(mixture.scale[i] * mixture.scale[i] * a).k;
    return (struct value){sum, 0.5};
}

/* The slope of 2 Phi(2 s u) - 1 is 4 s n(2 s u). */
static struct value hyperbolic_means(double a)
{
    double sum = 0;
    for (int i = 0; i < MIXTURE; i++) {
        double s = mixture.scale[i];
        sum += mixture.weight[i] * 4 * s / sqrt(2 * M_PI * (1 + 4 * s * s * a));
    }
    return (struct value){0, sum};
}

static struct value logistic_means(double a)
{
    return (struct value){0.5, hyperbolic_means(a / 4).slope / 4};
}

/* ---- any activation, by quadrature: slow ---- */

enum { LEGENDRE = 16, HALVINGS = 40 };

struct span {
    const struct activation *activation;
    const gsl_integration_glfixed_table *table;
    struct pair pair;
};

typedef struct value conditional(const struct span *span, double v);

/* int over u of f(u) times the density of N(mean, sd^2), by Gauss-Legendre panels no wider than sd that shrink toward
 * 0, where activations have their kink or bend. */
static struct value expect(const struct span *span, double mean, double sd, conditional *f)
{
    struct value sum = {0, 0};
    if (!(sd > 0))
        return f(span, mean);
    for (int side = -1; side <= 1; side += 2) {
        double end = side * mean + 9 * sd, edge = fmax(0, side * mean - 9 * sd);
        while (edge < end) {
            double width = fmin(sd, fmax(edge, ldexp(sd, -HALVINGS))), next = fmin(end, edge + width);
            for (size_t i = 0; i < LEGENDRE; i++) {
                double v, weight;
                gsl_integration_glfixed_point(edge, next, i, &v, &weight, span->table);
                double z = (side * v - mean) / sd;
                struct value at = f(span, side * v);
                weight *= exp(-z * z / 2) / (sd * sqrt(2 * M_PI));
                sum.k += weight * at.k;
                sum.slope += weight * at.slope;
            }
            edge = next;
        }
    }
    return sum;
}

static struct value at_point(const struct span *span, double v)
{
    struct value at;
    span->activation->value(1, &v, &at.k);
    span->activation->slope(1, &v, &at.slope);
    return at;
}

static struct value given_first(const struct span *span, double u)
{
    double slope = span->pair.a > 0 ? span->pair.c / span->pair.a : 0;
    struct value own = at_point(span, u);
    struct value other = expect(span, slope * u, sqrt(span->pair.b * span->pair.sine2), at_point);
    return (struct value){own.k * other.k, own.slope * other.slope};
}

static struct value quadrature(const struct activation *activation, struct pair pair)
{
    struct span span = {activation, NULL, pair};
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(LEGENDRE);
    if (!table)
        return (struct value){NAN, NAN};
    span.table = table;
    struct value result = expect(&span, 0, sqrt(pair.a), given_first);
    gsl_integration_glfixed_table_free(table);
    return result;
}

static struct value mean_by_quadrature(const struct activation *activation, double variance)
{
    struct span span = {.activation = activation};
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(LEGENDRE);
    span.table = table;
    struct value means = table ? expect(&span, 0, sqrt(variance), at_point) : (struct value){NAN, NAN};
    gsl_integration_glfixed_table_free(table);
    return means;
}

/* ---- functions that are analytic in a strip around the real axis ---- */

/* The trapezoidal rule of a Gaussian mean errs by exp(-2 pi^2/step^2), and by exp(-2 pi strip/(step sd)) for a function
 * of sd times the normal variable: 1e-15 and 1e-11. Beyond LINE nodes a mean is not worth it. */
enum { LINE = 1024 };
static const double LINE_STEP = 0.75, LINE_END = 7.2, LINE_STRIP = 0.24;

struct line {
    int nodes;
    double z[LINE], weight[LINE];
};

static bool make_line(double strip, double sd, struct line *line)
{
    double step = fmin(LINE_STEP, LINE_STRIP * strip / fmax(sd, 1e-300)), half = ceil(LINE_END / step);
    if (!(2 * half + 1 <= LINE))
        return false;
    line->nodes = 2 * (int)half + 1;
    for (int i = 0; i < line->nodes; i++) {
        line->z[i] = step * (i - half);
        line->weight[i] = step * exp(-line->z[i] * line->z[i] / 2) / sqrt(2 * M_PI);
    }
    return true;
}

/* Means of the activation and its slope at mean + sd z. */
static struct value line_mean(const struct activation *activation, const struct line *line, double mean, double sd)
{
    double v[LINE], f[LINE];
    size_t nodes = (size_t)line->nodes;
    struct value sum;
    for (size_t i = 0; i < nodes; i++)
        v[i] = mean + sd * line->z[i];
    activation->value(nodes, v, f);
    sum.k = cblas_ddot(line->nodes, line->weight, 1, f, 1);
    activation->slope(nodes, v, f);
    sum.slope = cblas_ddot(line->nodes, line->weight, 1, f, 1);
    return sum;
}

/* False where it takes too many nodes. v given u is N(u c/a, b sine^2). */
static bool by_lines(const struct activation *activation, double strip, struct pair p, struct value *out)
{
    double sd = sqrt(p.a), along = p.a > 0 ? p.c / sd : 0, rest = sqrt(p.b * p.sine2);
    struct line first, second;
    if (!make_line(strip, fmax(sd, fabs(along)), &first) || !make_line(strip, rest, &second))
        return false;
    if (!(rest > 0))
        second = (struct line){1, {0}, {1}};
    *out = (struct value){0, 0};
    for (int i = 0; i < first.nodes; i++) {
        double u = sd * first.z[i];
        struct value own = {0, 0}, other = line_mean(activation, &second, along * first.z[i], rest);
        activation->value(1, &u, &own.k);
        activation->slope(1, &u, &own.slope);
        out->k += first.weight[i] * own.k * other.k;
        out->slope += first.weight[i] * own.slope * other.slope;
    }
    return true;
}

/* ---- the table ---- */

static const struct kernel {
    const char *activation;
    closed_form *closed;
    means_form *means; /* {E phi, E phi'} at a variance */
    bool series;       /* where it converges it is cheaper */
    double strip;      /* half the width of a strip in which it is analytic, where there is no closed form */
} kernels[] = {
    // clang-format off
    {"relu",      relu,        relu_means,        false, 0},
    {"relu2",     relu_square, relu_square_means, false, 0},
    {"identity",  identity,    identity_means,    false, 0},
    {"gelu",      gelu,        gelu_means,        false, 0},
    {"geglu",     gelu,        gelu_means,        false, 0}, // the gate's gelu
    {"silu",      silu,        silu_means,        true,  0},
    {"swiglu",    silu,        silu_means,        true,  0}, // the gate's silu
    {"tanh",      hyperbolic,  hyperbolic_means,  true,  0},
    {"sigmoid",   logistic,    logistic_means,    true,  0},
    {"gelu_tanh", NULL,        NULL,              true,  2}, // poles near +-0.6 +- 2.7 i
    // clang-format on
};

/* A row of the activations' table without one here is smooth or not, and has no closed form. */
static struct kernel kernel_of(const struct activation *activation)
{
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strcmp(kernels[i].activation, activation->name) == 0)
            return kernels[i];
    return (struct kernel){activation->name, NULL, NULL, true, 0};
}

/* ---- Hermite series ---- */

/* c_n(a) = E phi(sqrt(a) z) h_n(z) with orthonormal Hermite polynomials h_n, by the trapezoidal rule, which converges
 * faster than any power for analytic integrands: half as many terms as nodes are resolved, and the density times h_n is
 * below 1e-13 beyond the ends. */
enum { TERMS = 128, NODES = 256 };
static const double NODE_STEP = 0.0875, SERIES_TOLERANCE = 1e-12, SERIES_END = 1e-22;

static double basis[TERMS][NODES]; /* h_n(z_i) n(z_i) step */

static double node(int i)
{
    return (i - (NODES - 1) / 2.) * NODE_STEP;
}

static void make_basis(void)
{
    for (int i = 0; i < NODES; i++) {
        double z = node(i), before = 0, value = NODE_STEP * exp(-z * z / 2) / sqrt(2 * M_PI);
        for (int n = 0; n < TERMS; n++) {
            basis[n][i] = value;
            double next = (z * value - sqrt(n) * before) / sqrt(n + 1);
            before = value;
            value = next;
        }
    }
}

static void make_tables(void)
{
    make_mixture();
    make_basis();
}

static void need_tables(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tables);
}

struct series {
    double variance;
    int terms;                    /* 0 where it does not converge in TERMS */
    double square[2];             /* E phi^2, E phi'^2 */
    double coefficient[2][TERMS]; /* of phi, of phi' */
};

static double node_product(const double *restrict f, const double *restrict g)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int i = 0; i < NODES; i++)
        sum += f[i] * g[i];
    return sum;
}

/* By Parseval what the terms leave of E phi^2 bounds their error at every correlation, of two series that end together;
 * where one ends before the other, the product of its rest with the other's terms does, so that a series goes on until
 * its last terms are small too. */
static void make_series(const struct activation *activation, double variance, struct series *series)
{
    double u[NODES], f[2][NODES], left[2], recent[2] = {0, 0};
    for (int i = 0; i < NODES; i++)
        u[i] = sqrt(variance) * node(i);
    activation->value(NODES, u, f[0]);
    activation->slope(NODES, u, f[1]);
    for (int part = 0; part < 2; part++) {
        double square[NODES];
        for (int i = 0; i < NODES; i++)
            square[i] = f[part][i] * f[part][i];
        left[part] = series->square[part] = node_product(square, basis[0]);
    }
    series->variance = variance;
    series->terms = 0;
    for (int n = 0; n < TERMS; n++) {
        for (int part = 0; part < 2; part++) {
            double c = node_product(f[part], basis[n]);
            series->coefficient[part][n] = c;
            left[part] -= c * c;
            recent[part] = n % 4 == 0 ? c * c : recent[part] + c * c;
        }
        bool small = left[0] <= SERIES_TOLERANCE * series->square[0] && left[1] <= SERIES_TOLERANCE * series->square[1];
        bool ends = recent[0] <= SERIES_END * series->square[0] && recent[1] <= SERIES_END * series->square[1];
        if (n % 4 == 3 && small && (ends || n == TERMS - 1)) {
            series->terms = n + 1;
            return;
        }
    }
}

static struct value sum_series(const struct series *a, const struct series *b, double rho)
{
    struct value sum = {0, 0};
    int terms = a->terms > b->terms ? a->terms : b->terms;
    for (int n = terms - 1; n >= 0; n--) {
        sum.k = sum.k * rho + a->coefficient[0][n] * b->coefficient[0][n];
        sum.slope = sum.slope * rho + a->coefficient[1][n] * b->coefficient[1][n];
    }
    return sum;
}

/* ---- entry points ---- */

static struct value evaluate(const struct activation *activation, const struct kernel *kernel, struct pair pair)
{
    struct value value;
    if (kernel->closed)
        return kernel->closed(pair);
    return kernel->strip > 0 && by_lines(activation, kernel->strip, pair, &value) ? value
                                                                                  : quadrature(activation, pair);
}

/* A norm leaves variances that differ by its epsilon only. From one series to another that near, first order is enough
 * (it errs by the square): sqrt(a) z diffuses, so that dc_n/da = (n c_n + sqrt((n+1)(n+2)) c_{n+2}) / 2a. */
static const double CLOSE = 4e-6;

static void move_series(const struct series *from, double variance, struct series *series)
{
    double step = (variance / from->variance - 1) / 2;
    series->variance = variance;
    series->terms = from->terms;
    for (int part = 0; part < 2; part++) {
        double change = 0;
        for (int n = 0; n < from->terms; n++) {
            double c = from->coefficient[part][n];
            double above = n + 2 < from->terms ? sqrt((n + 1.) * (n + 2.)) * from->coefficient[part][n + 2] : 0;
            series->coefficient[part][n] = c + step * (n * c + above);
            change += (series->coefficient[part][n] - c) * (series->coefficient[part][n] + c);
        }
        series->square[part] = from->square[part] + change;
    }
}

/* Series of n tokens; false where one does not converge. Coefficients beyond a series' own terms are 0. */
static bool make_all_series(const struct activation *activation, int n, double scale, const double *gram,
                            struct series *series)
{
    int made = -1; // the last that was computed afresh
    for (int i = 0; i < n; i++) {
        double variance = scale * gram[(size_t)i * (size_t)n + (size_t)i];
        series[i] = (struct series){0};
        if (made >= 0 && variance > 0 && fabs(variance - series[made].variance) <= CLOSE * variance) {
            move_series(&series[made], variance, &series[i]);
            continue;
        }
        made = i;
        make_series(activation, variance, &series[i]);
        if (series[i].terms == 0)
            return false;
    }
    return true;
}

static void store(int n, int i, int j, struct value value, double *k, double *slope)
{
    size_t at = (size_t)i * (size_t)n + (size_t)j, mirrored = (size_t)j * (size_t)n + (size_t)i;
    k[at] = k[mirrored] = value.k;
    if (slope)
        slope[at] = slope[mirrored] = value.slope;
}

static bool matrix_by_series(const struct activation *activation, int n, double scale, const double *gram, double *k,
                             double *slope)
{
    struct series *series = malloc((size_t)n * sizeof *series);
    bool converges = series && make_all_series(activation, n, scale, gram, series);
    for (int i = 0; converges && i < n; i++) {
        const struct series *a = &series[i];
        store(n, i, i, (struct value){a->square[0], a->square[1]}, k, slope);
        for (int j = 0; j < i; j++) {
            const struct series *b = &series[j];
            double most = sqrt(a->variance) * sqrt(b->variance);
            double rho = most > 0 ? scale * gram[(size_t)i * (size_t)n + (size_t)j] / most : 0;
            store(n, i, j, sum_series(a, b, fmin(1, fmax(-1, rho))), k, slope);
        }
    }
    free(series);
    return converges;
}

/* A Gram is itself the result of rounding: correlations that cannot be told from +-1 are +-1, lest equal tokens appear
 * to differ by the root of an epsilon. */
static struct pair pair_of_gram(double a, double b, double c)
{
    struct pair pair = pair_of(a, b, c);
    if (pair.sine2 <= 4 * DBL_EPSILON)
        pair.sine2 = 0;
    return pair;
}

void kernel_matrix(const struct activation *activation, int n, double scale, const double *gram, double *k,
                   double *slope)
{
    need_tables();
    struct kernel kernel = kernel_of(activation);
    if (kernel.series && matrix_by_series(activation, n, scale, gram, k, slope))
        return;
    for (int i = 0; i < n; i++) {
        double a = scale * gram[(size_t)i * (size_t)n + (size_t)i];
        store(n, i, i, evaluate(activation, &kernel, pair_near(a, 0)), k, slope);
        for (int j = 0; j < i; j++) {
            double b = scale * gram[(size_t)j * (size_t)n + (size_t)j];
            double c = scale * gram[(size_t)i * (size_t)n + (size_t)j];
            store(n, i, j, evaluate(activation, &kernel, pair_of_gram(a, b, c)), k, slope);
        }
    }
}

/* own, of the first variance alone, may be NULL. */
static struct value value_of(const struct activation *activation, struct pair pair, struct value *own)
{
    need_tables();
    struct kernel kernel = kernel_of(activation);
    double gram[4] = {pair.a, pair.c, pair.c, pair.b}, values[4], slopes[4];
    if (kernel.series && matrix_by_series(activation, 2, 1, gram, values, slopes)) {
        if (own)
            *own = (struct value){values[0], slopes[0]};
        return (struct value){values[1], slopes[1]};
    }
    if (own)
        *own = evaluate(activation, &kernel, pair_near(pair.a, 0));
    return evaluate(activation, &kernel, pair);
}

void kernel_means(const struct activation *activation, double variance, double *value, double *slope)
{
    need_tables();
    struct kernel kernel = kernel_of(activation);
    struct value means = kernel.means ? kernel.means(variance) : mean_by_quadrature(activation, variance);
    *value = means.k;
    *slope = means.slope;
}

void kernel_pair(const struct activation *activation, double a, double b, double c, double *k, double *slope)
{
    struct value value = value_of(activation, pair_of(a, b, c), NULL);
    *k = value.k;
    if (slope)
        *slope = value.slope;
}

/* K(a,a,a) - K(a,a,c) = int_c^a K'(a,a,x) dx. Near c = a, where the difference of two values would cancel, the integral
 * is taken by Gauss-Legendre in s, x = a - (a - c) s^2, which smooths the root that ReLU's K' has at x = a. */
static double difference(const struct activation *activation, double a, double specific)
{
    static const double point[4] = {0.069431844202973712, 0.33000947820757187, 0.66999052179242813,
                                    0.93056815579702629};
    static const double weight[4] = {0.17392742256872693, 0.32607257743127307, 0.32607257743127307,
                                     0.17392742256872693};
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        struct pair pair = pair_near(a, specific * point[i] * point[i]);
        sum += weight[i] * 2 * point[i] * value_of(activation, pair, NULL).slope;
    }
    return specific * sum;
}

void kernel_exchangeable(const struct activation *activation, double scale, const double gram[2], double k[2],
                         double slope[2])
{
    static const double NEAR = 1e-4; // the integral's error there is below 1e-10, the difference's 1e-12
    double a = gram[0] + gram[1];
    struct value own, other = value_of(activation, pair_near(scale * a, scale * gram[0]), &own);
    k[1] = other.k;
    k[0] = gram[0] > 0 && gram[0] < NEAR * a ? difference(activation, scale * a, scale * gram[0]) : own.k - other.k;
    slope[1] = other.slope;
    slope[0] = own.slope - other.slope;
}
