/* A diagram as text: a line a box, top down, and what is alive between them as lines on the left.
 *
 *     ○        x
 *     ├──╮
 *     │  ●     attn
 *     ├──╯
 *     ●        +
 *
 * A line that runs through another without touching it lies below it: ─│─.
 */
#ifndef SPANSCOPE_PLOTS_DIAGRAM_TEXT_H
#define SPANSCOPE_PLOTS_DIAGRAM_TEXT_H

#include "plots/diagram.h"

/* In UTF-8. */
int diagram_text_print(const struct diagram *diagram, FILE *stream, struct error *error);

#endif
