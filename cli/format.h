/* The formats that profiles are written in. */
#ifndef SPANSCOPE_CLI_FORMAT_H
#define SPANSCOPE_CLI_FORMAT_H

#include <stdio.h>

#include "analysis/profile.h"
#include "cli/columns.h"
#include "cli/options.h"
#include "cli/outlay.h"
#include "cli/sweep.h"

/* Where profiles are written one after the other, and which settings stand beside their numbers. */
struct format_page {
    FILE *stream;
    int number;                /* of profiles written so far */
    int window;                /* columns that there is room for; 0: any */
    const struct sweep *sweep; /* those of its settings that have several values */
    bool tidy;                 /* all that decides the numbers, in a table that has columns for it */
    bool quantity[OVERALLS];   /* where some are chosen, they alone are written, a row a profile */
    struct columns columns;    /* where some are chosen, they alone are written, in that order */
};

typedef int format_writer(const struct profile *profile, const struct format_page *page, struct error *error);

struct format {
    const char *name;
    const char *summary;
    bool beside;  /* shows a profile's prediction beside it; elsewhere the prediction is a profile of its own */
    bool tokens;  /* shows the observables by position */
    bool columns; /* has a column for a setting */
    value_choice *column, *quantity_column; /* what --columns may name, of rows of quantities too; NULL: nothing */
    /* Out of memory is ERROR_RESOURCE; failed writes are left for the stream's owner to find. */
    format_writer *write, *write_quantities;
    outlay_writer *cost; /* of a dry run */
};

extern const struct format formats[];
extern const size_t format_count;

value_choice format_name;

/* Names of columns, of all formats, and of quantities. */
value_choice format_column;

/* A reader of the option --quantity: names, separated by commas; the field is a page's quantity. */
int format_read_quantity(void *field, const char *name, const char *text, struct error *error);

/* Whether some are chosen. */
bool format_has_quantity(const struct format_page *page);

/* The row of that name, or NULL with the nearest name in error. */
const struct format *format_find(const char *name, struct error *error);

/* The same as a reader of the option --format (cli/options). */
int format_read(void *field, const char *name, const char *text, struct error *error);

/* Chooses the page's columns. ERROR_INPUT where what was asked for is not shown in the format. */
int format_check(const struct format *format, bool per_token, struct format_page *page, struct error *error);

/* Writes one more profile on the page. */
int format_write(const struct format *format, const struct profile *profile, struct format_page *page,
                 struct error *error);

#endif
