/* What `spanscope verify --format json` reports, and the committed record of an earlier report. */
#ifndef SPANSCOPE_PAPER_REPRO_REPORT_H
#define SPANSCOPE_PAPER_REPRO_REPORT_H

#include <stddef.h>
#include <stdio.h>

#include "sim/error.h"

enum { REPORT_ID_MAX = 64, REPORT_VERDICT_MAX = 24 };

/* One claim. The numbers are NaN where the report has null: a claim that does not apply. */
struct report_claim {
    char id[REPORT_ID_MAX], verdict[REPORT_VERDICT_MAX], expected[REPORT_VERDICT_MAX];
    double statistic, lo, hi; /* of the deciding test: estimate and interval at the level that the report gave it */
    double bound, margin;
    long tests, samples;
    double seconds;
};

struct report {
    struct report_claim *claims;
    size_t count;
};

/* The JSON of `verify`: an object of schema spanscope/verdict/1. ERROR_RESOURCE where the file is not that. */
int report_read(const char *path, struct report *report, struct error *error);

/* The record: id, verdict, statistic, lo, hi, a claim a line, fields apart by tabs; "-" for NaN. */
int report_read_record(const char *path, struct report *report, struct error *error);
void report_write_record(const struct report *report, FILE *stream);
void report_free(struct report *report);

const struct report_claim *report_find(const struct report *report, const char *id);

enum report_outcome { REPORT_SAME, REPORT_SAMPLED_ANEW, REPORT_WRONG };

/* Same verdict; same statistic to EXPECTED_ROUNDING, or intervals that overlap: each holds the one quantity with at
 * least its level (99 % and more), so that they miss each other only where one of them misses it. */
enum report_outcome report_compare(const struct report_claim *record, const struct report_claim *claim);

#endif
