#include "cli/verify.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis/claims/trial.h"
#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/status.h"
#include "sim/budget.h"
#include "sim/text.h"

struct verify {
    struct options options;
    enum claim_tier tier;
    double level;
    uint64_t seed;
    int threads;
    size_t memory;
    int64_t samples; /* 0: the tier's */
    bool list, quiet;
    const struct report_format *format;
    const char *output;
};

/* Trials and verdicts of the chosen claims, in the order of the report. */
struct report {
    double level;
    size_t count;
    const struct claim **claims;
    struct trial *trials;
    struct verdict_claim *verdicts;
};

struct report_format {
    const char *name;
    int (*write)(const struct report *report, FILE *stream, struct error *error);
};

static int read_tier(void *field, const char *name, const char *text, struct error *error)
{
    for (int t = 0; t < CLAIM_TIERS; t++) {
        if (strcmp(claim_tier_names[t], text) == 0) {
            *(enum claim_tier *)field = (enum claim_tier)t;
            return ERROR_NONE;
        }
    }
    return text_unknown(error, name, text, claim_tier_names, CLAIM_TIERS);
}

/* A claim whose hypotheses the options break is not against expectation: nothing was said of such models. */
static bool against(const struct report *report, size_t i)
{
    return report->verdicts[i].verdict != VERDICT_NOT_APPLICABLE &&
           report->verdicts[i].verdict != report->claims[i]->expected;
}

/* The test that a line of the report is about, or NULL. */
static const struct verdict_test *deciding_test(const struct report *report, size_t i)
{
    const struct verdict_claim *verdict = &report->verdicts[i];
    return verdict->count > 0 ? &verdict->tests[verdict->deciding] : NULL;
}

static void print_bound(const struct verdict_test *test, char *text, size_t size)
{
    if (test->lower == test->upper)
        snprintf(text, size, "%.4g +- %.2g", test->lower, test->margin);
    else if (isinf(test->upper))
        snprintf(text, size, ">= %.4g - %.2g", test->lower, test->margin);
    else if (isinf(test->lower))
        snprintf(text, size, "<= %.4g + %.2g", test->upper, test->margin);
    else
        snprintf(text, size, "[%.4g, %.4g] +- %.2g", test->lower, test->upper, test->margin);
}

static void table_line(const struct report *report, size_t i, FILE *stream)
{
    const struct verdict_claim *verdict = &report->verdicts[i];
    const struct verdict_test *test = deciding_test(report, i);
    char statistic[32] = "-", interval[64] = "-", bound[96] = "-";
    if (test) {
        snprintf(statistic, sizeof statistic, "%.5g", test->mean);
        print_bound(test, bound, sizeof bound);
    }
    if (isfinite(verdict->lo))
        snprintf(interval, sizeof interval, "[%.5g, %.5g]", verdict->lo, verdict->hi);
    fprintf(stream, "%-20s  %-14s %10s  %-22s  %-26s %6zu %8" PRId64 " %8.1f\n", report->claims[i]->id,
            verdict_names[verdict->verdict], statistic, interval, bound, report->verdicts[i].count,
            report->trials[i].samples, report->trials[i].seconds);
}

/* Statement and reason of a verdict that was not expected or contradicts, and the hypothesis of one that does not
 * apply.
 */
static void table_remark(const struct report *report, size_t i, FILE *stream)
{
    const struct claim *claim = report->claims[i];
    const struct verdict_claim *verdict = &report->verdicts[i];
    if (verdict->verdict == VERDICT_NOT_APPLICABLE)
        fprintf(stream, "\n%s does not apply: %s\n", claim->id, verdict->why);
    if (verdict->verdict == VERDICT_CONTRADICTED && !against(report, i))
        fprintf(stream, "\n%s is contradicted, as expected\n  claim:  %s (%s)\n  found:  %s\n", claim->id,
                claim->statement, claim->source, verdict->why);
    if (!against(report, i))
        return;
    if (verdict->count == 0) {
        fprintf(stream, "\n%s: %s\n", claim->id, verdict->why);
        return;
    }
    fprintf(stream, "\n%s: %s where %s was expected\n  claim:  %s (%s)\n  found:  %s\n", claim->id,
            verdict_names[verdict->verdict], verdict_names[claim->expected], claim->statement, claim->source,
            verdict->why);
    fprintf(stream, "  margin: %s\n", report->trials[i].checks[verdict->deciding]->reason);
}

/* What is undecided is neither as expected nor contrary to it. */
static void count_verdicts(const struct report *report, size_t counts[VERDICTS], size_t *contrary)
{
    *contrary = 0;
    for (size_t i = 0; i < report->count; i++) {
        counts[report->verdicts[i].verdict]++;
        *contrary += against(report, i) && report->verdicts[i].verdict != VERDICT_INCONCLUSIVE;
    }
}

static int write_table(const struct report *report, FILE *stream, struct error *error)
{
    (void)error;
    size_t counts[VERDICTS] = {0}, contrary;
    fprintf(stream, "%-20s  %-14s %10s  %-22s  %-26s %6s %8s %8s\n", "claim", "verdict", "statistic", "interval",
            "bound", "tests", "samples", "seconds");
    const struct claim_group *group = NULL;
    for (size_t i = 0; i < report->count; i++) {
        const struct claim_group *next = claim_group_of(report->claims[i]);
        if (next != group)
            fprintf(stream, "-- %s\n", next->title);
        group = next;
        table_line(report, i, stream);
    }
    for (size_t i = 0; i < report->count; i++)
        table_remark(report, i, stream);
    count_verdicts(report, counts, &contrary);
    fprintf(stream, "\n%zu claims:", report->count);
    for (int v = 0; v < VERDICTS; v++)
        if (counts[v] > 0)
            fprintf(stream, " %zu %s,", counts[v], verdict_names[v]);
    fprintf(stream, " %zu against expectation; any wrong verdict has probability at most %g\n", contrary,
            report->level);
    return ERROR_NONE;
}

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_claim(const struct report *report, size_t i)
{
    const struct verdict_claim *verdict = &report->verdicts[i];
    const struct verdict_test *test = deciding_test(report, i);
    return json_pack("{ss ss ss so so so so so sI sI so ss}", "id", report->claims[i]->id, "verdict",
                     verdict_names[verdict->verdict], "expected", verdict_names[report->claims[i]->expected],
                     "statistic", number(test ? test->mean : NAN), "lo", number(verdict->lo), "hi", number(verdict->hi),
                     "bound", number(verdict->bound), "margin", number(test ? test->margin : NAN), "tests",
                     (json_int_t)verdict->count, "samples", (json_int_t)report->trials[i].samples, "seconds",
                     number(report->trials[i].seconds), "why", verdict->why);
}

static int write_json(const struct report *report, FILE *stream, struct error *error)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(list, json_claim(report, i));
    json_t *root = json_pack("{ss sf so}", "schema", "spanscope/verdict/1", "level", report->level, "claims", list);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for the report");
    fprintf(stream, "%s\n", text);
    free(text);
    return ERROR_NONE;
}

static const struct report_format report_formats[] = {{"table", write_table}, {"json", write_json}};
enum { REPORT_FORMATS = sizeof report_formats / sizeof *report_formats };

static int read_format(void *field, const char *name, const char *text, struct error *error)
{
    const char *names[REPORT_FORMATS];
    for (size_t i = 0; i < REPORT_FORMATS; i++) {
        names[i] = report_formats[i].name;
        if (strcmp(names[i], text) == 0) {
            *(const struct report_format **)field = &report_formats[i];
            return ERROR_NONE;
        }
    }
    return text_unknown(error, name, text, names, REPORT_FORMATS);
}

static const struct options_row rows[] = {
    {"list", 'l', NULL, "print the claims and decide nothing", options_flag, offsetof(struct verify, list)},
    {"tier", 't', "smoke|check|full", "how much is measured: seconds, half a minute, minutes", read_tier,
     offsetof(struct verify, tier)},
    {"level", 0, "P", "probability that the report holds any wrong verdict, at most; 0.01", options_fraction,
     offsetof(struct verify, level)},
    {"samples", 'n', "N", "of every configuration, instead of the tier's", options_count,
     offsetof(struct verify, samples)},
    {"seed", 's', "N", "64-bit seed", options_seed, offsetof(struct verify, seed)},
    {"threads", 'j', "N", "samples in parallel; results do not depend on it", options_threads,
     offsetof(struct verify, threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", options_bytes,
     offsetof(struct verify, memory)},
    {"format", 'f', "table|json", "what is written", read_format, offsetof(struct verify, format)},
    {"output", 'o', "FILE", "where to, instead of standard output", options_path, offsetof(struct verify, output)},
    {"quiet", 'q', NULL, "no words on standard error but errors", options_flag, offsetof(struct verify, quiet)},
};

static const struct options_command command = {
    "verify [OPTION]... [CLAIM]...",
    "Measures claims about signal propagation and decides each: SUPPORTED, CONTRADICTED, INCONCLUSIVE or NOT "
    "APPLICABLE.\n"
    "Without a name, all of them. Model options replace what every claim's configurations say; a claim whose "
    "hypothesis\n"
    "they break does not apply. Exit status: 0 every verdict as expected, 1 not, 4 nothing decided or a claim open.",
    rows, sizeof rows / sizeof *rows, true, false, NULL};

static void print_bounds_of(const struct claim_check *check, FILE *stream)
{
    if (check->lower && check->upper && strcmp(check->lower, check->upper) == 0)
        fprintf(stream, "is %s", check->lower);
    else if (check->lower && check->upper)
        fprintf(stream, "from %s to %s", check->lower, check->upper);
    else
        fprintf(stream, "%s %s", check->lower ? "at least" : "at most", check->lower ? check->lower : check->upper);
}

static void list_check(const struct claim_check *check, FILE *stream)
{
    bool one_layer = strcmp(check->first, check->last) == 0;
    fprintf(stream, "  test:     ");
    if (check->contrast)
        fprintf(stream, "over configurations, the %s%s%s of ", check->contrast, check->against ? " against " : "",
                check->against ? check->against : "");
    fprintf(stream, "%s%s of %s, layer%s %s%s%s", check->variance ? "log variance over samples of " : "",
            check->statistic, check->observable, one_layer ? "" : "s", check->first, one_layer ? "" : " to ",
            one_layer ? "" : check->last);
    if (check->where)
        fprintf(stream, ", where %s", check->where);
    fprintf(stream, ": ");
    print_bounds_of(check, stream);
    fprintf(stream, "\n  margin:   %s: %s\n", check->margin, check->reason);
}

static void list_claim(const struct claim *claim, enum claim_tier tier, FILE *stream)
{
    const struct claim_plan *plan = &claim->plans[tier];
    fprintf(stream, "%s (expected %s)\n  says:     %s\n  source:   %s\n", claim->id, verdict_names[claim->expected],
            claim->statement, claim->source);
    if (claim->beyond) {
        fprintf(stream, "  beyond:   %s\n\n", claim->beyond);
        return;
    }
    fprintf(stream, "  assumes:  %s\n  setting:  %s\n", claim->hypotheses, claim->settings);
    for (int p = 0; p < CLAIM_PLANS_MAX && plan->configurations[p]; p++)
        fprintf(stream, "  %s  %s\n", p == 0 ? "at:      " : "         ", plan->configurations[p]);
    fprintf(stream, "  samples:  at most %" PRId64 " of each\n", plan->samples);
    for (int c = 0; c < claim_check_count(claim); c++)
        list_check(&claim->checks[c], stream);
    fprintf(stream, "\n");
}

static bool is_chosen(const struct report *report, const struct claim *claim)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->claims[i] == claim)
            return true;
    return false;
}

static void list_claims(const struct report *report, const struct verify *verify, FILE *stream)
{
    const struct claim_group *group = NULL;
    for (size_t i = 0; i < report->count; i++) {
        const struct claim_group *next = claim_group_of(report->claims[i]);
        if (next != group)
            fprintf(stream, "-- %s\n\n", next->title);
        group = next;
        list_claim(report->claims[i], verify->tier, stream);
    }
}

static void report_free(struct report *report)
{
    for (size_t i = 0; report->trials && i < report->count; i++)
        trial_free(&report->trials[i]);
    free(report->claims);
    free(report->trials);
    free(report->verdicts);
    *report = (struct report){0};
}

static int report_init(struct report *report, const struct verify *verify, struct error *error)
{
    size_t words = (size_t)verify->options.word_count, most = words > 0 ? words : claim_count();
    *report = (struct report){.level = verify->level};
    report->claims = calloc(most, sizeof *report->claims);
    report->trials = calloc(most, sizeof *report->trials);
    report->verdicts = calloc(most, sizeof *report->verdicts);
    if (!report->claims || !report->trials || !report->verdicts)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu claims", most);
    for (size_t i = 0; i < most; i++) {
        const struct claim *claim = words > 0 ? claim_find(verify->options.words[i], error) : claim_at(i);
        if (!claim)
            return error->code;
        if (!is_chosen(report, claim))
            report->claims[report->count++] = claim;
    }
    return ERROR_NONE;
}

/* Every claim is made ready before any is sampled: how many of them apply sets the alpha of each. */
static int prepare_all(struct report *report, const struct trial_options *options, struct error *error)
{
    int code = ERROR_NONE;
    for (size_t i = 0; code == ERROR_NONE && i < report->count; i++) {
        code = trial_init(&report->trials[i], report->claims[i], options, error);
        report->verdicts[i] = trial_evidence(&report->trials[i]);
    }
    return code;
}

/* A setting that nothing in any configuration of the chosen claims reads would decide nothing: it is a mistake. */
static int check_settings(const struct report *report, const struct options *options, struct error *error)
{
    for (int s = 0; s < options->setting_count; s++) {
        bool read = false;
        for (size_t i = 0; i < report->count; i++)
            read |= trial_reads(&report->trials[i], options->settings[s].name);
        if (!read)
            return options_unread(options->settings[s].name, "the chosen claims' configurations", error);
    }
    return ERROR_NONE;
}

/* Claims that an interruption leaves unmeasured stay in the family, undecided. */
static int decide_all(struct report *report, const struct verify *verify, struct error *error)
{
    double alpha = verdict_alpha(report->verdicts, report->count, report->level);
    bool shows = !verify->quiet && isatty(STDERR_FILENO);
    int code = ERROR_NONE;
    for (size_t i = 0; i < report->count; i++) {
        if (shows && code == ERROR_NONE)
            fprintf(stderr, "\r%zu of %zu: %-20s", i + 1, report->count, report->claims[i]->id);
        if (code == ERROR_NONE)
            code = trial_decide(&report->trials[i], alpha, &report->verdicts[i], error);
        if (code != ERROR_NONE) {
            report->verdicts[i] = trial_evidence(&report->trials[i]);
            verdict_decide(&report->verdicts[i], alpha);
        }
    }
    if (shows)
        fprintf(stderr, "\r%*s\r", 50, "");
    return code;
}

static int measure_all(struct report *report, const struct verify *verify, struct error *error)
{
    struct claim_override *overrides = calloc((size_t)verify->options.setting_count + 1, sizeof *overrides);
    if (!overrides)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; i < verify->options.setting_count; i++)
        overrides[i] = (struct claim_override){verify->options.settings[i].name, verify->options.settings[i].text};
    struct trial_options options = {.tier = verify->tier,
                                    .seed = verify->seed,
                                    .threads = verify->threads,
                                    .memory = verify->memory,
                                    .samples = verify->samples,
                                    .overrides = overrides,
                                    .override_count = verify->options.setting_count,
                                    .stop = interrupt_flag()};
    int code = prepare_all(report, &options, error);
    if (code == ERROR_NONE)
        code = check_settings(report, &verify->options, error);
    if (code == ERROR_NONE)
        code = decide_all(report, verify, error);
    free(overrides);
    return code;
}

static enum status report_status(const struct report *report)
{
    size_t counts[VERDICTS] = {0}, contrary;
    count_verdicts(report, counts, &contrary);
    if (contrary > 0)
        return STATUS_AGAINST;
    bool open = false, decided = false;
    for (size_t i = 0; i < report->count; i++) {
        open |= against(report, i);
        decided |= report->verdicts[i].verdict == report->claims[i]->expected;
    }
    return open || !decided ? STATUS_INCONCLUSIVE : STATUS_DONE;
}

static int write_report(const struct report *report, const struct verify *verify, FILE *stream, struct output *output,
                        struct error *error)
{
    int code = verify->format->write(report, stream, error);
    if (code != ERROR_NONE) {
        output_discard(output);
        return code;
    }
    return output_close(output, error);
}

static int verify_all(const struct verify *verify, enum status *status, struct error *error)
{
    struct report report;
    struct output output = {0};
    FILE *stream = NULL;
    int code = report_init(&report, verify, error);
    if (code == ERROR_NONE && verify->list && verify->options.setting_count > 0)
        code = error_set(error, ERROR_INPUT, "--list prints the claims as they are; --%s has no part in it",
                         verify->options.settings[0].name);
    if (code == ERROR_NONE && !(stream = output_open(&output, verify->output, error)))
        code = error->code;
    if (code != ERROR_NONE)
        goto out;
    if (verify->list) {
        list_claims(&report, verify, stream);
        code = output_close(&output, error);
        goto out;
    }
    code = measure_all(&report, verify, error);
    if (code == ERROR_NONE || code == ERROR_INTERRUPTED) {
        struct error write_error;
        int written = write_report(&report, verify, stream, &output, &write_error);
        *status = report_status(&report);
        if (written != ERROR_NONE) {
            *error = write_error;
            code = written;
        }
    }
out:
    output_discard(&output);
    report_free(&report);
    return code;
}

int verify_command(int argc, char **argv)
{
    struct error error = {0};
    struct verify verify = {.tier = CLAIM_CHECK,
                            .level = 0.01,
                            .seed = 1,
                            .threads = omp_get_num_procs(),
                            .memory = budget_available(omp_get_num_procs()),
                            .format = &report_formats[0]};
    enum status status = STATUS_DONE;
    int code = options_parse(&command, argc, argv, &verify, &error);
    if (code == ERROR_NONE && verify.options.help) {
        options_help(&command, stdout);
        options_free(&verify.options);
        return STATUS_DONE;
    }
    if (code == ERROR_NONE)
        code = verify_all(&verify, &status, &error);
    options_free(&verify.options);
    int reported = status_report("verify", code, &error);
    return reported == STATUS_DONE ? (int)status : reported;
}
