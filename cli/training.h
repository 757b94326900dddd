/* The formats that runs of `train` are written in; schema SCHEMA_TRAINING. */
#ifndef SPANSCOPE_CLI_TRAINING_H
#define SPANSCOPE_CLI_TRAINING_H

#include <jansson.h>
#include <stdio.h>

#include "cli/columns.h"
#include "cli/outlay.h"
#include "cli/sweep.h"
#include "train/train.h"

/* Which settings stand beside the numbers. */
struct training_page {
    const struct sweep *sweep; /* those that vary */
    bool rates, seeds;         /* whether there are several */
    int seed_width;            /* digits of the largest seed */
    bool tidy;                 /* all that decides the numbers, in a table that has columns for it */
    struct columns columns;    /* where some are chosen, they alone are written, in that order */
    int window;                /* columns that there is room for; 0: any */
};

struct training_format {
    const char *name;
    const char *summary;
    bool profiles;        /* has room for those measured on the way */
    bool columns;         /* has a column for a setting */
    value_choice *column; /* what --columns may name; NULL: nothing */
    /* What stands before all runs, of one of them; NULL where nothing does. */
    int (*head)(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error);
    /* Writes one run. */
    int (*write)(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error);
    outlay_writer *cost; /* of a dry run */
};

extern const struct training_format training_formats[];
extern const size_t training_format_count;

/* Name number i, NULL behind the last. */
const char *training_format_name(size_t i);

/* Names of columns, of all formats. */
value_choice training_format_column;

/* A reader of the option --format (cli/options). */
int training_format_read(void *field, const char *name, const char *text, struct error *error);

/* Of a record's spread: NAN where single precision could not tell it from 0. How many numbers of the run that leaves out,
 * its profiles' among them. */
double training_spread(const struct train_run *run, double spread);
int training_unresolved(const struct train_run *run);

/* All that decides a run's numbers: the settings of its model as "config", its own as "training", and the bytes it reads as
 * TRAINING_BYTES.
 * *ok becomes false where memory ran out. */
#define TRAINING_BYTES "bytes"
json_t *training_identity(bool *ok, const struct train_run *run);

#endif
