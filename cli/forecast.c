#include "cli/forecast.h"

#include <inttypes.h>

#include "analysis/limit/effort.h"
#include "sim/memory.h"

enum { PROBES = 16 };

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
    return ERROR_NONE;
}

int forecast_print(const struct forecast *forecast, FILE *stream, struct error *error)
{
    struct effort all = {0};
    char words[MEMORY_WORDS];
    for (int64_t i = 0; i < probe_count(forecast); i++) {
        int code = add_part(forecast, i, &all, error);
        if (code != ERROR_NONE)
            return code;
    }
    fprintf(stream, "%" PRId64 " model%s to predict: about %.2g", forecast->count, forecast->count == 1 ? "" : "s",
            all.least);
    if (all.most > all.least)
        fprintf(stream, " to %.2g, by the error that is met,", all.most);
    fprintf(stream, " s in %d threads, from replicas of %" PRId64 " of them\n  memory    %s at most\n",
            forecast->moments.threads * forecast->beside, probe_count(forecast), memory_words(all.bytes, words));
    return ERROR_NONE;
}
