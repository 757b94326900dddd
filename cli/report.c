#include "cli/report.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_chosen(const struct report *report, const struct claim *claim)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->claims[i] == claim)
            return true;
    return false;
}

void report_free(struct report *report)
{
    memo_free(&report->memo);
    for (size_t i = 0; report->trials && i < report->count; i++)
        trial_free(&report->trials[i]);
    free(report->claims);
    free(report->trials);
    free(report->verdicts);
    free(report->overrides);
    *report = (struct report){0};
}

int report_init(struct report *report, double level, int id_count, char *const ids[], struct error *error)
{
    size_t most = id_count > 0 ? (size_t)id_count : claim_count();
    *report = (struct report){.level = level};
    report->claims = calloc(most, sizeof *report->claims);
    report->trials = calloc(most, sizeof *report->trials);
    report->verdicts = calloc(most, sizeof *report->verdicts);
    if (!report->claims || !report->trials || !report->verdicts)
        return error_set(error, ERROR_RESOURCE, "out of memory for %zu claims", most);
    for (size_t i = 0; i < most; i++) {
        const struct claim *claim = id_count > 0 ? claim_find(ids[i], error) : claim_at(i);
        if (!claim)
            return error->code;
        if (!is_chosen(report, claim))
            report->claims[report->count++] = claim;
    }
    return ERROR_NONE;
}

bool report_against(const struct report *report, size_t i)
{
    return report->verdicts[i].verdict != VERDICT_NOT_APPLICABLE &&
           report->verdicts[i].verdict != report->claims[i]->expected;
}

void report_count(const struct report *report, size_t counts[VERDICTS], size_t *contrary)
{
    *contrary = 0;
    for (size_t i = 0; i < report->count; i++) {
        counts[report->verdicts[i].verdict]++;
        *contrary += report_against(report, i) && report->verdicts[i].verdict != VERDICT_INCONCLUSIVE;
    }
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

/* Options that leave no claim a model are a mistake, and the first claim's error says which. */
static int check_made(const struct report *report, struct error *error)
{
    const struct trial *unmade = NULL;
    for (size_t i = 0; i < report->count; i++) {
        if (report->claims[i]->beyond)
            continue;
        unmade = &report->trials[i];
        if (unmade->fit != FIT_UNMADE)
            return ERROR_NONE;
    }
    return unmade ? error_set(error, ERROR_INPUT, "%s", unmade->why) : ERROR_NONE;
}

/* An open verdict that says what went wrong. */
static void leave_open(struct report *report, size_t i, double alpha, const struct error *error)
{
    report->verdicts[i] = trial_evidence(&report->trials[i]);
    verdict_decide(&report->verdicts[i], alpha);
    if (error->code != ERROR_NONE && error->code != ERROR_INTERRUPTED)
        snprintf(report->verdicts[i].why, VERDICT_WHY_MAX, "it could not be measured: %.400s", error->text);
}

/* Claims that an interruption leaves unmeasured stay in the family, undecided. */
static int decide_all(struct report *report, bool shows, struct error *error)
{
    double alpha = verdict_alpha(report->verdicts, report->count, report->level);
    struct error first = {0};
    report->measured = true;
    for (size_t i = 0; i < report->count; i++) {
        struct error one = {0};
        if (shows && first.code != ERROR_INTERRUPTED)
            fprintf(stderr, "\r%zu of %zu: %-20s", i + 1, report->count, report->claims[i]->id);
        if (first.code == ERROR_INTERRUPTED || trial_decide(&report->trials[i], alpha, &report->verdicts[i], &one) != 0)
            leave_open(report, i, alpha, &one);
        if (one.code == ERROR_INTERRUPTED || (one.code == ERROR_RESOURCE && first.code == ERROR_NONE))
            first = one;
    }
    if (shows)
        fprintf(stderr, "\r%*s\r", 50, "");
    if (first.code != ERROR_NONE)
        *error = first;
    return first.code;
}

int report_measure(struct report *report, const struct trial_options *options, const struct options *given, bool shows,
                   struct error *error)
{
    report->overrides = calloc((size_t)given->setting_count + 1, sizeof *report->overrides);
    if (!report->overrides)
        return error_set(error, ERROR_RESOURCE, "out of memory");
    for (int i = 0; i < given->setting_count; i++)
        report->overrides[i] = (struct claim_override){given->settings[i].name, given->settings[i].text};
    report->options = *options;
    report->options.overrides = report->overrides;
    report->options.override_count = given->setting_count;
    report->options.memo = &report->memo;
    int code = prepare_all(report, &report->options, error);
    if (code == ERROR_NONE)
        code = check_settings(report, given, error);
    if (code == ERROR_NONE)
        code = check_made(report, error);
    return code == ERROR_NONE ? decide_all(report, shows, error) : code;
}

enum status report_status(const struct report *report)
{
    size_t counts[VERDICTS] = {0}, contrary;
    report_count(report, counts, &contrary);
    if (contrary > 0)
        return STATUS_AGAINST;
    bool open = false, decided = false, measurable = false; /* but for claims that no configuration can meet */
    for (size_t i = 0; i < report->count; i++) {
        open |= report_against(report, i);
        decided |= report->verdicts[i].verdict != VERDICT_NOT_APPLICABLE;
        measurable |= !report->claims[i]->beyond;
    }
    return open || (measurable && !decided) ? STATUS_INCONCLUSIVE : STATUS_DONE;
}
