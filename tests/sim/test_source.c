#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/source.h"
#include "sim/stream.h"
#include <check.h>
#include "tests/support.h"

enum { T = 3, WIDE = 100003, COUNT = T * WIDE };

static double mean_product(const double *a, const double *b)
{
    return support_dot(WIDE, a, b) / WIDE;
}

/* Mean over WIDE of products of two normals of variance e^2 and correlation r has variance e^4 (1 + r^2) / WIDE, and
 * 2 e^4 / WIDE of squares; 5.5 standard errors are passed by chance once in 2.6e7, 9 comparisons a row. */
static void check_moments(const double *x, double correlation, double scale)
{
    for (int s = 0; s < T; s++) {
        for (int t = 0; t < T; t++) {
            double expected = scale * scale * (s == t ? 1 : correlation);
            double error = scale * scale * sqrt((s == t ? 2 : 1 + correlation * correlation) / WIDE);
            ck_assert_double_eq_tol(mean_product(x + s * WIDE, x + t * WIDE), expected, 5.5 * error);
        }
    }
}

START_TEST(input_has_its_correlation_and_scale)
{
    static const struct {
        double correlation, scale;
    } rows[] = {{0, 1}, {0, 0.02}, {0.37, 1.37}, {0.9, 1}, {1, 0.02}};
    double *x = support_poison(COUNT);
    source_input(5, 6, 0, T, WIDE, rows[_i].correlation, rows[_i].scale, x);
    check_moments(x, rows[_i].correlation, rows[_i].scale);
    if (rows[_i].correlation == 1)
        ck_assert_mem_eq(x, x + WIDE, WIDE * sizeof *x);
    free(x);
}
END_TEST

/* Every entry by the definition from the stream's numbers, across the chunks in which the shared part is drawn. */
START_TEST(input_follows_the_stream)
{
    enum { D = 519 };
    static const double correlations[] = {0, 0.37, 1};
    double r = correlations[_i], e = 1.37, *z = support_poison((T + 1) * D), *x = support_poison(T * D);
    struct stream_address address = {.seed = 7, .sample = 8, .role = STREAM_INPUT};
    struct stream stream = stream_open(&address);
    stream_normals(&stream, 0, (T + 1) * D, 1, z);
    source_input(7, 8, 0, T, D, r, e, x);
    for (int t = 0; t < T; t++)
        for (int i = 0; i < D; i++) {
            double expected = e * (sqrt(1 - r) * z[(t + 1) * D + i] + sqrt(r) * z[i]);
            /* Four roundings of terms of |z| e. */
            ck_assert_double_eq_tol(x[t * D + i], expected, 1e-15 * e * (fabs(z[i]) + fabs(z[(t + 1) * D + i]) + 1));
        }
    free(z), free(x);
}
END_TEST

START_TEST(seed_and_sample_decide)
{
    double *x = support_poison(COUNT), *y = support_poison(COUNT);
    source_input(5, 6, 0, T, WIDE, 0, 1, x);
    static const struct {
        uint64_t seed, sample;
    } rows[] = {{6, 5}, {5, 7}, {4, 6}, {5 + (UINT64_C(1) << 40), 6}, {5, 6 + (UINT64_C(1) << 40)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        source_input(rows[i].seed, rows[i].sample, 0, T, WIDE, 0, 1, y);
        for (int t = 0; t < T; t++) // independent: se 1/sqrt(WIDE)
            ck_assert_double_eq_tol(mean_product(x + t * WIDE, y + t * WIDE), 0, 5.5 / sqrt(WIDE));
    }
    source_input(5, 6, 0, T, WIDE, 0, 1, y);
    ck_assert_mem_eq(x, y, COUNT * sizeof *x);
    free(x), free(y);
}
END_TEST

START_TEST(cotangents_are_what_they_say)
{
    double *g = support_poison(COUNT), *x = support_poison(COUNT);
    source_input(5, 6, 0, T, WIDE, 0, 1, x);
    cotangent_find("iid")->fill(5, 6, T, WIDE, g);
    check_moments(g, 0, 1);
    for (int t = 0; t < T; t++)
        ck_assert_double_eq_tol(mean_product(x + t * WIDE, g + t * WIDE), 0, 5.5 / sqrt(WIDE));
    cotangent_find("pooled")->fill(5, 6, T, WIDE, g);
    check_moments(g, 1, 1);
    ck_assert_mem_eq(g, g + (T - 1) * WIDE, WIDE * sizeof *g);
    cotangent_find("last")->fill(5, 6, T, WIDE, g);
    for (int i = 0; i < (T - 1) * WIDE; i++)
        ck_assert_double_eq(g[i], 0);
    double square = mean_product(g + (T - 1) * WIDE, g + (T - 1) * WIDE);
    ck_assert_double_eq_tol(square, 1, 5.5 * sqrt(2.0 / WIDE));
    free(g), free(x);
}
END_TEST

START_TEST(names_are_found)
{
    for (size_t i = 0; i < cotangent_count; i++)
        ck_assert_ptr_eq(cotangent_find(cotangents[i].name), &cotangents[i]);
    ck_assert_ptr_null(cotangent_find("first"));
}
END_TEST

Suite *source_suite(void)
{
    Suite *suite = suite_create("source");
    TCase *tests = tcase_create("source");
    tcase_add_loop_test(tests, input_has_its_correlation_and_scale, 0, 5);
    tcase_add_loop_test(tests, input_follows_the_stream, 0, 3);
    tcase_add_test(tests, seed_and_sample_decide);
    tcase_add_test(tests, cotangents_are_what_they_say);
    tcase_add_test(tests, names_are_found);
    suite_add_tcase(suite, tests);
    return suite;
}
