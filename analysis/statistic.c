#include "analysis/statistic.h"

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

static double log_ratio(const struct wide *column, int first, int last)
{
    return logarithm(column[first]) - logarithm(column[last]);
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

double statistic_slope(int count, const double *x, const double *y)
{
    struct line line = {0};
    for (int i = 0; i < count; i++)
        line_add(&line, x[i], y[i]);
    return line.xx > 0 ? line.xy / line.xx : NAN;
}

const struct statistic statistics[] = {
    {"value", "the observable at a layer", true, false, 0, value},
    {"increment", "its change over a block", true, false, 1, increment},
    {"block-factor", "its factor per block toward the input, geometric mean over the blocks", false, false, 1,
     block_factor},
    {"log-ratio", "log of its first layer's value over its last's", false, false, 0, log_ratio},
    {"log-ratio-trend", "slope of log-ratio against log L", false, true, 0, log_ratio},
    {"approach-slope", "log-log slope of 1 minus the observable against the layer", false, false, 1, approach_slope},
};
const size_t statistic_count = sizeof statistics / sizeof *statistics;

const struct statistic *statistic_find(const char *name)
{
    for (size_t i = 0; i < statistic_count; i++)
        if (strcmp(statistics[i].name, name) == 0)
            return &statistics[i];
    return NULL;
}
