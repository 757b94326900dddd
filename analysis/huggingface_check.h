/* What a configuration may not say, once its row has been expanded. */
#ifndef SPANSCOPE_ANALYSIS_HUGGINGFACE_CHECK_H
#define SPANSCOPE_ANALYSIS_HUGGINGFACE_CHECK_H

#include "analysis/huggingface.h"
#include "analysis/template.h"

/* Numbers of formulas and expressions out of range, pairs of them that do not fit, odd columns that are rotated, lists by
 * layer of another length, zeros that would be read as what there is without them, and keys that nothing has read and that
 * may change the law: ERROR_INPUT names the key, its value and what was expected. Keys without a say are marked idle. */
int huggingface_check(struct template_reader *reader, const struct huggingface *self);

#endif
