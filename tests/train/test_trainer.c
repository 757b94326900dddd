/* Whole runs: steps against PyTorch's (tests/data/training), and the state's way to a file and back. */
#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/setting.h"
#include "tests/rows.h"
#include "tests/support.h"
#include "train/trainer.h"

enum { FILES = 5, TENSORS_MAX = 512, NAME_SIZE = 40 };

struct tensor {
    char name[NAME_SIZE];
    int rows, columns;
    double *data;
};

static struct tensor tensors[TENSORS_MAX];
static int tensor_count;

static const double *find(const char *prefix, const char *name, size_t entries)
{
    char wanted[2 * NAME_SIZE];
    snprintf(wanted, sizeof wanted, "%s%s", prefix, name);
    for (int i = 0; i < tensor_count; i++) {
        if (strcmp(tensors[i].name, wanted) != 0)
            continue;
        ck_assert_uint_eq((size_t)tensors[i].rows * (size_t)tensors[i].columns, entries);
        return tensors[i].data;
    }
    ck_abort_msg("no tensor %s", wanted);
    return NULL;
}

/* A task whose sequences are the file's. */
static int batch_size;

static void draw_from_file(const struct task *task, uint64_t seed, uint64_t step, uint32_t sequence, int tokens, int *x,
                           int *y, double *bayes)
{
    (void)task, (void)seed;
    char name[NAME_SIZE];
    size_t entries = (size_t)batch_size * (size_t)tokens;
    snprintf(name, sizeof name, ".%d", (int)step);
    const double *from = find("x", name, entries), *to = find("y", name, entries);
    for (int t = 0; t < tokens; t++) {
        x[t] = (int)from[(int)sequence * tokens + t];
        y[t] = (int)to[(int)sequence * tokens + t];
    }
    *bayes = NAN;
}

static const struct task_row file_row = {"file", "file", "", NULL, draw_from_file, false};

static void read_tensor(FILE *file)
{
    ck_assert_int_lt(tensor_count, TENSORS_MAX);
    struct tensor *tensor = &tensors[tensor_count++];
    ck_assert_int_eq(fscanf(file, "%39s %d %d", tensor->name, &tensor->rows, &tensor->columns), 3);
    size_t entries = (size_t)tensor->rows * (size_t)tensor->columns;
    tensor->data = calloc(entries, sizeof(double));
    for (size_t i = 0; i < entries; i++)
        ck_assert_int_eq(fscanf(file, "%lf", &tensor->data[i]), 1);
}

static void read_training(const char *key, const char *value, struct training *training, struct task *task)
{
    if (strcmp(key, "optimiser") == 0)
        training->optimiser = optimiser_find(value);
    else if (strcmp(key, "rate") == 0)
        training->rate = strtod(value, NULL);
    else if (strcmp(key, "weight_decay") == 0)
        training->settings.weight_decay = strtod(value, NULL);
    else if (strcmp(key, "clip") == 0)
        training->settings.clip = strtod(value, NULL);
    else if (strcmp(key, "warmup") == 0)
        training->warmup = atoi(value);
    else if (strcmp(key, "decay") == 0)
        training->schedule = schedule_find(value);
    else if (strcmp(key, "parametrisation") == 0)
        training->parametrisation = parametrisation_find(value);
    else if (strcmp(key, "base") == 0)
        training->base_width = strtod(value, NULL);
    else if (strcmp(key, "steps") == 0)
        training->steps = atoi(value);
    else if (strcmp(key, "batch") == 0)
        training->batch = batch_size = atoi(value);
    else if (strcmp(key, "vocabulary") == 0)
        task->vocabulary = atoi(value);
    else
        ck_abort_msg("unknown key %s", key);
}

static void read_file(const char *path, struct model *model, struct training *training, struct task *task)
{
    FILE *file = fopen(path, "r");
    char key[NAME_SIZE], name[NAME_SIZE], value[256];
    struct error error = {0};
    ck_assert_msg(file != NULL, "%s", path);
    model_defaults(model);
    ck_assert_int_eq(setting_apply_all(model, "init=unit", &error), ERROR_NONE);
    *training = training_defaults();
    *task = (struct task){.row = &file_row};
    training->task = task;
    while (fscanf(file, "%39s", key) == 1) {
        if (strcmp(key, "tensor") == 0) {
            read_tensor(file);
            continue;
        }
        if (strcmp(key, "setting") == 0) {
            ck_assert_int_eq(fscanf(file, "%39s %255s", name, value), 2);
            ck_assert_msg(setting_apply(model, name, value, &error) == ERROR_NONE, "%s", error.text);
            continue;
        }
        ck_assert_int_eq(fscanf(file, "%255s", value), 1);
        read_training(key, value, training, task);
    }
    fclose(file);
    ck_assert_msg(model_check(model, &error) == ERROR_NONE, "%s", error.text);
}

/* The file names a matrix by its letters, block and expert; no site has two of one name. */
static void matrix_name(const struct trainer *trainer, const struct held_matrix *matrix, char name[NAME_SIZE])
{
    static const char *const ends[] = {"tokens", "positions", "readout"};
    const struct stream_address *a = &matrix->map.address;
    if (a->block == 0 && a->site == NETWORK_SITE) {
        snprintf(name, NAME_SIZE, "%s", ends[a->matrix]);
        return;
    }
    const struct graph *graph = trainer->network.depth.blocks[a->block - 1].graph;
    for (int m = 0; m < graph->matrix_count; m++)
        if (graph->matrices[m].place == a->site && graph->matrices[m].matrix == a->matrix)
            snprintf(name, NAME_SIZE, "%s.%u.%u", graph->matrices[m].name, a->block, a->expert);
}

/* Every matrix of the model against the file's of that prefix. The largest entries are of size 1, and a few hundred
 * operations in double precision lie behind each. */
static void compare(const struct trainer *trainer, const char *prefix, const double *all)
{
    const struct held *held = &trainer->network.held;
    static const double TOLERANCE = 1e-11;
    for (int i = 0; i < held->count; i++) {
        char name[NAME_SIZE];
        matrix_name(trainer, &held->matrices[i], name);
        size_t entries = held->matrices[i].entries;
        double distance = support_distance(entries, all + held->matrices[i].first, find(prefix, name, entries));
        ck_assert_msg(distance <= TOLERANCE, "%s%s: %g", prefix, name, distance);
    }
}

static void give_weights(struct trainer *trainer)
{
    const struct held *held = &trainer->network.held;
    int weights = 0;
    for (int i = 0; i < held->count; i++) {
        char name[NAME_SIZE];
        matrix_name(trainer, &held->matrices[i], name);
        size_t entries = held->matrices[i].entries;
        memcpy(held->weights + held->matrices[i].first, find("", name, entries), entries * sizeof(double));
    }
    for (int i = 0; i < tensor_count; i++)
        weights += strncmp(tensors[i].name, "grad_", 5) == 0;
    ck_assert_int_eq(weights, held->count); // none is left out
}

START_TEST(file_is_reproduced)
{
    glob_t files;
    ck_assert_int_eq(glob("tests/data/training/*.txt", 0, NULL, &files), 0);
    ck_assert_uint_eq(files.gl_pathc, FILES);
    struct model model;
    struct training training;
    struct task task;
    struct trainer trainer;
    struct error error = {0};
    read_file(files.gl_pathv[_i], &model, &training, &task);
    globfree(&files);
    ck_assert_msg(trainer_init(&trainer, &model, &training, 1 << 30, &error) == ERROR_NONE, "%s", error.text);
    give_weights(&trainer);
    for (int step = 0; trainer_goes_on(&trainer); step++) {
        char name[NAME_SIZE];
        trainer_step(&trainer);
        snprintf(name, sizeof name, "%d", step);
        double expected = *find("loss.", name, 1);
        ck_assert(isfinite(trainer.record.loss[step]));
        ck_assert_double_le(fabs(trainer.record.loss[step] - expected), 1e-11 * expected);
        if (step == 0)
            compare(&trainer, "grad_", trainer.network.held.gradients);
    }
    ck_assert_int_eq(trainer.record.done, training.steps);
    compare(&trainer, "after_", trainer.network.held.weights);
    trainer_free(&trainer);
    model_free(&model);
    for (int i = 0; i < tensor_count; i++)
        free(tensors[i].data);
}
END_TEST

/* A small model of everything that a state has: mixtures, moments, warm-up, clipping. */
static void small_run(struct model *model, struct task *task, struct training *training, const char *optimiser)
{
    struct error error = {0};
    model_defaults(model);
    ck_assert_msg(setting_apply_all(model,
                                    "placement='y=norm(x+attn(x));x=norm(y+moe(y))' init=scaleinit layers=3 width=12 "
                                    "heads=3 tokens=7 experts=4 top-k=2 mask=causal activation=gelu",
                                    &error) == ERROR_NONE,
                  "%s", error.text);
    ck_assert_int_eq(model_check(model, &error), ERROR_NONE);
    ck_assert_int_eq(task_init(task, "icl:5:0.3", &error), ERROR_NONE);
    *training = training_defaults();
    training->task = task;
    training->batch = 3;
    training->steps = 12;
    training->warmup = 4;
    training->settings.clip = 0.5;
    training->settings.weight_decay = 0.01;
    training->seed = 0xfedcba9876543210;
    training->optimiser = optimiser_find(optimiser);
    training->schedule = schedule_find("cosine");
}

static void check_same(const struct trainer *a, const struct trainer *b)
{
    const struct held *x = &a->network.held, *y = &b->network.held;
    ck_assert_int_eq(a->record.done, b->record.done);
    ck_assert_uint_eq(x->entries, y->entries);
    ck_assert_int_eq(memcmp(x->weights, y->weights, x->entries * sizeof *x->weights), 0);
    size_t bytes = (size_t)a->record.done * sizeof(double);
    ck_assert_int_eq(memcmp(a->record.loss, b->record.loss, bytes), 0);
    ck_assert_int_eq(memcmp(a->record.bayes, b->record.bayes, bytes), 0);
    ck_assert_int_eq(memcmp(a->record.spread, b->record.spread, bytes), 0);
    ck_assert_int_eq(memcmp(a->record.gradient_norm, b->record.gradient_norm, bytes), 0);
}

START_TEST(saved_run_goes_on_with_the_same_bits)
{
    struct model model;
    struct task task;
    struct training training;
    struct trainer whole, first, second;
    struct error error = {0};
    small_run(&model, &task, &training, optimisers[_i].name);
    ck_assert_int_eq(trainer_init(&whole, &model, &training, 1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(trainer_init(&first, &model, &training, 1 << 30, &error), ERROR_NONE);
    ck_assert_int_eq(trainer_init(&second, &model, &training, 1 << 30, &error), ERROR_NONE);
    while (trainer_goes_on(&whole))
        trainer_step(&whole);
    for (int i = 0; i < 5; i++)
        trainer_step(&first);
    FILE *file = tmpfile();
    ck_assert_int_eq(trainer_save(&first, file, &error), ERROR_NONE);
    rewind(file);
    ck_assert_int_eq(trainer_restore(&second, file, &error), ERROR_NONE);
    ck_assert_int_eq(second.record.done, 5);
    while (trainer_goes_on(&second))
        trainer_step(&second);
    check_same(&whole, &second);
    fclose(file);
    trainer_free(&whole);
    trainer_free(&first);
    trainer_free(&second);
    task_free(&task);
    model_free(&model);
}
END_TEST

START_TEST(state_that_ends_early_is_refused)
{
    struct model model;
    struct task task;
    struct training training;
    struct trainer trainer;
    struct error error = {0};
    small_run(&model, &task, &training, "adam");
    ck_assert_int_eq(trainer_init(&trainer, &model, &training, 1 << 30, &error), ERROR_NONE);
    trainer_step(&trainer);
    char *bytes;
    size_t length;
    FILE *memory = open_memstream(&bytes, &length);
    ck_assert_int_eq(trainer_save(&trainer, memory, &error), ERROR_NONE);
    fclose(memory);
    memory = fmemopen(bytes, length - 1, "r");
    ck_assert_int_eq(trainer_restore(&trainer, memory, &error), ERROR_RESOURCE);
    fclose(memory);
    free(bytes);
    trainer_free(&trainer);
    task_free(&task);
    model_free(&model);
}
END_TEST

/* Rates that no model stands end a run with a name and not with a crash. */
START_TEST(divergence_is_an_outcome)
{
    struct model model;
    struct task task;
    struct training training;
    struct trainer trainer;
    struct error error = {0};
    small_run(&model, &task, &training, "sgd");
    ck_assert_int_eq(setting_apply_all(&model, "placement='x=x+ffn(x)' activation=relu", &error), ERROR_NONE);
    ck_assert_int_eq(model_check(&model, &error), ERROR_NONE);
    training.settings.clip = training.settings.weight_decay = 0;
    training.rate = 1e60;
    ck_assert_int_eq(trainer_init(&trainer, &model, &training, 1 << 30, &error), ERROR_NONE);
    while (trainer_goes_on(&trainer))
        trainer_step(&trainer);
    ck_assert_int_ge(trainer.record.diverged, 1);
    ck_assert_int_eq(trainer.record.done, trainer.record.diverged + 1);
    ck_assert_int_lt(trainer.record.done, training.steps);
    trainer_free(&trainer);
    task_free(&task);
    model_free(&model);
}
END_TEST

Suite *trainer_suite(void)
{
    Suite *suite = suite_create("trainer");
    TCase *tests = tcase_create("runs");
    tcase_add_loop_test(tests, file_is_reproduced, 0, FILES);
    tcase_add_loop_test(tests, saved_run_goes_on_with_the_same_bits, 0, (int)optimiser_count);
    tcase_add_test(tests, state_that_ends_early_is_refused);
    tcase_add_test(tests, divergence_is_an_outcome);
    suite_add_tcase(suite, tests);
    return suite;
}
