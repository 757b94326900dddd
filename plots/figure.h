/* The table of figures, and drawing them from saved profiles. */
#ifndef SPANSCOPE_PLOTS_FIGURE_H
#define SPANSCOPE_PLOTS_FIGURE_H

#include <stddef.h>

#include "plots/axis.h"
#include "plots/publish.h"
#include "plots/saved.h"
#include "plots/series.h"
#include "plots/style.h"
#include "sim/error.h"

enum figure_scale { FIGURE_LINEAR, FIGURE_LOGARITHMIC, FIGURE_EITHER /* logarithmic where values span decades */ };

/* What went in, which an axis tells beside what it measures: "input = 1". */
enum figure_entry { FIGURE_NOTHING, FIGURE_INPUT, FIGURE_COTANGENT };

/* The y label is gnuplot's enhanced text: "y_label  (measure; entry)". */
struct figure {
    const char *name;
    const char *title;             /* plain text */
    const char *y_label, *measure; /* measure: NULL where the label says all */
    enum figure_entry entry;
    enum figure_scale scale;
    struct series_choice choice;
    struct axis_wish wish;
};

extern const struct figure figures[];
extern const size_t figure_count;

const struct figure *figure_find(const char *name);

/* Where a figure goes and how it looks. */
struct figure_wish {
    const char *directory;             /* made if missing */
    const char *name;                  /* of the files; NULL: the figure's own */
    const char *title;                 /* NULL: the figure's own */
    const struct style *style;         /* NULL: the first */
    publisher *publish;                /* what takes the files; NULL: publish() */
    const volatile sig_atomic_t *stop; /* not 0: draw no further; NULL: nobody asks */
};

/* Writes the figure's files into the directory: all or none of them. ERROR_INPUT where the profiles lack what the
 * figure shows; ERROR_RESOURCE for files, memory and gnuplot; ERROR_INTERRUPTED. */
int figure_draw(const struct figure *figure, const struct saved_list *profiles, const struct figure_wish *wish,
                struct error *error);

#endif
