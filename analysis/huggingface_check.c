#include "analysis/huggingface_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

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
    huggingface_setting(self, name, value);
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
    huggingface_setting(self, "layers", layers);
    huggingface_key(self, "layers", strlen("layers"), key);
    if (!json_is_array(leaf->value))
        return error_set(reader->error, ERROR_INPUT, "%s: %s is %s; expected a list with an entry for each layer",
                         reader->type, leaf->key, template_spell(leaf->value, spelled));
    if (strtod(layers, NULL) == (double)json_array_size(leaf->value))
        return ERROR_NONE;
    size_t count = json_array_size(leaf->value);
    return error_set(reader->error, ERROR_INPUT,
                     "%s: %s has %zu entr%s, and %s is %s; expected an entry for each layer", reader->type, leaf->key,
                     count, count == 1 ? "y" : "ies", key, layers);
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

/* A zero that the configuration gives itself would be a setting's "unless given", which is another value. */
static int check_zeros(const struct template_reader *reader, const struct huggingface *self)
{
    const char *rest = self->settings, *word;
    char keys[TEMPLATE_VALUE_MAX];
    size_t length;
    while ((word = setting_word(&rest, &length))) {
        huggingface_given(self, word, strcspn(word, "="), keys);
        if (*keys && huggingface_is_none(word, length))
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

/* ---- all of it ---- */

int huggingface_check(struct template_reader *reader, const struct huggingface *self)
{
    int code = check_numbers(reader);
    if (code == ERROR_NONE)
        code = check_pairs(reader, self->row);
    if (code == ERROR_NONE)
        code = check_rotation(reader, self);
    if (code == ERROR_NONE)
        code = check_layers(reader, self);
    if (code == ERROR_NONE)
        code = check_zeros(reader, self);
    return code == ERROR_NONE ? check_keys(reader, self->row) : code;
}
