/* Hypotheses: what a claim or a line of theory assumes of a model, in the words of sim/setting.
 *
 *   placement=spannorm|b2t init=scaleinit layers>=32 input-scale=1
 *
 * Words separated by blanks, all of which must hold; '|' separates alternatives, each with its own quotes. "=" holds
 * where taking the setting leaves the model as it is: for a placement or initialisation, where its formulas are the
 * same, whatever their name. The parameter of an initialisation counts where the word gives it (scaleinit:2).
 */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_HYPOTHESIS_H
#define SPANSCOPE_ANALYSIS_BOUNDS_HYPOTHESIS_H

#include "sim/model.h"

enum { HYPOTHESIS_WORD_MAX = 320 };

/* Whether the text holds of the model (NULL and "" do); failed is the first word that does not. ERROR_INPUT for a text
 * of no sense. */
int hypothesis_holds(const char *text, const struct model *model, bool *holds, char failed[HYPOTHESIS_WORD_MAX],
                     struct error *error);

/* Whether two checked models are the same in every setting. */
bool hypothesis_same(const struct model *a, const struct model *b);

#endif
