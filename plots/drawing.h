/* One figure on its way to files: its curves, axes, words and look. */
#ifndef SPANSCOPE_PLOTS_DRAWING_H
#define SPANSCOPE_PLOTS_DRAWING_H

#include <stdio.h>

#include "plots/axis.h"
#include "plots/figure.h"
#include "plots/legend.h"
#include "plots/series.h"
#include "plots/style.h"

enum { DRAWING_KEY_MOST = 48 /* lines of a key; more would be a picture of words */ };

struct drawing {
    const struct figure *figure;
    const struct style *style;
    const char *name;  /* of the files */
    const char *title; /* plain text */
    char y_label[200]; /* enhanced text */
    struct legend legend;
    struct series_list list;
    struct axis x, y;
    double last;                            /* the largest x */
    bool bands, zeros, predictions, theory; /* whether any is drawn; zeros: bands that reach 0 */
    bool slope;                             /* a line for comparison */
    bool mixed;                             /* predictions beside measurements: drawn without points */
};

/* What stands in the files: the data of the curves, the words under the figure, and the script that draws them. */
void drawing_print_data(FILE *file, const struct drawing *drawing);
void drawing_print_caption(FILE *file, const struct drawing *drawing);
void drawing_print_script(FILE *file, const struct drawing *drawing);

#endif
