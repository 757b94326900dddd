/* All curves of a figure: of profiles and of theory, what they come to, and a slope beside them. */
#ifndef SPANSCOPE_PLOTS_CURVES_H
#define SPANSCOPE_PLOTS_CURVES_H

#include "plots/series.h"

/* The curves of the shown profiles, which the legend names; profiles are all, for what compares two. ERROR_INPUT, saying
 * what is missing, where they hold nothing that can be drawn. */
int curves_init(struct series_list *list, const struct series_choice *choice, bool logarithmic,
                const struct saved_list *profiles, const struct saved_list *shown, const struct legend *legend,
                struct error *error);

#endif
