#include "cli/train.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/begin.h"
#include "cli/command.h"
#include "cli/crew.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "cli/training_cost.h"
#include "sim/precision.h"
#include "sim/team.h"
#include "sim/text.h"
#include "train/recipe.h"

struct train {
    struct options options;
    struct recipe recipe;
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

VALUE_CHOICE(optimiser_name, optimisers, optimiser_count)
VALUE_CHOICE(schedule_name, schedules, schedule_count)
VALUE_CHOICE(parametrisation_name, parametrisations, parametrisation_count)

static int read_recipe(void *field, const char *name, const char *text, struct error *error)
{
    return recipe_set(field, name, text, error);
}

static int read_seconds(void *field, const char *name, const char *text, struct error *error)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", name);
    int code = setting_real(what, text, field, error);
    if (code == ERROR_NONE && !(*(double *)field >= 0))
        code = error_set(error, ERROR_INPUT, "%s: %s is below 0", what, text);
    return code;
}

#define FIELD(member) offsetof(struct train, member)

// clang-format off
static const struct options_row rows[] = {
    {"task", 't', "TASK", "what is learned: icl:V:ALPHA, copy:V, markov:V:ALPHA or text:FILE (list tasks); icl:4:0.1",
     read_recipe, FIELD(recipe)},
    {"batch", 'B', "N", "sequences a step; 8", read_recipe, FIELD(recipe)},
    {"steps", 'n', "N", "updates of a run; 150", read_recipe, FIELD(recipe)},
    {"optimiser", 0, "NAME", "sgd, momentum, adam or adamw; adam", read_recipe, FIELD(recipe),
     optimiser_name},
    {"lr", 0, "VALUES", "learning rates: a number, a list 1e-3,2e-3 or an axis 1e-4:1e-2:9:log; 1e-3", read_recipe,
     FIELD(recipe)},
    {"warmup", 0, "N", "steps over which the rate rises in a line; 0", read_recipe, FIELD(recipe)},
    {"decay", 0, "NAME", "how the rate falls behind them: constant, linear or cosine", read_recipe,
     FIELD(recipe), schedule_name},
    {"clip", 0, "X", "largest norm of all gradients together; 0 for no limit", read_recipe, FIELD(recipe)},
    {"weight-decay", 0, "X", "of every weight; 0", read_recipe, FIELD(recipe)},
    {"momentum", 0, "X", "of momentum; 0.9", read_recipe, FIELD(recipe)},
    {"beta1", 0, "X", "of adam and adamw; 0.9", read_recipe, FIELD(recipe)},
    {"beta2", 0, "X", "of adam and adamw; 0.95", read_recipe, FIELD(recipe)},
    {"epsilon", 0, "X", "of adam and adamw; 1e-8", read_recipe, FIELD(recipe)},
    {"parametrisation", 0, "NAME", "standard, or mup: rates that hold at every width", read_recipe,
     FIELD(recipe), parametrisation_name},
    {"base-width", 0, "D", "the width at which mup is the standard one; 32", read_recipe, FIELD(recipe)},
    {"seed", 's', "N", "64-bit seed of weights and data, the same for every model and rate; 1", value_seed,
     FIELD(recipe.training.seed)},
    {"seeds", 0, "N", "independent runs, from --seed on; 1", value_count, FIELD(seeds)},
    {"measure", 0, "STEPS", "profiles of the stack before these steps, such as 0,1,10,150; with --format json",
     read_recipe, FIELD(recipe)},
    {"threads", 'j', "N", "runs in parallel; results do not depend on it", value_threads, FIELD(threads)},
    {"memory", 'm', "SIZE", "limit, such as 500M or 4G; three quarters of what is free", value_bytes, FIELD(memory)},
    {"store", 0, "FILE", "keep every run there as it is finished, and others on their way, and take those that are\n"
     "there, with the same bits (spanscope store)", value_store, FIELD(store)},
    {"checkpoint", 0, "FILE", "the same in a file of these runs alone", value_store, FIELD(checkpoint)},
    {"checkpoint-every", 0, "SECONDS", "how often a run on its way is kept; 10", read_seconds, FIELD(interval)},
    {"format", 'f', NULL, "what is written", training_format_read, FIELD(format), training_format_name},
    {"tidy", 0, NULL, "CSV with a column for all that decides the numbers, not only for what varies", value_flag,
     FIELD(page.tidy)},
    {"columns", 0, "NAME[,NAME]", "only these columns, in this order, of table or CSV, and any setting", value_text,
     FIELD(page.columns.text), training_format_column},
    {"output", 'o', "FILE", "where to, instead of standard output", value_path, FIELD(output)},
    {"dry-run", 0, NULL, "print the runs, memory and time it would take, and train nothing", value_flag,
     FIELD(dry_run)},
    {"log", 0, NULL, "a line a minute on how far it is, where there is no terminal", value_flag, FIELD(log)},
    {"quiet", 'q', NULL, "no words on standard error but errors", value_flag, FIELD(quiet)},
    {"no-progress", 0, NULL, "no progress line on a terminal", value_flag, FIELD(no_progress)},
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
    .draws = true,
    .defaults = "layers=8 width=32 heads=2 tokens=32 mask=causal",
};

/* ---- what is run ---- */

/* Settings of `run` that training has something else in the place of. */
static int check_settings(const struct train *self, struct error *error)
{
    for (int i = 0; i < self->options.setting_count; i++) {
        const char *name = self->options.settings[i].name;
        if (strcmp(name, "input-correlation") == 0)
            return error_set(error, ERROR_INPUT, "--%s says nothing: the embeddings are the input", name);
        if (strcmp(name, "cotangent") == 0 && self->recipe.measured.count == 0)
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
    int64_t rate = rest % self->recipe.rates.count, model = rest / self->recipe.rates.count;
    *run = (struct train_run){.training = recipe_training(&self->recipe, self->recipe.rates.value[rate],
                                                          self->recipe.training.seed + (uint64_t)seed)};
    int code = sweep_model(sweep, model, &run->model, error);
    if (code != ERROR_NONE)
        return code;
    code = recipe_check(&self->recipe, &run->model, error);
    if (code != ERROR_NONE)
        model_free(&run->model);
    return code;
}

enum { RUNS_MAX = 100000 };

static int make_runs(const struct train *self, const struct sweep *sweep, struct runs *runs, struct error *error)
{
    double count = (double)sweep->points * self->recipe.rates.count * (double)self->seeds;
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
    interrupt_flag(); // what is opened from here on is closed in order
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
    if (crew->lost > 0 && !self->quiet)
        fprintf(stderr, "%d numbers are left out: " PRECISION_LIMITS "\n", crew->lost);
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
        .interval = self->interval >= 0 ? self->interval : 10,
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

static int train_sweep(struct train *self, struct error *error)
{
    struct sweep sweep;
    struct runs runs;
    int code = sweep_init(&sweep, &self->options, error);
    if (code != ERROR_NONE)
        return code;
    self->page.sweep = &sweep;
    self->page.rates = self->recipe.rates.count > 1;
    self->page.seeds = self->seeds > 1;
    self->page.seed_width = snprintf(NULL, 0, "%" PRIu64, self->recipe.training.seed + (uint64_t)self->seeds - 1);
    code = make_runs(self, &sweep, &runs, error);
    if (code == ERROR_NONE) {
        begin_tell(&self->options);
        code = train_runs(self, &runs, error);
        free_runs(&runs);
    }
    sweep_free(&sweep);
    return code;
}

/* Options that say nothing together. */
static int check_options(struct train *self, struct error *error)
{
    struct columns *columns = &self->page.columns;
    uint64_t seed = self->recipe.training.seed;
    if (UINT64_MAX - seed < (uint64_t)self->seeds - 1)
        return error_set(error, ERROR_INPUT, "--seeds: from seed %" PRIu64 " on there are fewer than %" PRId64, seed,
                         self->seeds);
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
    if (self->interval >= 0 && !self->store && !self->checkpoint)
        return error_set(error, ERROR_INPUT, "--checkpoint-every is for --checkpoint or --store, which are not given");
    if (self->page.tidy && !self->format->columns)
        return error_set(error, ERROR_INPUT, "--tidy: columns of settings are of --format csv, not %s",
                         self->format->name);
    if (self->recipe.measured.count > 0 && !self->format->profiles)
        return error_set(error, ERROR_INPUT, "--measure: profiles are written with --format json, not %s",
                         self->format->name);
    return ERROR_NONE;
}

static int train_all_of(void *target, struct error *error)
{
    struct train *self = target;
    int code = check_options(self, error);
    if (code == ERROR_NONE)
        code = check_settings(self, error);
    if (code == ERROR_NONE)
        code = recipe_finish(&self->recipe, error);
    return code == ERROR_NONE ? train_sweep(self, error) : code;
}

int train_command(int argc, char **argv)
{
    struct train self = {
        .seeds = 1,
        .threads = team_processors(),
        .interval = -1,
        .format = &training_formats[0],
    };
    recipe_defaults(&self.recipe);
    int status = command_run(&train_options, argc, argv, &self, train_all_of);
    recipe_free(&self.recipe);
    return status;
}
