/* The ledger of the reproduction: makes the committed tables, and holds a new run against them.
 *
 *   ledger compare CLAIMS.json FIGURE.json...   the table and the verdict; status 1 where anything is off
 *   ledger expect CLAIMS.json FIGURE.json...    writes paper-repro/expected from a run
 *   ledger claims PROGRAM TIER                  runs every claim alone and prints claims.tsv
 *
 * Run from the root of the project.
 */
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_errno.h>
#include <locale.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "analysis/claims/claim.h"
#include "paper-repro/expected.h"
#include "paper-repro/verdicts.h"
#include "sim/place.h"
#include "sim/text.h"

#define CLAIMS_TABLE "paper-repro/claims.tsv"
#define RECORD       "paper-repro/expected/verdicts.tsv"
#define VALUES       "paper-repro/expected/values.tsv"

enum { STATUS_OFF = 1, STATUS_USAGE = 2, STATUS_FAILED = 3 };

extern char **environ;

/* Of a figure's data, build/repro/data/NAME.json, the name. */
static int take_figure(const char *path, struct expected_list *list, struct error *error)
{
    struct saved_list profiles = {0};
    char name[EXPECTED_NAME_MAX];
    int code = text_label(path, name, sizeof name, error);
    if (code == ERROR_NONE)
        code = saved_read(path, &profiles, error);
    if (code == ERROR_NONE)
        code = expected_take(name, &profiles, list, error);
    saved_free(&profiles);
    return code;
}

static int take_figures(int count, char **paths, struct expected_list *list, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = 0; i < count && code == ERROR_NONE; i++)
        code = take_figure(paths[i], list, error);
    return code;
}

/* Comparing */

/* Whether claims.tsv lists exactly the program's claims with their expected verdicts: it is generated, and stale where
 * it does not. */
static size_t check_claims_table(const char *path)
{
    static const char *const remedy = "make repro-expected makes it again";
    FILE *stream = fopen(path, "re");
    size_t lines = 0, wrong = 0, room = 0;
    char *line = NULL;
    if (stream == NULL) {
        printf("  %s cannot be opened: %s; %s\n", path, strerror(errno), remedy);
        return 1;
    }
    while (getline(&line, &room, stream) >= 0) {
        char *rest = line, *id = strsep(&rest, "\t");
        if (lines++ == 0)
            continue;
        size_t i = lines - 2;
        if (i >= claim_count() || strcmp(id, claim_at(i)->id) != 0)
            wrong++;
        for (int field = 1; field < 4 && rest != NULL; field++)
            id = strsep(&rest, "\t");
        wrong += i < claim_count() && strcmp(id, verdict_names[claim_at(i)->expected]) != 0;
    }
    wrong += lines != claim_count() + 1;
    if (wrong > 0)
        printf("  %s is not that of this program's claims; %s\n", path, remedy);
    free(line);
    fclose(stream);
    return wrong > 0;
}

static void print_interval(const struct verdicts_claim *claim)
{
    char interval[64] = "-";
    if (isfinite(claim->lo) && isfinite(claim->hi))
        snprintf(interval, sizeof interval, "[%.5g, %.5g]", claim->lo, claim->hi);
    printf("  %10.5g  %-24s", claim->statistic, interval);
}

/* Returns the number of lines that are off. */
static size_t compare_claims(const struct verdicts *report, const struct verdicts *record)
{
    static const char *const words[] = {"as committed", "sampled anew, agrees", "NOT AS COMMITTED"};
    size_t off = 0;
    printf("%-20s  %-14s  %10s  %-24s  %s\n", "claim", "verdict", "statistic", "interval", "against the record");
    for (size_t i = 0; i < report->count; i++) {
        const struct verdicts_claim *claim = &report->claims[i], *before = verdicts_find(record, claim->id);
        bool against = strcmp(claim->verdict, claim->expected) != 0;
        enum verdicts_outcome outcome = before != NULL ? verdicts_compare(before, claim) : VERDICTS_WRONG;
        printf("%-20s  %-14s", claim->id, claim->verdict);
        print_interval(claim);
        printf("  %s", before != NULL ? words[outcome] : "NOT IN THE RECORD");
        if (against)
            printf(", %s WAS EXPECTED", claim->expected);
        if (outcome == VERDICTS_WRONG && before != NULL)
            printf(": %s %.5g [%.5g, %.5g]", before->verdict, before->statistic, before->lo, before->hi);
        printf("\n");
        off += against || outcome == VERDICTS_WRONG;
    }
    for (size_t i = 0; i < record->count; i++) {
        if (verdicts_find(report, record->claims[i].id) == NULL) {
            printf("%-20s  missing from this run, but in the record\n", record->claims[i].id);
            off++;
        }
    }
    return off;
}

static void print_wrong(const struct expected_value *value, const struct expected_value *now, size_t count)
{
    printf("  %s %d (%s), %s of %s at layer %d: ", value->figure, value->profile, value->label,
           expected_scale_names[value->scale], value->observable, value->layer);
    if (now == NULL)
        printf("expected %.9g, found none\n", value->value);
    else
        printf("expected %.9g, found %.9g%s%s, tolerance %.2g\n", value->value, now->value,
               strcmp(value->label, now->label) != 0 ? " of " : "",
               strcmp(value->label, now->label) != 0 ? now->label : "", expected_tolerance(value, now, count));
}

static size_t compare_values(const struct expected_list *expected, const struct expected_list *measured)
{
    size_t counts[EXPECTED_OUTCOMES] = {0};
    printf("\nvalues of the figures' data:\n");
    for (size_t i = 0; i < expected->count; i++) {
        const struct expected_value *value = &expected->values[i], *now = expected_find(measured, value);
        enum expected_outcome outcome = now != NULL ? expected_compare(value, now, expected->count) : EXPECTED_WRONG;
        counts[outcome]++;
        if (outcome == EXPECTED_WRONG)
            print_wrong(value, now, expected->count);
    }
    for (size_t i = 0; i < measured->count; i++) {
        if (expected_find(expected, &measured->values[i]) == NULL) {
            printf("  %s %d (%s), %s: not among the expected values\n", measured->values[i].figure,
                   measured->values[i].profile, measured->values[i].label, measured->values[i].observable);
            counts[EXPECTED_WRONG]++;
        }
    }
    printf("  %zu equal the committed ones up to rounding, %zu are sampled anew and agree, %zu are off\n",
           counts[EXPECTED_SAME], counts[EXPECTED_SAMPLED_ANEW], counts[EXPECTED_WRONG]);
    return counts[EXPECTED_WRONG];
}

static int compare(int count, char **paths, int *status, struct error *error)
{
    struct verdicts report = {0}, record = {0};
    struct expected_list expected = {0}, measured = {0};
    int code = verdicts_read(paths[0], &report, error);
    if (code == ERROR_NONE)
        code = report_read_record(RECORD, &record, error);
    if (code == ERROR_NONE)
        code = expected_read(VALUES, &expected, error);
    if (code == ERROR_NONE)
        code = take_figures(count - 1, paths + 1, &measured, error);
    if (code == ERROR_NONE) {
        size_t claims_off = compare_claims(&report, &record) + check_claims_table(CLAIMS_TABLE);
        size_t values_off = compare_values(&expected, &measured);
        bool off = claims_off + values_off > 0;
        printf("\n%s: %zu claims, %zu off; %zu values, %zu off; %d data sets of figures\n",
               off ? "NOT REPRODUCED" : "REPRODUCED", report.count, claims_off, expected.count, values_off, count - 1);
        *status = off ? STATUS_OFF : 0;
    }
    verdicts_free(&report);
    verdicts_free(&record);
    expected_free(&expected);
    expected_free(&measured);
    return code;
}

/* Making the tables */

/* Writes beside and renames, so that a table is there whole or not at all. */
static FILE *open_table(const char *path, char partial[200], struct error *error)
{
    snprintf(partial, 200, "%s.new", path);
    return place_draft(partial, error);
}

static int close_table(FILE *stream, const char *path, const char *partial, struct error *error)
{
    bool failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
    if (failed || rename(partial, path) != 0) {
        unlink(partial);
        return error_set(error, ERROR_RESOURCE, "%s: cannot be written: %s", path, strerror(errno));
    }
    return ERROR_NONE;
}

static int expect(int count, char **paths, int *status, struct error *error)
{
    struct verdicts report = {0};
    struct expected_list values = {0};
    char partial[200];
    FILE *stream;
    int code = verdicts_read(paths[0], &report, error);
    if (code == ERROR_NONE)
        code = take_figures(count - 1, paths + 1, &values, error);
    for (size_t i = 0; i < values.count && code == ERROR_NONE; i++)
        if (!isfinite(values.values[i].value) || !isfinite(values.values[i].se))
            code = error_set(error, ERROR_RESOURCE, "%s of %s %d is not finite", values.values[i].observable,
                             values.values[i].figure, values.values[i].profile);
    if (code == ERROR_NONE && (stream = open_table(RECORD, partial, error)) != NULL) {
        report_write_record(&report, stream);
        code = close_table(stream, RECORD, partial, error);
    }
    if (code == ERROR_NONE && (stream = open_table(VALUES, partial, error)) != NULL) {
        expected_write(&values, stream);
        code = close_table(stream, VALUES, partial, error);
    }
    *status = 0;
    verdicts_free(&report);
    expected_free(&values);
    return code != ERROR_NONE ? code : error->code;
}

/* What one claim's run took: time of all processors, which does not depend on what else runs, and memory. */
struct usage {
    double seconds, megabytes;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + 1e-6 * (double)t.tv_usec;
}

/* Runs `program verify --tier tier ID` into a file. Its statuses 0, 1 and 4 are verdicts. */
static int run_claim(const char *program, const char *tier, const char *id, const char *path, struct usage *usage,
                     struct error *error)
{
    const char *const words[] = {program, "verify", "--tier", tier, "--format", "json", "--output", path, id, NULL};
    char *arguments[sizeof words / sizeof *words];
    memcpy(arguments, words, sizeof words); // posix_spawn only reads them
    pid_t child;
    int status = 0;
    int failed = posix_spawn(&child, program, NULL, NULL, arguments, environ);
    if (failed != 0)
        return error_set(error, ERROR_RESOURCE, "%s: cannot be started: %s", program, strerror(failed));
    struct rusage resources;
    while (wait4(child, &status, 0, &resources) < 0)
        if (errno != EINTR)
            return error_set(error, ERROR_RESOURCE, "%s: %s", program, strerror(errno));
    *usage = (struct usage){seconds(resources.ru_utime) + seconds(resources.ru_stime),
                            (double)resources.ru_maxrss / 1024};
    int verdict = WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILED;
    if (verdict != 0 && verdict != 1 && verdict != 4)
        return error_set(error, ERROR_RESOURCE, "%s verify %s failed", program, id);
    return ERROR_NONE;
}

static void print_number(double value)
{
    if (isfinite(value))
        printf("\t%.6g", value);
    else
        printf("\t-");
}

/* Margins and then their reasons, of each check of the claim. */
static void print_tolerance(const struct claim *claim)
{
    int count = claim_check_count(claim);
    for (int i = 0; i < count; i++)
        printf("%s%s %s", i > 0 ? "; " : "\t", claim->checks[i].statistic, claim->checks[i].margin);
    for (int i = 0; i < count; i++)
        printf("%s%s", i > 0 ? "; " : "\t", claim->checks[i].reason);
    if (count == 0)
        printf("\t-\t%s", claim->beyond != NULL ? claim->beyond : "-");
}

static void print_claim(const struct claim *claim, const struct verdicts_claim *found, const struct usage *usage)
{
    printf("%s\t%s\tmake claim-%s\t%s\t%s", claim->id, claim->source, claim->id, verdict_names[claim->expected],
           found->verdict);
    print_number(found->statistic);
    print_number(found->lo);
    print_number(found->hi);
    print_number(found->bound);
    print_tolerance(claim);
    printf("\t%ld\t%.1f\t%.0f\n", found->samples, usage->seconds, usage->megabytes);
}

static bool is_named(const struct claim *claim, int count, char **ids)
{
    for (int i = 0; i < count; i++)
        if (strcmp(ids[i], claim->id) == 0)
            return true;
    return count == 0;
}

/* Of all claims, or of those named behind program and tier. */
static int list_claims(int count, char **words, int *status, struct error *error)
{
    char path[] = "/tmp/spanscope-claim-XXXXXX";
    int file = mkstemp(path), code = ERROR_NONE;
    *status = 0;
    if (file < 0)
        return error_set(error, ERROR_RESOURCE, "no temporary file: %s", strerror(errno));
    close(file);
    printf(
        "id\tsource\tcommand\texpected\tobserved\tstatistic\tlo\thi\tbound\ttolerance\tderivation\tsamples\tcpu_seconds"
        "\tmegabytes\n");
    for (size_t i = 0; i < claim_count() && code == ERROR_NONE; i++) {
        if (!is_named(claim_at(i), count - 2, words + 2))
            continue;
        struct usage usage = {0};
        struct verdicts report = {0};
        code = run_claim(words[0], words[1], claim_at(i)->id, path, &usage, error);
        if (code == ERROR_NONE)
            code = verdicts_read(path, &report, error);
        if (code == ERROR_NONE)
            print_claim(claim_at(i), &report.claims[0], &usage);
        verdicts_free(&report);
        fflush(stdout);
    }
    unlink(path);
    return code;
}

static const struct command {
    const char *name;
    int words; /* at least */
    int (*run)(int count, char **words, int *status, struct error *error);
} commands[] = {{"compare", 2, compare}, {"expect", 2, expect}, {"claims", 2, list_claims}};

int main(int argc, char **argv)
{
    gsl_set_error_handler_off();
    struct error error = {0};
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (argc < 2 || strcmp(argv[1], commands[i].name) != 0 || argc - 2 < commands[i].words)
            continue;
        int status = STATUS_FAILED;
        int code = commands[i].run(argc - 2, argv + 2, &status, &error);
        if (code == ERROR_NONE && (fflush(stdout) != 0 || ferror(stdout)))
            code = error_set(&error, ERROR_RESOURCE, "standard output cannot be written");
        if (code == ERROR_NONE)
            return status;
        fprintf(stderr, "ledger: %s\n", error.text);
        return STATUS_FAILED;
    }
    fprintf(stderr, "usage: ledger compare|expect CLAIMS.json FIGURE.json... | ledger claims PROGRAM TIER [ID...]\n");
    return STATUS_USAGE;
}
