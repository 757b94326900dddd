#include "plots/profile_curves.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "sim/text.h"

static double log10_or(double value, double otherwise)
{
    return value > 0 ? log10(value) : otherwise;
}

/* The value as a point. False where the axis cannot show it. */
static bool make_point(double x, const struct saved_value *value, bool logarithmic, struct series_point *point)
{
    *point = (struct series_point){x, value->mean, value->lo, value->hi};
    if (logarithmic) {
        point->y = value->log10_mean;
        point->hi = log10_or(value->hi, NAN);
        point->lo = isfinite(value->lo) ? log10_or(value->lo, -INFINITY) : NAN;
    }
    if (isnan(point->lo) || isnan(point->hi))
        point->lo = point->hi = NAN;
    return isfinite(point->y);
}

/* What tells apart the gradients of tokens that are all alike is rounding: a mean of T numbers of size g is known to
 * T eps g. */
static bool is_rounding(struct quantity_place place, const struct series_source *source,
                        const struct saved_value *value)
{
    struct saved_value whole;
    if (strcmp(place.observable, "gradient_specific") != 0)
        return false;
    place.observable = "gradient_variance";
    double tokens = saved_number(place.profile, "tokens", 1);
    return source->choice->quantity->read(&place, &whole) &&
           value->log10_mean < whole.log10_mean + 2 * log10(tokens * DBL_EPSILON);
}

static void add_point(const struct series_source *source, size_t profile, size_t row, const char *observable, double x,
                      struct series *series)
{
    struct quantity_place place = {source->profiles, &source->shown->profiles[profile], row, observable};
    struct saved_value value;
    if (!source->choice->quantity->read(&place, &value))
        return;
    if (source->logarithmic && is_rounding(place, source, &value))
        series->zeros++;
    else if (make_point(x, &value, source->logarithmic, &series->points[series->count]))
        series->count++;
    else
        series->zeros += source->logarithmic && value.mean == 0;
}

/* The row of a profile from which a curve over something else than layers is read. */
static bool find_row(const struct series_source *source, size_t profile, int variant, size_t *row)
{
    const struct saved *saved = &source->shown->profiles[profile];
    return saved_find(saved, source->choice->variants[variant].top ? saved->layers : 0, row);
}

/* The name that a variant's column has in a profile. */
static void name_column(const struct series_source *source, const struct saved *saved, int variant, char *column,
                        size_t size)
{
    const char *observable = source->choice->variants[variant].observable;
    enum series_position position = source->choice->variants[variant].position;
    int last = (int)saved_number(saved, "tokens", 1) - 1, halves = (int)position - (int)SERIES_FIRST_TOKEN;
    if (position == SERIES_ALL_TOKENS)
        snprintf(column, size, "%s", observable);
    else
        snprintf(column, size, "%s.token%d", observable, 1 + last * halves / 2);
}

static void add_layers(const struct series_source *source, size_t profile, int variant, struct series *series)
{
    const struct saved *saved = &source->shown->profiles[profile];
    char column[128];
    name_column(source, saved, variant, column, sizeof column);
    for (size_t row = 0; row < saved_rows(saved); row++) {
        double x;
        if (abscissa_place(source->choice->abscissa, saved_layer(saved, row), &x))
            add_point(source, profile, row, column, x, series);
    }
}

static void add_tokens(const struct series_source *source, size_t profile, int variant, struct series *series)
{
    const char *observable = source->choice->variants[variant].observable;
    int tokens = (int)saved_number(&source->shown->profiles[profile], "tokens", 0);
    size_t row;
    if (!find_row(source, profile, variant, &row))
        return;
    int last = saved_tokens(&source->shown->profiles[profile], row, observable);
    for (int t = 1; t <= tokens && t <= last; t++) {
        char column[128];
        double x;
        snprintf(column, sizeof column, "%s.token%d", observable, t);
        if (abscissa_place(source->choice->abscissa, t, &x))
            add_point(source, profile, row, column, x, series);
    }
}

static bool shows_at(const struct series_source *source, size_t profile, size_t row, int variant)
{
    const struct saved *saved = &source->shown->profiles[profile];
    struct saved_value value;
    char column[128];
    name_column(source, saved, variant, column, sizeof column);
    if (source->choice->abscissa->over == ABSCISSA_TOKENS)
        strncat(column, ".token1", sizeof column - strlen(column) - 1);
    return source->choice->quantity->read(&(struct quantity_place){source->profiles, saved, row, column}, &value);
}

bool profile_curves_shows(const struct series_choice *choice, const struct saved_list *profiles, size_t profile)
{
    struct series_source source = {choice, false, profiles, profiles, NULL};
    bool shows = false;
    for (int v = 0; v < SERIES_VARIANTS && choice->variants[v].observable && !shows; v++) {
        size_t row;
        if (choice->abscissa->over != ABSCISSA_LAYERS)
            shows = find_row(&source, profile, v, &row) && shows_at(&source, profile, row, v);
        for (row = 0; choice->abscissa->over == ABSCISSA_LAYERS && row < saved_rows(&profiles->profiles[profile]);
             row++)
            shows = shows || shows_at(&source, profile, row, v);
    }
    return shows;
}

static int by_x(const void *a, const void *b)
{
    double first = ((const struct series_point *)a)->x, second = ((const struct series_point *)b)->x;
    return (first > second) - (first < second);
}

/* The curve of all profiles that share the name of the first; nothing for the others. */
static void add_profiles(const struct series_source *source, size_t first, int variant, struct series *series)
{
    const struct legend *legend = source->legend;
    if (legend->first[first] != first)
        return;
    const char *along = source->choice->along[variant];
    for (size_t i = first; i < legend->count; i = legend->next[i]) {
        const struct saved *saved = &source->shown->profiles[i];
        double x;
        size_t row;
        if ((along ? abscissa_place(source->choice->abscissa, saved_number(saved, along, NAN), &x)
                   : abscissa_of(source->choice->abscissa, saved, &x)) &&
            find_row(source, i, variant, &row))
            add_point(source, i, row, source->choice->variants[variant].observable, x, series);
    }
    qsort(series->points, series->count, sizeof *series->points, by_x);
}

/* How many points a curve may have. */
static size_t room_for(const struct series_source *source, size_t profile)
{
    const struct saved *saved = &source->shown->profiles[profile];
    const struct legend *legend = source->legend;
    size_t room = 0;
    switch (source->choice->abscissa->over) {
    case ABSCISSA_LAYERS:
        return saved_rows(saved);
    case ABSCISSA_TOKENS:
        return (size_t)fmax(saved_number(saved, "tokens", 0), 0);
    default:
        for (size_t i = profile; legend->first[profile] == profile && i < legend->count; i = legend->next[i])
            room++;
        return room;
    }
}

/* What the series does not need of its room. */
static void give_back(struct series *series)
{
    struct series_point *points = reallocarray(series->points, series->count, sizeof *points);
    series->points = points ? points : series->points;
}

static void note_zeros(struct series_list *list, const struct series *series)
{
    struct text text = {list->zeros, sizeof list->zeros, strlen(list->zeros)};
    if (series->zeros == 0)
        return;
    text_print(&text, "%s%s%s%s", text.length > 0 ? ", " : "", series->name, series->label && *series->name ? ": " : "",
               series->label ? series->label : "");
    if (series->count > 0)
        text_print(&text, " (%zu of %zu points)", series->zeros, series->zeros + series->count);
}

static int add_curve(struct series_list *list, const struct series_source *source, size_t profile, int variant,
                     struct error *error)
{
    static void (*const adders[])(const struct series_source *, size_t, int, struct series *) = {
        [ABSCISSA_LAYERS] = add_layers, [ABSCISSA_TOKENS] = add_tokens, [ABSCISSA_PROFILES] = add_profiles};
    const struct saved *saved = &source->shown->profiles[profile];
    struct series *series = series_append(list, source->legend->names[profile], room_for(source, profile));
    if (!series)
        return series_no_memory(error);
    series->role = strcmp(saved->kind, schema_kinds[SCHEMA_PREDICTED]) == 0 ? SERIES_PREDICTED : SERIES_MEASURED;
    series->group = source->legend->groups[profile];
    series->variant = variant;
    series->label = source->choice->variants[variant].label;
    adders[source->choice->abscissa->over](source, profile, variant, series);
    note_zeros(list, series);
    if (series->count == 0)
        series_remove_last(list);
    else
        give_back(series);
    return ERROR_NONE;
}

int profile_curves_nothing(const struct series_choice *choice, struct error *error)
{
    const char *first = choice->variants[0].observable, *other = choice->variants[1].observable;
    other = other && strcmp(other, first) != 0 ? other : NULL;
    bool by_token = choice->abscissa->over == ABSCISSA_TOKENS || choice->variants[0].position != SERIES_ALL_TOKENS;
    const char *column = by_token ? " by token (run --per-token)" : "";
    return error_set(error, ERROR_INPUT, "no profile has %s%s%s%s%s", first, other ? " or " : "", other ? other : "",
                     column, choice->quantity->needs);
}

static bool has_line(const struct series_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->series[i].points[list->series[i].count - 1].x > list->series[i].points[0].x)
            return true;
    return false;
}

int profile_curves_add(struct series_list *list, const struct series_source *source, size_t *origins,
                       struct error *error)
{
    const struct series_choice *choice = source->choice;
    for (size_t i = 0; i < source->shown->count; i++) {
        for (int v = 0; v < SERIES_VARIANTS && choice->variants[v].observable; v++) {
            size_t before = list->count;
            int code = add_curve(list, source, i, v, error);
            if (code != ERROR_NONE)
                return code;
            if (list->count > before)
                origins[before] = i;
        }
    }
    if (list->count == 0)
        return *list->zeros
                   ? error_set(error, ERROR_INPUT,
                               "everything that the figure shows is 0, which a logarithmic axis does not reach")
                   : profile_curves_nothing(choice, error);
    if (choice->abscissa->over != ABSCISSA_LAYERS && !has_line(list))
        return error_set(error, ERROR_INPUT, "no placement and initialisation has two %s", choice->abscissa->values);
    return ERROR_NONE;
}

bool profile_curves_needs_logarithm(const struct series_choice *choice, const struct saved_list *profiles)
{
    double least = INFINITY, most = -INFINITY;
    bool beyond = false;
    for (size_t i = 0; i < profiles->count; i++) {
        for (size_t row = 0; row < saved_rows(&profiles->profiles[i]); row++) {
            struct quantity_place place = {profiles, &profiles->profiles[i], row, choice->variants[0].observable};
            struct saved_value value;
            if (!choice->quantity->read(&place, &value))
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
