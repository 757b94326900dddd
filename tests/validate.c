#include "tests/validate.h"

#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    const json_t *root; /* for $ref */
    const char *name;
    const struct place *outer;
    char *why;
};

static bool is_valid(const json_t *schema, const json_t *value, const struct place *place);

static bool refuse(const struct place *place, const char *what)
{
    char path[VALIDATE_WHY / 2] = "";
    for (const struct place *p = place; p && p->name; p = p->outer) {
        char longer[VALIDATE_WHY / 2];
        snprintf(longer, sizeof longer, "/%.60s%.190s", p->name, path);
        memcpy(path, longer, sizeof path);
    }
    snprintf(place->why, VALIDATE_WHY, "%s: %s", path, what);
    return false;
}

static struct place within(const struct place *place, const char *name)
{
    return (struct place){place->root, name, place, place->why};
}

/* The last pattern is kept: members of an object come one after the other. */
static bool matches(const char *pattern, const char *text)
{
    static regex_t regex;
    static char *kept;
    if (!kept || strcmp(kept, pattern) != 0) {
        if (kept)
            regfree(&regex);
        free(kept);
        ck_assert_msg(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0, "%s", pattern);
        kept = strdup(pattern);
    }
    return regexec(&regex, text, 0, NULL, 0) == 0;
}

static bool has_type(const char *type, const json_t *value)
{
    static const struct {
        const char *name;

        json_type types[2];
    } rows[] = {{"object", {JSON_OBJECT, JSON_OBJECT}}, {"array", {JSON_ARRAY, JSON_ARRAY}},
                {"string", {JSON_STRING, JSON_STRING}}, {"integer", {JSON_INTEGER, JSON_INTEGER}},
                {"number", {JSON_INTEGER, JSON_REAL}},  {"boolean", {JSON_TRUE, JSON_FALSE}},
                {"null", {JSON_NULL, JSON_NULL}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, type) == 0)
            return json_typeof(value) == rows[i].types[0] || json_typeof(value) == rows[i].types[1];
    ck_abort_msg("type '%s'", type);
    return false;
}

/* ---- keywords: whether value is as the keyword's own says ---- */

typedef bool keyword(const json_t *schema, const json_t *own, const json_t *value, const struct place *place);

static bool of_type(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const json_t *one;
    size_t i;
    bool any = json_is_string(own) && has_type(json_string_value(own), value);
    json_array_foreach(own, i, one) any = any || has_type(json_string_value(one), value);
    return any || refuse(place, "another type");
}

static bool constant(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    return json_equal(own, value) || refuse(place, "not the constant");
}

static bool of_enum(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const json_t *one;
    size_t i;
    json_array_foreach(own, i, one) if (json_equal(one, value)) return true;
    return refuse(place, "none of the names");
}

static bool minimum(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    return !json_is_number(value) || json_number_value(value) >= json_number_value(own) || refuse(place, "too small");
}

static bool maximum(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    return !json_is_number(value) || json_number_value(value) <= json_number_value(own) || refuse(place, "too large");
}

static bool pattern(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    return !json_is_string(value) || matches(json_string_value(own), json_string_value(value)) ||
           refuse(place, "does not match");
}

static bool items(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const json_t *one;
    size_t i;
    json_array_foreach(value, i, one)
    {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        struct place at = within(place, number);
        if (!is_valid(own, one, &at))
            return false;
    }
    return true;
}

static bool required(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const json_t *one;
    size_t i;
    json_array_foreach(own, i, one)
    {
        struct place at = within(place, json_string_value(one));
        if (json_is_object(value) && !json_object_get(value, json_string_value(one)))
            return refuse(&at, "missing");
    }
    return true;
}

static bool properties(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)(uintptr_t)value, name, one) // which only reads
    {
        struct place at = within(place, name);
        if (json_object_get(own, name) && !is_valid(json_object_get(own, name), one, &at))
            return false;
    }
    return true;
}

static bool pattern_properties(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const char *name, *regex;
    json_t *one, *of;
    json_object_foreach((json_t *)(uintptr_t)value, name, one)
    {
        struct place at = within(place, name);
        json_object_foreach((json_t *)(uintptr_t)own, regex,
                            of) if (matches(regex, name) && !is_valid(of, one, &at)) return false;
    }
    return true;
}

static bool is_known(const json_t *schema, const char *name)
{
    const char *regex;
    json_t *of;
    json_object_foreach(json_object_get(schema, "patternProperties"), regex, of) if (matches(regex, name)) return true;
    return json_object_get(json_object_get(schema, "properties"), name) != NULL;
}

static bool additional(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    const char *name;
    json_t *one;
    json_object_foreach((json_t *)(uintptr_t)value, name, one)
    {
        struct place at = within(place, name);
        if (is_known(schema, name))
            continue;
        if (json_is_false(own))
            return refuse(&at, "not a member");
        if (json_is_object(own) && !is_valid(own, one, &at))
            return false;
    }
    return true;
}

static bool reference(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema;
    const char *text = json_string_value(own);
    ck_assert_msg(strncmp(text, "#/$defs/", 8) == 0, "%s", text);
    const json_t *of = json_object_get(json_object_get(place->root, "$defs"), text + 8);
    ck_assert_msg(of != NULL, "%s is not defined", text);
    return is_valid(of, value, place);
}

static bool says_nothing(const json_t *schema, const json_t *own, const json_t *value, const struct place *place)
{
    (void)schema, (void)own, (void)value, (void)place;
    return true;
}

static const struct {
    const char *name;
    keyword *holds;
} keywords[] = {
    {"type", of_type},
    {"const", constant},
    {"enum", of_enum},
    {"minimum", minimum},
    {"maximum", maximum},
    {"pattern", pattern},
    {"items", items},
    {"required", required},
    {"properties", properties},
    {"patternProperties", pattern_properties},
    {"additionalProperties", additional},
    {"$ref", reference},
    {"$defs", says_nothing},
    {"$id", says_nothing},
    {"$schema", says_nothing},
    {"title", says_nothing},
    {"description", says_nothing},
};

static bool is_valid(const json_t *schema, const json_t *value, const struct place *place)
{
    const char *name;
    json_t *own;
    json_object_foreach((json_t *)(uintptr_t)schema, name, own)
    {
        size_t i = 0, count = sizeof keywords / sizeof *keywords;
        while (i < count && strcmp(keywords[i].name, name) != 0)
            i++;
        ck_assert_msg(i < count, "keyword '%s'", name);
        if (!keywords[i].holds(schema, own, value, place))
            return false;
    }
    return true;
}

bool validate(const json_t *schema, const json_t *value, char why[VALIDATE_WHY])
{
    struct place place = {.root = schema, .why = why};
    *why = '\0';
    return is_valid(schema, value, &place);
}
