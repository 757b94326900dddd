#include "plots/series.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/bounds/theory.h"
#include "analysis/schema.h"
#include "plots/fit.h"
#include "sim/text.h"

enum { THEORY_POINTS = 100 }; /* of a line of theory that is not along the layers */

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
    if (!grown)
        return NULL;
    list->series = grown;
    struct series *series = &grown[list->count];
    *series = (struct series){.name = strdup(name), .points = calloc(room > 0 ? room : 1, sizeof *series->points)};
    if (series->name && series->points) {
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

/* What the curves of a figure are made from. */
struct source {
    const struct series_choice *choice;
    bool logarithmic;                          /* y */
    const struct saved_list *profiles, *shown; /* all, and those that curves are made of */
    const struct legend *legend;               /* of shown */
};

/* What tells apart the gradients of tokens that are all alike is rounding: a mean of T numbers of size g is known to
 * T eps g. */
static bool is_rounding(struct quantity_place place, const struct source *source, const struct saved_value *value)
{
    struct saved_value whole;
    if (strcmp(place.observable, "gradient_specific") != 0)
        return false;
    place.observable = "gradient_variance";
    double tokens = saved_number(place.profile, "tokens", 1);
    return source->choice->quantity->read(&place, &whole) &&
           value->log10_mean < whole.log10_mean + 2 * log10(tokens * DBL_EPSILON);
}

static void add_point(const struct source *source, size_t profile, size_t row, const char *observable, double x,
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
static bool find_row(const struct source *source, size_t profile, int variant, size_t *row)
{
    const struct saved *saved = &source->shown->profiles[profile];
    return saved_find(saved, source->choice->variants[variant].top ? saved->layers : 0, row);
}

/* The name that a variant's column has in a profile. */
static void name_column(const struct source *source, const struct saved *saved, int variant, char *column, size_t size)
{
    const char *observable = source->choice->variants[variant].observable;
    enum series_position position = source->choice->variants[variant].position;
    int last = (int)saved_number(saved, "tokens", 1) - 1, halves = (int)position - (int)SERIES_FIRST_TOKEN;
    if (position == SERIES_ALL_TOKENS)
        snprintf(column, size, "%s", observable);
    else
        snprintf(column, size, "%s.token%d", observable, 1 + last * halves / 2);
}

static void add_layers(const struct source *source, size_t profile, int variant, struct series *series)
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

static void add_tokens(const struct source *source, size_t profile, int variant, struct series *series)
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

static bool shows_at(const struct source *source, size_t profile, size_t row, int variant)
{
    const struct saved *saved = &source->shown->profiles[profile];
    struct saved_value value;
    char column[128];
    name_column(source, saved, variant, column, sizeof column);
    if (source->choice->abscissa->over == ABSCISSA_TOKENS)
        strncat(column, ".token1", sizeof column - strlen(column) - 1);
    return source->choice->quantity->read(&(struct quantity_place){source->profiles, saved, row, column}, &value);
}

bool series_shows(const struct series_choice *choice, const struct saved_list *profiles, size_t profile)
{
    struct source source = {choice, false, profiles, profiles, NULL};
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
static void add_profiles(const struct source *source, size_t first, int variant, struct series *series)
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
static size_t room_for(const struct source *source, size_t profile)
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

static int add_curve(struct series_list *list, const struct source *source, size_t profile, int variant,
                     struct error *error)
{
    static void (*const adders[])(const struct source *, size_t, int, struct series *) = {
        [ABSCISSA_LAYERS] = add_layers, [ABSCISSA_TOKENS] = add_tokens, [ABSCISSA_PROFILES] = add_profiles};
    const struct saved *saved = &source->shown->profiles[profile];
    struct series *series = append(list, source->legend->names[profile], room_for(source, profile));
    if (!series)
        return out_of_memory(error);
    series->role = strcmp(saved->kind, schema_kinds[SCHEMA_PREDICTED]) == 0 ? SERIES_PREDICTED : SERIES_MEASURED;
    series->group = source->legend->groups[profile];
    series->variant = variant;
    series->label = source->choice->variants[variant].label;
    adders[source->choice->abscissa->over](source, profile, variant, series);
    note_zeros(list, series);
    if (series->count == 0)
        drop_last(list);
    else
        give_back(series);
    return ERROR_NONE;
}

/* Whether the line's hypotheses hold. A file may give another formula the label of a placement, so formulas are
 * compared, whatever their names; nothing is known of a model that cannot be made again. */
static bool line_applies(const struct theory_line *line, const char *observable, const struct saved *profile)
{
    struct error unused;
    bool holds = false;
    return strcmp(line->observable, observable) == 0 && profile->model &&
           theory_holds(line, profile->model, &holds, &unused) == ERROR_NONE && holds;
}

/* A line of theory is drawn at the layers that have the observable. */
static bool row_has(const struct saved *profile, size_t row, const struct theory_line *line)
{
    struct saved_value unused;
    return saved_value(profile, row, line->observable, &unused);
}

/* The next point of a line of theory; values that the axis cannot show are left out. */
static void add_theory_point(const struct source *source, double x, double value, struct series *series)
{
    value = source->choice->quantity->of_theory(value);
    double y = source->logarithmic ? log10_or(value, NAN) : value;
    if (isfinite(y))
        series->points[series->count++] = (struct series_point){x, y, NAN, NAN};
}

/* Evaluates a line under scope as the next point of series. */
static int theory_point(const struct theory_line *line, const struct source *source, const struct graph_scope *scope,
                        double x, struct series *series, struct error *error)
{
    double value;
    int code = theory_evaluate(line, scope, &value, error);
    if (code != ERROR_NONE)
        return code;
    add_theory_point(source, x, value, series);
    return ERROR_NONE;
}

static int theory_layers(const struct theory_line *line, const struct source *source, const struct saved *profile,
                         struct series *series, struct error *error)
{
    struct graph_scope scope = model_scope(profile->model, 0);
    int code = ERROR_NONE;
    for (size_t row = 0; row < saved_rows(profile) && code == ERROR_NONE; row++) {
        double x;
        scope.l = saved_layer(profile, row);
        if (row_has(profile, row, line) && abscissa_place(source->choice->abscissa, scope.l, &x))
            code = theory_point(line, source, &scope, x, series, error);
    }
    return code;
}

/* The number of the scope that a key of the configuration sets, or NULL. */
static double *scope_number(struct graph_scope *scope, const char *key)
{
    struct {
        const char *key;
        double *number;
    } numbers[] = {{"layers", &scope->L}, {"width", &scope->d}, {"c", &scope->c}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strcmp(numbers[i].key, key) == 0)
            return numbers[i].number;
    return NULL;
}

/* A line at layer 0, between the smallest and the largest x of the data. */
static int theory_along(const struct theory_line *line, const struct source *source, const struct saved *profile,
                        const struct series *data, struct series *series, struct error *error)
{
    char key[64];
    struct graph_scope scope = model_scope(profile->model, 0);
    abscissa_key(source->choice->abscissa, key, sizeof key);
    double *number = scope_number(&scope, key), unused;
    double from = data->points[0].x, to = data->points[data->count - 1].x;
    int code = ERROR_NONE;
    for (int i = 0; i <= THEORY_POINTS && to > from && code == ERROR_NONE; i++) {
        double x = from + (to - from) * i / THEORY_POINTS;
        *(number ? number : &unused) = source->choice->abscissa->logarithmic ? pow(10, x) : x;
        code = theory_point(line, source, &scope, x, series, error);
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

/* The lines of theory of one curve of data, which is at index in the list. Lines at layer 0 say nothing of curves that
 * are read at layer L, nor those of all tokens of a single one. */
static int add_theory(struct series_list *list, size_t theory, size_t index, const struct source *source,
                      const struct saved *profile, struct error *error)
{
    static const enum series_role roles[] = {
        [THEORY_FLOOR] = SERIES_FLOOR, [THEORY_CEILING] = SERIES_CEILING, [THEORY_EXACT] = SERIES_EXACT};
    int variant = list->series[index].variant;
    bool layers = source->choice->abscissa->over == ABSCISSA_LAYERS;
    if ((!layers && source->choice->variants[variant].top) || source->choice->variants[variant].position)
        return ERROR_NONE;
    for (size_t i = 0; i < theory_count; i++) {
        const struct theory_line *line = &theory_lines[i];
        if (!line_applies(line, source->choice->variants[variant].observable, profile))
            continue;
        size_t room = layers ? saved_rows(profile) : THEORY_POINTS + 1;
        struct series *series = append(list, list->series[index].name, room);
        if (!series)
            return out_of_memory(error);
        series->role = roles[line->role];
        series->group = list->series[index].group;
        series->label = line->label;
        int code = layers ? theory_layers(line, source, profile, series, error)
                          : theory_along(line, source, profile, &list->series[index], series, error);
        if (code != ERROR_NONE)
            return code;
        if (series->count == 0)
            drop_last(list);
        else
            merge_last(list, theory);
    }
    return ERROR_NONE;
}

static bool carries_limits(const struct saved *profile)
{
    return isfinite(saved_limit(profile, 0, "activation_variance", "floor"));
}

/* The bounds that a profile carries (predict --bounds) stand for the table's lines, along layers. A quantity that falls
 * where the observable rises turns a floor into a ceiling. */
static int add_limits(struct series_list *list, size_t theory, size_t index, const struct source *source,
                      const struct saved *profile, struct error *error)
{
    static const char *const limits[2] = {"floor", "ceiling"};
    const struct quantity *quantity = source->choice->quantity;
    bool falls = quantity->of_theory(1) < quantity->of_theory(0);
    const char *observable = source->choice->variants[list->series[index].variant].observable;
    for (int i = 0; i < 2; i++) {
        struct series *series = append(list, list->series[index].name, saved_rows(profile));
        if (!series)
            return out_of_memory(error);
        series->role = (i == 0) != falls ? SERIES_FLOOR : SERIES_CEILING;
        series->group = list->series[index].group;
        series->label = limits[falls ? 1 - i : i];
        for (size_t row = 0; row < saved_rows(profile); row++) {
            double x, value = saved_limit(profile, row, observable, limits[i]);
            if (isfinite(value) && abscissa_place(source->choice->abscissa, saved_layer(profile, row), &x))
                add_theory_point(source, x, value, series);
        }
        if (series->count == 0)
            drop_last(list);
        else
            merge_last(list, theory);
    }
    return ERROR_NONE;
}

/* A line of the choice's slope from the first point of the first curve to the last x. */
static int add_slope(struct series_list *list, const struct series_choice *choice, struct error *error)
{
    double last = -INFINITY;
    if (choice->slope == 0 || list->count == 0)
        return ERROR_NONE;
    for (size_t i = 0; i < list->count; i++)
        last = fmax(last, list->series[i].points[list->series[i].count - 1].x);
    struct series_point first = list->series[0].points[0];
    struct series *series = append(list, "", 2);
    if (!series)
        return out_of_memory(error);
    series->role = SERIES_SLOPE;
    series->group = -1;
    series->label = choice->slope_label;
    series->points[series->count++] = (struct series_point){first.x, first.y, NAN, NAN};
    series->points[series->count++] = (struct series_point){last, first.y + choice->slope * (last - first.x), NAN, NAN};
    return ERROR_NONE;
}

int series_nothing(const struct series_choice *choice, struct error *error)
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

/* Fills the list in the order profile, variant; sources[] tells which profile each curve came from. */
static int add_data(struct series_list *list, const struct source *source, size_t *origins, struct error *error)
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
                   : series_nothing(choice, error);
    if (choice->abscissa->over != ABSCISSA_LAYERS && !has_line(list))
        return error_set(error, ERROR_INPUT, "no placement and initialisation has two %s", choice->abscissa->values);
    return ERROR_NONE;
}

/* The ROC curve in place of the runs; a series of runs that all do the same is left empty. */
static int make_roc(struct series *series, struct error *error)
{
    struct series_point *points = reallocarray(series->points, series->count + 1, sizeof *points);
    if (!points)
        return out_of_memory(error);
    series->points = points;
    series->count = fit_roc(points, series->count);
    return ERROR_NONE;
}

static int make_rocs(struct series_list *list, const struct series_choice *choice, struct error *error)
{
    int code = ERROR_NONE;
    for (size_t i = list->count; i-- > 0 && choice->fit == FIT_ROC && code == ERROR_NONE;) {
        code = make_roc(&list->series[i], error);
        if (code == ERROR_NONE && list->series[i].count == 0)
            series_remove(list, i);
    }
    if (code == ERROR_NONE && list->count == 0)
        code = error_set(error, ERROR_INPUT, "no runs of both kinds, such that learn and such that fail");
    return code;
}

/* Curves of measurements, beside which no other has the same name. */
static int name_fits(struct series_list *list, const struct series_choice *choice, struct error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        struct series *series = &list->series[i];
        char words[64], *name = NULL;
        if (series_is_theory(series) || !fit_print(choice->fit, series->points, series->count, words, sizeof words))
            continue;
        if (asprintf(&name, "%s%s%s", series->name, *series->name ? ", " : "", words) < 0)
            return out_of_memory(error);
        free(series->name);
        series->name = name;
    }
    return ERROR_NONE;
}

int series_init(struct series_list *list, const struct series_choice *choice, bool logarithmic,
                const struct saved_list *profiles, const struct saved_list *shown, const struct legend *legend,
                struct error *error)
{
    struct source source = {choice, logarithmic, profiles, shown, legend};
    *list = (struct series_list){0};
    size_t *origins = calloc(shown->count * SERIES_VARIANTS + 1, sizeof *origins);
    int code = origins ? ERROR_NONE : out_of_memory(error);
    if (code == ERROR_NONE)
        code = add_data(list, &source, origins, error);
    size_t data = list->count;
    for (size_t i = 0; i < data && code == ERROR_NONE && choice->quantity->of_theory; i++) {
        const struct saved *profile = &shown->profiles[origins[i]];
        bool limits = choice->abscissa->over == ABSCISSA_LAYERS && carries_limits(profile);
        code = (limits ? add_limits : add_theory)(list, data, i, &source, profile, error);
    }
    if (code == ERROR_NONE)
        code = name_fits(list, choice, error);
    if (code == ERROR_NONE)
        code = make_rocs(list, choice, error);
    if (code == ERROR_NONE)
        code = add_slope(list, choice, error);
    free(origins);
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
