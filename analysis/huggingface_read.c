#include "analysis/huggingface_read.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/huggingface_check.h"
#include "analysis/huggingface_row.h"
#include "sim/setting.h"

/* ---- keys that are passed over ---- */

/* Whether the entry of --ignore is a key of the configuration, or one that it lacks and a row's condition asks for. */
static bool is_known(const struct template_reader *reader, const char *entry)
{
    char asked[TEMPLATE_KEY_MAX + 2];
    for (int i = 0; i < reader->count; i++)
        if (template_lists(entry, ",", reader->leaves[i].key, ""))
            return true;
    snprintf(asked, sizeof asked, "{%s=", entry);
    for (size_t i = 0; i < architecture_count; i++)
        if (strcmp(architectures[i].type, reader->type) == 0 && strstr(architectures[i].when, asked))
            return true;
    return false;
}

static int unknown_key(const struct template_reader *reader, const char *entry)
{
    const char *names[TEMPLATE_KEYS_MAX];
    for (int i = 0; i < reader->count; i++)
        names[i] = reader->leaves[i].key;
    const char *nearest = error_nearest(entry, names, (size_t)reader->count);
    return error_set(reader->error, ERROR_INPUT, "--ignore: the configuration has no key '%s'%s%s%s", entry,
                     nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

static int mark_ignored(struct template_reader *reader)
{
    for (const char *list = reader->ignore; list && *list;) {
        char entry[TEMPLATE_KEY_MAX];
        size_t length = strcspn(list, ",");
        snprintf(entry, sizeof entry, "%.*s", (int)length, list);
        if (!is_known(reader, entry))
            return unknown_key(reader, entry);
        list += length + (list[length] != '\0');
    }
    for (int i = 0; i < reader->count; i++)
        if (template_ignores(reader, reader->leaves[i].key))
            reader->leaves[i].use = TEMPLATE_IGNORED;
    return ERROR_NONE;
}

/* ---- the row, expanded ---- */

/* A template as settings take it, in allocated memory; every key of a formula is a number. */
static int expand_placement(struct template_reader *reader, const char *template, char **result)
{
    *result = calloc(1, FORMULA_TEXT_MAX);
    if (!*result)
        return error_set(reader->error, ERROR_RESOURCE, "out of memory");
    struct text out = {*result, FORMULA_TEXT_MAX, 0};
    reader->reckons = true;
    int code = template_expand(reader, template, strlen(template), &out);
    reader->reckons = false;
    return code;
}

static bool is_number(const char *word)
{
    const struct setting *setting = huggingface_word(word);
    return setting && setting_is_number(setting);
}

/* A setting's template, and the keys that give it. */
static int expand_setting(struct template_reader *reader, const char *word, size_t length, struct text *made,
                          struct text *given)
{
    char keys[TEMPLATE_VALUE_MAX] = "";
    struct text list = {keys, sizeof keys, 0};
    reader->given = &list;
    reader->translates = true;
    reader->reckons = is_number(word);
    text_print(made, "%s", made->length > 0 ? " " : "");
    int code = template_expand(reader, word, length, made);
    reader->translates = reader->reckons = false;
    reader->given = NULL;
    text_print(given, "%.*s='%s' ", (int)strcspn(word, "="), word, keys);
    return code;
}

static int expand_settings(struct template_reader *reader, struct huggingface *self)
{
    const struct architecture *rope;
    char template[2 * TEMPLATE_VALUE_MAX];
    const char *rest = template, *word;
    size_t length;
    int code = huggingface_row_rope(reader, self->row, &rope);
    if (code != ERROR_NONE)
        return code;
    self->settings = calloc(1, FORMULA_TEXT_MAX);
    self->given = calloc(1, FORMULA_TEXT_MAX);
    if (!self->settings || !self->given)
        return error_set(reader->error, ERROR_RESOURCE, "out of memory");
    struct text made = {self->settings, FORMULA_TEXT_MAX, 0}, given = {self->given, FORMULA_TEXT_MAX, 0};
    snprintf(template, sizeof template, "%s%s", self->row->settings, rope->settings);
    while (code == ERROR_NONE && (word = setting_word(&rest, &length)))
        code = expand_setting(reader, word, length, &made, &given);
    return code;
}

/* ---- all of it ---- */

static char *list_keys(const struct template_reader *reader, enum template_use use)
{
    char *list = malloc((size_t)reader->count * (TEMPLATE_KEY_MAX + 2) + 1);
    if (!list)
        return NULL;
    struct text text = {list, (size_t)reader->count * (TEMPLATE_KEY_MAX + 2) + 1, 0};
    *list = '\0';
    for (int i = 0; i < reader->count; i++)
        if (reader->leaves[i].use == use)
            text_print(&text, "%s%s", text.length > 0 ? ", " : "", reader->leaves[i].key);
    return list;
}

static int read_all(struct huggingface *self, struct template_reader *reader)
{
    int code = mark_ignored(reader);
    if (code == ERROR_NONE)
        code = huggingface_row_find(reader, &self->row);
    if (code == ERROR_NONE)
        code = expand_placement(reader, self->row->placement, &self->placement);
    if (code == ERROR_NONE)
        code = expand_settings(reader, self);
    if (code == ERROR_NONE)
        code = huggingface_check(reader, self);
    if (code != ERROR_NONE)
        return code;
    self->idle = list_keys(reader, TEMPLATE_IDLE);
    self->ignored = list_keys(reader, TEMPLATE_IGNORED);
    return self->idle && self->ignored ? ERROR_NONE : error_set(reader->error, ERROR_RESOURCE, "out of memory");
}

int huggingface_read(struct huggingface *self, const json_t *config, const char *ignore, struct error *error)
{
    *self = (struct huggingface){0};
    char type[TEMPLATE_KEY_MAX];
    const json_t *member = json_object_get(config, "model_type");
    const char *own = json_string_value(member);
    struct text text = {type, sizeof type, 0};
    struct template_reader reader = {.type = type, .ignore = ignore, .error = error};
    if (!own)
        return error_set(error, ERROR_INPUT, "%s; is it a config.json of transformers?",
                         member ? "\"model_type\" is no string" : "the configuration has no \"model_type\"");
    template_escape(own, &text);
    reader.leaves = malloc(TEMPLATE_KEYS_MAX * sizeof *reader.leaves);
    if (!reader.leaves)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    int code = template_add(&reader, "", config);
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
    reader.foreign = true;
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
