/* How the curves of a drawing look: colours, dashes and points, and the command that plots them. */
#ifndef SPANSCOPE_PLOTS_STROKE_H
#define SPANSCOPE_PLOTS_STROKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "plots/drawing.h"

const char *stroke_colour(const struct series *series);

/* What a key or a label says of a series: its lead as plain text, and all of it inside a quoted string. */
const char *stroke_lead(const struct series *series);
void stroke_print_title(FILE *script, const struct series *series);

/* gnuplot's `plot`: bands, curves with their points, lines of theory, and the key's entries of those that are keyed, in
 * lines of so many letters. */
void stroke_print_plot(FILE *script, const struct drawing *drawing, const bool keyed[], // [count of the list]
                       size_t letters);

#endif
