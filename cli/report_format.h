/* How a report is written. */
#ifndef SPANSCOPE_CLI_REPORT_FORMAT_H
#define SPANSCOPE_CLI_REPORT_FORMAT_H

#include <stdio.h>

#include "cli/columns.h"
#include "cli/report.h"

struct report_format {
    const char *name;
    bool columns; /* which may be chosen among those of report_format_column */
    int (*write)(const struct report *report, const struct columns *columns, FILE *stream, struct error *error);
    int (*list)(const struct report *report, enum claim_tier tier, FILE *stream, struct error *error); /* its claims */
};

extern const struct report_format report_formats[];
extern const size_t report_format_count;

/* Name number i, NULL behind the last. */
const char *report_format_name(size_t i);

/* What --columns may name. */
value_choice report_format_column;

/* An value_reader of a field const struct report_format *. */
int report_format_read(void *field, const char *name, const char *text, struct error *error);

#endif
