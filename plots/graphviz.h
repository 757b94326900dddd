/* Graphviz: laying out a graph by its program dot. */
#ifndef SPANSCOPE_PLOTS_GRAPHVIZ_H
#define SPANSCOPE_PLOTS_GRAPHVIZ_H

#include <signal.h>
#include <stdio.h>

#include "sim/error.h"

/* Time for one graph, s, and memory: the largest formulas that people write take a hundredth of both. */
enum { GRAPHVIZ_SECONDS = 30, GRAPHVIZ_MEMORY = 1 << 30 };

/* The picture of graph, a file in Graphviz's language that is read from its beginning, in allocated memory that the
 * caller frees; NULL with ERROR_RESOURCE where dot is missing, fails or does not end in time, ERROR_INTERRUPTED where
 * *stop (may be NULL) becomes other than 0. format: "svg", "png". */
char *graphviz_draw(FILE *graph, const char *format, const volatile sig_atomic_t *stop, size_t *length,
                    struct error *error);

#endif
