/* Profiles as tables for reading: the observables with one value per layer. */
#ifndef SPANSCOPE_CLI_FORMAT_TABLE_H
#define SPANSCOPE_CLI_FORMAT_TABLE_H

#include <stdio.h>

#include "cli/format.h"

/* The format's writers (cli/format). */
format_writer format_table, format_table_quantities;

/* What --columns may name: observables by name, and by symbol. */
value_choice format_table_column;

/* Of a table of quantities: settings, kind and quantities. */
value_choice format_table_quantity_column;

/* "L = 16, d = 256, relu, no mask": what the model reads, without its texts. */
void format_table_settings(const struct model *model, FILE *stream);

#endif
