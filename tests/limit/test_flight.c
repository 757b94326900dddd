#include "analysis/limit/flight.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

enum { COUNT = 40000, PAIRS = COUNT / 2 };

static const struct stream_address somewhere = {.seed = 11, .block = 3, .site = 1};

static double *draw(uint64_t sample, uint64_t first, size_t count, double sigma)
{
    struct stream_address address = somewhere;
    address.sample = sample;
    double *normals = malloc(count * sizeof *normals);
    ck_assert_ptr_nonnull(normals);
    flight_normals(&address, first, count, sigma, normals);
    return normals;
}

/* Quarters of a pair's angle, around the half-axes, and of its squared radius' distribution 1 - exp(-r^2/2), which
 * strata are made of. */
static int quadrant(const double *pair)
{
    return fabs(pair[0]) > fabs(pair[1]) ? pair[0] < 0 : 2 + (pair[1] < 0);
}

static int quarter(const double *pair)
{
    return (int)(4 * exp(-(pair[0] * pair[0] + pair[1] * pair[1]) / 2)) & 3;
}

/* The four replicas of a flight share no stratum, in any pair. */
START_TEST(flights_are_stratified)
{
    double *replicas[FLIGHT];
    for (int r = 0; r < FLIGHT; r++)
        replicas[r] = draw((uint64_t)(8 + r), 0, COUNT, 1);
    for (size_t i = 0; i < COUNT; i += 2) {
        int angles = 0, radii = 0;
        for (int r = 0; r < FLIGHT; r++) {
            angles |= 1 << quadrant(replicas[r] + i);
            radii |= 1 << quarter(replicas[r] + i);
        }
        ck_assert_msg(angles == 15 && radii == 15, "pair %zu: %d, %d", i / 2, angles, radii);
    }
    for (int r = 0; r < FLIGHT; r++)
        free(replicas[r]);
}
END_TEST

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Every cell of a table is equally likely; wrong with probability 1e-6. */
static void check_uniform(const int *counts, int cells, int total, const char *what)
{
    double statistic = 0, mean = (double)total / cells;
    for (int i = 0; i < cells; i++)
        statistic += (counts[i] - mean) * (counts[i] - mean) / mean;
    ck_assert_msg(statistic < gsl_cdf_chisq_Qinv(1e-6, cells - 1), "%s: chi squared %g of %d cells", what, statistic,
                  cells);
}

/* A replica by itself draws independent normals: Kolmogorov and Smirnov's distance (2 exp(-2 n D^2) = 1e-6), strata of
 * a pair against each other and against the next pair's. Four replicas, so a false alarm has probability 2e-5 at most.
 */
START_TEST(a_replica_is_normal)
{
    double *normals = draw((uint64_t)_i, 0, COUNT, 1), distance = 0;
    int within[16] = {0}, angles[16] = {0}, radii[16] = {0};
    for (size_t i = 0; i + 2 < COUNT; i += 2) {
        const double *pair = normals + i, *next = pair + 2;
        within[4 * quadrant(pair) + quarter(pair)]++;
        angles[4 * quadrant(pair) + quadrant(next)]++;
        radii[4 * quarter(pair) + quarter(next)]++;
    }
    check_uniform(within, 16, PAIRS - 1, "angle and radius");
    check_uniform(angles, 16, PAIRS - 1, "angles of neighbours");
    check_uniform(radii, 16, PAIRS - 1, "radii of neighbours");
    qsort(normals, COUNT, sizeof *normals, ascending);
    for (int i = 0; i < COUNT; i++) {
        double p = gsl_cdf_ugaussian_P(normals[i]);
        distance = fmax(distance, fmax(p - (double)i / COUNT, (i + 1.) / COUNT - p));
    }
    ck_assert_msg(distance < sqrt(log(2e6) / (2. * COUNT)), "distance %g", distance);
    free(normals);
}
END_TEST

/* Any part from an even number on, of any length, is that part of the whole; sigma multiplies. */
START_TEST(parts_are_parts_of_the_whole)
{
    static const size_t parts[][2] = {{0, 1}, {0, 127}, {2, 128}, {126, 3}, {128, 129}, {130, 300}};
    double *whole = draw(5, 0, 600, 1);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        double *part = draw(5, parts[p][0], parts[p][1], 1), *scaled = draw(5, parts[p][0], parts[p][1], 4);
        ck_assert(memcmp(part, whole + parts[p][0], parts[p][1] * sizeof *part) == 0);
        for (size_t i = 0; i < parts[p][1]; i++)
            ck_assert(fabs(scaled[i] - 4 * part[i]) <= 1e-15 * fabs(scaled[i])); // a rounding or two
        free(part), free(scaled);
    }
    free(whole);
}
END_TEST

Suite *flight_suite(void)
{
    Suite *suite = suite_create("flight");
    TCase *tests = tcase_create("flight");
    tcase_add_test(tests, flights_are_stratified);
    tcase_add_loop_test(tests, a_replica_is_normal, 0, FLIGHT);
    tcase_add_test(tests, parts_are_parts_of_the_whole);
    suite_add_tcase(suite, tests);
    return suite;
}
