#include "analysis/huggingface.h"

#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

void huggingface_free(struct huggingface *self)
{
    free(self->placement);
    free(self->settings);
    free(self->given);
    free(self->idle);
    free(self->ignored);
    *self = (struct huggingface){0};
}

/* ---- words name=value, of settings and of the keys that gave them ---- */

/* The value of a word; "" where it is not among them. */
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

void huggingface_setting(const struct huggingface *self, const char *name, char value[TEMPLATE_VALUE_MAX])
{
    find_word(self->settings, name, strlen(name), value);
}

void huggingface_given(const struct huggingface *self, const char *name, size_t length, char keys[TEMPLATE_VALUE_MAX])
{
    find_word(self->given, name, length, keys);
}

void huggingface_key(const struct huggingface *self, const char *name, size_t length, char key[TEMPLATE_KEY_MAX])
{
    char keys[TEMPLATE_VALUE_MAX], template[TEMPLATE_VALUE_MAX];
    huggingface_given(self, name, length, keys);
    snprintf(key, TEMPLATE_KEY_MAX, "%.*s", TEMPLATE_KEY_MAX - 1, keys);
    find_word(self->row->settings, name, length, template);
    const char *brace = strchr(template, '{');
    if (!*key && brace)
        template_asked(brace, key);
}

const struct setting *huggingface_word(const char *word)
{
    char name[TEMPLATE_KEY_MAX];
    struct error error;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    return setting_find(name, &error);
}

bool huggingface_is_none(const char *word, size_t length)
{
    size_t name = strcspn(word, "=");
    const struct setting *setting = huggingface_word(word);
    return length == name + 2 && word[name + 1] == '0' && setting && setting->usual && strcmp(setting->usual, "0") == 0;
}

/* ---- the model, and its words ---- */

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
        if (huggingface_is_none(word, length))
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
