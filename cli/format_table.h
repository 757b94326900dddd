/* Profiles as tables for reading: the observables with one value per layer. */
#ifndef SPANSCOPE_CLI_FORMAT_TABLE_H
#define SPANSCOPE_CLI_FORMAT_TABLE_H

#include <stdio.h>

#include "cli/format.h"

/* The format's writers (cli/format). */
format_writer format_table, format_table_quantities;

#endif
