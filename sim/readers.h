/* What in a model reads a setting: nodes of its formula, scales of its matrices. */
#ifndef SPANSCOPE_SIM_READERS_H
#define SPANSCOPE_SIM_READERS_H

#include "sim/setting.h"

/* For the table of settings. Of functions only phi() is a reader, of inputs only memories. */
enum {
    READERS_NORM = 1 << GRAPH_NORM,
    READERS_ATTEND = 1 << GRAPH_ATTEND,
    READERS_MOE = 1 << GRAPH_MOE,
    READERS_MATRICES = 1 << GRAPH_MAP | READERS_MOE,
    READERS_PHI = 1 << GRAPH_POINTWISE,
    READERS_MEMORY = 1 << GRAPH_INPUT,
    READERS_LOSS = 1 << 30, // no node: a cotangent that is a loss's gradient
};

/* Whether anything in the checked model depends on the setting. */
bool readers_exist(const struct setting *setting, const struct model *model);

/* What reads it, for messages: "ffn(), moe() or the name F"; like snprintf. */
size_t readers_print(const struct setting *setting, char *buffer, size_t size);

#endif
