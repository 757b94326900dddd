#include "cli/training.h"

#include <cblas.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "build_version.h"
#include "analysis/config.h"
#include "analysis/document.h"
#include "analysis/store.h"
#include "cli/format_csv.h"
#include "cli/format_json.h"
#include "sim/setting.h"
#include "sim/text.h"
#include "train/score.h"

static const char RATE[] = "lr";

/* ---- JSON ---- */

static json_t *step_value(int64_t step)
{
    return step >= 0 ? json_integer((json_int_t)step) : json_null();
}

static json_t *series(bool *ok, int64_t count, const double *values)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        document_append(ok, array, document_number(values[i]));
    return array;
}

/* Profile number i of the run; of number -1 all but the numbers. */
static struct profile profile_of(const struct train_run *run, int i)
{
    const struct trainer_record *record = &run->record;
    return (struct profile){
        .kind = SCHEMA_MEASURED,
        .model = &run->model,
        .schema = &record->schema,
        .engine = "held",
        .seed = run->training.seed,
        .samples = run->training.batch,
        .cells = i >= 0 ? record->profile + (size_t)i * record->cells : NULL,
    };
}

static json_t *config_of(bool *ok, const struct train_run *run)
{
    struct profile profile = profile_of(run, -1);
    return config_of_profile(ok, &profile);
}

static json_t *training_object(bool *ok, const struct train_run *run)
{
    const struct training *training = &run->training;
    json_t *object = json_object(), *config = config_of(ok, run);
    document_put(ok, object, "task", json_string(training->task->text));
    document_put(ok, object, "vocabulary", json_integer(training->task->vocabulary));
    document_put(ok, object, "batch", json_integer(training->batch));
    document_put(ok, object, "steps", json_integer((json_int_t)training->steps));
    document_put(ok, object, "optimiser", json_string(training->optimiser->name));
    document_put(ok, object, RATE, json_real(training->rate));
    document_put(ok, object, SCHEMA_SEED, json_incref(json_object_get(config, SCHEMA_SEED)));
    document_put(ok, object, "warmup", json_integer((json_int_t)training->warmup));
    document_put(ok, object, "decay", json_string(training->schedule->name));
    for (size_t i = 0; i < optimiser_number_count; i++) {
        const struct optimiser_number *number = &optimiser_numbers[i];
        if (optimiser_reads(training->optimiser, number))
            document_put(ok, object, number->key, json_real(optimiser_number(number, &training->settings)));
    }
    document_put(ok, object, "parametrisation", json_string(training->parametrisation->name));
    document_put(ok, object, "base_width", json_real(training->base_width));
    json_decref(config);
    return object;
}

json_t *training_identity(bool *ok, const struct train_run *run)
{
    json_t *object = json_object(), *measured = json_array();
    const struct values *steps = run->training.measured;
    const struct task *task = run->training.task;
    for (int i = 0; steps && i < steps->count; i++)
        document_append(ok, measured, json_real(steps->value[i]));
    document_put(ok, object, SCHEMA_CONFIG, config_of(ok, run));
    document_put(ok, object, SCHEMA_TRAINING_MEMBER, training_object(ok, run));
    document_put(ok, object, "measured", measured);
    if (task->length > 0) // a file by what it holds, not by its name
        document_put(ok, object, "bytes",
                     json_sprintf("%016" PRIx64, store_hash(STORE_HASH, task->bytes, task->length)));
    return object;
}

/* Nothing of time and threads: the same runs are the same text. */
static json_t *manifest_object(bool *ok)
{
    json_t *object = json_object();
    document_put(ok, object, "version", json_string(BUILD_VERSION));
    document_put(ok, object, "commit", json_string(BUILD_COMMIT));
    document_put(ok, object, "blas", json_string(openblas_get_config()));
    return object;
}

static json_t *run_object(bool *ok, const struct train_run *run)
{
    const struct trainer_record *record = &run->record;
    json_t *object = json_object();
    document_put(ok, object, SCHEMA_KEY, json_string(SCHEMA_TRAINING));
    document_put(ok, object, SCHEMA_CONFIG, config_of(ok, run));
    document_put(ok, object, SCHEMA_TRAINING_MEMBER, training_object(ok, run));
    document_put(ok, object, SCHEMA_MANIFEST, manifest_object(ok));
    document_put(ok, object, "loss", series(ok, record->done, record->loss));
    document_put(ok, object, "bayes", series(ok, record->done, record->bayes));
    document_put(ok, object, "spread", series(ok, record->done, record->spread));
    document_put(ok, object, "gradient_norm", series(ok, record->done, record->gradient_norm));
    document_put(ok, object, "score", document_number(train_score(run)));
    document_put(ok, object, "collapsed", step_value(score_collapsed(record->done, record->spread)));
    document_put(ok, object, "diverged", step_value(record->diverged));
    document_put(ok, object, "finished", json_boolean(run->finished));
    return object;
}

/* That of the step, and of whose run. */
static int write_profile(const struct train_run *run, int i, FILE *stream, struct error *error)
{
    struct profile profile = profile_of(run, i);
    bool ok = true;
    json_t *members = json_object(), *training = training_object(&ok, run);
    document_put(&ok, training, "step", json_integer((json_int_t)run->training.measured->value[i]));
    document_put(&ok, members, SCHEMA_MANIFEST, manifest_object(&ok));
    document_put(&ok, members, SCHEMA_TRAINING_MEMBER, training);
    if (ok)
        return format_json_with(&profile, members, stream, error);
    json_decref(members);
    return error_set(error, ERROR_RESOURCE, "out of memory for a profile");
}

static int write_json(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    (void)page;
    bool ok = true;
    json_t *object = run_object(&ok, run);
    int code = document_print(ok, object, stream, error);
    fputc('\n', stream);
    for (int i = 0; code == ERROR_NONE && i < run->record.profiles; i++)
        code = write_profile(run, i, stream, error);
    return code;
}

/* ---- CSV ---- */

static void csv_number(double value, FILE *stream)
{
    fputc(',', stream);
    if (isfinite(value))
        fprintf(stream, "%.17g", value);
}

/* Whether a member stands beside the numbers: always the names of formula and initialisation, as in the CSV of `run`. */
static bool has_column(const struct training_page *page, const char *key)
{
    if (page->tidy || (page->rates && strcmp(key, RATE) == 0) || (page->seeds && strcmp(key, SCHEMA_SEED) == 0))
        return true;
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (strcmp(setting->key, key) == 0)
            return setting->type == SETTING_TEXT || sweep_varies(page->sweep, setting);
        if (setting->type == SETTING_TEXT && strcmp(setting->text->key, key) == 0)
            return format_csv_needs_text(page->sweep, setting);
    }
    return false;
}

/* Members of the run and of its model, whose seed is the run's, that have a column. */
static json_t *columns_of(bool *ok, const struct train_run *run, const struct training_page *page)
{
    json_t *members = training_object(ok, run), *config = config_of(ok, run), *value;
    const char *key;
    void *next;
    *ok &= json_object_update_missing(members, config) == 0;
    json_object_foreach_safe(members, next, key, value) if (!has_column(page, key)) json_object_del(members, key);
    json_decref(config);
    return members;
}

static int no_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for CSV");
}

static int head_csv(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    bool ok = true;
    json_t *columns = columns_of(&ok, run, page), *value;
    const char *key;
    fputs("step,loss,bayes,spread,gradient_norm", stream);
    json_object_foreach(columns, key, value) fprintf(stream, ",%s", key);
    fputc('\n', stream);
    json_decref(columns);
    return ok ? ERROR_NONE : no_memory(error);
}

/* step,loss,bayes,spread,gradient_norm, and behind them the columns, the same in all rows of a run. */
static int write_csv(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    const struct trainer_record *record = &run->record;
    bool ok = true;
    json_t *columns = columns_of(&ok, run, page), *value;
    const char *key;
    for (int64_t i = 0; ok && i < record->done; i++) {
        fprintf(stream, "%" PRId64, i);
        csv_number(record->loss[i], stream);
        csv_number(record->bayes[i], stream);
        csv_number(record->spread[i], stream);
        csv_number(record->gradient_norm[i], stream);
        json_object_foreach(columns, key, value) format_csv_value(value, stream);
        fputc('\n', stream);
    }
    json_decref(columns);
    return ok ? ERROR_NONE : no_memory(error);
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

/* What the table has a column for whether it varies or not. */
static bool is_usual(const struct setting *setting)
{
    return setting->type == SETTING_TEXT || setting->letter == 'L' || setting->letter == 'd';
}

enum { COLUMN = 12 };

static int head_table(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    (void)error;
    const struct training *training = &run->training;
    fprintf(
        stream,
        "%s, %d sequences a step, %" PRId64 " steps, %s, %s rate, %s parametrisation\n"
        "loss and bayes in nats, means over the last tenth of the steps; u = (loss - bayes)/(ln V - bayes), 1 where "
        "nothing was learned\n\n"
        "%-12s %-12s %5s %6s",
        training->task->text, training->batch, training->steps, training->optimiser->name, training->schedule->name,
        training->parametrisation->name, "placement", "init", "L", "d");
    for (size_t i = 0; i < setting_count; i++)
        if (!is_usual(&settings[i]) && sweep_varies(page->sweep, &settings[i]))
            fprintf(stream, " %*s", COLUMN, settings[i].name);
    fprintf(stream, " %10s %5s %8s %8s %7s  %s\n", "lr", "seed", "loss", "bayes", "u", "1 - r_L");
    return ERROR_NONE;
}

static void print_varying(const struct train_run *run, const struct training_page *page, FILE *stream)
{
    for (size_t i = 0; i < setting_count; i++) {
        if (is_usual(&settings[i]) || !sweep_varies(page->sweep, &settings[i]))
            continue;
        char *value = setting_value(&settings[i], &run->model);
        fprintf(stream, " %*s", COLUMN, value ? value : "");
        free(value);
    }
}

static int write_table(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    const struct training *training = &run->training;
    const struct trainer_record *record = &run->record;
    char init[GRAPH_NAME_MAX + 40];
    setting_label(setting_find("init", error), &run->model, init, sizeof init);
    fprintf(stream, "%-12s %-12s %5d %6d", run->model.placement, init, run->model.layers, run->model.width);
    print_varying(run, page, stream);
    fprintf(stream, " %10.4g %5" PRIu64, training->rate, training->seed);
    print_number("%.4f", 8, last_tenth(record, record->loss), stream);
    print_number("%.4f", 8, last_tenth(record, record->bayes), stream);
    print_number("%.3f", 7, train_score(run), stream);
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
    {"table", "a line per run, for reading", false, false, head_table, write_table},
    {"csv", "a row per run and step", false, true, head_csv, write_csv},
    {"json", "a line per run, schema " SCHEMA_TRAINING ", and behind it one per profile measured", true, false, NULL,
     write_json},
};
const size_t training_format_count = sizeof training_formats / sizeof *training_formats;

const char *training_format_name(size_t i)
{
    return i < training_format_count ? training_formats[i].name : NULL;
}

int training_format_read(void *field, const char *name, const char *text, struct error *error)
{
    int i = options_choose(training_format_name, name, text, error);
    if (i < 0)
        return error->code;
    *(const struct training_format **)field = &training_formats[i];
    return ERROR_NONE;
}
