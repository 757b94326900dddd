#include <check.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/wishart.h"

/* Against GSL's inverse of the incomplete gamma function; the series is at its worst for few degrees of freedom, far to
 * the left. */
START_TEST(quantiles_of_chi_square)
{
    for (double freedom = WISHART_SERIES; freedom < 2e4; freedom *= 3)
        for (double z = -4.5; z <= 4.5; z += 0.5) {
            double exact = z < 0 ? gsl_cdf_chisq_Pinv(gsl_cdf_ugaussian_P(z), freedom)
                                 : gsl_cdf_chisq_Qinv(gsl_cdf_ugaussian_Q(z), freedom);
            double got = wishart_chi_square(freedom, z);
            ck_assert_msg(fabs(got / exact - 1) <= WISHART_ERROR, "%g at %g: %.9g, exactly %.9g", freedom, z, got,
                          exact);
        }
}
END_TEST

/* The mean of A A^T is n I; entries vary by 2 n on the diagonal and n beside it. Over 4000 draws means are within 6
 * standard errors (4e-7 for 12 of them) and variances within 6 of theirs, which the kurtosis of a chi-square of n
 * degrees (3 + 12/n) and of a product of normals' sum (3 + 6/n) widens. */
static void check_wishart(int rows, int freedom)
{
    enum { DRAWS = 4000 };
    int columns = rows < freedom ? rows : freedom;
    double *a = calloc((size_t)(rows * columns), sizeof *a), sum[16][16] = {{0}}, square[16][16] = {{0}};
    ck_assert_ptr_nonnull(a);
    for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct stream_address address = {5, draw * FLIGHT, 1, 0, 0, 0, STREAM_REPLICA};
        wishart_factor(&address, 10, rows, freedom, a, columns);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j <= i; j++) {
                double product = 0;
                for (int k = 0; k < columns; k++)
                    product += a[i * columns + k] * a[j * columns + k];
                ck_assert(isfinite(product));
                sum[i][j] += product / DRAWS;
                square[i][j] += product * product / DRAWS;
            }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j <= i; j++) {
            double mean = i == j ? freedom : 0, variance = i == j ? 2 * freedom : freedom;
            double kurtosis = 3 + (i == j ? 12. : 6.) / freedom, seen = square[i][j] - sum[i][j] * sum[i][j];
            ck_assert_double_le(fabs(sum[i][j] - mean), 6 * sqrt(variance / DRAWS));
            ck_assert_msg(fabs(seen / variance - 1) <= 6 * sqrt((kurtosis - 1) / DRAWS), "%d of %d: %d, %d: %g", rows,
                          freedom, i, j, seen / variance);
        }
    free(a);
}

START_TEST(factors_have_the_moments_of_wishart)
{
    check_wishart(4, 3); // of rank 3
    check_wishart(3, 7);
    check_wishart(4, 33); // chi by both ways
    check_wishart(3, 500);
}
END_TEST

Suite *wishart_suite(void)
{
    Suite *suite = suite_create("wishart");
    TCase *tests = tcase_create("wishart");
    tcase_add_test(tests, quantiles_of_chi_square);
    tcase_add_test(tests, factors_have_the_moments_of_wishart);
    suite_add_tcase(suite, tests);
    return suite;
}
