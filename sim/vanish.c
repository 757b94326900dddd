#include "sim/vanish.h"

#include <math.h>

bool vanish_is_zero(size_t count, const real *x)
{
    size_t i = 0;
    while (i < count && x[i] == 0)
        i++;
    return i == count;
}

bool vanish_in_range(double square, size_t count, const real *x)
{
    return square == 0 ? vanish_is_zero(count, x) : square >= REAL_SQUARE_MIN && square <= REAL_SQUARE_MAX;
}

void vanish_lose(size_t count, real *out)
{
    for (size_t i = 0; i < count; i++)
        out[i] = INFINITY;
}

bool vanish_factor(double factor)
{
    return factor != 0 && fabs(factor) < REAL_MIN;
}
