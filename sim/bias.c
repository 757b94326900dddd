#include "sim/bias.h"

#include <math.h>
#include <stdlib.h>

#include "sim/memory.h"

/* Press et al., arXiv 2108.12409: a geometric sequence from 2^(-8/H) to 2^-8. */
static double alibi_slope(int head, int heads)
{
    return exp2(-8.0 * (head + 1) / heads);
}

/* The authors' code where H is no power of two: the sequence of the power P below, then every other slope of 2P. */
static double alibi_halves_slope(int head, int heads)
{
    int power = 1;
    while (2 * power <= heads)
        power *= 2;
    return head < power ? alibi_slope(head, power) : alibi_slope(2 * (head - power), 2 * power);
}

/* ---- T5 (arXiv 1910.10683) ---- */

enum { BUCKETS = 32, FARTHEST = 128 };

/* Half of a direction's buckets are for one distance each, the others for distances whose logarithms are as far apart, up
 * to FARTHEST. Powers of two fall on an edge, which rounding must not take to the bucket below. */
int bias_bucket(int distance, bool causal)
{
    int count = causal ? BUCKETS : BUCKETS / 2, single = count / 2;
    int first = !causal && distance > 0 ? count : 0, away = causal ? -distance : abs(distance);
    if (away < single)
        return first + (away > 0 ? away : 0);
    double place = log((double)away / single) / log((double)FARTHEST / single) * (count - single);
    int bucket = single + (int)fmin(place + 1e-9, count);
    return first + (bucket < count ? bucket : count - 1);
}

static double one_of_width(int width)
{
    return 1 / sqrt(width);
}

static size_t line_entries(const struct bias_grid *grid)
{
    return (size_t)grid->queries + (size_t)grid->keys - 1;
}

static size_t line_entry(const struct bias_grid *grid, int i, int j)
{
    return (size_t)(j - i + grid->queries - 1);
}

static void t5_fill(const struct bias_grid *grid, int heads, double sd, const struct stream *stream, real *tables)
{
    size_t count = line_entries(grid);
    for (int h = 0; h < heads; h++) {
        double normals[BUCKETS];
        real *table = tables + (size_t)h * count;
        stream_normals(stream, (size_t)h * BUCKETS, BUCKETS, sd, normals);
        for (size_t e = 0; e < count; e++)
            table[e] = normals[bias_bucket((int)e - grid->queries + 1, grid->causal)];
    }
}

static const struct bias_drawing t5 = {one_of_width, true, false, line_entries, line_entry, t5_fill};

/* ---- Swin-v2 (arXiv 2111.09883) ---- */

enum { HIDDEN = 512 };
#define SWIN2_SD 0.02

static double swin2_sd(int width)
{
    (void)width;
    return SWIN2_SD;
}

int bias_side(int positions)
{
    int side = (int)lround(sqrt(positions));
    return side * side == positions ? side : 0;
}

static size_t square_entries(const struct bias_grid *grid)
{
    size_t offsets = 2 * (size_t)bias_side(grid->keys) - 1;
    return memory_multiply(offsets, offsets);
}

/* Offsets of rows and columns, from -(side - 1). */
static size_t square_entry(const struct bias_grid *grid, int i, int j)
{
    int side = bias_side(grid->keys), rows = i / side - j / side + side - 1, columns = i % side - j % side + side - 1;
    return (size_t)rows * (2 * (size_t)side - 1) + (size_t)columns;
}

/* An offset as the network is given it: on a scale of logarithms, from -log_8 9 to log_8 9. */
static double swin2_coordinate(int offset, int side)
{
    double far = side > 1 ? 8.0 * offset / (side - 1) : 0;
    return copysign(log2(fabs(far) + 1) / 3, far);
}

/* 16 sigmoid(g): g is what a network of one layer of 512 relus makes of the two coordinates, a feature for a head. Its
 * weights are numbers of the stream, [HIDDEN][2] of the first layer and then [heads][HIDDEN]. */
static void swin2_fill(const struct bias_grid *grid, int heads, double sd, const struct stream *stream, real *tables)
{
    int side = bias_side(grid->keys), offsets = 2 * side - 1;
    double first[HIDDEN][2], second[HIDDEN];
    stream_normals(stream, 0, 2 * HIDDEN, sd, first[0]);
    for (int h = 0; h < heads; h++) {
        stream_normals(stream, 2 * HIDDEN + (size_t)h * HIDDEN, HIDDEN, sd, second);
        for (int e = 0; e < offsets * offsets; e++) {
            double y = swin2_coordinate(e / offsets - side + 1, side), g = 0;
            double x = swin2_coordinate(e % offsets - side + 1, side);
            for (int f = 0; f < HIDDEN; f++)
                g += second[f] * fmax(0, first[f][0] * y + first[f][1] * x);
            *tables++ = 16 / (1 + exp(-g));
        }
    }
}

static const struct bias_drawing swin2 = {swin2_sd, false, true, square_entries, square_entry, swin2_fill};

// clang-format off
const struct bias biases[] = {
    {"none", "nothing", NULL, NULL},
    {"alibi", "-2^(-8 h/H) |i - j| in head h (Press et al., arXiv 2108.12409)", alibi_slope, NULL},
    {"alibi_halves", "alibi as its authors' code has it where H is no power P of 2: P's slopes, then every other of 2P's",
     alibi_halves_slope, NULL},
    {"t5", "a normal of sd bias_sd for each head and bucket of j - i, the same in all blocks (Raffel et al., arXiv 1910.10683)",
     NULL, &t5},
    {"swin2", "16 sigmoid(g), g a network's of the offset in a square window, weights of sd bias_sd (Liu et al., arXiv 2111.09883)",
     NULL, &swin2},
};
// clang-format on
const size_t bias_count = sizeof biases / sizeof *biases;
