#include "plots/legend.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/schema.h"
#include "plots/learning.h"
#include "sim/readers.h"
#include "sim/setting.h"
#include "sim/text.h"

enum { NAME_SIZE = 512, CAPTION_SIZE = 2048, TEXT_SHOWN = 120, FIELDS_MOST = 96 };

enum role { SETTING, WHOLE_TEXT, KIND, TRAINED, SAMPLING, UNKNOWN };

/* A member of the configuration as a figure's words. The first is in the key even when all agree. */
struct field {
    const char *key;
    enum role role;
    const struct setting *setting; /* of SETTING and WHOLE_TEXT */
    const char *before, *after;    /* of the others: "" 16 " samples" */
    bool ambiguous;                /* of WHOLE_TEXT: profiles of one name have different texts */
    bool training;                 /* says how something was trained */
};

struct fields {
    struct field rows[FIELDS_MOST];
    size_t count;
};

/* What was learned; of measurements only, as what follows. One word stands for all that is not said of a profile without
 * a training beside others. */
static const struct field trained[] = {
    {.key = SCHEMA_TRAINING_MEMBER, .role = TRAINED},
    {.key = "task", .role = SAMPLING, .before = "task ", .after = "", .training = true},
    {.key = "steps", .role = SAMPLING, .before = "", .after = " steps", .training = true},
    {.key = "step", .role = SAMPLING, .before = "at step ", .after = "", .training = true},
};

/* How the numbers came about. */
static const struct field sampling[] = {
    {.key = SCHEMA_SAMPLES, .role = SAMPLING, .before = "", .after = " samples"},
    {.key = SCHEMA_SEED, .role = SAMPLING, .before = "seed ", .after = ""},
    {.key = SCHEMA_ENGINE, .role = SAMPLING, .before = "", .after = " engine"},
};

/* What says nothing of the model and is left out. */
static const char *const silent[] = {SCHEMA_FIRST_SAMPLE, SCHEMA_SHARD, LEARNING_SPREAD, LEARNING_RATIO};

static void add_field(struct fields *fields, struct field field)
{
    if (fields->count < FIELDS_MOST)
        fields->rows[fields->count++] = field;
}

static bool is_known(const struct fields *fields, const char *key)
{
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        if (strcmp(silent[i], key) == 0)
            return true;
    for (size_t i = 0; i < sizeof sampling / sizeof *sampling; i++)
        if (strcmp(sampling[i].key, key) == 0)
            return true;
    for (size_t i = 0; i < fields->count; i++)
        if (strcmp(fields->rows[i].key, key) == 0)
            return true;
    return false;
}

static const json_t *training_of(const struct saved *profile)
{
    return json_object_get(profile->root, SCHEMA_TRAINING_MEMBER);
}

static bool is_measured(const struct saved *profile)
{
    return strcmp(profile->kind, schema_kinds[SCHEMA_MEASURED]) == 0;
}

/* Whether the name of a text is one of its table, which says all. */
static bool is_row(const struct setting *setting, const char *name)
{
    const char *known;
    for (size_t i = 0; (known = setting_known(setting, i)); i++)
        if (strcmp(known, name) == 0)
            return true;
    return false;
}

static bool is_named(const struct setting *setting, const struct saved *profile)
{
    return is_row(setting, saved_text(profile, setting->key, ""));
}

/* The name and the whole text of a setting in one profile. */
struct labelled {
    const char *name, *text;
};

static int by_name_and_text(const void *a, const void *b)
{
    const struct labelled *first = a, *second = b;
    int names = strcmp(first->name, second->name);
    return names != 0 ? names : strcmp(first->text, second->text);
}

/* Whether two profiles of one name have different texts, or texts that are not known to be the same. In order, such two
 * are neighbours, and what is not known stands first. */
static bool is_ambiguous(const struct saved_list *list, const struct setting *setting)
{
    struct labelled all[list->count + 1];
    for (size_t i = 0; i < list->count; i++)
        all[i] = (struct labelled){saved_text(&list->profiles[i], setting->key, ""),
                                   saved_text(&list->profiles[i], setting->text->key, "")};
    qsort(all, list->count, sizeof *all, by_name_and_text);
    for (size_t i = 1; i < list->count; i++) {
        const struct labelled *a = &all[i - 1], *b = &all[i];
        if (strcmp(a->name, b->name) == 0 && (*a->text ? strcmp(a->text, b->text) != 0 : !is_row(setting, a->name)))
            return true;
    }
    return false;
}

/* Members that this program does not know, of a newer one or a stranger's, tell profiles apart all the same. */
static void add_unknown(struct fields *fields, const struct saved_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *key;
        json_t *value;
        json_object_foreach(list->profiles[i].config, key, value)
        {
            if (!is_known(fields, key) && !json_is_object(value) && !json_is_array(value))
                add_field(fields, (struct field){.key = key,
                                                 .role = UNKNOWN,
                                                 .before = "",
                                                 .after = "",
                                                 .training = json_object_get(training_of(&list->profiles[i]), key)});
        }
    }
}

static void make_fields(struct fields *fields, const struct saved_list *list)
{
    fields->count = 0;
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].text)
            add_field(fields, (struct field){.key = settings[i].key, .role = SETTING, .setting = &settings[i]});
    add_field(fields, (struct field){.key = SCHEMA_KIND, .role = KIND, .before = "", .after = ""});
    for (size_t i = 0; i < setting_count; i++)
        if (settings[i].text)
            add_field(fields, (struct field){.key = settings[i].text->key,
                                             .role = WHOLE_TEXT,
                                             .setting = &settings[i],
                                             .ambiguous = is_ambiguous(list, &settings[i])});
    for (size_t i = 0; i < setting_count; i++)
        if (!settings[i].text)
            add_field(fields, (struct field){.key = settings[i].key, .role = SETTING, .setting = &settings[i]});
    for (size_t i = 0; i < sizeof trained / sizeof *trained; i++)
        add_field(fields, trained[i]);
    add_unknown(fields, list);
    for (size_t i = 0; i < sizeof sampling / sizeof *sampling; i++)
        add_field(fields, sampling[i]);
}

/* Whether the field says something of the profile: nothing reads the experts of a model without any. */
static bool field_applies(const struct field *field, const struct saved *profile)
{
    if (field->training && !training_of(profile))
        return false;
    switch (field->role) {
    case WHOLE_TEXT:
        return field->ambiguous || !is_named(field->setting, profile);
    case TRAINED:
    case SAMPLING:
        return is_measured(profile);
    case SETTING:
        return field->setting->text || !profile->model || readers_exist(field->setting, profile->model);
    default:
        return true;
    }
}

/* FNV-1a, of 16 bits: it tells long texts of one beginning apart. */
static unsigned hash(const char *text)
{
    unsigned value = 2166136261u;
    for (; *text; text++)
        value = (value ^ (unsigned char)*text) * 16777619u;
    return (value ^ value >> 16) & 0xffffu;
}

/* A text is shown on one line and not at any length; the cut respects UTF-8. value has NAME_SIZE / 2 bytes. */
static void show_text(const char *text, char *value)
{
    size_t cut = strlen(text);
    if (cut > TEXT_SHOWN)
        for (cut = TEXT_SHOWN; cut > 0 && ((unsigned char)text[cut] & 0xC0) == 0x80;)
            cut--;
    snprintf(value, NAME_SIZE / 2, "%.*s", (int)cut, text);
    for (char *c = value; *c; c++)
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    if (text[cut])
        snprintf(value + cut, NAME_SIZE / 2 - cut, "… [%04x]", hash(text));
}

/* A value of an axis is off by its rounding, of which a key says nothing. */
static void show_number(double number, char *value)
{
    snprintf(value, NAME_SIZE / 2, "%.6g", number);
    if (fabs(strtod(value, NULL) - number) > 1e-12 * fabs(number))
        setting_print_number(number, value, NAME_SIZE / 2);
}

static void value_text(const struct field *field, const struct saved *profile, char value[NAME_SIZE / 2])
{
    const json_t *json = json_object_get(field->role == KIND ? profile->root : profile->config, field->key);
    *value = '\0';
    if (json_is_string(json))
        show_text(json_string_value(json), value);
    else if (json_is_integer(json))
        snprintf(value, NAME_SIZE / 2, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else if (json_is_real(json))
        show_number(json_real_value(json), value);
    else if (json_is_boolean(json))
        snprintf(value, NAME_SIZE / 2, "%s", json_is_true(json) ? "true" : "false");
    else if (field->ambiguous && !is_named(field->setting, profile))
        snprintf(value, NAME_SIZE / 2, "%s not saved, line %zu", field->key, profile->line);
}

/* The field as words into text[NAME_SIZE]; empty where nothing is to be said. */
static void field_words(const struct field *field, const struct saved *profile, char *text)
{
    char value[NAME_SIZE / 2];
    value_text(field, profile, value);
    *text = '\0';
    if (field->role == SETTING)
        setting_words(field->setting, value, text, NAME_SIZE);
    else if (field->role == WHOLE_TEXT)
        snprintf(text, NAME_SIZE, "%s", value);
    else if (field->role == TRAINED)
        snprintf(text, NAME_SIZE, "%s", training_of(profile) ? "" : "untrained");
    else if (field->role == UNKNOWN)
        snprintf(text, NAME_SIZE, "%.60s %s", field->key, *value ? value : "not given");
    else if (*value && !(field->role == KIND && strcmp(value, schema_kinds[SCHEMA_MEASURED]) == 0))
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

static void name_profile(const struct fields *fields, const struct saved *profile, const bool in_key[], char *name)
{
    struct text text = {name, NAME_SIZE, 0};
    char words[NAME_SIZE];
    *name = '\0'; // where all profiles make one curve
    for (size_t f = 0; f < fields->count; f++) {
        if (!in_key[f] || !field_applies(&fields->rows[f], profile))
            continue;
        field_words(&fields->rows[f], profile, words);
        join(&text, words);
    }
}

static void free_names(char **names)
{
    for (size_t i = 0; names && names[i]; i++)
        free(names[i]);
    free(names);
}

/* ---- which names are the same ---- */

struct named {
    const char *name;
    size_t index;
};

static int by_name_and_index(const void *a, const void *b)
{
    const struct named *first = a, *second = b;
    int names = strcmp(first->name, second->name);
    return names != 0 ? names : (first->index > second->index) - (first->index < second->index);
}

/* Of each name: the first that is the same, the next that is (count: none), and how many before it are. */
static void find_same(char *const names[], size_t count, size_t first[], size_t next[], size_t before[])
{
    struct named all[count + 1];
    for (size_t i = 0; i < count; i++)
        all[i] = (struct named){names[i], i};
    qsort(all, count, sizeof *all, by_name_and_index);
    for (size_t i = 0; i < count; i++) {
        size_t index = all[i].index, last = i > 0 ? all[i - 1].index : 0;
        bool same = i > 0 && strcmp(all[i].name, all[i - 1].name) == 0;
        first[index] = same ? first[last] : index;
        before[index] = same ? before[last] + 1 : 0;
        next[index] = count;
        if (same)
            next[last] = index;
    }
}

/* That of the first profile of the same bare name, which is of the other kind or has the same name throughout. bare[]:
 * the first of the bare name; other[], at such a first: the first that is not of its kind, or list->count. */
static int group_of(const struct saved_list *list, const size_t bare[], size_t other[], size_t index,
                    struct legend *legend)
{
    size_t head = bare[index], same = legend->first[index], found = other[head];
    if (strcmp(list->profiles[head].kind, list->profiles[index].kind) != 0) {
        other[head] = found < index ? found : index;
        found = head;
    }
    if (same < found && bare[same] == head)
        found = same;
    return found < index ? legend->groups[found] : legend->group_count++;
}

/* Profiles that nothing tells apart (the same run twice) are numbered. */
static void number_repeat(size_t before, char *name)
{
    char first[NAME_SIZE - 32];
    if (before == 0)
        return;
    snprintf(first, sizeof first, "%.*s", NAME_SIZE - 33, name);
    snprintf(name, NAME_SIZE, "%s (%zu)", first, before + 1);
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
        if (!ends[0])
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
    if (!ends[0])
        return;
    field_words(field, ends[0], low);
    field_words(field, ends[1], high);
    const char *lead = field->setting ? field->setting->before : field->before;
    const char *tail = field->setting ? field->setting->after : field->after;
    size_t before = lead ? strlen(lead) : 0, after = tail ? strlen(tail) : 0;
    if (strcmp(low, high) == 0 || strlen(low) < after || strlen(high) < before)
        snprintf(words, NAME_SIZE, "%.500s", low);
    else
        snprintf(words, NAME_SIZE, "%.*s %s %.200s", (int)(strlen(low) - after), low,
                 isnan(saved_number(ends[0], field->key, NAN)) ? "and" : "to", high + before);
}

/* The texts of the profiles, each once, after the label that stands for it in the key. */
static void write_texts(const struct field *field, const struct saved_list *list, struct text *caption)
{
    char words[NAME_SIZE];
    struct named all[list->count + 1];
    bool first[list->count + 1];
    for (size_t i = 0; i < list->count; i++)
        all[i] = (struct named){saved_text(&list->profiles[i], field->setting->key, ""), i};
    qsort(all, list->count, sizeof *all, by_name_and_index);
    for (size_t i = 0; i < list->count; i++)
        first[all[i].index] = i == 0 || strcmp(all[i].name, all[i - 1].name) != 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct saved *profile = &list->profiles[i];
        field_words(field, profile, words);
        if (first[i] && field_applies(field, profile) && *words)
            text_print(caption, "%s%s: %s", caption->length > 0 ? ", " : "",
                       saved_text(profile, field->setting->key, ""), words);
    }
}

/* Where a field's words go. */
enum goes { TO_KEY, TO_CAPTION, TO_CAPTION_AS_RANGE, TO_CAPTION_BY_LABEL, NOWHERE };

static enum goes destination(const struct field *field, const struct abscissa *abscissa, bool first, bool differs)
{
    char key[64] = "";
    bool along = abscissa && abscissa->over == ABSCISSA_PROFILES;
    if (along)
        abscissa_key(abscissa, key, sizeof key);
    if (strcmp(field->key, key) == 0)
        return NOWHERE;
    if (along && differs && abscissa_has_key(abscissa, field->key))
        return field->role == UNKNOWN ? NOWHERE : TO_CAPTION_AS_RANGE; // without words a range says nothing
    if (differs && field->role == WHOLE_TEXT && !field->ambiguous)
        return TO_CAPTION_BY_LABEL;
    if ((field->role == UNKNOWN || field->role == TRAINED) && !differs)
        return NOWHERE;
    return first || differs ? TO_KEY : TO_CAPTION;
}

static void choose_places(const struct fields *fields, const struct saved_list *list, const struct abscissa *abscissa,
                          enum goes goes[])
{
    char words[NAME_SIZE];
    for (size_t f = 0; f < fields->count; f++) {
        bool differs = field_differs(&fields->rows[f], list, words);
        goes[f] = destination(&fields->rows[f], abscissa, f == 0, differs);
    }
}

static void write_caption(const struct fields *fields, const struct saved_list *list, const enum goes goes[],
                          struct text *caption)
{
    char words[NAME_SIZE];
    for (size_t f = 0; f < fields->count; f++) {
        field_differs(&fields->rows[f], list, words);
        if (goes[f] == TO_CAPTION_AS_RANGE)
            field_range(&fields->rows[f], list, words);
        if (goes[f] == TO_CAPTION_BY_LABEL)
            write_texts(&fields->rows[f], list, caption);
        if (goes[f] != TO_CAPTION && goes[f] != TO_CAPTION_AS_RANGE)
            continue;
        if (*words && fields->rows[f].role == SETTING && fields->rows[f].setting->text)
            text_print(caption, "%s%s %s", caption->length > 0 ? ", " : "", fields->rows[f].key, words);
        else
            join(caption, words);
    }
}

static int out_of_memory(const struct saved_list *list, struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for the key of %zu profiles", list->count);
}

/* The names of all profiles, [list->count]; numbered where they are to be distinct. NULL where memory is out. */
static char **make_names(const struct fields *fields, const struct saved_list *list, const bool in_key[], bool distinct)
{
    size_t count = list->count, first[count + 1], next[count + 1], before[count + 1];
    char name[NAME_SIZE], **names = calloc(count + 1, sizeof *names);
    for (size_t i = 0; names && i < count; i++) {
        name_profile(fields, &list->profiles[i], in_key, name);
        names[i] = strdup(name);
        if (!names[i]) {
            free_names(names);
            return NULL;
        }
    }
    if (!names || !distinct)
        return names;
    find_same(names, count, first, next, before);
    for (size_t i = 0; i < count; i++) {
        if (before[i] == 0)
            continue;
        snprintf(name, sizeof name, "%s", names[i]);
        number_repeat(before[i], name);
        char *numbered = strdup(name);
        if (!numbered) {
            free_names(names);
            return NULL;
        }
        free(names[i]);
        names[i] = numbered;
    }
    return names;
}

/* Whether profiles that differ in the field differ in something else of the key, too. */
static bool is_spare(const struct fields *fields, const struct saved_list *list, const bool in_key[], size_t f)
{
    bool rest[FIELDS_MOST], spare = true;
    size_t count = list->count, first[count + 1], next[count + 1], before[count + 1];
    memcpy(rest, in_key, fields->count * sizeof *rest);
    rest[f] = false;
    char **names = make_names(fields, list, rest, false), words[NAME_SIZE], other[NAME_SIZE];
    if (!names)
        return false;
    find_same(names, count, first, next, before);
    for (size_t i = 0; i < count && spare; i++) {
        field_words(&fields->rows[f], &list->profiles[i], words);
        field_words(&fields->rows[f], &list->profiles[first[i]], other);
        spare = strcmp(words, other) == 0;
    }
    free_names(names);
    return spare;
}

/* What goes to the key. A key has room for few words: how the numbers came about is said in the caption where profiles
 * are told apart without it. */
static void choose_key(const struct fields *fields, const struct saved_list *list, enum goes goes[], bool in_key[])
{
    static const char *const order[] = {SCHEMA_SAMPLES, SCHEMA_ENGINE, SCHEMA_SEED};
    for (size_t f = 0; f < fields->count; f++)
        in_key[f] = goes[f] == TO_KEY;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        for (size_t f = 0; f < fields->count; f++)
            if (in_key[f] && strcmp(fields->rows[f].key, order[i]) == 0 && is_spare(fields, list, in_key, f)) {
                in_key[f] = false;
                goes[f] = TO_CAPTION_AS_RANGE;
            }
}

/* The names, and without the words that tell measured from predicted, the groups. */
static bool name_all(struct legend *legend, const struct fields *fields, const struct saved_list *list,
                     const bool in_key[], bool along)
{
    bool bare[FIELDS_MOST];
    size_t count = list->count, first[count + 1], next[count + 1], before[count + 1], other[count + 1];
    for (size_t f = 0; f < fields->count; f++)
        bare[f] = in_key[f] && fields->rows[f].role != SAMPLING && fields->rows[f].role != KIND;
    char **bare_names = make_names(fields, list, bare, false);
    legend->names = bare_names ? make_names(fields, list, in_key, !along) : NULL;
    if (legend->names) {
        legend->count = count;
        find_same(legend->names, count, legend->first, legend->next, before);
        find_same(bare_names, count, first, next, before);
        for (size_t i = 0; i < count; i++)
            other[i] = count;
        for (size_t i = 0; i < count; i++)
            legend->groups[i] = group_of(list, first, other, i, legend);
    }
    free_names(bare_names);
    return legend->names;
}

int legend_init(struct legend *legend, const struct saved_list *list, const struct abscissa *abscissa,
                struct error *error)
{
    bool in_key[FIELDS_MOST];
    char caption[CAPTION_SIZE] = "";
    struct text text = {caption, sizeof caption, 0};
    struct fields fields;
    enum goes goes[FIELDS_MOST];
    make_fields(&fields, list);
    choose_places(&fields, list, abscissa, goes);
    choose_key(&fields, list, goes, in_key);
    write_caption(&fields, list, goes, &text);
    *legend = (struct legend){.groups = calloc(list->count + 1, sizeof *legend->groups),
                              .first = calloc(list->count + 1, sizeof *legend->first),
                              .next = calloc(list->count + 1, sizeof *legend->next),
                              .caption = strdup(caption)};
    if (legend->groups && legend->first && legend->next && legend->caption &&
        name_all(legend, &fields, list, in_key, abscissa && abscissa->over == ABSCISSA_PROFILES))
        return ERROR_NONE;
    legend_free(legend);
    return out_of_memory(list, error);
}

void legend_free(struct legend *legend)
{
    free_names(legend->names);
    free(legend->groups);
    free(legend->first);
    free(legend->next);
    free(legend->caption);
    *legend = (struct legend){0};
}
