#include "analysis/limit/near.h"

#include <math.h>
#include <string.h>

#include "sim/invariant.h"

/* phi = base + rest, of which the rest lives within reach of 0. With base in closed form and its mean given one of the two
 * inputs, too, what is left to sum are the nodes there: K = E base base + E rest(u) (base(v) + rest(v)) + E base(u) rest(v).
 *
 * The trapezoidal rule of a Gaussian mean errs by exp(-2 pi^2/step^2), and by exp(-2 pi strip/(step sd)) for a function
 * of sd times the normal variable: 1e-15 and 1e-11. */
enum { LINE = 1024 };
static const double LINE_STEP = 0.75, LINE_END = 7.2, LINE_STRIP = 0.2;

struct line {
    int nodes;
    double z[LINE], weight[LINE];
};

/* Of a normal variable z up to end, for functions that are analytic within strip of sd z; false where it takes too many
 * nodes. */
static bool make_line(double strip, double sd, double step, double end, struct line *line)
{
    step = fmin(step, LINE_STRIP * strip / sd);
    double half = ceil(fmin(LINE_END, end) / step);
    if (!(2 * half + 1 <= LINE))
        return false;
    line->nodes = 2 * (int)half + 1;
    for (int i = 0; i < line->nodes; i++) {
        line->z[i] = step * (i - half);
        line->weight[i] = step * exp(-line->z[i] * line->z[i] / 2) / sqrt(2 * M_PI);
    }
    return true;
}

struct rest {
    const struct activation *activation, *base;
};

static struct rest rest_of(const struct activation *activation, const struct dual_near *near)
{
    struct rest rest = {activation, NULL};
    for (size_t i = 0; i < activation_count && !rest.base; i++)
        if (strcmp(activations[i].name, near->activation) == 0)
            rest.base = &activations[i];
    invariant(rest.base);
    return rest;
}

/* What the activation and its slope are more than the base at mean + sd z, each times the weight: value[nodes], slope. */
static void rest_on(const struct rest *rest, const struct line *line, double mean, double sd, double *value,
                    double *slope)
{
    double v[LINE], base[LINE];
    size_t nodes = (size_t)line->nodes;
    invariant(nodes > 0);
    for (size_t i = 0; i < nodes; i++)
        v[i] = mean + sd * line->z[i];
    rest->activation->value(nodes, v, value);
    rest->base->value(nodes, v, base);
    for (size_t i = 0; i < nodes; i++)
        value[i] = line->weight[i] * (value[i] - base[i]);
    rest->activation->slope(nodes, v, slope);
    rest->base->slope(nodes, v, base);
    for (size_t i = 0; i < nodes; i++)
        slope[i] = line->weight[i] * (slope[i] - base[i]);
}

static struct dual rest_mean(const struct rest *rest, const struct line *line, double mean, double sd)
{
    double value[LINE], slope[LINE];
    struct dual sum = {0, 0};
    rest_on(rest, line, mean, sd, value, slope);
    for (int i = 0; i < line->nodes; i++) {
        sum.k += value[i];
        sum.slope += slope[i];
    }
    return sum;
}

/* E rest(u) (base(v) + rest(v)), inner NULL: without the latter; u is sd z, v given it along z + left times another normal
 * variable. */
static struct dual rest_pair(const struct rest *rest, const struct dual_near *near, const struct line *line,
                             const struct line *inner, double sd, double along, double left)
{
    double value[LINE], slope[LINE];
    struct dual sum = {0, 0};
    rest_on(rest, line, 0, sd, value, slope);
    for (int i = 0; i < line->nodes; i++) {
        double mean = along * line->z[i];
        struct dual base = near->given(mean, left), own = {0, 0};
        if (inner)
            own = rest_mean(rest, inner, mean, left);
        sum.k += value[i] * (base.k + own.k);
        sum.slope += slope[i] * (base.slope + own.slope);
    }
    return sum;
}

/* The larger variance is u's, so that v given u is no steeper in it than u is; base(u) given v is a step of the width that
 * LINE_STEP is for. */
bool near_pair(const struct activation *activation, const struct dual_near *near, struct dual_pair p, struct dual *out)
{
    struct rest rest = rest_of(activation, near);
    double sd[2] = {sqrt(fmax(p.a, p.b)), sqrt(fmin(p.a, p.b))}, sine = sqrt(p.sine2), reach = near->reach;
    double left[2] = {sd[1] * sine, sd[0] * sine}, along[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        along[i] = sd[i] > 0 ? p.c / sd[i] : 0;
    double step = LINE_STEP * fmin(1, sqrt(1 + left[1] * left[1]) / fabs(along[1]));
    struct line first, inner = {1, {0}, {1}}, second;
    if (!make_line(near->strip, sd[0], LINE_STEP, reach / sd[0], &first) ||
        (left[0] > 0 && !make_line(near->strip, left[0], LINE_STEP, 2 * reach / left[0], &inner)) ||
        !make_line(near->strip, sd[1], step, reach / sd[1], &second))
        return false;
    struct dual one = rest_pair(&rest, near, &first, &inner, sd[0], along[0], left[0]);
    struct dual two = rest_pair(&rest, near, &second, NULL, sd[1], along[1], left[1]);
    *out = near->closed(p);
    out->k += one.k + two.k;
    out->slope += one.slope + two.slope;
    return true;
}

bool near_means(const struct activation *activation, const struct dual_near *near, double variance, struct dual *out)
{
    struct rest rest = rest_of(activation, near);
    struct line line;
    double sd = sqrt(variance);
    if (!make_line(near->strip, sd, LINE_STEP, near->reach / sd, &line))
        return false;
    struct dual more = rest_mean(&rest, &line, 0, sd);
    *out = near->means(variance);
    out->k += more.k;
    out->slope += more.slope;
    return true;
}
