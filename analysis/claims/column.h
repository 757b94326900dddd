/* Columns that a claim speaks of: products and quotients of observables, and counts of the model itself.
 *
 *   gradient_variance                       a column of the schema
 *   gradient_variance*activation_variance   layer by layer; '/' divides
 *   gradient_variance.token1                a position
 *   gradient_variance.median                the median over positions
 *   norms, flops                            norms, and floating point operations of forward and backward, of block l
 */
#ifndef SPANSCOPE_ANALYSIS_CLAIMS_COLUMN_H
#define SPANSCOPE_ANALYSIS_CLAIMS_COLUMN_H

#include "sim/depth.h"

enum { COLUMN_TERMS_MAX = 4 };

struct column_count; /* a count of the model, by block */

struct column_term {
    int index, span;                  /* the schema's columns index .. index + span - 1, of which the median is taken */
    const struct column_count *count; /* or a count, which no sample changes */
    bool divides;
};

struct column {
    struct column_term terms[COLUMN_TERMS_MAX];
    int term_count;
    bool exact; /* counts only */
};

/* Whether the text names positions: the schema must then be per token. */
bool column_by_token(const char *text);

/* found is false where the schema has no such column; ERROR_INPUT for a text of no sense. */
int column_parse(struct column *column, const char *text, const struct observe_schema *schema, bool *found,
                 struct error *error);

/* The column's values at layers 0..L of a sample's values[(L + 1) * schema->column_count]; work has T entries. Counts
 * are absent at layer 0, values wherever a factor is. */
void column_gather(const struct column *column, const struct depth *depth, const struct wide *values,
                   struct wide *gathered, // [L + 1]
                   struct wide *work);    // [T]

#endif
