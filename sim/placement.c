#include "sim/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"

/* SpanNorm's first block: attention reads norm(x), because the embedding has no norm of its own; the skip stays x. */
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
};
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
    int code = text_label(path, label, GRAPH_NAME_MAX, error);
    if (code == ERROR_NONE)
        code = text_once(path, FORMULA_TEXT_MAX, &bytes, &length, error);
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
    const char *text = row != NULL ? row->formula : argument;
    if (row != NULL || strpbrk(argument, "=\n") != NULL) {
        snprintf(label, GRAPH_NAME_MAX, "%s", row != NULL ? row->name : "custom");
        return formula_parse(text, strlen(text), "formula", formula, error);
    }
    if (text_is_file(argument))
        return resolve_file(argument, formula, label, error);
    return unknown(argument, error);
}
