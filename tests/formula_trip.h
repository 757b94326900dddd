/* What must hold of every byte string given to the parser; for tests and the fuzzer. */
#ifndef SPANSCOPE_TESTS_FORMULA_TRIP_H
#define SPANSCOPE_TESTS_FORMULA_TRIP_H

#include <stddef.h>

#include "sim/formula.h"

/* NULL, or what is wrong with the graph: recomputed from the nodes alone. */
const char *formula_trip_invariant(const struct graph *graph);

/* NULL, or the first difference of two formulas other than places in the text. */
const char *formula_trip_difference(const struct formula *a, const struct formula *b);

/* Parses the text; a failure must have a message, a success must have sound graphs, print to a text that parses to
 * the same graphs with either separator, and evaluate. NULL or what went wrong; *parsed tells which case it was. */
const char *formula_trip(const char *text, size_t length, int *parsed);

#endif
