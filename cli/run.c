#include "cli/run.h"

#include <cblas.h>
#include <inttypes.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/cost.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "sim/budget.h"
#include "sim/text.h"

/* Part number of count of a run, both 0 for the whole. */
struct shard {
    int number, count;
};

struct run {
    struct options options;
    uint64_t seed;
    int64_t samples; /* of the whole run */
    struct shard shard;
    double precision;
    const struct linear_engine *engine; /* NULL: auto */
    int threads;
    size_t memory;
    bool per_token, predict, dry_run, quiet, no_progress;
    const struct format *format;
    const char *output;
    int profiles; /* written so far */
};

static int read_engine(void *field, const char *name, const char *text, struct error *error)
{
    const char *names[8] = {"auto"};
    size_t count = 1;
    for (; count <= linear_engine_count; count++)
        names[count] = linear_engines[count - 1].name;
    *(const struct linear_engine **)field = linear_engine_find(text);
    if (linear_engine_find(text) || strcmp(text, "auto") == 0)
        return ERROR_NONE;
    return text_unknown(error, name, text, names, count);
}

static int read_shard(void *field, const char *name, const char *text, struct error *error)
{
    struct shard shard;
    int length = 0;
    bool digits = strspn(text, "0123456789/") == strlen(text);
    if (!digits || sscanf(text, "%6d/%6d%n", &shard.number, &shard.count, &length) != 2 || text[length] != '\0' ||
        shard.number < 1 || shard.number > shard.count)
        return error_set(error, ERROR_INPUT, "--%s: '%s' is not a part such as 1/4, from 1/4 to 4/4", name, text);
    *(struct shard *)field = shard;
    return ERROR_NONE;
}

static const struct options_row rows[] = {
    {"samples", 'n', "N", "independent stacks; with --precision the most that are drawn", options_count,
     offsetof(struct run, samples)},
    {"precision", 0, "REL",
     "sample until every interval's half-width is this fraction of its\n"
     "mean (of 1 for cosines)",
     options_fraction, offsetof(struct run, precision)},
    {"shard", 0, "I/N",
     "only part I of N equal parts of the samples, for runs on several machines: samples\n"
     "(I-1)S/N to IS/N-1 of the S that --samples says, the same numbers as in the whole run",
     read_shard, offsetof(struct run, shard)},
    {"seed", 's', "N", "64-bit seed", options_seed, offsetof(struct run, seed)},
    {"engine", 'e', "NAME", "how weights are drawn: auto or a name of `spanscope list engines`", read_engine,
     offsetof(struct run, engine)},
    {"threads", 'j', "N", "samples in parallel; results do not depend on it", options_threads,
     offsetof(struct run, threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", options_bytes,
     offsetof(struct run, memory)},
    {"per-token", 0, NULL, "report activation and gradient variance by position too", options_flag,
     offsetof(struct run, per_token)},
    {"predict", 0, NULL, "the infinite-width prediction too: beside the table, else as a profile of its own",
     options_flag, offsetof(struct run, predict)},
    {"format", 'f', "table|csv|json", "what is written", format_read, offsetof(struct run, format)},
    {"output", 'o', "FILE", "where to, instead of standard output", options_path, offsetof(struct run, output)},
    {"dry-run", 0, NULL, "print the memory and time it would take, and run nothing", options_flag,
     offsetof(struct run, dry_run)},
    {"quiet", 'q', NULL, "no words on standard error but errors", options_flag, offsetof(struct run, quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", options_flag, offsetof(struct run, no_progress)},
};

static const struct options_command command = {
    .usage = "run [OPTION]...",
    .summary =
        "Samples random stacks of the model, forward and in reverse, and writes every observable at every layer.\n"
        "--placement may be given several times: a profile each, side by side.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .config = true,
    .several = OPTIONS_PLACEMENT,
    .no_words = "models are named by --placement",
};

enum { DEFAULT_SAMPLES = 16, DEFAULT_BUDGET = 100000 };

/* Sample at which part number `part`, counted from 0, begins; the largest counts fit a product of 128 bits. */
static uint64_t part_begin(const struct run *run, int part)
{
    return (uint64_t)((unsigned __int128)run->samples * (unsigned)part / (unsigned)run->shard.count);
}

static uint64_t shard_first(const struct run *run)
{
    return run->shard.count > 0 ? part_begin(run, run->shard.number - 1) : 0;
}

static int64_t shard_samples(const struct run *run)
{
    return run->shard.count > 0 ? (int64_t)(part_begin(run, run->shard.number) - shard_first(run)) : run->samples;
}

static int check_shard(const struct run *run, struct error *error)
{
    if (run->shard.count > 0 && run->precision > 0)
        return error_set(error, ERROR_INPUT, "--shard needs a number of samples; --precision decides it on the way");
    if (run->shard.count > run->samples)
        return error_set(error, ERROR_INPUT, "--shard: %d parts of %" PRId64 " samples leave some empty",
                         run->shard.count, run->samples);
    return ERROR_NONE;
}

static void progress(void *context, int64_t done, double precision)
{
    const struct run *run = context;
    if (run->precision > 0)
        fprintf(stderr,
                isfinite(precision) ? "\r%" PRId64 " samples, precision %.2g of %.2g   " : "\r%" PRId64 " samples",
                done, precision, run->precision);
    else
        fprintf(stderr, "\r%" PRId64 " of %" PRId64 " samples", done, shard_samples(run));
}

/* Words on what the numbers are worth, when the run is over. */
static void report_precision(const struct run *run, const struct profile *profile)
{
    double reached = profile_precision(profile);
    bool spent = !(reached <= run->precision) && profile->samples == shard_samples(run);
    if (!run->quiet && run->precision > 0)
        fprintf(stderr, "%s: %" PRId64 " samples, precision %.3g%s\n", profile->model->placement, profile->samples,
                reached, spent ? ": the budget of samples is spent" : "");
}

/* The profile, and its prediction (or NULL) beside or behind it. */
static int write_profile(struct run *run, struct profile *profile, const struct profile *prediction, FILE *stream,
                         struct error *error)
{
    if (run->format->beside)
        profile->prediction = prediction;
    int code = run->format->write(profile, run->profiles++, stream, error);
    if (code == ERROR_NONE && prediction && !run->format->beside)
        code = run->format->write(prediction, run->profiles++, stream, error);
    return code;
}

/* An interruption is told together with what it leaves. */
static void report_interruption(const struct run *run, const struct profile *profile, struct error *error)
{
    const char *placement = profile->model->placement;
    if (profile->samples == 0)
        error_set(error, ERROR_INTERRUPTED, "interrupted before a sample of %s was done", placement);
    else
        error_set(error, ERROR_INTERRUPTED, "interrupted; %s has the first %" PRId64 " of %" PRId64 " samples",
                  placement, profile->samples, shard_samples(run));
}

static int sample(struct run *run, struct sampler *sampler, const struct profile *prediction, FILE *stream,
                  struct error *error)
{
    struct profile profile;
    int code = profile_init(&profile, sampler, error);
    if (code != ERROR_NONE)
        return code;
    bool shows = !run->quiet && !run->no_progress && isatty(STDERR_FILENO);
    struct profile_plan plan = {
        run->seed, shard_first(run), shard_samples(run), run->precision, interrupt_flag(), shows ? progress : NULL,
        run};
    profile.shard = run->shard.number;
    profile.shards = run->shard.count;
    if (shows)
        progress(run, 0, NAN); // the first sample may take long
    code = profile_measure(&profile, sampler, &plan, error);
    if (shows)
        fprintf(stderr, "\r%*s\r", 60, "");
    if (code == ERROR_INTERRUPTED)
        report_interruption(run, &profile, error);
    if (code == ERROR_NONE || (code == ERROR_INTERRUPTED && profile.samples > 0)) {
        struct error write_error;
        int written = write_profile(run, &profile, prediction, stream, &write_error);
        if (written != ERROR_NONE) {
            *error = write_error;
            code = written;
        }
        report_precision(run, &profile);
        if (run->precision > 0 && profile_precision(&profile) > run->precision)
            run->options.status = STATUS_INCONCLUSIVE;
    }
    profile_free(&profile);
    return code;
}

/* The prediction comes first. It takes a moment beside the samples, and whatever stops it (a signal, the range of double,
 * memory) then stops it before there are samples to lose. */
static int measure(struct run *run, struct sampler *sampler, FILE *stream, struct error *error)
{
    if (!run->predict)
        return sample(run, sampler, NULL, stream, error);
    struct moments_options options = moments_defaults();
    options.per_token = run->per_token;
    options.threads = run->threads;
    options.stop = interrupt_flag();
    struct profile prediction;
    int code = profile_predict(&prediction, sampler->stack.depth.model, &options, error);
    if (code != ERROR_NONE)
        return code;
    code = sample(run, sampler, &prediction, stream, error);
    profile_free(&prediction);
    return code;
}

static int run_model(struct run *run, const struct model *model, FILE *stream, struct error *error)
{
    int64_t samples = shard_samples(run);
    int threads = samples < run->threads ? (int)samples : run->threads;
    if (run->dry_run)
        return cost_print(model, run->engine, run->per_token, threads, run->memory, samples, stream, error);
    struct sampler sampler;
    int code = sampler_init(&sampler, model, run->engine, run->per_token, threads, run->memory, error);
    if (code != ERROR_NONE)
        return code;
    code = measure(run, &sampler, stream, error);
    sampler_free(&sampler);
    return code;
}

static int run_all(void *target, struct error *error)
{
    struct run *run = target;
    struct output output;
    if (run->samples == 0)
        run->samples = run->precision > 0 ? DEFAULT_BUDGET : DEFAULT_SAMPLES;
    int code = check_shard(run, error);
    if (code == ERROR_NONE)
        code = format_check(run->format, run->per_token, error);
    if (code == ERROR_NONE)
        code = options_check(&run->options, error);
    if (code != ERROR_NONE)
        return code;
    FILE *stream = output_open(&output, run->output, error);
    if (!stream)
        return error->code;
    for (int p = 0; code == ERROR_NONE && p < options_placements(&run->options); p++) {
        struct model model;
        code = options_model(&run->options, p, &model, error);
        if (code != ERROR_NONE)
            break;
        code = run_model(run, &model, stream, error);
        model_free(&model);
    }
    return output_end(&output, code, run->profiles > 0, error);
}

int run_command(int argc, char **argv)
{
    struct run run = {.seed = 1, .threads = omp_get_num_procs(), .format = &formats[0]};
    run.memory = budget_available(run.threads);
    return command_run(&command, argc, argv, &run, run_all);
}
