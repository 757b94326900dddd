#include "analysis/template.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/architecture.h"
#include "analysis/layers.h"
#include "sim/formula.h"
#include "sim/setting.h"

/* ---- a configuration as a list of leaves ---- */

void template_escape(const char *string, struct text *out)
{
    for (; *string; string++) {
        unsigned char byte = (unsigned char)*string;
        text_print(out, iscntrl(byte) ? "\\u%04X" : "%c", byte);
    }
}

int template_add(struct template_reader *reader, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;
    int code = ERROR_NONE;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char name[TEMPLATE_KEY_MAX];
        struct text text = {name, sizeof name, 0};
        text_print(&text, "%s", prefix);
        template_escape(key, &text);
        if (reader->count == TEMPLATE_KEYS_MAX || text.length >= TEMPLATE_KEY_MAX - 1)
            return error_set(reader->error, ERROR_INPUT, "more than %d keys, or one of more than %d characters",
                             TEMPLATE_KEYS_MAX, TEMPLATE_KEY_MAX - 2);
        if (json_object_size(value) > 0) {
            strcat(name, ".");
            code = template_add(reader, name, value);
        } else {
            reader->leaves[reader->count] = (struct template_leaf){.value = value};
            strcpy(reader->leaves[reader->count++].key, name);
        }
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static struct template_leaf *find_leaf(const struct template_reader *reader, const char *key)
{
    for (int i = 0; i < reader->count; i++)
        if (strcmp(reader->leaves[i].key, key) == 0)
            return &reader->leaves[i];
    return NULL;
}

bool template_lists(const char *list, const char *separators, const char *key, const char *value)
{
    while (list && *list) {
        char pattern[TEMPLATE_KEY_MAX], inner[TEMPLATE_KEY_MAX + 2];
        size_t length = strcspn(list, separators);
        snprintf(pattern, sizeof pattern, "%.*s", (int)length, list);
        list += length + (list[length] != '\0');
        char *wanted = strchr(pattern, '=');
        if (wanted)
            *wanted++ = '\0';
        snprintf(inner, sizeof inner, "%s.*", pattern);
        if ((fnmatch(pattern, key, 0) == 0 || fnmatch(inner, key, 0) == 0) && (!wanted || strcmp(wanted, value) == 0))
            return true;
    }
    return false;
}

bool template_ignores(const struct template_reader *reader, const char *key)
{
    return template_lists(reader->ignore, ",", key, "");
}

/* ---- values as text ---- */

/* The one word that all entries of a list are; NULL where there is none. */
static const char *one_word(const json_t *array)
{
    const char *first = json_string_value(json_array_get(array, 0));
    for (size_t i = 1; first && i < json_array_size(array); i++) {
        const char *word = json_string_value(json_array_get(array, i));
        if (!word || strcmp(word, first) != 0)
            return NULL;
    }
    return first;
}

static void print_value(const json_t *value, struct text *text)
{
    if (json_is_string(value)) {
        template_escape(json_string_value(value), text);
    } else if (json_is_number(value)) {
        char number[32];
        setting_print_number(json_number_value(value), number, sizeof number);
        text_print(text, "%s", number);
    } else if (json_is_boolean(value)) {
        text_print(text, "%s", json_is_true(value) ? "true" : "false");
    } else if (one_word(value)) {
        template_escape(one_word(value), text);
    } else {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        text_print(text, "%s", dump ? dump : "?");
        free(dump);
    }
}

const char *template_spell(const json_t *value, char buffer[TEMPLATE_SPELLED_MAX])
{
    struct text text = {buffer, TEMPLATE_SPELLED_MAX, 0};
    print_value(value, &text);
    return buffer;
}

const char *template_quote(const json_t *value, char buffer[TEMPLATE_SPELLED_MAX])
{
    struct text text = {buffer, TEMPLATE_SPELLED_MAX, 0};
    const char *mark = json_is_string(value) ? "\"" : "";
    text_print(&text, "%s", mark);
    print_value(value, &text);
    text_print(&text, "%s", mark);
    return buffer;
}

/* ---- templates ---- */

/* Bytes up to the bracket that closes the one before text. */
static size_t enclosed(const char *text, char open, char close)
{
    int depth = 1;
    size_t i = 0;
    for (; text[i] != '\0'; i++) {
        depth += (text[i] == open) - (text[i] == close);
        if (depth == 0)
            break;
    }
    return i;
}

size_t template_find(const char *template, size_t length, char symbol)
{
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        depth += (template[i] == '{') - (template[i] == '}');
        if (depth == 0 && template[i] == symbol)
            return i;
    }
    return length;
}

void template_asked(const char *template, char key[TEMPLATE_KEY_MAX])
{
    snprintf(key, TEMPLATE_KEY_MAX, "%.*s", (int)strcspn(template + 1, "=}?"), template + 1);
}

/* A string is a word, so that it says nothing but the value. */
static int expand_value(struct template_reader *reader, const struct template_leaf *leaf, struct text *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    const char *string = json_string_value(leaf->value);
    char spelled[TEMPLATE_SPELLED_MAX];
    if (string && (*string == '\0' || string[strspn(string, letters)] != '\0'))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is '%s'; expected a word", reader->type, leaf->key,
                         template_spell(leaf->value, spelled));
    if (json_is_object(leaf->value) || json_is_array(leaf->value))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a number or a word", reader->type,
                         leaf->key, template_spell(leaf->value, spelled));
    if (reader->reckons && !json_is_number(leaf->value))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a number", reader->type, leaf->key,
                         template_quote(leaf->value, spelled));
    if (string && reader->translates)
        text_print(out, "%s", architecture_word(string));
    else
        print_value(leaf->value, out);
    return ERROR_NONE;
}

/* A key that decides is missing, or is an object where a value should be. */
static int lacking(const struct template_reader *reader, const char *key)
{
    size_t length = strlen(key);
    for (int i = 0; i < reader->count; i++)
        if (strncmp(reader->leaves[i].key, key, length) == 0 && reader->leaves[i].key[length] == '.')
            return error_set(reader->error, ERROR_INPUT, "%s: %s is an object; expected a number or a word",
                             reader->type, key);
    return error_set(reader->error, ERROR_INPUT, "%s: the configuration lacks %s", reader->type, key);
}

/* Layers that a list calls the first of the words "a|b", of which every entry is one. */
static int expand_layers(struct template_reader *reader, const struct template_leaf *leaf, const char *words,
                         struct text *out)
{
    char first[TEMPLATE_KEY_MAX], spelled[TEMPLATE_SPELLED_MAX];
    bool known = json_array_size(leaf->value) > 0;
    for (size_t i = 0; known && i < json_array_size(leaf->value); i++) {
        const char *word = json_string_value(json_array_get(leaf->value, i));
        known = word && template_lists(words, "|", word, "");
    }
    if (!known)
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a list of these words: %s", reader->type,
                         leaf->key, template_spell(leaf->value, spelled), words);
    snprintf(first, sizeof first, "%.*s", (int)strcspn(words, "|"), words);
    layers_condition(leaf->value, first, out);
    return ERROR_NONE;
}

static void note_given(const struct template_reader *reader, const char *key)
{
    struct text *given = reader->given;
    if (given && !template_lists(given->buffer, ", ", key, ""))
        text_print(given, "%s%s", given->length > 0 ? ", " : "", key);
}

/* key, key=absent, key=absent|null, or key?words=absent */
static int expand_key(struct template_reader *reader, const char *template, size_t length, struct text *out)
{
    char key[TEMPLATE_KEY_MAX];
    size_t name = template_find(template, length, '='), rest = name < length ? name + 1 : length;
    size_t absent = template_find(template + rest, length - rest, '|');
    snprintf(key, sizeof key, "%.*s", (int)name, template);
    char *words = strchr(key, '?');
    if (words)
        *words++ = '\0';
    struct template_leaf *leaf = find_leaf(reader, key);
    if (leaf && leaf->use != TEMPLATE_IGNORED) {
        leaf->use = TEMPLATE_READ;
        if (!json_is_null(leaf->value)) {
            note_given(reader, key);
            return words ? expand_layers(reader, leaf, words, out) : expand_value(reader, leaf, out);
        }
        if (rest + absent < length)
            return template_expand(reader, template + rest + absent + 1, length - rest - absent - 1, out);
    }
    if (name == length)
        return lacking(reader, key);
    return template_expand(reader, template + rest, absent, out);
}

static int expand_expression(struct template_reader *reader, const char *template, size_t length, struct text *out)
{
    char expression[TEMPLATE_VALUE_MAX], number[32];
    struct text text = {expression, sizeof expression, 0};
    struct graph_scope scope = {0};
    double value = 0;
    bool within = reader->reckons;
    reader->reckons = true;
    int code = template_expand(reader, template, length, &text);
    reader->reckons = within;
    struct error inner;
    if (code != ERROR_NONE)
        return code;
    if (formula_scalar(expression, reader->type, &scope, &value, &inner) != ERROR_NONE)
        return error_set(reader->error, inner.code, "%s: %.*s is %.200s, which has no value", reader->type, (int)length,
                         template, expression);
    setting_print_number(value, number, sizeof number);
    text_print(out, "%s", number);
    return ERROR_NONE;
}

int template_expand(struct template_reader *reader, const char *template, size_t length, struct text *out)
{
    int code = ERROR_NONE;
    for (size_t i = 0; code == ERROR_NONE && i < length; i++) {
        const char *inside = template + i + 1;
        bool key = template[i] == '{', expression = template[i] == '[';
        if (!key && !expression) {
            text_print(out, "%c", template[i]);
            continue;
        }
        size_t inner = key ? enclosed(inside, '{', '}') : enclosed(inside, '[', ']');
        code = key ? expand_key(reader, inside, inner, out) : expand_expression(reader, inside, inner, out);
        i += inner + 1;
    }
    return code;
}
