#include "plots/legend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/graph.h"
#include "sim/init.h"
#include "sim/placement.h"
#include "sim/text.h"

enum { NAME_SIZE = 512, CAPTION_SIZE = 2048, FORMULA_SHOWN = 120 };

/* For which profiles a field says something. */
enum applies { ALWAYS, TO_CUSTOM_FORMULAS, TO_FORMULAS_WITH_MOE, TO_INITS_WITH_PARAMETER, TO_MEASUREMENTS };

/* A row is a field of the configuration as a figure's words. The first row is in the key even when all agree. */
static const struct field {
    const char *key;
    const char *before, *after; /* "L = " 64 "", "" 16 " samples" */
    const char *alone;          /* before it in the caption, away from the placement */
    const char *usual, *spoken; /* this value, or an absent one, is spoken of like that */
    enum applies applies;
    bool in_key; /* always */
    enum { CONFIGURED, KIND } role;
} fields[] = {
    {.key = "placement", .before = "", .after = "", .in_key = true},
    {.key = "init", .before = "", .after = "", .alone = "init "},
    {.key = "kind", .before = "", .after = "", .usual = "measured", .spoken = "", .role = KIND},
    {.key = "formula", .before = "", .after = "", .applies = TO_CUSTOM_FORMULAS},
    {.key = "layers", .before = "L = ", .after = ""},
    {.key = "width", .before = "d = ", .after = ""},
    {.key = "tokens", .before = "T = ", .after = ""},
    {.key = "heads", .before = "H = ", .after = ""},
    {.key = "ffn_width", .before = "F = ", .after = ""},
    {.key = "c", .before = "c = ", .after = "", .applies = TO_INITS_WITH_PARAMETER},
    {.key = "s", .before = "s = ", .after = "", .applies = TO_INITS_WITH_PARAMETER},
    {.key = "experts", .before = "E = ", .after = "", .applies = TO_FORMULAS_WITH_MOE},
    {.key = "top_k", .before = "k = ", .after = "", .applies = TO_FORMULAS_WITH_MOE},
    {.key = "router", .before = "", .after = " router", .applies = TO_FORMULAS_WITH_MOE},
    {.key = "activation", .before = "", .after = ""},
    {.key = "norm", .before = "", .after = ""},
    {.key = "mask", .before = "", .after = " mask", .usual = "none", .spoken = "no mask"},
    {.key = "input_correlation", .before = "input correlation ", .after = "", .usual = "0", .spoken = ""},
    {.key = "input_scale", .before = "input scale ", .after = "", .usual = "1", .spoken = ""},
    {.key = "cotangent", .before = "", .after = " cotangent", .usual = "iid", .spoken = ""},
    {.key = "samples", .before = "", .after = " samples", .applies = TO_MEASUREMENTS},
    {.key = "seed", .before = "seed ", .after = "", .applies = TO_MEASUREMENTS},
    {.key = "engine", .before = "", .after = " engine", .applies = TO_MEASUREMENTS},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static bool has_parameter(const struct saved *profile, char parameter)
{
    for (size_t i = 0; i < init_count; i++)
        if (strcmp(init_rows[i].name, profile->init) == 0)
            return init_rows[i].parameter == parameter;
    return false;
}

static bool field_applies(const struct field *field, const struct saved *profile)
{
    switch (field->applies) {
    case TO_CUSTOM_FORMULAS:
        return placement_find(profile->placement) == NULL;
    case TO_FORMULAS_WITH_MOE:
        return strstr(saved_text(profile, "formula", ""), graph_function_name(GRAPH_MOE)) != NULL;
    case TO_INITS_WITH_PARAMETER:
        return has_parameter(profile, field->key[0]);
    case TO_MEASUREMENTS:
        return strcmp(profile->kind, "measured") == 0;
    default:
        return true;
    }
}

/* A formula is shown on one line and not at any length; the cut respects UTF-8. */
static void shorten(char *text)
{
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    if (strlen(text) <= FORMULA_SHOWN)
        return;
    size_t cut = FORMULA_SHOWN;
    while (cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    strcpy(text + cut, "…");
}

/* The field as words into text[NAME_SIZE]; empty where nothing is to be said. */
static void field_words(const struct field *field, const struct saved *profile, char *text)
{
    char value[NAME_SIZE / 2] = "";
    const json_t *json = json_object_get(field->role == KIND ? profile->root : profile->config, field->key);
    if (json_is_string(json))
        snprintf(value, sizeof value, "%s", json_string_value(json));
    else if (json_is_integer(json))
        snprintf(value, sizeof value, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else if (json_is_real(json))
        snprintf(value, sizeof value, "%.10g", json_real_value(json));
    shorten(value);
    if (field->usual != NULL && (value[0] == '\0' || strcmp(value, field->usual) == 0))
        snprintf(text, NAME_SIZE, "%s", field->spoken);
    else if (value[0] == '\0')
        text[0] = '\0';
    else
        snprintf(text, NAME_SIZE, "%s%s%s", field->before, value, field->after);
}

/* Whether the profiles to which the field applies differ in it; common[NAME_SIZE] is what they say otherwise. */
static bool field_differs(const struct field *field, const struct saved_list *list, char *common)
{
    char words[NAME_SIZE];
    bool any = false;
    common[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        if (!field_applies(field, &list->profiles[i]))
            continue;
        field_words(field, &list->profiles[i], any ? words : common);
        if (any && strcmp(words, common) != 0)
            return true;
        any = true;
    }
    return false;
}

static void join(struct text *text, const char *words)
{
    if (words[0] != '\0')
        text_print(text, "%s%s", text->length > 0 ? ", " : "", words);
}

static void name_profile(const struct saved *profile, const bool in_key[FIELDS], char *name)
{
    struct text text = {name, NAME_SIZE, 0};
    char words[NAME_SIZE];
    for (size_t f = 0; f < FIELDS; f++) {
        if (!in_key[f] || !field_applies(&fields[f], profile))
            continue;
        field_words(&fields[f], profile, words);
        join(&text, words);
    }
}

/* The index of the first profile of that name without the words that tell measured from predicted. */
static int group_of(const struct saved_list *list, const bool in_key[FIELDS], size_t index, struct legend *legend)
{
    char own[NAME_SIZE], other[NAME_SIZE];
    bool without_kind[FIELDS];
    for (size_t f = 0; f < FIELDS; f++)
        without_kind[f] = in_key[f] && fields[f].applies != TO_MEASUREMENTS && fields[f].role != KIND;
    name_profile(&list->profiles[index], without_kind, own);
    for (size_t i = 0; i < index; i++) {
        name_profile(&list->profiles[i], without_kind, other);
        if (strcmp(own, other) == 0 && (strcmp(legend->names[i], legend->names[index]) == 0 ||
                                        strcmp(list->profiles[i].kind, list->profiles[index].kind) != 0))
            return legend->groups[i];
    }
    return legend->group_count++;
}

/* Profiles that nothing tells apart (the same run twice) are numbered. */
static void number_repeats(struct legend *legend, size_t index, char *name)
{
    char first[NAME_SIZE - 32];
    snprintf(first, sizeof first, "%.*s", NAME_SIZE - 33, name);
    for (int number = 2;; number++) {
        bool taken = false;
        for (size_t i = 0; i < index; i++)
            taken = taken || strcmp(legend->names[i], name) == 0;
        if (!taken)
            return;
        snprintf(name, NAME_SIZE, "%s (%d)", first, number);
    }
}

/* The least and the greatest value among the profiles; of words, the first and another. */
static void find_ends(const struct field *field, const struct saved_list *list, const struct saved *ends[2])
{
    char words[NAME_SIZE], first[NAME_SIZE];
    ends[0] = ends[1] = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const struct saved *profile = &list->profiles[i];
        double number = saved_number(profile, field->key, NAN);
        if (!field_applies(field, profile))
            continue;
        if (ends[0] == NULL)
            ends[0] = ends[1] = profile;
        field_words(field, ends[0], first);
        field_words(field, profile, words);
        if (number < saved_number(ends[0], field->key, NAN))
            ends[0] = profile;
        if (number > saved_number(ends[1], field->key, NAN) || (isnan(number) && strcmp(words, first) != 0))
            ends[1] = profile;
    }
}

/* Of a field in which profiles may differ without a word in the key: "64 to 512 samples", "dense and conditioned
 * engine". */
static void field_range(const struct field *field, const struct saved_list *list, char *words)
{
    const struct saved *ends[2];
    char low[NAME_SIZE], high[NAME_SIZE];
    words[0] = '\0';
    find_ends(field, list, ends);
    if (ends[0] == NULL)
        return;
    field_words(field, ends[0], low);
    field_words(field, ends[1], high);
    size_t before = strlen(field->before), after = strlen(field->after);
    if (strcmp(low, high) == 0 || strlen(low) < after || strlen(high) < before)
        snprintf(words, NAME_SIZE, "%.500s", low);
    else
        snprintf(words, NAME_SIZE, "%.*s %s %.200s", (int)(strlen(low) - after), low,
                 isnan(saved_number(ends[0], field->key, NAN)) ? "and" : "to", high + before);
}

/* The formulas of the profiles, each once, after the label that stands for it in the key. */
static void write_formulas(const struct field *field, const struct saved_list *list, struct text *caption)
{
    char words[NAME_SIZE];
    for (size_t i = 0; i < list->count; i++) {
        bool named = !field_applies(field, &list->profiles[i]);
        for (size_t j = 0; j < i && !named; j++)
            named = strcmp(list->profiles[j].placement, list->profiles[i].placement) == 0;
        if (named)
            continue;
        field_words(field, &list->profiles[i], words);
        text_print(caption, "%s%s: %s", caption->length > 0 ? ", " : "", list->profiles[i].placement, words);
    }
}

/* Whether profiles of one label have different formulas. */
static bool labels_are_ambiguous(const struct saved_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(list->profiles[i].placement, list->profiles[j].placement) == 0 &&
                strcmp(saved_text(&list->profiles[i], "formula", ""), saved_text(&list->profiles[j], "formula", "")) !=
                    0)
                return true;
    return false;
}

/* Where a field's words go. */
enum goes { TO_KEY, TO_CAPTION, TO_CAPTION_AS_RANGE, TO_CAPTION_BY_LABEL, NOWHERE };

static enum goes destination(const struct field *field, const struct saved_list *list, const struct abscissa *abscissa,
                             bool differs)
{
    char key[64] = "";
    bool along = abscissa != NULL && abscissa->over == ABSCISSA_PROFILES;
    if (along)
        abscissa_key(abscissa, key, sizeof key);
    if (strcmp(field->key, key) == 0)
        return NOWHERE;
    if (along && differs && abscissa_has_key(abscissa, field->key))
        return TO_CAPTION_AS_RANGE;
    if (differs && field->applies == TO_CUSTOM_FORMULAS && !labels_are_ambiguous(list))
        return TO_CAPTION_BY_LABEL;
    return field->in_key || differs ? TO_KEY : TO_CAPTION;
}

static void write_caption(const struct saved_list *list, const struct abscissa *abscissa, bool in_key[FIELDS],
                          struct text *caption)
{
    char words[NAME_SIZE];
    for (size_t f = 0; f < FIELDS; f++) {
        bool differs = field_differs(&fields[f], list, words);
        enum goes goes = destination(&fields[f], list, abscissa, differs);
        in_key[f] = goes == TO_KEY;
        if (goes == TO_CAPTION_AS_RANGE)
            field_range(&fields[f], list, words);
        if (goes == TO_CAPTION_BY_LABEL)
            write_formulas(&fields[f], list, caption);
        if (goes != TO_CAPTION && goes != TO_CAPTION_AS_RANGE)
            continue;
        if (words[0] != '\0' && fields[f].alone != NULL)
            text_print(caption, "%s%s%s", caption->length > 0 ? ", " : "", fields[f].alone, words);
        else
            join(caption, words);
    }
}

int legend_init(struct legend *legend, const struct saved_list *list, const struct abscissa *abscissa,
                struct error *error)
{
    bool in_key[FIELDS], along = abscissa != NULL && abscissa->over == ABSCISSA_PROFILES;
    char words[NAME_SIZE], caption[CAPTION_SIZE] = "";
    struct text text = {caption, sizeof caption, 0};
    *legend = (struct legend){.names = calloc(list->count, sizeof *legend->names),
                              .groups = calloc(list->count, sizeof *legend->groups)};
    if (legend->names == NULL || legend->groups == NULL)
        goto out_of_memory;
    write_caption(list, abscissa, in_key, &text);
    for (; legend->count < list->count; legend->count++) {
        name_profile(&list->profiles[legend->count], in_key, words);
        if (!along)
            number_repeats(legend, legend->count, words);
        legend->names[legend->count] = strdup(words);
        if (legend->names[legend->count] == NULL)
            goto out_of_memory;
        legend->groups[legend->count] = group_of(list, in_key, legend->count, legend);
    }
    legend->caption = strdup(caption);
    if (legend->caption == NULL)
        goto out_of_memory;
    return ERROR_NONE;
out_of_memory:
    legend_free(legend);
    return error_set(error, ERROR_RESOURCE, "out of memory for the key of %zu profiles", list->count);
}

void legend_free(struct legend *legend)
{
    for (size_t i = 0; i < legend->count; i++)
        free(legend->names[i]);
    free(legend->names);
    free(legend->groups);
    free(legend->caption);
    *legend = (struct legend){0};
}
