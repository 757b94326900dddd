/* What a block sends back to what it was handed. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_BACKWARD_H
#define SPANSCOPE_ANALYSIS_BOUNDS_BACKWARD_H

#include "analysis/bounds/form.h"

/* After forward_block. gradient: of the states at the block's output; in: of those at its input. Returns whether the
 * upper ends are known. */
bool backward_block(struct reading *self, const struct reading_gradient *gradient, struct reading_gradient *in);

#endif
