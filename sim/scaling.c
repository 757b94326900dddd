#include "sim/scaling.h"

#include <math.h>

static double plain_angle(const struct scaling_of *of, int plane)
{
    return pow(of->base, -(double)plane / of->planes);
}

static double linear_angle(const struct scaling_of *of, int plane)
{
    return plain_angle(of, plane) / of->factor;
}

/* Sequences within the length are left alone; the base grows with longer ones. */
static double dynamic_angle(const struct scaling_of *of, int plane)
{
    struct scaling_of longer = *of;
    double times = of->tokens > of->length ? of->factor * of->tokens / of->length - (of->factor - 1) : 1;
    if (of->planes > 1)
        longer.base *= pow(times, of->planes / (of->planes - 1.0));
    return plain_angle(&longer, plane);
}

static double within(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* Part `own` of the angle as it is, the rest divided by the factor. */
static double mixed_angle(const struct scaling_of *of, int plane, double own)
{
    double angle = plain_angle(of, plane);
    return (1 - own) * angle / of->factor + own * angle;
}

/* Planes that turn less than once within the length, and more than four times. */
static double llama3_angle(const struct scaling_of *of, int plane)
{
    static const double slow = 1, fast = 4;
    double turns = of->length * plain_angle(of, plane) / (2 * M_PI);
    return mixed_angle(of, plane, within((turns - slow) / (fast - slow), 0, 1));
}

/* The plane that turns so many times within the length. */
static double plane_of(const struct scaling_of *of, double turns)
{
    return of->planes * log(of->length / (turns * 2 * M_PI)) / log(of->base);
}

/* Peng et al., arXiv 2309.00071: from the plane of 32 turns, which is left alone, to that of one. */
static double yarn_between(const struct scaling_of *of, int plane, double first, double last)
{
    first = fmax(first, 0);
    last = fmin(last, 2 * of->planes - 1);
    double width = last == first ? 0.001 : last - first;
    return mixed_angle(of, plane, 1 - within((plane - first) / width, 0, 1));
}

static double yarn_angle(const struct scaling_of *of, int plane)
{
    return yarn_between(of, plane, floor(plane_of(of, 32)), ceil(plane_of(of, 1)));
}

static double yarn_exact_angle(const struct scaling_of *of, int plane)
{
    return yarn_between(of, plane, plane_of(of, 32), plane_of(of, 1));
}

static double no_gain(double factor)
{
    (void)factor;
    return 1;
}

static double yarn_gain(double factor)
{
    return factor > 1 ? 0.1 * log(factor) + 1 : 1;
}

// clang-format off
const struct scaling scalings[] = {
    {"default", "angles as they are", false, false, plain_angle, no_gain},
    {"linear", "angles over rope_factor", true, false, linear_angle, no_gain},
    {"dynamic", "a base that grows with sequences longer than rope_length", true, true, dynamic_angle, no_gain},
    {"llama3", "planes of fewer than 4 turns within rope_length towards, below 1 turn at their angle over rope_factor",
     true, true, llama3_angle, no_gain},
    {"yarn", "the same from 32 turns to 1, at whole planes, and a gain of 0.1 log(rope_factor) + 1 (arXiv 2309.00071)",
     true, true, yarn_angle, yarn_gain},
    {"yarn_exact", "yarn between planes that are not rounded, as gpt-oss has it", true, true, yarn_exact_angle, yarn_gain},
};
// clang-format on
const size_t scaling_count = sizeof scalings / sizeof *scalings;
