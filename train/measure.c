#include "train/measure.h"

#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "sim/text.h"

/* ---- columns ---- */

static bool is_gradient(enum observe_id id)
{
    return id == OBSERVE_GRADIENT_VARIANCE || id == OBSERVE_GRADIENT_TOKEN_COSINE || id == OBSERVE_GRADIENT_SPECIFIC ||
           id == OBSERVE_WEIGHT_GRADIENT_VARIANCE;
}

static int add_column(struct observe_schema *schema, enum observe_id id, const char *prefix, const char *name)
{
    struct observe_column *column = &schema->columns[schema->column_count];
    column->observable = id;
    struct text text = {column->name, sizeof column->name, 0};
    text_print(&text, "%s%s", prefix, name);
    return schema->column_count++;
}

/* training and update [base->column_count] become the columns that a column of the stack has beside itself, or -1. */
static void add_columns(struct observe_schema *schema, const struct observe_schema *base, int *training, int *update)
{
    for (int c = 0; c < base->column_count; c++)
        add_column(schema, base->columns[c].observable, "", base->columns[c].name);
    for (int c = 0; c < base->column_count; c++) {
        enum observe_id id = base->columns[c].observable;
        training[c] = is_gradient(id) ? add_column(schema, id, "training_", base->columns[c].name) : -1;
    }
    for (int c = 0; c < base->column_count; c++) {
        enum observe_id id = base->columns[c].observable;
        const char *of = base->columns[c].name + strlen(observables[id].name); // ".attn.wq"
        update[c] = id == OBSERVE_WEIGHT_GRADIENT_VARIANCE ? add_column(schema, id, "update_over_weight", of) : -1;
    }
    add_column(schema, OBSERVE_ACTIVATION_VARIANCE, "", MEASURE_ABLATED);
    add_column(schema, OBSERVE_ACTIVATION_VARIANCE, "", MEASURE_CHANGED);
}

int measure_schema(struct observe_schema *schema, const struct observe_schema *base, int extra, int *training,
                   int *update, struct error *error)
{
    *schema = *base;
    schema->column_count = 0;
    schema->branches = NULL; // the stack's
    schema->matrices = NULL;
    schema->columns = calloc(3 * (size_t)base->column_count + 2 + (size_t)extra, sizeof *schema->columns);
    if (!schema->columns)
        return error_set(error, ERROR_RESOURCE, "out of memory for the columns of a profile");
    add_columns(schema, base, training, update);
    return ERROR_NONE;
}

static int init_schema(struct measure *measure, struct error *error)
{
    const struct observe_schema *base = &measure->stack.depth.schema;
    size_t columns = (size_t)base->column_count, cells = (size_t)(measure->model.layers + 1) * columns;
    measure->training = calloc(columns, sizeof *measure->training);
    measure->update = calloc(columns, sizeof *measure->update);
    measure->values = calloc(cells, sizeof *measure->values);
    measure->weights = calloc(cells, sizeof *measure->weights);
    if (!measure->training || !measure->update || !measure->values || !measure->weights)
        return error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", measure->model.layers);
    int code = measure_schema(&measure->schema, base, 0, measure->training, measure->update, error);
    if (code != ERROR_NONE)
        return code;
    measure->ablated = observe_find(&measure->schema, MEASURE_ABLATED);
    measure->changed = observe_find(&measure->schema, MEASURE_CHANGED);
    return ERROR_NONE;
}

/* Numbers of x_l, over the batch. */
static size_t signals(const struct network *network)
{
    return (size_t)model_rows(&network->model) * (size_t)network->model.width;
}

int measure_init(struct measure *measure, struct network *network, size_t budget, struct error *error)
{
    *measure = (struct measure){.model = network->model};
    measure->model.sequences = 1;
    int code = stack_init(&measure->stack, &measure->model, &network->held.engine, false, budget, error);
    if (code == ERROR_NONE)
        code = stack_workspace_init(&measure->workspace, &measure->stack, error);
    if (code == ERROR_NONE)
        code = init_schema(measure, error);
    if (code == ERROR_NONE) {
        measure->logits = memory_reals((size_t)measure->model.tokens * (size_t)network->vocabulary);
        measure->activations = memory_reals(memory_multiply((size_t)measure->model.layers + 1, signals(network)));
        if (!measure->logits || !measure->activations)
            code = error_set(error, ERROR_RESOURCE, "out of memory");
    }
    if (code != ERROR_NONE)
        measure_free(measure);
    return code;
}

void measure_free(struct measure *measure)
{
    stack_workspace_free(&measure->workspace);
    stack_free(&measure->stack);
    free(measure->schema.columns);
    free(measure->training);
    free(measure->update);
    free(measure->logits);
    free(measure->activations);
    free(measure->values);
    free(measure->weights);
    *measure = (struct measure){0};
}

size_t measure_cells(const struct measure *measure)
{
    return (size_t)(measure->model.layers + 1) * (size_t)measure->schema.column_count;
}

/* ---- passes ---- */

struct sequence {
    struct measure *measure;
    struct network *network;
    uint64_t seed, sample;
    const int *x, *y; // [T]
};

static void embed(void *context, real *x)
{
    const struct sequence *sequence = context;
    network_embed(sequence->network, sequence->x, x);
}

static void drawn_cotangent(void *context, const real *x, real *g)
{
    (void)x;
    const struct sequence *sequence = context;
    const struct model *model = &sequence->measure->model;
    REAL_ROW(cotangents, model->cotangent)->fill(sequence->seed, sequence->sample, model->tokens, model->width, g);
}

static void loss_cotangent(void *context, const real *x, real *g)
{
    const struct sequence *sequence = context;
    network_loss_cotangent(sequence->network, x, sequence->y, sequence->measure->logits, g);
}

/* ERROR_INPUT is an outcome: what was seen before the signal left the range stays, the rest is absent. */
static void pass(const struct sequence *sequence, void (*cotangent)(void *, const real *, real *), struct wide *values)
{
    struct error outcome;
    struct stack_ends ends = {embed, cotangent, (void *)(uintptr_t)sequence};
    struct held *held = &sequence->network->held;
    held_clear(held); // a sample's gradients are its own
    held->measured = true;
    stack_pass(&sequence->measure->stack, &sequence->measure->workspace, sequence->seed, sequence->sample, &ends, NULL,
               values, &outcome);
    held->measured = false;
}

/* What the tensors' type cannot tell from its rounding is NaN, and stays one in the mean (sim/observe). */
static bool counts(double value)
{
    return isfinite(value) || (REAL_RESOLVED > 0 && isnan(value));
}

/* Column c of the stack's values becomes column to[c] of the profile; NULL: itself. */
static void add_values(const struct measure *measure, const struct wide *values, const int *to, struct estimate *cells)
{
    int columns = measure->stack.depth.schema.column_count;
    for (int l = 0; l <= measure->model.layers; l++)
        for (int c = 0; c < columns; c++) {
            int column = to ? to[c] : c;
            struct wide value = values[l * columns + c];
            if (column >= 0 && wide_present(value) && counts(value.mantissa))
                estimate_add(&cells[l * measure->schema.column_count + column], value);
        }
}

void measure_sequence(struct measure *measure, struct network *network, uint64_t seed, uint64_t sample, const int *x,
                      const int *y, struct estimate *cells)
{
    struct sequence sequence = {measure, network, seed, sample, x, y};
    pass(&sequence, drawn_cotangent, measure->values);
    add_values(measure, measure->values, NULL, cells);
    pass(&sequence, loss_cotangent, measure->values);
    add_values(measure, measure->values, measure->training, cells);
}

void measure_ablation(struct measure *measure, struct network *network, const struct network_batch *batch,
                      struct estimate *cells)
{
    for (int l = 0; l <= measure->model.layers; l++) {
        double loss = network_forward(network, batch, l);
        if (isfinite(loss))
            estimate_add(&cells[l * measure->schema.column_count + measure->ablated], wide_of(loss));
    }
}

void measure_keep(struct measure *measure, const struct network *network)
{
    size_t count = signals(network);
    for (int l = 0; l <= measure->model.layers; l++)
        memcpy(measure->activations + (size_t)l * count, network_layer(network, l), count * sizeof(real));
}

void measure_moved(struct measure *measure, struct network *network, const struct network_batch *batch,
                   struct estimate *cells)
{
    size_t count = signals(network);
    network_forward(network, batch, 0);
    for (int l = 0; l <= measure->model.layers; l++) {
        real *kept = measure->activations + (size_t)l * count;
        double rounding = REAL_RESOLVED * REAL_RESOLVED * REAL_SQUARE(count, kept);
        REAL_BLAS(axpy)((int)count, -1, network_layer(network, l), 1, kept, 1);
        double square = REAL_SQUARE(count, kept);
        square = square >= rounding ? square / (double)count : NAN;
        if (counts(square))
            estimate_add(&cells[l * measure->schema.column_count + measure->changed], wide_of(square));
    }
}

/* The squares of weights and of their change come by the way of the gradients': the engine reports them instead. */
void measure_update(struct measure *measure, struct network *network, const real *before, real *delta, const int *x,
                    const int *y, struct estimate *cells)
{
    struct sequence sequence = {measure, network, 0, 0, x, y};
    struct held *held = &network->held;
    int columns = measure->stack.depth.schema.column_count;
    for (size_t i = 0; i < held->entries; i++)
        delta[i] = held->weights[i] - before[i];
    held->reported = before;
    pass(&sequence, loss_cotangent, measure->weights);
    held->reported = delta;
    pass(&sequence, loss_cotangent, measure->values);
    held->reported = NULL;
    for (int i = 0; i < (measure->model.layers + 1) * columns; i++) {
        struct wide change = measure->values[i], weight = measure->weights[i];
        bool known = measure->update[i % columns] >= 0 && wide_present(change) && wide_present(weight);
        double ratio = known ? sqrt(change.mantissa / weight.mantissa) : NAN;
        measure->values[i] = isfinite(ratio) ? wide_of(ratio) : wide_absent();
    }
    add_values(measure, measure->values, measure->update, cells);
}
