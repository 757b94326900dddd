/* What a block does to the second moments of the signals that it is handed. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_FORWARD_H
#define SPANSCOPE_ANALYSIS_BOUNDS_FORWARD_H

#include "analysis/bounds/form.h"

/* Leaves the forms of the block's signals in self. Returns NULL, or why the block has no bounds: a format for its number
 * and the number of blocks. */
const char *forward_block(struct reading *self, const struct reading_joint *in);

#endif
