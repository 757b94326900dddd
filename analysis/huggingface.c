#include "analysis/huggingface.h"

#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "sim/formula.h"
#include "sim/setting.h"
#include "sim/text.h"

enum { KEY_MAX = 128, KEYS_MAX = 512, VALUE_MAX = 4096, SPELLED_MAX = 64 };

enum use { UNUSED, READ, IDLE, IGNORED };

/* A member that is no object, or an empty one, by the names that lead to it. */
struct leaf {
    char key[KEY_MAX]; /* "rope_scaling.factor" */
    const json_t *value;
    enum use use;
};

struct reader {
    const char *type; /* model_type */
    struct leaf *leaves;
    int count;
    const char *ignore;
    bool translates; /* words become those of the settings */
    struct error *error;
};

/* ---- the configuration as a list of leaves ---- */

static int add_leaves(struct reader *reader, const char *prefix, const json_t *object)
{
    const char *key;
    json_t *value;
    int code = ERROR_NONE;
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        char name[KEY_MAX];
        if (reader->count == KEYS_MAX || snprintf(name, sizeof name, "%s%s", prefix, key) >= KEY_MAX - 1)
            return error_set(reader->error, ERROR_INPUT, "more than %d keys, or one of more than %d characters",
                             KEYS_MAX, KEY_MAX - 2);
        if (json_object_size(value) > 0) {
            strcat(name, ".");
            code = add_leaves(reader, name, value);
        } else {
            reader->leaves[reader->count] = (struct leaf){.value = value};
            strcpy(reader->leaves[reader->count++].key, name);
        }
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
}

static struct leaf *find_leaf(const struct reader *reader, const char *key)
{
    for (int i = 0; i < reader->count; i++)
        if (strcmp(reader->leaves[i].key, key) == 0)
            return &reader->leaves[i];
    return NULL;
}

/* Whether the list "a,b" or "a b" names the key or what it is within; its entries are patterns, or pattern=value. */
static bool is_listed(const char *list, const char *separators, const char *key, const char *value)
{
    while (list && *list) {
        char pattern[KEY_MAX], inner[KEY_MAX + 2];
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

static bool is_ignored(const struct reader *reader, const char *key)
{
    return is_listed(reader->ignore, ",", key, "");
}

/* Whether the entry of --ignore is a key of the configuration, or one that it lacks and a row's condition asks for. */
static bool is_known(const struct reader *reader, const char *entry)
{
    char asked[KEY_MAX + 2];
    for (int i = 0; i < reader->count; i++)
        if (is_listed(entry, ",", reader->leaves[i].key, ""))
            return true;
    snprintf(asked, sizeof asked, "{%s=", entry);
    for (size_t i = 0; i < architecture_count; i++)
        if (strcmp(architectures[i].type, reader->type) == 0 && strstr(architectures[i].when, asked))
            return true;
    return false;
}

static int unknown_key(const struct reader *reader, const char *entry)
{
    const char *names[KEYS_MAX];
    for (int i = 0; i < reader->count; i++)
        names[i] = reader->leaves[i].key;
    const char *nearest = error_nearest(entry, names, (size_t)reader->count);
    return error_set(reader->error, ERROR_INPUT, "--ignore: the configuration has no key '%s'%s%s%s", entry,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int mark_ignored(struct reader *reader)
{
    for (const char *list = reader->ignore; list && *list;) {
        char entry[KEY_MAX];
        size_t length = strcspn(list, ",");
        snprintf(entry, sizeof entry, "%.*s", (int)length, list);
        if (!is_known(reader, entry))
            return unknown_key(reader, entry);
        list += length + (list[length] != '\0');
    }
    for (int i = 0; i < reader->count; i++)
        if (is_ignored(reader, reader->leaves[i].key))
            reader->leaves[i].use = IGNORED;
    return ERROR_NONE;
}

/* ---- values as text ---- */

/* "full_attention, sliding_attention, ...": the word that all are; else every-p where each p-th, and no other, is unlike
 * the first. */
static bool print_words(const json_t *array, struct text *text)
{
    size_t count = json_array_size(array), period = 0;
    const char *first = json_string_value(json_array_get(array, 0));
    for (size_t i = 0; i < count; i++) {
        const char *word = json_string_value(json_array_get(array, i));
        if (!first || !word)
            return false;
        if (strcmp(word, first) != 0 && period == 0)
            period = i + 1;
    }
    for (size_t i = 0; i < count && period > 0; i++)
        if ((strcmp(json_string_value(json_array_get(array, i)), first) != 0) != ((i + 1) % period == 0))
            return false;
    if (period > 0)
        text_print(text, "every-%zu", period);
    else
        text_print(text, "%s", first ? first : "[]");
    return true;
}

static void print_value(const json_t *value, struct text *text)
{
    if (json_is_string(value)) {
        text_print(text, "%s", json_string_value(value));
    } else if (json_is_number(value)) {
        char number[32];
        setting_print_number(json_number_value(value), number, sizeof number);
        text_print(text, "%s", number);
    } else if (json_is_boolean(value)) {
        text_print(text, "%s", json_is_true(value) ? "true" : "false");
    } else if (!json_is_array(value) || !print_words(value, text)) {
        char *dump = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        text_print(text, "%s", dump ? dump : "?");
        free(dump);
    }
}

static const char *spell(const json_t *value, char buffer[SPELLED_MAX])
{
    struct text text = {buffer, SPELLED_MAX, 0};
    print_value(value, &text);
    return buffer;
}

/* ---- templates ---- */

static int expand(struct reader *reader, const char *template, size_t length, struct text *out);

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

/* The first byte at the template's own depth that is symbol, or length. */
static size_t find_symbol(const char *template, size_t length, char symbol)
{
    int depth = 0;
    for (size_t i = 0; i < length; i++) {
        depth += (template[i] == '{') - (template[i] == '}');
        if (depth == 0 && template[i] == symbol)
            return i;
    }
    return length;
}

/* A string is a word, so that it says nothing but the value; a list is one of words. */
static int expand_value(struct reader *reader, const struct leaf *leaf, struct text *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    const char *string = json_string_value(leaf->value), *first = json_string_value(json_array_get(leaf->value, 0));
    char spelled[SPELLED_MAX];
    if (string && (*string == '\0' || string[strspn(string, letters)] != '\0'))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is '%.64s'; expected a word", reader->type, leaf->key,
                         string);
    if (json_is_object(leaf->value) || (json_is_array(leaf->value) && !first))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a number or a word", reader->type,
                         leaf->key, spell(leaf->value, spelled));
    if (string && reader->translates)
        text_print(out, "%s", architecture_word(string));
    else
        print_value(leaf->value, out);
    return ERROR_NONE;
}

/* key, key=absent or key=absent|null */
static int expand_key(struct reader *reader, const char *template, size_t length, struct text *out)
{
    char key[KEY_MAX];
    size_t name = find_symbol(template, length, '='), rest = name < length ? name + 1 : length;
    size_t absent = find_symbol(template + rest, length - rest, '|');
    snprintf(key, sizeof key, "%.*s", (int)name, template);
    struct leaf *leaf = find_leaf(reader, key);
    if (leaf && leaf->use != IGNORED) {
        leaf->use = READ;
        if (!json_is_null(leaf->value))
            return expand_value(reader, leaf, out);
        if (rest + absent < length)
            return expand(reader, template + rest + absent + 1, length - rest - absent - 1, out);
    }
    if (name == length)
        return error_set(reader->error, ERROR_INPUT, "%s: the configuration lacks %s", reader->type, key);
    return expand(reader, template + rest, absent, out);
}

static int expand_expression(struct reader *reader, const char *template, size_t length, struct text *out)
{
    char expression[VALUE_MAX], number[32];
    struct text text = {expression, sizeof expression, 0};
    struct graph_scope scope = {0};
    double value = 0;
    int code = expand(reader, template, length, &text);
    if (code == ERROR_NONE)
        code = formula_scalar(expression, reader->type, &scope, &value, reader->error);
    if (code != ERROR_NONE)
        return code;
    setting_print_number(value, number, sizeof number);
    text_print(out, "%s", number);
    return ERROR_NONE;
}

static int expand(struct reader *reader, const char *template, size_t length, struct text *out)
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

/* In allocated memory. */
static int expand_all(struct reader *reader, const char *template, char **result)
{
    *result = malloc(FORMULA_TEXT_MAX);
    if (!*result)
        return error_set(reader->error, ERROR_RESOURCE, "out of memory");
    **result = '\0';
    struct text out = {*result, FORMULA_TEXT_MAX, 0};
    return expand(reader, template, strlen(template), &out);
}

/* ---- the row ---- */

/* The key that a condition asks for, the first in its template. */
static void asked_key(const char *condition, char key[KEY_MAX])
{
    snprintf(key, KEY_MAX, "%.*s", (int)strcspn(condition + 1, "=}"), condition + 1);
}

/* A condition "{key=...}=value"; one on an ignored key holds. *wanted is its value, *found the configuration's. */
static int check_condition(struct reader *reader, const char *condition, size_t length, char wanted[SPELLED_MAX],
                           char found[SPELLED_MAX])
{
    char key[KEY_MAX];
    size_t end = find_symbol(condition, length, '=');
    struct text left = {found, SPELLED_MAX, 0}, right = {wanted, SPELLED_MAX, 0};
    asked_key(condition, key);
    int code = expand(reader, condition, end, &left);
    if (code == ERROR_NONE)
        code = expand(reader, condition + end + 1, length - end - 1, &right);
    if (code == ERROR_NONE && is_ignored(reader, key))
        snprintf(found, SPELLED_MAX, "%s", wanted);
    return code;
}

/* Sets *holds where all conditions of the row hold, and else failure to what is said of the first that does not. An error
 * is one of the configuration: it lacks a key that decides. */
static int check_row(struct reader *reader, const struct architecture *row, bool *holds, struct error *failure)
{
    const char *when = row->when;
    int code = ERROR_NONE;
    *holds = true;
    while (code == ERROR_NONE && *holds && *(when += strspn(when, " "))) {
        char wanted[SPELLED_MAX] = "", found[SPELLED_MAX] = "", key[KEY_MAX];
        size_t length = find_symbol(when, strlen(when), ' ');
        asked_key(when, key);
        code = check_condition(reader, when, length, wanted, found);
        *holds = strcmp(wanted, found) == 0;
        if (code == ERROR_NONE && !*holds)
            error_set(failure, ERROR_INPUT,
                      "%s: %s is %s, which changes the law and is not understood; only %s is (--ignore %s reads it so)",
                      row->type, key, found, wanted, key);
        when += length;
    }
    return code;
}

static int unknown_type(const char *type, struct error *error)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; i < architecture_count; i++)
        if (i == 0 || strcmp(architectures[i].type, architectures[i - 1].type) != 0)
            names[count++] = architectures[i].type;
    const char *nearest = error_nearest(type, names, count);
    return error_set(
        error, ERROR_INPUT,
        "unknown model_type '%.64s'%s%s%s\n  `spanscope list architectures` has those that are known; any other is "
        "written by hand:\n  its block as --placement 'y = x + attn(norm(x)); x = y + glu(norm(y))', its sizes as "
        "--layers, --width, --heads,\n  its weights as --init normal:0.02",
        type, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* What rows that do not hold have asked for is not read yet. */
static void forget_reading(struct reader *reader)
{
    for (int i = 0; i < reader->count; i++)
        if (reader->leaves[i].use == READ)
            reader->leaves[i].use = UNUSED;
}

static int find_row(struct reader *reader, const struct architecture **row)
{
    struct error failure = {0};
    for (size_t i = 0; i < architecture_count; i++) {
        bool holds;
        *row = &architectures[i];
        if (strcmp((*row)->type, reader->type) != 0)
            continue;
        forget_reading(reader);
        int code = check_row(reader, *row, &holds, &failure);
        if (code != ERROR_NONE || holds)
            return code;
    }
    if (failure.code == ERROR_NONE)
        return unknown_type(reader->type, reader->error);
    *reader->error = failure;
    return failure.code;
}

/* ---- rotary positions ---- */

static int unknown_rope(const struct reader *reader, const char *type)
{
    const char *names[16];
    size_t count = 0;
    for (size_t i = 0; i < architecture_rope_count; i++)
        if (i == 0 || strcmp(architecture_ropes[i].type, architecture_ropes[i - 1].type) != 0)
            names[count++] = architecture_ropes[i].type;
    text_unknown(reader->error, "rope_scaling", type, names, count);
    struct error inner = *reader->error;
    return error_set(reader->error, ERROR_INPUT, "%s: %s; --ignore rope_scaling leaves it out", reader->type,
                     inner.text);
}

/* The row of how rotary positions are stretched, the first where the model has none. */
static int find_rope(struct reader *reader, const struct architecture *architecture, const struct architecture **row)
{
    char type[SPELLED_MAX] = "";
    struct text text = {type, sizeof type, 0};
    struct error failure = {0};
    *row = architecture_ropes;
    if (!strstr(architecture->settings, " rope="))
        return ERROR_NONE;
    int code = expand(reader, architecture_rope, strlen(architecture_rope), &text);
    for (size_t i = 0; code == ERROR_NONE && i < architecture_rope_count; i++) {
        bool holds;
        *row = &architecture_ropes[i];
        if (strcmp(architecture_word((*row)->type), type) != 0) // "linear" is a function's name, too
            continue;
        code = check_row(reader, *row, &holds, &failure);
        if (code != ERROR_NONE || holds)
            return code;
    }
    if (code != ERROR_NONE || failure.code == ERROR_NONE)
        return code != ERROR_NONE ? code : unknown_rope(reader, type);
    *reader->error = failure;
    return failure.code;
}

static int expand_settings(struct reader *reader, const struct architecture *architecture, char **result)
{
    const struct architecture *rope;
    char template[2 * VALUE_MAX];
    int code = find_rope(reader, architecture, &rope);
    if (code != ERROR_NONE)
        return code;
    snprintf(template, sizeof template, "%s%s", architecture->settings, rope->settings);
    return expand_all(reader, template, result);
}

/* ---- keys that no template has read ---- */

static bool is_idle(const struct architecture *row, const char *key, const char *value)
{
    for (size_t i = 0; i < architecture_idle_count; i++)
        if (is_listed(architecture_idle[i], " ", key, value))
            return true;
    return is_listed(row->idle, " ", key, value);
}

/* What --ignore is to name for a key: the object that it is in where nothing of that is read. */
static const char *name_ignored(const struct reader *reader, const char *key, char name[KEY_MAX])
{
    size_t outer = strcspn(key, ".");
    snprintf(name, KEY_MAX, "%.*s", (int)outer, key);
    for (int i = 0; i < reader->count; i++)
        if (reader->leaves[i].use == READ && strncmp(reader->leaves[i].key, key, outer + 1) == 0)
            return key;
    return name;
}

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static int check_keys(struct reader *reader, const struct architecture *row)
{
    char name[KEY_MAX];
    for (int i = 0; i < reader->count; i++) {
        struct leaf *leaf = &reader->leaves[i];
        char value[SPELLED_MAX];
        spell(leaf->value, value);
        if (leaf->use != UNUSED)
            continue;
        if (!is_empty(leaf->value) && !is_idle(row, leaf->key, value))
            return error_set(reader->error, ERROR_INPUT,
                             "%s: %s = %s is not understood and may change the law; --ignore %s leaves it out",
                             row->type, leaf->key, value, name_ignored(reader, leaf->key, name));
        leaf->use = IDLE;
    }
    return ERROR_NONE;
}

static char *list_keys(const struct reader *reader, enum use use)
{
    char *list = malloc((size_t)reader->count * (KEY_MAX + 2) + 1);
    if (!list)
        return NULL;
    struct text text = {list, (size_t)reader->count * (KEY_MAX + 2) + 1, 0};
    *list = '\0';
    for (int i = 0; i < reader->count; i++)
        if (reader->leaves[i].use == use)
            text_print(&text, "%s%s", text.length > 0 ? ", " : "", reader->leaves[i].key);
    return list;
}

/* ---- all of it ---- */

static int read_all(struct huggingface *self, struct reader *reader)
{
    int code = mark_ignored(reader);
    if (code == ERROR_NONE)
        code = find_row(reader, &self->row);
    reader->translates = true;
    if (code == ERROR_NONE)
        code = expand_all(reader, self->row->placement, &self->placement);
    if (code == ERROR_NONE)
        code = expand_settings(reader, self->row, &self->settings);
    if (code == ERROR_NONE)
        code = check_keys(reader, self->row);
    if (code != ERROR_NONE)
        return code;
    self->idle = list_keys(reader, IDLE);
    self->ignored = list_keys(reader, IGNORED);
    return self->idle && self->ignored ? ERROR_NONE : error_set(reader->error, ERROR_RESOURCE, "out of memory");
}

int huggingface_read(struct huggingface *self, const json_t *config, const char *ignore, struct error *error)
{
    *self = (struct huggingface){0};
    struct reader reader = {
        .type = json_string_value(json_object_get(config, "model_type")), .ignore = ignore, .error = error};
    if (!reader.type)
        return error_set(error, ERROR_INPUT,
                         "the configuration has no \"model_type\"; is it a config.json of transformers?");
    reader.leaves = malloc(KEYS_MAX * sizeof *reader.leaves);
    if (!reader.leaves)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    int code = add_leaves(&reader, "", config);
    if (code == ERROR_NONE)
        code = read_all(self, &reader);
    free(reader.leaves);
    if (code != ERROR_NONE)
        huggingface_free(self);
    return code;
}

int huggingface_open(struct huggingface *self, const char *path, const char *ignore, struct error *error)
{
    struct document_reader reader;
    json_t *root = NULL;
    const json_t *more = NULL;
    size_t line;
    *self = (struct huggingface){0};
    int code = document_open(&reader, path, error);
    if (code != ERROR_NONE)
        return code;
    code = document_next(&reader, &root, &line, error);
    if (code == ERROR_NONE && !json_is_object(root))
        code = error_set(error, ERROR_INPUT, "%s: no configuration; expected a JSON object", path);
    if (code == ERROR_NONE)
        code = document_peek(&reader, &more, error);
    if (reader.malformed) // not the file's fault but the configuration's
        code = error->code = ERROR_INPUT;
    if (code == ERROR_NONE && more)
        code = error_set(error, ERROR_INPUT, "%s, line %zu: expected the end of the file behind the configuration",
                         path, reader.ahead_line);
    struct error inner = {0};
    if (code == ERROR_NONE && (code = huggingface_read(self, root, ignore, &inner)) != ERROR_NONE)
        error_set(error, inner.code, "%s: %s", path, inner.text);
    json_decref(root);
    document_close(&reader);
    return code;
}

void huggingface_free(struct huggingface *self)
{
    free(self->placement);
    free(self->settings);
    free(self->idle);
    free(self->ignored);
    *self = (struct huggingface){0};
}

/* The first key that the template of the setting in word, "width=32", reads; "" where it reads none. */
static void key_behind(const struct architecture *row, const char *word, char key[KEY_MAX])
{
    size_t name = strcspn(word, "=") + 1, length;
    const char *templates = row->settings, *template;
    *key = '\0';
    while ((template = setting_word(&templates, &length)))
        if (strncmp(template, word, name) == 0) {
            const char *brace = memchr(template, '{', length);
            if (brace)
                asked_key(brace, key);
            return;
        }
}

/* Setting by setting, so that an error names the configuration's key as well. */
static int apply_settings(const struct huggingface *self, struct model *model, struct error *error)
{
    const char *rest = self->settings, *word;
    size_t length;
    while ((word = setting_word(&rest, &length))) {
        char setting[VALUE_MAX], key[KEY_MAX];
        struct error inner = {0};
        snprintf(setting, sizeof setting, "%.*s", (int)length, word);
        if (setting_apply_all(model, setting, &inner) == ERROR_NONE)
            continue;
        key_behind(self->row, setting, key);
        return error_set(error, inner.code, "%s%s%s", key, *key ? ": " : "", inner.text);
    }
    return ERROR_NONE;
}

int huggingface_apply(const struct huggingface *self, struct model *model, struct error *error)
{
    struct error inner = {0};
    const struct setting *placement = setting_find("placement", error);
    int code = setting_apply(model, placement->name, self->placement, &inner);
    if (code == ERROR_NONE)
        code = apply_settings(self, model, &inner);
    if (code != ERROR_NONE)
        return error_set(error, inner.code, "%s: %s", self->row->type, inner.text);
    setting_rename(placement, model, self->row->type);
    return ERROR_NONE;
}

void huggingface_print(const struct huggingface *self, FILE *stream)
{
    const char *word, *rest = self->settings;
    size_t length;
    fprintf(stream, "%s:\n  --placement '%s'\n ", self->row->type, self->placement);
    while ((word = setting_word(&rest, &length))) {
        size_t name = strcspn(word, "=");
        if (strncmp(word + name, "=0", length - name) == 0) // which stands for none
            continue;
        fprintf(stream, " --%.*s %.*s", (int)name, word, (int)(length - name - 1), word + name + 1);
    }
    if (self->row->note)
        fprintf(stream, "\n  note: %s", self->row->note);
    if (*self->idle)
        fprintf(stream, "\n  of no effect at initialisation: %s", self->idle);
    if (*self->ignored)
        fprintf(stream, "\n  ignored: %s", self->ignored);
    fputc('\n', stream);
}
