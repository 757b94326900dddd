/* The curves that are made of saved profiles, and what there is to be made of them. */
#ifndef SPANSCOPE_PLOTS_PROFILE_CURVES_H
#define SPANSCOPE_PLOTS_PROFILE_CURVES_H

#include "plots/series.h"

/* Whether a linear axis would hide or lose values: positive ones over more than four decades, or beyond double. */
bool profile_curves_needs_logarithm(const struct series_choice *choice, const struct saved_list *profiles);

/* Whether a profile has a value of the choice, be it 0. */
bool profile_curves_shows(const struct series_choice *choice, const struct saved_list *profiles, size_t profile);

/* ERROR_INPUT, saying what the profiles lack. */
int profile_curves_nothing(const struct series_choice *choice, struct error *error);

/* Fills the empty list in the order profile, variant; origins[], which has room for every variant of every shown
 * profile, tells which one each curve came from. ERROR_INPUT, saying what is missing, where they hold nothing that can
 * be drawn. */
int profile_curves_add(struct series_list *list, const struct series_source *source, size_t *origins,
                       struct error *error);

#endif
