#include "analysis/limit/wishart.h"

#include <math.h>

#include "analysis/limit/flight.h"

double wishart_chi_square(double freedom, double z)
{
    double root = sqrt(freedom), z2 = z * z, z3 = z2 * z, z4 = z2 * z2;
    // clang-format off
    return freedom + M_SQRT2 * root * z + 2. / 3 * (z2 - 1)
         + (z3 - 7 * z) / (9 * M_SQRT2 * root)
         - (6 * z4 + 14 * z2 - 32) / (405 * freedom)
         + (9 * z4 * z + 256 * z3 - 433 * z) / (4860 * M_SQRT2 * freedom * root)
         + (12 * z4 * z2 - 243 * z4 - 923 * z2 + 1472) / (25515 * freedom * freedom);
    // clang-format on
}

static uint64_t even(uint64_t count)
{
    return count + count % 2;
}

static double chi_of_few(const struct stream_address *address, uint64_t first, int freedom)
{
    double z[WISHART_SERIES], sum = 0;
    flight_normals(address, first, WISHART_SERIES, 1, z);
    for (int i = 0; i < freedom; i++)
        sum += z[i] * z[i];
    return sqrt(sum);
}

void wishart_factor(const struct stream_address *address, uint64_t first, int rows, int freedom, double *factor,
                    int stride)
{
    int columns = rows < freedom ? rows : freedom, few = 0;
    double row[columns + columns % 2 + 2];
    for (int i = 0; i < rows; i++) {
        double *out = factor + (size_t)i * (size_t)stride;
        int below = i < columns ? i + 1 : columns;
        uint64_t at = (uint64_t)i * (uint64_t)columns;
        flight_normals(address, first + at - at % 2, (size_t)below + at % 2, 1, row);
        for (int j = 0; j < columns; j++)
            out[j] = j < below ? row[j + (int)(at % 2)] : 0;
        if (i >= columns)
            continue;
        if (freedom - i >= WISHART_SERIES)
            out[i] = sqrt(fmax(0, wishart_chi_square(freedom - i, out[i])));
        else
            out[i] = chi_of_few(address,
                                first + even((uint64_t)rows * (uint64_t)columns) + (uint64_t)few++ * WISHART_SERIES,
                                freedom - i);
    }
}
