/* Trainability maps as `spanscope map` saves them: heat maps of the gradient's ratio and of the token cosine. */
#ifndef SPANSCOPE_PLOTS_HEATMAP_H
#define SPANSCOPE_PLOTS_HEATMAP_H

#include <stdbool.h>

#include "analysis/document.h"
#include "plots/figure.h"

#define MAP_FIGURE "map"
#define MAP_TITLE  "Trainability: what reaches the input of the gradient, and whether tokens stay apart"

/* Whether the document is a map; NULL is none. */
bool heatmap_is(const json_t *root);

/* Draws every map that the reader finds, JSON objects: the first as NAME, the others as NAME-2, ...;
 * wish->name and wish->title replace MAP_FIGURE and MAP_TITLE. *drawn counts them. ERROR_RESOURCE, with file and line,
 * for a file that cannot be read or is not made of maps, and for files and gnuplot. */
int heatmap_draw(struct document_reader *reader, const struct figure_wish *wish, int *drawn, struct error *error);

/* The name of map number i from 0. */
void heatmap_name(const struct figure_wish *wish, int i, char *name, size_t size);

#endif
