#include "analysis/bounds/theory.h"

#include <stdio.h>
#include <string.h>

#include "sim/formula.h"

/* Relative branch sizes on unit input: f = 1 under unit, c^2/L under scaleinit, for the FFN; at most the same for
 * attention (alpha). Forward and backward gains of ReLU are equal. */
const struct theory_line theory_lines[] = {
    {"pre-variance-floor", "prenorm", "unit", "activation_variance", THEORY_FLOOR, "1 + l", NULL, NULL, 0,
     "1 + l (floor)", "theory 4: q_l >= 1 + l f"},
    {"pre-variance-ceiling", "prenorm", "unit", "activation_variance", THEORY_CEILING, "1 + 2*l", NULL, NULL, 0,
     "1 + 2l (ceiling)", "theory 4: q_l <= 1 + l (f + alpha)"},
    {"pre-variance-scaled-floor", "prenorm", "scaleinit", "activation_variance", THEORY_FLOOR, "1 + l*c^2/L", NULL,
     NULL, 0, "1 + c^2 l/L (floor)", "theory 4 with f = c^2/L"},
    {"pre-variance-scaled-ceiling", "prenorm", "scaleinit", "activation_variance", THEORY_CEILING, "1 + 2*l*c^2/L",
     NULL, NULL, 0, "1 + 2 c^2 l/L (ceiling)", "theory 4 with f = alpha = c^2/L"},
    {"post-variance", "postnorm", "unit", "activation_variance", THEORY_EXACT, "1", NULL, NULL, 0, "1",
     "theory 4: normed output"},
    {"post-variance-scaled", "postnorm", "scaleinit", "activation_variance", THEORY_EXACT, "1", NULL, NULL, 0, "1",
     "theory 4: normed output"},
    {"span-variance", "spannorm", "unit", "activation_variance", THEORY_EXACT, "1", NULL, NULL, 0, "1",
     "theory 4: normed output"},
    {"span-variance-scaled", "spannorm", "scaleinit", "activation_variance", THEORY_EXACT, "1", NULL, NULL, 0, "1",
     "theory 4: normed output"},
    {"pre-collapse-limit", "prenorm", "unit", "layer_cosine", THEORY_EXACT, "1 - 1/(2*max(l, 1))", NULL, NULL, 0,
     "cos = 1 - 1/(2l) (limit)", "theory 4: sqrt(q_(l-1)/q_l) with q_l linear in l"},
    {"span-cosine", "spannorm", "unit", "layer_cosine", THEORY_EXACT, "1/sqrt(2)", NULL, NULL, 0, "cos = 2^{-1/2}",
     "theory 4: x + ffn(y) has mean square 1 + f, f = 1, and its branch is independent of x"},
    {"span-cosine-scaled", "spannorm", "scaleinit", "layer_cosine", THEORY_EXACT, "1/sqrt(1 + c^2/L)", NULL, NULL, 0,
     "cos = (1 + c^2/L)^{-1/2}", "the same with f = c^2/L"},
    {"pre-gradient-floor", "prenorm", "unit", "gradient_variance", THEORY_FLOOR, "1", NULL, NULL, 0,
     "1 (PreNorm floor)", "theory 4: the skip alone"},
    {"post-gradient-floor", "postnorm", "scaleinit", "gradient_variance", THEORY_FLOOR, "(1 + c^2/L)^(-2*(L - l))",
     NULL, NULL, 0, "(1 + c^2/L)^{-2(L-l)} (floor)", "theory 4: 1/((1+a)(1+f)) per block"},
    {"span-gradient-floor-unit", "spannorm", "unit", "gradient_variance", THEORY_FLOOR, "(1/2)^(L - l)", NULL, NULL, 0,
     "2^{-(L-l)} (floor)", "theory 4: 1/(1+f) per block"},
    {"span-gradient-floor", "spannorm", "scaleinit", "gradient_variance", THEORY_FLOOR, "(1 + c^2/L)^(-(L - l))", NULL,
     NULL, 0, "(1 + c^2/L)^{-(L-l)} > e^{-c^2} (floor)", "theory 4: 1/(1+f) per block, f = c^2/L"},
    {"post-half-life", "postnorm", "unit", "gradient_specific", THEORY_EXACT, "(1/2)^(L - l)", "relu", "none", 0.9,
     "2^{-(L-l)} (collapsed tokens)", "theory 4: attention backward annihilates the token-specific part"},
    {"span-half-life", "spannorm", "unit", "gradient_specific", THEORY_EXACT, "(3/4)^(L - l)", "relu", "none", 0.9,
     "(3/4)^{L-l} (collapsed tokens)", "theory 4: (1 + f'/2)/(1 + f) at f = f' = 1"},
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
    static const char *const names[] = {"value"};
    char text[256];
    int length = snprintf(text, sizeof text, "value = %s", line->expression);
    struct graph graph;
    int code = formula_parse_scalars(text, (size_t)length, line->id, names, 1, &graph, error);
    if (code != ERROR_NONE)
        return code;
    double values[GRAPH_NODES_MAX];
    code = graph_evaluate(&graph, scope, values, error);
    if (code == ERROR_NONE)
        *value = values[graph.statements[0].node];
    graph_free(&graph);
    return code;
}
