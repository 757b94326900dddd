#include "tests/configuration.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Sizes that a template may ask for, small and all different. */
static const struct {
    const char *key;
    json_int_t value;
} sizes[] = {
    {"hidden_size", 64},
    {"d_model", 64},
    {"n_embd", 64},
    {"num_hidden_layers", 4},
    {"n_layer", 4},
    {"n_layers", 4},
    {"decoder_layers", 4},
    {"num_layers", 4},
    {"num_attention_heads", 8},
    {"n_head", 8},
    {"n_heads", 8},
    {"num_heads", 8},
    {"decoder_attention_heads", 8},
    {"intermediate_size", 40},
    {"ffn_dim", 40},
    {"d_ff", 40},
    {"decoder_ffn_dim", 40},
    {"d_kv", 8},
    {"n_embed", 64},
    {"max_position_embeddings", 70},
    {"rope_scaling.factor", 4},
};

int configuration_read(struct huggingface *self, const char *text, const char *ignore, struct error *error)
{
    char *copy = strdup(text);
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *config = json_loads(copy, 0, NULL);
    ck_assert_msg(config != NULL, "%s", copy);
    int code = huggingface_read(self, config, ignore, error);
    json_decref(config);
    free(copy);
    return code;
}

void configuration_refused(const char *text, const char *ignore, const char *wanted)
{
    struct huggingface read;
    struct error error = {0};
    ck_assert_int_eq(configuration_read(&read, text, ignore, &error), ERROR_INPUT);
    ck_assert_msg(strstr(error.text, wanted) != NULL, "'%s' is not in '%s'", wanted, error.text);
    ck_assert_ptr_null(read.settings);
}

void configuration_set(json_t *config, const char *key, json_t *value)
{
    const char *dot = strchr(key, '.');
    if (!dot) {
        json_object_set_new(config, key, value);
        return;
    }
    char outer[64];
    snprintf(outer, sizeof outer, "%.*s", (int)(dot - key), key);
    if (!json_object_get(config, outer))
        json_object_set_new(config, outer, json_object());
    json_object_set_new(json_object_get(config, outer), dot + 1, value);
}

/* The value that a condition "{key=...}=value" wants; one that names another key is met by that key's absence. */
static void meet(json_t *config, const char *when)
{
    char key[64], value[64];
    const char *close = strchr(when, '}');
    snprintf(key, sizeof key, "%.*s", (int)strcspn(when + 1, "=}"), when + 1);
    for (; close[1] == '}'; close++)
        ;
    if (close[1] != '=' || close[2] == '{')
        return;
    snprintf(value, sizeof value, "%.*s", (int)strcspn(close + 2, " "), close + 2);
    if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
        configuration_set(config, key, json_boolean(value[0] == 't'));
    else if (strcmp(value, "none") == 0)
        configuration_set(config, key, json_null());
    else
        configuration_set(config, key, value[0] <= '9' ? json_integer(atoi(value)) : json_string(value));
}

json_t *configuration_smallest(const struct architecture *row, struct huggingface *model, struct error *error)
{
    json_t *config = json_object();
    configuration_set(config, "model_type", json_string(row->type));
    for (const char *when = row->when; *when; when += strcspn(when, " ")) {
        when += strspn(when, " ");
        meet(config, when);
    }
    for (int asked = 0; asked < 20 && huggingface_read(model, config, NULL, error) != ERROR_NONE; asked++) {
        const char *lacks = strstr(error->text, "lacks ");
        ck_assert_msg(lacks != NULL, "%s: %s", row->type, error->text);
        size_t i = 0;
        while (i < sizeof sizes / sizeof *sizes && strcmp(sizes[i].key, lacks + 6) != 0)
            i++;
        ck_assert_msg(i < sizeof sizes / sizeof *sizes, "%s: %s", row->type, error->text);
        configuration_set(config, sizes[i].key, json_integer(sizes[i].value));
        *error = (struct error){0};
    }
    return config;
}
