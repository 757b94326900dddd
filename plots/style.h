/* How figures look: sizes in points of 1/72 inch, for every kind of picture alike. */
#ifndef SPANSCOPE_PLOTS_STYLE_H
#define SPANSCOPE_PLOTS_STYLE_H

#include <stdbool.h>
#include <stddef.h>

struct style {
    const char *name, *summary;
    double width, height;        /* of the picture */
    const char *font, *svg_font; /* families */
    double type, title, small;   /* of axes and tics; title (0: none); caption and, at least, key */
    double line, thin, points;   /* widths of curves and of theory; size of points */
    bool key_below;              /* else a column on the right */
    bool grows;                  /* by what stands below the plot; else the plot shrinks */
    bool plain;                  /* characters: lengths are columns and rows of a terminal */
    double pixels;               /* of a PNG to the point */
    bool captioned;              /* the caption stands below the picture, not in it */
};

/* The first is used where none is named. */
extern const struct style styles[];
extern const size_t style_count;

const struct style *style_find(const char *name);

#endif
