#include "analysis/claims/statistic.h"

#include <string.h>

static double number(struct wide w)
{
    return wide_present(w) ? wide_value(w) : NAN;
}

static double logarithm(struct wide w)
{
    return wide_present(w) ? wide_log(w) : NAN;
}

static double value(const struct wide *column, int first, int last)
{
    (void)last;
    return number(column[first]);
}

static double increment(const struct wide *column, int first, int last)
{
    (void)last;
    return number(column[first]) - number(column[first - 1]);
}

/* Over blocks first..last; of a fluctuating product the geometric mean has a bias of 1/(last - first + 1) that of one
 * block's ratio. */
static double block_factor(const struct wide *column, int first, int last)
{
    return exp((logarithm(column[first - 1]) - logarithm(column[last])) / (last - first + 1));
}

static double log_value(const struct wide *column, int first, int last)
{
    (void)last;
    return logarithm(column[first]);
}

static double approach(const struct wide *column, int first, int last)
{
    (void)last;
    return 1 - number(column[first]);
}

static double log_approach(const struct wide *column, int first, int last)
{
    return log(approach(column, first, last));
}

static double log_ratio(const struct wide *column, int first, int last)
{
    return logarithm(column[first]) - logarithm(column[last]);
}

static double log_distance(const struct wide *column, int first, int last)
{
    return fabs(log_ratio(column, first, last));
}

/* Running sums of a regression, by Welford's updates. */
struct line {
    double n, mean_x, mean_y, xx, xy;
};

static void line_add(struct line *line, double x, double y)
{
    double dx = x - line->mean_x;
    line->n++;
    line->mean_x += dx / line->n;
    line->mean_y += (y - line->mean_y) / line->n;
    line->xx += dx * (x - line->mean_x);
    line->xy += dx * (y - line->mean_y);
}

static double approach_slope(const struct wide *column, int first, int last)
{
    struct line line = {0};
    for (int l = first; l <= last; l++)
        line_add(&line, log(l), log(1 - number(column[l])));
    return line.xx > 0 ? line.xy / line.xx : NAN;
}

static double log_slope(const struct wide *column, int first, int last)
{
    struct line line = {0};
    for (int l = first; l <= last; l++)
        line_add(&line, log(l), logarithm(column[l]));
    return line.xx > 0 ? line.xy / line.xx : NAN;
}

/* Of what lies above the layer before the first, how much is in the upper half of the layers. */
static double upper_share(const struct wide *column, int first, int last)
{
    double upper = 0, all = 0;
    for (int l = first; l <= last; l++) {
        double above = number(column[l]) - number(column[first - 1]);
        all += above;
        upper += l > (first + last) / 2 ? above : 0;
    }
    return upper / all;
}

/* Of what may leave the range of double: the largest logarithm is taken out. */
static double log_sum(const struct wide *column, int first, int last)
{
    double most = -INFINITY, sum = 0;
    for (int l = first; l <= last; l++) {
        double y = logarithm(column[l]);
        if (isnan(y))
            return NAN;
        most = fmax(most, y);
    }
    for (int l = first; l <= last; l++)
        sum += exp(logarithm(column[l]) - most);
    return most + log(sum);
}

static double approach_factor(const struct wide *column, int first, int last)
{
    return exp((log(1 - number(column[last])) - log(1 - number(column[first - 1]))) / (last - first + 1));
}

/* Of a quantity that each layer raises to a power p, up to a constant: log a_l = p log a_(l-1) + c, p from three
 * layers. */
static double approach_order(const struct wide *column, int first, int last)
{
    (void)last;
    double far = log(1 - number(column[first - 2])), middle = log(1 - number(column[first - 1])),
           near = log(1 - number(column[first]));
    return (near - middle) / (middle - far);
}

static double approach_spread(const struct wide *column, int first, int last)
{
    double least = INFINITY, most = -INFINITY;
    for (int l = first; l <= last; l++) {
        double y = log(1 - number(column[l]));
        if (isnan(y))
            return NAN;
        least = fmin(least, y);
        most = fmax(most, y);
    }
    return most - least;
}

const struct statistic statistics[] = {
    {"value", "the observable at a layer", true, 0, value},
    {"log-value", "its logarithm", true, 0, log_value},
    {"increment", "its change over a block", true, 1, increment},
    {"block-factor", "its factor per block toward the input, geometric mean over the blocks", false, 1, block_factor},
    {"log-ratio", "log of its first layer's value over its last's", false, 0, log_ratio},
    {"log-distance", "how far that lies from 0", false, 0, log_distance},
    {"log-sum", "log of the sum over its layers", false, 0, log_sum},
    {"upper-share", "the upper half's share of the layers' sum, above the layer before the first", false, 1,
     upper_share},
    {"log-slope", "log-log slope against the layer", false, 1, log_slope},
    {"approach", "1 minus the observable", true, 0, approach},
    {"log-approach", "its logarithm", true, 0, log_approach},
    {"approach-factor", "factor of 1 minus the observable per block, geometric mean over the blocks", false, 1,
     approach_factor},
    {"approach-slope", "log-log slope of 1 minus the observable against the layer", false, 1, approach_slope},
    {"approach-spread", "log of the largest over the smallest 1 minus the observable of the layers", false, 0,
     approach_spread},
    {"approach-order", "power to which a block raises 1 minus the observable", true, 2, approach_order},
};
const size_t statistic_count = sizeof statistics / sizeof *statistics;

const struct statistic *statistic_find(const char *name)
{
    for (size_t i = 0; i < statistic_count; i++)
        if (strcmp(statistics[i].name, name) == 0)
            return &statistics[i];
    return NULL;
}
