/* The formats that runs of `train` are written in; schema SCHEMA_TRAINING. */
#ifndef SPANSCOPE_CLI_TRAINING_H
#define SPANSCOPE_CLI_TRAINING_H

#include <stdio.h>

#include "train/train.h"

struct training_format {
    const char *name;
    const char *summary;
    bool profiles; /* has room for those measured on the way */
    /* Writes one run; number counts those of this output from 0. */
    int (*write)(const struct train_run *run, int number, FILE *stream, struct error *error);
};

extern const struct training_format training_formats[];
extern const size_t training_format_count;

/* Name number i, NULL behind the last. */
const char *training_format_name(size_t i);

/* A reader of the option --format (cli/options). */
int training_format_read(void *field, const char *name, const char *text, struct error *error);

/* Writes all that decides a run's numbers. */
int training_identity(const struct train_run *run, FILE *stream, struct error *error);

/* u of a run, NAN where it has none. */
double training_score(const struct train_run *run);

#endif
