#include "cli/train.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/crew.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "cli/training_cost.h"
#include "sim/team.h"
#include "sim/text.h"

struct train {
    struct options options;
    const char *task;
    struct training training;          /* of every run but for its rate and seed */
    struct optimiser_settings numbers; /* those given, else NAN */
    double base_width;                 /* NAN where it is not given */
    struct values rates, measured;
    int64_t seeds;
    int threads;
    size_t memory;
    const char *store, *checkpoint;
    double interval;
    const struct training_format *format;
    struct training_page page;
    const char *output;
    bool dry_run, quiet, no_progress, log;
};

/* ---- options ---- */

/* A reader of a table's row by its name. */
#define READER(kind, table, count)                                                                                     \
    OPTIONS_CHOICE(kind##_name, table, count)                                                                          \
    static int read_##kind(void *field, const char *name, const char *text, struct error *error)                       \
    {                                                                                                                  \
        int i = options_choose(kind##_name, name, text, error);                                                        \
        *(const void **)field = i < 0 ? NULL : &table[i];                                                              \
        return i < 0 ? (int)error->code : ERROR_NONE;                                                                  \
    }

READER(optimiser, optimisers, optimiser_count)
READER(schedule, schedules, schedule_count)
READER(parametrisation, parametrisations, parametrisation_count)

static int read_real(double *field, const char *name, const char *text, double least, double below, struct error *error)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_real(what, text, field, error);
    if (code == ERROR_NONE && !(*field >= least && *field < below))
        return isfinite(below)
                   ? error_set(error, ERROR_INPUT, "%s: %s is not from %g to below %g", what, text, least, below)
                   : error_set(error, ERROR_INPUT, "%s: %s is below %g", what, text, least);
    return code;
}

static int read_number(void *field, const char *name, const char *text, struct error *error)
{
    for (size_t i = 0; i < optimiser_number_count; i++)
        if (strcmp(optimiser_numbers[i].name, name) == 0)
            return read_real(field, name, text, optimiser_numbers[i].least, optimiser_numbers[i].below, error);
    return error_set(error, ERROR_INPUT, "--%s is no number of an optimiser", name);
}

static int read_seconds(void *field, const char *name, const char *text, struct error *error)
{
    return read_real(field, name, text, 0, INFINITY, error);
}

static int read_width(void *field, const char *name, const char *text, struct error *error)
{
    return read_real(field, name, text, 1, INFINITY, error);
}

/* Rates may be 0: a run that only looks. */
static int read_rates(void *field, const char *name, const char *text, struct error *error)
{
    struct values *rates = field;
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    values_free(rates);
    int code = values_parse(rates, what, text, false, error);
    for (int i = 0; code == ERROR_NONE && i < rates->count; i++)
        if (!(rates->value[i] >= 0))
            code = error_set(error, ERROR_INPUT, "%s: %g is below 0", what, rates->value[i]);
    return code;
}

/* Steps before which the stack is measured. */
static int read_measured(void *field, const char *name, const char *text, struct error *error)
{
    struct values *measured = field;
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    values_free(measured);
    int code = values_parse(measured, what, text, true, error);
    for (int i = 0; code == ERROR_NONE && i < measured->count; i++)
        if (!(measured->value[i] > (i > 0 ? measured->value[i - 1] : -1)))
            code = error_set(error, ERROR_INPUT, "%s: steps ascend from 0, but %g follows %g", what, measured->value[i],
                             i > 0 ? measured->value[i - 1] : 0);
    return code;
}

static int read_steps(void *field, const char *name, const char *text, struct error *error)
{
    long long value = 0;
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_integer(what, text, 0, 1000000000, &value, error);
    *(int64_t *)field = value;
    return code;
}

#define FIELD(member) offsetof(struct train, member)

// clang-format off
static const struct options_row rows[] = {
    {"task", 't', "TASK", "what is learned: icl:V:ALPHA, copy:V, markov:V:ALPHA or text:FILE (list tasks); icl:4:0.1",
     options_text, FIELD(task)},
    {"batch", 'B', "N", "sequences a step; 8", options_threads, FIELD(training.batch)},
    {"steps", 'n', "N", "updates of a run; 150", options_count, FIELD(training.steps)},
    {"optimiser", 0, "NAME", "sgd, momentum, adam or adamw; adam", read_optimiser, FIELD(training.optimiser),
     optimiser_name},
    {"lr", 0, "VALUES", "learning rates: a number, a list 1e-3,2e-3 or an axis 1e-4:1e-2:9:log; 1e-3", read_rates,
     FIELD(rates)},
    {"warmup", 0, "N", "steps over which the rate rises in a line; 0", read_steps, FIELD(training.warmup)},
    {"decay", 0, "NAME", "how the rate falls behind them: constant, linear or cosine", read_schedule,
     FIELD(training.schedule), schedule_name},
    {"clip", 0, "X", "largest norm of all gradients together; 0 for no limit", read_number, FIELD(numbers.clip)},
    {"weight-decay", 0, "X", "of every weight; 0", read_number, FIELD(numbers.weight_decay)},
    {"momentum", 0, "X", "of momentum; 0.9", read_number, FIELD(numbers.momentum)},
    {"beta1", 0, "X", "of adam and adamw; 0.9", read_number, FIELD(numbers.beta1)},
    {"beta2", 0, "X", "of adam and adamw; 0.95", read_number, FIELD(numbers.beta2)},
    {"epsilon", 0, "X", "of adam and adamw; 1e-8", read_number, FIELD(numbers.epsilon)},
    {"parametrisation", 0, "NAME", "standard, or mup: rates that hold at every width", read_parametrisation,
     FIELD(training.parametrisation), parametrisation_name},
    {"base-width", 0, "D", "the width at which mup is the standard one; 32", read_width, FIELD(base_width)},
    {"seed", 's', "N", "64-bit seed of weights and data, the same for every model and rate; 1", options_seed,
     FIELD(training.seed)},
    {"seeds", 0, "N", "independent runs, from --seed on; 1", options_count, FIELD(seeds)},
    {"measure", 0, "STEPS", "profiles of the stack before these steps, such as 0,1,10,150; with --format json",
     read_measured, FIELD(measured)},
    {"threads", 'j', "N", "runs in parallel; results do not depend on it", options_threads, FIELD(threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", options_bytes, FIELD(memory)},
    {"store", 0, "FILE", "keep every run there as it is finished, and others on their way, and take those that are\n"
     "there, with the same bits (spanscope store)", options_store, FIELD(store)},
    {"checkpoint", 0, "FILE", "the same in a file of these runs alone", options_store, FIELD(checkpoint)},
    {"checkpoint-every", 0, "SECONDS", "how often a run on its way is kept; 10", read_seconds, FIELD(interval)},
    {"format", 'f', NULL, "what is written", training_format_read, FIELD(format), training_format_name},
    {"tidy", 0, NULL, "CSV with a column for all that decides the numbers, not only for what varies", options_flag,
     FIELD(page.tidy)},
    {"columns", 0, "NAME[,NAME]", "only these columns, in this order, of table or CSV, and any setting", options_text,
     FIELD(page.columns.text), training_format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", options_path, FIELD(output)},
    {"dry-run", 0, NULL, "print the runs, memory and time it would take, and train nothing", options_flag,
     FIELD(dry_run)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", options_flag, FIELD(log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", options_flag, FIELD(quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", options_flag, FIELD(no_progress)},
};
// clang-format on

const struct options_command train_options = {
    .usage = "train [OPTION]...",
    .summary =
        "Trains models of the formula, between embeddings and a readout of their own, from the weights that `run` "
        "samples\n"
        "at that seed. Every setting of the model may be a list or, of numbers, an axis as --lr: all their products "
        "are\n"
        "trained, on the same data. Such as\n"
        "  spanscope train -p postnorm,spannorm -L 4,16 --lr 1e-4:1e-2:5:log --seeds 2",
    .rows = rows,
    .row_count = sizeof rows / sizeof *rows,
    .settings = true,
    .config = true,
    .no_words = "models are named by --placement",
    .sweeps = true,
    .defaults = "layers=8 width=32 heads=2 tokens=32 mask=causal",
};

/* ---- what is run ---- */

/* What was given must say something to the optimiser, and takes the place of its defaults. */
static int merge_numbers(struct train *self, struct error *error)
{
    struct optimiser_settings *merged = &self->training.settings;
    for (size_t i = 0; i < optimiser_number_count; i++) {
        const struct optimiser_number *number = &optimiser_numbers[i];
        double given = optimiser_number(number, &self->numbers);
        if (isnan(given))
            continue;
        if (!optimiser_reads(self->training.optimiser, number))
            return error_set(error, ERROR_INPUT, "--%s says nothing to the optimiser %s", number->name,
                             self->training.optimiser->name);
        *(double *)((char *)merged + number->offset) = given;
    }
    if (isnan(self->base_width))
        return ERROR_NONE;
    self->training.base_width = self->base_width;
    if (self->training.parametrisation == &parametrisations[0])
        return error_set(error, ERROR_INPUT, "--base-width says nothing to the %s parametrisation",
                         self->training.parametrisation->name);
    return ERROR_NONE;
}

/* A token that sees its successor need not predict it. */
static int check_mask(const struct model *model, struct error *error)
{
    if (model->mask->visible(0, model->tokens) == 1)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "mask %s shows every token the one it is to predict; use --mask causal",
                     model->mask->name);
}

/* Settings of `run` that training has something else in the place of. */
static int check_settings(const struct train *self, struct error *error)
{
    for (int i = 0; i < self->options.setting_count; i++) {
        const char *name = self->options.settings[i].name;
        if (strcmp(name, "input-correlation") == 0)
            return error_set(error, ERROR_INPUT, "--%s says nothing: the embeddings are the input", name);
        if (strcmp(name, "cotangent") == 0 && self->measured.count == 0)
            return error_set(error, ERROR_INPUT, "--%s says nothing but to the profiles of --measure", name);
    }
    return ERROR_NONE;
}

struct runs {
    struct train_run *run; /* [count]: by model, then rate, then seed */
    int count, of_a_model;
};

static void free_runs(struct runs *runs)
{
    for (int i = 0; i < runs->count; i++)
        model_free(&runs->run[i].model);
    free(runs->run);
    *runs = (struct runs){0};
}

/* Rate and seed of a run; every run owns its model. */
static int make_run(const struct train *self, const struct sweep *sweep, int64_t number, struct train_run *run,
                    struct error *error)
{
    int64_t seed = number % self->seeds, rest = number / self->seeds;
    int64_t rate = rest % self->rates.count, model = rest / self->rates.count;
    *run = (struct train_run){.training = self->training};
    run->training.seed += (uint64_t)seed;
    run->training.rate = self->rates.value[rate];
    int code = sweep_model(sweep, model, &run->model, error);
    if (code != ERROR_NONE)
        return code;
    code = check_mask(&run->model, error);
    if (code == ERROR_NONE)
        code = training_check(&run->training, &run->model, error);
    if (code != ERROR_NONE)
        model_free(&run->model);
    return code;
}

enum { RUNS_MAX = 100000 };

static int make_runs(const struct train *self, const struct sweep *sweep, struct runs *runs, struct error *error)
{
    double count = (double)sweep->points * self->rates.count * (double)self->seeds;
    *runs = (struct runs){.of_a_model = (int)(count / (double)sweep->points)};
    if (count > RUNS_MAX)
        return error_set(error, ERROR_INPUT, "%.0f runs are more than %d", count, RUNS_MAX);
    runs->run = calloc((size_t)count, sizeof *runs->run);
    if (!runs->run)
        return error_set(error, ERROR_RESOURCE, "out of memory for %.0f runs", count);
    int code = ERROR_NONE;
    for (; code == ERROR_NONE && runs->count < (int)count; runs->count += code == ERROR_NONE)
        code = make_run(self, sweep, runs->count, &runs->run[runs->count], error);
    if (code != ERROR_NONE)
        free_runs(runs);
    return code;
}

/* ---- running ---- */

/* The caller frees; NULL without memory, or where nothing stands before the runs. */
static int make_head(const struct train *self, const struct train_run *first, char **head, struct error *error)
{
    size_t length;
    *head = NULL;
    if (!self->format->head)
        return ERROR_NONE;
    FILE *stream = open_memstream(head, &length);
    int code = stream ? self->format->head(first, &self->page, stream, error) : ERROR_RESOURCE;
    if (!stream || (fclose(stream) != 0 && code == ERROR_NONE))
        code = error_set(error, ERROR_RESOURCE, "out of memory");
    return code;
}

/* What rank 0 does beside training: keeps, writes, and tells how far it is. */
static int train_and_write(const struct train *self, struct crew *crew, FILE *stream, struct error *error)
{
    char *head;
    int code = make_head(self, &crew->runs[0], &head, error);
    if (code != ERROR_NONE) {
        free(head);
        return code;
    }
    code = delivery_init(&crew->delivery, stream, head, crew->count, error);
    if (code == ERROR_NONE)
        code = keeper_open(&crew->keeper, crew->runs, crew->count, self->store, self->checkpoint, error);
    progress_init(&crew->progress, &(struct progress_options){.quiet = self->quiet,
                                                              .hidden = self->no_progress,
                                                              .log = self->log,
                                                              .parts = "runs",
                                                              .count = crew->count});
    if (code == ERROR_NONE)
        code = crew_train(crew, error);
    progress_end(&crew->progress);
    keeper_close(&crew->keeper);
    return code;
}

static int print_cost(const struct train *self, const struct runs *runs, FILE *stream, struct error *error)
{
    struct outlay outlay;
    int code = training_cost(runs->run, runs->count, runs->of_a_model, self->threads, self->memory, &outlay, error);
    return code == ERROR_NONE ? self->format->cost(&outlay, stream, error) : code;
}

static int train_runs(struct train *self, const struct runs *runs, struct error *error)
{
    struct output output;
    struct crew crew = {
        .runs = runs->run,
        .count = runs->count,
        .threads = self->threads,
        .memory = self->memory,
        .interval = self->interval,
        .format = self->format,
        .page = &self->page,
    };
    if (ranks_own() > 0)
        return self->dry_run ? ERROR_NONE : crew_train(&crew, error);
    FILE *stream = output_open(&output, self->output, error);
    if (!stream)
        return error->code;
    self->page.window = columns_window(stream);
    if (self->dry_run)
        return output_end(&output, print_cost(self, runs, stream, error), true, error);
    int code = train_and_write(self, &crew, stream, error);
    bool holds = crew.delivery.written > 0;
    delivery_free(&crew.delivery);
    return output_end(&output, code, holds, error);
}

static int train_task(struct train *self, struct error *error)
{
    struct task task;
    struct sweep sweep;
    struct runs runs;
    int code = task_init(&task, self->task, error);
    if (code != ERROR_NONE)
        return code;
    self->training.task = &task;
    code = sweep_init(&sweep, &self->options, error);
    if (code == ERROR_NONE) {
        self->page.sweep = &sweep;
        self->page.rates = self->rates.count > 1;
        self->page.seeds = self->seeds > 1;
        code = make_runs(self, &sweep, &runs, error);
        if (code == ERROR_NONE) {
            code = train_runs(self, &runs, error);
            free_runs(&runs);
        }
        sweep_free(&sweep);
    }
    task_free(&task);
    return code;
}

static int check_measured(struct train *self, struct error *error)
{
    double last = self->measured.value[self->measured.count - 1];
    self->training.measured = &self->measured;
    if (!self->format->profiles)
        return error_set(error, ERROR_INPUT, "--measure: profiles are written with --format json, not %s",
                         self->format->name);
    if (last <= (double)self->training.steps)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--measure: step %.0f is behind the last, %" PRId64, last,
                     self->training.steps);
}

/* Options that say nothing together. */
static int check_options(struct train *self, struct error *error)
{
    struct columns *columns = &self->page.columns;
    if (columns->text && self->dry_run)
        return error_set(error, ERROR_INPUT, "--columns: of runs, which --dry-run has none of; give one");
    if (columns->text && !self->format->column)
        return error_set(error, ERROR_INPUT, "--columns: %s has none; choose --format table or csv",
                         self->format->name);
    int code = columns_choose(columns, self->format->column, error);
    if (code != ERROR_NONE)
        return code;
    if (self->store && self->checkpoint)
        return error_set(error, ERROR_INPUT, "--store and --checkpoint keep the same; give one of them");
    if (self->page.tidy && !self->format->columns)
        return error_set(error, ERROR_INPUT, "--tidy: columns of settings are of --format csv, not %s",
                         self->format->name);
    return ERROR_NONE;
}

static int train_all_of(void *target, struct error *error)
{
    struct train *self = target;
    int code = check_options(self, error);
    if (code == ERROR_NONE && self->rates.count == 0)
        code = values_parse(&self->rates, "--lr", "1e-3", false, error);
    if (code == ERROR_NONE)
        code = check_settings(self, error);
    if (code == ERROR_NONE)
        code = merge_numbers(self, error);
    if (code == ERROR_NONE && self->measured.count > 0)
        code = check_measured(self, error);
    return code == ERROR_NONE ? train_task(self, error) : code;
}

int train_command(int argc, char **argv)
{
    struct train self = {
        .task = "icl:4:0.1",
        .training = training_defaults(),
        .numbers = {NAN, NAN, NAN, NAN, NAN, NAN},
        .base_width = NAN,
        .seeds = 1,
        .threads = team_processors(),
        .interval = 10,
        .format = &training_formats[0],
    };
    int status = command_run(&train_options, argc, argv, &self, train_all_of);
    values_free(&self.rates);
    values_free(&self.measured);
    return status;
}
