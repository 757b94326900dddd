/* A diagram in Graphviz's language. */
#ifndef SPANSCOPE_PLOTS_DIAGRAM_DOT_H
#define SPANSCOPE_PLOTS_DIAGRAM_DOT_H

#include "plots/diagram.h"

/* Boxes are of the classes of diagram_kinds, and tell their summaries when pointed at. */
void diagram_dot_print(const struct diagram *diagram, FILE *stream);

#endif
