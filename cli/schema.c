#include "cli/schema.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/map.h"
#include "analysis/overall.h"
#include "analysis/schema.h"
#include "cli/command.h"
#include "cli/shape.h"
#include "cli/type.h"
#include "sim/observe.h"
#include "train/optimiser.h"

/* ---- from other tables ---- */

static void add_property(bool *ok, json_t *shape, const char *where, const char *name, const char *type,
                         const char *summary)
{
    json_t *property = type_schema(ok, type);
    document_put(ok, property, "description", json_string(summary));
    if (!json_object_get(shape, where))
        document_put(ok, shape, where, json_object());
    document_put(ok, json_object_get(shape, where), name, property);
}

static json_t *setting_schema(bool *ok, const struct setting *setting)
{
    static const char *const types[] = {"integer", "number", "string", "string"};
    json_t *schema = type_schema(ok, types[setting->type]);
    if (setting_is_number(setting)) {
        document_put(ok, schema, "minimum", json_real(setting->least));
        document_put(ok, schema, "maximum", json_real(setting->most));
    }
    if (setting->type != SETTING_CHOICE)
        return schema;
    document_put(ok, schema, "enum", json_array());
    for (size_t i = 0; setting_choice(setting, i); i++)
        document_append(ok, json_object_get(schema, "enum"), json_string(setting_choice(setting, i)));
    return schema;
}

/* One line of a summary, as of an option. */
static json_t *on_one_line(const char *summary)
{
    json_t *text = NULL;
    char *copy = strdup(summary);
    for (char *c = copy; copy && *c; c++)
        *c = *c == '\n' ? ' ' : *c;
    if (copy)
        text = json_string(copy);
    free(copy);
    return text;
}

/* Every setting, by its key, and behind a text's name the whole text. */
static void extend_config(bool *ok, json_t *shape)
{
    json_t *properties = json_object_get(shape, "properties");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        json_t *schema = setting_schema(ok, setting);
        document_put(ok, schema, "description",
                     setting->type == SETTING_TEXT ? json_sprintf("name of the %s", setting->text->key)
                                                   : on_one_line(setting->summary));
        document_put(ok, properties, setting->key, schema);
        if (setting->type == SETTING_TEXT)
            add_property(ok, shape, "properties", setting->text->key, "string", "the text itself, whole");
    }
}

/* Settings that every profile has, where nothing varies. */
static json_t *config_required(bool *ok)
{
    json_t *required = json_array();
    for (size_t i = 0; i < setting_count; i++)
        document_append(ok, required, json_string(settings[i].key));
    return required;
}

/* "^(STATE\.)?NAME(\.MEMBER)?$"; gradients are those of the cotangent or, behind training_, of a training's loss. */
static void extend_layer(bool *ok, json_t *shape)
{
    static const char *const members[] = {[OBSERVE_PER_LAYER] = "",
                                          [OBSERVE_PER_STATE] = "",
                                          [OBSERVE_PER_BRANCH] = "\\.[A-Za-z0-9_.]+",
                                          [OBSERVE_PER_MATRIX] = "\\.[A-Za-z0-9_.]+"};
    for (int i = 0; i < OBSERVABLES; i++) {
        char pattern[256];
        snprintf(pattern, sizeof pattern, "^%s%s%s%s%s$", strstr(observables[i].name, "gradient") ? "(training_)?" : "",
                 observables[i].span == OBSERVE_PER_STATE ? "([A-Za-z_][A-Za-z0-9_]*\\.)?" : "", observables[i].name,
                 members[observables[i].span], observables[i].by_token ? "(\\.token[0-9]+)?" : "");
        add_property(ok, shape, "patternProperties", pattern, "#estimate", observables[i].summary);
    }
    add_property(ok, shape, "patternProperties", "^update_over_weight\\.[A-Za-z0-9_.]+$", "#estimate",
                 "of a training: |dW|/|W| of the update that follows, Frobenius norms");
}

static void extend_stack(bool *ok, json_t *shape)
{
    for (int i = 0; i < OVERALLS; i++)
        add_property(ok, shape, "properties", overalls[i].name, "#estimate", overalls[i].summary);
}

static void extend_values(bool *ok, json_t *shape)
{
    for (int i = 0; i < MAP_VALUES; i++) {
        add_property(ok, shape, "properties", map_values[i].name, "[[number?]]", map_values[i].summary);
        document_append(ok, json_object_get(shape, "required"), json_string(map_values[i].name));
    }
}

static void extend_run(bool *ok, json_t *shape)
{
    for (size_t i = 0; i < optimiser_number_count; i++)
        add_property(ok, shape, "properties", optimiser_numbers[i].key, "number", "of the optimisers that read it");
}

/* How a shape gets the members that are rows of another table, and what they are where that is a shape. */
// clang-format off
static const struct {
    void (*extend)(bool *ok, json_t *shape);
    const char *type;
} extensions[SHAPE_MORES] = {
    [SHAPE_SETTINGS] = {extend_config, NULL},
    [SHAPE_OBSERVABLES] = {extend_layer, "#estimate"},
    [SHAPE_OVERALLS] = {extend_stack, "#estimate"},
    [SHAPE_MAP_VALUES] = {extend_values, NULL},
    [SHAPE_OPTIMISER_NUMBERS] = {extend_run, NULL},
};
// clang-format on

const char *schema_name(size_t i)
{
    return i < shape_document_count ? shape_documents[i].name : NULL;
}

/* ---- documents ---- */

static json_t *shape_schema(bool *ok, const struct shape *shape)
{
    json_t *schema = json_object(), *required = json_array();
    document_put(ok, schema, "description", json_string(shape->summary));
    document_put(ok, schema, "type", json_string("object"));
    document_put(ok, schema, "properties", json_object());
    document_put(ok, schema, "required", required);
    document_put(ok, schema, "additionalProperties", json_false());
    for (size_t m = 0; m < shape->count; m++) {
        const struct shape_member *member = &shape->members[m];
        add_property(ok, schema, "properties", member->name, member->type, member->summary);
        if (!member->optional)
            document_append(ok, required, json_string(member->name));
    }
    if (extensions[shape->more].extend)
        extensions[shape->more].extend(ok, schema);
    return schema;
}

static void add_defs(bool *ok, json_t *defs, const struct shape *of);

/* The shape that a type names, and what it names in turn. */
static void add_defs_of(bool *ok, json_t *defs, const char *type)
{
    const struct shape *shape = shape_of(type);
    if (!shape || json_object_get(defs, shape->name))
        return;
    document_put(ok, defs, shape->name, shape_schema(ok, shape));
    add_defs(ok, defs, shape);
}

static void add_defs(bool *ok, json_t *defs, const struct shape *of)
{
    for (size_t m = 0; m < of->count; m++)
        add_defs_of(ok, defs, of->members[m].type);
    if (extensions[of->more].type)
        add_defs_of(ok, defs, extensions[of->more].type);
}

/* Where no axis takes a setting's place, a configuration has all of them. */
static void require_config(bool *ok, json_t *schema, const struct shape *document)
{
    json_t *config = json_object_get(json_object_get(schema, "properties"), SCHEMA_CONFIG);
    if (config && !document->varies)
        document_put(ok, config, "required", config_required(ok));
}

json_t *schema_of(size_t i)
{
    bool ok = true;
    const struct shape *document = &shape_documents[i];
    json_t *schema = json_object(), *defs = json_object(), *body = shape_schema(&ok, document);
    document_put(&ok, schema, "$schema", json_string("https://json-schema.org/draft/2020-12/schema"));
    document_put(&ok, schema, "$id", json_sprintf("urn:spanscope:%s:1", document->name));
    document_put(&ok, schema, "title", json_sprintf("spanscope/%s/1", document->name));
    ok &= json_object_update(schema, body) == 0;
    json_decref(body);
    require_config(&ok, schema, document);
    add_defs(&ok, defs, document);
    document_put(&ok, schema, "$defs", defs);
    if (ok)
        return schema;
    json_decref(schema);
    return NULL;
}

/* ---- the command ---- */

const struct options_command schema_options = {
    .usage = "schema [NAME]",
    .summary =
        "Prints the JSON Schema (draft 2020-12) of a document that the program writes with --format json; without\n"
        "a name, which there are. A document's own `schema` member names it. Such as\n"
        "  spanscope schema profile > profile.schema.json",
    .word = schema_name,
};

static int print_schema(void *target, struct error *error)
{
    const struct options *options = target;
    for (size_t i = 0; options->word_count == 0 && i < shape_document_count; i++)
        printf("%-10s%s\n", shape_documents[i].name, shape_documents[i].summary);
    if (options->word_count > 1)
        return error_set(error, ERROR_INPUT, "'%s': one schema at a time", options->words[1]);
    if (options->word_count == 0)
        return ERROR_NONE;
    int i = value_choose(schema_name, "schema", options->words[0], error);
    if (i < 0)
        return error->code;
    json_t *schema = schema_of((size_t)i);
    char *text = schema ? json_dumps(schema, JSON_INDENT(2)) : NULL;
    json_decref(schema);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for a schema");
    puts(text);
    free(text);
    return ERROR_NONE;
}

int schema_command(int argc, char **argv)
{
    struct options options = {0};
    return command_run(&schema_options, argc, argv, &options, print_schema);
}
