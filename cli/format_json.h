/* Profiles as JSON: a line each, schema spanscope/profile/1. */
#ifndef SPANSCOPE_CLI_FORMAT_JSON_H
#define SPANSCOPE_CLI_FORMAT_JSON_H

#include <stdio.h>

#include "analysis/profile.h"

/* The format's writer (cli/format). Written layer by layer: its memory does not grow with the depth. */
int format_json(const struct profile *profile, int number, FILE *stream, struct error *error);

#endif
