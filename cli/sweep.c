#include "cli/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "cli/begin.h"
#include "sim/readers.h"
#include "sim/text.h"

enum { POINTS_MAX = 100000 };

static struct variants *axis_of(const struct sweep *sweep, const struct setting *setting)
{
    for (int a = 0; a < sweep->axis_count; a++)
        if (sweep->axes[a].setting == setting)
            return &sweep->axes[a];
    return NULL;
}

static int add_given(struct sweep *sweep, const struct options_setting *given, struct error *error)
{
    const struct setting *setting = setting_find(given->name, error);
    if (!setting)
        return error->code;
    struct variants *axis = axis_of(sweep, setting);
    return variants_add(axis ? axis : &sweep->axes[sweep->axis_count++], setting, given->text, error);
}

static int count_points(struct sweep *sweep, struct error *error)
{
    sweep->points = 1;
    for (int a = 0; a < sweep->axis_count; a++) {
        sweep->points *= sweep->axes[a].count;
        if (sweep->points > POINTS_MAX)
            return error_set(error, ERROR_INPUT, "more than %d models", POINTS_MAX);
    }
    return ERROR_NONE;
}

/* What all models of a sweep read, and their placements' names for a message. */
struct readers {
    bool *read; /* [setting_count] */
    struct text whom;
    char last[GRAPH_NAME_MAX];
    int names;
};

static void add_reader(struct readers *readers, const struct model *model)
{
    for (size_t i = 0; i < setting_count; i++)
        readers->read[i] = readers->read[i] || readers_exist(&settings[i], model);
    if (readers->names > 0 && strcmp(readers->last, model->placement) == 0)
        return;
    text_print(&readers->whom, "%s%s", readers->names++ > 0 ? ", " : "placement ", model->placement);
    memcpy(readers->last, model->placement, sizeof readers->last);
}

static int check_points(const struct sweep *sweep, struct error *error)
{
    bool read[setting_count];
    char whom[400];
    struct readers readers = {.read = read, .whom = {whom, sizeof whom, 0}};
    memset(read, 0, sizeof read);
    for (int64_t p = 0; p < sweep->points; p++) {
        struct model model;
        int code = sweep_model(sweep, p, &model, error);
        if (code != ERROR_NONE)
            return code;
        add_reader(&readers, &model);
        model_free(&model);
    }
    for (int a = 0; a < sweep->axis_count; a++)
        if (!read[sweep->axes[a].setting - settings])
            return options_unread(sweep->axes[a].setting->name, whom, error);
    return ERROR_NONE;
}

int sweep_init(struct sweep *sweep, const struct options *options, struct error *error)
{
    *sweep = (struct sweep){.options = options};
    sweep->axes = calloc((size_t)options->setting_count + 1, sizeof *sweep->axes);
    int code = sweep->axes ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; code == ERROR_NONE && i < options->setting_count; i++)
        code = add_given(sweep, &options->settings[i], error);
    if (code == ERROR_NONE)
        code = count_points(sweep, error);
    if (code == ERROR_NONE)
        code = check_points(sweep, error);
    if (code != ERROR_NONE)
        sweep_free(sweep);
    return code;
}

void sweep_free(struct sweep *sweep)
{
    for (int a = 0; a < sweep->axis_count; a++)
        variants_free(&sweep->axes[a]);
    free(sweep->axes);
    *sweep = (struct sweep){0};
}

/* Of a point; chosen[axis_count] is the caller's and must outlive the options, as must the sweep. */
static struct options options_of(const struct sweep *sweep, int64_t point, struct options_setting chosen[])
{
    struct options options = *sweep->options;
    options.settings = chosen;
    options.setting_count = sweep->axis_count;
    for (int a = sweep->axis_count - 1; a >= 0; a--) {
        const struct variants *axis = &sweep->axes[a];
        chosen[a] = (struct options_setting){axis->setting->name, axis->text[point % axis->count]};
        point /= axis->count;
    }
    return options;
}

/* Of many models, which one is wrong. */
static void name_point(const struct sweep *sweep, const struct options *options, struct error *error)
{
    char where[256] = "";
    struct text text = {where, sizeof where, 0};
    struct error own = *error;
    for (int a = 0; a < sweep->axis_count; a++)
        if (sweep->axes[a].count > 1)
            text_print(&text, "%s%s=%s", text.length > 0 ? " " : "", options->settings[a].name,
                       options->settings[a].text);
    error_set(error, own.code, "%.1500s (at %s)", own.text, where);
}

int sweep_draft(const struct sweep *sweep, int64_t point, struct model *model, struct error *error)
{
    struct options_setting chosen[sweep->axis_count + 1];
    struct options options = options_of(sweep, point, chosen);
    return begin_draft(&options, model, error);
}

int sweep_model(const struct sweep *sweep, int64_t point, struct model *model, struct error *error)
{
    struct options_setting chosen[sweep->axis_count + 1];
    struct options options = options_of(sweep, point, chosen);
    int code = begin_model(&options, model, error);
    if (code != ERROR_NONE && sweep->points > 1)
        name_point(sweep, &options, error);
    return code;
}

/* A formula that no table names is its text. A width F that follows d (sim/model) does not vary by itself. */
static char *value_of(const struct setting *setting, const struct model *model)
{
    char label[GRAPH_NAME_MAX + 32];
    setting_label(setting, model, label, sizeof label);
    bool own = setting->type == SETTING_TEXT && strcmp(label, "custom") == 0;
    if (strcmp(setting->key, "ffn_width") == 0 && model->ffn_width == 4 * model->width)
        return strdup("4 d");
    return own ? setting_value(setting, model) : strdup(label);
}

int sweep_note(struct sweep *sweep, const struct model *model, struct error *error)
{
    if (!sweep->axes)
        sweep->axes = calloc(setting_count, sizeof *sweep->axes);
    int code = sweep->axes ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    for (size_t i = 0; code == ERROR_NONE && i < setting_count; i++) {
        char *value = value_of(&settings[i], model);
        code = value ? variants_note(&sweep->axes[i], &settings[i], value, error)
                     : error_set(error, ERROR_RESOURCE, "out of memory");
        free(value);
    }
    sweep->axis_count = (int)setting_count;
    return code;
}

bool sweep_varies(const struct sweep *sweep, const struct setting *setting)
{
    const struct variants *axis = axis_of(sweep, setting);
    return axis && axis->count > 1;
}

int sweep_width(const struct sweep *sweep, const struct setting *setting)
{
    enum { TEXT = 12, NUMBER = 5 };
    const struct variants *axis = axis_of(sweep, setting);
    size_t widest = setting->type == SETTING_TEXT ? TEXT : NUMBER;
    for (int i = 0; axis && i < axis->count; i++)
        widest = strlen(axis->text[i]) > widest ? strlen(axis->text[i]) : widest;
    return widest < SWEEP_LABEL ? (int)widest : SWEEP_LABEL;
}

int sweep_single(const struct options *options, struct model *model, struct error *error)
{
    struct sweep sweep;
    int code = sweep_init(&sweep, options, error);
    if (code != ERROR_NONE)
        return code;
    code = sweep_model(&sweep, 0, model, error);
    sweep_free(&sweep);
    return code;
}
