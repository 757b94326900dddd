/* The report of `verify`: chosen claims, their trials, and the verdicts at one level for all of them. */
#ifndef SPANSCOPE_CLI_REPORT_H
#define SPANSCOPE_CLI_REPORT_H

#include <stdbool.h>

#include "analysis/claims/trial.h"
#include "cli/options.h"
#include "cli/status.h"

/* In the order of the report. */
struct report {
    double level; /* probability of any wrong verdict, at most */
    size_t count;
    const struct claim **claims;    /* [count] */
    struct trial *trials;           /* [count] */
    struct verdict_claim *verdicts; /* [count] */
    struct trial_options options;   /* of the trials */
    struct memo memo;               /* of the runs that they share */
    struct claim_override *overrides;
    bool measured; /* there are verdicts to write, whatever happened to some */
};

/* The claims of those ids, or all of them where there are none. */
int report_init(struct report *report, double level, int id_count, char *const ids[], struct error *error);
void report_free(struct report *report);

/* Prepares, samples and decides every claim. given: the settings that replace what the claims' configurations say, and
 * must outlive the report; options without overrides. What goes wrong with one claim leaves that one open and the others
 * decided; the first error that is the machine's and not the model's is returned in the end. shows: progress on standard
 * error. */
int report_measure(struct report *report, const struct trial_options *options, const struct options *given, bool shows,
                   struct error *error);

/* A claim whose hypotheses the options break is not against expectation: nothing was said of such models. */
bool report_against(const struct report *report, size_t i);

/* What is undecided is neither as expected nor contrary to it. */
void report_count(const struct report *report, size_t counts[VERDICTS], size_t *contrary);

enum status report_status(const struct report *report);

#endif
