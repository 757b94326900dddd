#include "plots/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/theory.h"
#include "sim/activation.h"
#include "sim/formula.h"
#include "sim/placement.h"

enum { THEORY_DEPTHS = 100 }; /* points of a line of theory against depth */

bool series_is_theory(const struct series *series)
{
    return series->role >= SERIES_FLOOR;
}

static int out_of_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for the curves of a figure");
}

/* A new series at the end of the list with room for points; its name is copied. */
static struct series *append(struct series_list *list, const char *name, size_t room)
{
    struct series *grown = reallocarray(list->series, list->count + 1, sizeof *grown);
    if (grown == NULL)
        return NULL;
    list->series = grown;
    struct series *series = &grown[list->count];
    *series = (struct series){.name = strdup(name), .points = calloc(room > 0 ? room : 1, sizeof *series->points)};
    if (series->name != NULL && series->points != NULL) {
        list->count++;
        return series;
    }
    free(series->name);
    free(series->points);
    return NULL;
}

void series_remove(struct series_list *list, size_t index)
{
    struct series *series = &list->series[index];
    free(series->name);
    free(series->points);
    memmove(series, series + 1, (--list->count - index) * sizeof *series);
}

static void drop_last(struct series_list *list)
{
    series_remove(list, list->count - 1);
}

static double log10_or(double value, double otherwise)
{
    return value > 0 ? log10(value) : otherwise;
}

/* The value as a point, shifted by minus shift on a logarithmic axis. False where the axis cannot show it. */
static bool make_point(double x, const struct saved_value *value, bool logarithmic, double shift,
                       struct series_point *point)
{
    *point = (struct series_point){x, value->mean, value->lo, value->hi};
    if (logarithmic) {
        point->y = value->log10_mean - shift;
        point->hi = log10_or(value->hi, NAN) - shift;
        point->lo = isfinite(value->lo) ? log10_or(value->lo, -INFINITY) - shift : NAN;
    }
    if (isnan(point->lo) || isnan(point->hi))
        point->lo = point->hi = NAN;
    return isfinite(point->y);
}

static enum series_role role_of(const struct saved *profile)
{
    return strcmp(profile->kind, "predicted") == 0 ? SERIES_PREDICTED : SERIES_MEASURED;
}

static int add_layers(struct series_list *list, const struct series_choice *choice, int variant, bool logarithmic,
                      const struct saved *profile, const char *name, int group, struct error *error)
{
    struct series *series = append(list, name, saved_rows(profile));
    if (series == NULL)
        return out_of_memory(error);
    series->role = role_of(profile);
    series->group = group;
    series->variant = variant;
    series->label = choice->variants[variant].label;
    for (size_t row = 0; row < saved_rows(profile); row++) {
        struct saved_value value;
        if (saved_value(profile, row, choice->variants[variant].observable, &value) &&
            make_point(saved_layer(profile, row), &value, logarithmic, 0, &series->points[series->count]))
            series->count++;
    }
    if (series->count == 0)
        drop_last(list);
    return ERROR_NONE;
}

static int by_x(const void *a, const void *b)
{
    double first = ((const struct series_point *)a)->x, second = ((const struct series_point *)b)->x;
    return (first > second) - (first < second);
}

/* The observable at layer 0 over that at layer L, whose own scatter the interval leaves out. */
static bool depth_point(const struct saved *profile, const char *observable, struct series_point *point)
{
    size_t bottom, top;
    struct saved_value first, last;
    return saved_find(profile, 0, &bottom) && saved_find(profile, profile->layers, &top) &&
           saved_value(profile, bottom, observable, &first) && saved_value(profile, top, observable, &last) &&
           isfinite(last.log10_mean) && make_point(log10(profile->layers), &first, true, last.log10_mean, point);
}

/* The curve of all profiles that share the name of profiles[first]. */
static int add_depths(struct series_list *list, const struct series_choice *choice, int variant,
                      const struct saved_list *profiles, const struct legend *legend, size_t first, struct error *error)
{
    struct series *series = append(list, legend->names[first], profiles->count);
    if (series == NULL)
        return out_of_memory(error);
    series->role = role_of(&profiles->profiles[first]);
    series->group = legend->groups[first];
    series->variant = variant;
    series->label = choice->variants[variant].label;
    for (size_t i = first; i < profiles->count; i++)
        if (strcmp(legend->names[i], legend->names[first]) == 0 &&
            depth_point(&profiles->profiles[i], choice->variants[variant].observable, &series->points[series->count]))
            series->count++;
    if (series->count == 0)
        drop_last(list);
    else
        qsort(series->points, series->count, sizeof *series->points, by_x);
    return ERROR_NONE;
}

static bool same_formula(const struct saved *profile, const struct placement *placement)
{
    char texts[2][4096];
    const char *sources[2] = {saved_text(profile, "formula", placement->formula), placement->formula};
    for (int i = 0; i < 2; i++) {
        struct formula formula;
        struct error unused;
        if (formula_parse(sources[i], strlen(sources[i]), "formula", &formula, &unused) != ERROR_NONE)
            return false;
        formula_print(&formula, "; ", texts[i], sizeof texts[i]);
        formula_free(&formula);
    }
    return strcmp(texts[0], texts[1]) == 0;
}

/* Whether the line's hypotheses hold. A file may give another formula the label of a placement, so formulas are
 * compared; gradients are bounded against a cotangent of variance 1 at every token. */
static bool line_applies(const struct theory_line *line, const char *observable, const struct saved *profile)
{
    const struct placement *placement = placement_find(profile->placement);
    return strcmp(line->observable, observable) == 0 && strcmp(line->placement, profile->placement) == 0 &&
           strcmp(line->init, profile->init) == 0 &&
           (line->activation == NULL || strcmp(line->activation, saved_text(profile, "activation", "")) == 0) &&
           (line->mask == NULL || strcmp(line->mask, saved_text(profile, "mask", "none")) == 0) &&
           saved_number(profile, "input_correlation", 0) >= line->least_correlation &&
           saved_number(profile, "input_scale", 1) == 1 &&
           strcmp(saved_text(profile, "cotangent", "iid"), "iid") == 0 && placement != NULL &&
           same_formula(profile, placement);
}

static struct graph_scope scope_of(const struct saved *profile)
{
    const struct activation *activation = activation_find(saved_text(profile, "activation", ""));
    return (struct graph_scope){.L = profile->layers,
                                .d = saved_number(profile, "width", NAN),
                                .T = saved_number(profile, "tokens", NAN),
                                .F = saved_number(profile, "ffn_width", NAN),
                                .H = saved_number(profile, "heads", NAN),
                                .E = saved_number(profile, "experts", NAN),
                                .k = saved_number(profile, "top_k", NAN),
                                .phi2 = activation != NULL ? activation_second_moment(activation) : NAN,
                                .c = saved_number(profile, "c", 1),
                                .s = saved_number(profile, "s", 0.02)};
}

/* Evaluates a line under scope as the next point of series; values that the axis cannot show are left out. */
static int theory_point(const struct theory_line *line, const struct graph_scope *scope, bool logarithmic, double x,
                        struct series *series, struct error *error)
{
    double value;
    int code = theory_evaluate(line, scope, &value, error);
    if (code != ERROR_NONE)
        return code;
    double y = logarithmic ? log10_or(value, NAN) : value;
    if (isfinite(y))
        series->points[series->count++] = (struct series_point){x, y, NAN, NAN};
    return ERROR_NONE;
}

static int theory_layers(const struct theory_line *line, const struct saved *profile, bool logarithmic,
                         struct series *series, struct error *error)
{
    struct graph_scope scope = scope_of(profile);
    int code = ERROR_NONE;
    for (size_t row = 0; row < saved_rows(profile) && code == ERROR_NONE; row++) {
        scope.l = saved_layer(profile, row);
        code = theory_point(line, &scope, logarithmic, scope.l, series, error);
    }
    return code;
}

/* Against depth a line is its value at layer 0, between the smallest and the largest depth of the data. */
static int theory_depths(const struct theory_line *line, const struct saved *profile, const struct series *data,
                         struct series *series, struct error *error)
{
    struct graph_scope scope = scope_of(profile);
    double from = data->points[0].x, to = data->points[data->count - 1].x;
    int code = ERROR_NONE;
    for (int i = 0; i <= THEORY_DEPTHS && to > from && code == ERROR_NONE; i++) {
        double x = from + (to - from) * i / THEORY_DEPTHS;
        scope.L = pow(10, x);
        code = theory_point(line, &scope, true, x, series, error);
    }
    return code;
}

/* Whether one of the two is the other or its beginning. */
static bool same_curve(const struct series *a, const struct series *b)
{
    if (strcmp(a->label, b->label) != 0 || a->role != b->role)
        return false;
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (a->points[i].x != b->points[i].x ||
            fabs(a->points[i].y - b->points[i].y) > 1e-12 * (1 + fabs(a->points[i].y)))
            return false;
    return true;
}

/* Keeps the last series out of the list where an earlier one is the same: of the two, the more points and the first
 * name, or no name where their groups differ. */
static void merge_last(struct series_list *list, size_t theory)
{
    struct series *last = &list->series[list->count - 1];
    for (struct series *other = list->series + theory; other < last; other++) {
        if (!same_curve(other, last))
            continue;
        if (other->group != last->group) {
            other->group = -1;
            other->name[0] = '\0';
        }
        if (other->count < last->count) {
            struct series_point *points = other->points;
            other->points = last->points;
            other->count = last->count;
            last->points = points;
        }
        drop_last(list);
        return;
    }
}

/* The lines of theory of one curve of data, which is at index in the list. */
static int add_theory(struct series_list *list, size_t theory, size_t index, const char *observable, bool logarithmic,
                      enum series_abscissa abscissa, const struct saved *profile, struct error *error)
{
    static const enum series_role roles[] = {
        [THEORY_FLOOR] = SERIES_FLOOR, [THEORY_CEILING] = SERIES_CEILING, [THEORY_EXACT] = SERIES_EXACT};
    for (size_t i = 0; i < theory_count; i++) {
        const struct theory_line *line = &theory_lines[i];
        if (!line_applies(line, observable, profile))
            continue;
        size_t room = abscissa == SERIES_BY_LAYER ? saved_rows(profile) : THEORY_DEPTHS + 1;
        struct series *series = append(list, list->series[index].name, room);
        if (series == NULL)
            return out_of_memory(error);
        series->role = roles[line->role];
        series->group = list->series[index].group;
        series->label = line->label;
        int code = abscissa == SERIES_BY_LAYER ? theory_layers(line, profile, logarithmic, series, error)
                                               : theory_depths(line, profile, &list->series[index], series, error);
        if (code != ERROR_NONE)
            return code;
        if (series->count == 0)
            drop_last(list);
        else
            merge_last(list, theory);
    }
    return ERROR_NONE;
}

static bool first_of_name(const struct legend *legend, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (strcmp(legend->names[i], legend->names[index]) == 0)
            return false;
    return true;
}

static int nothing(const struct series_choice *choice, struct error *error)
{
    const char *other = choice->variants[1].observable;
    return error_set(error, ERROR_INPUT, "no profile has %s%s%s%s", choice->variants[0].observable,
                     other != NULL ? " or " : "", other != NULL ? other : "",
                     choice->abscissa == SERIES_BY_DEPTH ? " at layers 0 and L" : "");
}

static bool spans_depths(const struct series_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->series[i].points[list->series[i].count - 1].x > list->series[i].points[0].x)
            return true;
    return false;
}

/* Fills the list in the order profile, variant; sources[] tells which profile each curve came from. */
static int add_data(struct series_list *list, const struct series_choice *choice, bool logarithmic,
                    const struct saved_list *profiles, const struct legend *legend, size_t *sources,
                    struct error *error)
{
    for (size_t i = 0; i < profiles->count; i++) {
        for (int v = 0; v < SERIES_VARIANTS && choice->variants[v].observable != NULL; v++) {
            size_t before = list->count;
            int code = ERROR_NONE;
            if (choice->abscissa == SERIES_BY_LAYER)
                code = add_layers(list, choice, v, logarithmic, &profiles->profiles[i], legend->names[i],
                                  legend->groups[i], error);
            else if (first_of_name(legend, i))
                code = add_depths(list, choice, v, profiles, legend, i, error);
            if (code != ERROR_NONE)
                return code;
            if (list->count > before)
                sources[before] = i;
        }
    }
    if (list->count == 0)
        return nothing(choice, error);
    if (choice->abscissa == SERIES_BY_DEPTH && !spans_depths(list))
        return error_set(error, ERROR_INPUT, "no placement and initialisation has profiles of two depths L");
    return ERROR_NONE;
}

int series_init(struct series_list *list, const struct series_choice *choice, bool logarithmic,
                const struct saved_list *profiles, const struct legend *legend, struct error *error)
{
    *list = (struct series_list){0};
    size_t *sources = calloc(profiles->count * SERIES_VARIANTS + 1, sizeof *sources);
    int code = sources != NULL ? ERROR_NONE : out_of_memory(error);
    if (code == ERROR_NONE)
        code = add_data(list, choice, logarithmic, profiles, legend, sources, error);
    size_t data = list->count;
    for (size_t i = 0; i < data && code == ERROR_NONE; i++)
        code = add_theory(list, data, i, choice->variants[list->series[i].variant].observable, logarithmic,
                          choice->abscissa, &profiles->profiles[sources[i]], error);
    free(sources);
    if (code != ERROR_NONE)
        series_free(list);
    return code;
}

void series_free(struct series_list *list)
{
    while (list->count > 0)
        drop_last(list);
    free(list->series);
    *list = (struct series_list){0};
}

bool series_needs_logarithm(const struct series_choice *choice, const struct saved_list *profiles)
{
    double least = INFINITY, most = -INFINITY;
    bool beyond = false;
    for (size_t i = 0; i < profiles->count; i++) {
        for (size_t row = 0; row < saved_rows(&profiles->profiles[i]); row++) {
            struct saved_value value;
            if (!saved_value(&profiles->profiles[i], row, choice->variants[0].observable, &value))
                continue;
            if (value.mean <= 0)
                return false;
            beyond = beyond || (isnan(value.mean) && isfinite(value.log10_mean));
            least = fmin(least, value.log10_mean);
            most = fmax(most, value.log10_mean);
        }
    }
    return beyond || most - least > 4;
}
