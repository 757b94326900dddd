#include "plots/fit.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plots/series.h"
#include "train/score.h"

bool fit_line(struct fit *fit, const struct series_point *points, size_t count)
{
    enum { STRIDE = sizeof *points / sizeof(double) };
    double level, level_variance, covariance, variance, squares;
    bool apart = false;
    for (size_t i = 1; i < count; i++)
        apart |= points[i].x != points[0].x;
    if (!apart || gsl_fit_linear(&points->x, STRIDE, &points->y, STRIDE, count, &level, &fit->slope, &level_variance,
                                 &covariance, &variance, &squares) != 0)
        return false;
    fit->se = count > 2 ? sqrt(variance) : NAN;
    return isfinite(fit->slope);
}

double fit_area(const struct series_point *points, size_t count)
{
    double above = 0, pairs = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            if (points[i].y <= SCORE_FAILS && points[j].y > SCORE_FAILS) {
                above += points[i].x > points[j].x ? 1 : points[i].x == points[j].x ? 0.5 : 0;
                pairs++;
            }
    return pairs > 0 ? above / pairs : NAN;
}

size_t fit_roc(struct series_point *points, size_t count)
{
    double learning = 0, failing = 0, all_learning = 0;
    size_t corners = 1;
    for (size_t i = 0; i < count; i++)
        all_learning += points[i].y <= SCORE_FAILS;
    double all_failing = (double)count - all_learning;
    if (all_learning == 0 || all_failing == 0)
        return 0;
    memmove(points + 1, points, count * sizeof *points);
    points[0] = (struct series_point){0, 0, NAN, NAN};
    for (size_t i = 1; i <= count; i++) {
        double x = points[i].x;
        learning += points[i].y <= SCORE_FAILS;
        failing += points[i].y > SCORE_FAILS;
        if (i == count || points[i + 1].x > x)
            points[corners++] = (struct series_point){learning / all_learning, failing / all_failing, NAN, NAN};
    }
    return corners;
}

bool fit_print(enum fit_kind kind, const struct series_point *points, size_t count, char *buffer, size_t size)
{
    struct fit fit;
    double area = kind == FIT_AREA || kind == FIT_ROC ? fit_area(points, count) : NAN;
    if (!isnan(area))
        snprintf(buffer, size, "ROC area %.2f", area);
    else if (kind != FIT_SLOPE || !fit_line(&fit, points, count))
        return false;
    else if (isnan(fit.se))
        snprintf(buffer, size, "slope %.2f", fit.slope);
    else
        snprintf(buffer, size, "slope %.2f ± %.2f", fit.slope, fit.se);
    return true;
}

const char *fit_note(enum fit_kind kind)
{
    static const char *const notes[FIT_KINDS] = {
        [FIT_SLOPE] = "slopes of the logarithms by least squares ± standard error",
        [FIT_AREA] = "ROC area: the probability that of two runs, of u at most " SCORE_QUOTE(
            SCORE_FAILS) " and above, the first lies to the right",
        [FIT_ROC] =
            "a run is said to fail where the number is at most a threshold, and fails where u is above " SCORE_QUOTE(
                SCORE_FAILS) "; ROC area: the probability that of a run that learns and one that fails, the first has "
                             "the "
                             "larger number",
    };
    return notes[kind];
}

/* ---- of curves ---- */

/* Curves of measurements, beside which no other has the same name. */
static int name_fits(struct series_list *list, enum fit_kind kind, struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        struct series *series = &list->series[i];
        char words[64], *name = NULL;
        if (series_is_theory(series) || !fit_print(kind, series->points, series->count, words, sizeof words))
            continue;
        if (asprintf(&name, "%s%s%s", series->name, *series->name ? ", " : "", words) < 0)
            return series_no_memory(error);
        free(series->name);
        series->name = name;
    }
    return ERROR_NONE;
}

/* The ROC curve in place of the runs; a series of runs that all do the same is left empty. */
static int make_roc(struct series *series, struct error *error)
{
    struct series_point *points = reallocarray(series->points, series->count + 1, sizeof *points);
    if (!points)
        return series_no_memory(error);
    series->points = points;
    series->count = fit_roc(points, series->count);
    return ERROR_NONE;
}

static int make_rocs(struct series_list *list, struct error *error)
{
    int code = ERROR_NONE;
    for (size_t i = list->count; i-- > 0 && code == ERROR_NONE;) {
        code = make_roc(&list->series[i], error);
        if (code == ERROR_NONE && list->series[i].count == 0)
            series_remove(list, i);
    }
    if (code == ERROR_NONE && list->count == 0)
        code = error_set(error, ERROR_INPUT, "no runs of both kinds, such that learn and such that fail");
    return code;
}

int fit_curves(struct series_list *list, enum fit_kind kind, struct error *error)
{
    int code = name_fits(list, kind, error);
    return code == ERROR_NONE && kind == FIT_ROC ? make_rocs(list, error) : code;
}
