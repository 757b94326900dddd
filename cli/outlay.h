/* What runs would take, as --dry-run prints it; schema SCHEMA_COST. */
#ifndef SPANSCOPE_CLI_OUTLAY_H
#define SPANSCOPE_CLI_OUTLAY_H

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
    const char *runs, *unit; /* "configurations" of "samples", "runs" of "steps" */
    int64_t count, each;     /* runs, and units of each */
    int threads;
    int64_t probes; /* models that were tried */
    double seconds; /* in all, on the clock */
    size_t bytes, thread_bytes;
    struct outlay_model model;
};

/* Three ways of writing it. ERROR_RESOURCE without memory. */
typedef int outlay_writer(const struct outlay *outlay, FILE *stream, struct error *error);
outlay_writer outlay_words, outlay_csv, outlay_json;

#endif
