#include "cli/predict.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "cli/begin.h"
#include "cli/command.h"
#include "cli/forecast.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/ranks.h"
#include "cli/reading.h"
#include "sim/team.h"
#include "sim/text.h"

struct predict {
    struct options options;
    struct moments_options moments;
    bool bounds;
    const struct format *format;
    struct format_page page;
    const char *output;
    double error; /* 0: unless it is asked for */
    bool dry_run, quiet, no_progress, log;
    struct progress progress;
    bool drawn, at_width; /* anything, of any model */
};

static const struct options_row rows[] = {
    {"error", 0, "REL",
     "draw until every standard error is that fraction of its value\n"
     "(of 1 for cosines), or the budget is spent; 0.003, but to first order in T/d 0.05",
     value_fraction, offsetof(struct predict, error)},
    {"width-limit", 0, NULL,
     "the limit of infinite width and many heads, off by T/d, H/d and 1/d from what the model's\n"
     "own width has",
     value_flag, offsetof(struct predict, moments.width_limit)},
    {"budget", 0, "SECONDS",
     "of a core, about, as operations are counted: the same draws on any machine; 2, and\n"
     "at the model's width 2 (T/64)^2 where T is more than 64, 16 at most",
     value_seconds, offsetof(struct predict, moments.budget)},
    {"replicas", 0, "N",
     "draw stacks, that many at most, and no more than a --budget beside it allows; without, as\n"
     "many as the budget allows",
     value_draws, offsetof(struct predict, moments.replicas)},
    {"draws", 0, "N", "in the limit: attention matrices per block in a batch; 256", value_draws,
     offsetof(struct predict, moments.draws)},
    {"full", 0, NULL,
     "draw where exchangeable tokens have a closed form, too: at the model's width, where the\n"
     "spread over stacks comes with it, one to first order in T/d",
     value_flag, offsetof(struct predict, moments.full)},
    {"seed", 's', "N", "64-bit seed of the draws", value_seed, offsetof(struct predict, moments.seed)},
    {"threads", 'j', "N", "results do not depend on it", value_threads, offsetof(struct predict, moments.threads)},
    {"per-token", 0, NULL, "report activation and gradient variance by position too", value_flag,
     offsetof(struct predict, moments.per_token)},
    {"bounds", 0, NULL, "floors and ceilings too, which hold in the limit whatever the attentions do", value_flag,
     offsetof(struct predict, bounds)},
    {"format", 'f', NULL, "what is written", format_read, offsetof(struct predict, format), format_name},
    {"tidy", 0, NULL, "CSV with a column for all that decides the numbers, not only for what varies", value_flag,
     offsetof(struct predict, page.tidy)},
    {"quantity", 0, "NAME[,NAME]", "only these of the whole stack, a row a model (list quantities)",
     format_read_quantity, offsetof(struct predict, page.quantity), overall_name},
    {"columns", 0, "NAME[,NAME]",
     "only these columns, in this order: of a table observables by name or symbol, of CSV those\n"
     "of its header and settings",
     value_text, offsetof(struct predict, page.columns.text), format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, offsetof(struct predict, output)},
    {"dry-run", 0, NULL, "print how many models there are, the memory and time it would take, and predict nothing",
     value_flag, offsetof(struct predict, dry_run)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", value_flag,
     offsetof(struct predict, log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, offsetof(struct predict, quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", value_flag, offsetof(struct predict, no_progress)},
};

const struct options_command predict_options = {
    .usage = "predict [OPTION]...",
    .summary =
        "The profile that samples have at the model's own width or, with --width-limit, converge to as width and\n"
        "heads grow, in the formats of `run`. Settings of the model may be lists\n"
        "or, of numbers, axes (-p prenorm,spannorm -L 8:512:7:log): their product, in the order of the options.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .sweeps = true,
    .config = true,
    .no_words = "models are named by --placement",
};

/* A prediction that is less exact than it was asked to be says so, and what would help. */
static void report_error(const struct predict *predict, const struct profile *profile)
{
    const struct moments *moments = &profile->moments;
    size_t columns = (size_t)moments->schema.column_count;
    char left[32] = "not known", replicas[TEXT_COUNT];
    if (predict->quiet || moments->worst <= predict->moments.error)
        return;
    if (isfinite(moments->worst))
        snprintf(left, sizeof left, "still %.2g %%", 100 * moments->worst);
    fprintf(stderr,
            "spanscope predict: after %s the standard error of %s at layer %zu is %s (--error %g); --%s draws more\n",
            text_count(moments->replicas, "replicas", replicas),
            moments->schema.columns[moments->worst_cell % columns].name, moments->worst_cell / columns, left,
            predict->moments.error,
            moments->spent    ? "budget"
            : moments->spread ? "replicas"
                              : "draws");
}

/* What no budget shortens: the closed form, and the fewest replicas that know their error. */
static void report_budget(void *context, double seconds, bool drawn, double budget)
{
    struct predict *predict = context;
    if (predict->quiet)
        return;
    progress_clear(&predict->progress);
    fprintf(stderr, "spanscope predict: %s takes about %.2g s of a core; --budget %g cannot be kept\n",
            drawn ? "the least that is drawn" : "the closed form", seconds, budget);
}

static int predict_model(struct predict *predict, const struct model *model, struct error *error)
{
    struct profile profile;
    int code = profile_predict(&profile, model, &predict->moments, error);
    if (code != ERROR_NONE)
        return code;
    struct bounds bounds = {0};
    struct bounds_options options = {.per_token = predict->moments.per_token};
    if (predict->bounds) {
        code = bounds_derive(model, &options, &bounds, error);
        profile.bounds = &bounds;
    }
    if (code == ERROR_NONE)
        code = format_write(predict->format, &profile, &predict->page, error);
    predict->drawn = predict->drawn || profile.moments.drawn;
    predict->at_width = predict->at_width || moments_at_width(&predict->moments, model);
    if (code == ERROR_NONE)
        report_error(predict, &profile);
    bounds_free(&bounds);
    profile_free(&profile);
    return code;
}

/* What draws there are depends on the reading. */
static int check_draws(const struct predict *predict, const struct model *model, struct error *error)
{
    const struct moments_options *moments = &predict->moments;
    bool at_width = moments_at_width(moments, model);
    if (moments->width_limit && moments->replicas > 0)
        return error_set(error, ERROR_INPUT, "--replicas is for the model's own width; --width-limit has --draws");
    if (!at_width && moments->replicas > 0)
        return error_set(error, ERROR_INPUT,
                         "--replicas is for the model's own width, which is known of normal weights; the limit, which "
                         "all laws share, has --draws");
    if (at_width && options_given(&predict->options, "draws"))
        return error_set(error, ERROR_INPUT, "--draws is for --width-limit; the model's own width has --replicas");
    return ERROR_NONE;
}

/* Of all models, before the first is predicted. */
static int check_options(const struct predict *predict, const struct sweep *sweep, struct error *error)
{
    bool given = predict->moments.replicas > 0 || options_given(&predict->options, "draws");
    int code = ERROR_NONE;
    for (int64_t p = 0; given && code == ERROR_NONE && p < sweep->points; p++) {
        struct model model;
        code = sweep_model(sweep, p, &model, error);
        if (code != ERROR_NONE)
            return code;
        code = check_draws(predict, &model, error);
        model_free(&model);
    }
    return code;
}

/* Rank 0 writes its own text, and behind it those of the other ranks' points of the same round. */
static int hand_over(const char *text, size_t length, int64_t point, int64_t points, FILE *stream, struct error *error)
{
    if (ranks_own() > 0) {
        ranks_send(0, &length, sizeof length);
        ranks_send(0, text, length);
        return ERROR_NONE;
    }
    fwrite(text, 1, length, stream);
    for (int r = 1; r < ranks_count() && point + r < points; r++) {
        ranks_receive(r, &length, sizeof length);
        char *other = malloc(length + 1);
        if (!other)
            return error_set(error, ERROR_RESOURCE, "out of memory");
        ranks_receive(r, other, length);
        fwrite(other, 1, length, stream);
        free(other);
    }
    return ERROR_NONE;
}

static int predict_point(struct predict *predict, const struct sweep *sweep, int64_t point, struct error *error)
{
    struct model model;
    int code = sweep_model(sweep, point, &model, error);
    if (code != ERROR_NONE)
        return code;
    progress_show(&predict->progress, point, (double)point / (double)sweep->points, model.placement);
    code = predict_model(predict, &model, error);
    model_free(&model);
    return code;
}

/* The points go round the ranks; what another than 0 writes is sent to it. */
static int predict_apart(struct predict *predict, const struct sweep *sweep, struct error *error)
{
    int code = ERROR_NONE;
    FILE *stream = predict->page.stream;
    for (int64_t p = ranks_own(); code == ERROR_NONE && p < sweep->points; p += ranks_count()) {
        char *text = NULL;
        size_t length = 0;
        predict->page.stream = open_memstream(&text, &length);
        predict->page.number = p > 0;
        code = predict->page.stream ? predict_point(predict, sweep, p, error)
                                    : error_set(error, ERROR_RESOURCE, "out of memory");
        if (predict->page.stream && fclose(predict->page.stream) != 0 && code == ERROR_NONE)
            code = error_set(error, ERROR_RESOURCE, "out of memory");
        if (code == ERROR_NONE)
            code = hand_over(text, length, p, sweep->points, stream, error);
        free(text);
    }
    predict->page.number = sweep->points > 0;
    return code;
}

static int forecast_predictions(const struct predict *predict, struct sweep *sweep, FILE *stream, struct error *error)
{
    const struct forecast forecast = {forecast_sweep, sweep, sweep->points, predict->moments, 1};
    struct outlay outlay;
    int code = forecast_measure(&forecast, &outlay, error);
    return code == ERROR_NONE ? predict->format->cost(&outlay, stream, error) : code;
}

static int predict_points(struct predict *predict, struct sweep *sweep, struct error *error)
{
    struct output output;
    int code = ERROR_NONE;
    predict->page.sweep = sweep;
    predict->moments.stop = interrupt_flag();
    predict->moments.dear = report_budget;
    predict->moments.dear_context = predict;
    if (ranks_own() > 0)
        return predict->dry_run ? ERROR_NONE : predict_apart(predict, sweep, error);
    FILE *stream = output_open(&output, predict->output, error);
    if (!stream)
        return error->code;
    predict->page.stream = stream;
    if (predict->dry_run)
        return output_end(&output, forecast_predictions(predict, sweep, stream, error), true, error);
    progress_init(&predict->progress, &(struct progress_options){.quiet = predict->quiet,
                                                                 .hidden = predict->no_progress,
                                                                 .log = predict->log,
                                                                 .parts = "models",
                                                                 .count = sweep->points});
    if (ranks_count() > 1)
        code = predict_apart(predict, sweep, error);
    for (int64_t p = 0; ranks_count() == 1 && code == ERROR_NONE && p < sweep->points; p++)
        code = predict_point(predict, sweep, p, error);
    progress_end(&predict->progress);
    if (code == ERROR_NONE && !predict->drawn && !predict->quiet && ranks_count() == 1)
        reading_tell_undrawn(&predict->options, "predict", predict->at_width);
    return output_end(&output, code, predict->page.number > 0, error);
}

static int predict_all(void *target, struct error *error)
{
    struct predict *predict = target;
    struct sweep sweep;
    predict->moments.full |= predict->moments.replicas > 0;
    if (predict->error > 0)
        predict->moments.error = predict->moments.order = predict->error;
    int code = format_check(predict->format, predict->moments.per_token, &predict->page, error);
    if (code == ERROR_NONE && predict->bounds && format_has_quantity(&predict->page))
        code = error_set(error, ERROR_INPUT, "--bounds: --quantity shows no floors and ceilings; give one of them");
    if (code == ERROR_NONE)
        code = sweep_init(&sweep, &predict->options, error);
    if (code != ERROR_NONE)
        return code;
    code = check_options(predict, &sweep, error);
    if (code == ERROR_NONE)
        begin_tell(&predict->options);
    if (code == ERROR_NONE)
        code = predict_points(predict, &sweep, error);
    sweep_free(&sweep);
    return code;
}

int predict_command(int argc, char **argv)
{
    struct predict predict = {.moments = moments_defaults(), .format = &formats[0]};
    predict.moments.width_limit = false;
    predict.moments.threads = team_processors();
    return command_run(&predict_options, argc, argv, &predict, predict_all);
}
