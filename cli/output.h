/* Where data go: stdout, or a file that appears under its name only when it is whole. */
#ifndef SPANSCOPE_CLI_OUTPUT_H
#define SPANSCOPE_CLI_OUTPUT_H

#include <stdio.h>

#include "sim/error.h"

struct output {
    FILE *stream;
    char *path, *temporary; /* NULL for stdout */
};

/* path NULL or "-" is stdout. The file is written beside its place under a temporary name. Returns the stream, or NULL
 * with ERROR_RESOURCE. */
FILE *output_open(struct output *output, const char *path, struct error *error);

/* Flushes, checks that all was written, and renames. Whatever fails, nothing half-written stays. */
int output_close(struct output *output, struct error *error);

/* Flushes standard output; ERROR_RESOURCE where anything printed there was lost, as on a full disk. */
int output_flush(struct error *error);

/* Drops what was written; safe on a zeroed struct and after output_close. */
void output_discard(struct output *output);

#endif
