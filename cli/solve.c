#include "cli/solve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/solve.h"
#include "cli/begin.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "cli/sweep.h"
#include "sim/team.h"
#include "sim/text.h"

struct solve_run {
    struct options options;
    const char *range;
    struct reading reading;
    struct moments_options moments;
    int threads;
    bool json;
    const char *output;
    bool quiet, no_progress, log;
    struct progress progress;
    int64_t point; /* of the sweep, under way */
    struct solve_equation equation;
    struct map_axis axis;
    int written;
    bool drawn; /* anything, at any point */
};

/* The settings that are numbers. */
static const char *number_name(size_t i)
{
    for (size_t s = 0; s < setting_count; s++)
        if (setting_is_number(&settings[s]) && i-- == 0)
            return settings[s].name;
    return NULL;
}

static const char *format_name(size_t i)
{
    static const char *const names[] = {"table", "json"};
    return i < 2 ? names[i] : NULL;
}

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(format_name, name, text, error);
    *(bool *)field = i == 1;
    return i < 0 ? (int)error->code : ERROR_NONE;
}

static const struct options_row rows[] = {
    {"range", 0, "RANGE",
     "FROM:TO[:COUNT][:log|:lin]: where roots are looked for, and the points between which\n"
     "they are; about the model's own value unless given",
     value_text, offsetof(struct solve_run, range)},
    READING_ROWS(struct solve_run, reading),
    {"threads", 'j', "N", "points in parallel; results do not depend on it", value_threads,
     offsetof(struct solve_run, threads)},
    {"format", 'f', NULL, "what is written", read_format, offsetof(struct solve_run, json), format_name},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct solve_run, output)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", value_flag,
     offsetof(struct solve_run, log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct solve_run, quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", value_flag, offsetof(struct solve_run, no_progress)},
};

const struct options_command solve_options = {
    .word = number_name,
    .usage = "solve SETTING 'QUANTITY = VALUE' [OPTION]...",
    .summary =
        "Every value of a setting at which the prediction of a quantity is VALUE: in the limit of infinite width or,\n"
        "with --at-width, as `predict` has it, where a point that is drawn takes 2 s of a core, of long sequences up\n"
        "to 16 s, or the --budget. A quantity is gradient_ratio, specific_ratio, activation_ratio, last_token_cosine,\n"
        "an observable (at layer L, or @LAYER), a ratio of two, or log10_ before one of these. Roots are between the\n"
        "points of a scan; where there is none, that is said, and the exit status is 1. Other settings may be lists\n"
        "or axes: all their product. Such as\n"
        "  spanscope solve c -p spannorm 'gradient_ratio = 1.5'\n"
        "  spanscope solve input-scale -p prenorm 'gradient_variance@0/gradient_variance@L-1 = 2' --range "
        "0.1:10:40:log",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .sweeps = true,
    .config = true,
};

/* What makes a point's model: all but the number that is solved for is the same at every point, and read once. */
struct maker {
    const struct model *draft;
    const struct map_axis *axis;
    const struct reading *reading;
};

static int make_model(void *context, double x, struct model *model, struct error *error)
{
    const struct maker *maker = context;
    char text[SETTING_NUMBER_MAX];
    setting_print_number(x, text, sizeof text);
    model_share(maker->draft, model);
    int code = setting_apply(model, maker->axis->name, text, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code == ERROR_NONE)
        code = reading_check(maker->reading, model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

/* At the first value that the model allows. */
static int make_first(struct maker *maker, struct model *model, struct error *error)
{
    int code = ERROR_INPUT;
    for (int i = 0; i < maker->axis->count && code == ERROR_INPUT; i++)
        code = make_model(maker, maker->axis->values[i], model, error);
    return code;
}

/* ---- the range ---- */

/* Two decades about a number, three octaves to either side of a whole one, all of one that has a linear range. */
static int usual_range(const struct setting *setting, const struct model *model, char *text, size_t size,
                       struct error *error)
{
    bool whole = setting->type == SETTING_INTEGER;
    double value = setting_number(setting, model), factor = whole ? 8 : 100, low = value / factor;
    double from = fmax(setting->least, whole ? floor(low) : low), to = fmin(setting->most, value * factor);
    bool logarithmic = setting->scale == SETTING_LOGARITHMIC;
    if (!logarithmic)
        from = setting->least, to = setting->most;
    if (logarithmic && !(value > 0))
        return error_set(error, ERROR_INPUT, "%s is %g; give --range FROM:TO", setting->name, value);
    snprintf(text, size, "%s=%.17g:%.17g:%s", setting->name, from, to, logarithmic ? "log" : "lin");
    return ERROR_NONE;
}

/* The model without the setting, which need not be one: then its usual value is that beside no other. */
static int usual_model(const struct options *options, struct model *model, struct error *error)
{
    struct options bare = *options;
    bare.setting_count = 0;
    int code = sweep_single(options, model, error);
    return code == ERROR_INPUT ? begin_model(&bare, model, error) : code;
}

static int find_range(struct solve_run *self, struct error *error)
{
    char text[256];
    struct model model;
    const struct setting *setting = setting_find(self->options.words[0], error);
    if (!setting)
        return error->code;
    if (!setting_is_number(setting))
        return error_set(error, ERROR_INPUT, "%s is no number to solve for", setting->name);
    for (int s = 0; s < self->options.setting_count; s++)
        if (strcmp(setting->name, self->options.settings[s].name) == 0)
            return error_set(error, ERROR_INPUT, "--%s is what is solved for; its range is --range", setting->name);
    int code = ERROR_NONE;
    if (self->range) {
        snprintf(text, sizeof text, "%s=%s", setting->name, self->range);
    } else if ((code = usual_model(&self->options, &model, error)) == ERROR_NONE) {
        code = usual_range(setting, &model, text, sizeof text, error);
        model_free(&model);
    }
    return code == ERROR_NONE ? map_axis_parse(&self->axis, text, error) : code;
}

/* ---- what is written ---- */

static void print_root(const struct solve_run *self, const struct solve_root *root, FILE *stream)
{
    const char *name = self->axis.name;
    char stacks[TEXT_COUNT];
    if (root->jump && root->low < root->high) {
        fprintf(stream, "  %s from %.8g to %.8g: passes it, from %.6g to %.6g\n", name, root->low, root->high,
                root->before, root->after);
        return;
    }
    fprintf(stream, "  %s = %.8g", name, root->x);
    if (root->error > 0)
        fprintf(stream, " +- %.2g", root->error);
    fprintf(stream, ", where it is %.6g%s", root->value,
            root->after > root->before   ? " and rises"
            : root->after < root->before ? " and falls"
                                         : "");
    if (root->replicas > 0)
        fprintf(stream, "; %s drawn", text_count(root->replicas, "stacks", stacks));
    if (isnan(root->error))
        fprintf(stream, "; its standard error is not known");
    if (root->order_error > 0)
        fprintf(stream, "; to first order in T/d: it within about %.2g %%%s, %s within %.2g", 100 * root->order_error,
                self->equation.quantity.cosine ? " of 1" : "", name, root->x_order_error);
    fputc('\n', stream);
}

/* What tells the models of a sweep from each other, besides the placement. */
static void print_varying(const struct sweep *sweep, const struct model *model, FILE *stream)
{
    for (size_t i = 1; i < setting_count; i++) {
        char label[128], words[256];
        if (!sweep_varies(sweep, &settings[i]))
            continue;
        setting_label(&settings[i], model, label, sizeof label);
        setting_words(&settings[i], label, words, sizeof words);
        fprintf(stream, ", %s", words);
    }
}

/* Where there is no root: whether one may be missed by what the value nearest to it errs by. */
static void print_nowhere(const struct solve_run *self, const struct solve *solve, FILE *stream)
{
    const struct solve_nearest *nearest = &solve->nearest;
    fprintf(stream, "  nowhere: it is from %.6g to %.6g at these points", solve->least, solve->most);
    if (nearest->order_error > 0)
        fprintf(stream, "; to first order in T/d: the nearest within about %.2g %%%s", 100 * nearest->order_error,
                self->equation.quantity.cosine ? " of 1" : "");
    if (isnan(nearest->error))
        fputs("; the nearest's standard error is not known", stream);
    else if (nearest->error > 0)
        fprintf(stream, "; the nearest +- %.2g", nearest->error);
    fputs(nearest->may_be ? ", so that it may be there all the same\n" : "\n", stream);
}

static void print_table(const struct solve_run *self, const struct sweep *sweep, const struct model *model,
                        const struct solve *solve, FILE *stream)
{
    const struct map_axis *axis = &self->axis;
    fprintf(stream, "%s", model->placement);
    print_varying(sweep, model, stream);
    fprintf(stream, ": %s %s, %s from %.6g to %.6g in %d points\n", self->options.words[1],
            reading_words(&self->reading), axis->name, axis->values[0], axis->values[axis->count - 1], axis->count);
    for (int i = 0; i < solve->count; i++)
        print_root(self, &solve->roots[i], stream);
    if (solve->everywhere)
        fprintf(stream, "  everywhere: it is %.6g at all these points\n", solve->nearest.value);
    else if (solve->count == 0)
        print_nowhere(self, solve, stream);
    if (solve->beyond > 0)
        fprintf(stream, "  without a value at %d of them\n", solve->beyond);
}

static json_t *root_object(bool *ok, const struct solve_root *root)
{
    json_t *object = json_object();
    document_put(ok, object, "x", document_number(root->x));
    document_put(ok, object, "error", document_number(root->error));
    document_put(ok, object, SCHEMA_ORDER_ERROR, document_number(root->order_error));
    document_put(ok, object, "x_order_error", document_number(root->x_order_error));
    document_put(ok, object, "replicas", json_integer(root->replicas));
    document_put(ok, object, "value", document_number(root->value));
    document_put(ok, object, "low", document_number(root->low));
    document_put(ok, object, "high", document_number(root->high));
    document_put(ok, object, "before", document_number(root->before));
    document_put(ok, object, "after", document_number(root->after));
    document_put(ok, object, "jump", json_boolean(root->jump));
    return object;
}

static int print_json(const struct solve_run *self, const struct model *model, const struct solve *solve, FILE *stream,
                      struct error *error)
{
    bool ok = true;
    json_t *object = json_object(), *roots = json_array(), *config = config_object(&ok, model);
    json_object_del(config, self->axis.setting->key);
    for (int i = 0; i < solve->count; i++)
        document_append(&ok, roots, root_object(&ok, &solve->roots[i]));
    document_put(&ok, object, SCHEMA_KEY, json_string(SCHEMA_SOLVE));
    document_put(&ok, object, SCHEMA_KIND, json_string(schema_kinds[SCHEMA_PREDICTED]));
    document_put(&ok, object, SCHEMA_CONFIG, config);
    document_put(&ok, object, SCHEMA_READING, reading_object(&ok, &self->reading, &self->moments));
    document_put(&ok, object, "setting", json_string(self->axis.name));
    document_put(&ok, object, "equation", json_string(self->options.words[1]));
    document_put(&ok, object, "from", document_number(self->axis.values[0]));
    document_put(&ok, object, "to", document_number(self->axis.values[self->axis.count - 1]));
    document_put(&ok, object, "points", json_integer(solve->points));
    document_put(&ok, object, "beyond", json_integer(solve->beyond));
    document_put(&ok, object, "least", document_number(solve->least));
    document_put(&ok, object, "most", document_number(solve->most));
    document_put(&ok, object, "nearest", document_number(solve->nearest.value));
    document_put(&ok, object, "nearest_error", document_number(solve->nearest.error));
    document_put(&ok, object, "nearest_order_error", document_number(solve->nearest.order_error));
    document_put(&ok, object, "everywhere", json_boolean(solve->everywhere));
    document_put(&ok, object, "roots", roots);
    int code = document_print(ok, object, stream, error);
    fputc('\n', stream);
    return code;
}

/* ---- running ---- */

#define SCANNED 0.6 /* of the work, where two roots are refined */

static void show_progress(void *context, int done, int all)
{
    struct solve_run *self = context;
    double share = (double)done / all * SCANNED;
    char words[PROGRESS_WORDS] = "refining roots";
    if (done < all)
        snprintf(words, sizeof words, "%d of %d points", done, all);
    progress_show(&self->progress, self->point, ((double)self->point + share) / (double)self->progress.count, words);
}

static int solve_point(struct solve_run *self, const struct sweep *sweep, const struct model *draft, FILE *stream,
                       struct error *error)
{
    struct maker maker = {draft, &self->axis, &self->reading};
    struct solve_plan plan = {make_model, &maker, self->moments, self->threads, show_progress, self};
    struct solve solve;
    struct model model;
    plan.moments.stop = interrupt_flag();
    int code = solve_find(&solve, &self->equation, &self->axis, &plan, error);
    progress_clear(&self->progress);
    if (code != ERROR_NONE)
        return code;
    self->drawn = self->drawn || solve.drawn > 0;
    code = make_first(&maker, &model, error);
    if (code == ERROR_NONE) {
        if (self->json)
            code = print_json(self, &model, &solve, stream, error);
        else
            print_table(self, sweep, &model, &solve, stream);
        model_free(&model);
        self->written++;
        if (solve.count == 0 && !solve.everywhere)
            self->options.status = STATUS_AGAINST;
    }
    solve_free(&solve);
    return code;
}

static int solve_points(struct solve_run *self, const struct sweep *sweep, struct error *error)
{
    struct output output;
    FILE *stream = output_open(&output, self->output, error);
    if (!stream)
        return error->code;
    int code = ERROR_NONE;
    for (int64_t p = 0; code == ERROR_NONE && p < sweep->points; p++) {
        struct model draft;
        self->point = p;
        code = sweep_draft(sweep, p, &draft, error);
        if (code == ERROR_NONE) {
            code = solve_point(self, sweep, &draft, stream, error);
            model_free(&draft);
        }
    }
    return output_end(&output, code, self->written > 0, error);
}

/* The setting joins the others, so that it is one that the models read: at the first of its values that they all allow.
 * Points that they do not allow have no value, the least among them. Where all are refused, the error is the last's. */
static int begin_sweep(const struct solve_run *self, struct options *options, char value[SETTING_NUMBER_MAX],
                       struct sweep *sweep, struct error *error)
{
    int code = ERROR_INPUT;
    options->settings[options->setting_count++] = (struct options_setting){self->axis.name, value};
    for (int i = 0; i < self->axis.count && code == ERROR_INPUT; i++) {
        map_axis_text(&self->axis, i, value, SETTING_NUMBER_MAX);
        code = sweep_init(sweep, options, error);
    }
    return code;
}

static int solve_sweep(struct solve_run *self, struct error *error)
{
    struct options options = self->options;
    struct options_setting all[options.setting_count + 1];
    struct sweep sweep;
    char value[SETTING_NUMBER_MAX];
    memcpy(all, options.settings, (size_t)options.setting_count * sizeof *all);
    options.settings = all;
    int code = begin_sweep(self, &options, value, &sweep, error);
    if (code != ERROR_NONE)
        return code;
    begin_tell(&self->options);
    progress_init(&self->progress, &(struct progress_options){.quiet = self->quiet,
                                                              .hidden = self->no_progress,
                                                              .log = self->log,
                                                              .parts = "equations",
                                                              .count = sweep.points});
    code = solve_points(self, &sweep, error);
    progress_end(&self->progress);
    if (code == ERROR_NONE && !self->drawn && !self->quiet)
        reading_tell_undrawn(&self->options, "solve", self->reading.at_width);
    sweep_free(&sweep);
    return code;
}

/* No more than points; but what is refined draws its stacks by all processors. */
static int useful_threads(const struct solve_run *self)
{
    int processors = team_processors(), most = self->axis.count > processors ? self->axis.count : processors;
    return self->threads < most ? self->threads : most;
}

static int solve_all(void *target, struct error *error)
{
    struct solve_run *self = target;
    char words[TEXT_COUNT];
    if (self->options.word_count != 2)
        return error_set(error, ERROR_INPUT,
                         "expected a setting and an equation, as in c 'gradient_ratio = 1'; found %s",
                         text_count(self->options.word_count, "words", words));
    int code = solve_parse(&self->equation, self->options.words[1], error);
    if (code == ERROR_NONE)
        code = reading_options(&self->reading, &self->moments, error);
    if (code == ERROR_NONE)
        code = find_range(self, error);
    if (code == ERROR_NONE)
        self->threads = useful_threads(self);
    return code == ERROR_NONE ? solve_sweep(self, error) : code;
}

int solve_command(int argc, char **argv)
{
    struct solve_run self = {.reading.seed = 1, .threads = team_processors()};
    int status = command_run(&solve_options, argc, argv, &self, solve_all);
    map_axis_free(&self.axis);
    return status;
}
