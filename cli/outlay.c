#include "cli/outlay.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "analysis/document.h"
#include "analysis/schema.h"
#include "sim/memory.h"

/* ---- words ---- */

static void print_model(const struct outlay *outlay, FILE *stream)
{
    const struct outlay_model *model = &outlay->model;
    char all[MEMORY_WORDS], each[MEMORY_WORDS];
    fprintf(stream, "%s: %.4g parameters in %d blocks\n", model->label, model->parameters, model->layers);
    fprintf(stream, "  engine    %s%s%s; %d of %d blocks keep their tape for the reverse pass\n", model->engine,
            model->forced ? " because " : "", model->forced ? model->forced : "", model->kept, model->blocks);
    fprintf(stream, "  a sample  %.3g normals, %.3g operations, about %.2g s\n", model->normals, model->flops,
            model->seconds);
    fprintf(stream, "  memory    %s: %s in each of %d threads, and the observables\n", memory_words(outlay->bytes, all),
            memory_words(outlay->thread_bytes, each), outlay->threads);
    fprintf(stream,
            "  in all    %" PRId64 " samples, about %.2g s (at %.3g normals/s and %.3g operations/s, and %.2g times "
            "that for all else, measured now)\n",
            outlay->each, outlay->seconds, model->normals_rate, model->flops_rate, model->beyond);
}

/* "2 threads", "1 thread" */
static void print_count(int64_t count, const char *plural, FILE *stream)
{
    fprintf(stream, "%" PRId64 " %.*s", count, (int)strlen(plural) - (count == 1), plural);
}

int outlay_words(const struct outlay *outlay, FILE *stream, struct error *error)
{
    char all[MEMORY_WORDS], each[MEMORY_WORDS];
    (void)error;
    if (*outlay->model.label) {
        print_model(outlay, stream);
        return ERROR_NONE;
    }
    print_count(outlay->count, outlay->runs, stream);
    fprintf(stream, " of %" PRId64 " %s: about %.2g s in ", outlay->each, outlay->unit, outlay->seconds);
    print_count(outlay->threads, "threads", stream);
    fprintf(stream, ", from %s of ", outlay->unit);
    print_count(outlay->probes, "models", stream);
    fprintf(stream, "\n  memory    %s: %s in each thread at most\n", memory_words(outlay->bytes, all),
            memory_words(outlay->thread_bytes, each));
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
