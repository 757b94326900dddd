/* Profiles as JSON: a line each, schema spanscope/profile/1. */
#ifndef SPANSCOPE_CLI_FORMAT_JSON_H
#define SPANSCOPE_CLI_FORMAT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/profile.h"

/* The format's writer (cli/format). Written layer by layer: its memory does not grow with the depth. */
int format_json(const struct profile *profile, int number, FILE *stream, struct error *error);

/* The same with members, taken over, that join the head or take the place of its own. */
int format_json_with(const struct profile *profile, json_t *members, FILE *stream, struct error *error);

#endif
