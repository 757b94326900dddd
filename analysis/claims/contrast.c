#include "analysis/claims/contrast.h"

#include <math.h>
#include <string.h>

/* w = the weights of a least-squares line's slope: (u_i - mean u)/sum (u - mean u)^2. */
static void slope_of(int count, const double *u, double *w)
{
    double mean = 0, squares = 0;
    for (int i = 0; i < count; i++)
        mean += u[i] / count;
    for (int i = 0; i < count; i++)
        squares += (u[i] - mean) * (u[i] - mean);
    for (int i = 0; i < count; i++)
        w[i] = squares > 0 ? (u[i] - mean) / squares : NAN;
}

static void slope(int count, const double *x, double *w)
{
    for (int i = 0; i < count; i++)
        w[i] = log(x[i]);
    slope_of(count, w, w);
}

/* The part of (log x)^2 that no line explains, over its square: the quadratic coefficient of the least-squares parabola
 * (Frisch and Waugh 1933). */
static void bend(int count, const double *x, double *w)
{
    double mean = 0, squares = 0, line = 0, level = 0, rest = 0;
    for (int i = 0; i < count; i++)
        mean += log(x[i]) / count;
    for (int i = 0; i < count; i++) {
        double u = log(x[i]) - mean;
        squares += u * u;
        line += u * u * u;
        level += u * u / count;
    }
    for (int i = 0; i < count; i++) {
        double u = log(x[i]) - mean;
        w[i] = squares > 0 ? u * u - level - line / squares * u : NAN;
        rest += w[i] * w[i];
    }
    for (int i = 0; i < count; i++)
        w[i] = rest > 1e-12 ? w[i] / rest : NAN;
}

/* The line against 1/x, read at 1/x = 0. */
static void limit(int count, const double *x, double *w)
{
    double mean = 0;
    for (int i = 0; i < count; i++)
        w[i] = 1 / x[i];
    for (int i = 0; i < count; i++)
        mean += w[i] / count;
    slope_of(count, w, w);
    for (int i = 0; i < count; i++)
        w[i] = 1. / count - mean * w[i];
}

static void difference(int count, const double *x, double *w)
{
    (void)x;
    int half = count / 2;
    for (int i = 0; i < count; i++)
        w[i] = i < half ? -1. / half : 1. / (count - half);
}

/* The line through the later half of the points against that through the earlier. */
static void steepening(int count, const double *x, double *w)
{
    int half = count / 2;
    slope(half, x, w);
    slope(count - half, x + half, w + half);
    for (int i = 0; i < half; i++)
        w[i] = -w[i];
}

static void keep(int count, const double *x, double *w)
{
    for (int i = 0; i < count; i++)
        w[i] = x[i];
}

/* The probability that of two configurations, one with y and one without, the first has the larger x; a tie is half a
 * hit. NAN where all are alike. */
static double roc_area(int count, const double *x, const double *y)
{
    double hits = 0, pairs = 0;
    for (int i = 0; i < count; i++)
        for (int j = 0; j < count; j++) {
            if (!(y[i] > 0.5 && y[j] <= 0.5))
                continue;
            pairs++;
            hits += x[i] > x[j] ? 1 : x[i] == x[j] ? 0.5 : 0;
        }
    return pairs > 0 ? hits / pairs : NAN;
}

const struct contrast contrasts[] = {
    {"slope", "slope against the logarithm", 2, slope},
    {"bend", "quadratic coefficient against the logarithm", 3, bend},
    {"limit", "value at infinity of the line against the inverse", 2, limit},
    {"difference", "the later half of the configurations less the earlier", 2, difference},
    {"steepening", "slope against the logarithm in the later half less that in the earlier", 4, steepening},
    {"roc-area", "area under the ROC curve: how often a configuration of which it holds has the larger x", 2, keep,
     roc_area},
};
const size_t contrast_count = sizeof contrasts / sizeof *contrasts;

const struct contrast *contrast_find(const char *name)
{
    for (size_t i = 0; i < contrast_count; i++)
        if (strcmp(contrasts[i].name, name) == 0)
            return &contrasts[i];
    return NULL;
}

double contrast_apply(const struct contrast *contrast, int count, const double *w, const double *y)
{
    double sum = 0;
    if (contrast && contrast->apply)
        return contrast->apply(count, w, y);
    for (int i = 0; i < count; i++)
        sum += w[i] * y[i];
    return sum;
}
