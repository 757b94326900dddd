#include "cli/predict.h"

#include <omp.h>

#include "cli/command.h"
#include "cli/format.h"
#include "cli/interrupt.h"
#include "cli/output.h"

struct predict {
    struct options options;
    struct moments_options moments;
    bool bounds;
    const struct format *format;
    const char *output;
};

static const struct options_row rows[] = {
    {"error", 0, "REL",
     "draw until every standard error is that fraction of its value\n"
     "(of 1 for cosines), or five batches of draws are spent; 0.003",
     options_fraction, offsetof(struct predict, moments.error)},
    {"draws", 0, "N", "attention matrices per block in a batch of 16 replicas or more; 256", options_draws,
     offsetof(struct predict, moments.draws)},
    {"full", 0, NULL, "draw where exchangeable tokens allow quadrature, too", options_flag,
     offsetof(struct predict, moments.full)},
    {"seed", 's', "N", "64-bit seed of the draws", options_seed, offsetof(struct predict, moments.seed)},
    {"threads", 'j', "N", "results do not depend on it", options_threads, offsetof(struct predict, moments.threads)},
    {"per-token", 0, NULL, "report activation and gradient variance by position too", options_flag,
     offsetof(struct predict, moments.per_token)},
    {"bounds", 0, NULL, "floors and ceilings too, which hold whatever the attentions do", options_flag,
     offsetof(struct predict, bounds)},
    {"format", 'f', "table|csv|json", "what is written", format_read, offsetof(struct predict, format)},
    {"output", 'o', "FILE", "where to, instead of standard output", options_path, offsetof(struct predict, output)},
};

static const struct options_command command = {
    .usage = "predict [OPTION]...",
    .summary = "The profile that samples converge to as the width grows, in the formats of `run`. Width and heads "
               "matter only\n"
               "through the initialisation's scales, and heads where attention is drawn. --placement may be given "
               "several times.",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .config = true,
    .several = OPTIONS_PLACEMENT,
    .no_words = "models are named by --placement",
};

static int predict_model(const struct predict *predict, int number, const struct model *model, FILE *stream,
                         struct error *error)
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
        code = predict->format->write(&profile, number, stream, error);
    bounds_free(&bounds);
    profile_free(&profile);
    return code;
}

static int predict_all(void *target, struct error *error)
{
    struct predict *predict = target;
    struct output output;
    int code = format_check(predict->format, predict->moments.per_token, error);
    if (code == ERROR_NONE)
        code = options_check(&predict->options, error);
    FILE *stream = code == ERROR_NONE ? output_open(&output, predict->output, error) : NULL;
    if (!stream)
        return error->code;
    int written = 0;
    predict->moments.stop = interrupt_flag();
    for (int p = 0; code == ERROR_NONE && p < options_placements(&predict->options); p++) {
        struct model model;
        code = options_model(&predict->options, p, &model, error);
        if (code != ERROR_NONE)
            break;
        code = predict_model(predict, p, &model, stream, error);
        written += code == ERROR_NONE;
        model_free(&model);
    }
    return output_end(&output, code, written > 0, error);
}

int predict_command(int argc, char **argv)
{
    struct predict predict = {.moments = moments_defaults(), .format = &formats[0]};
    predict.moments.threads = omp_get_num_procs();
    return command_run(&command, argc, argv, &predict, predict_all);
}
