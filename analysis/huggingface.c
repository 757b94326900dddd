#include "analysis/huggingface.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/template.h"
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

/* ---- rows of the tables ---- */

/* The key that a condition asks for, the first in its template. */
static void asked_key(const char *condition, char key[TEMPLATE_KEY_MAX])
{
    snprintf(key, TEMPLATE_KEY_MAX, "%.*s", (int)strcspn(condition + 1, "=}?"), condition + 1);
}

/* A condition "{key=...}=value"; one on an ignored key holds. *wanted is its value, *found the configuration's. */
static int check_condition(struct template_reader *reader, const char *condition, size_t length,
                           char wanted[TEMPLATE_SPELLED_MAX], char found[TEMPLATE_SPELLED_MAX])
{
    char key[TEMPLATE_KEY_MAX];
    size_t end = template_find(condition, length, '=');
    struct text left = {found, TEMPLATE_SPELLED_MAX, 0}, right = {wanted, TEMPLATE_SPELLED_MAX, 0};
    asked_key(condition, key);
    int code = template_expand(reader, condition, end, &left);
    if (code == ERROR_NONE)
        code = template_expand(reader, condition + end + 1, length - end - 1, &right);
    if (code == ERROR_NONE && template_ignores(reader, key))
        snprintf(found, TEMPLATE_SPELLED_MAX, "%s", wanted);
    return code;
}

/* Of the rows of a type that do not hold the one of which most conditions do, and what is said of the next. */
struct misfit {
    int held;
    struct error error;
};

/* Sets *holds where all conditions of the row hold, and else the misfit. An error is one of the configuration: it lacks a
 * key that decides. */
static int check_row(struct template_reader *reader, const struct architecture *row, bool *holds, struct misfit *misfit)
{
    const char *when = row->when;
    int code = ERROR_NONE, count = 0;
    *holds = true;
    while (code == ERROR_NONE && *holds && *(when += strspn(when, " "))) {
        char wanted[TEMPLATE_SPELLED_MAX] = "", found[TEMPLATE_SPELLED_MAX] = "", key[TEMPLATE_KEY_MAX];
        size_t length = template_find(when, strlen(when), ' ');
        asked_key(when, key);
        code = check_condition(reader, when, length, wanted, found);
        *holds = strcmp(wanted, found) == 0;
        if (code == ERROR_NONE && !*holds && count > misfit->held) {
            misfit->held = count;
            error_set(&misfit->error, ERROR_INPUT,
                      "%s: %s is %s, which changes the law and is not understood; only %s is (--ignore %s reads it so)",
                      row->type, key, found, wanted, key);
        }
        count++;
        when += length;
    }
    return code;
}

/* Uses of the configuration's keys, for rows that do not hold: what they have asked for is not read yet. */
static void copy_uses(const struct template_reader *reader, enum template_use uses[TEMPLATE_KEYS_MAX])
{
    for (int i = 0; i < reader->count; i++)
        uses[i] = reader->leaves[i].use;
}

static void set_uses(struct template_reader *reader, const enum template_use uses[TEMPLATE_KEYS_MAX])
{
    for (int i = 0; i < reader->count; i++)
        reader->leaves[i].use = uses[i];
}

/* Rows of which those of a type stand together. */
struct table {
    const struct architecture *rows;
    size_t count;
};

/* The first row of the type whose conditions hold; NULL where none is of the type. */
static int find_row(struct template_reader *reader, struct table table, const char *type,
                    const struct architecture **row)
{
    struct misfit misfit = {.held = -1};
    enum template_use before[TEMPLATE_KEYS_MAX];
    copy_uses(reader, before);
    *row = NULL;
    for (size_t i = 0; i < table.count; i++) {
        bool holds;
        if (strcmp(table.rows[i].type, type) != 0)
            continue;
        *row = &table.rows[i];
        set_uses(reader, before);
        int code = check_row(reader, *row, &holds, &misfit);
        if (code != ERROR_NONE || holds)
            return code;
    }
    if (!*row)
        return ERROR_NONE;
    *reader->error = misfit.error;
    return misfit.error.code;
}

enum { TYPES_MAX = 64 };

static size_t list_types(struct table table, const char *names[TYPES_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < table.count && count < TYPES_MAX; i++)
        if (i == 0 || strcmp(table.rows[i].type, table.rows[i - 1].type) != 0)
            names[count++] = table.rows[i].type;
    return count;
}

static int find_architecture(struct template_reader *reader, const struct architecture **row)
{
    const char *names[TYPES_MAX];
    struct table table = {architectures, architecture_count};
    int code = find_row(reader, table, reader->type, row);
    if (code != ERROR_NONE || *row)
        return code;
    const char *nearest = error_nearest(reader->type, names, list_types(table, names));
    return error_set(
        reader->error, ERROR_INPUT,
        "unknown model_type '%.64s'%s%s%s\n  `spanscope list architectures` has those that are known; any other is "
        "written by hand:\n  its block as --placement 'y = x + attn(norm(x)); x = y + glu(norm(y))', its sizes as "
        "--layers, --width, --heads,\n  its weights as --init normal:0.02",
        reader->type, nearest ? "; did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
}

/* The row of how rotary positions are stretched, the first where the model has none. */
static int find_rope(struct template_reader *reader, const struct architecture *architecture,
                     const struct architecture **row)
{
    char type[TEMPLATE_SPELLED_MAX] = "";
    const char *names[TYPES_MAX];
    struct text text = {type, sizeof type, 0};
    struct table table = {architecture_ropes, architecture_rope_count};
    *row = architecture_ropes;
    if (!strstr(architecture->settings, " rope="))
        return ERROR_NONE;
    int code = template_expand(reader, architecture_rope, strlen(architecture_rope), &text);
    if (code == ERROR_NONE)
        code = find_row(reader, table, type, row);
    if (code != ERROR_NONE || *row)
        return code;
    text_unknown(reader->error, "rope_scaling", type, names, list_types(table, names));
    struct error inner = *reader->error;
    return error_set(reader->error, ERROR_INPUT, "%s: %s; --ignore rope_scaling leaves it out", reader->type,
                     inner.text);
}

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

/* Of "name=value"; NULL where there is none of that name. */
static const struct setting *setting_of_word(const char *word)
{
    char name[TEMPLATE_KEY_MAX];
    struct error error;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    return setting_find(name, &error);
}

static bool is_number(const char *word)
{
    const struct setting *setting = setting_of_word(word);
    return setting && (setting->type == SETTING_INTEGER || setting->type == SETTING_REAL);
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
    int code = find_rope(reader, self->row, &rope);
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

/* The value of a setting among words name=value; "" where it is not among them. */
static void find_word(const char *words, const char *name, size_t length, char value[TEMPLATE_VALUE_MAX])
{
    const char *word;
    size_t room;
    *value = '\0';
    while ((word = setting_word(&words, &room)))
        if (strncmp(word, name, length) == 0 && word[length] == '=') {
            snprintf(value, TEMPLATE_VALUE_MAX, "%.*s", (int)(room - length - 1), word + length + 1);
            setting_unquote(value);
        }
}

/* ---- numbers within formulas and expressions ---- */

static int check_number(const struct template_reader *reader, const struct template_leaf *leaf,
                        const struct architecture_number *row)
{
    char spelled[TEMPLATE_SPELLED_MAX];
    double value = json_number_value(leaf->value);
    if (json_is_number(leaf->value) && value >= row->least && value <= row->most &&
        (!row->whole || value == floor(value)))
        return ERROR_NONE;
    return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a %snumber from %.10g to %.10g", reader->type,
                     leaf->key, template_quote(leaf->value, spelled), row->whole ? "whole " : "", row->least,
                     row->most);
}

static int check_numbers(const struct template_reader *reader)
{
    for (int i = 0; i < reader->count; i++) {
        const struct template_leaf *leaf = &reader->leaves[i];
        for (size_t n = 0; n < architecture_number_count; n++)
            if (leaf->use == TEMPLATE_READ && !json_is_null(leaf->value) &&
                strcmp(leaf->key, architecture_numbers[n].key) == 0 &&
                check_number(reader, leaf, &architecture_numbers[n]) != ERROR_NONE)
                return reader->error->code;
    }
    return ERROR_NONE;
}

/* The number that a row takes for a key, which may be the class's; NAN where it does not read it. */
static int row_number(struct template_reader *reader, const struct architecture *row, const char *key, double *value)
{
    const char *const templates[] = {row->placement, row->settings};
    char asked[TEMPLATE_KEY_MAX + 1], number[TEMPLATE_VALUE_MAX] = "";
    struct text out = {number, sizeof number, 0};
    snprintf(asked, sizeof asked, "{%s", key);
    *value = NAN;
    for (size_t t = 0; t < sizeof templates / sizeof *templates; t++) {
        const char *found = strstr(templates[t], asked);
        size_t length = found ? template_find(found, strlen(found), '}') + 1 : 0;
        if (!found || !strchr("=}", found[strlen(asked)]))
            continue;
        int code = template_expand(reader, found, length, &out);
        *value = strtod(number, NULL);
        return code;
    }
    return ERROR_NONE;
}

static int check_pairs(struct template_reader *reader, const struct architecture *row)
{
    for (size_t i = 0; i < architecture_pair_count; i++) {
        const struct architecture_pair *pair = &architecture_pairs[i];
        double part, whole;
        int code = row_number(reader, row, pair->key, &part);
        if (code == ERROR_NONE)
            code = row_number(reader, row, pair->whole, &whole);
        if (code != ERROR_NONE)
            return code;
        if (part > whole || (pair->divides && fmod(whole, part) > 0))
            return error_set(reader->error, ERROR_INPUT, "%s: %s is %.10g, which %s %s, %.10g", row->type, pair->key,
                             part, pair->divides ? "does not divide" : "is above", pair->whole, whole);
    }
    return ERROR_NONE;
}

/* ---- pairs of columns that are turned ---- */

static double setting_of(const struct huggingface *self, const char *name)
{
    char value[TEMPLATE_VALUE_MAX];
    find_word(self->settings, name, strlen(name), value);
    return *value ? strtod(value, NULL) : NAN;
}

static int check_rotation(const struct template_reader *reader, const struct huggingface *self)
{
    char keys[2][TEMPLATE_KEY_MAX];
    double width = setting_of(self, "head-width"), part = setting_of(self, "rotary");
    bool own = width > 0;
    if (!own)
        width = setting_of(self, "width") / setting_of(self, "heads");
    double turned = floor((isnan(part) ? 1 : part) * width + 1e-9);
    if (!(setting_of(self, "rope") > 0) || !(fmod(turned, 2) == 1))
        return ERROR_NONE;
    huggingface_key(self, own ? "head-width" : "heads", strlen(own ? "head-width" : "heads"), keys[0]);
    huggingface_key(self, "rotary", strlen("rotary"), keys[1]);
    return error_set(reader->error, ERROR_INPUT,
                     "%s: %s%s%s: %.10g columns of a head's %.10g are rotated; expected pairs, an even number",
                     reader->type, keys[0], part < 1 ? ", " : "", part < 1 ? keys[1] : "", turned, width);
}

/* ---- lists by layer ---- */

static int check_layered(const struct template_reader *reader, const struct template_leaf *leaf,
                         const struct huggingface *self)
{
    char layers[TEMPLATE_VALUE_MAX], key[TEMPLATE_KEY_MAX], spelled[TEMPLATE_SPELLED_MAX];
    find_word(self->settings, "layers", strlen("layers"), layers);
    huggingface_key(self, "layers", strlen("layers"), key);
    if (!json_is_array(leaf->value))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a list with an entry for each layer",
                         reader->type, leaf->key, template_spell(leaf->value, spelled));
    if (strtod(layers, NULL) == (double)json_array_size(leaf->value))
        return ERROR_NONE;
    return error_set(reader->error, ERROR_INPUT,
                     "%s: %s has %zu entries, and %s is %s; expected an entry for each layer", reader->type, leaf->key,
                     json_array_size(leaf->value), key, layers);
}

static int check_layers(const struct template_reader *reader, const struct huggingface *self)
{
    for (int i = 0; i < reader->count; i++) {
        const struct template_leaf *leaf = &reader->leaves[i];
        for (size_t n = 0; n < architecture_layered_count; n++)
            if (leaf->use != TEMPLATE_IGNORED && !json_is_null(leaf->value) &&
                strcmp(leaf->key, architecture_layered[n]) == 0 && check_layered(reader, leaf, self) != ERROR_NONE)
                return reader->error->code;
    }
    return ERROR_NONE;
}

/* ---- zeros ---- */

/* Whether a setting has 0 unless given, which then stands for none; of "name=value". */
static bool zero_is_none(const char *word)
{
    const struct setting *setting = setting_of_word(word);
    return setting && setting->usual && strcmp(setting->usual, "0") == 0;
}

static bool is_zero(const char *word, size_t length)
{
    size_t name = strcspn(word, "=");
    return length == name + 2 && word[name + 1] == '0' && zero_is_none(word);
}

/* A zero that the configuration gives itself would be a setting's "unless given", which is another value. */
static int check_zeros(const struct template_reader *reader, const struct huggingface *self)
{
    const char *rest = self->settings, *word;
    char keys[TEMPLATE_VALUE_MAX];
    size_t length;
    while ((word = setting_word(&rest, &length))) {
        find_word(self->given, word, strcspn(word, "="), keys);
        if (*keys && is_zero(word, length))
            return error_set(reader->error, ERROR_INPUT, "%s: %s is 0; expected a number above it", reader->type, keys);
    }
    return ERROR_NONE;
}

/* ---- keys that no template has read ---- */

static bool is_idle(const struct architecture *row, const char *key, const char *value)
{
    for (size_t i = 0; i < architecture_idle_count; i++)
        if (template_lists(architecture_idle[i], " ", key, value))
            return true;
    return template_lists(row->idle, " ", key, value);
}

/* What --ignore is to name for a key: the object that it is in where nothing of that is read. */
static const char *name_ignored(const struct template_reader *reader, const char *key, char name[TEMPLATE_KEY_MAX])
{
    size_t outer = strcspn(key, ".");
    snprintf(name, TEMPLATE_KEY_MAX, "%.*s", (int)outer, key);
    for (int i = 0; i < reader->count; i++)
        if (reader->leaves[i].use == TEMPLATE_READ && strncmp(reader->leaves[i].key, key, outer + 1) == 0)
            return key;
    return name;
}

static bool is_empty(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static int check_keys(struct template_reader *reader, const struct architecture *row)
{
    char name[TEMPLATE_KEY_MAX];
    for (int i = 0; i < reader->count; i++) {
        struct template_leaf *leaf = &reader->leaves[i];
        char value[TEMPLATE_SPELLED_MAX];
        template_spell(leaf->value, value);
        if (leaf->use != TEMPLATE_UNUSED)
            continue;
        if (!is_empty(leaf->value) && !is_idle(row, leaf->key, value))
            return error_set(reader->error, ERROR_INPUT,
                             "%s: %s = %s is not understood and may change the law; --ignore %s leaves it out",
                             row->type, leaf->key, value, name_ignored(reader, leaf->key, name));
        leaf->use = TEMPLATE_IDLE;
    }
    return ERROR_NONE;
}

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

/* ---- all of it ---- */

static int read_all(struct huggingface *self, struct template_reader *reader)
{
    int code = mark_ignored(reader);
    if (code == ERROR_NONE)
        code = find_architecture(reader, &self->row);
    if (code == ERROR_NONE)
        code = expand_placement(reader, self->row->placement, &self->placement);
    if (code == ERROR_NONE)
        code = expand_settings(reader, self);
    if (code == ERROR_NONE)
        code = check_numbers(reader);
    if (code == ERROR_NONE)
        code = check_pairs(reader, self->row);
    if (code == ERROR_NONE)
        code = check_rotation(reader, self);
    if (code == ERROR_NONE)
        code = check_layers(reader, self);
    if (code == ERROR_NONE)
        code = check_zeros(reader, self);
    if (code == ERROR_NONE)
        code = check_keys(reader, self->row);
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

void huggingface_free(struct huggingface *self)
{
    free(self->placement);
    free(self->settings);
    free(self->given);
    free(self->idle);
    free(self->ignored);
    *self = (struct huggingface){0};
}

void huggingface_key(const struct huggingface *self, const char *name, size_t length, char key[TEMPLATE_KEY_MAX])
{
    char keys[TEMPLATE_VALUE_MAX], template[TEMPLATE_VALUE_MAX];
    find_word(self->given, name, length, keys);
    snprintf(key, TEMPLATE_KEY_MAX, "%.*s", TEMPLATE_KEY_MAX - 1, keys);
    find_word(self->row->settings, name, length, template);
    const char *brace = strchr(template, '{');
    if (!*key && brace)
        asked_key(brace, key);
}

/* Setting by setting, so that an error names the configuration's key as well. */
static int apply_settings(const struct huggingface *self, struct model *model, struct error *error)
{
    const char *rest = self->settings, *word;
    size_t length;
    while ((word = setting_word(&rest, &length))) {
        char setting[TEMPLATE_VALUE_MAX], key[TEMPLATE_KEY_MAX];
        struct error inner = {0};
        snprintf(setting, sizeof setting, "%.*s", (int)length, word);
        if (setting_apply_all(model, setting, &inner) == ERROR_NONE)
            continue;
        huggingface_key(self, setting, strcspn(setting, "="), key);
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
        if (is_zero(word, length))
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
