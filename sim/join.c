#include "sim/join.h"

#include <stddef.h>
#include <string.h>

/* Where group g of a row stands in the three arrays. */
struct place {
    size_t a, b, y;
};

static struct place place_of(const struct join *join, int row, int g)
{
    size_t first = (size_t)join->first, second = (size_t)join->second, at = (size_t)row * (size_t)join->groups;
    size_t own = ((size_t)row * (size_t)(join->groups / join->repeat) + (size_t)(g / join->repeat)) * first;
    return (struct place){own, (at + (size_t)g) * second, (at + (size_t)g) * (first + second)};
}

void join_forward(const struct join *join, int rows, const real *a, const real *b, real *y)
{
    for (int row = 0; row < rows; row++)
        for (int g = 0; g < join->groups; g++) {
            struct place at = place_of(join, row, g);
            memcpy(y + at.y, a + at.a, (size_t)join->first * sizeof *y);
            memcpy(y + at.y + join->first, b + at.b, (size_t)join->second * sizeof *y);
        }
}

void join_backward(const struct join *join, int rows, const real *dy, real *da, real *db)
{
    for (int row = 0; row < rows; row++)
        for (int g = 0; g < join->groups; g++) {
            struct place at = place_of(join, row, g);
            for (int i = 0; i < join->first; i++)
                da[at.a + (size_t)i] = (g % join->repeat == 0 ? 0 : da[at.a + (size_t)i]) + dy[at.y + (size_t)i];
            memcpy(db + at.b, dy + at.y + join->first, (size_t)join->second * sizeof *db);
        }
}
