#include "cli/report_format.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/schema.h"
#include "cli/claims.h"
#include "cli/grid.h"
#include "sim/text.h"

/* The test that a line of the report is about, or NULL. */
static const struct verdict_test *deciding_test(const struct report *report, size_t i)
{
    const struct verdict_claim *verdict = &report->verdicts[i];
    return verdict->count > 0 ? &verdict->tests[verdict->deciding] : NULL;
}

/* What is not known is no number. */
static void print_number(double value, char *text, size_t size)
{
    snprintf(text, size, isnan(value) ? "-" : "%.5g", value);
}

static void print_interval(const struct verdict_claim *verdict, char *text, size_t size)
{
    char lo[32], hi[32];
    print_number(verdict->lo, lo, sizeof lo);
    print_number(verdict->hi, hi, sizeof hi);
    snprintf(text, size, isnan(verdict->lo) && isnan(verdict->hi) ? "-" : "[%s, %s]", lo, hi);
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

enum { CLAIM, VERDICT, STATISTIC, INTERVAL, BOUND, TESTS, SAMPLES, SECONDS, TABLE_COLUMNS };

static const struct grid_column table_columns[TABLE_COLUMNS] = {
    [CLAIM] = {"claim", 20, true, true, 0},          [VERDICT] = {"verdict", 14, true, true, 0},
    [STATISTIC] = {"statistic", 10, false, true, 1}, [INTERVAL] = {"interval", 22, true, true, 1},
    [BOUND] = {"bound", 26, true, true, 1},          [TESTS] = {"tests", 5, false, true, 1},
    [SAMPLES] = {"samples", 7, false, true, 1},      [SECONDS] = {"seconds", 7, false, true, 1},
};

const char *report_format_column(size_t i)
{
    return i < TABLE_COLUMNS ? table_columns[i].name : NULL;
}

/* A line of the report. */
struct line {
    const struct report *report;
    size_t i;
};

static void table_cell(const void *row, int column, char text[GRID_CELL])
{
    const struct line *line = row;
    const struct verdict_claim *verdict = &line->report->verdicts[line->i];
    const struct trial *trial = &line->report->trials[line->i];
    const struct verdict_test *test = deciding_test(line->report, line->i);
    snprintf(text, GRID_CELL, "-");
    switch (column) {
    case CLAIM:
        snprintf(text, GRID_CELL, "%s", line->report->claims[line->i]->id);
        break;
    case VERDICT:
        snprintf(text, GRID_CELL, "%s", verdict_names[verdict->verdict]);
        break;
    case TESTS:
        snprintf(text, GRID_CELL, "%zu", verdict->count);
        break;
    case SAMPLES:
        snprintf(text, GRID_CELL, "%" PRId64, trial->samples);
        break;
    case SECONDS:
        snprintf(text, GRID_CELL, "%.1f", trial->seconds);
        break;
    case STATISTIC:
        if (test)
            print_number(test->mean, text, GRID_CELL);
        break;
    case INTERVAL:
        if (test)
            print_interval(verdict, text, GRID_CELL);
        break;
    default:
        if (test)
            print_bound(test, text, GRID_CELL);
    }
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
    bool loose = verdict->verdict == VERDICT_LOOSE;
    if ((loose || verdict->verdict == VERDICT_CONTRADICTED) && !report_against(report, i))
        fprintf(stream, "\n%s is %s, as expected\n  claim:  %s (%s)\n  found:  %s\n", claim->id,
                loose ? "loose" : "contradicted", claim->statement, claim->source, verdict->why);
    if (!report_against(report, i))
        return;
    if (verdict->count == 0) {
        fprintf(stream, "\n%s: %s\n", claim->id, verdict->why);
        return;
    }
    fprintf(stream, "\n%s: %s where %s was expected\n  claim:  %s (%s)\n  found:  %s\n", claim->id,
            verdict_names[verdict->verdict], verdict_names[claim->expected], claim->statement, claim->source,
            verdict->why);
    fprintf(stream, "  margin: %s\n", trial_check(&report->trials[i], verdict->deciding)->reason);
}

static void write_lines(const struct report *report, const struct columns *columns, int window, FILE *stream)
{
    struct grid grid = {.count = TABLE_COLUMNS};
    memcpy(grid.columns, table_columns, sizeof table_columns);
    grid_fit(&grid, columns, window);
    grid_print_head(&grid, stream);
    const struct claim_group *group = NULL;
    for (size_t i = 0; i < report->count; i++) {
        const struct claim_group *next = claim_group_of(report->claims[i]);
        if (next != group)
            fprintf(stream, "-- %s\n", next->title);
        group = next;
        grid_print_row(&grid, table_cell, &(struct line){report, i}, stream);
        fputc('\n', stream);
    }
}

static void write_remarks(const struct report *report, FILE *stream)
{
    size_t counts[VERDICTS] = {0}, contrary;
    for (size_t i = 0; i < report->count; i++)
        table_remark(report, i, stream);
    report_count(report, counts, &contrary);
    fprintf(stream, "\n%zu claims:", report->count);
    for (int v = 0; v < VERDICTS; v++)
        if (counts[v] > 0)
            fprintf(stream, " %zu %s,", counts[v], verdict_names[v]);
    fprintf(stream, " %zu against expectation; any wrong verdict has probability at most %g\n", contrary,
            report->level);
}

static int write_table(const struct report *report, const struct columns *columns, FILE *stream, struct error *error)
{
    char *remarks = NULL;
    size_t length;
    int window = columns_window(stream);
    FILE *text = open_memstream(&remarks, &length);
    if (text)
        write_remarks(report, text);
    bool ok = text && fclose(text) == 0;
    write_lines(report, columns, window, stream);
    if (ok)
        columns_fold(remarks, window, 10, stream);
    free(remarks);
    return ok ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for the report");
}

static json_t *json_claim(const struct report *report, size_t i)
{
    const struct verdict_claim *verdict = &report->verdicts[i];
    const struct verdict_test *test = deciding_test(report, i);
    return json_pack("{ss ss ss so so so so so sI sI so ss}", "id", report->claims[i]->id, "verdict",
                     verdict_names[verdict->verdict], "expected", verdict_names[report->claims[i]->expected],
                     "statistic", document_number(test ? test->mean : NAN), "lo", document_number(verdict->lo), "hi",
                     document_number(verdict->hi), "bound", document_number(verdict->bound), "margin",
                     document_number(test ? test->margin : NAN), "tests", (json_int_t)verdict->count, "samples",
                     (json_int_t)report->trials[i].samples, "seconds", document_number(report->trials[i].seconds),
                     "why", verdict->why);
}

static int write_json(const struct report *report, const struct columns *columns, FILE *stream, struct error *error)
{
    (void)columns;
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++)
        json_array_append_new(list, json_claim(report, i));
    json_t *root = json_pack("{ss sf so}", SCHEMA_KEY, SCHEMA_VERDICT, "level", report->level, "claims", list);
    char *text = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(root);
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for the report");
    fprintf(stream, "%s\n", text);
    free(text);
    return ERROR_NONE;
}

static int list_table(const struct report *report, enum claim_tier tier, FILE *stream, struct error *error)
{
    (void)error;
    claims_print(report->claims, report->count, tier, stream);
    return ERROR_NONE;
}

static int list_json(const struct report *report, enum claim_tier tier, FILE *stream, struct error *error)
{
    return claims_print_json(report->claims, report->count, tier, stream, error);
}

const struct report_format report_formats[] = {{"table", true, write_table, list_table},
                                               {"json", false, write_json, list_json}};
enum { REPORT_FORMATS = sizeof report_formats / sizeof *report_formats };
const size_t report_format_count = REPORT_FORMATS;

const char *report_format_name(size_t i)
{
    return i < REPORT_FORMATS ? report_formats[i].name : NULL;
}

int report_format_read(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(report_format_name, name, text, error);
    if (i < 0)
        return error->code;
    *(const struct report_format **)field = &report_formats[i];
    return ERROR_NONE;
}
