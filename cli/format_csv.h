/* Profiles as CSV: a row per layer and observable, RFC 4180. */
#ifndef SPANSCOPE_CLI_FORMAT_CSV_H
#define SPANSCOPE_CLI_FORMAT_CSV_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/profile.h"

/* The format's writer (cli/format): kind,placement,init,layer,observable,mean,sd,se,lo,hi,n and behind them every
 * member of the configuration, the same in all rows of a profile. The first profile has the header above it. */
int format_csv(const struct profile *profile, int number, FILE *stream, struct error *error);

/* A comma and the value: a text, quoted where it must be, or a number. */
void format_csv_value(const json_t *value, FILE *stream);

#endif
