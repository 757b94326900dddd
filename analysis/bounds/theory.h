/* Lines that section 4 of the theory draws through a profile: floors, ceilings and exact values against depth.
 *
 * A row is text in the scalar language of the formulas (names L l d T F H E k and the init's c, s), so that a claim, a
 * figure and the documentation read the same bound in the same place.
 */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_THEORY_H
#define SPANSCOPE_ANALYSIS_BOUNDS_THEORY_H

#include <stdbool.h>
#include <stddef.h>

#include "sim/error.h"
#include "sim/graph.h"
#include "sim/model.h"

enum theory_role { THEORY_FLOOR, THEORY_CEILING, THEORY_EXACT };

struct theory_line {
    const char *id; /* how claims refer to it, e.g. "pre-variance-floor" */
    const char *placement, *init, *observable;
    enum theory_role role;
    const char *expression; /* value at layer l, e.g. "1 + 2*l" */
    const char *label;      /* for a legend: "1 + 2l (PreNorm ceiling)" */
    const char *source;     /* where it is derived */
    const char *assumes;    /* besides placement and init, in the words of analysis/bounds/hypothesis */
};

extern const struct theory_line theory_lines[];
extern const size_t theory_count;

const struct theory_line *theory_find(const char *id);

/* The line's value under scope (its l, L, c, ...). Fails only for a row whose text is wrong. */
int theory_evaluate(const struct theory_line *line, const struct graph_scope *scope, double *value,
                    struct error *error);

/* Whether the line's hypotheses hold of a checked model: the formulas of its placement and initialisation, under
 * whatever name, and what it assumes besides. */
int theory_holds(const struct theory_line *line, const struct model *model, bool *holds, struct error *error);

#endif
