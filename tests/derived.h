/* Bounds of one model, derived. */
#ifndef SPANSCOPE_TESTS_DERIVED_H
#define SPANSCOPE_TESTS_DERIVED_H

#include "analysis/bounds/bounds.h"

struct derived {
    struct model model;
    struct bounds bounds;
};

/* Of the settings in text, on top of support_model's, and the formula where there is one; skips_only as in
 * bounds_options. False, with nothing to free, where the bounds say in words that they know none of such a product. */
bool derived_try(struct derived *derived, const char *text, const char *formula, bool skips_only);

/* The same, where they must know it. */
void derived_make(struct derived *derived, const char *text, const char *formula, bool skips_only);
void derived_free(struct derived *derived);

/* The index of a layer's column in the bounds. */
size_t derived_cell(const struct derived *derived, int layer, const char *column);

#endif
