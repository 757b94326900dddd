#include "cli/tables.h"

#include <jansson.h>
#include <stdlib.h>

#include "analysis/document.h"
#include "analysis/map.h"
#include "analysis/schema.h"
#include "cli/begin.h"
#include "cli/options.h"
#include "explore/lesson.h"
#include "sim/observe.h"
#include "sim/placement.h"

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *choices_array(bool *ok, const struct setting *setting)
{
    json_t *names = json_array();
    for (size_t i = 0; setting_choice(setting, i); i++)
        document_append(ok, names, json_string(setting_choice(setting, i)));
    return names;
}

static void put_range(bool *ok, json_t *object, const struct setting *setting)
{
    document_put(ok, object, "least", document_number(setting->least));
    document_put(ok, object, "most", document_number(setting->most));
    document_put(ok, object, SCHEMA_SCALE,
                 json_string(setting->scale == SETTING_LOGARITHMIC ? SCHEMA_SCALE_LOG : SCHEMA_SCALE_LIN));
}

/* The value of a text is its name, of the others the text that sets it. */
static json_t *value_of(const struct setting *setting, const struct model *model)
{
    if (setting->type == SETTING_TEXT)
        return json_string(setting_name(setting, model));
    char *text = setting_value(setting, model);
    json_t *value = text ? json_string(text) : NULL;
    free(text);
    return value;
}

static json_t *setting_object(bool *ok, const struct setting *setting, const struct model *model)
{
    static const char *const types[] = {"integer", "real", "choice", "text"};
    json_t *object = json_object();
    document_put(ok, object, SCHEMA_NAME, json_string(setting->name));
    document_put(ok, object, "key", json_string(setting->key));
    document_put(ok, object, "type", json_string(types[setting->type]));
    document_put(ok, object, "summary", json_string(setting->summary));
    document_put(ok, object, "rare", json_boolean(setting->rare));
    document_put(ok, object, "before", text_or_null(setting->before));
    document_put(ok, object, "default", value_of(setting, model));
    if (setting_is_number(setting))
        put_range(ok, object, setting);
    if (setting->type == SETTING_CHOICE)
        document_put(ok, object, "choices", choices_array(ok, setting));
    return object;
}

static json_t *settings_array(bool *ok, const struct model *model)
{
    json_t *array = json_array();
    for (size_t i = 0; i < setting_count; i++)
        if (!settings[i].drawn) // the page predicts too
            document_append(ok, array, setting_object(ok, &settings[i], model));
    return array;
}

static json_t *placements_array(bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < placement_count; i++)
        document_append(ok, array,
                        json_pack("{s:s, s:s, s:s, s:s}", SCHEMA_NAME, placements[i].name, "text",
                                  placements[i].formula, "source", placements[i].source, "summary",
                                  placements[i].summary));
    return array;
}

static json_t *inits_array(bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < init_count; i++)
        document_append(ok, array,
                        json_pack("{s:s, s:s, s:s, s:s}", SCHEMA_NAME, init_rows[i].name, "text", init_rows[i].text,
                                  "source", init_rows[i].source, "summary", init_rows[i].summary));
    return array;
}

static json_t *observables_array(bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < OBSERVABLES; i++)
        document_append(ok, array,
                        json_pack("{s:s, s:s, s:s, s:b}", SCHEMA_NAME, observables[i].name, "symbol",
                                  observables[i].symbol, "summary", observables[i].summary, "cosine",
                                  observables[i].cosine));
    return array;
}

static json_t *map_values_array(bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < MAP_VALUES; i++)
        document_append(ok, array,
                        json_pack("{s:s, s:s}", SCHEMA_NAME, map_values[i].name, "summary", map_values[i].summary));
    return array;
}

/* The lesson's settings by name, as texts that a command takes. */
static json_t *scene_object(bool *ok, const struct lesson *lesson)
{
    struct model model;
    struct error error;
    json_t *object = json_object();
    if (lesson_model(lesson, NULL, &model, &error) != ERROR_NONE) {
        *ok = false;
        return object;
    }
    for (size_t i = 0; i < setting_count; i++)
        if (!settings[i].drawn)
            document_put(ok, object, settings[i].name, value_of(&settings[i], &model));
    model_free(&model);
    return object;
}

static json_t *lessons_array(bool *ok)
{
    json_t *array = json_array();
    for (size_t i = 0; i < lesson_count; i++) {
        const struct lesson *lesson = &lessons[i];
        json_t *answers = json_array();
        for (int a = 0; a < LESSON_ANSWERS && lesson->answers[a]; a++)
            document_append(ok, answers, json_string(lesson->answers[a]));
        document_append(ok, array,
                        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "id", lesson->id, "title", lesson->title, "kind",
                                  lesson_kinds[lesson->kind], "question", lesson->question, "answers", answers, "scene",
                                  scene_object(ok, lesson)));
    }
    return array;
}

int tables_print(FILE *stream, struct error *error)
{
    struct model model;
    struct options options = {0};
    int code = begin_model(&options, &model, error);
    if (code != ERROR_NONE)
        return code;
    bool ok = true;
    json_t *root = json_object();
    document_put(&ok, root, SCHEMA_KEY, json_string(SCHEMA_TABLES));
    document_put(&ok, root, "settings", settings_array(&ok, &model));
    document_put(&ok, root, "placements", placements_array(&ok));
    document_put(&ok, root, "inits", inits_array(&ok));
    document_put(&ok, root, "observables", observables_array(&ok));
    document_put(&ok, root, "map_values", map_values_array(&ok));
    document_put(&ok, root, "lessons", lessons_array(&ok));
    model_free(&model);
    code = document_print(ok, root, stream, error);
    fputc('\n', stream);
    return code;
}
