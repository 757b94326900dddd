#include "plots/theory_curves.h"

#include <math.h>
#include <string.h>

#include "analysis/bounds/theory.h"

enum { POINTS = 100 }; /* of a line that is not along the layers */

/* Whether the line's hypotheses hold, one of which is that the weights are those of the initialisation. A file may give another formula the label of a placement, so formulas are
 * compared, whatever their names; nothing is known of a model that cannot be made again. */
static bool line_applies(const struct theory_line *line, const char *observable, const struct saved *profile)
{
    struct error unused;
    bool holds = false;
    return strcmp(line->observable, observable) == 0 && profile->model && saved_is_initial(profile) &&
           theory_holds(line, profile->model, &holds, &unused) == ERROR_NONE && holds;
}

/* A line of theory is drawn at the layers that have the observable. */
static bool row_has(const struct saved *profile, size_t row, const struct theory_line *line)
{
    struct saved_value unused;
    return saved_value(profile, row, line->observable, &unused);
}

/* The next point of a line of theory; values that the axis cannot show are left out. */
static void add_point(const struct series_source *source, double x, double value, struct series *series)
{
    value = source->choice->quantity->of_theory(value);
    double y = source->logarithmic ? (value > 0 ? log10(value) : NAN) : value;
    if (isfinite(y))
        series->points[series->count++] = (struct series_point){x, y, NAN, NAN};
}

/* Evaluates a line under scope as the next point of series. */
static int evaluate_point(const struct theory_line *line, const struct series_source *source,
                          const struct graph_scope *scope, double x, struct series *series, struct error *error)
{
    double value;
    int code = theory_evaluate(line, scope, &value, error);
    if (code != ERROR_NONE)
        return code;
    add_point(source, x, value, series);
    return ERROR_NONE;
}

static int follow_layers(const struct theory_line *line, const struct series_source *source,
                         const struct saved *profile, struct series *series, struct error *error)
{
    struct graph_scope scope = model_scope(profile->model, 0);
    int code = ERROR_NONE;
    for (size_t row = 0; row < saved_rows(profile) && code == ERROR_NONE; row++) {
        double x;
        scope.l = saved_layer(profile, row);
        if (row_has(profile, row, line) && abscissa_place(source->choice->abscissa, scope.l, &x))
            code = evaluate_point(line, source, &scope, x, series, error);
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
static int follow_abscissa(const struct theory_line *line, const struct series_source *source,
                           const struct saved *profile, const struct series *data, struct series *series,
                           struct error *error)
{
    char key[64];
    struct graph_scope scope = model_scope(profile->model, 0);
    abscissa_key(source->choice->abscissa, key, sizeof key);
    double *number = scope_number(&scope, key), unused;
    double from = data->points[0].x, to = data->points[data->count - 1].x;
    int code = ERROR_NONE;
    for (int i = 0; i <= POINTS && to > from && code == ERROR_NONE; i++) {
        double x = from + (to - from) * i / POINTS;
        *(number ? number : &unused) = source->choice->abscissa->logarithmic ? pow(10, x) : x;
        code = evaluate_point(line, source, &scope, x, series, error);
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
        series_remove_last(list);
        return;
    }
}

/* A new line, of nothing yet, on the curve of data at index. */
static struct series *begin_line(struct series_list *list, size_t index, size_t room, enum series_role role,
                                 const char *label, struct error *error)
{
    struct series *series = series_append(list, list->series[index].name, room);
    if (!series) {
        series_no_memory(error);
        return NULL;
    }
    series->role = role;
    series->group = list->series[index].group;
    series->label = label;
    return series;
}

/* What has no points is no line. */
static void end_line(struct series_list *list, size_t theory)
{
    if (list->series[list->count - 1].count == 0)
        series_remove_last(list);
    else
        merge_last(list, theory);
}

/* The lines of theory of one curve of data, which is at index in the list. Lines at layer 0 say nothing of curves that
 * are read at layer L, nor those of all tokens of a single one. */
static int add_lines(struct series_list *list, size_t theory, size_t index, const struct series_source *source,
                     const struct saved *profile, struct error *error)
{
    static const enum series_role roles[] = {
        [THEORY_FLOOR] = SERIES_FLOOR, [THEORY_CEILING] = SERIES_CEILING, [THEORY_EXACT] = SERIES_EXACT};
    int variant = list->series[index].variant, code = ERROR_NONE;
    bool layers = source->choice->abscissa->over == ABSCISSA_LAYERS;
    if ((!layers && source->choice->variants[variant].top) || source->choice->variants[variant].position)
        return ERROR_NONE;
    for (size_t i = 0; i < theory_count && code == ERROR_NONE; i++) {
        const struct theory_line *line = &theory_lines[i];
        if (!line_applies(line, source->choice->variants[variant].observable, profile))
            continue;
        size_t room = layers ? saved_rows(profile) : POINTS + 1;
        struct series *series = begin_line(list, index, room, roles[line->role], line->label, error);
        if (!series)
            return error->code;
        code = layers ? follow_layers(line, source, profile, series, error)
                      : follow_abscissa(line, source, profile, &list->series[index], series, error);
        if (code == ERROR_NONE)
            end_line(list, theory);
    }
    return code;
}

static bool carries_limits(const struct saved *profile)
{
    return isfinite(saved_limit(profile, 0, "activation_variance", "floor"));
}

/* The bounds that a profile carries (predict --bounds) stand for the table's lines, along layers. A quantity that falls
 * where the observable rises turns a floor into a ceiling. */
static int add_limits(struct series_list *list, size_t theory, size_t index, const struct series_source *source,
                      const struct saved *profile, struct error *error)
{
    static const char *const limits[2] = {"floor", "ceiling"};
    const struct quantity *quantity = source->choice->quantity;
    bool falls = quantity->of_theory(1) < quantity->of_theory(0);
    const char *observable = source->choice->variants[list->series[index].variant].observable;
    for (int i = 0; i < 2; i++) {
        struct series *series = begin_line(list, index, saved_rows(profile),
                                           (i == 0) != falls ? SERIES_FLOOR : SERIES_CEILING, limits[falls ? 1 - i : i],
                                           error);
        if (!series)
            return error->code;
        for (size_t row = 0; row < saved_rows(profile); row++) {
            double x, value = saved_limit(profile, row, observable, limits[i]);
            if (isfinite(value) && abscissa_place(source->choice->abscissa, saved_layer(profile, row), &x))
                add_point(source, x, value, series);
        }
        end_line(list, theory);
    }
    return ERROR_NONE;
}

int theory_curves_add(struct series_list *list, const struct series_source *source, const size_t *origins,
                      struct error *error)
{
    size_t data = list->count;
    bool along_layers = source->choice->abscissa->over == ABSCISSA_LAYERS;
    int code = ERROR_NONE;
    for (size_t i = 0; i < data && code == ERROR_NONE && source->choice->quantity->of_theory; i++) {
        const struct saved *profile = &source->shown->profiles[origins[i]];
        bool limits = along_layers && carries_limits(profile);
        code = (limits ? add_limits : add_lines)(list, data, i, source, profile, error);
    }
    return code;
}
