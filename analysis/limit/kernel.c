#include "analysis/limit/kernel.h"

#include <float.h>
#include <gsl/gsl_integration.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "analysis/limit/dual.h"
#include "analysis/limit/near.h"

/* ---- any activation, by quadrature: slow ---- */

enum { LEGENDRE = 16, HALVINGS = 40 };

struct span {
    const struct activation *activation;
    const gsl_integration_glfixed_table *table;
    struct dual_pair pair;
};

typedef struct dual conditional(const struct span *span, double v);

/* int over u of f(u) times the density of N(mean, sd^2), by Gauss-Legendre panels no wider than sd that shrink toward
 * 0, where activations have their kink or bend. */
static struct dual expect(const struct span *span, double mean, double sd, conditional *f)
{
    struct dual sum = {0, 0};
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
                struct dual at = f(span, side * v);
                weight *= exp(-z * z / 2) / (sd * sqrt(2 * M_PI));
                sum.k += weight * at.k;
                sum.slope += weight * at.slope;
            }
            edge = next;
        }
    }
    return sum;
}

static struct dual at_point(const struct span *span, double v)
{
    struct dual at;
    span->activation->value(1, &v, &at.k);
    span->activation->slope(1, &v, &at.slope);
    return at;
}

static struct dual given_first(const struct span *span, double u)
{
    double slope = span->pair.a > 0 ? span->pair.c / span->pair.a : 0;
    struct dual own = at_point(span, u);
    struct dual other = expect(span, slope * u, sqrt(span->pair.b * span->pair.sine2), at_point);
    return (struct dual){own.k * other.k, own.slope * other.slope};
}

static struct dual quadrature(const struct activation *activation, struct dual_pair pair)
{
    struct span span = {activation, NULL, pair};
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(LEGENDRE);
    if (!table)
        return (struct dual){NAN, NAN};
    span.table = table;
    struct dual result = expect(&span, 0, sqrt(pair.a), given_first);
    gsl_integration_glfixed_table_free(table);
    return result;
}

static struct dual mean_by_quadrature(const struct activation *activation, double variance)
{
    struct span span = {.activation = activation};
    gsl_integration_glfixed_table *table = gsl_integration_glfixed_table_alloc(LEGENDRE);
    span.table = table;
    struct dual means = table ? expect(&span, 0, sqrt(variance), at_point) : (struct dual){NAN, NAN};
    gsl_integration_glfixed_table_free(table);
    return means;
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
    dual_prepare();
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

static struct dual sum_series(const struct series *a, const struct series *b, double rho)
{
    struct dual sum = {0, 0};
    int terms = a->terms > b->terms ? a->terms : b->terms;
    for (int n = terms - 1; n >= 0; n--) {
        sum.k = sum.k * rho + a->coefficient[0][n] * b->coefficient[0][n];
        sum.slope = sum.slope * rho + a->coefficient[1][n] * b->coefficient[1][n];
    }
    return sum;
}

/* ---- entry points ---- */

static struct dual evaluate(const struct activation *activation, const struct dual_forms *forms, struct dual_pair pair)
{
    struct dual value;
    if (forms->closed)
        return forms->closed(pair);
    return forms->near && near_pair(activation, forms->near, pair, &value) ? value : quadrature(activation, pair);
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

static void store(int n, int i, int j, struct dual value, double *k, double *slope)
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
        store(n, i, i, (struct dual){a->square[0], a->square[1]}, k, slope);
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
static struct dual_pair pair_of_gram(double a, double b, double c)
{
    struct dual_pair pair = dual_pair_of(a, b, c);
    if (pair.sine2 <= 4 * DBL_EPSILON)
        pair.sine2 = 0;
    return pair;
}

void kernel_matrix(const struct activation *activation, int n, double scale, const double *gram, double *k,
                   double *slope)
{
    need_tables();
    struct dual_forms forms = dual_find(activation->name);
    if (forms.series && matrix_by_series(activation, n, scale, gram, k, slope))
        return;
    for (int i = 0; i < n; i++) {
        double a = scale * gram[(size_t)i * (size_t)n + (size_t)i];
        store(n, i, i, evaluate(activation, &forms, dual_pair_near(a, 0)), k, slope);
        for (int j = 0; j < i; j++) {
            double b = scale * gram[(size_t)j * (size_t)n + (size_t)j];
            double c = scale * gram[(size_t)i * (size_t)n + (size_t)j];
            store(n, i, j, evaluate(activation, &forms, pair_of_gram(a, b, c)), k, slope);
        }
    }
}

/* own, of the first variance alone, may be NULL. */
static struct dual value_of(const struct activation *activation, struct dual_pair pair, struct dual *own)
{
    need_tables();
    struct dual_forms forms = dual_find(activation->name);
    double gram[4] = {pair.a, pair.c, pair.c, pair.b}, values[4], slopes[4];
    if (forms.series && matrix_by_series(activation, 2, 1, gram, values, slopes)) {
        if (own)
            *own = (struct dual){values[0], slopes[0]};
        return (struct dual){values[1], slopes[1]};
    }
    if (own)
        *own = evaluate(activation, &forms, dual_pair_near(pair.a, 0));
    return evaluate(activation, &forms, pair);
}

void kernel_means(const struct activation *activation, double variance, double *value, double *slope)
{
    need_tables();
    struct dual_forms forms = dual_find(activation->name);
    struct dual means;
    if (forms.means)
        means = forms.means(variance);
    else if (!forms.near || !near_means(activation, forms.near, variance, &means))
        means = mean_by_quadrature(activation, variance);
    *value = means.k;
    *slope = means.slope;
}

void kernel_pair(const struct activation *activation, double a, double b, double c, double *k, double *slope)
{
    struct dual value = value_of(activation, dual_pair_of(a, b, c), NULL);
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
        struct dual_pair pair = dual_pair_near(a, specific * point[i] * point[i]);
        sum += weight[i] * 2 * point[i] * value_of(activation, pair, NULL).slope;
    }
    return specific * sum;
}

void kernel_exchangeable(const struct activation *activation, double scale, const double gram[2], double k[2],
                         double slope[2])
{
    static const double NEAR = 1e-4; // the integral's error there is below 1e-10, the difference's 1e-12
    double a = gram[0] + gram[1];
    struct dual own, other = value_of(activation, dual_pair_near(scale * a, scale * gram[0]), &own);
    k[1] = other.k;
    k[0] = gram[0] > 0 && gram[0] < NEAR * a ? difference(activation, scale * a, scale * gram[0]) : own.k - other.k;
    slope[1] = other.slope;
    slope[0] = own.slope - other.slope;
}
