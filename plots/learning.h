/* Runs of `train` as figures read them: rows along their steps in the place of a profile's layers. */
#ifndef SPANSCOPE_PLOTS_LEARNING_H
#define SPANSCOPE_PLOTS_LEARNING_H

#include <jansson.h>
#include <stdbool.h>

/* What a row holds: u over the tenth of all steps that ends there, so that the last is the run's own score. */
#define LEARNING_SCORE "score"

/* What figures find in the configuration besides: 1 - token cosine of x_L before the first step. */
#define LEARNING_SPREAD "initial_spread"

/* And log10 of g_0/g_L there, where the run took a profile before its first step (--measure 0). */
#define LEARNING_RATIO "initial_ratio"

/* Whether the document is a run. */
bool learning_is(const json_t *root);

/* Whether each of its series is as long as the others, and of a run that has finished as its steps, but where it diverged
 * before the last. */
bool learning_is_whole(const json_t *root);

/* Rows {"layer": step, "score": {"mean": u}}, from where a tenth of the steps is done; NULL where the document lacks what
 * they are made of, or memory. */
json_t *learning_rows(const json_t *root);

#endif
