/* What runs would take, as --dry-run prints it; schema SCHEMA_COST. */
#ifndef SPANSCOPE_CLI_OUTLAY_H
#define SPANSCOPE_CLI_OUTLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/error.h"

/* Of one model alone. */
struct outlay_model {
    char label[160]; /* "spannorm, scaleinit"; empty where it is not one model alone, and nothing here is known */
    const char *engine, *forced;                /* why it is not the cheapest, or NULL */
    double parameters, normals, flops, seconds; /* the last three of a sample */
    double normals_rate, flops_rate, beyond;    /* a second; times their time for all else */
    int layers, kept, blocks;                   /* kept: of the blocks, whose tape is */
};

struct outlay {
    const char *runs, *unit; /* "configurations" of "samples", "runs" of "steps", "models" of one of "predictions" */
    int64_t count, each;     /* runs, and units of each */
    int threads;
    int64_t probes;                /* models that were tried */
    double least_seconds, seconds; /* in all, on the clock: where draws of predictions end at once, by the error that is
                                      asked for, and where they do not; else the same */
    double predicted[2];           /* of these, predictions beside samples, so; 0 where there are none */
    size_t bytes, thread_bytes;    /* beside what the program has before it begins */
    bool closed;                   /* predictions that draw nothing */
    struct outlay_model model;
};

/* Adds predictions that are made before the samples, one model after another. */
void outlay_precede(struct outlay *outlay, const struct outlay *predictions);

/* Three ways of writing it. ERROR_RESOURCE without memory. */
typedef int outlay_writer(const struct outlay *outlay, FILE *stream, struct error *error);
outlay_writer outlay_words, outlay_csv, outlay_json;

#endif
