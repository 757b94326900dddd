/* The table of block formulas; theory.md, section 1. A row is a placement everywhere: no code knows one by name. */
#ifndef SPANSCOPE_SIM_PLACEMENT_H
#define SPANSCOPE_SIM_PLACEMENT_H

#include <stddef.h>

#include "sim/error.h"
#include "sim/formula.h"

struct placement {
    const char *name;
    const char *formula;
    const char *source;  /* where it was published, e.g. "arXiv 2002.04745" */
    const char *summary; /* what it is, one short sentence */
};

extern const struct placement placements[];
extern const size_t placement_count;

/* The row of that name, or NULL. */
const struct placement *placement_find(const char *name);

/* argument is a name of the table, else a formula (it holds '=' or a newline), else a file's name. Gives the parsed
 * formula and a label for output: the name, "custom" for a formula, the file's name without folder and extension.
 * label has GRAPH_NAME_MAX bytes. A file is ERROR_RESOURCE when it cannot be read; a word that is neither a name nor a
 * file is ERROR_INPUT with the nearest name. */
int placement_resolve(const char *argument, struct formula *formula, char *label, struct error *error);

#endif
