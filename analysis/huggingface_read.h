/* Reads a model's configuration. */
#ifndef SPANSCOPE_ANALYSIS_HUGGINGFACE_READ_H
#define SPANSCOPE_ANALYSIS_HUGGINGFACE_READ_H

#include <jansson.h>

#include "analysis/huggingface.h"
#include "sim/error.h"

/* ignore is "KEY,KEY,...", keys that are read as if they were absent, with what is within them; NULL for none.
 * ERROR_INPUT names an unknown model_type, a key that is not understood and may change the law, and one that is missing
 * or has a value that no row of the table has. config is an object. */
int huggingface_read(struct huggingface *self, const json_t *config, const char *ignore, struct error *error);

/* The same of a file. */
int huggingface_open(struct huggingface *self, const char *path, const char *ignore, struct error *error);

#endif
