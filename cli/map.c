#include "cli/map.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/map.h"
#include "analysis/phase.h"
#include "cli/begin.h"
#include "cli/command.h"
#include "cli/forecast.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/reading.h"
#include "cli/sweep.h"
#include "sim/team.h"

struct map_command {
    struct options options;
    struct map_axis axes[2]; /* x, y */
    struct reading reading;
    struct moments_options moments;
    int threads;
    bool dry_run, quiet, no_progress, log;
    const char *output;
    struct progress progress;
    int64_t point; /* of the sweep, under way */
    int written;   /* maps */
    bool drawn;    /* anything, at any point of them */
};

static int read_axis(void *field, const char *name, const char *text, struct error *error)
{
    (void)name;
    struct map_axis *axis = field;
    return map_axis_parse(axis, text, error);
}

static const struct options_row rows[] = {
    {"x", 0, "AXIS", "NAME=FROM:TO[:COUNT][:log|:lin]: a setting that is a number", read_axis,
     offsetof(struct map_command, axes[0])},
    {"y", 0, "AXIS", "the same, upwards; 50 values and linear unless said", read_axis,
     offsetof(struct map_command, axes[1])},
    READING_ROWS(struct map_command, reading),
    {"threads", 'j', "N", "points in parallel; results do not depend on it", value_threads,
     offsetof(struct map_command, threads)},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct map_command, output)},
    {"dry-run", 0, NULL, "print how many points there are, the memory and time it would take, and predict nothing",
     value_flag, offsetof(struct map_command, dry_run)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", value_flag,
     offsetof(struct map_command, log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct map_command, quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", value_flag, offsetof(struct map_command, no_progress)},
};

const struct options_command map_options = {
    .usage = "map --x AXIS --y AXIS [OPTION]...",
    .summary =
        "Predicts what a stack does to gradients and tokens from end to end, over a grid of two numbers of its\n"
        "configuration, and writes it as JSON, a map a line, for `spanscope plot`: in the limit of infinite width or,\n"
        "with --at-width, as `predict` does, where a point that is drawn takes 2 s of a core, of long sequences up to\n"
        "16 s, or the --budget. Other settings may be lists or axes: a map for each of their product. Such as\n"
        "  spanscope map -p spannorm --x layers=8:512:log --y c=0.1:10:log -o map.json && spanscope plot map.json",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .sweeps = true,
    .config = true,
    .no_words = "models are named by --placement",
};

/* What makes a point's model: all but the axes is the same at every point, and read once. */
struct maker {
    const struct model *draft;
    const struct map *map;
    const struct reading *reading;
};

static int make_model(void *context, int x, int y, struct model *model, struct error *error)
{
    const struct maker *maker = context;
    const struct map_axis *axes[] = {&maker->map->x, &maker->map->y};
    const int at[] = {x, y};
    int code = ERROR_NONE;
    model_share(maker->draft, model);
    for (int a = 0; a < 2 && code == ERROR_NONE; a++) {
        char text[SETTING_NUMBER_MAX];
        map_axis_text(axes[a], at[a], text, sizeof text);
        code = setting_apply(model, axes[a]->name, text, error);
    }
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code == ERROR_NONE)
        code = reading_check(maker->reading, model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

static void show_progress(void *context, size_t done, size_t all)
{
    struct map_command *self = context;
    double maps = (double)self->progress.count;
    char words[PROGRESS_WORDS];
    snprintf(words, sizeof words, "%zu of %zu points", done, all);
    progress_show(&self->progress, self->point, ((double)self->point + (double)done / (double)all) / maps, words);
}

/* ---- JSON ---- */

static json_t *axis_object(bool *ok, const struct map_axis *axis)
{
    json_t *object = json_object(), *values = json_array();
    for (int i = 0; i < axis->count; i++)
        document_append(ok, values, document_number(axis->values[i]));
    document_put(ok, object, SCHEMA_NAME, json_string(axis->name));
    document_put(ok, object, SCHEMA_SCALE, json_string(axis->logarithmic ? SCHEMA_SCALE_LOG : SCHEMA_SCALE_LIN));
    document_put(ok, object, SCHEMA_VALUES, values);
    return object;
}

static size_t point_count(const struct map *map)
{
    return (size_t)map->x.count * (size_t)map->y.count;
}

/* A number of a point. */
typedef double point_number(const struct map_point *point, int value);

static double own_value(const struct map_point *point, int value)
{
    return point->values[value];
}

static double own_error(const struct map_point *point, int value)
{
    return point->errors[value];
}

static double own_order(const struct map_point *point, int value)
{
    (void)value;
    return point->order_error > 0 ? point->order_error : NAN;
}

/* A row of numbers for each y, from below. */
static int print_rows(const struct map *map, point_number *number, int value, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    for (int y = 0; y < map->y.count && code == ERROR_NONE; y++) {
        bool ok = true;
        json_t *row = json_array();
        for (int x = 0; x < map->x.count; x++) {
            size_t point = (size_t)y * (size_t)map->x.count + (size_t)x;
            document_append(&ok, row, document_number(number(&map->points[point], value)));
        }
        fputc(y == 0 ? '[' : ',', stream);
        code = document_print(ok, row, stream, error);
    }
    fputc(']', stream);
    return code;
}

/* What varies from the first point to the last is not of the configuration: the axes, and an F of 4 d. */
static json_t *head_object(bool *ok, const struct map_command *self, const struct map *map, const struct model ends[2])
{
    json_t *object = json_object(), *config = config_object(ok, &ends[0]);
    for (size_t i = 0; i < setting_count; i++)
        if (!setting_same(&settings[i], &ends[0], &ends[1]))
            json_object_del(config, settings[i].key);
    document_put(ok, object, SCHEMA_KEY, json_string(SCHEMA_MAP));
    document_put(ok, object, SCHEMA_KIND, json_string(schema_kinds[SCHEMA_PREDICTED]));
    document_put(ok, object, SCHEMA_CONFIG, config);
    document_put(ok, object, SCHEMA_READING, reading_object(ok, &self->reading, &self->moments));
    if (map->done < point_count(map))
        document_put(ok, object, SCHEMA_DONE, json_integer((json_int_t)map->done));
    document_put(ok, object, SCHEMA_X, axis_object(ok, &map->x));
    document_put(ok, object, SCHEMA_Y, axis_object(ok, &map->y));
    return object;
}

/* "phases": their names, what they say, and which holds at each point: rows like those of a value. */
static json_t *phases_object(bool *ok, const struct map *map)
{
    json_t *object = json_object(), *names = json_array(), *summaries = json_array(), *at = json_array();
    for (size_t i = 0; i < phase_count; i++) {
        document_append(ok, names, json_string(phases[i].name));
        document_append(ok, summaries, json_string(phases[i].summary));
    }
    for (int y = 0; y < map->y.count; y++) {
        json_t *row = json_array();
        for (int x = 0; x < map->x.count; x++) {
            int phase = phase_find(map->points[(size_t)y * (size_t)map->x.count + (size_t)x].values);
            document_append(ok, row, phase < 0 ? json_null() : json_integer(phase));
        }
        document_append(ok, at, row);
    }
    document_put(ok, object, "names", names);
    document_put(ok, object, "summaries", summaries);
    document_put(ok, object, "at", at);
    return object;
}

/* An object of the rows of every value. */
static int print_values(const struct map *map, const char *name, point_number *number, FILE *stream,
                        struct error *error)
{
    int code = ERROR_NONE;
    fprintf(stream, ",\"%s\":{", name);
    for (int v = 0; v < MAP_VALUES && code == ERROR_NONE; v++) {
        fprintf(stream, "%s\"%s\":", v == 0 ? "" : ",", map_values[v].name);
        code = print_rows(map, number, v, stream, error);
    }
    fputc('}', stream);
    return code;
}

static size_t count_drawn(const struct map *map)
{
    size_t count = 0;
    for (size_t i = 0; i < point_count(map); i++)
        count += map->points[i].drawn;
    return count;
}

/* What values err by: where points are drawn, and at the model's width. */
static int print_errors(const struct map_command *self, const struct map *map, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    if (count_drawn(map) > 0)
        code = print_values(map, SCHEMA_ERRORS, own_error, stream, error);
    if (code != ERROR_NONE || !self->reading.at_width)
        return code;
    fputs(",\"" SCHEMA_ORDER_ERROR "\":", stream);
    return print_rows(map, own_order, 0, stream, error);
}

static int write_map(const struct map_command *self, const struct map *map, const struct model ends[2], FILE *stream,
                     struct error *error)
{
    bool ok = true;
    json_t *head = head_object(&ok, self, map, ends);
    fputc('{', stream);
    int code = document_print_members(ok, head, stream, error);
    if (code == ERROR_NONE)
        code = print_values(map, SCHEMA_VALUES, own_value, stream, error);
    if (code == ERROR_NONE)
        code = print_errors(self, map, stream, error);
    fputs(",\"phases\":", stream);
    ok = true;
    json_t *object = phases_object(&ok, map);
    if (code == ERROR_NONE)
        code = document_print(ok, object, stream, error);
    else
        json_decref(object);
    fputs("}\n", stream);
    return code;
}

/* ---- with other ranks ---- */

/* What stands before a rank's points. */
struct share {
    size_t done, beyond, first;
    struct error first_beyond;
};

static void send_share(const struct map *map)
{
    struct share share = {map->done, map->beyond, map->first, map->first_beyond};
    ranks_send(0, &share, sizeof share);
    for (size_t i = 0; i < point_count(map); i++)
        if (map_shares(map, i, ranks_own(), ranks_count()))
            ranks_send(0, &map->points[i], sizeof *map->points);
}

static void receive_share(struct map *map, int rank)
{
    struct share share;
    ranks_receive(rank, &share, sizeof share);
    for (size_t i = 0; i < point_count(map); i++)
        if (map_shares(map, i, rank, ranks_count()))
            ranks_receive(rank, &map->points[i], sizeof *map->points);
    map->done += share.done;
    map->beyond += share.beyond;
    if (share.first < map->first) {
        map->first = share.first;
        map->first_beyond = share.first_beyond;
    }
}

/* This rank's points, and on rank 0 those of all. A rank that was interrupted sends what it has: rank 0 says so. */
static int predict_all_points(struct map *map, const struct map_plan *plan, struct error *error)
{
    int code = map_predict(map, plan, error);
    if (code != ERROR_NONE && code != ERROR_INTERRUPTED)
        return code;
    if (ranks_own() > 0)
        send_share(map);
    for (int r = 1; ranks_own() == 0 && r < ranks_count(); r++)
        receive_share(map, r);
    if (ranks_own() == 0 && map->done < point_count(map))
        code = error_set(error, ERROR_INTERRUPTED, "interrupted");
    return code;
}

/* ---- running ---- */

static int check_points(const struct map_command *self, const struct map *map, const char *name, struct error *error)
{
    if (map->beyond == point_count(map))
        return error_set(error, ERROR_INPUT, "%s: no point can be predicted: %.800s", name, map->first_beyond.text);
    if (map->beyond > 0 && !self->quiet)
        fprintf(stderr, "spanscope map: %s: %zu point%s left empty: %s\n", name, map->beyond,
                map->beyond == 1 ? " is" : "s are", map->first_beyond.text);
    return ERROR_NONE;
}

/* What the first value errs by at most. */
static void report_errors(const struct map_command *self, const struct map *map, const char *name)
{
    size_t drawn = count_drawn(map);
    double se = 0, order = 0;
    if (self->quiet || !self->reading.at_width)
        return;
    for (size_t i = 0; i < point_count(map); i++) {
        const struct map_point *point = &map->points[i];
        bool unknown = isfinite(point->values[0]) && isnan(point->errors[0]);
        se = fmax(se, unknown ? INFINITY : point->errors[0]);
        order = fmax(order, point->order_error);
    }
    fprintf(stderr, "spanscope map: %s: %zu of %zu points are drawn", name, drawn, point_count(map));
    if (drawn > 0 && isfinite(se))
        fprintf(stderr, ", standard errors of %s up to %.2g", map_values[0].name, se);
    else if (drawn > 0)
        fprintf(stderr, ", errors of %s are not known", map_values[0].name);
    if (order > 0)
        fprintf(stderr, "; the others to first order in T/d: within about %.2g %%", 100 * order);
    fputc('\n', stderr);
}

static int report_map(const struct map_command *self, struct maker *maker, FILE *stream, struct error *error)
{
    const struct map *map = maker->map;
    struct model ends[2];
    int code = make_model(maker, 0, 0, &ends[0], error);
    if (code != ERROR_NONE)
        return code;
    code = make_model(maker, map->x.count - 1, map->y.count - 1, &ends[1], error);
    if (code == ERROR_NONE) {
        code = check_points(self, map, ends[0].placement, error);
        if (code == ERROR_NONE)
            report_errors(self, map, ends[0].placement);
        if (code == ERROR_NONE)
            code = write_map(self, map, ends, stream, error);
        model_free(&ends[1]);
    }
    model_free(&ends[0]);
    return code;
}

static struct map_plan plan_map(struct map_command *self, struct maker *maker)
{
    struct map_plan plan = {.model = make_model,
                            .context = maker,
                            .moments = self->moments,
                            .threads = self->threads,
                            .share = ranks_own(),
                            .shares = ranks_count(),
                            .progress = show_progress,
                            .progress_context = self};
    plan.moments.stop = interrupt_flag();
    return plan;
}

/* The points of all maps, before the first is predicted. */
static int check_maps(struct map_command *self, const struct sweep *sweep, struct error *error)
{
    const struct map map = {.x = self->axes[0], .y = self->axes[1]};
    int code = ERROR_NONE;
    for (int64_t p = 0; code == ERROR_NONE && p < sweep->points; p++) {
        struct model draft;
        struct maker maker = {&draft, &map, &self->reading};
        struct map_plan plan = plan_map(self, &maker);
        code = sweep_draft(sweep, p, &draft, error);
        if (code != ERROR_NONE)
            break;
        code = map_check(&map, &plan, error);
        model_free(&draft);
    }
    return code;
}

static int map_point(struct map_command *self, const struct model *draft, int64_t point, FILE *stream,
                     struct error *error)
{
    struct map map = {.x = self->axes[0], .y = self->axes[1]}; // the axes stay the command's
    struct maker maker = {draft, &map, &self->reading};
    struct map_plan plan = plan_map(self, &maker);
    self->point = point;
    int code = predict_all_points(&map, &plan, error);
    progress_clear(&self->progress);
    struct error report_error;
    int reported = ERROR_NONE;
    bool holds = code == ERROR_NONE || (code == ERROR_INTERRUPTED && map.done > map.beyond);
    if (holds && ranks_own() == 0)
        reported = report_map(self, &maker, stream, &report_error);
    if (reported != ERROR_NONE)
        *error = report_error;
    else if (code == ERROR_INTERRUPTED)
        error_set(error, code, "interrupted; %zu of %zu points are done%s", map.done, point_count(&map),
                  map.done > map.beyond ? ", the others null" : "");
    self->written += holds && reported == ERROR_NONE;
    self->drawn = self->drawn || count_drawn(&map) > 0;
    code = reported != ERROR_NONE ? reported : code;
    map.x = map.y = (struct map_axis){0};
    map_free(&map);
    return code;
}

/* Axes are settings too: something must read them, and they are given once. */
static int check_axes(const struct map_command *self, struct error *error)
{
    const struct map_axis *axes[2] = {&self->axes[0], &self->axes[1]};
    for (int a = 0; a < 2; a++)
        if (axes[a]->count == 0)
            return error_set(error, ERROR_INPUT, "no --%c given; see spanscope map --help", "xy"[a]);
    if (strcmp(axes[0]->name, axes[1]->name) == 0)
        return error_set(error, ERROR_INPUT, "both axes are %s", axes[0]->name);
    for (int a = 0; a < 2; a++)
        for (int s = 0; s < self->options.setting_count; s++)
            if (strcmp(axes[a]->name, self->options.settings[s].name) == 0)
                return error_set(error, ERROR_INPUT, "--%s is the map's %c axis; give it once", axes[a]->name, "xy"[a]);
    return ERROR_NONE;
}

/* Every map's points, one map after another. */
struct grid {
    const struct map_command *self;
    const struct sweep *sweep;
};

static int grid_model(void *context, int64_t i, struct model *model, struct error *error)
{
    const struct grid *grid = context;
    const struct map map = {.x = grid->self->axes[0], .y = grid->self->axes[1]};
    int64_t points = (int64_t)point_count(&map), own = i % points;
    struct model draft;
    int code = sweep_draft(grid->sweep, i / points, &draft, error);
    if (code != ERROR_NONE)
        return code;
    struct maker maker = {&draft, &map, &grid->self->reading};
    code = make_model(&maker, (int)(own % map.x.count), (int)(own / map.x.count), model, error);
    model_free(&draft);
    return code;
}

static int forecast_points(const struct map_command *self, const struct sweep *sweep, FILE *stream, struct error *error)
{
    struct grid grid = {self, sweep};
    const struct forecast forecast = {grid_model, &grid, sweep->points * self->axes[0].count * self->axes[1].count,
                                      self->moments, self->threads};
    struct outlay outlay;
    int code = forecast_measure(&forecast, &outlay, error);
    return code == ERROR_NONE ? outlay_words(&outlay, stream, error) : code;
}

static int map_points(struct map_command *self, const struct sweep *sweep, FILE *stream, struct error *error)
{
    int code = ERROR_NONE;
    for (int64_t p = 0; code == ERROR_NONE && p < sweep->points; p++) {
        struct model draft;
        code = sweep_draft(sweep, p, &draft, error);
        if (code == ERROR_NONE) {
            code = map_point(self, &draft, p, stream, error);
            model_free(&draft);
        }
    }
    return code;
}

/* Of an interruption rank 0 tells. */
static int write_maps(struct map_command *self, const struct sweep *sweep, struct error *error)
{
    struct output output;
    bool writes = ranks_own() == 0;
    FILE *stream = writes ? output_open(&output, self->output, error) : NULL;
    if (writes && !stream)
        return error->code;
    if (self->dry_run)
        return writes ? output_end(&output, forecast_points(self, sweep, stream, error), true, error) : ERROR_NONE;
    progress_init(&self->progress, &(struct progress_options){.quiet = self->quiet || !writes,
                                                              .hidden = self->no_progress,
                                                              .log = self->log && writes,
                                                              .parts = "maps",
                                                              .count = sweep->points});
    int code = map_points(self, sweep, stream, error);
    progress_end(&self->progress);
    if (writes && code == ERROR_NONE && !self->drawn && !self->quiet)
        reading_tell_undrawn(&self->options, "map", self->reading.at_width);
    if (writes)
        return output_end(&output, code, self->written > 0, error);
    return code == ERROR_INTERRUPTED ? ERROR_NONE : code;
}

static int map_all(void *target, struct error *error)
{
    struct map_command *self = target;
    int code = check_axes(self, error), points = self->axes[0].count * self->axes[1].count;
    if (code == ERROR_NONE)
        code = reading_options(&self->reading, &self->moments, error);
    if (code != ERROR_NONE)
        return code;
    self->threads = self->threads < points ? self->threads : points; // more have nothing to do
    int count = self->options.setting_count;
    struct options_setting all[count + 2];
    struct options options = self->options;
    char texts[2][SETTING_NUMBER_MAX];
    memcpy(all, self->options.settings, (size_t)count * sizeof *all);
    for (int a = 0; a < 2; a++) {
        map_axis_text(&self->axes[a], 0, texts[a], SETTING_NUMBER_MAX);
        all[count + a] = (struct options_setting){self->axes[a].name, texts[a]};
    }
    options.settings = all;
    options.setting_count = count + 2;
    struct sweep sweep;
    code = sweep_init(&sweep, &options, error);
    if (code != ERROR_NONE)
        return code;
    code = check_maps(self, &sweep, error);
    if (code == ERROR_NONE) {
        begin_tell(&self->options);
        code = write_maps(self, &sweep, error);
    }
    sweep_free(&sweep);
    return code;
}

int map_command(int argc, char **argv)
{
    struct map_command self = {.reading.seed = 1, .threads = team_processors()};
    int status = command_run(&map_options, argc, argv, &self, map_all);
    map_axis_free(&self.axes[0]);
    map_axis_free(&self.axes[1]);
    return status;
}
