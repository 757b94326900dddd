#include "sim/function.h"

#include <string.h>

#include "sim/activation.h"
#include "sim/attention.h"
#include "sim/law.h"
#include "sim/router.h"
#include "sim/norm.h"

// clang-format off
#define CHOICE(table, table_count) \
    static const char *table##_choice(size_t i) { return i < table_count ? table[i].name : NULL; }
CHOICE(norms, norm_count)
CHOICE(masks, mask_count)
CHOICE(biases, bias_count)
CHOICE(scalings, scaling_count)
CHOICE(routers, router_count)
CHOICE(router_weighs, router_weigh_count)

static const struct function_option map_options[] = {
    [GRAPH_MAP_FAN_OUT] = {"fan_out", NULL, "columns of the matrix; d"},
};

static const struct function_option norm_options[] = {
    [GRAPH_NORM_KIND] = {"kind", norms_choice, "rmsnorm or layernorm; --norm"},
    [GRAPH_NORM_GROUPS] = {"groups", NULL, "each of so many groups of columns by itself; 1"},
    [GRAPH_NORM_EPS] = {"eps", NULL, "added to the mean square; --eps"},
};

static const struct function_option attend_options[] = {
    [GRAPH_ATTEND_HEADS] = {"heads", NULL, "heads of the queries; --heads"},
    [GRAPH_ATTEND_KV_HEADS] = {"kv_heads", NULL, "heads of keys and values, each for a group of queries; --kv-heads"},
    [GRAPH_ATTEND_HEAD_WIDTH] = {"head_width", NULL, "width of a query and key head; that of the queries over heads"},
    [GRAPH_ATTEND_MASK] = {"mask", masks_choice, "which tokens a token sees; --mask, none of a memory's"},
    [GRAPH_ATTEND_WINDOW] = {"window", NULL, "tokens seen up to the own one; 0 for all; --window"},
    [GRAPH_ATTEND_SCALE] = {"scale", NULL, "factor of the logits; 1/sqrt(head_width)"},
    [GRAPH_ATTEND_ROPE] = {"rope", NULL, "base of rotary positions; 0 for none; --rope"},
    [GRAPH_ATTEND_ROTARY] = {"rotary", NULL, "rotated fraction of a head, in whole pairs of columns; --rotary"},
    [GRAPH_ATTEND_BIAS] = {"bias", biases_choice, "added to the logits; --bias"},
    [GRAPH_ATTEND_CAP] = {"cap", NULL, "c tanh(logit/c), after the scale, before bias and mask; 0 for none; --cap"},
    [GRAPH_ATTEND_SINK] = {"sink", NULL, "1: a logit of 0 to attend to nothing by; --sink"},
    [GRAPH_ATTEND_BIAS_SD] = {"bias_sd", NULL, "standard deviation of a drawn bias; --bias-sd"},
    [GRAPH_ATTEND_SINK_SD] = {"sink_sd", NULL, "standard deviation of the sink's logit, a normal for each head; --sink-sd"},
    [GRAPH_ATTEND_SCALING] = {"rope_scaling", scalings_choice, "how rotary positions are stretched; --rope-scaling"},
    [GRAPH_ATTEND_FACTOR] = {"rope_factor", NULL, "by how much; --rope-factor"},
    [GRAPH_ATTEND_LENGTH] = {"rope_length", NULL, "of the sequences before that; --rope-length"},
    [GRAPH_ATTEND_GAIN] = {"rope_gain", NULL, "of rotated queries and keys; --rope-gain"},
};

static const struct function_option join_options[] = {
    [GRAPH_JOIN_GROUPS] = {"parts", NULL, "groups of what comes out, a part of each signal in each; 1"},
    [GRAPH_JOIN_REPEAT] = {"repeat", NULL, "groups that one of the first signal's stands in; 1"},
};

static const struct function_option moe_options[] = {
    [GRAPH_MOE_EXPERTS] = {"experts", NULL, "how many; --experts"},
    [GRAPH_MOE_TOP] = {"top", NULL, "experts of a token; --top-k"},
    [GRAPH_MOE_ROUTER] = {"router", routers_choice, "how the chosen are weighed; --router"},
    [GRAPH_MOE_WIDTH] = {"width", NULL, "hidden features of an expert, its F; --ffn-width"},
    [GRAPH_MOE_GROUPS] = {"expert_groups", NULL, "of equally many experts each, of which a token chooses some first; 1"},
    [GRAPH_MOE_TOP_GROUPS] = {"top_groups", NULL, "groups of a token, those of the best experts; all"},
    [GRAPH_MOE_WEIGH] = {"weigh", router_weighs_choice, "what of an expert its weight multiplies: output or input"},
};

#define OPTIONS(table) table##_options, sizeof table##_options / sizeof *table##_options
#define NO_OPTIONS     NULL, 0

static const struct function functions[] = {
    {"ones", GRAPH_ONES, -1, 1, NO_OPTIONS, false, 0, "w1(x, F) + wb(ones(x), F)", "a column of ones, a row a token of x: mapped, a bias"},
    {"norm", GRAPH_NORM, -1, 1, OPTIONS(norm), true, 1, "norm(x, layernorm, groups=H)", "each token, or group of its columns, to unit size"},
    {"attend", GRAPH_ATTEND, -1, 3, OPTIONS(attend), false, 0, "attend(wq(x), wk(x), wv(x), mask=causal)",
     "softmax attention by heads, without any map"},
    {"join", GRAPH_JOIN, -1, 2, OPTIONS(join), false, 0, "join(wz(x, 8), wk(x), parts=heads, repeat=heads)",
     "columns of two signals side by side, by groups"},
    {"moe", GRAPH_MOE, -1, 1, OPTIONS(moe), true, 0, "moe(x, top=1, body=glu)", "each token through the experts that its router chooses"},
    {"sqrt", GRAPH_SQRT, -1, 1, NO_OPTIONS, true, 0, "sqrt(2*L)", "square root"},
    {"exp", GRAPH_EXP, -1, 1, NO_OPTIONS, false, 0, "exp(-l)", "exponential"},
    {"log", GRAPH_LOG, -1, 1, NO_OPTIONS, false, 0, "log(l + 1)", "natural logarithm"},
    {"floor", GRAPH_FLOOR, -1, 1, NO_OPTIONS, false, 0, "floor(L/4)", "largest whole number not above"},
    {"min", GRAPH_MIN, -1, 2, NO_OPTIONS, true, 0, "min(l, 8)", "the smaller"},
    {"max", GRAPH_MAX, -1, 2, NO_OPTIONS, true, 0, "max(l, 8)", "the larger"},
    {"mod", GRAPH_MOD, -1, 2, NO_OPTIONS, false, 0, "mod(l, 2)", "a - b*floor(a/b)"},
    {"w...", GRAPH_MAP, -1, 1, OPTIONS(map), false, 1, "wz(x, 2*d)", "a random matrix: any name that begins with w, called"},
    {"phi", GRAPH_POINTWISE, -1, 1, NO_OPTIONS, false, 0, "phi(x)", "the setting --activation"},
};
// clang-format on
enum { FUNCTIONS = sizeof functions / sizeof *functions };
/* The last two. */
static const struct function *const map = &functions[FUNCTIONS - 2], *const phi = &functions[FUNCTIONS - 1];

static struct function of_activation(size_t i)
{
    return (struct function){.name = activations[i].name,
                             .kind = GRAPH_POINTWISE,
                             .index = (int)i,
                             .operands = 1,
                             .example = activations[i].example,
                             .summary = activations[i].summary};
}

bool function_at(size_t i, struct function *function)
{
    if (i < FUNCTIONS) {
        *function = functions[i];
        return true;
    }
    i -= FUNCTIONS;
    for (size_t a = 0; a < activation_count; a++)
        if (!activations[a].gated && i-- == 0) {
            *function = of_activation(a);
            return true;
        }
    return false;
}

static bool is_word(const char *word, const char *name, size_t length)
{
    return length > 0 && word[0] == name[0] && strlen(word) == length && memcmp(word, name, length) == 0;
}

bool function_find(const char *name, size_t length, struct function *function)
{
    for (size_t i = 0; i < FUNCTIONS; i++)
        if (is_word(functions[i].name, name, length)) {
            *function = functions[i];
            return true;
        }
    for (size_t a = 0; a < activation_count; a++)
        if (!activations[a].gated && is_word(activations[a].name, name, length)) {
            *function = of_activation(a);
            return true;
        }
    *function = *map;
    return length > 0 && name[0] == 'w' && !memchr(name, '.', length);
}

bool function_law(const char *name, size_t length, struct function *function)
{
    for (size_t i = 0; i < law_count; i++)
        if (is_word(laws[i].name, name, length)) {
            *function = (struct function){
                .name = laws[i].name, .kind = GRAPH_LAW, .index = (int)i, .operands = 1, .summary = laws[i].summary};
            return true;
        }
    return false;
}

const struct function_option *function_option(const char *name, size_t length)
{
    struct function function;
    for (size_t i = 0; function_at(i, &function); i++)
        for (int o = 0; o < function.option_count; o++)
            if (is_word(function.options[o].name, name, length))
                return &function.options[o];
    return NULL;
}

int function_choice(const struct function_option *option, const char *word, size_t length)
{
    for (size_t i = 0; option->choice && option->choice(i); i++)
        if (is_word(option->choice(i), word, length))
            return (int)i;
    return -1;
}

const char *function_name(int index)
{
    return index < 0 ? phi->name : activations[index].name;
}
