/* Lines of theory beside curves of profiles: floors, ceilings and what is exact. */
#ifndef SPANSCOPE_PLOTS_THEORY_CURVES_H
#define SPANSCOPE_PLOTS_THEORY_CURVES_H

#include "plots/series.h"

/* Adds those of every curve that is in the list, of which origins[] tells the shown profile: the bounds that it carries,
 * else the lines whose hypotheses hold of it. What several profiles have in common is one line. */
int theory_curves_add(struct series_list *list, const struct series_source *source, const size_t *origins,
                      struct error *error);

#endif
