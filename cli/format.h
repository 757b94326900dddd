/* The formats that profiles are written in; design.md's schemas. */
#ifndef SPANSCOPE_CLI_FORMAT_H
#define SPANSCOPE_CLI_FORMAT_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/profile.h"

struct format {
    const char *name;
    const char *summary;
    bool beside; /* shows a profile's prediction beside it; elsewhere the prediction is a profile of its own */
    /* Writes one profile; number counts the profiles of this output from 0. Out of memory is ERROR_RESOURCE; failed
     * writes are left for the stream's owner to find. */
    int (*write)(const struct profile *profile, int number, FILE *stream, struct error *error);
};

extern const struct format formats[];
extern const size_t format_count;

/* The row of that name, or NULL with the nearest name in error. */
const struct format *format_find(const char *name, struct error *error);

/* The same as a reader of the option --format (cli/options). */
int format_read(void *field, const char *name, const char *text, struct error *error);

/* The model's settings as they stand in "config"; *ok becomes false where memory ran out. */
json_t *format_model(bool *ok, const struct model *model);

/* The whole object of a profile. */
json_t *format_profile(bool *ok, const struct profile *profile);

/* A seed: JSON's integers end at 2^63 in most readers, a larger one is text. */
json_t *format_seed(uint64_t seed);

#endif
