#include "analysis/limit/softmax.h"

#include <cblas.h>
#include <gsl/gsl_pow_int.h>
#include <math.h>
#include <stdbool.h>

#include "sim/memory.h"

/* With S_i = sum_j exp(sigma x_ij) and 1/S^n = int_0^inf s^{n-1} e^{-sS} ds / (n-1)!, a product of entries of A becomes
 * an integral over one s for each row, under which the T columns are independent. With s = e^t and f_a(w) = w^a e^{-w}
 * at w = exp(sigma x + t), put psi_a(t) = E f_a,   psi_ab(t, t') = E f_a(exp(sigma x_1 + t)) f_b(exp(sigma x_2 + t')),
 * corr(x_1, x_2) = rho. Then for one row E sum A^2 = T int psi_2 psi_0^{T-1} dt,   E sum A^3 = T/2 int psi_3
 * psi_0^{T-1} dt, E (sum A^2)^2 = 1/6 int T psi_4 psi_0^{T-1} + T (T-1) psi_2^2 psi_0^{T-2} dt, E log S = int exp(-e^t)
 * - psi_0^T dt,   E sum A log A = sigma^2 (1 - E sum A^2) - E log S (Stein), and for two E N = T int int psi_11
 * psi_00^{T-1},   E P = T int int psi_21 psi_00^{T-1}, E N^2 = int int T psi_22 psi_00^{T-1} + T (T-1) psi_11^2
 * psi_00^{T-2}. All integrands are analytic for |Im t|, |Im sigma x| < pi/2 and decay, so that the trapezoidal rule
 * converges geometrically: a step h in t or sigma x errs by about exp(-pi^2/h), one in x by exp(-2 pi^2/h^2) besides.
 */

/* Growth of w^a e^{-w} towards the edge of its strip, (cos Im t)^-a, leaves 3e-7 at a = 4 and 1e-8 at a = 2. */
static const double STEP = 0.4;                          /* in t, and of a normal variable times its scale */
static const double NORMAL_STEP = 0.7, NORMAL_END = 6.5; /* of a normal variable: 3e-18; 1e-10 */
static const double DEPTH = 18;                          /* how far below its peak e^t is followed: 2e-8 */
static const double NEGLIGIBLE = 1e-10;
static const double NOTHING = 100; /* e^-w w^4 is below 4e-36 from here on */

/* S_a is kept on a finer grid and interpolated by 8 points: a tenth of the function's scale, to the power 8. */
enum { FINE = 4, POINTS = 8, ROWS = 5 };

/* Nodes of a normal variable of this scale: symmetric, at most NORMAL_END from 0. */
static int normal_nodes(double scale, double *step)
{
    *step = fmin(NORMAL_STEP, STEP / fmax(scale, 1e-300));
    return 2 * (int)ceil(NORMAL_END / *step) + 1;
}

static double normal_weight(int i, int count, double step, double *z)
{
    *z = (i - count / 2) * step;
    return step * exp(-*z * *z / 2) / sqrt(2 * M_PI);
}

static int most_nodes(void)
{
    double step;
    return normal_nodes(SOFTMAX_SIGMA, &step);
}

static double lowest(int tokens, double sigma)
{
    return -log(tokens) - NORMAL_END * sigma - DEPTH;
}

static int t_nodes(int tokens, double sigma)
{
    return (int)ceil((NORMAL_END * sigma + 5 - lowest(tokens, sigma)) / STEP) + 1;
}

/* Points of the fine grid: it reaches NORMAL_END sigma beyond the t nodes to either side. */
static int fine_nodes(int tokens, double sigma)
{
    return FINE * (t_nodes(tokens, sigma) + 2 * (int)ceil(NORMAL_END * sigma / STEP)) + 2 * POINTS;
}

size_t softmax_work(int tokens)
{
    size_t t = (size_t)t_nodes(tokens, SOFTMAX_SIGMA), x = (size_t)most_nodes();
    return ROWS * t + 3 * (size_t)fine_nodes(tokens, SOFTMAX_SIGMA) + 4 * t * x + 4 * t * t;
}

/* f[a] += weight f_a(w) for a < count. */
static void add_powers(double w, double weight, int count, size_t stride, double *f)
{
    if (w > NOTHING)
        return;
    double term = weight * exp(-w);
    for (int a = 0; a < count; a++, term *= w)
        f[(size_t)a * stride] += term;
}

/* f[a][i] = E f_a(exp(lo + i step + scale z)), i < n, a < count; z of that excess kurtosis, by Edgeworth's density. */
static void smooth(double lo, double step, double scale, double kurtosis, int n, int count, double *f)
{
    double normal_step, z;
    int nodes = normal_nodes(scale, &normal_step);
    for (int i = 0; i < n * count; i++)
        f[i] = 0;
    for (int j = 0; j < nodes; j++) {
        double weight = normal_weight(j, nodes, normal_step, &z), w = exp(lo + scale * z), factor = exp(step);
        weight *= 1 + kurtosis / 24 * (gsl_pow_4(z) - 6 * z * z + 3);
        for (int i = 0; i < n; i++, w *= factor)
            add_powers(w, weight, count, (size_t)n, f + i);
    }
}

/* What one row gives; psi [ROWS][n]. Of normal logits Stein has E z f = E f', else kurtosis/6 times the mean of f's third
 * derivative besides. */
static void one_row(int tokens, double sigma, double kurtosis, double lo, int n, const double *psi,
                    struct softmax_means *means)
{
    double T = tokens, square = 0, cube = 0, fourth = 0, both = 0, log_sum = 0;
    for (int i = 0; i < n; i++) {
        double fewer = gsl_pow_int(psi[i], tokens - 2), others = fewer * psi[i];
        const double *at = psi + i;
        square += T * at[2 * n] * others;
        cube += T / 2 * at[3 * n] * others;
        fourth += T * at[4 * n] * others / 6;
        both += (T * at[4 * n] * others + T * (T - 1) * at[2 * n] * at[2 * n] * fewer) / 6;
        log_sum += exp(-exp(lo + i * STEP)) - others * psi[i];
    }
    double third = 1 - (7 * square - 12 * cube + 6 * fourth) * STEP;
    means->excess[0] = square * STEP - 1 / T;
    means->slope[0] = (square + both - 2 * cube) * STEP;
    means->entropy = log_sum * STEP - sigma * sigma * (1 - square * STEP) - kurtosis / 6 * gsl_pow_4(sigma) * third;
    means->stretch = sigma * sigma * (4 * square - 10 * cube + 6 * fourth) * STEP; // Stein, twice
    means->varied = fmax(0, both * STEP - gsl_pow_2(square * STEP));
}

/* Lagrange weights of POINTS equidistant points at the place `at` (in steps from the first). */
static void lagrange(double at, double weights[POINTS])
{
    for (int i = 0; i < POINTS; i++) {
        weights[i] = 1;
        for (int j = 0; j < POINTS; j++)
            if (j != i)
                weights[i] *= (at - j) / (i - j);
    }
}

/* What every pass over the two rows needs. */
struct pairs {
    int tokens, n, nodes; /* t and normal nodes */
    double lo;            /* first t node */
    double *given[3];     // [n][nodes]: E f_a given the part of x that both rows share, times the weight's root
    double *psi[4];       // [n][n]: 00, 11, 22, 21
};

/* given[a][i][j] from S_a(u) = E f_a(exp(u + own z)) on the fine grid, at u = t_i + shared z_j. */
static void fill_given(struct pairs *pairs, double shared, double own, double *fine)
{
    double step, z, fine_step = STEP / FINE;
    pairs->nodes = normal_nodes(shared, &step);
    int margin = FINE * (int)ceil(NORMAL_END * shared / STEP) + POINTS;
    int count = FINE * pairs->n + 2 * margin;
    smooth(pairs->lo - margin * fine_step, fine_step, own, 0, count, 3, fine);
    for (int j = 0; j < pairs->nodes; j++) {
        double root = sqrt(normal_weight(j, pairs->nodes, step, &z)), weights[POINTS];
        double shift = margin + shared * z / fine_step;
        int first = (int)floor(shift) - POINTS / 2 + 1;
        lagrange(shift - first, weights);
        for (int a = 0; a < 3; a++) {
            for (int i = 0; i < pairs->n; i++) {
                const double *from = fine + a * count + first + FINE * i;
                double sum = 0;
                for (int k = 0; k < POINTS; k++)
                    sum += weights[k] * from[k];
                pairs->given[a][(size_t)i * (size_t)pairs->nodes + (size_t)j] = root * sum;
            }
        }
    }
}

/* Turns the shared part of row 2 around, for a negative correlation. */
static void reverse_columns(const struct pairs *pairs, const double *from, double *to)
{
    for (int i = 0; i < pairs->n; i++)
        for (int j = 0; j < pairs->nodes; j++)
            to[i * pairs->nodes + j] = from[i * pairs->nodes + pairs->nodes - 1 - j];
}

static void fill_psi(const struct pairs *pairs, bool negative, double *turned)
{
    static const int index[4][2] = {{0, 0}, {1, 1}, {2, 2}, {2, 1}};
    int n = pairs->n, m = pairs->nodes;
    for (int p = 0; p < 4; p++) {
        const double *second = pairs->given[index[p][1]];
        if (negative) {
            reverse_columns(pairs, second, turned);
            second = turned;
        }
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, n, m, 1, pairs->given[index[p][0]], m, second, m, 0,
                    pairs->psi[p], n);
    }
}

static void two_rows(const struct pairs *pairs, struct softmax_means *means)
{
    double T = pairs->tokens, product = 0, square = 0, mixed = 0;
    size_t count = (size_t)pairs->n * (size_t)pairs->n;
    for (size_t i = 0; i < count; i++) {
        double psi = pairs->psi[0][i];
        if (!(psi > 0))
            continue;
        double fewer = gsl_pow_int(psi, pairs->tokens - 2), others = fewer * psi, one = pairs->psi[1][i];
        product += T * one * others;
        square += T * pairs->psi[2][i] * others + T * (T - 1) * one * one * fewer;
        mixed += T * pairs->psi[3][i] * others;
    }
    means->excess[1] = product * STEP * STEP - 1 / T;
    means->slope[1] = (product + square - 2 * mixed) * STEP * STEP;
}

/* To first order in sigma^2, A_ij = (1 + sigma (x_ij - mean_i))/T: what quadrature leaves of 1/T - 1/T then cancels. */
static const double SMALL = 1e-4;

static void small_excess(int tokens, double sigma, double rho, struct softmax_means *means)
{
    means->excess[0] = sigma * sigma * (tokens - 1) / ((double)tokens * tokens);
    means->excess[1] = rho * means->excess[0];
}

/* Cuts off the t nodes at which every integrand is negligible. */
static void cut(int tokens, const double *psi, int n, int *first, int *last)
{
    for (*last = n - 1; *last > 0; (*last)--)
        if (pow(psi[*last], tokens - 2) * psi[n + *last] > NEGLIGIBLE)
            break;
    for (*first = 0; *first < *last; (*first)++)
        if (psi[n + *first] * tokens > exp(-DEPTH))
            break;
}

/* psi [ROWS][t_nodes]. */
static void fill_one_row(int tokens, double sigma, double kurtosis, struct softmax_means *means, double *psi)
{
    double lo = lowest(tokens, sigma);
    int n = t_nodes(tokens, sigma);
    smooth(lo, STEP, sigma, kurtosis, n, ROWS, psi);
    one_row(tokens, sigma, kurtosis, lo, n, psi, means);
}

void softmax_one_row(int tokens, double sigma, double kurtosis, struct softmax_means *means, double *work)
{
    fill_one_row(tokens, sigma, kurtosis, means, work);
    if (sigma * sigma < SMALL)
        small_excess(tokens, sigma, 0, means);
}

void softmax_means(int tokens, double sigma, double rho, struct softmax_means *means, double *work)
{
    double lo = lowest(tokens, sigma), *psi = work;
    int n = t_nodes(tokens, sigma), first, last;
    work += (size_t)ROWS * (size_t)n;
    fill_one_row(tokens, sigma, 0, means, psi);
    cut(tokens, psi, n, &first, &last);

    struct pairs pairs = {.tokens = tokens, .n = last - first + 1, .lo = lo + first * STEP};
    double *fine = work;
    work += 3 * (size_t)fine_nodes(tokens, sigma);
    double shared = sigma * sqrt(fabs(rho)), own = sigma * sqrt(1 - fabs(rho)), step;
    size_t nodes = (size_t)normal_nodes(shared, &step), square = (size_t)pairs.n * (size_t)pairs.n;
    for (int a = 0; a < 3; a++, work += (size_t)pairs.n * nodes)
        pairs.given[a] = work;
    for (int p = 0; p < 4; p++, work += square)
        pairs.psi[p] = work;
    fill_given(&pairs, shared, own, fine);
    fill_psi(&pairs, rho < 0, work); // the rest: [n][nodes]
    two_rows(&pairs, means);
    if (sigma * sigma < SMALL)
        small_excess(tokens, sigma, rho, means);
}
