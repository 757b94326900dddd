/* Profiles as JSON: a line each, schema spanscope/profile/1. */
#ifndef SPANSCOPE_CLI_FORMAT_JSON_H
#define SPANSCOPE_CLI_FORMAT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "cli/format.h"

/* The format's writers (cli/format). Written layer by layer: its memory does not grow with the depth. Of quantities the
 * schema is spanscope/stack/1, and there are no layers. */
format_writer format_json, format_json_quantities;

/* A profile with members, taken over, that join the head or take the place of its own. */
int format_json_with(const struct profile *profile, json_t *members, FILE *stream, struct error *error);

#endif
