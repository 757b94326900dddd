#include "analysis/map.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/depth.h"
#include "sim/team.h"
#include "sim/values.h"

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

static int check_ends(const struct map_axis *axis, struct error *error)
{
    double from = axis->values[0], to = axis->values[axis->count - 1];
    double least = axis->setting->least, most = axis->setting->most;
    if (from >= least && to <= most)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "axis %s: %.10g is not between %.10g and %.10g", axis->name,
                     from < least ? from : to, least, most);
}

int map_axis_parse(struct map_axis *axis, const char *text, struct error *error)
{
    *axis = (struct map_axis){0};
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : 0;
    if (length == 0 || length >= sizeof axis->name)
        return error_set(error, ERROR_INPUT, "axis '%.60s': expected NAME=FROM:TO[:COUNT][:log|:lin]", text);
    memcpy(axis->name, text, length);
    struct values values = {0};
    char what[8 + GRAPH_NAME_MAX];
    snprintf(what, sizeof what, "axis %s", axis->name);
    int code = find_name(axis, error);
    if (code != ERROR_NONE)
        return code;
    struct values_whole whole;
    code = values_parse_axis(&values, what, equals + 1, values_whole_of(axis->setting, &whole), MAP_COUNT,
                             MAP_COUNT_MOST, error);
    axis->logarithmic = values.logarithmic;
    axis->count = values.count;
    axis->values = values.value; // which the axis takes over
    if (code == ERROR_NONE && (code = check_ends(axis, error)) != ERROR_NONE)
        map_axis_free(axis);
    return code;
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

const struct map_value map_values[MAP_VALUES] = {
    {"log10_gradient_ratio", "log10 of the gradient variance at the input over that at layer L"},
    {"log10_specific_ratio", "the same of its token-specific part"},
    {"log10_activation_ratio", "log10 of the activation variance at layer L over that at the input"},
    {"token_cosine", "at layer L"},
    {"layer_cosine", "of layers L - 1 and L"},
    {"attention_entropy_relative", "of block L"},
};

static int parse_values(struct gauge quantities[MAP_VALUES], struct error *error)
{
    int code = ERROR_NONE;
    for (int v = 0; code == ERROR_NONE && v < MAP_VALUES; v++)
        code = gauge_parse(&quantities[v], map_values[v].name, strlen(map_values[v].name), error);
    return code;
}

/* ---- the grid ---- */

/* Where an error came about. */
static int name_point(const struct map *map, int x, int y, struct error *error)
{
    struct error at = *error;
    char values[2][SETTING_NUMBER_MAX];
    map_axis_text(&map->x, x, values[0], sizeof values[0]);
    map_axis_text(&map->y, y, values[1], sizeof values[1]);
    return error_set(error, at.code, "%s = %s, %s = %s: %.900s", map->x.name, values[0], map->y.name, values[1],
                     at.text);
}

static int check_model(const struct map *map, const struct map_plan *plan, int x, int y, struct error *error)
{
    struct model model;
    if (plan->moments.stop && *plan->moments.stop)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    int code = plan->model(plan->context, x, y, &model, error);
    if (code != ERROR_NONE)
        return name_point(map, x, y, error);
    struct depth depth;
    code = depth_init(&depth, &model, false, error);
    if (code == ERROR_NONE)
        depth_free(&depth);
    model_free(&model);
    return code == ERROR_NONE ? code : name_point(map, x, y, error);
}

int map_check(const struct map *map, const struct map_plan *plan, struct error *error)
{
    int code = ERROR_NONE;
    for (int y = 0; y < map->y.count; y++)
        for (int x = 0; x < map->x.count && code == ERROR_NONE; x++)
            code = check_model(map, plan, x, y, error);
    return code;
}

static int predict_point(const struct map_plan *plan, const struct gauge quantities[MAP_VALUES], int x, int y,
                         struct map_point *point, struct error *error)
{
    struct model model;
    struct moments_options options = plan->moments;
    struct gauge_value values[MAP_VALUES];
    struct gauge_reading reading;
    options.beside = plan->threads - 1;
    int code = plan->model(plan->context, x, y, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = gauge_predict(quantities, MAP_VALUES, &model, &options, values, &reading, error);
    model_free(&model);
    if (code != ERROR_NONE)
        return code;
    point->order_error = reading.order_error;
    point->drawn = reading.replicas > 0;
    for (int v = 0; v < MAP_VALUES; v++) {
        point->values[v] = gauge_number(&quantities[v], &values[v]);
        point->errors[v] = gauge_error(&quantities[v], &values[v]);
    }
    return ERROR_NONE;
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
    map->points = calloc(all, sizeof *map->points);
    if (!map->points)
        return error_set(error, ERROR_RESOURCE, "out of memory for a map of %zu points", all);
    for (size_t i = 0; i < all; i++)
        for (int v = 0; v < MAP_VALUES; v++)
            map->points[i].values[v] = map->points[i].errors[v] = NAN; // what an interruption leaves
    return ERROR_NONE;
}

struct work {
    struct map *map;
    const struct map_plan *plan;
    struct gauge quantities[MAP_VALUES];
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
    int x = (int)(point % width), y = (int)(point / width);
    int code = predict_point(work->plan, work->quantities, x, y, &map->points[point], &own);
    if (code != ERROR_NONE && code != ERROR_INTERRUPTED)
        name_point(map, x, y, &own);
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
        code = parse_values(work.quantities, error);
    if (code == ERROR_NONE)
        code = map_check(map, plan, error);
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
    free(map->points);
    *map = (struct map){0};
}
