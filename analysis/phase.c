#include "analysis/phase.h"

#include <math.h>

/* Positions in map_values. */
enum { GRADIENT, SPECIFIC, ACTIVATION, TOKENS, LAYER };

/* Hundredfold from end to end: where an optimiser's one step size no longer suits both ends. */
#define DECADES 2.0
/* Two tokens of this cosine share 90 % of their direction. */
#define COLLAPSED 0.9
/* A last block that turns the stream by less than arccos .999 = 2.6 degrees. */
#define IDLE 0.999
/* A factor of 2 from end to end. */
#define ISOMETRIC 0.30102999566398120

/* Comparisons with NAN are false. */
static bool explodes(const double values[MAP_VALUES])
{
    return values[GRADIENT] > DECADES || values[SPECIFIC] > DECADES;
}

static bool vanishes(const double values[MAP_VALUES])
{
    return values[GRADIENT] < -DECADES || values[SPECIFIC] < -DECADES;
}

static bool collapses(const double values[MAP_VALUES])
{
    return values[TOKENS] > COLLAPSED;
}

static bool idles(const double values[MAP_VALUES])
{
    return values[LAYER] > IDLE;
}

static bool is_isometric(const double values[MAP_VALUES])
{
    return fabs(values[GRADIENT]) <= ISOMETRIC;
}

const struct phase phases[] = {
    {"exploding", "gradients, or their token-specific part, grow more than 100-fold towards the input", explodes},
    {"vanishing", "they shrink more than 100-fold", vanishes},
    {"collapsed tokens", "two tokens have a cosine above 0.9 at the end", collapses},
    {"idle layers", "the last layers have a cosine above 0.999: a block changes next to nothing", idles},
    {"isometric", "gradients keep their size within a factor of 2 from end to end", is_isometric},
};
const size_t phase_count = sizeof phases / sizeof *phases;

int phase_find(const double values[MAP_VALUES])
{
    for (size_t i = 0; i < phase_count; i++)
        if (phases[i].holds(values))
            return (int)i;
    return -1;
}
