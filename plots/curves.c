#include "plots/curves.h"

#include <math.h>
#include <stdlib.h>

#include "plots/profile_curves.h"
#include "plots/theory_curves.h"

/* A line of the choice's slope from the first point of the first curve to the last x. */
static int add_slope(struct series_list *list, const struct series_choice *choice, struct error *error)
{
    double last = -INFINITY;
    if (choice->slope == 0 || list->count == 0)
        return ERROR_NONE;
    for (size_t i = 0; i < list->count; i++)
        last = fmax(last, list->series[i].points[list->series[i].count - 1].x);
    struct series_point first = list->series[0].points[0];
    struct series *series = series_append(list, "", 2);
    if (!series)
        return series_no_memory(error);
    series->role = SERIES_SLOPE;
    series->group = -1;
    series->label = choice->slope_label;
    series->points[series->count++] = (struct series_point){first.x, first.y, NAN, NAN};
    series->points[series->count++] = (struct series_point){last, first.y + choice->slope * (last - first.x), NAN, NAN};
    return ERROR_NONE;
}

int curves_init(struct series_list *list, const struct series_choice *choice, bool logarithmic,
                const struct saved_list *profiles, const struct saved_list *shown, const struct legend *legend,
                struct error *error)
{
    struct series_source source = {choice, logarithmic, profiles, shown, legend};
    *list = (struct series_list){0};
    size_t *origins = calloc(shown->count * SERIES_VARIANTS + 1, sizeof *origins);
    int code = origins ? ERROR_NONE : series_no_memory(error);
    if (code == ERROR_NONE)
        code = profile_curves_add(list, &source, origins, error);
    if (code == ERROR_NONE)
        code = theory_curves_add(list, &source, origins, error);
    if (code == ERROR_NONE)
        code = fit_curves(list, choice->fit, error);
    if (code == ERROR_NONE)
        code = add_slope(list, choice, error);
    free(origins);
    if (code != ERROR_NONE)
        series_free(list);
    return code;
}
