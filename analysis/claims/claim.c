#include "analysis/claims/claim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/claims/ledger.h"
#include "sim/setting.h"

const char *const claim_tier_names[CLAIM_TIERS] = {"smoke", "check", "full"};

const struct claim_group *const claim_groups[] = {&ledger_span,      &ledger_baseline,  &ledger_limit,
                                                  &ledger_published, &ledger_attention, &ledger_training};
const size_t claim_group_count = sizeof claim_groups / sizeof *claim_groups;

size_t claim_count(void)
{
    size_t count = 0;
    for (size_t g = 0; g < claim_group_count; g++)
        count += claim_groups[g]->count;
    return count;
}

const struct claim *claim_at(size_t i)
{
    size_t g = 0;
    while (g < claim_group_count && i >= claim_groups[g]->count)
        i -= claim_groups[g++]->count;
    return g < claim_group_count ? &claim_groups[g]->claims[i] : NULL;
}

const struct claim_group *claim_group_of(const struct claim *claim)
{
    for (size_t g = 0; g < claim_group_count; g++)
        for (size_t i = 0; i < claim_groups[g]->count; i++)
            if (&claim_groups[g]->claims[i] == claim)
                return claim_groups[g];
    return NULL;
}

const struct claim *claim_find(const char *id, struct error *error)
{
    enum { NAMES_MAX = 256 };
    const char *names[NAMES_MAX];
    size_t count = claim_count();
    for (size_t i = 0; i < count; i++) {
        const struct claim *claim = claim_at(i);
        if (strcmp(claim->id, id) == 0)
            return claim;
        if (i < NAMES_MAX)
            names[i] = claim->id;
    }
    const char *nearest = error_nearest(id, names, count < NAMES_MAX ? count : NAMES_MAX);
    if (nearest)
        error_set(error, ERROR_INPUT, "unknown claim '%s'; did you mean '%s'?", id, nearest);
    else
        error_set(error, ERROR_INPUT, "unknown claim '%s'; see `spanscope verify --list`", id);
    return NULL;
}

int claim_check_count(const struct claim *claim)
{
    int count = 0;
    while (count < CLAIM_CHECKS_MAX && claim->checks[count].statistic)
        count++;
    return count;
}

size_t claim_print_against(const struct claim_check *check, char *buffer, size_t size)
{
    const struct claim_quantity *by = &check->predictor;
    if (by->statistic)
        return (size_t)snprintf(buffer, size, "the predicted %s of %s", by->statistic, by->observable);
    return (size_t)snprintf(buffer, size, "%s", check->against ? check->against : "");
}

bool claim_is_planned(const struct claim *claim, enum claim_tier tier)
{
    return claim->plans[tier].configurations[0] != NULL;
}

/* Whether the text has a word that begins with the name and goes on with nothing or one of the marks. */
static bool has_word(const char *text, const char *name, const char *marks)
{
    size_t length, wanted = strlen(name);
    for (const char *word; text && (word = setting_word(&text, &length));)
        if (length >= wanted && strncmp(word, name, wanted) == 0 && (length == wanted || strchr(marks, word[wanted])))
            return true;
    return false;
}

bool claim_speaks_of(const struct claim *claim, const char *setting)
{
    return has_word(claim->hypotheses, setting, "=<>") || has_word(claim->free, setting, "");
}

static int alternatives(const char *word, size_t length)
{
    int count = 1;
    for (size_t i = 0; i < length; i++)
        count += word[i] == '|';
    return count;
}

static int expansions(const char *text)
{
    int count = 1;
    size_t length;
    for (const char *word; (word = setting_word(&text, &length));)
        count *= alternatives(word, length);
    return count;
}

int claim_configuration_count(const struct claim *claim, enum claim_tier tier)
{
    int count = 0;
    for (int p = 0; p < CLAIM_PLANS_MAX && claim->plans[tier].configurations[p]; p++)
        count += expansions(claim->plans[tier].configurations[p]);
    return count;
}

/* "name=a|b|c" with alternative i; used is the length of text so far. */
static size_t append_alternative(char text[CLAIM_TEXT_MAX], size_t used, const char *word, size_t length, int i)
{
    size_t name = strcspn(word, "=") + 1;
    const char *value = word + name, *end = word + length;
    while (i-- > 0)
        value += strcspn(value, "|") + 1;
    size_t value_length = strcspn(value, "|");
    if (value + value_length > end)
        value_length = (size_t)(end - value);
    int printed = snprintf(text + used, CLAIM_TEXT_MAX - used, "%s%.*s%.*s", used > 0 ? " " : "", (int)name, word,
                           (int)value_length, value);
    return used + (size_t)printed;
}

/* Number i of a text's expansions, as a number of mixed radix whose last digit is the last word's. */
static void expand(const char *text, int i, char out[CLAIM_TEXT_MAX])
{
    int radix = expansions(text);
    size_t used = 0, length;
    out[0] = '\0';
    for (const char *word; (word = setting_word(&text, &length)) && used < CLAIM_TEXT_MAX;) {
        radix /= alternatives(word, length);
        used = append_alternative(out, used, word, length, i / radix);
        i %= radix;
    }
}

void claim_configuration(const struct claim *claim, enum claim_tier tier, int i, char text[CLAIM_TEXT_MAX])
{
    const char *const *plan = claim->plans[tier].configurations;
    while (i >= expansions(*plan))
        i -= expansions(*plan++);
    expand(*plan, i, text);
}

/* Who takes the words of a configuration, where it is not NULL. */
struct takers {
    bool train;
    struct model *model;
    struct recipe *recipe;
};

/* A word NAME=VALUE is the recipe's or a setting's. */
static int take_word(void *context, char *word, struct error *error)
{
    const struct takers *takers = context;
    char name[64];
    size_t length = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)length, word);
    if (!takers->train || !recipe_has(name))
        return takers->model ? setting_apply_all(takers->model, word, error) : ERROR_NONE;
    setting_unquote(word + length);
    return takers->recipe ? recipe_set(takers->recipe, name, word + length + 1, error) : ERROR_NONE;
}

/* Of the claim, and of number i of its plan. */
static int take_configuration(const struct claim *claim, enum claim_tier tier, int i, struct model *model,
                              struct recipe *recipe, struct error *error)
{
    char text[CLAIM_TEXT_MAX];
    claim_configuration(claim, tier, i, text);
    struct takers takers = {claim->trains, model, recipe};
    int code = setting_each(claim->settings, take_word, &takers, error);
    return code == ERROR_NONE ? setting_each(text, take_word, &takers, error) : code;
}

int claim_settings(const struct claim *claim, enum claim_tier tier, int i, const struct claim_override *overrides,
                   int override_count, struct model *model, struct error *error)
{
    model_defaults(model);
    int code = take_configuration(claim, tier, i, model, NULL, error);
    for (int o = 0; code == ERROR_NONE && o < override_count; o++)
        code = setting_apply(model, overrides[o].name, overrides[o].text, error);
    return code;
}

int claim_recipe(const struct claim *claim, enum claim_tier tier, int i, struct recipe *recipe, struct error *error)
{
    recipe_defaults(recipe);
    int code = take_configuration(claim, tier, i, NULL, recipe, error);
    return code == ERROR_NONE ? recipe_finish(recipe, error) : code;
}

int claim_model(const struct claim *claim, enum claim_tier tier, int i, const struct claim_override *overrides,
                int override_count, struct model *model, struct error *error)
{
    int code = claim_settings(claim, tier, i, overrides, override_count, model, error);
    if (code == ERROR_NONE)
        code = model_check(model, error);
    if (code != ERROR_NONE)
        model_free(model);
    return code;
}

int claim_scalar(const char *what, const char *text, const struct model *model, int layer, double *value,
                 struct error *error)
{
    struct graph_scope scope = model_scope(model, layer);
    return formula_scalar(text, what, &scope, value, error);
}
