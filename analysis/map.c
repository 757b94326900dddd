#include "analysis/map.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/team.h"

/* ---- axes ---- */

static int find_name(struct map_axis *axis, struct error *error)
{
    const char *names[setting_count];
    size_t count = 0;
    for (size_t i = 0; i < setting_count; i++) {
        if (!setting_is_number(&settings[i]))
            continue;
        names[count++] = settings[i].name;
        if (strcmp(settings[i].name, axis->name) == 0)
            axis->setting = &settings[i];
    }
    if (axis->setting)
        return ERROR_NONE;
    const char *nearest = error_nearest(axis->name, names, count);
    return error_set(error, ERROR_INPUT, "axis '%s' is no setting that is a number%s%s%s", axis->name,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* FROM:TO[:COUNT][:log|:lin] */
static int parse_range(struct map_axis *axis, char *text, double *from, double *to, struct error *error)
{
    char *words[5] = {NULL}, *rest = text;
    int count = 0, code = ERROR_NONE;
    for (char *word; count < 5 && (word = strsep(&rest, ":"));)
        words[count++] = word;
    if (count > 2 && (strcmp(words[count - 1], "log") == 0 || strcmp(words[count - 1], "lin") == 0))
        axis->logarithmic = strcmp(words[--count], "log") == 0;
    if (count < 2 || count > 3)
        return error_set(error, ERROR_INPUT, "axis %s: expected FROM:TO[:COUNT][:log|:lin]", axis->name);
    code = setting_real(axis->name, words[0], from, error);
    if (code == ERROR_NONE)
        code = setting_real(axis->name, words[1], to, error);
    long long number = MAP_COUNT;
    char what[96];
    snprintf(what, sizeof what, "points of %s", axis->name);
    if (code == ERROR_NONE && count == 3)
        code = setting_integer(what, words[2], 2, MAP_COUNT_MOST, &number, error);
    axis->count = (int)number;
    if (code == ERROR_NONE && !(*from < *to))
        code = error_set(error, ERROR_INPUT, "axis %s: %g is not below %g", axis->name, *from, *to);
    if (code == ERROR_NONE && axis->logarithmic && !(*from > 0))
        code = error_set(error, ERROR_INPUT, "axis %s: a logarithmic axis begins above 0, not at %g", axis->name,
                         *from);
    return code;
}

static void fill(struct map_axis *axis, double from, double to)
{
    int count = 0;
    for (int i = 0; i < axis->count; i++) {
        double share = (double)i / (axis->count - 1);
        double value = axis->logarithmic ? from * pow(to / from, share) : from + (to - from) * share;
        value = i == axis->count - 1 ? to : value;
        value = axis->setting->type == SETTING_INTEGER ? round(value) : value;
        if (count == 0 || value > axis->values[count - 1])
            axis->values[count++] = value;
    }
    axis->count = count;
}

int map_axis_parse(struct map_axis *axis, const char *text, struct error *error)
{
    *axis = (struct map_axis){0};
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (length == 0 || length >= sizeof axis->name)
        return error_set(error, ERROR_INPUT, "axis '%.60s': expected NAME=FROM:TO[:COUNT][:log|:lin]", text);
    memcpy(axis->name, text, length);
    char *range = strdup(equals + 1);
    if (!range)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    double from = 0, to = 0;
    int code = find_name(axis, error);
    if (code == ERROR_NONE)
        code = parse_range(axis, range, &from, &to, error);
    free(range);
    if (code != ERROR_NONE)
        return code;
    axis->values = calloc((size_t)axis->count, sizeof *axis->values);
    if (!axis->values)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    fill(axis, from, to);
    return ERROR_NONE;
}

void map_axis_free(struct map_axis *axis)
{
    free(axis->values);
    *axis = (struct map_axis){0};
}

void map_axis_text(const struct map_axis *axis, int i, char *text, size_t size)
{
    setting_print_number(axis->values[i], text, size);
}

/* ---- values ---- */

static struct wide at(const struct moments *moments, enum observe_id id, int layer)
{
    int column = moments->schema.layer_column[id];
    size_t row = (size_t)layer * (size_t)moments->schema.column_count;
    return column >= 0 ? moments->mean[row + (size_t)column] : wide_absent();
}

static double value_of(struct wide w)
{
    return wide_present(w) ? wide_value(w) : NAN;
}

/* log10 of the observable at layer `over` over that at layer `under`; NAN where one is 0. */
static double log10_ratio(const struct moments *moments, enum observe_id id, int over, int under)
{
    struct wide a = at(moments, id, over), b = at(moments, id, under);
    if (!wide_present(a) || !wide_present(b) || !(a.mantissa > 0) || !(b.mantissa > 0))
        return NAN;
    return (wide_log(a) - wide_log(b)) / M_LN10;
}

static double gradient(const struct moments *moments, int layers)
{
    return log10_ratio(moments, OBSERVE_GRADIENT_VARIANCE, 0, layers);
}

static double specific(const struct moments *moments, int layers)
{
    return log10_ratio(moments, OBSERVE_GRADIENT_SPECIFIC, 0, layers);
}

static double activation(const struct moments *moments, int layers)
{
    return log10_ratio(moments, OBSERVE_ACTIVATION_VARIANCE, layers, 0);
}

static double tokens(const struct moments *moments, int layers)
{
    return value_of(at(moments, OBSERVE_TOKEN_COSINE, layers));
}

static double layer(const struct moments *moments, int layers)
{
    return value_of(at(moments, OBSERVE_LAYER_COSINE, layers));
}

static double entropy(const struct moments *moments, int layers)
{
    return value_of(at(moments, OBSERVE_ATTENTION_ENTROPY_RELATIVE, layers));
}

const struct map_value map_values[MAP_VALUES] = {
    {"log10_gradient_ratio", "log10 of the gradient variance at the input over that at layer L", gradient},
    {"log10_specific_ratio", "the same of its token-specific part", specific},
    {"log10_activation_ratio", "log10 of the activation variance at layer L over that at the input", activation},
    {"token_cosine", "at layer L", tokens},
    {"layer_cosine", "of layers L - 1 and L", layer},
    {"attention_entropy_relative", "of block L", entropy},
};

/* ---- the grid ---- */

static int check_model(const struct map_plan *plan, int x, int y, struct error *error)
{
    struct model model;
    if (plan->moments.stop && *plan->moments.stop)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    int code = plan->model(plan->context, x, y, &model, error);
    if (code == ERROR_NONE)
        model_free(&model);
    return code;
}

static int check_models(const struct map *map, const struct map_plan *plan, struct error *error)
{
    int code = ERROR_NONE;
    for (int y = 0; y < map->y.count; y++)
        for (int x = 0; x < map->x.count && code == ERROR_NONE; x++)
            code = check_model(plan, x, y, error);
    return code;
}

static int predict_point(const struct map_plan *plan, int x, int y, double values[MAP_VALUES], struct error *error)
{
    struct model model;
    struct moments moments;
    int code = plan->model(plan->context, x, y, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = moments_predict(&model, &plan->moments, &moments, error);
    if (code == ERROR_NONE) {
        for (int v = 0; v < MAP_VALUES; v++)
            values[v] = map_values[v].evaluate(&moments, model.layers);
        moments_free(&moments);
    }
    model_free(&model);
    return code;
}

bool map_shares(const struct map *map, size_t point, int share, int shares)
{
    size_t width = (size_t)map->x.count;
    return shares <= 1 || (point / width + point % width) % (size_t)shares == (size_t)share;
}

static size_t count_shares(const struct map *map, const struct map_plan *plan, size_t all)
{
    size_t count = 0;
    for (size_t i = 0; i < all; i++)
        count += map_shares(map, i, plan->share, plan->shares);
    return count;
}

static int make_room(struct map *map, size_t all, struct error *error)
{
    map->first = all;
    map->values = calloc(all * MAP_VALUES, sizeof *map->values);
    if (!map->values)
        return error_set(error, ERROR_RESOURCE, "out of memory for a map of %zu points", all);
    for (size_t i = 0; i < all * MAP_VALUES; i++)
        map->values[i] = NAN; // what an interruption leaves
    return ERROR_NONE;
}

struct work {
    struct map *map;
    const struct map_plan *plan;
    size_t all, shared; /* points, and those of this share */
    pthread_mutex_t lock;
    int failed;
    struct error error;
};

/* Under the lock. */
static void note_point(struct work *work, size_t point, int code, const struct error *own)
{
    struct map *map = work->map;
    map->done += code == ERROR_NONE || code == ERROR_INPUT;
    if (code == ERROR_INPUT) { // the models are valid: what is left is the range of double
        map->beyond++;
        if (point < map->first)
            map->first_beyond = *own;
        map->first = point < map->first ? point : map->first;
    } else if (code != ERROR_NONE && work->failed == ERROR_NONE) {
        work->error = *own;
        work->failed = code;
    }
    if (work->plan->progress)
        work->plan->progress(work->plan->progress_context, map->done, work->shared);
}

/* The deepest points first, so that no thread ends alone with one: whatever the axes are, the last of each is dear. */
static bool predict_number(struct team *team, uint64_t i, int thread, void *context)
{
    struct work *work = context;
    struct map *map = work->map;
    size_t point = work->all - 1 - i, width = (size_t)map->x.count;
    struct error own = {0};
    (void)team, (void)thread;
    if (!map_shares(map, point, work->plan->share, work->plan->shares))
        return true;
    int code = predict_point(work->plan, (int)(point % width), (int)(point / width), map->values + point * MAP_VALUES,
                             &own);
    pthread_mutex_lock(&work->lock);
    note_point(work, point, code, &own);
    bool goes_on = work->failed == ERROR_NONE;
    pthread_mutex_unlock(&work->lock);
    return goes_on;
}

int map_predict(struct map *map, const struct map_plan *plan, struct error *error)
{
    size_t all = (size_t)map->x.count * (size_t)map->y.count;
    struct work work = {.map = map,
                        .plan = plan,
                        .all = all,
                        .shared = count_shares(map, plan, all),
                        .lock = PTHREAD_MUTEX_INITIALIZER};
    int code = make_room(map, all, error);
    if (code == ERROR_NONE)
        code = check_models(map, plan, error);
    if (code == ERROR_NONE)
        code = team_check(plan->threads, error);
    if (code != ERROR_NONE)
        return code;
    if (plan->progress)
        plan->progress(plan->progress_context, 0, work.shared); // the first point may take long
    team_run(plan->threads, all, predict_number, &work);
    pthread_mutex_destroy(&work.lock);
    if (work.failed != ERROR_NONE)
        *error = work.error;
    return work.failed;
}

void map_free(struct map *map)
{
    map_axis_free(&map->x);
    map_axis_free(&map->y);
    free(map->values);
    *map = (struct map){0};
}
