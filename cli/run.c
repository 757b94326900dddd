#include "cli/run.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/drawer.h"
#include "cli/begin.h"
#include "cli/command.h"
#include "cli/cost.h"
#include "cli/forecast.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/spread.h"
#include "sim/budget.h"
#include "sim/precision.h"
#include "sim/team.h"
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
    bool per_token, predict, dry_run, growing, quiet, no_progress, log;
    const struct format *format;
    struct format_page page;
    const char *output, *store_path;
    struct store store; /* where samples are kept; zeroed where nowhere */
    const struct sweep *sweep;
    struct cost_sweep cost;
    struct progress progress;
    int64_t point; /* of the sweep, under way */
    struct spread spread;
    bool apart; /* ranks take points of the sweep each, not samples of one */
};

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
    {"samples", 'n', "N", "independent stacks; with --precision the most that are drawn", value_count,
     offsetof(struct run, samples)},
    {"precision", 0, "REL",
     "sample until every interval's half-width is this fraction of its\n"
     "mean (of 1 for cosines)",
     value_fraction, offsetof(struct run, precision)},
    {"shard", 0, "I/N",
     "only part I of N equal parts of the samples, for runs on several machines: samples\n"
     "(I-1)S/N to IS/N-1 of the S that --samples says, the same numbers as in the whole run",
     read_shard, offsetof(struct run, shard)},
    {"seed", 's', "N", "64-bit seed", value_seed, offsetof(struct run, seed)},
    {"engine", 'e', "NAME", "how weights are drawn: auto or a name of `spanscope list engines`", value_engine,
     offsetof(struct run, engine), value_engine_name},
    {"threads", 'j', "N", "samples in parallel; results do not depend on it", value_threads,
     offsetof(struct run, threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", value_bytes,
     offsetof(struct run, memory)},
    {"per-token", 0, NULL, "report activation and gradient variance by position too", value_flag,
     offsetof(struct run, per_token)},
    {"predict", 0, NULL, "the prediction too: beside the table, else as a profile of its own", value_flag,
     offsetof(struct run, predict)},
    {"format", 'f', NULL, "what is written", format_read, offsetof(struct run, format), format_name},
    {"tidy", 0, NULL, "CSV with a column for all that decides the numbers, not only for what varies", value_flag,
     offsetof(struct run, page.tidy)},
    {"quantity", 0, "NAME[,NAME]", "only these of the whole stack, a row a configuration (list quantities)",
     format_read_quantity, offsetof(struct run, page.quantity), overall_name},
    {"columns", 0, "NAME[,NAME]",
     "only these columns, in this order: of a table observables by name or symbol, of CSV those\n"
     "of its header and settings",
     value_text, offsetof(struct run, page.columns.text), format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct run, output)},
    {"growing", 0, NULL, "the profile of the first 1, 2, 4, ... samples too, a line each as they are done; JSON only",
     value_flag, offsetof(struct run, growing)},
    {"store", 0, "FILE",
     "keep every sample there as it is finished, and take those that are there: a run that\n"
     "was ended goes on, with the same bits (spanscope store, spanscope merge)",
     value_store, offsetof(struct run, store_path)},
    {"dry-run", 0, NULL, "print how many there are, the memory and time it would take, and run nothing", value_flag,
     offsetof(struct run, dry_run)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", value_flag,
     offsetof(struct run, log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct run, quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", value_flag, offsetof(struct run, no_progress)},
};

const struct options_command run_options = {
    .usage = "run [OPTION]...",
    .summary =
        "Samples random stacks of the model, forward and in reverse, and writes every observable at every layer.\n"
        "Any setting of the model may be a list or, of numbers, an axis FROM:TO[:COUNT][:log]; an option given again "
        "adds to\n"
        "its list. Their product is run, in the order of the options, the last varying fastest. Such as\n"
        "  spanscope run -p prenorm,spannorm -i unit,scaleinit:0.5 -L 8,16,32 -d 64:256:3:log --quantity "
        "gradient_ratio",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .draws = true,
    .sweeps = true,
    .config = true,
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

static int check_growing(const struct run *run, struct error *error)
{
    if (!run->growing || strcmp(run->format->name, "json") == 0)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--growing: several profiles of one model stand apart in --format json only");
}

static void show_progress(struct run *run, int64_t done, double precision)
{
    const double *share = run->cost.share + run->point;
    char words[PROGRESS_WORDS];
    if (run->precision > 0)
        snprintf(words, sizeof words,
                 isfinite(precision) ? "%" PRId64 " samples, precision %.2g of %.2g" : "%" PRId64 " samples", done,
                 precision, run->precision);
    else
        snprintf(words, sizeof words, "%" PRId64 " of %" PRId64 " samples", done, shard_samples(run));
    double part = run->precision > 0 ? 0 : (double)done / (double)shard_samples(run);
    progress_show(&run->progress, run->point, share[0] + part * (share[1] - share[0]), words);
}

/* Who looks on while samples come. */
struct watch {
    struct run *run;
    const struct profile *profile;
};

/* A count is told twice where a precision is asked for: once with it. What goes wrong with writing here goes wrong again
 * with the whole profile, and is told then. */
static void watch_samples(void *context, int64_t done, double precision)
{
    const struct watch *watch = context;
    struct run *run = watch->run;
    struct error error;
    show_progress(run, done, precision);
    if (!run->growing || !isnan(precision) || (done & (done - 1)) != 0 || done == shard_samples(run))
        return;
    format_write(run->format, watch->profile, &run->page, &error);
    fflush(run->page.stream);
}

/* Words on what the numbers are worth, when the run is over. */
static void report_precision(const struct run *run, const struct profile *profile)
{
    double reached = profile_precision(profile);
    bool spent = !(reached <= run->precision) && profile->samples == shard_samples(run);
    char samples[TEXT_COUNT];
    if (!run->quiet && run->precision > 0)
        fprintf(stderr, "%s: %s, precision %.3g%s\n", profile->model->placement,
                text_count(profile->samples, "samples", samples), reached,
                spent ? ": the budget of samples is spent" : "");
}

static void report_unresolved(const struct run *run, const struct profile *profile)
{
    int lost = profile_unresolved(profile);
    if (!run->quiet && lost > 0)
        fprintf(stderr, "%s: %d number%s left out: " PRECISION_LIMITS "\n", profile->model->placement, lost,
                lost == 1 ? " is" : "s are");
}

/* The profile, and its prediction (or NULL) beside or behind it. */
static int write_profile(struct run *run, struct profile *profile, const struct profile *prediction,
                         struct error *error)
{
    bool beside = run->format->beside && !format_has_quantity(&run->page);
    if (beside)
        profile->prediction = prediction;
    int code = format_write(run->format, profile, &run->page, error);
    if (code == ERROR_NONE && prediction && !beside)
        code = format_write(run->format, prediction, &run->page, error);
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

static int finish_profile(struct run *run, struct profile *profile, const struct profile *prediction, int code,
                          struct error *error)
{
    struct error write_error;
    if (code != ERROR_NONE && (code != ERROR_INTERRUPTED || profile->samples == 0))
        return code;
    int written = write_profile(run, profile, prediction, &write_error);
    if (written != ERROR_NONE) {
        *error = write_error;
        code = written;
    }
    report_precision(run, profile);
    report_unresolved(run, profile);
    if (run->precision > 0 && profile_precision(profile) > run->precision)
        run->options.status = STATUS_INCONCLUSIVE;
    return code;
}

static int threads_of(const struct run *run)
{
    int64_t samples = shard_samples(run);
    return samples < run->threads ? (int)samples : run->threads;
}

/* Which rank has a point of a sweep that is taken apart. */
static int rank_of(const struct run *run, int64_t point)
{
    return run->apart ? (int)(point % ranks_count()) : 0;
}

/* Where the samples of this point come from. */
static int spread_over(struct run *run, struct spread_source *source, struct profile_plan *plan, struct error *error)
{
    int code = ERROR_NONE;
    if (ranks_count() == 1)
        return code;
    source->rank = rank_of(run, run->point);
    plan->draw = !run->apart ? spread_share : source->rank == 0 ? spread_own : spread_receive;
    plan->source = source;
    for (int r = 1; !run->apart && code == ERROR_NONE && r < ranks_count(); r++)
        code = spread_begin(&run->spread, r, source->sampler, run->seed, run->memory, run->point, error);
    return code;
}

static int sample(struct run *run, struct sampler *sampler, const struct profile *prediction, struct error *error)
{
    struct profile profile;
    struct drawer drawer = {0};
    int code = profile_init(&profile, sampler, error);
    if (code != ERROR_NONE)
        return code;
    struct profile_plan plan = {.seed = run->seed,
                                .first = shard_first(run),
                                .samples = shard_samples(run),
                                .precision = run->precision,
                                .stop = interrupt_flag(),
                                .progress = watch_samples,
                                .context = &(struct watch){run, &profile}};
    profile.shard = run->shard.number;
    profile.shards = run->shard.count;
    struct spread_source ranks = {.spread = &run->spread, .sampler = sampler};
    code = spread_over(run, &ranks, &plan, error);
    if (code == ERROR_NONE && run->store_path) {
        code = drawer_init(&drawer, &run->store, sampler, run->seed, error);
        drawer.draw = plan.draw;
        drawer.source = plan.source;
        plan.draw = drawer_draw;
        plan.source = &drawer;
    }
    show_progress(run, 0, NAN); // the first sample may take long
    if (code == ERROR_NONE)
        code = profile_measure(&profile, sampler, &plan, error);
    if (run->sweep->points == 1)
        progress_clear(&run->progress);
    if (code == ERROR_INTERRUPTED)
        report_interruption(run, &profile, error);
    code = finish_profile(run, &profile, prediction, code, error);
    drawer_free(&drawer);
    profile_free(&profile);
    return code;
}

/* Drawn stacks for each sample: their standard error is half of the samples', which that widens by an eighth. */
enum { ENOUGH = 4 };

static struct moments_options prediction_options(const struct run *run)
{
    struct moments_options options = moments_defaults();
    options.width_limit = false;
    options.enough = ENOUGH * run->samples;
    options.per_token = run->per_token;
    options.threads = run->threads;
    return options;
}

/* The prediction comes first. It takes a moment beside the samples, and whatever stops it (a signal, the range of double,
 * memory) then stops it before there are samples to lose. */
static int measure(struct run *run, struct sampler *sampler, struct error *error)
{
    if (!run->predict)
        return sample(run, sampler, NULL, error);
    struct moments_options options = prediction_options(run);
    options.stop = interrupt_flag();
    struct profile prediction = {0};
    struct spread_source others = {.spread = &run->spread, .sampler = sampler};
    struct error own;
    spread_listen(&others);
    int code = profile_predict(&prediction, sampler->stack.depth.model, &options, error);
    int heard = spread_hush(&others, &own);
    if (heard != ERROR_NONE && code == ERROR_NONE) {
        profile_free(&prediction);
        *error = own;
        code = heard;
    }
    if (code != ERROR_NONE)
        return code;
    code = sample(run, sampler, &prediction, error);
    profile_free(&prediction);
    return code;
}

static int run_point(struct run *run, int64_t point, struct error *error)
{
    struct model model;
    struct sampler sampler;
    int code = sweep_model(run->sweep, point, &model, error);
    if (code != ERROR_NONE)
        return code;
    run->point = point;
    code = sampler_init(&sampler, &model, run->engine, run->per_token, threads_of(run), run->memory, error);
    if (code == ERROR_NONE) {
        code = measure(run, &sampler, error);
        sampler_free(&sampler);
    }
    model_free(&model);
    return code;
}

/* ---- with other ranks ---- */

/* A drawer that only says what is missing. */
static int order_only(void *context, uint64_t seed, uint64_t first, uint64_t count, const volatile sig_atomic_t *stop,
                      sampler_visitor *visit, void *visit_context, struct error *error)
{
    (void)stop, (void)visit, (void)visit_context, (void)error;
    const struct spread_source *source = context;
    spread_order(source->spread, source->rank, seed, first, count);
    return ERROR_NONE;
}

static void pass_over(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

/* Tells a rank to draw what is missing of a point. */
static int order_point(struct run *run, int64_t point, struct error *error)
{
    struct model model;
    struct sampler sampler;
    struct drawer drawer = {0};
    struct spread_source ranks = {.spread = &run->spread, .sampler = &sampler, .rank = rank_of(run, point)};
    uint64_t first = shard_first(run), count = (uint64_t)shard_samples(run);
    int code = sweep_model(run->sweep, point, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = sampler_plan(&sampler, &model, run->engine, run->per_token, threads_of(run), run->memory, error);
    if (code == ERROR_NONE) {
        code = spread_begin(&run->spread, ranks.rank, &sampler, run->seed, run->memory, point, error);
        if (code == ERROR_NONE && !run->store_path)
            spread_order(&run->spread, ranks.rank, run->seed, first, count);
        else if (code == ERROR_NONE)
            code = drawer_init(&drawer, &run->store, &sampler, run->seed, error);
        drawer.draw = order_only;
        drawer.source = &ranks;
        if (code == ERROR_NONE && run->store_path)
            code = drawer_draw(&drawer, run->seed, first, count, NULL, pass_over, NULL, error);
        drawer_free(&drawer);
        sampler_free(&sampler);
    }
    model_free(&model);
    return code;
}

/* All points; of those that are taken apart, each round's are under way at once: few enough samples for rank 0 to hold,
 * and whoever has many is better off with all ranks at one point. */
static int run_each(struct run *run, struct error *error)
{
    int code = ERROR_NONE, ranks = ranks_count();
    int64_t points = run->sweep->points;
    run->apart = ranks > 1 && points >= ranks && !(run->precision > 0) &&
                 (uint64_t)shard_samples(run) <= spread_part_most(run->cost.cells);
    for (int64_t p = 0; code == ERROR_NONE && p < points; p++) {
        for (int64_t q = p + 1; run->apart && p % ranks == 0 && code == ERROR_NONE && q < p + ranks && q < points; q++)
            code = order_point(run, q, error);
        if (code == ERROR_NONE)
            code = run_point(run, p, error);
    }
    return code;
}

/* One point's sampler on a rank that works for rank 0. */
struct workshop {
    struct model model;
    struct sampler sampler;
    bool open;
};

static void workshop_close(struct workshop *shop)
{
    if (shop->open) {
        sampler_free(&shop->sampler);
        model_free(&shop->model);
    }
    shop->open = false;
}

static int workshop_open(struct workshop *shop, struct run *run, const struct spread_order *order, struct error *error)
{
    workshop_close(shop);
    int code = sweep_model(run->sweep, order->point, &shop->model, error);
    if (code != ERROR_NONE)
        return code;
    code = sampler_init(&shop->sampler, &shop->model, run->engine, run->per_token, order->threads, order->memory,
                        error);
    if (code == ERROR_NONE)
        shop->open = true;
    else
        model_free(&shop->model);
    return code;
}

static int serve(struct run *run, struct error *error)
{
    struct workshop shop = {.open = false};
    int code = ERROR_NONE;
    while (code == ERROR_NONE) {
        struct spread_order order = spread_next();
        if (order.act == SPREAD_QUIT)
            break;
        code = order.act == SPREAD_POINT ? workshop_open(&shop, run, &order, error)
                                         : spread_work(&order, &shop.sampler, interrupt_flag(), error);
    }
    workshop_close(&shop);
    return code;
}

static int measure_cost(struct run *run, struct outlay *outlay, struct error *error)
{
    int64_t samples = shard_samples(run);
    struct model model;
    if (run->sweep->points > 1)
        return cost_sweep_all(&run->cost, run->sweep, run->engine, run->per_token, threads_of(run), run->memory,
                              samples, outlay, error);
    int code = sweep_model(run->sweep, 0, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = cost_model(&model, run->engine, run->per_token, threads_of(run), run->memory, samples, outlay, error);
    model_free(&model);
    return code;
}

static int add_predictions(struct run *run, struct outlay *outlay, struct error *error)
{
    struct outlay predictions;
    struct sweep sweep = *run->sweep;
    const struct forecast forecast = {forecast_sweep, &sweep, sweep.points, prediction_options(run), 1};
    int code = forecast_measure(&forecast, &predictions, error);
    if (code == ERROR_NONE)
        outlay_precede(outlay, &predictions);
    return code;
}

static int print_cost(struct run *run, struct error *error)
{
    struct outlay outlay;
    int code = measure_cost(run, &outlay, error);
    if (code == ERROR_NONE && run->predict)
        code = add_predictions(run, &outlay, error);
    return code == ERROR_NONE ? run->format->cost(&outlay, run->page.stream, error) : code;
}

static int run_points(struct run *run, struct error *error)
{
    struct output output;
    FILE *stream = run->page.stream = output_open(&output, run->output, error);
    if (!stream)
        return error->code;
    int code = ERROR_NONE;
    if (run->dry_run)
        return output_end(&output, print_cost(run, error), true, error);
    interrupt_flag(); // what is opened from here on is closed in order
    if (run->store_path)
        code = store_open(&run->store, run->store_path, STORE_WRITE, interrupt_flag(), error);
    progress_init(&run->progress, &(struct progress_options){.quiet = run->quiet,
                                                             .hidden = run->no_progress,
                                                             .log = run->log,
                                                             .parts = "configurations",
                                                             .count = run->sweep->points});
    if (code == ERROR_NONE)
        code = spread_init(&run->spread, run->store_path ? &run->store : NULL, error);
    if (code == ERROR_NONE)
        code = run_each(run, error);
    if (code == ERROR_NONE)
        spread_quit();
    spread_free(&run->spread);
    progress_end(&run->progress);
    if (run->store_path)
        store_close(&run->store);
    return output_end(&output, code, run->page.number > 0, error);
}

static int run_all(void *target, struct error *error)
{
    struct run *run = target;
    struct sweep sweep;
    if (run->samples == 0)
        run->samples = run->precision > 0 ? DEFAULT_BUDGET : DEFAULT_SAMPLES;
    if (run->memory == 0)
        run->memory = budget_available(run->threads) / (size_t)ranks_local();
    int code = check_shard(run, error);
    if (code == ERROR_NONE)
        code = format_check(run->format, run->per_token, &run->page, error);
    if (code == ERROR_NONE)
        code = check_growing(run, error);
    if (code == ERROR_NONE)
        code = sweep_init(&sweep, &run->options, error);
    if (code != ERROR_NONE)
        return code;
    run->sweep = run->page.sweep = &sweep;
    code = cost_sweep_init(&run->cost, &sweep, run->engine, run->per_token, threads_of(run), run->memory,
                           shard_samples(run), error);
    if (code == ERROR_NONE)
        begin_tell(&run->options);
    if (code == ERROR_NONE && ranks_own() == 0)
        code = run_points(run, error);
    else if (code == ERROR_NONE && !run->dry_run)
        code = serve(run, error);
    cost_sweep_free(&run->cost);
    sweep_free(&sweep);
    return code;
}

int run_command(int argc, char **argv)
{
    struct run run = {.seed = 1, .threads = team_processors(), .format = &formats[0]};
    return command_run(&run_options, argc, argv, &run, run_all);
}
