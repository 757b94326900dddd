/* One block read over intervals: what it does to the second moments of the states that it is handed. */
#ifndef SPANSCOPE_ANALYSIS_BOUNDS_READING_H
#define SPANSCOPE_ANALYSIS_BOUNDS_READING_H

#include "analysis/bounds/form.h"

/* Sums over the block's attentions. */
struct reading_attentions {
    struct gain_report sum;
    int count;
};

struct reading_block {
    struct reading_joint joint;
    struct interval cosines[GRAPH_INPUTS_MAX]; /* of each state with itself before the block, at a token */
    struct reading_gradient gradient;          /* of the inputs */
    bool gradient_known;                       /* its upper ends are */
    struct reading_attentions attentions;
};

/* ERROR_RESOURCE; ERROR_INPUT, in words, where the formula is beyond what bounds are known for. The depth must outlive
 * the reading, which is freed where it fails. */
int reading_init(struct reading *self, const struct depth *depth, bool skips_only, struct error *error);
void reading_free(struct reading *self);

/* gradient: of the states at the block's output. The branches' bounds are left in self. ERROR_INPUT where a bound of a
 * signal leaves the range of double. */
int reading_block(struct reading *self, const struct block *block, const struct reading_joint *in,
                  const struct reading_gradient *gradient, struct reading_block *out, struct error *error);

#endif
