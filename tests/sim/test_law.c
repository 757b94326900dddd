#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/law.h"
#include "sim/memory.h"
#include "tests/rows.h"
#include "tests/support.h"

static const double SIGMA = 0.37;

/* From here on in the table rows or columns have one length. */
enum { FIXED = 3 };

/* A whole matrix of the law. */
static double *draw(const struct law *law, int fan_in, int fan_out, uint64_t seed)
{
    struct stream_address address = {.seed = seed, .block = 1, .role = STREAM_WEIGHT};
    struct stream stream = stream_open(&address);
    double *w = support_poison((size_t)fan_in * (size_t)fan_out);
    double *work = support_poison(law_work(law, fan_in, fan_out));
    law->fill(&stream, fan_in, fan_out, SIGMA, 0, fan_in, w, work);
    free(work);
    return w;
}

/* n entries: mean within 5.5 standard errors of 0 and mean square of sigma^2, false alarm 4e-8 each; the variance of a
 * square is (kurtosis - 1) sigma^4, at most 2 for all laws. Matrices of
 * vectors of one length have their sum of squares exactly. */
START_TEST(entries_have_their_deviation)
{
    enum { ROWS = 150, COLUMNS = 401, COUNT = ROWS * COLUMNS };
    double *w = draw(&laws[_i], ROWS, COLUMNS, 3), sum = 0, squares = 0;
    for (int i = 0; i < COUNT; i++) {
        sum += w[i];
        squares += w[i] * w[i];
    }
    ck_assert(isfinite(sum) && isfinite(squares));
    ck_assert_double_lt(fabs(sum / COUNT), 5.5 * SIGMA / sqrt(COUNT));
    ck_assert_double_lt(fabs(squares / COUNT / (SIGMA * SIGMA) - 1), _i >= FIXED ? 1e-13 : 5.5 * sqrt(2.0 / COUNT));
    free(w);
}
END_TEST

static double normal(double x)
{
    return gsl_cdf_gaussian_P(x, SIGMA);
}

/* Of variance sigma^2 behind the cut at two standard deviations of what is cut. */
static double truncated(double x)
{
    double tail = gsl_cdf_ugaussian_P(-2), variance = 1 - 4 * exp(-2) / sqrt(2 * M_PI) / (1 - 2 * tail);
    double z = fmax(-2, fmin(2, x / SIGMA * sqrt(variance)));
    return (gsl_cdf_ugaussian_P(z) - tail) / (1 - 2 * tail);
}

static double uniform(double x)
{
    return fmax(0, fmin(1, 0.5 + x / SIGMA / sqrt(12)));
}

/* An entry x of a vector that is uniform on the unit sphere of R^n: (1 + x)/2 is of beta((n-1)/2, (n-1)/2). */
static double on_sphere(double x, int n)
{
    double u = x / (SIGMA * sqrt(n));
    return gsl_cdf_beta_P(fmax(0, fmin(1, (1 + u) / 2)), (n - 1) / 2., (n - 1) / 2.);
}

enum { IN = 9, OUT = 4 };

static double of_inputs(double x)
{
    return on_sphere(x, IN);
}

static double of_outputs(double x)
{
    return on_sphere(x, OUT);
}

static double (*const distributions[])(double x) = {normal, truncated, uniform, of_inputs, of_outputs, of_inputs};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov's distance of n independent entries stays below 3/sqrt(n) but for 2 exp(-18) = 3e-8; of an orthogonal
 * matrix one entry is taken. */
START_TEST(entries_have_their_distribution)
{
    enum { COUNT = 20000 };
    double *values = support_poison(COUNT), distance = 0;
    for (int i = 0; i < COUNT; i++) {
        double *w = draw(&laws[_i], IN, OUT, 100 + (uint64_t)i);
        values[i] = w[5];
        free(w);
    }
    qsort(values, COUNT, sizeof *values, compare);
    for (int i = 0; i < COUNT; i++) {
        double p = distributions[_i](values[i]);
        ck_assert(isfinite(p));
        distance = fmax(distance, fmax(fabs(p - (double)i / COUNT), fabs(p - (i + 1.) / COUNT)));
    }
    ck_assert_double_lt(distance, 3 / sqrt(COUNT));
    free(values);
}
END_TEST

/* Rows where there are fewer of them, else columns, are orthogonal and of one length: sums of 13 products. */
START_TEST(orthogonal_is_orthogonal)
{
    static const int shapes[][2] = {{5, 13}, {13, 5}, {7, 7}, {1, 4}, {4, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        int in = shapes[s][0], out = shapes[s][1], shorter = in < out ? in : out, longer = in + out - shorter;
        double *w = draw(law_find("orthogonal"), in, out, 9 + s);
        for (int i = 0; i < shorter; i++)
            for (int j = 0; j < shorter; j++) {
                double sum = 0;
                for (int l = 0; l < longer; l++)
                    sum += in < out ? w[i * out + l] * w[j * out + l] : w[l * out + i] * w[l * out + j];
                ck_assert_double_eq_tol(sum, i == j ? SIGMA * SIGMA * longer : 0, 1e-14);
            }
        free(w);
    }
}
END_TEST

/* Sums of 13 squares, each rounded. */
START_TEST(rows_and_columns_have_one_length)
{
    static const int shapes[][2] = {{5, 13}, {13, 5}, {7, 7}, {1, 4}, {4, 1}};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        int in = shapes[s][0], out = shapes[s][1];
        double *rows = draw(law_find("rows"), in, out, 9 + s), *columns = draw(law_find("columns"), in, out, 9 + s);
        for (int i = 0; i < in + out; i++) {
            double sum = 0;
            for (int j = 0; j < (i < in ? out : in); j++)
                sum += pow(i < in ? rows[i * out + j] : columns[j * out + i - in], 2);
            ck_assert_double_eq_tol(sum, SIGMA * SIGMA * (i < in ? out : in), 1e-14);
        }
        free(rows), free(columns);
    }
}
END_TEST

/* A matrix filled in pieces is the matrix. */
START_TEST(pieces_make_the_whole)
{
    enum { ROWS = 11, COLUMNS = 37 };
    const struct law *law = &laws[_i];
    if (law->whole)
        return;
    double *w = draw(law, ROWS, COLUMNS, 5), *pieces = support_poison(ROWS * COLUMNS);
    struct stream_address address = {.seed = 5, .block = 1, .role = STREAM_WEIGHT};
    struct stream stream = stream_open(&address);
    for (int first = 0; first < ROWS; first += 4)
        law->fill(&stream, ROWS, COLUMNS, SIGMA, first, ROWS - first < 4 ? ROWS - first : 4, pieces + first * COLUMNS,
                  NULL);
    ck_assert_mem_eq(w, pieces, ROWS * COLUMNS * sizeof *w);
    free(w), free(pieces);
}
END_TEST

START_TEST(the_first_alone_is_normal)
{
    for (size_t i = 0; i < law_count; i++)
        ck_assert_int_eq(laws[i].gaussian, i == 0);
}
END_TEST

Suite *law_suite(void)
{
    Suite *suite = suite_create("law");
    TCase *tests = tcase_create("law");
    tcase_add_loop_test(tests, entries_have_their_deviation, 0, (int)law_count);
    tcase_add_loop_test(tests, entries_have_their_distribution, 0, (int)law_count);
    tcase_add_test(tests, orthogonal_is_orthogonal);
    tcase_add_test(tests, rows_and_columns_have_one_length);
    tcase_add_loop_test(tests, pieces_make_the_whole, 0, (int)law_count);
    tcase_add_test(tests, the_first_alone_is_normal);
    suite_add_tcase(suite, tests);
    return suite;
}
