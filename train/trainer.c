#include "train/trainer.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct training training_defaults(void)
{
    return (struct training){
        .batch = 8,
        .steps = 150,
        .optimiser = optimiser_find("adam"),
        .settings = optimiser_defaults(),
        .rate = 1e-3,
        .schedule = &schedules[0],
        .parametrisation = &parametrisations[0],
        .base_width = 32,
        .seed = 1,
    };
}

enum { BATCH_MAX = 1 << 16, ROWS_MAX = 1 << 24 };

int training_check(const struct training *training, const struct model *model, struct error *error)
{
    if (training->batch < 1 || training->batch > BATCH_MAX || training->batch > ROWS_MAX / model->tokens)
        return error_set(error, ERROR_INPUT, "batch: %d sequences of %d tokens are not between 1 and %d tokens a step",
                         training->batch, model->tokens, ROWS_MAX);
    if (training->warmup > training->steps)
        return error_set(error, ERROR_INPUT, "warmup: %" PRId64 " steps are more than all %" PRId64, training->warmup,
                         training->steps);
    double least = optimiser_epsilon_least(&training->settings);
    if (model->single && training->optimiser->adaptive && training->settings.epsilon < least)
        return error_set(error, ERROR_INPUT,
                         "epsilon: %g is below %.2g, where squares of gradients that single precision does not hold "
                         "would decide the steps; do without --single",
                         training->settings.epsilon, least);
    return task_check(training->task, model->tokens, error);
}

static bool same_numbers(const struct optimiser_settings *a, const struct optimiser_settings *b)
{
    bool same = true;
    for (size_t i = 0; i < optimiser_number_count; i++)
        same = same && optimiser_number(&optimiser_numbers[i], a) == optimiser_number(&optimiser_numbers[i], b);
    return same;
}

static bool same_measured(const struct training *a, const struct training *b)
{
    static const struct values none;
    return values_same(a->measured ? a->measured : &none, b->measured ? b->measured : &none) &&
           a->unablated == b->unablated;
}

bool training_same(const struct training *a, const struct training *b)
{
    return strcmp(a->task->text, b->task->text) == 0 && a->batch == b->batch && a->steps == b->steps &&
           a->optimiser == b->optimiser && same_numbers(&a->settings, &b->settings) && a->rate == b->rate &&
           a->schedule == b->schedule && a->warmup == b->warmup && a->parametrisation == b->parametrisation &&
           a->base_width == b->base_width && a->seed == b->seed && same_measured(a, b);
}

/* ---- record ---- */

enum { SERIES = 4 };

static void record_series(const struct trainer_record *record, double *series[SERIES])
{
    series[0] = record->loss;
    series[1] = record->bayes;
    series[2] = record->spread;
    series[3] = record->gradient_norm;
}

static int record_init(struct trainer_record *record, int64_t steps, struct error *error)
{
    size_t count = (size_t)steps;
    double *all = calloc(memory_multiply(SERIES, count), sizeof *all);
    *record = (struct trainer_record){
        .diverged = -1, .loss = all, .bayes = all + count, .spread = all + 2 * count, .gradient_norm = all + 3 * count};
    return all ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for %" PRId64 " steps", steps);
}

void trainer_record_free(struct trainer_record *record)
{
    free(record->loss); // the first of one array
    free(record->profile);
    observe_schema_free(&record->schema);
    *record = (struct trainer_record){0};
}

/* ---- a run ---- */

static int allocate_moments(struct trainer *trainer, struct error *error)
{
    size_t entries = trainer->network.held.entries;
    for (int m = 0; m < trainer->training.optimiser->moments; m++) {
        trainer->moments[m] = memory_reals(entries);
        if (!trainer->moments[m])
            return error_set(error, ERROR_RESOURCE, "out of memory for the moments of %zu weights", entries);
        memset(trainer->moments[m], 0, entries * sizeof *trainer->moments[m]);
    }
    return ERROR_NONE;
}

/* The record takes over the columns. */
static int init_measure(struct trainer *trainer, size_t budget, struct error *error)
{
    struct trainer_record *record = &trainer->record;
    size_t entries = trainer->network.held.entries;
    int code = measure_init(&trainer->measure, &trainer->network, budget, error);
    if (code != ERROR_NONE)
        return code;
    record->cells = measure_cells(&trainer->measure);
    record->room = trainer->training.measured->count;
    record->profile = calloc(memory_multiply((size_t)record->room, record->cells), sizeof *record->profile);
    record->schema = trainer->measure.schema;
    trainer->measure.schema.columns = NULL;
    trainer->before = memory_reals(entries);
    trainer->delta = memory_reals(entries);
    if (!record->profile || !trainer->before || !trainer->delta)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d profiles", record->room);
    return ERROR_NONE;
}

int trainer_init(struct trainer *trainer, const struct model *model, const struct training *training, size_t budget,
                 struct error *error)
{
    *trainer = (struct trainer){.training = *training};
    size_t rows = (size_t)training->batch * (size_t)model->tokens;
    int code = network_init(&trainer->network, model, training->batch, training->task->vocabulary,
                            training->parametrisation, training->base_width, training->seed, budget, error);
    if (code != ERROR_NONE)
        return code;
    trainer->x = calloc(2 * rows, sizeof *trainer->x);
    trainer->y = trainer->x + rows;
    if (!trainer->x)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %zu tokens", rows);
    if (code == ERROR_NONE)
        code = allocate_moments(trainer, error);
    if (code == ERROR_NONE)
        code = record_init(&trainer->record, training->steps, error);
    if (code == ERROR_NONE && training->measured)
        code = init_measure(trainer, budget, error);
    if (code != ERROR_NONE)
        trainer_free(trainer);
    return code;
}

void trainer_free(struct trainer *trainer)
{
    measure_free(&trainer->measure);
    network_free(&trainer->network);
    free(trainer->before);
    free(trainer->delta);
    for (int m = 0; m < OPTIMISER_MOMENTS; m++)
        free(trainer->moments[m]);
    free(trainer->x);
    trainer_record_free(&trainer->record);
    *trainer = (struct trainer){0};
}

bool trainer_goes_on(const struct trainer *trainer)
{
    return trainer->record.done < trainer->training.steps && trainer->record.diverged < 0;
}

struct network_batch trainer_batch(struct trainer *trainer, uint64_t step, double *bayes)
{
    const struct training *training = &trainer->training;
    struct network_batch batch = {trainer->x, trainer->y, 0};
    int T = trainer->network.model.tokens;
    double sum = 0;
    for (int b = 0; b < training->batch; b++) {
        double own;
        batch.counted += task_draw(training->task, training->seed, step, (uint32_t)b, T, trainer->x + b * T,
                                   trainer->y + b * T, &own);
        sum += own;
    }
    *bayes = sum / batch.counted;
    return batch;
}

static void update(struct trainer *trainer, double scale)
{
    const struct training *training = &trainer->training;
    const struct optimiser *optimiser = REAL_ROW(optimisers, training->optimiser);
    const struct held *held = &trainer->network.held;
    int64_t step = trainer->record.done;
    double rate = training->rate * schedule_factor(training->schedule, training->warmup, training->steps, step);
    double ratio = trainer->network.model.width / training->base_width;
    for (int i = 0; i < held->count; i++) {
        const struct held_matrix *matrix = &held->matrices[i];
        double own = parametrisation_rate(training->parametrisation, matrix->class, optimiser->adaptive, ratio);
        size_t first = matrix->first;
        optimiser->update(&training->settings, rate * own, step + 1, scale, matrix->entries, held->gradients + first,
                          held->weights + first, trainer->moments[0] ? trainer->moments[0] + first : NULL,
                          trainer->moments[1] ? trainer->moments[1] + first : NULL);
    }
}

/* The padding between matrices is 0 and stays it. */
static double gradient_norm(const struct held *held)
{
    double sum = 0;
    for (int i = 0; i < held->count; i++) {
        const real *g = held->gradients + held->matrices[i].first;
        sum += REAL_SQUARE(held->matrices[i].entries, g);
    }
    return sqrt(sum);
}

/* ---- profiles on the way ---- */

/* Batches that no step trains on. */
enum { HELD_OUT_BATCHES = 8 };
static const uint64_t HELD_OUT = (uint64_t)1 << 62;

/* The profile that is to be taken before the step, or NULL. */
static struct estimate *due(const struct trainer *trainer, int64_t step)
{
    const struct trainer_record *record = &trainer->record;
    bool now = record->profiles < record->room && (int64_t)trainer->training.measured->value[record->profiles] == step;
    return now ? record->profile + (size_t)record->profiles * record->cells : NULL;
}

/* All but the update; leaves the step's batch in x and y. */
static struct network_batch measure_state(struct trainer *trainer, int64_t step, struct estimate *cells, double *bayes)
{
    for (uint64_t i = 0; cells && !trainer->training.unablated && i < HELD_OUT_BATCHES; i++) {
        struct network_batch held_out = trainer_batch(trainer, HELD_OUT + i, bayes);
        measure_ablation(&trainer->measure, &trainer->network, &held_out, cells);
    }
    struct network_batch batch = trainer_batch(trainer, (uint64_t)step, bayes);
    int T = trainer->network.model.tokens;
    for (int b = 0; cells && b < trainer->training.batch; b++)
        measure_sequence(&trainer->measure, &trainer->network, trainer->training.seed, (uint64_t)b, trainer->x + b * T,
                         trainer->y + b * T, cells);
    if (cells)
        memcpy(trainer->before, trainer->network.held.weights, trainer->network.held.entries * sizeof(real));
    return batch;
}

static void measure_change(struct trainer *trainer, const struct network_batch *batch, struct estimate *cells)
{
    if (!cells)
        return;
    if (trainer->record.diverged < 0) {
        measure_update(&trainer->measure, &trainer->network, trainer->before, trainer->delta, trainer->x, trainer->y,
                       cells);
        measure_moved(&trainer->measure, &trainer->network, batch, cells);
    }
    trainer->record.profiles++;
}

/* Behind the last step there is no update. */
static void measure_end(struct trainer *trainer)
{
    double bayes;
    struct estimate *cells = due(trainer, trainer->record.done);
    if (!cells || trainer->record.done < trainer->training.steps)
        return;
    measure_state(trainer, trainer->record.done, cells, &bayes);
    trainer->record.profiles++;
}

void trainer_step(struct trainer *trainer)
{
    struct trainer_record *record = &trainer->record;
    int64_t step = record->done;
    struct estimate *cells = due(trainer, step);
    struct network_batch batch = measure_state(trainer, step, cells, &record->bayes[step]);
    record->loss[step] = network_forward(&trainer->network, &batch, 0);
    record->spread[step] = network_spread(&trainer->network);
    bool within = network_in_range(&trainer->network); // or the loss may be that of nothing
    if (cells)
        measure_keep(&trainer->measure, &trainer->network);
    network_backward(&trainer->network, &batch);
    double norm = gradient_norm(&trainer->network.held);
    double scale = optimiser_clip(&trainer->training.settings, norm), clipped = scale * norm;
    record->gradient_norm[step] = norm;
    if (within && isfinite(record->loss[step]) && clipped * clipped <= REAL_MAX)
        update(trainer, scale);
    else
        record->diverged = step;
    measure_change(trainer, &batch, cells);
    record->done = step + 1;
    measure_end(trainer);
}

/* ---- state as bytes ---- */

enum { HEAD = 3 }; // done, diverged, profiles

static int put(FILE *stream, const void *bytes, size_t size, size_t count, struct error *error)
{
    if (count == 0 || fwrite(bytes, size, count, stream) == count)
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "cannot write a run's state");
}

static int get(FILE *stream, void *bytes, size_t size, size_t count, struct error *error)
{
    if (count == 0 || fread(bytes, size, count, stream) == count)
        return ERROR_NONE;
    return error_set(error, ERROR_RESOURCE, "a run's state ends early");
}

int trainer_record_save(const struct trainer_record *record, FILE *stream, struct error *error)
{
    double *series[SERIES];
    const int64_t head[] = {record->done, record->diverged, record->profiles};
    record_series(record, series);
    int code = put(stream, head, sizeof *head, HEAD, error);
    for (int i = 0; code == ERROR_NONE && i < SERIES; i++)
        code = put(stream, series[i], sizeof *series[i], (size_t)record->done, error);
    if (code == ERROR_NONE)
        code = put(stream, record->profile, sizeof *record->profile, (size_t)record->profiles * record->cells, error);
    return code;
}

int trainer_record_restore(struct trainer_record *record, int64_t steps, FILE *stream, struct error *error)
{
    double *series[SERIES];
    int64_t head[HEAD];
    record_series(record, series);
    int code = get(stream, head, sizeof *head, HEAD, error);
    bool fits = code == ERROR_NONE && head[0] >= 0 && head[0] <= steps && head[1] < head[0] && head[2] >= 0 &&
                head[2] <= record->room;
    if (code == ERROR_NONE && !fits)
        return error_set(error, ERROR_RESOURCE, "a run's state is of %" PRId64 " steps, the run has %" PRId64, head[0],
                         steps);
    for (int i = 0; code == ERROR_NONE && i < SERIES; i++)
        code = get(stream, series[i], sizeof *series[i], (size_t)head[0], error);
    if (code == ERROR_NONE)
        code = get(stream, record->profile, sizeof *record->profile, (size_t)head[2] * record->cells, error);
    if (code == ERROR_NONE) {
        record->done = head[0];
        record->diverged = head[1];
        record->profiles = (int)head[2];
    }
    return code;
}

int trainer_save(const struct trainer *trainer, FILE *stream, struct error *error)
{
    const struct held *held = &trainer->network.held;
    int code = trainer_record_save(&trainer->record, stream, error);
    if (code == ERROR_NONE)
        code = put(stream, held->weights, sizeof *held->weights, held->entries, error);
    for (int m = 0; code == ERROR_NONE && m < OPTIMISER_MOMENTS; m++)
        if (trainer->moments[m])
            code = put(stream, trainer->moments[m], sizeof *trainer->moments[m], held->entries, error);
    return code;
}

int trainer_restore(struct trainer *trainer, FILE *stream, struct error *error)
{
    const struct held *held = &trainer->network.held;
    int code = trainer_record_restore(&trainer->record, trainer->training.steps, stream, error);
    if (code == ERROR_NONE)
        code = get(stream, held->weights, sizeof *held->weights, held->entries, error);
    for (int m = 0; code == ERROR_NONE && m < OPTIMISER_MOMENTS; m++)
        if (trainer->moments[m])
            code = get(stream, trainer->moments[m], sizeof *trainer->moments[m], held->entries, error);
    return code;
}
