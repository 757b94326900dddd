#include "sim/setting.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/placement.h"
#include "sim/print.h"
#include "sim/readers.h"
#include "sim/stream.h"
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
    errno = 0;
    double parsed = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)*text) || !isfinite(parsed))
        return error_set(error, ERROR_INPUT, "%s: '%s' is not a finite number", what, text);
    if (parsed == 0 && errno == ERANGE) // a number of another meaning
        return error_set(error, ERROR_INPUT, "%s: the number %s is too small", what, text);
    *value = parsed == 0 ? 0 : parsed; // -0 is 0, in print and in stores too
    return ERROR_NONE;
}

static void *field(const struct setting *setting, struct model *model)
{
    return (char *)model + setting->offset;
}

static const void *field_of(const struct setting *setting, const struct model *model)
{
    return (const char *)model + setting->offset;
}

/* ---- numbers ---- */

bool setting_is_number(const struct setting *setting)
{
    return setting->type == SETTING_INTEGER || setting->type == SETTING_REAL;
}

double setting_number(const struct setting *setting, const struct model *model)
{
    if (setting->type == SETTING_INTEGER)
        return *(const int *)field_of(setting, model);
    return setting->type == SETTING_REAL ? *(const double *)field_of(setting, model) : NAN;
}

size_t setting_print_number(double value, char *buffer, size_t size)
{
    char text[SETTING_NUMBER_MAX];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return (size_t)snprintf(buffer, size, "%s", text);
}

static int check_number(const struct setting *setting, double value, struct error *error)
{
    char least[SETTING_NUMBER_MAX], most[SETTING_NUMBER_MAX], text[SETTING_NUMBER_MAX];
    if (value >= setting->least && value <= setting->most)
        return ERROR_NONE;
    setting_print_number(value, text, sizeof text);
    setting_print_number(setting->least, least, sizeof least);
    setting_print_number(setting->most, most, sizeof most);
    return error_set(error, ERROR_INPUT, "%s: %s is not between %s and %s", setting->name, text, least, most);
}

int setting_check(const struct setting *setting, const struct model *model, struct error *error)
{
    return setting_is_number(setting) ? check_number(setting, setting_number(setting, model), error) : ERROR_NONE;
}

static int apply_integer(const struct setting *setting, struct model *model, const char *text, struct error *error)
{
    long long value = 0;
    int code = setting_integer(setting->name, text, (long long)setting->least, (long long)setting->most, &value, error);
    if (code == ERROR_NONE)
        *(int *)field(setting, model) = (int)value;
    return code;
}

static int apply_real(const struct setting *setting, struct model *model, const char *text, struct error *error)
{
    double value = 0;
    int code = setting_real(setting->name, text, &value, error);
    if (code == ERROR_NONE)
        code = check_number(setting, value, error);
    if (code == ERROR_NONE)
        *(double *)field(setting, model) = value;
    return code;
}

/* ---- choices ---- */

enum { CHOICES_MAX = 32 };

static const void *choice_row(const struct setting *setting, size_t i)
{
    return (const char *)setting->table.rows + i * setting->table.stride;
}

static const char *row_name(const void *row)
{
    return *(const char *const *)row;
}

const char *setting_choice(const struct setting *setting, size_t i)
{
    return setting->type == SETTING_CHOICE && i < *setting->table.count ? row_name(choice_row(setting, i)) : NULL;
}

static int apply_choice(const struct setting *setting, struct model *model, const char *text, struct error *error)
{
    const char *names[CHOICES_MAX];
    size_t count = 0;
    for (; count < CHOICES_MAX && (names[count] = setting_choice(setting, count)); count++) {
        if (strcmp(names[count], text) == 0) {
            *(const void **)field(setting, model) = choice_row(setting, count);
            return ERROR_NONE;
        }
    }
    return text_unknown(error, setting->name, text, names, count);
}

/* ---- texts ---- */

static int apply_placement(struct model *model, const char *text, struct error *error)
{
    struct formula formula;
    int code = placement_resolve(text, &formula, model->placement, error);
    if (code != ERROR_NONE)
        return code;
    formula_free(&model->formula);
    model->formula = formula;
    return ERROR_NONE;
}

static size_t print_placement(const struct model *model, char *buffer, size_t size)
{
    return formula_print(&model->formula, "; ", buffer, size);
}

static char no_parameter(const struct model *model)
{
    (void)model;
    return 0;
}

static int apply_init(struct model *model, const char *text, struct error *error)
{
    struct init init;
    int code = init_resolve(text, &init, error);
    if (code != ERROR_NONE)
        return code;
    init_free(&model->init);
    model->init = init;
    return ERROR_NONE;
}

static size_t print_init(const struct model *model, char *buffer, size_t size)
{
    return print_graph(&model->init.graph, "; ", buffer, size);
}

static char init_parameter(const struct model *model)
{
    for (size_t i = 0; i < init_count; i++)
        if (strcmp(init_rows[i].name, model->init.label) == 0)
            return init_rows[i].parameter;
    return 0;
}

static char gives_nothing(const char *text)
{
    (void)text;
    return 0;
}

static const char *known_placement(size_t i)
{
    return i < placement_count ? placements[i].name : NULL;
}

static const char *known_init(size_t i)
{
    return i < init_count ? init_rows[i].name : NULL;
}

static const struct setting_text placement_text = {"formula",    apply_placement, print_placement,
                                                   no_parameter, gives_nothing,   known_placement};
static const struct setting_text init_text = {"init_formula", apply_init, print_init,
                                              init_parameter, init_given, known_init};

/* ---- what attention must do for some of its settings ---- */

static bool is_of_one_sequence(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    (void)model;
    return graph_is_of_one_sequence(graph, node);
}

static bool rotates(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    return node->option[GRAPH_ATTEND_ROPE] >= 0 || (model->rope > 0 && graph_is_of_one_sequence(graph, node));
}

static const struct scaling *scaling_at(const struct model *model, const struct graph_node *node)
{
    int choice = node->option[GRAPH_ATTEND_SCALING];
    return choice >= 0 ? &scalings[choice] : model->scaling;
}

static bool scales_by_factor(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    return rotates(model, graph, node) && scaling_at(model, node)->by_factor;
}

static bool scales_by_length(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    return rotates(model, graph, node) && scaling_at(model, node)->by_length;
}

static bool draws_bias(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    int choice = node->option[GRAPH_ATTEND_BIAS];
    return choice >= 0 ? biases[choice].drawing != NULL : model->bias->drawing && graph_is_of_one_sequence(graph, node);
}

static bool has_sink(const struct model *model, const struct graph *graph, const struct graph_node *node)
{
    (void)graph;
    return node->option[GRAPH_ATTEND_SINK] >= 0 || model->sink > 0;
}

static const struct setting_need one_sequence = {is_of_one_sequence, "queries and keys of one sequence"};
static const struct setting_need a_rope = {rotates, "a rope"}, a_sink = {has_sink, "a sink"};
static const struct setting_need a_drawn_bias = {draws_bias, "a bias that is drawn"};
static const struct setting_need a_factor = {scales_by_factor, "a rope whose scaling has a factor"};
static const struct setting_need a_length = {scales_by_length, "a rope whose scaling has a length"};

/* ---- the table ---- */

/* Largest sizes: far above any use, and small enough that every product of two of them fits size_t. */
enum { LAYERS_MAX = 100000, WIDTH_MAX = MODEL_WIDTH_MAX, FFN_WIDTH_MAX = 4 * WIDTH_MAX, TOKENS_MAX = 1 << 16 };

/* Squares of the input and their sums and ratios stay clear of both ends of double; so does 1/sqrt(eps), and a norm is
 * no norm where eps is as large as what it is added to. */
#define SCALE_MIN   1e-100
#define SCALE_MAX   1e100
#define EPSILON_MIN 1e-100
#define EPSILON_MAX 1

// clang-format off
#define INTEGER(member)     .key = #member, .type = SETTING_INTEGER, .argument = "N", \
                            .offset = offsetof(struct model, member), .scale = SETTING_LOGARITHMIC, .least = 1
#define INTEGER_FROM(member, smallest) .key = #member, .type = SETTING_INTEGER, .argument = "N", \
                            .offset = offsetof(struct model, member), .scale = SETTING_LOGARITHMIC, .least = smallest
#define REAL(json, member)  .key = #json, .type = SETTING_REAL, .argument = "X", .offset = offsetof(struct model, member)
#define TEXT(json, member)  .key = #json, .type = SETTING_TEXT, .offset = offsetof(struct model, member), .text = &json##_text
#define CHOICE(member)      .name = #member, .key = #member, .type = SETTING_CHOICE, .argument = "NAME", \
                            .offset = offsetof(struct model, member), \
                            .table = {member##s, sizeof *member##s, &member##_count}

const struct setting settings[] = {
    {.name = "placement", TEXT(placement, placement), .letter = 'p',
     .argument = "NAME|FORMULA|FILE",
     .summary = "block formula: a name of `spanscope list`, or text such as\n"
                "'y = norm(x + attn(x)); x = norm(x + ffn(y))', or a file of it"},
    {.name = "init", TEXT(init, init.label), .letter = 'i', .readers = READERS_MATRICES,
     .argument = "NAME[:VALUE]|TEXT|FILE",
     .summary = "standard deviations of the weights: a name of `spanscope list` (VALUE is\n"
                "its c or s), or text such as 'w = 1/sqrt(n); wq = 0', or a file of it"},
    {.name = "c", REAL(c, init.c), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .variable = "c", .before = "c = ",
     .summary = "the number c of an initialisation that has it, such as scaleinit"},
    {.name = "s", .rare = true, REAL(s, init.s), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .variable = "s", .before = "s = ",
     .summary = "the number s of an initialisation that has it, such as gpt2"},
    {.name = "layers", INTEGER(layers), .letter = 'L', .most = LAYERS_MAX, .before = "L = ",
     .summary = "number of blocks"},
    {.name = "width", INTEGER(width), .letter = 'd', .most = WIDTH_MAX, .before = "d = ",
     .summary = "features of a token"},
    {.name = "heads", INTEGER(heads), .letter = 'H', .most = WIDTH_MAX, .before = "H = ",
     .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_HEADS, .variable = "H",
     .summary = "attention heads; divide the width where --head-width is not given"},
    {.name = "kv-heads", .rare = true, INTEGER_FROM(kv_heads, 0), .most = WIDTH_MAX, .before = "key heads = ", .usual = "0", .spoken = "",
     .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_KV_HEADS, .variable = "kv_heads",
     .summary = "heads of keys and values, each of which serves a group of heads;\n0, which is H, unless given"},
    {.name = "head-width", .rare = true, INTEGER_FROM(head_width, 0), .most = WIDTH_MAX, .before = "head width ", .usual = "0", .spoken = "",
     .variable = "head_width",
     .summary = "features of a head of attn(); 0, which is d/H, unless given"},
    {.name = "tokens", INTEGER(tokens), .letter = 'T', .most = TOKENS_MAX, .before = "T = ",
     .summary = "length of the sequence"},
    {.name = "ffn-width", INTEGER(ffn_width), .letter = 'F', .most = FFN_WIDTH_MAX, .before = "F = ",
     .variable = "F",
     .summary = "hidden features of an FFN or expert; 4 d unless given"},
    {CHOICE(activation), .readers = READERS_PHI, .variable = "phi2",
     .summary = "phi(), the nonlinearity of ffn()"},
    {CHOICE(norm), .readers = READERS_NORM, .option = 1 + GRAPH_NORM_KIND,
     .summary = "what norm() is"},
    {.name = "eps", .rare = true, REAL(eps, eps), .least = EPSILON_MIN, .most = EPSILON_MAX, .scale = SETTING_LOGARITHMIC,
     .readers = READERS_NORM, .option = 1 + GRAPH_NORM_EPS, .before = "eps = ", .usual = "1e-06", .spoken = "",
     .summary = "what norm() adds to the mean square under the root; 1e-6 unless given"},
    {CHOICE(mask), .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_MASK, .need = &one_sequence, .after = " mask", .usual = "none", .spoken = "no mask",
     .summary = "which tokens a token sees"},
    {.name = "window", .rare = true, INTEGER_FROM(window, 0), .most = INT_MAX / 2, .before = "window ", .usual = "0", .spoken = "",
     .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_WINDOW, .need = &one_sequence,
     .summary = "tokens that a token sees up to itself, without a causal mask on both\nsides; 0, all, unless given"},
    {.name = "scale", .rare = true, REAL(scale, scale), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "logit scale ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_SCALE,
     .summary = "factor of attention's logits; 0, 1/sqrt(head width), unless given"},
    {.name = "rope", .rare = true, REAL(rope, rope), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "rotary base ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_ROPE, .need = &one_sequence,
     .summary = "base of rotary positions, such as 1e4; 0, none, unless given"},
    {.name = "rotary", .rare = true, REAL(rotary, rotary), .least = 0, .most = 1,
     .before = "rotary part ", .usual = "1", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_ROTARY, .need = &a_rope,
     .summary = "fraction of a head that is rotated; 1 unless given"},
    {.name = "bias", .rare = true, .key = "bias", .type = SETTING_CHOICE, .argument = "NAME", .offset = offsetof(struct model, bias),
     .table = {biases, sizeof *biases, &bias_count}, .after = " bias", .usual = "none", .spoken = "",
     .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_BIAS, .need = &one_sequence,
     .summary = "what is added to attention's logits by distance"},
    {.name = "cap", .rare = true, REAL(cap, cap), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "soft cap ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_CAP,
     .summary = "c of the soft cap c tanh(logit/c); 0, none, unless given"},
    {.name = "sink", .rare = true, INTEGER_FROM(sink, 0), .most = 1,
     .before = "sink ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_SINK,
     .summary = "1: one logit more, of 0, whose share goes nowhere"},
    {.name = "bias-sd", .rare = true, REAL(bias_sd, bias_sd), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "bias sd ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_BIAS_SD, .need = &a_drawn_bias,
     .summary = "standard deviation of what a drawn bias is drawn from; 0, 1/sqrt(d) of t5\nand 0.02 of swin2, unless given"},
    {.name = "sink-sd", .rare = true, REAL(sink_sd, sink_sd), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "sink sd ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_SINK_SD, .need = &a_sink,
     .summary = "standard deviation of a sink's logit, a normal for each head;\n0, the logit 0, unless given"},
    {.name = "rope-scaling", .rare = true, .key = "rope_scaling", .type = SETTING_CHOICE, .argument = "NAME",
     .offset = offsetof(struct model, scaling), .table = {scalings, sizeof *scalings, &scaling_count},
     .before = "rotary scaling ", .usual = "default", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_SCALING, .need = &a_rope,
     .summary = "how rotary positions are stretched to long sequences"},
    {.name = "rope-factor", .rare = true, REAL(rope_factor, factor), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "rotary factor ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_FACTOR, .need = &a_factor,
     .summary = "by how much --rope-scaling stretches them"},
    {.name = "rope-length", .rare = true, REAL(rope_length, length), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "rotary length ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_LENGTH, .need = &a_length,
     .summary = "length of the sequences that rotary positions were made for, before\nthey are stretched"},
    {.name = "rope-gain", .rare = true, REAL(rope_gain, gain), .least = 0, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "rotary gain ", .usual = "0", .spoken = "", .readers = READERS_ATTEND, .option = 1 + GRAPH_ATTEND_GAIN, .need = &a_rope,
     .summary = "what rotated queries and keys are multiplied by; 0, 0.1 log(factor) + 1 of\nyarn and else 1, unless given"},
    {CHOICE(law), .rare = true, .readers = READERS_MATRICES, .matrix = init_law, .after = " weights", .usual = "normal", .spoken = "",
     .summary = "law of a weight's entries; all but normal are drawn as matrices"},
    {.name = "experts", .rare = true, INTEGER(experts), .letter = 'E', .most = STREAM_EXPERTS, .before = "E = ",
     .readers = READERS_MOE, .option = 1 + GRAPH_MOE_EXPERTS, .variable = "E",
     .summary = "experts of moe()"},
    {.name = "top-k", .rare = true, INTEGER(top_k), .letter = 'k', .most = STREAM_EXPERTS, .before = "k = ",
     .readers = READERS_MOE, .option = 1 + GRAPH_MOE_TOP, .variable = "k",
     .summary = "experts that a token goes to"},
    {CHOICE(router), .rare = true, .readers = READERS_MOE, .option = 1 + GRAPH_MOE_ROUTER, .after = " router",
     .summary = "how moe() weighs the chosen experts"},
    {.name = "input-correlation", REAL(input_correlation, input_correlation), .least = 0, .most = 1,
     .before = "input correlation ", .usual = "0", .spoken = "",
     .summary = "correlation of two input tokens, 0 to 1"},
    {.name = "input-scale", REAL(input_scale, input_scale), .least = SCALE_MIN, .most = SCALE_MAX, .scale = SETTING_LOGARITHMIC,
     .before = "input scale ", .usual = "1", .spoken = "",
     .summary = "standard deviation of an input entry"},
    {.name = "memory-tokens", .rare = true, INTEGER_FROM(memory_tokens, 0), .most = TOKENS_MAX, .before = "memory T = ", .usual = "0", .spoken = "",
     .readers = READERS_MEMORY,
     .summary = "tokens of an input; 0, which is T, unless given"},
    {.name = "memory-correlation", .rare = true, REAL(memory_correlation, memory_correlation), .least = 0, .most = 1,
     .before = "memory correlation ", .usual = "0", .spoken = "", .readers = READERS_MEMORY,
     .summary = "correlation of two tokens of an input, 0 to 1"},
    {CHOICE(cotangent), .after = " cotangent", .usual = "iid", .spoken = "",
     .summary = "the gradient put on the output"},
    {.name = "vocabulary", .rare = true, INTEGER_FROM(vocabulary, 2), .most = WIDTH_MAX, .before = "V = ",
     .readers = READERS_LOSS,
     .summary = "classes that the loss of --cotangent cross-entropy tells apart; 256 unless\ngiven"},
    {.name = "zipf", .rare = true, REAL(zipf, zipf), .least = 0, .most = 100, .before = "zipf ", .usual = "0", .spoken = "",
     .readers = READERS_LOSS,
     .summary = "its targets' law, rank^-X; 0, uniform, unless given"},
    {.name = "single", .rare = true, .drawn = true, .key = "single", .type = SETTING_INTEGER, .offset = offsetof(struct model, single),
     .scale = SETTING_LINEAR, .least = 0, .most = 1, .before = "single = ", .usual = "0", .spoken = "",
     .summary = "tensors in single precision, statistics in double"},
};
// clang-format on
const size_t setting_count = sizeof settings / sizeof *settings;

/* ---- any setting ---- */

const char *setting_known(const struct setting *setting, size_t i)
{
    return setting->type == SETTING_TEXT ? setting->text->known(i) : setting_choice(setting, i);
}

static int apply(const struct setting *setting, struct model *model, const char *text, struct error *error)
{
    switch (setting->type) {
    case SETTING_INTEGER:
        return apply_integer(setting, model, text, error);
    case SETTING_REAL:
        return apply_real(setting, model, text, error);
    case SETTING_CHOICE:
        return apply_choice(setting, model, text, error);
    default:
        return setting->text->apply(model, text, error);
    }
}

const char *setting_name(const struct setting *setting, const struct model *model)
{
    if (setting->type == SETTING_CHOICE)
        return row_name(*(const void *const *)field_of(setting, model));
    return setting->type == SETTING_TEXT ? field_of(setting, model) : NULL;
}

void setting_rename(const struct setting *setting, struct model *model, const char *name)
{
    text_show(name, "", field(setting, model), GRAPH_NAME_MAX);
}

size_t setting_print(const struct setting *setting, const struct model *model, char *buffer, size_t size)
{
    if (setting_is_number(setting))
        return setting_print_number(setting_number(setting, model), buffer, size);
    if (setting->type == SETTING_TEXT)
        return setting->text->print(model, buffer, size);
    return (size_t)snprintf(buffer, size, "%s", setting_name(setting, model));
}

char *setting_value(const struct setting *setting, const struct model *model)
{
    size_t size = setting_print(setting, model, NULL, 0) + 1;
    char *text = malloc(size);
    if (text)
        setting_print(setting, model, text, size);
    return text;
}

static const struct setting *named_by(char letter)
{
    char name[2] = {letter, '\0'};
    for (size_t i = 0; i < setting_count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

const struct setting *setting_parameter(const struct setting *setting, const struct model *model)
{
    return setting->type == SETTING_TEXT ? named_by(setting->text->parameter(model)) : NULL;
}

const struct setting *setting_gives(const struct setting *setting, const char *text)
{
    return setting->type == SETTING_TEXT ? named_by(setting->text->given(text)) : NULL;
}

/* The parameter's default goes without saying. */
static bool is_default(const struct setting *setting, const struct model *model)
{
    struct model defaults;
    model_defaults(&defaults);
    return setting_same(setting, model, &defaults);
}

size_t setting_label(const struct setting *setting, const struct model *model, char *buffer, size_t size)
{
    if (setting->type != SETTING_TEXT)
        return setting_print(setting, model, buffer, size);
    struct text text = {buffer, size, 0};
    const struct setting *parameter = setting_parameter(setting, model);
    text_print(&text, "%s", setting_name(setting, model));
    if (parameter && !is_default(parameter, model)) {
        char value[32];
        setting_print(parameter, model, value, sizeof value);
        text_print(&text, ":%s", value);
    }
    return text.length;
}

size_t setting_words(const struct setting *setting, const char *value, char *buffer, size_t size)
{
    bool usual = setting->usual && (!*value || strcmp(value, setting->usual) == 0);
    if (usual)
        return (size_t)snprintf(buffer, size, "%s", setting->spoken);
    if (!*value)
        return (size_t)snprintf(buffer, size, "%s", "");
    return (size_t)snprintf(buffer, size, "%s%s%s", setting->before ? setting->before : "", value,
                            setting->after ? setting->after : "");
}

/* Text is the same for equal graphs; where memory is out, nothing is said to be the same. */
static bool same_text(const struct setting *setting, const struct model *a, const struct model *b)
{
    char *x = setting_value(setting, a), *y = setting_value(setting, b);
    bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

bool setting_same(const struct setting *setting, const struct model *a, const struct model *b)
{
    if (setting_is_number(setting))
        return setting_number(setting, a) == setting_number(setting, b);
    if (setting->type == SETTING_TEXT)
        return same_text(setting, a, b);
    return setting_name(setting, a) == setting_name(setting, b);
}

/* ---- by name and text ---- */

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
    return setting ? apply(setting, model, text, error) : error->code;
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

int setting_each(const char *text, setting_taker *take, void *context, struct error *error)
{
    int code = ERROR_NONE;
    size_t length;
    for (const char *word; code == ERROR_NONE && (word = setting_word(&text, &length));) {
        char *copy = strndup(word, length);
        code = copy ? take(context, copy, error) : error_set(error, ERROR_RESOURCE, "out of memory");
        free(copy);
    }
    return code;
}

/* word is NAME=VALUE, and is cut in two. */
static int apply_word(void *model, char *word, struct error *error)
{
    char *value = strchr(word, '=');
    if (!value)
        return error_set(error, ERROR_INPUT, "setting '%.300s' has no '=VALUE'", word);
    *value++ = '\0';
    int quotes = 0;
    for (const char *c = value; *c; c++)
        quotes += *c == '\'';
    if (quotes % 2 == 1)
        return error_set(error, ERROR_INPUT, "setting %.100s: the quote in %.300s is not closed", word, value);
    setting_unquote(value);
    return setting_apply(model, word, value, error);
}

int setting_apply_all(struct model *model, const char *text, struct error *error)
{
    return setting_each(text, apply_word, model, error);
}
