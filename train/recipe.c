#include "train/recipe.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "sim/depth.h"
#include "sim/setting.h"
#include "sim/text.h"

static const char TASK[] = "icl:4:0.1", RATE[] = "1e-3";

void recipe_defaults(struct recipe *recipe)
{
    *recipe = (struct recipe){
        .training = training_defaults(),
        .numbers = {NAN, NAN, NAN, NAN, NAN, NAN},
        .base_width = NAN,
    };
}

void recipe_free(struct recipe *recipe)
{
    task_free(&recipe->task);
    values_free(&recipe->rates);
    values_free(&recipe->measured);
}

/* ---- words ---- */

enum { WHAT_MAX = 64 /* "--weight-decay" */, STEPS_MOST = 1000000000 };

static int read_task(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    (void)what;
    task_free(&recipe->task);
    return task_init(&recipe->task, text, error);
}

static int read_batch(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    long long value = 0;
    int code = setting_integer(what, text, 1, 1 << 20, &value, error);
    recipe->training.batch = (int)value;
    return code;
}

static int read_whole(int64_t *field, const char *what, const char *text, long long least, struct error *error)
{
    long long value = 0;
    int code = setting_integer(what, text, least, STEPS_MOST, &value, error);
    *field = value;
    return code;
}

static int read_steps(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    return read_whole(&recipe->training.steps, what, text, 1, error);
}

static int read_warmup(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    return read_whole(&recipe->training.warmup, what, text, 0, error);
}

/* A word that chooses a row of a table, whose rows begin with their name. */
static int choose(const void *table, size_t stride, size_t count, const char *what, const char *text, const void **row,
                  struct error *error)
{
    enum { MOST = 32 };
    const char *names[MOST];
    for (size_t i = 0; i < count && i < MOST; i++) {
        const char *const *name = (const void *)((const char *)table + i * stride);
        names[i] = *name;
        if (strcmp(*name, text) == 0) {
            *row = name;
            return ERROR_NONE;
        }
    }
    return text_unknown(error, what, text, names, count < MOST ? count : MOST);
}

#define CHOOSE(function, table, count, field)                                                                          \
    static int function(struct recipe *recipe, const char *what, const char *text, struct error *error)                \
    {                                                                                                                  \
        const void *row = recipe->training.field;                                                                      \
        int code = choose(table, sizeof *(table), count, what, text, &row, error);                                     \
        recipe->training.field = row;                                                                                  \
        return code;                                                                                                   \
    }

CHOOSE(read_optimiser, optimisers, optimiser_count, optimiser)
CHOOSE(read_decay, schedules, schedule_count, schedule)
CHOOSE(read_parametrisation, parametrisations, parametrisation_count, parametrisation)

static int read_real(double *field, const char *what, const char *text, double least, double below, struct error *error)
{
    int code = setting_real(what, text, field, error);
    if (code == ERROR_NONE && !(*field >= least && *field < below))
        return isfinite(below)
                   ? error_set(error, ERROR_INPUT, "%s: %s is not from %g to below %g", what, text, least, below)
                   : error_set(error, ERROR_INPUT, "%s: %s is below %g", what, text, least);
    return code;
}

/* A width, beyond which logits would leave the range of what a formula may say. */
static int read_base_width(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    double value;
    int code = setting_real(what, text, &value, error);
    if (code != ERROR_NONE)
        return code;
    if (!(value >= 1 && value <= MODEL_WIDTH_MAX))
        return error_set(error, ERROR_INPUT, "%s: %s is not between 1 and %d", what, text, MODEL_WIDTH_MAX);
    recipe->base_width = value;
    return ERROR_NONE;
}

static int check_rate(const struct values *rates, int i, const char *what, struct error *error)
{
    char text[32];
    setting_print_number(rates->value[i], text, sizeof text);
    if (!(rates->value[i] >= 0))
        return error_set(error, ERROR_INPUT, "%s: %s is below 0", what, text);
    for (int before = 0; before < i; before++)
        if (rates->value[before] == rates->value[i])
            return error_set(error, ERROR_INPUT, "%s is given '%s' twice", what, text);
    return ERROR_NONE;
}

/* Rates may be 0: a run that only looks. */
static int read_rates(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    struct values *rates = &recipe->rates;
    values_free(rates);
    int code = values_parse(rates, what, text, NULL, error);
    for (int i = 0; code == ERROR_NONE && i < rates->count; i++)
        code = check_rate(rates, i, what, error);
    return code;
}

/* Steps before which the stack is measured. */
static int read_measured(struct recipe *recipe, const char *what, const char *text, struct error *error)
{
    struct values *measured = &recipe->measured;
    values_free(measured);
    int code = values_parse(measured, what, text, &(struct values_whole){0, STEPS_MOST}, error);
    for (int i = 0; code == ERROR_NONE && i < measured->count; i++)
        if (!(measured->value[i] > (i > 0 ? measured->value[i - 1] : -1)))
            code = error_set(error, ERROR_INPUT, "%s: steps ascend from 0, but %g follows %g", what, measured->value[i],
                             i > 0 ? measured->value[i - 1] : 0);
    return code;
}

/* Beside these, every number of an optimiser. */
static const struct word {
    const char *name;
    int (*read)(struct recipe *recipe, const char *what, const char *text, struct error *error);
} words[] = {
    {"task", read_task},
    {"batch", read_batch},
    {"steps", read_steps},
    {"optimiser", read_optimiser},
    {"lr", read_rates},
    {"warmup", read_warmup},
    {"decay", read_decay},
    {"parametrisation", read_parametrisation},
    {"base-width", read_base_width},
    {"measure", read_measured},
};
enum { WORDS = sizeof words / sizeof *words };

static const struct word *find_word(const char *name)
{
    for (size_t i = 0; i < WORDS; i++)
        if (strcmp(words[i].name, name) == 0)
            return &words[i];
    return NULL;
}

static const struct optimiser_number *find_number(const char *name)
{
    for (size_t i = 0; i < optimiser_number_count; i++)
        if (strcmp(optimiser_numbers[i].name, name) == 0)
            return &optimiser_numbers[i];
    return NULL;
}

bool recipe_has(const char *name)
{
    return find_word(name) || find_number(name);
}

static double *number_of(struct optimiser_settings *numbers, const struct optimiser_number *number)
{
    return (double *)((char *)numbers + number->offset);
}

int recipe_set(struct recipe *recipe, const char *name, const char *text, struct error *error)
{
    char what[WHAT_MAX];
    const struct word *word = find_word(name);
    const struct optimiser_number *number = find_number(name);
    snprintf(what, sizeof what, "--%s", name);
    if (word)
        return word->read(recipe, what, text, error);
    if (number)
        return read_real(number_of(&recipe->numbers, number), what, text, number->least, number->below, error);
    return error_set(error, ERROR_INPUT, "%s is no word of a training", what);
}

/* ---- words that go together ---- */

/* What was given must say something to the optimiser, and takes the place of its defaults. */
static int merge_numbers(struct recipe *recipe, struct error *error)
{
    struct training *training = &recipe->training;
    for (size_t i = 0; i < optimiser_number_count; i++) {
        const struct optimiser_number *number = &optimiser_numbers[i];
        double given = optimiser_number(number, &recipe->numbers);
        if (isnan(given))
            continue;
        if (!optimiser_reads(training->optimiser, number))
            return error_set(error, ERROR_INPUT, "--%s says nothing to the optimiser %s", number->name,
                             training->optimiser->name);
        *number_of(&training->settings, number) = given;
    }
    return ERROR_NONE;
}

static int merge_base_width(struct recipe *recipe, struct error *error)
{
    struct training *training = &recipe->training;
    if (isnan(recipe->base_width))
        return ERROR_NONE;
    training->base_width = recipe->base_width;
    if (training->parametrisation == &parametrisations[0])
        return error_set(error, ERROR_INPUT, "--base-width says nothing to the %s parametrisation",
                         training->parametrisation->name);
    return ERROR_NONE;
}

static int merge_measured(struct recipe *recipe, struct error *error)
{
    const struct values *measured = &recipe->measured;
    if (measured->count == 0)
        return ERROR_NONE;
    recipe->training.measured = measured;
    if (measured->value[measured->count - 1] <= (double)recipe->training.steps)
        return ERROR_NONE;
    return error_set(error, ERROR_INPUT, "--measure: step %.0f is behind the last, %" PRId64,
                     measured->value[measured->count - 1], recipe->training.steps);
}

int recipe_finish(struct recipe *recipe, struct error *error)
{
    int code = recipe->task.row ? ERROR_NONE : task_init(&recipe->task, TASK, error);
    recipe->training.task = &recipe->task;
    if (code == ERROR_NONE && recipe->rates.count == 0)
        code = values_parse(&recipe->rates, "--lr", RATE, NULL, error);
    if (code == ERROR_NONE)
        code = merge_numbers(recipe, error);
    if (code == ERROR_NONE)
        code = merge_base_width(recipe, error);
    return code == ERROR_NONE ? merge_measured(recipe, error) : code;
}

struct training recipe_training(const struct recipe *recipe, double rate, uint64_t seed)
{
    struct training training = recipe->training;
    training.rate = rate;
    training.seed = seed;
    return training;
}

bool recipe_same(const struct recipe *a, const struct recipe *b)
{
    return values_same(&a->rates, &b->rates) && training_same(&a->training, &b->training);
}

/* ---- what a token sees ---- */

static bool sees_later(const struct attention *attend)
{
    int first, end, row = 0;
    for (end = 0; row < attend->queries && end <= row; row++)
        attention_visible(attend, row, &first, &end);
    return end > row;
}

static int foresight(const struct plan *plan, int n, struct error *error)
{
    const struct graph_node *node = &plan->graph->nodes[n];
    const char *mask = plan->nodes[n].attend.mask->name;
    if (node->option[GRAPH_ATTEND_MASK] < 0)
        return error_set(error, ERROR_INPUT, "mask %s shows every token the one it is to predict; use --mask causal",
                         mask);
    return error_set(
        error, ERROR_INPUT,
        "%s: line %d, column %d: mask=%s shows every token the one it is to predict; say mask=causal, or leave "
        "it to --mask",
        plan->graph->what, node->line, node->column, mask);
}

/* Of a memory's tokens there is nothing to predict; a training has none of its own. */
static int check_plan(const struct plan *plan, struct error *error)
{
    const struct graph *graph = plan->graph;
    for (int n = 0; n < graph->node_count; n++) {
        const struct graph_node *node = &graph->nodes[n];
        if (node->kind == GRAPH_ATTEND && plan->nodes[n].live && !graph->nodes[node->b].memory &&
            sees_later(&plan->nodes[n].attend))
            return foresight(plan, n, error);
    }
    return ERROR_NONE;
}

/* A token that sees its successor need not predict it. Only attention lets tokens see each other, and each call of it
 * may say by itself what they see. */
static int check_masks(const struct model *model, struct error *error)
{
    struct depth depth;
    int code = depth_init(&depth, model, false, error);
    if (code != ERROR_NONE)
        return code;
    for (int i = 0; code == ERROR_NONE && i < depth.plan_count; i++)
        code = check_plan(depth.plans[i], error);
    depth_free(&depth);
    return code;
}

int recipe_check(const struct recipe *recipe, const struct model *model, struct error *error)
{
    int code = check_masks(model, error);
    if (code == ERROR_NONE && model->cotangent->loss)
        return error_set(
            error, ERROR_INPUT,
            "cotangent: a training has a loss of its own, whose gradients its profiles have beside those of "
            "%s, %s or %s",
            cotangents[0].name, cotangents[1].name, cotangents[2].name);
    return code == ERROR_NONE ? training_check(&recipe->training, model, error) : code;
}
