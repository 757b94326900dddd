#include "cli/forecast.h"

#include "analysis/limit/effort.h"
#include "cli/sweep.h"

enum { PROBES = 16 };

int forecast_sweep(void *context, int64_t i, struct model *model, struct error *error)
{
    return sweep_model(context, i, model, error);
}

static int64_t probe_count(const struct forecast *forecast)
{
    return forecast->count < PROBES ? forecast->count : PROBES;
}

/* Adds what part i of the models takes to what all do. */
static int add_part(const struct forecast *forecast, int64_t i, struct effort *all, struct error *error)
{
    int64_t probes = probe_count(forecast), from = i * forecast->count / probes,
            to = (i + 1) * forecast->count / probes;
    struct model model;
    struct effort effort;
    int code = forecast->model(forecast->context, (from + to) / 2, &model, error);
    if (code != ERROR_NONE)
        return code;
    code = effort_measure(&effort, &model, &forecast->moments, error);
    model_free(&model);
    if (code != ERROR_NONE)
        return code;
    double models = (double)(to - from) / forecast->beside;
    size_t bytes = effort.bytes * (size_t)forecast->beside;
    all->least += effort.least * models;
    all->most += effort.most * models;
    all->bytes = bytes > all->bytes ? bytes : all->bytes;
    all->drawn = all->drawn || effort.drawn;
    return ERROR_NONE;
}

int forecast_measure(const struct forecast *forecast, struct outlay *outlay, struct error *error)
{
    struct effort all = {0};
    for (int64_t i = 0; i < probe_count(forecast); i++) {
        int code = add_part(forecast, i, &all, error);
        if (code != ERROR_NONE)
            return code;
    }
    int threads = forecast->beside * (all.drawn ? forecast->moments.threads : 1);
    *outlay = (struct outlay){
        .runs = "models",
        .unit = "predictions",
        .count = forecast->count,
        .each = 1,
        .threads = threads,
        .probes = probe_count(forecast),
        .least_seconds = all.least,
        .seconds = all.most,
        .bytes = all.bytes,
        .thread_bytes = all.bytes / (size_t)threads,
        .closed = !all.drawn,
    };
    return ERROR_NONE;
}
