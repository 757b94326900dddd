/* What lessons compute of a model: numbers of its infinite-width prediction and of its bounds. */
#ifndef SPANSCOPE_EXPLORE_LESSON_MEASURE_H
#define SPANSCOPE_EXPLORE_LESSON_MEASURE_H

#include "analysis/bounds/bounds.h"
#include "analysis/limit/moments.h"
#include "explore/lesson.h"

struct lesson_reading {
    struct moments moments;
    struct bounds bounds; /* zeroed where they were not asked for */
    int layers;
};

int lesson_reading_init(struct lesson_reading *reading, const struct model *model, bool bounds, struct error *error);
void lesson_reading_free(struct lesson_reading *reading);

extern const struct lesson_measure lesson_gradient, lesson_specific, lesson_growth, lesson_tokens, lesson_turn,
    lesson_deepest, lesson_slack;

#endif
