#include "train/train.h"

#include <cblas.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sim/clock.h"
#include "sim/team.h"
#include "train/score.h"
#include "train/trainers.h"

/* What the threads share. */
struct shared {
    const struct train_plan *plan;
    pthread_mutex_t lock;   /* of what follows, and of the keeper */
    pthread_mutex_t visits; /* of what is handed over, and to whom */
    _Atomic int halted;     /* the first code that stopped the runs */
    struct error error;
    bool *over;       /* [count] */
    int next;         /* the run that is to be handed over next */
    double work, all; /* done, and to do */
};

double train_work(const struct train_run *run)
{
    const struct model *model = &run->model;
    double per_token = (4.0 * model->width + 2.0 * model->ffn_width + 2.0 * model->tokens) * model->width;
    return per_token * model->layers * model->tokens * run->training.batch * (double)run->training.steps;
}

double train_score(const struct train_run *run)
{
    const struct training *training = &run->training;
    if (run->record.done < training->steps)
        return NAN;
    return score_of(training->steps, training->task->vocabulary, run->record.loss, run->record.bayes);
}

static void halt(struct shared *shared, const struct error *error)
{
    pthread_mutex_lock(&shared->lock);
    if (shared->halted == ERROR_NONE) {
        shared->error = *error;
        shared->halted = error->code;
    }
    pthread_mutex_unlock(&shared->lock);
}

static bool halted(const struct shared *shared)
{
    return shared->halted != ERROR_NONE || (shared->plan->stop && *shared->plan->stop);
}

/* ---- what is kept ---- */

/* A run that is over is its record, one on its way its whole state. */
static int save(const struct train_run *run, const struct trainer *trainer, char **bytes, size_t *length,
                struct error *error)
{
    FILE *stream = open_memstream(bytes, length);
    if (!stream)
        return error_set(error, ERROR_RESOURCE, "out of memory for a checkpoint");
    fputc(run->finished, stream);
    int code = run->finished ? trainer_record_save(&run->record, stream, error)
                             : trainers_of(&run->model)->save(trainer, stream, error);
    if (fclose(stream) != 0 && code == ERROR_NONE)
        code = error_set(error, ERROR_RESOURCE, "out of memory for a checkpoint");
    return code;
}

static int keep(struct shared *shared, int i, const struct trainer *trainer, struct error *error)
{
    const struct train_keeper *keeper = shared->plan->keeper;
    const struct train_run *run = shared->plan->runs[i];
    char *bytes = NULL;
    size_t length = 0;
    if (!keeper)
        return ERROR_NONE;
    int code = save(run, trainer, &bytes, &length, error);
    int64_t done = trainer ? trainer->record.done : run->record.done;
    if (code == ERROR_NONE) {
        pthread_mutex_lock(&shared->lock);
        code = keeper->keep(keeper->context, run, done, bytes, length, error);
        pthread_mutex_unlock(&shared->lock);
    }
    free(bytes);
    return code;
}

bool train_is_finished(const char *bytes, size_t length)
{
    return length > 0 && bytes[0] == 1;
}

static int restore(struct train_run *run, struct trainer *trainer, char *bytes, size_t length, struct error *error)
{
    FILE *stream = fmemopen(bytes, length, "rb");
    if (!stream)
        return error_set(error, ERROR_RESOURCE, "out of memory for a run's state");
    run->finished = train_is_finished(bytes, length);
    fgetc(stream);
    int code = run->finished ? trainer_record_restore(&trainer->record, run->training.steps, stream, error)
                             : trainers_of(&run->model)->restore(trainer, stream, error);
    if (code == ERROR_NONE && fgetc(stream) != EOF)
        code = error_set(error, ERROR_RESOURCE, "a run's state goes on where it should end");
    fclose(stream);
    return code;
}

/* Takes up what is kept of run i. */
static int take_up(struct shared *shared, int i, struct trainer *trainer, struct error *error)
{
    const struct train_keeper *keeper = shared->plan->keeper;
    struct train_run *run = shared->plan->runs[i];
    char *bytes = NULL;
    size_t length = 0;
    int code = ERROR_NONE;
    if (!keeper)
        return code;
    pthread_mutex_lock(&shared->lock);
    code = keeper->take(keeper->context, run, &bytes, &length, error);
    pthread_mutex_unlock(&shared->lock);
    if (code == ERROR_NONE && bytes)
        code = restore(run, trainer, bytes, length, error);
    free(bytes);
    return code;
}

/* ---- one run ---- */

static int report(struct shared *shared, double work, struct error *error)
{
    int code = ERROR_NONE;
    pthread_mutex_lock(&shared->lock);
    shared->work += work;
    if (shared->plan->progress)
        code = shared->plan->progress(shared->plan->context, shared->work / shared->all, error);
    pthread_mutex_unlock(&shared->lock);
    return code;
}

static int go_on(struct shared *shared, int i, struct trainer *trainer, struct error *error)
{
    const struct trainers *trainers = trainers_of(&shared->plan->runs[i]->model);
    double saved = clock_now(), work = train_work(shared->plan->runs[i]) / (double)trainer->training.steps;
    int code = report(shared, work * (double)trainer->record.done, error);
    while (code == ERROR_NONE && trainer_goes_on(trainer) && !halted(shared)) {
        trainers->step(trainer);
        code = report(shared, work, error);
        if (code == ERROR_NONE && shared->plan->keeper && clock_now() - saved >= shared->plan->interval) {
            code = keep(shared, i, trainer, error);
            saved = clock_now();
        }
    }
    return code;
}

/* The record goes from the trainer to the run. */
static void hand_record(struct train_run *run, struct trainer *trainer)
{
    run->record = trainer->record;
    trainer->record = (struct trainer_record){0};
}

static int run_one(struct shared *shared, int i, struct error *error)
{
    const struct train_plan *plan = shared->plan;
    struct train_run *run = plan->runs[i];
    struct trainer trainer;
    size_t memory = plan->memory / (size_t)plan->threads;
    int code = trainers_of(&run->model)->init(&trainer, &run->model, &run->training, memory, error);
    if (code != ERROR_NONE)
        return code;
    code = take_up(shared, i, &trainer, error);
    bool was_finished = run->finished;
    if (code == ERROR_NONE && was_finished)
        code = report(shared, train_work(run), error);
    else if (code == ERROR_NONE)
        code = go_on(shared, i, &trainer, error);
    run->finished = was_finished || !trainer_goes_on(&trainer);
    if (code == ERROR_NONE && !run->finished)
        code = keep(shared, i, &trainer, error); // it was stopped
    hand_record(run, &trainer);
    if (code == ERROR_NONE && run->finished && !was_finished)
        code = keep(shared, i, NULL, error);
    trainer_free(&trainer);
    return code;
}

static int visit(struct shared *shared, struct error *error)
{
    struct train_run *run = shared->plan->runs[shared->next++];
    int code = run->record.done > 0 ? shared->plan->visit(shared->plan->context, run, error) : ERROR_NONE;
    trainer_record_free(&run->record);
    return code;
}

/* Run i is over: it, or whatever is complete behind the last handed over. */
static void hand_over(struct shared *shared, int i)
{
    struct error error = {0};
    int code = ERROR_NONE;
    pthread_mutex_lock(&shared->visits);
    shared->over[i] = shared->plan->runs[i]->finished;
    while (code == ERROR_NONE && shared->next < shared->plan->count && shared->over[shared->next])
        code = visit(shared, &error);
    pthread_mutex_unlock(&shared->visits);
    if (code != ERROR_NONE)
        halt(shared, &error);
}

static int start(struct shared *shared, struct error *error)
{
    const struct train_plan *plan = shared->plan;
    openblas_set_num_threads(1);
    int code = team_check(plan->threads, error);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; i < plan->count; i++)
        shared->all += train_work(plan->runs[i]);
    shared->over = calloc((size_t)plan->count, sizeof *shared->over);
    return shared->over ? ERROR_NONE : error_set(error, ERROR_RESOURCE, "out of memory for %d runs", plan->count);
}

/* What was stopped is handed over as far as it has come. */
static int finish(struct shared *shared, struct error *error)
{
    const struct train_plan *plan = shared->plan;
    int code = shared->halted;
    *error = shared->error;
    if (code == ERROR_NONE && shared->next < plan->count) {
        while (code == ERROR_NONE && shared->next < plan->count)
            code = visit(shared, error);
        if (code == ERROR_NONE)
            code = error_set(error, ERROR_INTERRUPTED, "interrupted");
    }
    for (int i = 0; i < plan->count; i++)
        trainer_record_free(&plan->runs[i]->record);
    return code;
}

static bool work(struct team *team, uint64_t i, int thread, void *context)
{
    struct shared *shared = context;
    struct error own = {0};
    (void)team, (void)thread;
    if (run_one(shared, (int)i, &own) != ERROR_NONE)
        halt(shared, &own);
    else
        hand_over(shared, (int)i);
    return !halted(shared);
}

int train_all(const struct train_plan *plan, struct error *error)
{
    struct shared shared = {.plan = plan, .lock = PTHREAD_MUTEX_INITIALIZER, .visits = PTHREAD_MUTEX_INITIALIZER};
    int code = start(&shared, error);
    if (code == ERROR_NONE) {
        team_run(plan->threads, (uint64_t)plan->count, work, &shared);
        code = finish(&shared, error);
    }
    free(shared.over);
    pthread_mutex_destroy(&shared.lock);
    pthread_mutex_destroy(&shared.visits);
    return code;
}
