/* Configurations of transformers, made for rows of the table of architectures. */
#ifndef SPANSCOPE_TESTS_CONFIGURATION_H
#define SPANSCOPE_TESTS_CONFIGURATION_H

#include "analysis/huggingface.h"

/* Sets a member, "outer.inner" within an object that is made where there is none; value is taken over. */
void configuration_set(json_t *config, const char *key, json_t *value);

/* A configuration of the row with nothing but what it needs: 4 layers of width 64, 8 heads, F = 40. The caller frees it,
 * and the model that it was read to. */
json_t *configuration_smallest(const struct architecture *row, struct huggingface *model, struct error *error);

#endif
