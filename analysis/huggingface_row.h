/* The rows of the tables of architectures whose conditions a configuration meets. */
#ifndef SPANSCOPE_ANALYSIS_HUGGINGFACE_ROW_H
#define SPANSCOPE_ANALYSIS_HUGGINGFACE_ROW_H

#include "analysis/architecture.h"
#include "analysis/template.h"

/* The first row of the reader's type that is meant. ERROR_INPUT names the nearest type where it is unknown, and the key
 * whose value no row of the type has. */
int huggingface_row_find(struct template_reader *reader, const struct architecture **row);

/* The row of how rotary positions are stretched, the first where the model has none. */
int huggingface_row_rope(struct template_reader *reader, const struct architecture *architecture,
                         const struct architecture **row);

#endif
