/* Architectures in use and their formulas: rows of docs/coverage.tsv, each held against the program. */
#ifndef SPANSCOPE_DOCS_COVERAGE_H
#define SPANSCOPE_DOCS_COVERAGE_H

#include <stdio.h>

#include "sim/error.h"

struct coverage_row {
    const char *name;
    const char *before;   /* with attn, ffn, moe, norm, sums and scales alone: E exact, A approximate, N none */
    const char *now;      /* exact, approximate or none, of the law at initialisation */
    const char *settings; /* of a small model of it, as setting_apply_all takes them */
    const char *formula;  /* "" where there is none */
    const char *missing;  /* what an approximation leaves out */
    const char *source;
};

typedef int coverage_visitor(const struct coverage_row *row, void *context, struct error *error);

/* Visits the rows of a file in its order until one returns an error, which is told with its line. */
int coverage_each(const char *path, coverage_visitor *visit, void *context, struct error *error);

/* Parses the row's formula and samples one small stack of it; every observable that it has must be finite at both ends.
 * A row without a formula must be none. ERROR_INPUT says what does not hold. */
int coverage_check(const struct coverage_row *row, struct error *error);

/* Checks every row and writes the table as Markdown. */
int coverage_print(const char *path, FILE *stream, struct error *error);

#endif
