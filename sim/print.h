/* Graphs as text in their author's words. */
#ifndef SPANSCOPE_SIM_PRINT_H
#define SPANSCOPE_SIM_PRINT_H

#include <stddef.h>

#include "sim/graph.h"

/* Writes the statements as text, separator between them ("; " or "\n"), like snprintf: returns the full length.
 * Parsing the text again gives the same graph. A condition, which has no statements, is written as an expression. */
size_t print_graph(const struct graph *graph, const char *separator, char *buffer, size_t size);

#endif
