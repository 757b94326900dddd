#include "analysis/limit/softmax.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include <check.h>

/* The numbers in one row. */
enum { EXCESS_ONE, EXCESS_TWO, SLOPE_ONE, SLOPE_TWO, ENTROPY, NUMBERS };
static const char *const names[NUMBERS] = {"excess of one row", "excess of two rows", "slope of one row",
                                           "slope of two rows", "entropy"};

static void compute(int tokens, double sigma, double rho, double out[NUMBERS])
{
    struct softmax_means means, one;
    double *work = malloc(softmax_work(tokens) * sizeof *work);
    ck_assert_ptr_nonnull(work);
    softmax_one_row(tokens, sigma, 0, &one, work);
    softmax_means(tokens, sigma, rho, &means, work);
    ck_assert(one.excess[0] == means.excess[0] && one.slope[0] == means.slope[0] && one.entropy == means.entropy);
    free(work);
    const double all[NUMBERS] = {means.excess[0], means.excess[1], means.slope[0], means.slope[1], means.entropy};
    for (int i = 0; i < NUMBERS; i++) {
        ck_assert_msg(isfinite(all[i]), "%s at T %d, sigma %g, rho %g", names[i], tokens, sigma, rho);
        out[i] = all[i];
    }
}

/* sum_j a_j b_j - 1/T and N + N^2 - P - P^T of two rows of attention, by the definition. */
static void of_pair(int tokens, const double *a, const double *b, double *excess, double *slope)
{
    double n = 0, p = 0;
    for (int j = 0; j < tokens; j++) {
        n += a[j] * b[j];
        p += a[j] * b[j] * (a[j] + b[j]);
    }
    *excess = n - 1. / tokens;
    *slope = n + n * n - p;
}

static void of_rows(int tokens, const double *a, const double *b, double out[NUMBERS])
{
    of_pair(tokens, a, a, &out[EXCESS_ONE], &out[SLOPE_ONE]);
    of_pair(tokens, a, b, &out[EXCESS_TWO], &out[SLOPE_TWO]);
    out[ENTROPY] = 0;
    for (int j = 0; j < tokens; j++)
        out[ENTROPY] -= a[j] > 0 ? a[j] * log(a[j]) : 0;
}

/* ---- two tokens, by adaptive quadrature ---- */

/* A softmax of two sees the difference of its logits alone, sqrt(2) sigma times a normal z; the other row's is rho z +
 * sqrt(1 - rho^2) w. */
struct two {
    double sigma, rho, z;
    int number;
    gsl_integration_workspace *outer, *inner;
};

/* Normals beyond 7.5 have a probability of 6e-14, and no number is above log 2 + 2. */
static const double END = 7.5, QUADRATURE = 1e-9;
enum { INTERVALS = 200 };

static double density(double z)
{
    return exp(-z * z / 2) / sqrt(2 * M_PI);
}

static double given_both(double w, void *context)
{
    const struct two *two = context;
    double d = sqrt(2) * two->sigma, other = two->rho * two->z + sqrt(1 - two->rho * two->rho) * w, out[NUMBERS];
    const double a[2] = {1 / (1 + exp(-d * two->z)), 1 / (1 + exp(d * two->z))};
    const double b[2] = {1 / (1 + exp(-d * other)), 1 / (1 + exp(d * other))};
    of_rows(2, a, b, out);
    return density(w) * out[two->number];
}

static double integrate(double (*function)(double, void *), struct two *two, gsl_integration_workspace *space)
{
    double value, error;
    gsl_function integrand = {function, two};
    gsl_integration_qag(&integrand, -END, END, QUADRATURE, 0, INTERVALS, GSL_INTEG_GAUSS31, space, &value, &error);
    return value;
}

static double given_one(double z, void *context)
{
    struct two *two = context;
    two->z = z;
    return density(z) * integrate(given_both, two, two->inner);
}

static const double sigmas[] = {0.02, 0.3, 1, 2.2, SOFTMAX_SIGMA}, rhos[] = {-1, -0.7, 0, 0.2, 0.95, 1};
enum { SIGMAS = sizeof sigmas / sizeof *sigmas, RHOS = sizeof rhos / sizeof *rhos };

START_TEST(two_tokens_by_quadrature)
{
    double sigma = sigmas[_i], out[NUMBERS];
    struct two two = {.sigma = sigma,
                      .outer = gsl_integration_workspace_alloc(INTERVALS),
                      .inner = gsl_integration_workspace_alloc(INTERVALS)};
    for (int r = 0; r < RHOS; r++) {
        compute(2, sigma, rhos[r], out);
        two.rho = rhos[r];
        double one_row = 0;
        for (two.number = 0; two.number < NUMBERS; two.number++) {
            double expected = integrate(given_one, &two, two.outer), tolerance = SOFTMAX_ACCURACY;
            /* What the header promises, and the quadrature's own error. */
            if (two.number == EXCESS_ONE)
                one_row = expected;
            if (two.number == EXCESS_ONE || two.number == EXCESS_TWO)
                tolerance = fmin(tolerance, SOFTMAX_EXCESS * one_row);
            ck_assert_msg(fabs(out[two.number] - expected) <= tolerance + 2 * QUADRATURE,
                          "%s, sigma %g, rho %g: %.12g, expected %.12g", names[two.number], sigma, rhos[r],
                          out[two.number], expected);
        }
    }
    gsl_integration_workspace_free(two.outer);
    gsl_integration_workspace_free(two.inner);
}
END_TEST

/* ---- more tokens, by drawing ---- */

static const struct {
    int tokens;
    double sigma, rho;
} drawn[] = {{3, 0.8, 0.5}, {3, 3, -0.6}, {7, 1.3, 0.8}, {7, 2, -1}, {33, 1, -0.3}, {33, 2.5, 0.95}};
enum { DRAWN = sizeof drawn / sizeof *drawn, DRAWS = 40000, TOKENS = 33 };

static void softmax(int tokens, double sigma, const double *x, double *a)
{
    double sum = 0;
    for (int j = 0; j < tokens; j++)
        sum += a[j] = exp(sigma * x[j]);
    for (int j = 0; j < tokens; j++)
        a[j] /= sum;
}

/* 30 means of 40000 draws, each within 5 standard errors: by chance one is not with probability 30 * 6e-7 = 2e-5. */
START_TEST(drawn_softmaxes)
{
    int T = drawn[_i].tokens;
    double rho = drawn[_i].rho, sum[NUMBERS] = {0}, squares[NUMBERS] = {0}, expected[NUMBERS];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 71 + (unsigned long)_i);
    compute(T, drawn[_i].sigma, rho, expected);
    for (int n = 0; n < DRAWS; n++) {
        double x[2][TOKENS], a[2][TOKENS], out[NUMBERS];
        for (int j = 0; j < T; j++) {
            x[0][j] = gsl_ran_gaussian_ziggurat(rng, 1);
            x[1][j] = rho * x[0][j] + sqrt(1 - rho * rho) * gsl_ran_gaussian_ziggurat(rng, 1);
        }
        for (int i = 0; i < 2; i++)
            softmax(T, drawn[_i].sigma, x[i], a[i]);
        of_rows(T, a[0], a[1], out);
        for (int i = 0; i < NUMBERS; i++) {
            double off = out[i] - expected[i];
            sum[i] += off;
            squares[i] += off * off;
        }
    }
    for (int i = 0; i < NUMBERS; i++) {
        double mean = sum[i] / DRAWS, se = sqrt((squares[i] / DRAWS - mean * mean) / (DRAWS - 1));
        ck_assert_msg(isfinite(se) && fabs(mean) <= 5 * se + SOFTMAX_ACCURACY,
                      "%s, T %d, sigma %g, rho %g: %.9g, drawn %.9g +- %.2g", names[i], T, drawn[_i].sigma, rho,
                      expected[i], expected[i] + mean, se);
    }
    gsl_rng_free(rng);
}
END_TEST

/* Logits along a direction of 24 features, of normal tokens (kurtosis 0) and of normed ones (-6/24): 40000 rows, within 5
 * standard errors (6e-7 each) and what is of second order in 6/24, a hundredth of it; normed ones are farther than that
 * from normal ones. */
static void draw_along(gsl_rng *rng, int tokens, bool normed, double *x)
{
    enum { FEATURES = 24 };
    for (int j = 0; j < tokens; j++) {
        x[j] = gsl_ran_gaussian_ziggurat(rng, 1);
        if (normed)
            x[j] *= sqrt(FEATURES / (x[j] * x[j] + gsl_ran_chisq(rng, FEATURES - 1)));
    }
}

START_TEST(rows_of_normal_and_normed_tokens)
{
    enum { T = 9, MEANS = 5 };
    static const char *const what[MEANS] = {"N", "N + N^2 - 2 P", "entropy", "N^2", "sum A^2 (x^2 - 1)"};
    double kurtosis = _i ? -0.25 : 0, sigma = 1.2, sum[MEANS] = {0}, squares[MEANS] = {0}, work[softmax_work(T)];
    struct softmax_means means, normal;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 5);
    softmax_one_row(T, sigma, kurtosis, &means, work);
    softmax_one_row(T, sigma, 0, &normal, work);
    for (int n = 0; n < DRAWS; n++) {
        double x[T], a[T], out[NUMBERS], stretch = 0;
        draw_along(rng, T, _i, x);
        softmax(T, sigma, x, a);
        of_rows(T, a, a, out);
        for (int j = 0; j < T; j++)
            stretch += a[j] * a[j] * (x[j] * x[j] - 1);
        double square = out[EXCESS_ONE] + 1. / T;
        const double drawn_means[MEANS] = {square, out[SLOPE_ONE], out[ENTROPY], square * square, stretch};
        for (int i = 0; i < MEANS; i++) {
            sum[i] += drawn_means[i];
            squares[i] += drawn_means[i] * drawn_means[i];
        }
    }
    double square = means.excess[0] + 1. / T;
    const double expected[MEANS] = {square, means.slope[0], means.entropy, means.varied + square * square,
                                    means.stretch};
    int count = _i ? MEANS - 1 : MEANS; // stretch is that of normal ones
    for (int i = 0; i < count; i++) {
        double mean = sum[i] / DRAWS, se = sqrt((squares[i] / DRAWS - mean * mean) / (DRAWS - 1));
        ck_assert_msg(isfinite(se) && fabs(mean - expected[i]) <= 5 * se - 0.01 * kurtosis * expected[i],
                      "%s: %.6g, drawn %.6g +- %.2g", what[i], expected[i], mean, se);
        if (_i && i == 0)
            ck_assert(fabs(mean - normal.excess[0] - 1. / T) > 5 * se - 0.01 * kurtosis * expected[i]);
    }
    gsl_rng_free(rng);
}
END_TEST

/* ---- any number of tokens, exactly ---- */

static const int counts[] = {2, 3, 5, 16, 100, 512};
enum { COUNTS = sizeof counts / sizeof *counts };

/* With e = sigma (x - mean x) and m = E e^2 = sigma^2 (T - 1), softmax is (1 + e + O(e^2))/T, where the second order
 * sums to nothing: N = 1/T + e e'/T^2, P = 1/T^2 + (e^2 + 2 e e')/T^3, and the entropy is log T - m/(2T). What is left
 * out is sigma^4 times numbers of order 1/T. */
START_TEST(small_logits)
{
    static const double small[] = {1e-8, 0.009, 0.011, 0.03};
    double T = counts[_i];
    for (size_t s = 0; s < sizeof small / sizeof *small; s++) {
        for (int r = 0; r < RHOS; r++) {
            double square = small[s] * small[s], m = square * (T - 1), rho = rhos[r], out[NUMBERS];
            double uniform = (T - 1) / (T * T), slack = SOFTMAX_ACCURACY + 3 * square * square;
            const double expected[NUMBERS] = {m / (T * T), rho * m / (T * T), uniform + m * (T - 4) / (T * T * T),
                                              uniform + m * (rho * (T - 2) - 2) / (T * T * T), log(T) - m / (2 * T)};
            compute(counts[_i], small[s], rho, out);
            for (int i = 0; i < NUMBERS; i++)
                ck_assert_msg(fabs(out[i] - expected[i]) <= slack, "%s, T %g, sigma %g, rho %g: %.12g, expected %.12g",
                              names[i], T, small[s], rho, out[i], expected[i]);
            /* SOFTMAX_EXCESS of itself as promised, and of the expansion 4 sigma^2; around 0 of the other row's. */
            for (int i = EXCESS_ONE; i <= EXCESS_TWO; i++)
                ck_assert_msg(fabs(out[i] - expected[i]) <= (SOFTMAX_EXCESS + 4 * square) * expected[EXCESS_ONE],
                              "%s, T %g, sigma %g, rho %g: %.12g, expected %.12g", names[i], T, small[s], rho, out[i],
                              expected[i]);
        }
    }
}
END_TEST

/* Independent rows have N = sum_j E A_ij E A_kj = 1/T; equal rows are one row. */
START_TEST(independent_and_equal_rows)
{
    for (int s = 0; s < SIGMAS; s++) {
        double apart[NUMBERS], equal[NUMBERS];
        compute(counts[_i], sigmas[s], 0, apart);
        compute(counts[_i], sigmas[s], 1, equal);
        ck_assert(fabs(apart[EXCESS_TWO]) <= SOFTMAX_ACCURACY);
        ck_assert(fabs(equal[EXCESS_TWO] - equal[EXCESS_ONE]) <= 2 * SOFTMAX_ACCURACY);
        ck_assert(fabs(equal[SLOPE_TWO] - equal[SLOPE_ONE]) <= 2 * SOFTMAX_ACCURACY);
        ck_assert(fabs(apart[EXCESS_ONE] - equal[EXCESS_ONE]) <= 2 * SOFTMAX_ACCURACY);
        ck_assert(fabs(apart[ENTROPY] - equal[ENTROPY]) <= 2 * SOFTMAX_ACCURACY);
    }
}
END_TEST

/* excess of two rows is sum_k h_k rho^k with h_k >= 0 (Mehler) and h_0 = 0: it and its slope rise from rho = 0 on, and
 * at -rho it is no larger than at rho. Larger logits concentrate a softmax. */
START_TEST(correlation_and_scale_order)
{
    double before = 0, entropy = log(counts[_i]);
    for (int s = 0; s < SIGMAS; s++) {
        double one[NUMBERS], last = 0, rise = 0;
        for (int r = 0; r <= 8; r++) {
            double rho = r / 8., two[NUMBERS], against[NUMBERS];
            compute(counts[_i], sigmas[s], rho, two);
            compute(counts[_i], sigmas[s], -rho, against);
            double step = two[EXCESS_TWO] - last;
            ck_assert_msg(r == 0 || step > rise - 4 * SOFTMAX_ACCURACY, "T %d, sigma %g, rho %g: %g after %g",
                          counts[_i], sigmas[s], rho, step, rise);
            ck_assert(fabs(against[EXCESS_TWO]) <= two[EXCESS_TWO] + 2 * SOFTMAX_ACCURACY);
            last = two[EXCESS_TWO];
            rise = step;
        }
        compute(counts[_i], sigmas[s], 0.5, one);
        ck_assert(one[EXCESS_ONE] > before && one[EXCESS_ONE] < 1);
        ck_assert(one[ENTROPY] < entropy && one[ENTROPY] > 0);
        before = one[EXCESS_ONE];
        entropy = one[ENTROPY];
    }
}
END_TEST

Suite *softmax_suite(void)
{
    Suite *suite = suite_create("softmax");
    TCase *tests = tcase_create("softmax");
    tcase_add_loop_test(tests, two_tokens_by_quadrature, 0, SIGMAS);
    tcase_add_loop_test(tests, drawn_softmaxes, 0, DRAWN);
    tcase_add_loop_test(tests, rows_of_normal_and_normed_tokens, 0, 2);
    tcase_add_loop_test(tests, small_logits, 0, COUNTS);
    tcase_add_loop_test(tests, independent_and_equal_rows, 0, COUNTS);
    tcase_add_loop_test(tests, correlation_and_scale_order, 0, COUNTS);
    suite_add_tcase(suite, tests);
    return suite;
}
