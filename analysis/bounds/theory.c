#include "analysis/bounds/theory.h"

#include <stdio.h>
#include <string.h>

#include "analysis/bounds/hypothesis.h"
#include "sim/formula.h"

#define SIGNAL    "input-scale=1"
#define GRADIENT  "input-scale=1 cotangent=iid"
#define COLLAPSED GRADIENT " activation=relu mask=none input-correlation>=0.9"

/* Relative branch sizes on unit input: f = 1 under unit, c^2/L under scaleinit, for the FFN; at most the same for
 * attention (alpha). Forward and backward gains of ReLU are equal. */
const struct theory_line theory_lines[] = {
    {"pre-variance-floor", "prenorm", "unit", "activation_variance", THEORY_FLOOR, "1 + l", "1 + l (floor)",
     "theory 4: q_l >= 1 + l f", SIGNAL},
    {"pre-variance-ceiling", "prenorm", "unit", "activation_variance", THEORY_CEILING, "1 + 2*l", "1 + 2l (ceiling)",
     "theory 4: q_l <= 1 + l (f + alpha)", SIGNAL},
    {"pre-variance-scaled-floor", "prenorm", "scaleinit", "activation_variance", THEORY_FLOOR, "1 + l*c^2/L",
     "1 + c^2 l/L (floor)", "theory 4 with f = c^2/L", SIGNAL},
    {"pre-variance-scaled-ceiling", "prenorm", "scaleinit", "activation_variance", THEORY_CEILING, "1 + 2*l*c^2/L",
     "1 + 2 c^2 l/L (ceiling)", "theory 4 with f = alpha = c^2/L", SIGNAL},
    {"post-variance", "postnorm", "unit", "activation_variance", THEORY_EXACT, "1", "1", "theory 4: normed output",
     SIGNAL},
    {"post-variance-scaled", "postnorm", "scaleinit", "activation_variance", THEORY_EXACT, "1", "1",
     "theory 4: normed output", SIGNAL},
    {"span-variance", "spannorm", "unit", "activation_variance", THEORY_EXACT, "1", "1", "theory 4: normed output",
     SIGNAL},
    {"span-variance-scaled", "spannorm", "scaleinit", "activation_variance", THEORY_EXACT, "1", "1",
     "theory 4: normed output", SIGNAL},
    {"pre-collapse-limit", "prenorm", "unit", "layer_cosine", THEORY_EXACT, "1 - 1/(2*max(l, 1))",
     "cos = 1 - 1/(2l) (limit)", "theory 4: sqrt(q_(l-1)/q_l) with q_l linear in l", SIGNAL},
    {"span-cosine", "spannorm", "unit", "layer_cosine", THEORY_EXACT, "1/sqrt(2)", "cos = 2^{-1/2}",
     "theory 4: x + ffn(y) has mean square 1 + f, f = 1, and its branch is independent of x", SIGNAL},
    {"span-cosine-scaled", "spannorm", "scaleinit", "layer_cosine", THEORY_EXACT, "1/sqrt(1 + c^2/L)",
     "cos = (1 + c^2/L)^{-1/2}", "the same with f = c^2/L", SIGNAL},
    {"pre-gradient-floor", "prenorm", "unit", "gradient_variance", THEORY_FLOOR, "1", "1 (PreNorm floor)",
     "theory 4: the skip alone", GRADIENT},
    {"post-gradient-floor", "postnorm", "scaleinit", "gradient_variance", THEORY_FLOOR, "(1 + c^2/L)^(-2*(L - l))",
     "(1 + c^2/L)^{-2(L-l)} (floor)", "theory 4: 1/((1+a)(1+f)) per block", GRADIENT},
    {"span-gradient-floor-unit", "spannorm", "unit", "gradient_variance", THEORY_FLOOR, "(1/2)^(L - l)",
     "2^{-(L-l)} (floor)", "theory 4: 1/(1+f) per block", GRADIENT},
    {"span-gradient-floor", "spannorm", "scaleinit", "gradient_variance", THEORY_FLOOR, "(1 + c^2/L)^(-(L - l))",
     "(1 + c^2/L)^{-(L-l)} > e^{-c^2} (floor)", "theory 4: 1/(1+f) per block, f = c^2/L", GRADIENT},
    {"post-half-life", "postnorm", "unit", "gradient_specific", THEORY_EXACT, "(1/2)^(L - l)",
     "2^{-(L-l)} (collapsed tokens)", "theory 4: attention backward annihilates the token-specific part", COLLAPSED},
    {"span-half-life", "spannorm", "unit", "gradient_specific", THEORY_EXACT, "(3/4)^(L - l)",
     "(3/4)^{L-l} (collapsed tokens)", "theory 4: (1 + f'/2)/(1 + f) at f = f' = 1", COLLAPSED},
};
const size_t theory_count = sizeof theory_lines / sizeof *theory_lines;

const struct theory_line *theory_find(const char *id)
{
    for (size_t i = 0; i < theory_count; i++)
        if (strcmp(theory_lines[i].id, id) == 0)
            return &theory_lines[i];
    return NULL;
}

int theory_evaluate(const struct theory_line *line, const struct graph_scope *scope, double *value, struct error *error)
{
    return formula_scalar(line->expression, line->id, scope, value, error);
}

int theory_holds(const struct theory_line *line, const struct model *model, bool *holds, struct error *error)
{
    char text[HYPOTHESIS_WORD_MAX], failed[HYPOTHESIS_WORD_MAX];
    snprintf(text, sizeof text, "placement=%s init=%s %s", line->placement, line->init, line->assumes);
    return hypothesis_holds(text, model, holds, failed, error);
}
