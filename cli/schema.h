/* spanscope schema: JSON Schemas of what the program writes, made from one table of members and from the tables of
 * settings, observables and quantities. docs/output.md is made from them. */
#ifndef SPANSCOPE_CLI_SCHEMA_H
#define SPANSCOPE_CLI_SCHEMA_H

#include <jansson.h>

#include "cli/options.h"

/* Names of documents: "profile" of spanscope/profile/1, ... */
value_choice schema_name;

/* The schema of document number i, a JSON Schema of draft 2020-12, which the caller owns; NULL where memory is out. */
json_t *schema_of(size_t i);

extern const struct options_command schema_options;

int schema_command(int argc, char **argv);

#endif
