#include "sim/setting.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/branch.h"
#include "sim/placement.h"
#include "sim/text.h"

int setting_integer(const char *what, const char *text, long long least, long long most, long long *value,
                    struct error *error)
{
    char *end;
    errno = 0;
    long long parsed = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || isspace((unsigned char)*text))
        return error_set(error, ERROR_INPUT, "%s: '%s' is not a whole number", what, text);
    if (errno == ERANGE || parsed < least || parsed > most)
        return error_set(error, ERROR_INPUT, "%s: %s is not between %lld and %lld", what, text, least, most);
    *value = parsed;
    return ERROR_NONE;
}

int setting_real(const char *what, const char *text, double *value, struct error *error)
{
    char *end;
    double parsed = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)*text) || !isfinite(parsed))
        return error_set(error, ERROR_INPUT, "%s: '%s' is not a finite number", what, text);
    *value = parsed;
    return ERROR_NONE;
}

static void *field(const struct setting *self, struct model *model)
{
    return (char *)model + self->offset;
}

/* Finer limits are model_check's, which sees all settings together. */
static int apply_integer(const struct setting *self, struct model *model, const char *text, struct error *error)
{
    long long value = 0;
    int code = setting_integer(self->name, text, 1, INT_MAX, &value, error);
    if (code == ERROR_NONE)
        *(int *)field(self, model) = (int)value;
    return code;
}

static int apply_real(const struct setting *self, struct model *model, const char *text, struct error *error)
{
    return setting_real(self->name, text, (double *)field(self, model), error);
}

enum { CHOICES_MAX = 32 };

static int apply_choice(const struct setting *self, struct model *model, const char *text, struct error *error)
{
    const char *names[CHOICES_MAX];
    size_t count = 0;
    for (; count < CHOICES_MAX && (names[count] = self->choice(count)); count++) {
        if (strcmp(names[count], text) == 0) {
            self->choose(model, count);
            return ERROR_NONE;
        }
    }
    return text_unknown(error, self->name, text, names, count);
}

static int apply_placement(const struct setting *self, struct model *model, const char *text, struct error *error)
{
    (void)self;
    struct formula formula;
    int code = placement_resolve(text, &formula, model->placement, error);
    if (code != ERROR_NONE)
        return code;
    formula_free(&model->formula);
    model->formula = formula;
    return ERROR_NONE;
}

static int apply_init(const struct setting *self, struct model *model, const char *text, struct error *error)
{
    (void)self;
    struct init init;
    int code = init_resolve(text, &init, error);
    if (code != ERROR_NONE)
        return code;
    init_free(&model->init);
    model->init = init;
    return ERROR_NONE;
}

/* NAME_choice and NAME_choose for a table of rows with a name. */
#define CHOICE(field, table, table_count)                                                                              \
    static const char *field##_choice(size_t i)                                                                        \
    {                                                                                                                  \
        return i < table_count ? table[i].name : NULL;                                                                 \
    }                                                                                                                  \
    static void field##_choose(struct model *model, size_t i)                                                          \
    {                                                                                                                  \
        model->field = &table[i];                                                                                      \
    }

CHOICE(activation, activations, activation_count)
CHOICE(norm, norms, norm_count)
CHOICE(mask, masks, mask_count)
CHOICE(router, routers, router_count)
CHOICE(cotangent, cotangents, cotangent_count)

#define INTEGER(name, letter, summary, field, readers, variable)                                                       \
    {                                                                                                                  \
        name, letter, "N", summary, apply_integer, offsetof(struct model, field), NULL, NULL, readers, variable        \
    }
#define REAL(name, summary, field)                                                                                     \
    {                                                                                                                  \
        name, 0, "X", summary, apply_real, offsetof(struct model, field), NULL, NULL, 0, NULL                          \
    }
#define CHOOSE(field, summary, readers, variable)                                                                      \
    {                                                                                                                  \
#field, 0, "NAME", summary, apply_choice, offsetof(struct model, field), field##_choice, field##_choose,       \
            readers, variable                                                                                          \
    }

/* Readers. */
enum {
    NORM = 1 << GRAPH_NORM,
    ATTN = 1 << GRAPH_ATTN,
    MOE = 1 << GRAPH_MOE,
    FFNS = 1 << GRAPH_FFN | MOE,
};

const struct setting settings[] = {
    {"placement", 'p', "NAME|FORMULA|FILE",
     "block formula: a name of `spanscope list`, or text such as\n"
     "'y = norm(x + attn(x)); x = norm(x + ffn(y))', or a file of it",
     apply_placement, 0, NULL, NULL, 0, NULL},
    {"init", 'i', "NAME[:VALUE]|TEXT|FILE",
     "standard deviations of the weights: a name of `spanscope list` (VALUE is\n"
     "its c or s), or text such as 'wq = 0; wk = 0; ...', or a file of it",
     apply_init, 0, NULL, NULL, ATTN | FFNS, NULL},
    INTEGER("layers", 'L', "number of blocks", layers, 0, NULL),
    INTEGER("width", 'd', "features of a token", width, 0, NULL),
    INTEGER("heads", 'H', "attention heads; divide the width", heads, ATTN, "H"),
    INTEGER("tokens", 'T', "length of the sequence", tokens, 0, NULL),
    INTEGER("ffn-width", 'F', "hidden features of an FFN or expert; 4 d unless given", ffn_width, FFNS, "F"),
    CHOOSE(activation, "the FFN's nonlinearity", FFNS, "phi2"),
    CHOOSE(norm, "what norm() is", NORM, NULL),
    CHOOSE(mask, "which tokens a token sees", ATTN, NULL),
    INTEGER("experts", 'E', "experts of moe()", experts, MOE, "E"),
    INTEGER("top-k", 'k', "experts that a token goes to", top_k, MOE, "k"),
    CHOOSE(router, "how moe() weighs the chosen experts", MOE, NULL),
    REAL("input-correlation", "correlation of two input tokens, 0 to 1", input_correlation),
    REAL("input-scale", "standard deviation of an input entry", input_scale),
    CHOOSE(cotangent, "the gradient put on the output", 0, NULL),
};
const size_t setting_count = sizeof settings / sizeof *settings;

static bool is_variable(const struct graph_node *node, const char *name)
{
    return name && node->kind == GRAPH_VARIABLE && strcmp(graph_variables[node->variable].name, name) == 0;
}

static bool graph_reads(const struct graph *graph, const struct setting *setting)
{
    for (int n = 0; n < graph->node_count; n++)
        if ((setting->readers >> graph->nodes[n].kind & 1) || is_variable(&graph->nodes[n], setting->variable))
            return true;
    return false;
}

/* Whether the branches of a formula's graph own the matrix. */
static bool owns_matrix(const struct graph *graph, const struct model *model, enum init_matrix matrix)
{
    for (int s = 0; s < graph->site_count; s++)
        if (branch_of(graph->nodes[graph->sites[s].node].kind)->entries(model, matrix) > 0)
            return true;
    return false;
}

/* The scale of a matrix depends on the variable where the statement's expression holds it. */
static bool scale_reads(const struct graph *init, enum init_matrix matrix, const char *variable)
{
    bool needed[GRAPH_NODES_MAX] = {false}, found = false;
    for (int i = 0; i < init->statement_count; i++)
        if (strcmp(init->statements[i].name, init_matrix_names[matrix]) == 0)
            needed[init->statements[i].node] = true;
    for (int n = init->node_count - 1; n >= 0; n--) {
        const struct graph_node *node = &init->nodes[n];
        if (!needed[n])
            continue;
        found |= is_variable(node, variable);
        if (node->a >= 0)
            needed[node->a] = true;
        if (node->b >= 0)
            needed[node->b] = true;
    }
    return found;
}

static bool block_reads(const struct graph *graph, const struct model *model, const struct setting *setting)
{
    bool reads = graph_reads(graph, setting);
    for (enum init_matrix m = 0; m < INIT_MATRICES && !reads; m++)
        reads = owns_matrix(graph, model, m) && scale_reads(&model->init.graph, m, setting->variable);
    return reads;
}

bool setting_is_read(const struct setting *setting, const struct model *model)
{
    const struct formula *formula = &model->formula;
    if (setting->readers == 0)
        return true;
    bool reads = block_reads(&formula->first, model, setting) || block_reads(&formula->last, model, setting);
    for (int r = 0; r < formula->rule_count && !reads; r++)
        reads = graph_reads(&formula->rules[r].condition, setting) ||
                block_reads(&formula->rules[r].block, model, setting);
    return reads;
}

size_t setting_print_readers(const struct setting *setting, char *buffer, size_t size)
{
    struct text text = {buffer, size, 0};
    int left = __builtin_popcount(setting->readers) + (setting->variable != NULL);
    for (int kind = 0; setting->readers >> kind; kind++) {
        if (!(setting->readers >> kind & 1))
            continue;
        left--;
        text_print(&text, "%s()%s", graph_function_name((enum graph_kind)kind),
                   left > 1   ? ", "
                   : left > 0 ? " or "
                              : "");
    }
    if (setting->variable)
        text_print(&text, "the name %s", setting->variable);
    return text.length;
}

const struct setting *setting_find(const char *name, struct error *error)
{
    const char *names[sizeof settings / sizeof *settings];
    for (size_t i = 0; i < setting_count; i++) {
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
        names[i] = settings[i].name;
    }
    text_unknown(error, "setting", name, names, setting_count);
    return NULL;
}

int setting_apply(struct model *model, const char *name, const char *text, struct error *error)
{
    const struct setting *setting = setting_find(name, error);
    return setting ? setting->apply(setting, model, text, error) : error->code;
}

const char *setting_word(const char **text, size_t *length)
{
    *text += strspn(*text, " \n");
    const char *word = *text, *end = word;
    for (bool quoted = false; *end && (quoted || !strchr(" \n", *end)); end++)
        quoted ^= *end == '\'';
    *length = (size_t)(end - word);
    *text = end;
    return *length > 0 ? word : NULL;
}

void setting_unquote(char *word)
{
    char *out = word;
    for (; *word; word++)
        if (*word != '\'')
            *out++ = *word;
    *out = '\0';
}

static int apply_word(struct model *model, const char *start, size_t length, struct error *error)
{
    char word[384];
    if (length >= sizeof word)
        return error_set(error, ERROR_INPUT, "setting '%.40s...' is too long", start);
    memcpy(word, start, length);
    word[length] = '\0';
    char *value = strchr(word, '=');
    if (!value)
        return error_set(error, ERROR_INPUT, "setting '%s' has no '=VALUE'", word);
    *value++ = '\0';
    int quotes = 0;
    for (const char *c = value; *c; c++)
        quotes += *c == '\'';
    if (quotes % 2 == 1)
        return error_set(error, ERROR_INPUT, "setting %s: the quote in %s is not closed", word, value);
    setting_unquote(value);
    return setting_apply(model, word, value, error);
}

int setting_apply_all(struct model *model, const char *text, struct error *error)
{
    int code = ERROR_NONE;
    size_t length;
    for (const char *word; code == ERROR_NONE && (word = setting_word(&text, &length));)
        code = apply_word(model, word, length, error);
    return code;
}
