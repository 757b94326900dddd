#include "sim/observe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct observable observables[OBSERVABLES] = {
    [OBSERVE_ACTIVATION_VARIANCE] = {"activation_variance", "q", "mean over tokens and features of x^2",
                                     OBSERVE_PER_LAYER, .by_token = true},
    [OBSERVE_TOKEN_COSINE] = {"token_cosine", "r", "mean over pairs of tokens of cos(x_s, x_t); 1 is rank collapse",
                              OBSERVE_PER_LAYER, .pairs = true, .cosine = true},
    [OBSERVE_LAYER_COSINE] = {"layer_cosine", "cos", "cos(x_{l-1}, x_l), flattened; 1 is an idle layer",
                              OBSERVE_PER_LAYER, .cosine = true},
    [OBSERVE_GRADIENT_VARIANCE] = {"gradient_variance", "g", "mean over tokens and features of (d/dx)^2",
                                   OBSERVE_PER_LAYER, .by_token = true},
    [OBSERVE_GRADIENT_TOKEN_COSINE] = {"gradient_token_cosine", "r(g)", "mean over pairs of tokens of cos(g_s, g_t)",
                                       OBSERVE_PER_LAYER, .pairs = true, .cosine = true},
    [OBSERVE_GRADIENT_SPECIFIC] = {"gradient_specific", "g specific",
                                   "gradient variance without the gradient's mean over tokens", OBSERVE_PER_LAYER,
                                   .pairs = true},
    [OBSERVE_ATTENTION_ENTROPY] = {"attention_entropy", "entropy",
                                   "mean over attentions, heads and rows of -sum A log A, in nats", OBSERVE_PER_LAYER,
                                   .pairs = true},
    [OBSERVE_ATTENTION_ENTROPY_RELATIVE] = {"attention_entropy_relative", "relative",
                                            "the same over log(row length), rows of one token left out",
                                            OBSERVE_PER_LAYER, .pairs = true},
    [OBSERVE_BRANCH_RATIO] = {"branch_ratio", "ratio", "mean square of a branch's output over the block input's",
                              OBSERVE_PER_BRANCH, .pairs = false},
    [OBSERVE_WEIGHT_GRADIENT_VARIANCE] = {"weight_gradient_variance", "g(W)", "mean over a matrix of (d/dW)^2",
                                          OBSERVE_PER_MATRIX, .pairs = false},
};

/* The schema is built twice by the same code: first without arrays, to count. */
static int add_column(struct observe_schema *schema, enum observe_id observable, const char *name)
{
    if (schema->columns) {
        struct observe_column *column = &schema->columns[schema->column_count];
        column->observable = observable;
        snprintf(column->name, sizeof column->name, "%s", name);
    }
    return schema->column_count++;
}

static bool applies(enum observe_id id, const struct model *model, bool any_entropy)
{
    bool entropy = id == OBSERVE_ATTENTION_ENTROPY || id == OBSERVE_ATTENTION_ENTROPY_RELATIVE;
    return (model->tokens > 1 || !observables[id].pairs) && (any_entropy || !entropy);
}

static void add_branch_columns(struct observe_schema *schema, const struct model *model, struct observe_branch *branch)
{
    char name[OBSERVE_NAME_MAX];
    snprintf(name, sizeof name, "%s.%s", observables[OBSERVE_BRANCH_RATIO].name, branch->name);
    branch->ratio = add_column(schema, OBSERVE_BRANCH_RATIO, name);
    for (int m = 0; m < INIT_MATRICES; m++) {
        branch->weight[m] = -1;
        if (branch_of(branch->kind)->entries(model, (enum init_matrix)m) == 0)
            continue;
        snprintf(name, sizeof name, "%s.%s.%s", observables[OBSERVE_WEIGHT_GRADIENT_VARIANCE].name, branch->name,
                 init_matrix_names[m]);
        branch->weight[m] = add_column(schema, OBSERVE_WEIGHT_GRADIENT_VARIANCE, name);
    }
}

static void add_token_columns(struct observe_schema *schema, const struct model *model, enum observe_id id)
{
    schema->token_column[id] = schema->column_count;
    for (int t = 0; t < model->tokens; t++) {
        char name[OBSERVE_NAME_MAX];
        snprintf(name, sizeof name, "%s.token%d", observables[id].name, t + 1);
        add_column(schema, id, name);
    }
}

static void add_all(struct observe_schema *schema, const struct model *model, bool per_token)
{
    bool any_entropy = false;
    for (int b = 0; b < schema->branch_count; b++)
        any_entropy |= branch_of(schema->branches[b].kind)->has_entropy;
    schema->column_count = 0;
    for (int id = 0; id < OBSERVABLES; id++) {
        const struct observable *observable = &observables[id];
        schema->layer_column[id] = schema->token_column[id] = -1;
        if (observable->span != OBSERVE_PER_LAYER || !applies((enum observe_id)id, model, any_entropy))
            continue;
        schema->layer_column[id] = add_column(schema, (enum observe_id)id, observable->name);
        if (per_token && observable->by_token)
            add_token_columns(schema, model, (enum observe_id)id);
    }
    for (int b = 0; b < schema->branch_count; b++)
        add_branch_columns(schema, model, &schema->branches[b]);
}

int observe_branch_index(const struct observe_schema *schema, const char *name)
{
    for (int b = 0; b < schema->branch_count; b++)
        if (strcmp(schema->branches[b].name, name) == 0)
            return b;
    return -1;
}

static void add_branches(struct observe_schema *schema, const struct graph *graph)
{
    for (int s = 0; s < graph->site_count; s++) {
        if (observe_branch_index(schema, graph->sites[s].name) >= 0)
            continue;
        struct observe_branch *branch = &schema->branches[schema->branch_count++];
        memcpy(branch->name, graph->sites[s].name, sizeof branch->name);
        branch->kind = graph->nodes[graph->sites[s].node].kind;
    }
}

int observe_schema_init(struct observe_schema *schema, const struct model *model, const struct block blocks[],
                        int block_count, bool per_token, struct error *error)
{
    *schema = (struct observe_schema){.tokens = model->tokens, .width = model->width};
    size_t sites = 1;
    for (int i = 0; i < block_count; i++)
        if (i == 0 || blocks[i].graph != blocks[i - 1].graph)
            sites += (size_t)blocks[i].graph->site_count;
    schema->branches = calloc(sites, sizeof *schema->branches);
    if (!schema->branches)
        goto fail;
    for (int i = 0; i < block_count; i++)
        if (i == 0 || blocks[i].graph != blocks[i - 1].graph)
            add_branches(schema, blocks[i].graph);
    add_all(schema, model, per_token);
    schema->columns = calloc((size_t)schema->column_count, sizeof *schema->columns);
    if (!schema->columns)
        goto fail;
    add_all(schema, model, per_token);
    return ERROR_NONE;
fail:
    observe_schema_free(schema);
    return error_set(error, ERROR_RESOURCE, "out of memory for the observables");
}

void observe_schema_free(struct observe_schema *schema)
{
    free(schema->columns);
    free(schema->branches);
    *schema = (struct observe_schema){0};
}

int observe_find(const struct observe_schema *schema, const char *name)
{
    for (int i = 0; i < schema->column_count; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return i;
    return -1;
}

static double dot(size_t count, const double *a, const double *b)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

/* sum_{s != t} cos = |sum_t x_t/|x_t||^2 - n over the n rows that are not zero; absent where n < 2. */
static struct wide pair_cosine(int tokens, int width, const double *x, double *sum)
{
    size_t d = (size_t)width;
    int n = 0;
    memset(sum, 0, d * sizeof *sum);
    for (int t = 0; t < tokens; t++) {
        const double *row = x + (size_t)t * d;
        double square = dot(d, row, row);
        if (square == 0)
            continue;
        double scale = 1 / sqrt(square);
        for (size_t i = 0; i < d; i++)
            sum[i] += scale * row[i];
        n++;
    }
    if (n < 2)
        return wide_absent();
    return wide_of((dot(d, sum, sum) - n) / ((double)n * (n - 1)));
}

/* Mean square of what is left when each feature's mean over tokens is taken off. */
static double specific_variance(int tokens, int width, const double *g, double *mean)
{
    size_t d = (size_t)width;
    memset(mean, 0, d * sizeof *mean);
    for (int t = 0; t < tokens; t++)
        for (size_t i = 0; i < d; i++)
            mean[i] += g[(size_t)t * d + i];
    for (size_t i = 0; i < d; i++)
        mean[i] /= tokens;
    double sum = 0;
    for (int t = 0; t < tokens; t++) {
        const double *row = g + (size_t)t * d;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < d; i++)
            sum += (row[i] - mean[i]) * (row[i] - mean[i]);
    }
    return sum / tokens / width;
}

/* The mean square, and by token where asked for, of x 2^exponent. */
static void observe_square(const struct observe_schema *schema, enum observe_id id, const double *x, int exponent,
                           struct wide *row)
{
    size_t d = (size_t)schema->width;
    double sum = 0;
    for (int t = 0; t < schema->tokens; t++) {
        double square = dot(d, x + (size_t)t * d, x + (size_t)t * d);
        sum += square;
        if (schema->token_column[id] >= 0)
            row[schema->token_column[id] + t] = (struct wide){square / schema->width, 2 * exponent};
    }
    row[schema->layer_column[id]] = (struct wide){sum / schema->tokens / schema->width, 2 * exponent};
}

void observe_activation(const struct observe_schema *schema, const double *previous, const double *x, struct wide *row,
                        double *work)
{
    const int *column = schema->layer_column;
    observe_square(schema, OBSERVE_ACTIVATION_VARIANCE, x, 0, row);
    if (column[OBSERVE_TOKEN_COSINE] >= 0)
        row[column[OBSERVE_TOKEN_COSINE]] = pair_cosine(schema->tokens, schema->width, x, work);
    if (!previous)
        return;
    size_t count = (size_t)schema->tokens * (size_t)schema->width;
    double lengths = sqrt(dot(count, x, x)) * sqrt(dot(count, previous, previous));
    row[column[OBSERVE_LAYER_COSINE]] = lengths > 0 ? wide_of(dot(count, previous, x) / lengths) : wide_absent();
}

void observe_gradient(const struct observe_schema *schema, const double *g, int exponent, struct wide *row,
                      double *work)
{
    const int *column = schema->layer_column;
    observe_square(schema, OBSERVE_GRADIENT_VARIANCE, g, exponent, row);
    if (column[OBSERVE_GRADIENT_TOKEN_COSINE] < 0)
        return;
    row[column[OBSERVE_GRADIENT_TOKEN_COSINE]] = pair_cosine(schema->tokens, schema->width, g, work);
    row[column[OBSERVE_GRADIENT_SPECIFIC]] = (struct wide){specific_variance(schema->tokens, schema->width, g, work),
                                                           2 * exponent};
}
