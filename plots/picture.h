/* The pictures that a script draws: a terminal of gnuplot each, of the same sizes in points. */
#ifndef SPANSCOPE_PLOTS_PICTURE_H
#define SPANSCOPE_PLOTS_PICTURE_H

#include <stdio.h>

#include "plots/style.h"

enum { PICTURES = 3 };

/* Sets terminal and output for picture number i, NAME.png, .svg or .pdf, of the style's width and the height in points;
 * and `scale`, by which sizes of points are multiplied. */
void picture_print(FILE *script, int i, const struct style *style, double height, const char *name);

#endif
