#include "explore/lesson.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/lesson_measure.h"
#include "sim/setting.h"
#include "sim/text.h"

const char *const lesson_kinds[] = {"choose", "number", "find"};

const struct lesson *lesson_find(const char *id, struct error *error)
{
    const char *ids[lesson_count];
    for (size_t i = 0; i < lesson_count; i++) {
        if (strcmp(lessons[i].id, id) == 0)
            return &lessons[i];
        ids[i] = lessons[i].id;
    }
    text_unknown(error, "lesson", id, ids, lesson_count);
    return NULL;
}

/* ---- models ---- */

/* NAME=VALUE in place. A text that could be a file is refused. */
static int apply_text(void *model, char *word, struct error *error)
{
    char *equals = strchr(word, '=');
    if (!equals)
        return error_set(error, ERROR_INPUT, "'%.100s' is no setting such as layers=32", word);
    *equals = '\0';
    char *value = equals + 1;
    setting_unquote(value);
    const struct setting *setting = setting_find(word, error);
    if (!setting)
        return error->code;
    if (setting->type == SETTING_TEXT && text_is_file(value))
        return error_set(error, ERROR_INPUT, "%s: '%.100s' names a file; a name or a text is expected", word, value);
    return setting_apply(model, word, value, error);
}

int lesson_model(const struct lesson *lesson, const char *given, struct model *model, struct error *error)
{
    model_defaults(model);
    int code = setting_apply_all(model, SETTING_BEGIN, error);
    if (code == ERROR_NONE)
        code = setting_apply_all(model, lesson->scene, error);
    if (code == ERROR_NONE && given)
        code = setting_each(given, apply_text, model, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

static int measure(const struct lesson *lesson, const struct model *model, double *value, struct error *error)
{
    struct lesson_reading reading;
    int code = lesson_reading_init(&reading, model, lesson->measure->bounds, error);
    if (code != ERROR_NONE)
        return code;
    *value = lesson->measure->evaluate(&reading);
    lesson_reading_free(&reading);
    return ERROR_NONE;
}

static int measure_case(const struct lesson *lesson, const char *given, double *value, struct error *error)
{
    struct model model;
    int code = lesson_model(lesson, given, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = measure(lesson, &model, value, error);
    model_free(&model);
    return code;
}

static double shown(const struct lesson *lesson, double value)
{
    return lesson->measure->logarithm ? pow(10, value) : value;
}

/* ---- choosing ---- */

/* By how much a case is the one that is asked for. */
static double merit(const struct lesson *lesson, double value)
{
    return lesson->smallest ? -fabs(value) : value;
}

static int check_choice(const struct lesson *lesson, const char *answer, struct lesson_result *result,
                        struct error *error)
{
    long long chosen = 0;
    int count = 0, best = 0;
    double values[LESSON_ANSWERS];
    while (count < LESSON_ANSWERS && lesson->answers[count])
        count++;
    int code = setting_integer("the answer", answer, 1, count, &chosen, error);
    for (int i = 0; i < count && code == ERROR_NONE; i++) {
        code = measure_case(lesson, lesson->cases[i], &values[i], error);
        if (code == ERROR_NONE && !(merit(lesson, values[i]) <= merit(lesson, values[best])))
            best = i;
    }
    if (code != ERROR_NONE)
        return code;
    struct text text = {result->says, sizeof result->says, 0};
    result->right = chosen == best + 1;
    text_print(&text, "%s", result->right ? "Right. " : "Not so. ");
    for (int i = 0; i < count && (result->right || i == (int)chosen - 1); i++)
        text_print(&text, "%s: %s = %.3g. ", lesson->answers[i], lesson->measure->words, shown(lesson, values[i]));
    return ERROR_NONE;
}

/* ---- a number ---- */

static int check_number(const struct lesson *lesson, const char *answer, struct lesson_result *result,
                        struct error *error)
{
    double given = 0, value = 0;
    int code = setting_real("the answer", answer, &given, error);
    if (code == ERROR_NONE)
        code = measure_case(lesson, NULL, &value, error);
    if (code != ERROR_NONE)
        return code;
    value = shown(lesson, value);
    result->right = fabs(given - value) <= lesson->tolerance;
    if (result->right)
        snprintf(result->says, sizeof result->says, "Right: %s = %.4g. ", lesson->measure->words, value);
    else
        snprintf(result->says, sizeof result->says, "Not so: it is %s. Look at the curve again. ",
                 given < value ? "larger" : "smaller");
    return ERROR_NONE;
}

/* ---- finding a setting ---- */

static size_t least_of(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

/* Levenshtein's distance of two texts; SIZE_MAX where memory is out. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(b);
    size_t *row = calloc(n + 1, sizeof *row);
    if (!row)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t above = row[j + 1];
            row[j + 1] = least_of(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    size_t last = row[n];
    free(row);
    return last;
}

static size_t edits_between(const struct setting *setting, const struct model *a, const struct model *b)
{
    char *x = setting_value(setting, a), *y = setting_value(setting, b);
    size_t edits = x && y ? distance(x, y) : SIZE_MAX;
    free(x);
    free(y);
    return edits;
}

/* What the answer may not do; false with why in says. */
static bool is_allowed(const struct lesson *lesson, const struct model *scene, const struct model *model,
                       struct lesson_result *result)
{
    for (size_t i = 0; i < setting_count; i++) {
        bool may = strcmp(settings[i].name, lesson->free) == 0;
        if (!may && !setting_same(&settings[i], scene, model)) {
            snprintf(result->says, sizeof result->says, "Not so: only %s may change, and %s did.", lesson->free,
                     settings[i].name);
            return false;
        }
        if (may && lesson->edits > 0 && edits_between(&settings[i], scene, model) > (size_t)lesson->edits) {
            snprintf(result->says, sizeof result->says, "Not so: that is more than %d character%s.", lesson->edits,
                     lesson->edits > 1 ? "s" : "");
            return false;
        }
    }
    return true;
}

static int judge_found(const struct lesson *lesson, const struct model *scene, const struct model *model,
                       struct lesson_result *result, struct error *error)
{
    double value = NAN;
    if (!is_allowed(lesson, scene, model, result))
        return ERROR_NONE;
    int code = measure(lesson, model, &value, error);
    if (code != ERROR_NONE)
        return code;
    result->right = value >= lesson->least && value <= lesson->most;
    snprintf(result->says, sizeof result->says, "%s: %s = %.4g. ", result->right ? "Right" : "Not yet",
             lesson->measure->words, shown(lesson, value));
    return ERROR_NONE;
}

static int check_found(const struct lesson *lesson, const char *answer, struct lesson_result *result,
                       struct error *error)
{
    struct model scene, model;
    int code = lesson_model(lesson, NULL, &scene, error);
    if (code != ERROR_NONE)
        return code;
    code = lesson_model(lesson, answer, &model, error);
    if (code == ERROR_NONE) {
        code = judge_found(lesson, &scene, &model, result, error);
        model_free(&model);
    }
    model_free(&scene);
    return code;
}

int lesson_check(const struct lesson *lesson, const char *answer, struct lesson_result *result, struct error *error)
{
    static int (*const checks[])(const struct lesson *, const char *, struct lesson_result *,
                                 struct error *) = {check_choice, check_number, check_found};
    *result = (struct lesson_result){0};
    int code = checks[lesson->kind](lesson, answer, result, error);
    size_t length = strlen(result->says);
    if (code == ERROR_NONE && result->right)
        snprintf(result->says + length, sizeof result->says - length, "\n%s", lesson->reveal);
    return code;
}
