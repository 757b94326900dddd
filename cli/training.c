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
#include "cli/cut.h"
#include "cli/format_csv.h"
#include "cli/format_json.h"
#include "cli/training_table.h"
#include "sim/setting.h"
#include "sim/text.h"
#include "train/score.h"

static const char RATE[] = "lr";

double training_spread(const struct train_run *run, double spread)
{
    return run->model.single && spread == 0 ? NAN : spread;
}

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

static json_t *spreads(bool *ok, const struct train_run *run)
{
    json_t *array = json_array();
    for (int64_t i = 0; i < run->record.done; i++)
        document_append(ok, array, document_number(training_spread(run, run->record.spread[i])));
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

int training_unresolved(const struct train_run *run)
{
    int lost = 0;
    for (int64_t i = 0; i < run->record.done; i++)
        lost += run->model.single && run->record.spread[i] == 0;
    for (int i = 0; i < run->record.profiles; i++) {
        struct profile profile = profile_of(run, i);
        lost += profile_unresolved(&profile);
    }
    return lost;
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
    document_put(ok, object, RATE, document_number(training->rate));
    document_put(ok, object, SCHEMA_SEED, json_incref(json_object_get(config, SCHEMA_SEED)));
    document_put(ok, object, "warmup", json_integer((json_int_t)training->warmup));
    document_put(ok, object, "decay", json_string(training->schedule->name));
    for (size_t i = 0; i < optimiser_number_count; i++) {
        const struct optimiser_number *number = &optimiser_numbers[i];
        if (optimiser_reads(training->optimiser, number))
            document_put(ok, object, number->key, document_number(optimiser_number(number, &training->settings)));
    }
    document_put(ok, object, "parametrisation", json_string(training->parametrisation->name));
    document_put(ok, object, "base_width", document_number(training->base_width));
    json_decref(config);
    return object;
}

json_t *training_identity(bool *ok, const struct train_run *run)
{
    json_t *object = json_object(), *measured = json_array();
    const struct values *steps = run->training.measured;
    const struct task *task = run->training.task;
    for (int i = 0; steps && i < steps->count; i++)
        document_append(ok, measured, document_number(steps->value[i]));
    document_put(ok, object, SCHEMA_CONFIG, config_of(ok, run));
    document_put(ok, object, SCHEMA_TRAINING_MEMBER, training_object(ok, run));
    document_put(ok, object, "measured", measured);
    if (task->length > 0) // a file by what it holds, not by its name
        document_put(ok, object, TRAINING_BYTES,
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
    document_put(ok, object, "spread", spreads(ok, run));
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

/* Whether a member stands beside the numbers: always the names of formula and initialisation, as in the CSV of `run`.
 * Columns are chosen among all. */
static bool has_column(const struct training_page *page, const char *key)
{
    if (page->tidy || page->columns.count > 0 || (page->rates && strcmp(key, RATE) == 0) ||
        (page->seeds && strcmp(key, SCHEMA_SEED) == 0))
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
static json_t *members_of(bool *ok, const struct train_run *run, const struct training_page *page)
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

static const char *const numbers[] = {"step", "loss", "bayes", "spread", "gradient_norm"};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

/* The numbers, what decides them, and the settings. */
static const char *csv_column(size_t i)
{
    static const char *const own[] = {"task",      "vocabulary", "batch", "steps",           "optimiser", RATE,
                                      SCHEMA_SEED, "warmup",     "decay", "parametrisation", "base_width"};
    enum { OWN = sizeof own / sizeof *own };
    if (i < NUMBERS)
        return numbers[i];
    i -= NUMBERS;
    if (i < OWN)
        return own[i];
    i -= OWN;
    if (i < optimiser_number_count)
        return optimiser_numbers[i].key;
    i -= optimiser_number_count;
    if (i < setting_count)
        return settings[i].key;
    i -= setting_count;
    for (size_t s = 0; s < setting_count; s++)
        if (settings[s].type == SETTING_TEXT && i-- == 0)
            return settings[s].text->key;
    return NULL;
}

static void print_names(json_t *columns, FILE *stream)
{
    const char *key;
    json_t *value;
    for (int i = 0; i < NUMBERS; i++)
        fprintf(stream, "%s%s", i > 0 ? "," : "", numbers[i]);
    json_object_foreach(columns, key, value) fprintf(stream, ",%s", key);
    fputc('\n', stream);
}

/* Rows of a run go to cut->stream. */
static int open_rows(struct cut *cut, json_t *columns, const struct training_page *page, bool heads, FILE *stream,
                     struct error *error)
{
    char *head = NULL;
    size_t size;
    FILE *text = open_memstream(&head, &size);
    if (text)
        print_names(columns, text);
    int code = text && fclose(text) == 0 ? cut_open(cut, stream, &page->columns, csv_column, head, error)
                                         : no_memory(error);
    if (code == ERROR_NONE && heads)
        cut_print_names(cut, head);
    free(head);
    return code;
}

static int head_csv(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    struct cut cut;
    bool ok = true;
    json_t *columns = members_of(&ok, run, page);
    int code = ok ? open_rows(&cut, columns, page, true, stream, error) : no_memory(error);
    json_decref(columns);
    return code == ERROR_NONE ? cut_close(&cut, error) : code;
}

/* step,loss,bayes,spread,gradient_norm, and behind them the columns, the same in all rows of a run. */
static void print_row(const struct train_run *run, int64_t i, json_t *columns, FILE *stream)
{
    const struct trainer_record *record = &run->record;
    const char *key;
    json_t *value;
    fprintf(stream, "%" PRId64, i);
    csv_number(record->loss[i], stream);
    csv_number(record->bayes[i], stream);
    csv_number(training_spread(run, record->spread[i]), stream);
    csv_number(record->gradient_norm[i], stream);
    json_object_foreach(columns, key, value) format_csv_value(value, stream);
    fputc('\n', stream);
}

static int write_csv(const struct train_run *run, const struct training_page *page, FILE *stream, struct error *error)
{
    struct cut cut;
    bool ok = true;
    json_t *columns = members_of(&ok, run, page);
    int code = ok ? open_rows(&cut, columns, page, false, stream, error) : no_memory(error);
    if (code == ERROR_NONE) {
        for (int64_t i = 0; i < run->record.done; i++)
            print_row(run, i, columns, cut.stream);
        code = cut_close(&cut, error);
    }
    json_decref(columns);
    return code;
}

const struct training_format training_formats[] = {
    {"table", "a line per run, for reading", false, false, training_table_column, training_table_head,
     training_table_write, outlay_words},
    {"csv", "a row per run and step", false, true, csv_column, head_csv, write_csv, outlay_csv},
    {"json", "a line per run, schema " SCHEMA_TRAINING ", and behind it one per profile measured", true, false, NULL,
     NULL, write_json, outlay_json},
};
const size_t training_format_count = sizeof training_formats / sizeof *training_formats;

const char *training_format_name(size_t i)
{
    return i < training_format_count ? training_formats[i].name : NULL;
}

const char *training_format_column(size_t i)
{
    for (size_t f = 0; f < training_format_count; f++)
        for (size_t c = 0; training_formats[f].column && training_formats[f].column(c); c++)
            if (i-- == 0)
                return training_formats[f].column(c);
    return NULL;
}

int training_format_read(void *field, const char *name, const char *text, struct error *error)
{
    int i = value_choose(training_format_name, name, text, error);
    if (i < 0)
        return error->code;
    *(const struct training_format **)field = &training_formats[i];
    return ERROR_NONE;
}
