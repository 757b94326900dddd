#include "analysis/bounds/hypothesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

bool hypothesis_same(const struct model *a, const struct model *b)
{
    bool same = true;
    for (size_t i = 0; i < setting_count && same; i++)
        same = setting_same(&settings[i], a, b);
    return same;
}

struct word {
    char name[64];
    char relation; /* '=', '<' or '>'; the last two include equality */
    char *value;   /* alternatives, separated by '|' */
    char text[HYPOTHESIS_WORD_MAX];
};

/* Takes the next word of *text; false at its end. */
static bool next_word(const char **text, struct word *word)
{
    size_t length;
    const char *start = setting_word(text, &length);
    if (!start)
        return false;
    snprintf(word->text, sizeof word->text, "%.*s", (int)length, start);
    size_t name = strcspn(word->text, "<>=");
    snprintf(word->name, sizeof word->name, "%.*s", (int)name, word->text);
    word->relation = word->text[name];
    word->value = word->text + name + (word->relation != '\0') + (word->relation != '=' && word->relation != '\0');
    return true;
}

/* Whether the setting at that value is the model's; of scaleinit:2 the parameter too. */
static int holds_equal(const struct setting *setting, const char *value, const struct model *model, bool *holds,
                       struct error *error)
{
    struct model taken;
    model_defaults(&taken);
    int code = setting_apply(&taken, setting->name, value, error);
    const struct setting *parameter = strchr(value, ':') ? setting_parameter(setting, &taken) : NULL;
    if (code == ERROR_NONE)
        *holds = setting_same(setting, &taken, model) && (!parameter || setting_same(parameter, &taken, model));
    model_free(&taken);
    return code;
}

static int holds_order(const struct setting *setting, char relation, const char *value, const struct model *model,
                       bool *holds, struct error *error)
{
    double number;
    int code = setting_real(setting->name, value, &number, error);
    if (code != ERROR_NONE)
        return code;
    double difference = setting_number(setting, model) - number;
    *holds = relation == '<' ? difference <= 0 : difference >= 0; // never of what is no number
    return ERROR_NONE;
}

static int holds_word(const struct word *word, const struct model *model, bool *holds, struct error *error)
{
    char values[HYPOTHESIS_WORD_MAX], *rest = values;
    const struct setting *setting = setting_find(word->name, error);
    snprintf(values, sizeof values, "%s", word->value);
    *holds = false;
    for (char *value; setting && !*holds && (value = strsep(&rest, "|"));) {
        setting_unquote(value);
        int code = word->relation == '=' ? holds_equal(setting, value, model, holds, error)
                                         : holds_order(setting, word->relation, value, model, holds, error);
        if (code != ERROR_NONE)
            return code;
    }
    return setting ? ERROR_NONE : error->code;
}

int hypothesis_holds(const char *text, const struct model *model, bool *holds, char failed[HYPOTHESIS_WORD_MAX],
                     struct error *error)
{
    struct word word;
    *holds = true;
    while (text && *holds && next_word(&text, &word)) {
        int code = holds_word(&word, model, holds, error);
        if (code != ERROR_NONE)
            return code;
    }
    if (!*holds)
        snprintf(failed, HYPOTHESIS_WORD_MAX, "%s", word.text);
    return ERROR_NONE;
}
