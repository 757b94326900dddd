/* Lists of a configuration that have a word for each layer, as conditions on l that formulas take. */
#ifndef SPANSCOPE_ANALYSIS_LAYERS_H
#define SPANSCOPE_ANALYSIS_LAYERS_H

#include <jansson.h>

#include "sim/text.h"

/* Which layers the list calls word: "mod(l, 6) == 0" by its shortest period, where it shows one; else "l > 28" or other
 * ranges, of which the last goes on behind the list's end. */
void layers_condition(const json_t *list, const char *word, struct text *out);

#endif
