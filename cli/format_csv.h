/* Profiles as CSV: a row per layer and observable, RFC 4180. */
#ifndef SPANSCOPE_CLI_FORMAT_CSV_H
#define SPANSCOPE_CLI_FORMAT_CSV_H

#include <jansson.h>
#include <stdio.h>

#include "cli/format.h"

/* The format's writers (cli/format): kind,placement,init,layer,observable,mean,sd,se,lo,hi,n, a row of the whole stack
 * without a layer; or kind,placement,init and each quantity with its error and interval, and n. Behind them a column for
 * each setting that has several values, or all members of the configuration, the same in all rows of a profile. The
 * first profile has the header above it. */
format_writer format_csv, format_csv_quantities;

/* What --columns may name: the columns of a profile's header with every setting. */
value_choice format_csv_column;

/* Of rows of quantities likewise. */
value_choice format_csv_quantity_column;

/* Whether the setting has several texts of which some have no name, so that only the whole text tells them apart. */
bool format_csv_needs_text(const struct sweep *sweep, const struct setting *setting);

/* A comma and the value: a text, quoted where it must be, or a number. */
void format_csv_value(const json_t *value, FILE *stream);

#endif
