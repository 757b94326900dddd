#include "cli/verify.h"

#include <string.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/report_format.h"
#include "sim/budget.h"
#include "sim/team.h"
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
    struct columns columns;
};

static const char *tier_name(size_t i)
{
    return i < CLAIM_TIERS ? claim_tier_names[i] : NULL;
}

static const char *claim_id(size_t i)
{
    return i < claim_count() ? claim_at(i)->id : NULL;
}

static int read_tier(void *field, const char *name, const char *text, struct error *error)
{
    int tier = value_choose(tier_name, name, text, error);
    if (tier < 0)
        return error->code;
    *(enum claim_tier *)field = (enum claim_tier)tier;
    return ERROR_NONE;
}

static const struct options_row rows[] = {
    {"list", 'l', NULL, "print the claims and decide nothing", value_flag, offsetof(struct verify, list)},
    {"tier", 't', NULL, "how much is measured: seconds, some minutes, half an hour", read_tier,
     offsetof(struct verify, tier), tier_name},
    {"level", 0, "P", "probability that the report holds any wrong verdict, at most; 0.01", value_fraction,
     offsetof(struct verify, level)},
    {"samples", 'n', "N", "of every configuration, instead of the tier's", value_count,
     offsetof(struct verify, samples)},
    {"seed", 's', "N", "64-bit seed", value_seed, offsetof(struct verify, seed)},
    {"threads", 'j', "N", "samples in parallel; results do not depend on it", value_threads,
     offsetof(struct verify, threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", value_bytes,
     offsetof(struct verify, memory)},
    {"format", 'f', NULL, "what is written", report_format_read, offsetof(struct verify, format), report_format_name},
    {"columns", 0, "NAME[,NAME]", "only these columns of the table, in this order", value_text,
     offsetof(struct verify, columns.text), report_format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct verify, output)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct verify, quiet)},
};

const struct options_command verify_options = {
    .usage = "verify [OPTION]... [CLAIM]...",
    .word = claim_id,
    .summary =
        "Measures claims about signal propagation and decides each: SUPPORTED, LOOSE, CONTRADICTED, INCONCLUSIVE or "
        "NOT "
        "APPLICABLE.\n"
        "Without a name, all of them. Model options replace what every claim's configurations say; a claim whose "
        "hypothesis\n"
        "they break does not apply. Exit status: 0 every verdict as expected, 1 not, 4 nothing decided or a claim "
        "open.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
};

static int measure(struct report *report, const struct verify *verify, struct error *error)
{
    struct trial_options options = {.tier = verify->tier,
                                    .seed = verify->seed,
                                    .threads = verify->threads,
                                    .memory = verify->memory > 0 ? verify->memory : budget_available(verify->threads),
                                    .samples = verify->samples,
                                    .stop = interrupt_flag()};
    return report_measure(report, &options, &verify->options, !verify->quiet && isatty(STDERR_FILENO), error);
}

static int write_report(const struct report *report, const struct verify *verify, FILE *stream, struct output *output,
                        struct error *error)
{
    int code = verify->format->write(report, &verify->columns, stream, error);
    if (code != ERROR_NONE) {
        output_discard(output);
        return code;
    }
    return output_close(output, error);
}

static int check_options(struct verify *verify, struct error *error)
{
    static const char no_part[] = "--list prints the claims as they are; --%s has no part in it";
    static const char *const of_list[] = {"list", "tier", "format", "output", NULL};
    if (verify->list && verify->options.setting_count > 0)
        return error_set(error, ERROR_INPUT, no_part, verify->options.settings[0].name);
    if (verify->columns.text && verify->list)
        return error_set(error, ERROR_INPUT, "--columns: of verdicts, which --list has none of; give one");
    if (verify->list)
        return options_only(&verify->options, of_list, no_part, error);
    if (verify->columns.text && !verify->format->columns)
        return error_set(error, ERROR_INPUT, "--columns: %s has none; choose --format table", verify->format->name);
    return columns_choose(&verify->columns, report_format_column, error);
}

static int verify_all(void *target, struct error *error)
{
    struct verify *verify = target;
    struct report report;
    struct output output = {0};
    FILE *stream = NULL;
    int code = report_init(&report, verify->level, verify->options.word_count, verify->options.words, error);
    if (code == ERROR_NONE)
        code = check_options(verify, error);
    if (code == ERROR_NONE && !(stream = output_open(&output, verify->output, error)))
        code = error->code;
    if (code != ERROR_NONE)
        goto out;
    if (verify->list) {
        code = output_end(&output, verify->format->list(&report, verify->tier, stream, error), false, error);
        goto out;
    }
    code = measure(&report, verify, error);
    if (report.measured) {
        struct error write_error;
        int written = write_report(&report, verify, stream, &output, &write_error);
        verify->options.status = report_status(&report);
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
    struct verify verify = {
        .tier = CLAIM_CHECK, .level = 0.01, .seed = 1, .threads = team_processors(), .format = &report_formats[0]};
    return command_run(&verify_options, argc, argv, &verify, verify_all);
}
