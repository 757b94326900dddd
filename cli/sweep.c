#include "cli/sweep.h"

#include <stdlib.h>

enum { POINTS_MAX = 100000, NUMBER_MAX = 40 };

static int add_axis(struct sweep *sweep, int given, struct error *error)
{
    const struct options_setting *text = &sweep->options->settings[given];
    const struct setting *setting = setting_find(text->name, error);
    if (!setting)
        return error->code;
    if (!setting_is_number(setting))
        return ERROR_NONE;
    struct sweep_axis *axis = &sweep->axes[sweep->axis_count++];
    axis->given = given;
    int code = values_parse(&axis->values, setting->name, text->text, setting->type == SETTING_INTEGER, error);
    if (code != ERROR_NONE)
        return code;
    sweep->points *= axis->values.count;
    if (sweep->points > POINTS_MAX)
        return error_set(error, ERROR_INPUT, "more than %d models", POINTS_MAX);
    return ERROR_NONE;
}

/* The options' settings at a point. */
struct point {
    struct options options;
    struct options_setting *settings;
    char (*numbers)[NUMBER_MAX]; /* [axis_count] */
};

static int point_init(struct point *point, const struct sweep *sweep, int64_t number, struct error *error)
{
    const struct options *options = sweep->options;
    *point = (struct point){.options = *options};
    point->settings = calloc((size_t)options->setting_count + 1, sizeof *point->settings);
    point->numbers = calloc((size_t)sweep->axis_count + 1, sizeof *point->numbers);
    if (!point->settings || !point->numbers)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    int axis = 0;
    int64_t rest = sweep->points;
    for (int i = 0; i < options->setting_count; i++) {
        struct options_setting setting = options->settings[i];
        if (axis < sweep->axis_count && sweep->axes[axis].given == i) {
            const struct values *values = &sweep->axes[axis].values;
            rest /= values->count;
            setting_print_number(values->value[number / rest % values->count], point->numbers[axis], NUMBER_MAX);
            setting.text = point->numbers[axis++];
        }
        point->settings[i] = setting;
    }
    point->options.settings = point->settings;
    return ERROR_NONE;
}

static void point_free(struct point *point)
{
    free(point->settings);
    free(point->numbers);
}

int sweep_init(struct sweep *sweep, const struct options *options, struct error *error)
{
    *sweep = (struct sweep){.options = options, .placements = options_placements(options), .points = 1};
    sweep->axes = calloc((size_t)options->setting_count + 1, sizeof *sweep->axes);
    int code = sweep->axes ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; code == ERROR_NONE && i < options->setting_count; i++)
        code = add_axis(sweep, i, error);
    struct point point;
    if (code == ERROR_NONE) {
        code = point_init(&point, sweep, 0, error);
        if (code == ERROR_NONE)
            code = options_check(&point.options, error);
        point_free(&point);
    }
    if (code != ERROR_NONE)
        sweep_free(sweep);
    return code;
}

void sweep_free(struct sweep *sweep)
{
    for (int i = 0; i < sweep->axis_count; i++)
        values_free(&sweep->axes[i].values);
    free(sweep->axes);
    *sweep = (struct sweep){0};
}

int sweep_model(const struct sweep *sweep, int placement, int64_t number, struct model *model, struct error *error)
{
    struct point point;
    int code = point_init(&point, sweep, number, error);
    if (code == ERROR_NONE)
        code = options_model(&point.options, placement, model, error);
    point_free(&point);
    return code;
}
