#include "cli/type.h"

#include <string.h>

#include "analysis/claims/verdict.h"
#include "analysis/document.h"
#include "analysis/schema.h"
#include "cli/options.h"
#include "explore/lesson.h"

static const char *kind_name(size_t i)
{
    return i < SCHEMA_KINDS ? schema_kinds[i] : NULL;
}

static const char *verdict_name(size_t i)
{
    return i < VERDICTS ? verdict_names[i] : NULL;
}

static const char *lesson_kind(size_t i)
{
    return i <= LESSON_FIND ? lesson_kinds[i] : NULL;
}

static const struct {
    const char *name;
    value_choice *choice;
} choices[] = {{"kind", kind_name}, {"verdict", verdict_name}, {"lesson", lesson_kind}};

static json_t *names_schema(bool *ok, const char *table, size_t length)
{
    json_t *schema = json_object(), *names = json_array();
    for (size_t c = 0; c < sizeof choices / sizeof *choices; c++)
        for (size_t i = 0; strncmp(choices[c].name, table, length) == 0 && choices[c].choice(i); i++)
            document_append(ok, names, json_string(choices[c].choice(i)));
    document_put(ok, schema, "enum", names);
    return schema;
}

/* "a|b" */
static json_t *texts_schema(bool *ok, const char *text, size_t length)
{
    json_t *schema = json_object(), *names = json_array();
    for (size_t used = 0; used < length;) {
        size_t word = 0;
        while (used + word < length && text[used + word] != '|')
            word++;
        document_append(ok, names, json_stringn(text + used, word));
        used += word + 1;
    }
    if (json_array_size(names) == 1)
        document_put(ok, schema, "const", json_incref(json_array_get(names, 0)));
    else
        document_put(ok, schema, "enum", json_incref(names));
    json_decref(names);
    return schema;
}

static json_t *or_null(bool *ok, json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *types = json_array();
    document_append(ok, types, json_incref(type));
    document_append(ok, types, json_string("null"));
    document_put(ok, schema, "type", types);
    return schema;
}

static json_t *word_schema(bool *ok, const char *type, size_t length)
{
    json_t *schema = json_object();
    if (strncmp(type, "seed", length) == 0) {
        document_put(ok, schema, "type", json_pack("[ss]", "integer", "string"));
        document_put(ok, schema, "minimum", json_integer(0));
        document_put(ok, schema, "pattern", json_string("^[0-9]+$"));
        return schema;
    }
    bool count = strncmp(type, "count", length) == 0;
    document_put(ok, schema, "type", count ? json_string("integer") : json_stringn(type, length));
    if (count)
        document_put(ok, schema, "minimum", json_integer(0));
    return schema;
}

static json_t *any_schema(bool *ok, const char *type, size_t length);

static json_t *inner(bool *ok, const char *outer, const char *key, const char *type, size_t length)
{
    json_t *schema = json_object();
    document_put(ok, schema, "type", json_string(outer));
    document_put(ok, schema, key, any_schema(ok, type, length));
    return schema;
}

static json_t *any_schema(bool *ok, const char *type, size_t length)
{
    char last = type[length - 1];
    switch (*type) {
    case '[':
        return inner(ok, "array", "items", type + 1, length - 2);
    case '{':
        return inner(ok, "object", "additionalProperties", type + 1, length - 2);
    case '=':
        return texts_schema(ok, type + 1, length - 1);
    case '@':
        return names_schema(ok, type + 1, length - 1);
    case '#':
        return json_pack("{so}", "$ref", json_sprintf("#/$defs/%.*s", (int)length - 1, type + 1));
    default:
        return last == '?' ? or_null(ok, word_schema(ok, type, length - 1)) : word_schema(ok, type, length);
    }
}

json_t *type_schema(bool *ok, const char *type)
{
    return any_schema(ok, type, strlen(type));
}
