#include "plots/axis.h"

#include <math.h>
#include <stdint.h>

enum { MOST_TICS = 10 };

/* How far intervals and theory may widen the range of the values, in its own length. A floor such as 2^-L on a
 * logarithmic axis would push the data into a corner; a ceiling of twice the data is worth its place. */
static const double LINEAR_ROOM = 1, LOG_ROOM = 0.3;

/* gnuplot loses numbers near the end of double's range, and tics that differ by rounding only. */
static const double LARGEST = 1e300, LEAST_SPAN = 1e-9;

struct range {
    double lo, hi;
};

static void include(struct range *range, double value)
{
    if (isfinite(value)) {
        range->lo = fmin(range->lo, value);
        range->hi = fmax(range->hi, value);
    }
}

static struct range values_of(const struct series_list *list, bool theory_and_intervals)
{
    struct range range = {INFINITY, -INFINITY};
    for (size_t i = 0; i < list->count; i++) {
        const struct series *series = &list->series[i];
        for (size_t p = 0; p < series->count; p++) {
            if (theory_and_intervals || !series_is_theory(series))
                include(&range, series->points[p].y);
            if (theory_and_intervals) {
                include(&range, series->points[p].lo);
                include(&range, series->points[p].hi);
            }
        }
    }
    return range;
}

static void widen(struct range *range, double span)
{
    double missing = span - (range->hi - range->lo);
    if (missing > 0) {
        range->lo -= missing / 2;
        range->hi += missing / 2;
    }
}

/* Moves the range between the bounds, cutting what does not fit. */
static void keep_within(struct range *range, const struct axis_wish *wish)
{
    if (!(wish->least < wish->most))
        return;
    double shift = fmax(0, wish->least - range->lo) - fmax(0, range->hi - wish->most);
    range->lo = fmax(range->lo + shift, wish->least);
    range->hi = fmin(range->hi + shift, wish->most);
}

/* An axis that gnuplot can draw: its ends are finite and differ by more than their rounding. */
struct axis axis_between(bool logarithmic, double lo, double hi)
{
    lo = fmax(-LARGEST, fmin(lo, LARGEST));
    hi = fmax(-LARGEST, fmin(hi, LARGEST));
    double least = LEAST_SPAN * fmax(fabs(lo), fabs(hi));
    if (!(hi - lo >= least))
        hi = lo + least;
    return (struct axis){logarithmic, lo, hi > lo ? hi : lo + 1};
}

void axis_fit(struct axis *axis, bool logarithmic, const struct axis_wish *wish, const struct series_list *list)
{
    struct range data = values_of(list, false), all = values_of(list, true);
    double largest = fmax(fabs(data.lo), fabs(data.hi));
    double span = logarithmic ? wish->span : fmax(wish->span, wish->relative_span * largest);
    if (!(span > 0))
        span = 1;
    double room = fmax((data.hi - data.lo) * (logarithmic ? LOG_ROOM : LINEAR_ROOM), span / 2);
    struct range range = {fmax(all.lo, data.lo - room), fmin(all.hi, data.hi + room)};
    widen(&range, (range.hi - range.lo) * 1.06);
    widen(&range, span);
    if (!logarithmic)
        keep_within(&range, wish);
    *axis = axis_between(logarithmic, range.lo, range.hi);
}

/* The smallest of 1, 2, 5, 10, 20, ... that makes at most count steps of span; infinite where none does. */
static double step_for(double span, double count)
{
    static const double mantissas[] = {1, 2, 5};
    for (double power = 1; isfinite(power); power *= 10)
        for (int i = 0; i < 3; i++)
            if (span / (mantissas[i] * power) <= count)
                return mantissas[i] * power;
    return INFINITY;
}

int axis_whole_step(int last)
{
    for (int64_t step = 1; step <= last; step *= 2)
        if (last % step == 0 && last / step <= MOST_TICS)
            return last / step >= 5 || step == 1 ? (int)step : (int)step_for(last, MOST_TICS);
    return (int)step_for(last, MOST_TICS);
}

static void print_power_label(FILE *script, int mantissa, int exponent)
{
    if (exponent >= -3 && exponent <= 3)
        fprintf(script, "%g", mantissa * pow(10, exponent));
    else if (mantissa == 1)
        fprintf(script, "10^{%d}", exponent);
    else
        fprintf(script, "%d×10^{%d}", mantissa, exponent);
}

/* Unlabelled marks at the given multiples of every power of ten; gnuplot leaves out those beyond the axis. */
static void print_marks(const struct axis *axis, const char *name, const char *mantissas, FILE *script)
{
    fprintf(script, "set for [e=%.0f:%.0f] for [m in '%s'] %stics add ('' e + log10(m) 1)\n", floor(axis->lo),
            floor(axis->hi), mantissas, name);
}

/* Within two decades: 1, 2 and 5 carry numbers. */
static void print_mantissas(const struct axis *axis, const char *name, FILE *script)
{
    static const int labelled[] = {1, 2, 5};
    const char *comma = "";
    fprintf(script, "set %stics (", name);
    for (int exponent = (int)floor(axis->lo); exponent <= axis->hi; exponent++) {
        for (int i = 0; i < 3; i++) {
            double at = exponent + log10(labelled[i]);
            if (at < axis->lo || at > axis->hi)
                continue;
            fprintf(script, "%s'", comma);
            print_power_label(script, labelled[i], exponent);
            fprintf(script, "' %.17g", at);
            comma = ", ";
        }
    }
    fprintf(script, ")\n");
    print_marks(axis, name, "3 4 6 7 8 9", script);
}

static void print_powers(const struct axis *axis, const char *name, FILE *script)
{
    double step = step_for(axis->hi - axis->lo, MOST_TICS);
    const char *comma = "";
    fprintf(script, "set %stics (", name);
    for (int i = 0; i <= MOST_TICS + 1; i++) {
        double at = (ceil(axis->lo / step) + i) * step;
        if (at > axis->hi)
            break;
        fprintf(script, "%s'10^{%.0f}' %.0f", comma, at + 0.0, at + 0.0);
        comma = ", ";
    }
    fprintf(script, ")\n");
    if (step <= 1)
        print_marks(axis, name, "2 3 4 5 6 7 8 9", script);
}

void axis_print_tics(const struct axis *axis, const char *name, FILE *script)
{
    if (axis->hi - axis->lo <= 2.2)
        print_mantissas(axis, name, script);
    else
        print_powers(axis, name, script);
}
