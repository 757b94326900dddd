#include "sim/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"

/* SpanNorm's first block: attention reads norm(x), because the embedding has no norm of its own; the skip stays x. */
// clang-format off
const struct placement placements[] = {
    {"prenorm", "y = x + attn(norm(x)); x = y + ffn(norm(y))", "arXiv 2002.04745", "norm inside every branch"},
    {"postnorm", "y = norm(x + attn(x)); x = norm(y + ffn(y))", "Vaswani et al. 2017, arXiv 1706.03762",
     "norm after every residual sum"},
    {"spannorm",
     "first: y = norm(x + attn(norm(x))); x = norm(x + ffn(y)); block: y = norm(x + attn(x)); x = norm(x + ffn(y))",
     "arXiv 2601.22580, Eqs. 5-8", "one skip spans the block, norm on both sums"},
    {"b2t", "y = norm(x + attn(x)); x = norm(x + y + ffn(y))", "arXiv 2206.00330",
     "postnorm with a bottom-to-top skip past the first norm"},
    {"deepnorm", "a = (2*L)^(1/4); y = norm(a*x + attn(x)); x = norm(a*y + ffn(y))", "arXiv 2203.00555",
     "postnorm with skips weighted by depth"},
    {"perinorm", "y = x + norm(attn(norm(x))); x = y + norm(ffn(norm(y)))", "arXiv 2502.02732",
     "norm before and after every branch"},
    {"lns", "y = x + attn(norm(x)/sqrt(l)); x = y + ffn(norm(y)/sqrt(l))", "arXiv 2502.05795",
     "prenorm, each norm divided by the root of the block's number"},
    {"mixln",
     "block if l <= L/4: y = norm(x + attn(x)); x = norm(y + ffn(y)); "
     "block: y = x + attn(norm(x)); x = y + ffn(norm(y))",
     "arXiv 2412.13795", "postnorm in the first quarter, prenorm above"},
    {"parallel", "x = x + attn(norm(x)) + ffn(norm(x))", "GPT-J, PaLM (arXiv 2204.02311)",
     "attention and FFN side by side, prenorm"},
    {"nonorm", "y = x + attn(x); x = y + ffn(y)", "baseline", "no norm at all"},
    {"gemma2", "y = x + norm(attn(norm(x), cap=50, window=4096*mod(l, 2))); x = y + norm(ffn(norm(y)))",
     "Gemma 2, arXiv 2408.00118", "perinorm with soft caps, and windows in every second block"},
    {"cogview", "y = x + norm(attn(norm(x, layernorm)), layernorm); x = y + norm(ffn(norm(y, layernorm)), layernorm)",
     "CogView, arXiv 2105.13290", "sandwich norm: perinorm by LayerNorm"},
    {"olmo2",
     "def attn(u) = wo(attend(norm(wq(u, heads*head_width)), norm(wk(u, kv_heads*head_width)), "
     "wv(u, kv_heads*head_width))); y = x + norm(attn(x)); x = y + norm(ffn(y))",
     "OLMo 2, arXiv 2501.00656", "norm behind every branch, normed queries and keys"},
    {"hybridnorm",
     "def attn(u) = wo(attend(norm(wq(u, heads*head_width), groups=heads), "
     "norm(wk(u, kv_heads*head_width), groups=kv_heads), norm(wv(u, kv_heads*head_width), groups=kv_heads))); "
     "y = norm(x + attn(x)); x = y + ffn(y)",
     "HybridNorm, arXiv 2503.04598", "normed queries, keys and values; the FFN's skip starts behind its norm"},
    {"subln",
     "def attn(u) = wo(norm(attend(wq(u, heads*head_width), wk(u, kv_heads*head_width), wv(u, kv_heads*head_width)))); "
     "def ffn(u) = w2(norm(phi(w1(u, F)))); y = x + attn(norm(x)); x = y + ffn(norm(y))",
     "Magneto, arXiv 2210.06423", "prenorm with a second norm before each branch's last matrix"},
    {"normformer",
     "def ffn(u) = w2(norm(phi(w1(u, F)))); y = x + norm(attn(norm(x))); x = y + ffn(norm(y))",
     "NormFormer, arXiv 2110.09456", "prenorm with norms behind attention and behind the FFN's function"},
    {"swin2",
     "def attn(u) = wo(attend(norm(wq(u, heads*head_width), groups=heads), "
     "norm(wk(u, kv_heads*head_width), groups=kv_heads), wv(u, kv_heads*head_width), scale=10/head_width)); "
     "y = x + norm(attn(x)); x = y + norm(ffn(y))",
     "Swin v2, arXiv 2111.09883", "norm behind every branch, attention by cosines over 1/10"},
    {"layerscale", "y = x + 0.0001*attn(norm(x)); x = y + 0.0001*ffn(norm(y))", "CaiT, arXiv 2103.17239",
     "prenorm with branches of almost nothing"},
    {"rezero", "y = x + 0*attn(x); x = y + 0*ffn(y)", "ReZero, arXiv 2003.04887", "branches of nothing, no norm"},
    {"keel", "a = 2*L; y = norm(a*x + attn(norm(x))); x = norm(a*y + ffn(norm(y)))", "Keel, arXiv 2601.19895",
     "postnorm with skips weighted by depth and norms inside"},
    {"dyt", "y = x + attn(tanh(0.5*x)); x = y + ffn(tanh(0.5*y))", "DyT, arXiv 2503.10622",
     "prenorm with tanh in place of norms"},
    {"gated",
     "def attn(u) = wo(sigmoid(wz(u, heads*head_width))*attend(wq(u, heads*head_width), wk(u, kv_heads*head_width), "
     "wv(u, kv_heads*head_width))); y = x + attn(norm(x)); x = y + ffn(norm(y))",
     "gated attention, arXiv 2505.06708", "prenorm with a gate behind attention"},
    {"residual2",
     "state x, u; block: a = attn(x); y = norm(x + a); b = ffn(y); x = norm(y + b); u = u + a + b; final: x = x + norm(u)",
     "ResiDual, arXiv 2304.14802", "postnorm, and beside it the sum of all branches"},
    {"siamese",
     "state x, u; block: a = attn(x + norm(u)); x = norm(x + a); u = u + a; b = ffn(x + norm(u)); x = norm(x + b); u = u + b; "
     "final: x = x + norm(u)",
     "SiameseNorm, arXiv 2602.08064, Eqs. 9-10", "a postnorm and a prenorm stream with the same branches"},
    {"hyperconnections",
     "state x, u; block: a = attn(norm(x)); x = x + a; u = u + a; b = ffn(norm(u)); x = x + b; u = u + b; final: x = x + u",
     "hyper-connections, arXiv 2409.19606", "two streams as they start out, read by turns: prenorm"},
    {"crossdecoder", "input m; y = norm(x + attn(x)); z = norm(y + attn(y, m)); x = norm(z + ffn(z))",
     "Vaswani et al. 2017, arXiv 1706.03762", "postnorm with attention to a memory: an encoder-decoder's decoder"},
};
// clang-format on
const size_t placement_count = sizeof placements / sizeof *placements;

const struct placement *placement_find(const char *name)
{
    for (size_t i = 0; i < placement_count; i++)
        if (strcmp(placements[i].name, name) == 0)
            return &placements[i];
    return NULL;
}

static int resolve_file(const char *path, struct formula *formula, char *label, struct error *error)
{
    const char *bytes;
    size_t length;
    int code = text_once(path, FORMULA_TEXT_MAX, &bytes, &length, error);
    if (code == ERROR_NONE)
        code = text_label(path, label, GRAPH_NAME_MAX, error);
    return code == ERROR_NONE ? formula_parse(bytes, length, path, formula, error) : code;
}

/* The functions and signs of the language stand in no name: a formula without its assignment. */
static int unknown(const char *argument, struct error *error)
{
    if (strpbrk(argument, "()+*^;"))
        return error_set(error, ERROR_INPUT, "'%.200s' assigns nothing; a formula does, as in x = x + attn(norm(x))",
                         argument);
    const char *names[sizeof placements / sizeof *placements];
    for (size_t i = 0; i < placement_count; i++)
        names[i] = placements[i].name;
    return text_unknown(error, "placement", argument, names, placement_count);
}

int placement_resolve(const char *argument, struct formula *formula, char *label, struct error *error)
{
    *formula = (struct formula){0};
    const struct placement *row = placement_find(argument);
    const char *text = row ? row->formula : argument;
    if (!row && text_is_file(argument))
        return resolve_file(argument, formula, label, error);
    if (row || strpbrk(argument, "=\n")) {
        snprintf(label, GRAPH_NAME_MAX, "%s", row ? row->name : "custom");
        return formula_parse(text, strlen(text), "formula", formula, error);
    }
    return unknown(argument, error);
}
