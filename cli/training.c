#include "cli/training.h"

#include <cblas.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build_version.h"
#include "cli/format.h"
#include "sim/setting.h"
#include "sim/text.h"
#include "train/score.h"

double training_score(const struct train_run *run)
{
    const struct training *training = &run->training;
    if (run->record.done < training->steps)
        return NAN;
    return score_of(training->steps, training->task->vocabulary, run->record.loss, run->record.bayes);
}

/* ---- JSON ---- */

static void put(bool *ok, json_t *object, const char *key, json_t *value)
{
    *ok &= json_object_set_new(object, key, value) == 0;
}

static json_t *number_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *step_value(int64_t step)
{
    return step >= 0 ? json_integer((json_int_t)step) : json_null();
}

static json_t *series(bool *ok, int64_t count, const double *values)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        *ok &= json_array_append_new(array, number_or_null(values[i])) == 0;
    return array;
}

static json_t *training_object(bool *ok, const struct training *training)
{

    json_t *object = json_object();
    put(ok, object, "task", json_string(training->task->text));
    put(ok, object, "vocabulary", json_integer(training->task->vocabulary));
    put(ok, object, "batch", json_integer(training->batch));
    put(ok, object, "steps", json_integer((json_int_t)training->steps));
    put(ok, object, "optimiser", json_string(training->optimiser->name));
    put(ok, object, "lr", json_real(training->rate));
    put(ok, object, "seed", format_seed(training->seed));
    put(ok, object, "warmup", json_integer((json_int_t)training->warmup));
    put(ok, object, "decay", json_string(training->schedule->name));
    for (size_t i = 0; i < optimiser_number_count; i++)
        if (optimiser_reads(training->optimiser, &optimiser_numbers[i]))
            put(ok, object, optimiser_numbers[i].key,
                json_real(optimiser_number(&optimiser_numbers[i], &training->settings)));
    put(ok, object, "parametrisation", json_string(training->parametrisation->name));
    put(ok, object, "base_width", json_real(training->base_width));
    return object;
}

static json_t *config_object(bool *ok, const struct train_run *run)
{
    json_t *object = format_model(ok, &run->model);
    put(ok, object, "engine", json_string("held"));
    put(ok, object, "seed", format_seed(run->training.seed));
    return object;
}

static char *dump(bool ok, json_t *object)
{
    char *text = ok ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
    json_decref(object);
    return text;
}

char *training_identity(const struct train_run *run)
{
    bool ok = true;
    json_t *object = json_object();
    put(&ok, object, "config", config_object(&ok, run));
    put(&ok, object, "training", training_object(&ok, &run->training));
    return dump(ok, object);
}

/* Nothing of time and threads: the same runs are the same text. */
static json_t *manifest_object(bool *ok)
{
    json_t *object = json_object();
    put(ok, object, "version", json_string(BUILD_VERSION));
    put(ok, object, "commit", json_string(BUILD_COMMIT));
    put(ok, object, "blas", json_string(openblas_get_config()));
    return object;
}

/* Profile number i: that of the step, and of whose run. */
static char *profile_text(const struct train_run *run, int i)
{
    const struct trainer_record *record = &run->record;
    struct profile profile = {
        .kind = "measured",
        .model = &run->model,
        .schema = &record->schema,
        .engine = "held",
        .seed = run->training.seed,
        .samples = run->training.batch,
        .cells = record->profile + (size_t)i * record->cells,
    };
    bool ok = true;
    json_t *object = format_profile(&ok, &profile), *training = training_object(&ok, &run->training);
    put(&ok, training, "step", json_integer((json_int_t)run->training.measured->value[i]));
    put(&ok, object, "manifest", manifest_object(&ok));
    put(&ok, object, "training", training);
    return dump(ok, object);
}

/* Takes the text over. */
static int write_line(char *text, const struct trainer_record *record, FILE *stream, struct error *error)
{
    if (!text)
        return error_set(error, ERROR_RESOURCE, "out of memory for the JSON of %" PRId64 " steps", record->done);
    fprintf(stream, "%s\n", text);
    free(text);
    return ERROR_NONE;
}

static int write_json(const struct train_run *run, int number, FILE *stream, struct error *error)
{
    (void)number;
    const struct trainer_record *record = &run->record;
    bool all = true, *ok = &all;
    json_t *object = json_object();
    put(ok, object, "schema", json_string("spanscope/training/1"));
    put(ok, object, "config", config_object(ok, run));
    put(ok, object, "training", training_object(ok, &run->training));
    put(ok, object, "manifest", manifest_object(ok));
    put(ok, object, "loss", series(ok, record->done, record->loss));
    put(ok, object, "bayes", series(ok, record->done, record->bayes));
    put(ok, object, "spread", series(ok, record->done, record->spread));
    put(ok, object, "gradient_norm", series(ok, record->done, record->gradient_norm));
    put(ok, object, "score", number_or_null(training_score(run)));
    put(ok, object, "collapsed", step_value(score_collapsed(record->done, record->spread)));
    put(ok, object, "diverged", step_value(record->diverged));
    put(ok, object, "finished", json_boolean(run->finished));
    int code = write_line(dump(all, object), record, stream, error);
    for (int i = 0; code == ERROR_NONE && i < record->profiles; i++)
        code = write_line(profile_text(run, i), record, stream, error);
    return code;
}

/* ---- CSV ---- */

static void csv_real(double value, FILE *stream)
{
    if (isfinite(value))
        fprintf(stream, ",%.17g", value);
    else
        fputc(',', stream);
}

/* The settings of the model that are not whole texts, then those of the run, then a step's numbers. */
static int write_csv(const struct train_run *run, int number, FILE *stream, struct error *error)
{
    (void)error;
    const struct training *training = &run->training;
    const struct trainer_record *record = &run->record;
    if (number == 0)
        fputs("placement,init,layers,width,heads,tokens,task,batch,optimiser,parametrisation,lr,seed,step,loss,bayes,"
              "spread,gradient_norm\n",
              stream);
    for (int64_t i = 0; i < record->done; i++) {
        static const char *const names[] = {"placement", "init", "layers", "width", "heads", "tokens"};
        for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
            char label[GRAPH_NAME_MAX + 40];
            setting_label(setting_find(names[n], error), &run->model, label, sizeof label);
            fprintf(stream, "%s%s", n > 0 ? "," : "", label);
        }
        fprintf(stream, ",%s,%d,%s,%s,%.17g,%" PRIu64 ",%" PRId64, training->task->text, training->batch,
                training->optimiser->name, training->parametrisation->name, training->rate, training->seed, i);
        csv_real(record->loss[i], stream);
        csv_real(record->bayes[i], stream);
        csv_real(record->spread[i], stream);
        csv_real(record->gradient_norm[i], stream);
        fputc('\n', stream);
    }
    return ERROR_NONE;
}

/* ---- table ---- */

static double last_tenth(const struct trainer_record *record, const double *values)
{
    int64_t count = (record->done + 9) / 10;
    double sum = 0;
    for (int64_t i = record->done - count; i < record->done; i++)
        sum += values[i];
    return sum / (double)count;
}

static void print_number(const char *format, int width, double value, FILE *stream)
{
    char text[32] = "-";
    if (isfinite(value))
        snprintf(text, sizeof text, format, value);
    fprintf(stream, " %*s", width, text);
}

static void table_head(const struct training *training, FILE *stream)
{
    fprintf(
        stream,
        "%s, %d sequences a step, %" PRId64 " steps, %s, %s rate, %s parametrisation\n"
        "loss and bayes in nats, means over the last tenth of the steps; u = (loss - bayes)/(ln V - bayes), 1 where "
        "nothing was learned\n\n"
        "%-12s %-12s %5s %6s %10s %5s %8s %8s %7s  %s\n",
        training->task->text, training->batch, training->steps, training->optimiser->name, training->schedule->name,
        training->parametrisation->name, "placement", "init", "L", "d", "lr", "seed", "loss", "bayes", "u", "1 - r_L");
}

static int write_table(const struct train_run *run, int number, FILE *stream, struct error *error)
{
    const struct training *training = &run->training;
    const struct trainer_record *record = &run->record;
    char init[GRAPH_NAME_MAX + 40];
    setting_label(setting_find("init", error), &run->model, init, sizeof init);
    if (number == 0)
        table_head(training, stream);
    fprintf(stream, "%-12s %-12s %5d %6d %10.4g %5" PRIu64, run->model.placement, init, run->model.layers,
            run->model.width, training->rate, training->seed);
    print_number("%.4f", 8, last_tenth(record, record->loss), stream);
    print_number("%.4f", 8, last_tenth(record, record->bayes), stream);
    print_number("%.3f", 7, training_score(run), stream);
    print_number("%.2g", 8, last_tenth(record, record->spread), stream);
    int64_t collapsed = score_collapsed(record->done, record->spread);
    if (record->diverged >= 0)
        fprintf(stream, "  diverged at step %" PRId64, record->diverged);
    else if (collapsed >= 0)
        fprintf(stream, "  collapsed from step %" PRId64 " on", collapsed);
    if (!run->finished)
        fprintf(stream, "  stopped behind %" PRId64 " steps", record->done);
    fputc('\n', stream);
    return ERROR_NONE;
}

const struct training_format training_formats[] = {
    {"table", "a line per run, for reading", false, write_table},
    {"csv", "tidy: a row per run and step", false, write_csv},
    {"json", "a line per run, schema spanscope/training/1, and behind it one per profile measured", true, write_json},
};
const size_t training_format_count = sizeof training_formats / sizeof *training_formats;

int training_format_read(void *field, const char *name, const char *text, struct error *error)
{
    const char *names[sizeof training_formats / sizeof *training_formats];
    for (size_t i = 0; i < training_format_count; i++) {
        names[i] = training_formats[i].name;
        if (strcmp(names[i], text) == 0) {
            *(const struct training_format **)field = &training_formats[i];
            return ERROR_NONE;
        }
    }
    return text_unknown(error, name, text, names, training_format_count);
}
