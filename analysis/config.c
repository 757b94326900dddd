#include "analysis/config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "sim/setting.h"
#include "sim/text.h"

static json_t *member_of(const struct setting *setting, const struct model *model)
{
    if (setting->type == SETTING_INTEGER)
        return json_integer((json_int_t)setting_number(setting, model));
    if (setting->type == SETTING_REAL)
        return json_real(setting_number(setting, model));
    return json_string(setting_name(setting, model));
}

json_t *config_object(bool *ok, const struct model *model)
{
    json_t *object = json_object();
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        document_put(ok, object, setting->key, member_of(setting, model));
        if (setting->type != SETTING_TEXT)
            continue;
        char *text = setting_value(setting, model);
        document_put(ok, object, setting->text->key, text ? json_string(text) : NULL);
        free(text);
    }
    return object;
}

json_t *config_seed(uint64_t seed)
{
    char text[24];
    if (seed <= INT64_MAX)
        return json_integer((json_int_t)seed);
    snprintf(text, sizeof text, "%" PRIu64, seed);
    return json_string(text);
}

json_t *config_of_profile(bool *ok, const struct profile *profile)
{
    json_t *object = config_object(ok, profile->model);
    document_put(ok, object, SCHEMA_ENGINE, json_string(profile->engine));
    document_put(ok, object, SCHEMA_FIRST_SAMPLE, json_integer((json_int_t)profile->first));
    if (profile->shards > 0)
        document_put(ok, object, SCHEMA_SHARD, json_sprintf("%d/%d", profile->shard, profile->shards));
    document_put(ok, object, SCHEMA_SEED, config_seed(profile->seed));
    document_put(ok, object, SCHEMA_SAMPLES, json_integer(profile->samples));
    return object;
}

static int wrong(const struct setting *setting, const char *expected, struct error *error)
{
    return error_set(error, ERROR_INPUT, "\"%s\" of \"config\": expected %s", setting->key, expected);
}

static int read_number(const struct setting *setting, const json_t *value, struct model *model, struct error *error)
{
    char text[SETTING_NUMBER_MAX];
    if (!json_is_number(value))
        return wrong(setting, "a number", error);
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        setting_print_number(json_real_value(value), text, sizeof text);
    return setting_apply(model, setting->name, text, error);
}

static int read_name(const struct setting *setting, const json_t *value, struct model *model, struct error *error)
{
    const char *name = json_string_value(value);
    return name ? setting_apply(model, setting->name, name, error) : wrong(setting, "a name", error);
}

/* The whole text where there is one, under its name; else the name alone, which must be a table's. */
static int read_text(const struct setting *setting, const json_t *config, struct model *model, struct error *error)
{
    const char *name = json_string_value(json_object_get(config, setting->key));
    const char *text = json_string_value(json_object_get(config, setting->text->key));
    if (!name)
        return wrong(setting, "a name", error);
    if (!text)
        text = name;
    if (text_is_file(text))
        return error_set(error, ERROR_INPUT,
                         "\"%s\" of \"config\": '%.200s' names a file; a name or a text is expected",
                         text == name ? setting->key : setting->text->key, text);
    int code = setting_apply(model, setting->name, text, error);
    if (code == ERROR_NONE)
        setting_rename(setting, model, name);
    return code;
}

int config_read(const json_t *config, struct model *model, struct error *error)
{
    int code = ERROR_NONE;
    model_defaults(model);
    for (size_t i = 0; i < setting_count && code == ERROR_NONE; i++) {
        const struct setting *setting = &settings[i];
        const json_t *value = json_object_get(config, setting->key);
        if (setting->type == SETTING_TEXT)
            code = read_text(setting, config, model, error);
        else if (value && setting_is_number(setting))
            code = read_number(setting, value, model, error);
        else if (value)
            code = read_name(setting, value, model, error);
    }
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}
