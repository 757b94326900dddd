#include "analysis/bounds/hypothesis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"

/* The model without what it owns or calls itself by: plain values that can be compared as bytes, because a setting
 * writes its own field only. */
static struct model *plain_copy(const struct model *model, struct model *copy)
{
    memcpy(copy, model, sizeof *copy);
    memset(copy->placement, 0, sizeof copy->placement);
    memset(&copy->formula, 0, sizeof copy->formula);
    memset(&copy->init, 0, sizeof copy->init);
    return copy;
}

static bool same_plain(const struct model *a, const struct model *b)
{
    struct model x, y;
    return memcmp(plain_copy(a, &x), plain_copy(b, &y), sizeof x) == 0;
}

/* Compared as text, which is the same for equal graphs; two of FORMULA_TEXT_MAX bytes or none where memory is out. */
static bool same_texts(size_t print(const void *of, char *buffer, size_t size), const void *a, const void *b)
{
    char *texts = calloc(2, FORMULA_TEXT_MAX);
    if (!texts)
        return false;
    print(a, texts, FORMULA_TEXT_MAX);
    print(b, texts + FORMULA_TEXT_MAX, FORMULA_TEXT_MAX);
    bool same = strcmp(texts, texts + FORMULA_TEXT_MAX) == 0;
    free(texts);
    return same;
}

static size_t print_formula(const void *of, char *buffer, size_t size)
{
    return formula_print(of, ";", buffer, size);
}

static size_t print_init(const void *of, char *buffer, size_t size)
{
    return graph_print(of, ";", buffer, size);
}

static bool same_formula(const struct model *a, const struct model *b)
{
    return same_texts(print_formula, &a->formula, &b->formula);
}

static bool same_init(const struct model *a, const struct model *b)
{
    return same_texts(print_init, &a->init.graph, &b->init.graph);
}

static bool same_parameters(const struct model *a, const struct model *b)
{
    return a->init.c == b->init.c && a->init.s == b->init.s;
}

bool hypothesis_same(const struct model *a, const struct model *b)
{
    return same_plain(a, b) && same_parameters(a, b) && same_formula(a, b) && same_init(a, b);
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

/* The model with the setting taken is the model itself. */
static int holds_equal(const struct word *word, const char *value, const struct model *model, bool *holds,
                       struct error *error)
{
    struct model taken;
    plain_copy(model, &taken);
    int code = setting_apply(&taken, word->name, value, error);
    if (code == ERROR_NONE) {
        *holds = same_plain(&taken, model);
        if (taken.formula.rule_count > 0)
            *holds = *holds && same_formula(&taken, model);
        if (taken.init.graph.statement_count > 0)
            *holds = *holds && same_init(&taken, model) && (!strchr(value, ':') || same_parameters(&taken, model));
    }
    model_free(&taken);
    return code;
}

/* A numeric field: the table of settings gives integers the argument N and reals X. */
static double field_value(const struct setting *setting, const struct model *model)
{
    const char *field = (const char *)model + setting->offset;
    if (setting->argument[0] == 'N')
        return *(const int *)field;
    return *(const double *)field;
}

static int holds_order(const struct word *word, const char *value, const struct model *model, bool *holds,
                       struct error *error)
{
    const struct setting *setting = setting_find(word->name, error);
    double number;
    if (!setting)
        return error->code;
    int code = setting_real(word->name, value, &number, error);
    if (code != ERROR_NONE)
        return code;
    double difference = field_value(setting, model) - number;
    *holds = word->relation == '<' ? difference <= 0 : difference >= 0;
    return ERROR_NONE;
}

static int holds_word(const struct word *word, const struct model *model, bool *holds, struct error *error)
{
    char values[HYPOTHESIS_WORD_MAX], *rest = values;
    snprintf(values, sizeof values, "%s", word->value);
    *holds = false;
    for (char *value; !*holds && (value = strsep(&rest, "|"));) {
        setting_unquote(value);
        int code = word->relation == '=' ? holds_equal(word, value, model, holds, error)
                                         : holds_order(word, value, model, holds, error);
        if (code != ERROR_NONE)
            return code;
    }
    return ERROR_NONE;
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
