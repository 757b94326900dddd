/* What `spanscope verify --format json` reports, and the committed record of an earlier report. */
#ifndef SPANSCOPE_PAPER_REPRO_VERDICTS_H
#define SPANSCOPE_PAPER_REPRO_VERDICTS_H

#include <stddef.h>
#include <stdio.h>

#include "sim/error.h"

enum { REPORT_ID_MAX = 64, REPORT_VERDICT_MAX = 24 };

/* One claim. The numbers are NaN where the report has null: a claim that does not apply. */
struct verdicts_claim {
    char id[REPORT_ID_MAX], verdict[REPORT_VERDICT_MAX], expected[REPORT_VERDICT_MAX];
    double statistic, lo, hi; /* of the deciding test: estimate and interval at the level that the report gave it */
    double bound, margin;
    long tests, samples;
    double seconds;
};

struct verdicts {
    struct verdicts_claim *claims;
    size_t count;
};

/* The JSON of `verify`: an object of schema spanscope/verdict/1. ERROR_RESOURCE where the file is not that. */
int verdicts_read(const char *path, struct verdicts *report, struct error *error);

/* The record: id, verdict, statistic, lo, hi, a claim a line, fields apart by tabs; "-" for NaN. */
int report_read_record(const char *path, struct verdicts *report, struct error *error);
void report_write_record(const struct verdicts *report, FILE *stream);
void verdicts_free(struct verdicts *report);

const struct verdicts_claim *verdicts_find(const struct verdicts *report, const char *id);

enum verdicts_outcome { VERDICTS_SAME, REPORT_SAMPLED_ANEW, VERDICTS_WRONG };

/* Same verdict; same statistic to EXPECTED_ROUNDING, or intervals that overlap: each holds the one quantity with at
 * least its level (99 % and more), so that they miss each other only where one of them misses it. */
enum verdicts_outcome verdicts_compare(const struct verdicts_claim *record, const struct verdicts_claim *claim);

#endif
