#include "cli/outlay.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/schema.h"
#include "sim/memory.h"
#include "sim/text.h"

void outlay_precede(struct outlay *outlay, const struct outlay *predictions)
{
    bool more = predictions->bytes > outlay->bytes;
    outlay->predicted[0] = predictions->least_seconds;
    outlay->predicted[1] = predictions->seconds;
    outlay->least_seconds += predictions->least_seconds;
    outlay->seconds += predictions->seconds;
    outlay->bytes = more ? predictions->bytes : outlay->bytes;
    outlay->thread_bytes = more ? predictions->thread_bytes : outlay->thread_bytes;
}

/* ---- words ---- */

/* What the program has before it begins, as the system counts it. */
static const char BESIDE[] = "beside the program's own 12 MB";

/* "about 0.3 to 2 s" */
static void print_seconds(double least, double most, FILE *stream)
{
    char from[16], to[16];
    snprintf(from, sizeof from, "%.2g", least);
    snprintf(to, sizeof to, "%.2g", most);
    fprintf(stream, strcmp(from, to) == 0 ? "about %s s" : "about %s to %s s", from, to);
}

static void print_predicted(const struct outlay *outlay, FILE *stream)
{
    if (outlay->predicted[1] == 0)
        return;
    fputs("  predicted ", stream);
    print_seconds(outlay->predicted[0], outlay->predicted[1], stream);
    fputs(" of that\n", stream);
}

static void print_model(const struct outlay *outlay, FILE *stream)
{
    const struct outlay_model *model = &outlay->model;
    char all[MEMORY_WORDS], each[MEMORY_WORDS], blocks[TEXT_COUNT], threads[TEXT_COUNT], samples[TEXT_COUNT];
    fprintf(stream, "%s: %.4g parameters in %s\n", model->label, model->parameters,
            text_count(model->layers, "blocks", blocks));
    fprintf(stream, "  engine    %s%s%s; %d of %s keep their tape for the reverse pass\n", model->engine,
            model->forced ? " because " : "", model->forced ? model->forced : "", model->kept,
            text_count(model->blocks, "blocks", blocks));
    fprintf(stream, "  a sample  %.3g normals, %.3g operations, about %.2g s\n", model->normals, model->flops,
            model->seconds);
    fprintf(stream, "  memory    %s: %s in each of %s, and the observables; %s\n", memory_words(outlay->bytes, all),
            memory_words(outlay->thread_bytes, each), text_count(outlay->threads, "threads", threads), BESIDE);
    fprintf(stream, "  in all    %s, ", text_count(outlay->each, "samples", samples));
    print_seconds(outlay->least_seconds, outlay->seconds, stream);
    fprintf(stream, " (at %.3g normals/s and %.3g operations/s, and %.2g times that for all else, measured now)\n",
            model->normals_rate, model->flops_rate, model->beyond);
    print_predicted(outlay, stream);
}

static void print_runs(const struct outlay *outlay, FILE *stream)
{
    char runs[TEXT_COUNT], units[TEXT_COUNT], threads[TEXT_COUNT], models[TEXT_COUNT];
    fprintf(stream, "%s of %s: ", text_count(outlay->count, outlay->runs, runs),
            text_count(outlay->each, outlay->unit, units));
    print_seconds(outlay->least_seconds, outlay->seconds, stream);
    fprintf(stream, " in %s, from %s of %s\n", text_count(outlay->threads, "threads", threads), outlay->unit,
            text_count(outlay->probes, "models", models));
    print_predicted(outlay, stream);
}

/* Draws end where the error that is asked for is met. */
static void print_predictions(const struct outlay *outlay, FILE *stream)
{
    char models[TEXT_COUNT], threads[TEXT_COUNT];
    fprintf(stream, "%s to predict%s: ", text_count(outlay->count, outlay->runs, models),
            outlay->closed ? " in closed form" : "");
    print_seconds(outlay->least_seconds, outlay->seconds, stream);
    fprintf(stream, " in %s%s", text_count(outlay->threads, "threads", threads),
            outlay->least_seconds < outlay->seconds ? ", by when the error that is asked for is met" : "");
    if (outlay->probes < outlay->count)
        fprintf(stream, "; estimated from %" PRId64 " of them", outlay->probes);
    fputc('\n', stream);
}

int outlay_words(const struct outlay *outlay, FILE *stream, struct error *error)
{
    char all[MEMORY_WORDS], each[MEMORY_WORDS], threads[TEXT_COUNT];
    (void)error;
    if (*outlay->model.label) {
        print_model(outlay, stream);
        return ERROR_NONE;
    }
    if (strcmp(outlay->unit, "predictions") == 0)
        print_predictions(outlay, stream);
    else
        print_runs(outlay, stream);
    fprintf(stream, "  memory    %s at most: %s in each of %s; %s\n", memory_words(outlay->bytes, all),
            memory_words(outlay->thread_bytes, each), text_count(outlay->threads, "threads", threads), BESIDE);
    return ERROR_NONE;
}

/* ---- members ---- */

static json_t *members_of(bool *ok, const struct outlay *outlay)
{
    const struct outlay_model *model = &outlay->model;
    bool known = *model->label;
    json_t *object = json_object();
    document_put(ok, object, "runs", json_integer((json_int_t)outlay->count));
    document_put(ok, object, "unit", json_string(outlay->unit));
    document_put(ok, object, "each", json_integer((json_int_t)outlay->each));
    document_put(ok, object, "threads", json_integer(outlay->threads));
    document_put(ok, object, "least_seconds", json_real(outlay->least_seconds));
    document_put(ok, object, "seconds", json_real(outlay->seconds));
    document_put(ok, object, "bytes", json_integer((json_int_t)outlay->bytes));
    document_put(ok, object, "thread_bytes", json_integer((json_int_t)outlay->thread_bytes));
    document_put(ok, object, SCHEMA_ENGINE, known ? json_string(model->engine) : json_null());
    document_put(ok, object, "parameters", known ? json_real(model->parameters) : json_null());
    document_put(ok, object, "normals", known ? json_real(model->normals) : json_null());
    document_put(ok, object, "operations", known ? json_real(model->flops) : json_null());
    document_put(ok, object, "sample_seconds", known ? json_real(model->seconds) : json_null());
    return object;
}

int outlay_json(const struct outlay *outlay, FILE *stream, struct error *error)
{
    bool ok = true;
    json_t *object = json_object(), *members = members_of(&ok, outlay);
    document_put(&ok, object, SCHEMA_KEY, json_string(SCHEMA_COST));
    ok &= json_object_update(object, members) == 0;
    json_decref(members);
    int code = document_print(ok, object, stream, error);
    fputc('\n', stream);
    return code;
}

int outlay_csv(const struct outlay *outlay, FILE *stream, struct error *error)
{
    bool ok = true;
    json_t *members = members_of(&ok, outlay), *value;
    const char *key, *comma = "";
    json_object_foreach(members, key, value)
    {
        fprintf(stream, "%s%s", comma, key);
        comma = ",";
    }
    comma = "\n";
    json_object_foreach(members, key, value)
    {
        fputs(comma, stream);
        if (json_is_string(value))
            fputs(json_string_value(value), stream);
        else if (json_is_integer(value))
            fprintf(stream, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value))
            fprintf(stream, "%.17g", json_real_value(value));
        comma = ",";
    }
    fputc('\n', stream);
    json_decref(members);
    return ok ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for CSV");
}
