/* The formats that profiles are written in. */
#ifndef SPANSCOPE_CLI_FORMAT_H
#define SPANSCOPE_CLI_FORMAT_H

#include <stdio.h>

#include "analysis/profile.h"

struct format {
    const char *name;
    const char *summary;
    bool beside; /* shows a profile's prediction beside it; elsewhere the prediction is a profile of its own */
    bool tokens; /* shows the observables by position */
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

/* ERROR_INPUT where what was asked for is not shown in the format. */
int format_check(const struct format *format, bool per_token, struct error *error);

#endif
