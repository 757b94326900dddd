#include "plots/abscissa.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "plots/learning.h"

#define LAYER_LABEL "layer {/:Italic l}  (output of block {/:Italic l}; 0 = input)"
#define WIDTH_LABEL "width {/:Italic d}"
#define AT_INPUT    " at l = 0"
#define DRAWN       "samples seed engine "

const struct abscissa abscissa_layer = {
    ABSCISSA_LAYERS, "", false, true, 0, LAYER_LABEL, "layer", "layers", "",
};
const struct abscissa abscissa_log_layer = {
    ABSCISSA_LAYERS, "", true, true, NAN, "layer {/:Italic l}  (output of block {/:Italic l})", "layer", "layers", "",
};
const struct abscissa abscissa_position = {
    ABSCISSA_TOKENS, "", false, true, 1, "position {/:Italic t} of the token", "position", "positions", AT_INPUT,
};
const struct abscissa abscissa_depth = {
    ABSCISSA_PROFILES, " layers " DRAWN, true, true, NAN, "number of blocks {/:Italic L}", "L", "depths L", AT_INPUT,
};
const struct abscissa abscissa_width = {
    ABSCISSA_PROFILES, " width heads ffn_width " DRAWN, true, true, NAN, WIDTH_LABEL, "d", "widths d", AT_INPUT,
};
const struct abscissa abscissa_width_by_engine = {
    ABSCISSA_PROFILES, " width heads ffn_width samples seed ", true, true, NAN, WIDTH_LABEL, "d", "widths d", "",
};
const struct abscissa abscissa_constant = {
    ABSCISSA_PROFILES,
    " c " DRAWN,
    true,
    false,
    NAN,
    "constant {/:Italic c} of the initialisation  (branch gain {/:Italic c}^2/{/:Italic L})",
    "c",
    "constants c",
    AT_INPUT,
};

const struct abscissa abscissa_step = {
    ABSCISSA_LAYERS, "", false, true, 0, "step", "step", "steps", "",
};
const struct abscissa abscissa_rate = {
    ABSCISSA_PROFILES, " lr ", true, false, NAN, "learning rate", "lr", "rates", "",
};
const struct abscissa abscissa_initial_spread = {
    ABSCISSA_PROFILES,
    " " LEARNING_SPREAD " layers c lr seed ",
    true,
    false,
    NAN,
    "1 - token cosine {/:Italic r_L} before the first step",
    "spread",
    "initial states",
    "",
    true,
};
const struct abscissa abscissa_false_positives = {
    ABSCISSA_PROFILES,
    " " LEARNING_SPREAD " placement layers c lr seed ",
    false,
    false,
    0,
    "false positive rate  (of the runs that learn, those said to fail)",
    "false_positive_rate",
    "initial states",
    "",
    false,
};
const struct abscissa abscissa_edge_depth = {
    ABSCISSA_PROFILES,
    " layers lr ",
    true,
    true,
    NAN,
    "number of blocks {/:Italic L}",
    "L",
    "depths L with an edge",
    "",
};
const struct abscissa abscissa_edge_width = {
    ABSCISSA_PROFILES, " width heads ffn_width lr ", true, true, NAN, WIDTH_LABEL, "d", "widths d with an edge", "",
};

bool abscissa_has_key(const struct abscissa *abscissa, const char *key)
{
    char word[64];
    return abscissa && snprintf(word, sizeof word, " %s ", key) < (int)sizeof word && strstr(abscissa->keys, word);
}

void abscissa_key(const struct abscissa *abscissa, char *key, size_t size)
{
    const char *first = abscissa->keys + strspn(abscissa->keys, " ");
    snprintf(key, size, "%.*s", (int)strcspn(first, " "), first);
}

bool abscissa_place(const struct abscissa *abscissa, double value, double *x)
{
    *x = !abscissa->logarithmic ? value : value > 0 ? log10(value) : NAN;
    return isfinite(*x);
}

bool abscissa_of(const struct abscissa *abscissa, const struct saved *profile, double *x)
{
    char key[64];
    abscissa_key(abscissa, key, sizeof key);
    return abscissa_place(abscissa, saved_number(profile, key, NAN), x);
}
