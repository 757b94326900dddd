/* Graphs as text in their author's words. */
#ifndef SPANSCOPE_SIM_PRINT_H
#define SPANSCOPE_SIM_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/graph.h"

/* Writes the statements as text, separator between them ("; " or "\n"), like snprintf: returns the full length.
 * Parsing the text again gives the same graph. A condition, which has no statements, is written as an expression. */
size_t print_graph(const struct graph *graph, const char *separator, char *buffer, size_t size);

/* A scalar node written out whole, whatever names its author gave to parts of it; as a factor, in the parentheses that it
 * needs behind * or /. Like snprintf. What refers to itself many times grows without measure: see print_size first. */
size_t print_scalar(const struct graph *graph, int node, bool factor, char *buffer, size_t size);

/* Nodes that print_scalar would write, up to most + 1. */
int print_size(const struct graph *graph, int node, int most);

#endif
