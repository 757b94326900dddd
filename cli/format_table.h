/* Profiles as tables for reading: the observables with one value per layer. */
#ifndef SPANSCOPE_CLI_FORMAT_TABLE_H
#define SPANSCOPE_CLI_FORMAT_TABLE_H

#include <stdio.h>

#include "analysis/profile.h"

/* The format's writer (cli/format). */
int format_table(const struct profile *profile, int number, FILE *stream, struct error *error);

#endif
