#include "sim/observe.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/panel.h"
#include "sim/spectrum.h"

// clang-format off
const struct observable observables[OBSERVABLES] = {
    [OBSERVE_ACTIVATION_VARIANCE] = {.name = "activation_variance", .symbol = "q",
        .summary = "mean over tokens and features of x^2",
        .span = OBSERVE_PER_STATE, .by_token = true},
    [OBSERVE_TOKEN_COSINE] = {.name = "token_cosine", .symbol = "r",
        .summary = "mean over pairs of tokens of cos(x_s, x_t); 1 is rank collapse",
        .span = OBSERVE_PER_STATE, .need = OBSERVE_PAIRS, .cosine = true},
    [OBSERVE_LAYER_COSINE] = {.name = "layer_cosine", .symbol = "cos",
        .summary = "cos(x_{l-1}, x_l), flattened; 1 is an idle layer",
        .span = OBSERVE_PER_STATE, .cosine = true},
    [OBSERVE_GRADIENT_VARIANCE] = {.name = "gradient_variance", .symbol = "g",
        .summary = "mean over tokens and features of (d/dx)^2",
        .span = OBSERVE_PER_STATE, .by_token = true},
    [OBSERVE_GRADIENT_TOKEN_COSINE] = {.name = "gradient_token_cosine", .symbol = "r(g)",
        .summary = "mean over pairs of tokens of cos(g_s, g_t)",
        .span = OBSERVE_PER_STATE, .need = OBSERVE_PAIRS, .cosine = true},
    [OBSERVE_GRADIENT_SPECIFIC] = {.name = "gradient_specific", .symbol = "g specific",
        .summary = "gradient variance without the gradient's mean over tokens",
        .span = OBSERVE_PER_STATE, .need = OBSERVE_PAIRS},
    [OBSERVE_ATTENTION_ENTROPY] = {.name = "attention_entropy", .symbol = "entropy",
        .summary = "mean over attentions, heads and rows of -sum A log A, in nats",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_ATTENTION},
    [OBSERVE_ATTENTION_ENTROPY_RELATIVE] = {.name = "attention_entropy_relative", .symbol = "relative",
        .summary = "the same over log(row length), rows of one token left out",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_ATTENTION},
    [OBSERVE_LATE_TOKEN_COSINE] = {.name = "late_token_cosine", .symbol = "r late",
        .summary = "token_cosine of the second half of the tokens",
        .span = OBSERVE_PER_STATE, .need = OBSERVE_PAIRS, .cosine = true, .detail = true},
    [OBSERVE_TOKEN_STABLE_RANK] = {.name = "token_stable_rank", .symbol = "rank",
        .summary = "|X|_F^2 / |X|_2^2 of the tokens [T][d]; 1 is rank collapse",
        .span = OBSERVE_PER_STATE, .need = OBSERVE_PAIRS, .detail = true},
    [OBSERVE_PEAK] = {.name = "peak", .symbol = "peak",
        .summary = "largest |entry| over the root mean square: massive activations; sampled, not predicted",
        .span = OBSERVE_PER_STATE, .detail = true},
    [OBSERVE_KURTOSIS] = {.name = "kurtosis", .symbol = "kurtosis",
        .summary = "mean x^4 over (mean x^2)^2; 3 is normal",
        .span = OBSERVE_PER_STATE, .detail = true},
    [OBSERVE_ATTENTION_SQUARE] = {.name = "attention_square", .symbol = "A^2",
        .summary = "mean over attentions, heads and rows of sum A^2; its inverse is the participation",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_ATTENTION, .detail = true},
    [OBSERVE_ATTENTION_STABLE_RANK] = {.name = "attention_stable_rank", .symbol = "rank A",
        .summary = "mean over attentions and heads of |A|_F^2 / |A|_2^2",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_ATTENTION, .detail = true},
    [OBSERVE_LOGIT_DEVIATION] = {.name = "logit_deviation", .symbol = "logit sd",
        .summary = "standard deviation of a row's logits, root mean square over attentions, heads and rows",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_ATTENTION, .detail = true},
    [OBSERVE_EXPERT_LOAD] = {.name = "expert_load", .symbol = "load",
        .summary = "tokens of the expert that has most, over the mean",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_MIXTURE, .detail = true},
    [OBSERVE_EXPERT_ENTROPY] = {.name = "expert_entropy", .symbol = "experts",
        .summary = "entropy of the experts' shares over log E; 1 is even",
        .span = OBSERVE_PER_LAYER, .need = OBSERVE_MIXTURE, .detail = true},
    [OBSERVE_BRANCH_RATIO] = {.name = "branch_ratio", .symbol = "ratio",
        .summary = "mean square of a branch's output over the block input's",
        .span = OBSERVE_PER_BRANCH},
    [OBSERVE_BRANCH_CONTRIBUTION] = {.name = "branch_contribution", .symbol = "added",
        .summary = "the same of what is added to the stream: behind the branch's scales and norms",
        .span = OBSERVE_PER_BRANCH, .detail = true},
    [OBSERVE_WEIGHT_GRADIENT_VARIANCE] = {.name = "weight_gradient_variance", .symbol = "g(W)",
        .summary = "mean over a matrix of (d/dW)^2",
        .span = OBSERVE_PER_MATRIX},
};
// clang-format on

/* The schema is built twice by the same code: first without arrays, to count. */
static int add_column(struct observe_schema *schema, enum observe_id observable, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int add_column(struct observe_schema *schema, enum observe_id observable, const char *format, ...)
{
    if (schema->columns) {
        struct observe_column *column = &schema->columns[schema->column_count];
        va_list arguments;
        va_start(arguments, format);
        column->observable = observable;
        vsnprintf(column->name, sizeof column->name, format, arguments);
        va_end(arguments);
    }
    return schema->column_count++;
}

/* What the blocks have. */
struct traits {
    bool attends, mixes, per_token;
    const struct graph_input *states;
};

static bool applies(enum observe_id id, const struct model *model, const struct traits *traits)
{
    switch (observables[id].need) {
    case OBSERVE_PAIRS:
        return model->tokens > 1;
    case OBSERVE_ATTENTION:
        return model->tokens > 1 && traits->attends;
    case OBSERVE_MIXTURE:
        return traits->mixes;
    default:
        return true;
    }
}

static void add_state_column(struct observe_schema *schema, enum observe_id id, const struct traits *traits, int state)
{
    const char *name = observables[id].name, *prefix = traits->states[state].name;
    schema->state_column[state][id] = state == 0 ? add_column(schema, id, "%s", name)
                                                 : add_column(schema, id, "%s.%s", prefix, name);
    if (state > 0 || !traits->per_token || !observables[id].by_token)
        return;
    schema->token_column[id] = schema->column_count;
    for (int t = 0; t < schema->tokens; t++)
        add_column(schema, id, "%s.token%d", name, t + 1);
}

/* The columns of x and of the layer as a whole stand before those of other states. */
static void add_layer_columns(struct observe_schema *schema, const struct model *model, const struct traits *traits)
{
    for (int state = 0; state < schema->states; state++)
        for (enum observe_id id = 0; id < OBSERVABLES; id++) {
            enum observe_span span = observables[id].span;
            schema->state_column[state][id] = -1;
            if (applies(id, model, traits) && (span == OBSERVE_PER_STATE || (span == OBSERVE_PER_LAYER && state == 0)))
                add_state_column(schema, id, traits, state);
        }
    memcpy(schema->layer_column, schema->state_column[0], sizeof schema->layer_column);
}

/* The matrices of the site of that name; "" is the unnamed one. */
static void add_matrix_columns(struct observe_schema *schema, const char *site)
{
    size_t length = strlen(site);
    for (int m = 0; m < schema->matrix_count; m++) {
        struct observe_matrix *matrix = &schema->matrices[m];
        const char *dot = strchr(matrix->label, '.');
        size_t own = dot ? (size_t)(dot - matrix->label) : 0;
        if (own == length && strncmp(matrix->label, site, length) == 0)
            matrix->column = add_column(schema, OBSERVE_WEIGHT_GRADIENT_VARIANCE, "%s.%s",
                                        observables[OBSERVE_WEIGHT_GRADIENT_VARIANCE].name, matrix->label);
    }
}

static void add_all(struct observe_schema *schema, const struct model *model, const struct traits *traits)
{
    schema->column_count = 0;
    for (enum observe_id id = 0; id < OBSERVABLES; id++)
        schema->token_column[id] = -1;
    add_layer_columns(schema, model, traits);
    for (int b = 0; b < schema->branch_count; b++) {
        struct observe_branch *branch = &schema->branches[b];
        branch->ratio = add_column(schema, OBSERVE_BRANCH_RATIO, "%s.%s", observables[OBSERVE_BRANCH_RATIO].name,
                                   branch->name);
        branch->contribution = add_column(schema, OBSERVE_BRANCH_CONTRIBUTION, "%s.%s",
                                          observables[OBSERVE_BRANCH_CONTRIBUTION].name, branch->name);
        add_matrix_columns(schema, branch->name);
    }
    add_matrix_columns(schema, "");
}

int observe_branch_index(const struct observe_schema *schema, const char *name)
{
    for (int b = 0; b < schema->branch_count; b++)
        if (strcmp(schema->branches[b].name, name) == 0)
            return b;
    return -1;
}

int observe_matrix_index(const struct observe_schema *schema, const char *label)
{
    for (int m = 0; m < schema->matrix_count; m++)
        if (strcmp(schema->matrices[m].label, label) == 0)
            return m;
    return -1;
}

static void add_graph(struct observe_schema *schema, const struct graph *graph, struct traits *traits)
{
    for (int s = 0; s < graph->site_count; s++)
        if (graph->sites[s].output >= 0 && observe_branch_index(schema, graph->sites[s].name) < 0)
            memcpy(schema->branches[schema->branch_count++].name, graph->sites[s].name, GRAPH_NAME_MAX);
    for (int m = 0; m < graph->matrix_count; m++)
        if (observe_matrix_index(schema, graph->matrices[m].label) < 0)
            memcpy(schema->matrices[schema->matrix_count++].label, graph->matrices[m].label, GRAPH_LABEL_MAX);
    for (int n = 0; n < graph->node_count; n++) {
        traits->attends |= graph->nodes[n].kind == GRAPH_ATTEND;
        traits->mixes |= graph->nodes[n].kind == GRAPH_MOE;
    }
    traits->states = graph->inputs;
    schema->states = graph->state_count;
}

/* Whether block i has a graph of its own, not the one before it. */
static bool is_new(const struct block blocks[], int i)
{
    return i == 0 || blocks[i].graph != blocks[i - 1].graph;
}

int observe_schema_init(struct observe_schema *schema, const struct model *model, const struct block blocks[],
                        int block_count, bool per_token, struct error *error)
{
    *schema = (struct observe_schema){.tokens = model->tokens, .width = model->width};
    struct traits traits = {.per_token = per_token};
    size_t sites = 1, matrices = 1;
    for (int i = 0; i < block_count; i++)
        if (is_new(blocks, i)) {
            sites += (size_t)blocks[i].graph->site_count;
            matrices += (size_t)blocks[i].graph->matrix_count;
        }
    schema->branches = calloc(sites, sizeof *schema->branches);
    schema->matrices = calloc(matrices, sizeof *schema->matrices);
    if (!schema->branches || !schema->matrices)
        goto fail;
    for (int i = 0; i < block_count; i++)
        if (is_new(blocks, i))
            add_graph(schema, blocks[i].graph, &traits);
    add_all(schema, model, &traits);
    schema->columns = calloc((size_t)schema->column_count, sizeof *schema->columns);
    if (!schema->columns)
        goto fail;
    add_all(schema, model, &traits);
    return ERROR_NONE;
fail:
    observe_schema_free(schema);
    return error_set(error, ERROR_RESOURCE, "out of memory for the observables");
}

void observe_schema_free(struct observe_schema *schema)
{
    free(schema->columns);
    free(schema->branches);
    free(schema->matrices);
    *schema = (struct observe_schema){0};
}

int observe_find(const struct observe_schema *schema, const char *name)
{
    for (int i = 0; i < schema->column_count; i++)
        if (strcmp(schema->columns[i].name, name) == 0)
            return i;
    return -1;
}

static double dot(size_t count, const real *a, const real *b)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static double square_of(size_t count, const double *a)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t i = 0; i < count; i++)
        sum += a[i] * a[i];
    return sum;
}

/* A cosine, NaN where its distance from 1 is the tensors' rounding: NaN stays one in every mean, and is not printed. */
static struct wide resolved(double cosine)
{
    return wide_of(REAL_RESOLVED > 0 && 1 - fabs(cosine) < REAL_RESOLVED ? NAN : cosine);
}

/* sum_{s != t} cos = |sum_t x_t/|x_t||^2 - n over the n rows that are not zero; absent where n < 2. */
static struct wide pair_cosine(int tokens, int width, const real *x, double *sum)
{
    size_t d = (size_t)width;
    int n = 0;
    memset(sum, 0, d * sizeof *sum);
    for (int t = 0; t < tokens; t++) {
        const real *row = x + (size_t)t * d;
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
    return resolved((square_of(d, sum) - n) / ((double)n * (n - 1)));
}

/* What rounding makes of equal rows' specific part, over their mean square. Each of T steps adds at most T g eps/2 of error
 * to a sum of T numbers g, hence T g eps/2 to their mean and, with the division's own, (T + 1) g eps/2; where rows took
 * different ways to the same numbers they differ by some eps/2 of g besides. T eps is above their sum. Sums are of doubles
 * in single precision, too. */
static double shared_rounding(int tokens)
{
    return (tokens * DBL_EPSILON) * (tokens * DBL_EPSILON);
}

/* Mean square of what is left when each feature's mean over tokens is taken off: 0 where it is rounding beside `square`,
 * the mean square of all. */
static double specific_variance(int tokens, int width, const real *g, double square, double *mean)
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
        const real *row = g + (size_t)t * d;
#pragma omp simd reduction(+ : sum)
        for (size_t i = 0; i < d; i++)
            sum += (row[i] - mean[i]) * (row[i] - mean[i]);
    }
    double specific = sum / tokens / width;
    return specific <= shared_rounding(tokens) * square ? 0 : specific;
}

/* pair_cosine of the tokens from `first` on, by the Gram of all. */
static struct wide gram_cosine(int tokens, int first, const double *gram)
{
    size_t T = (size_t)tokens;
    double sum = 0, scale[tokens];
    int n = 0;
    for (size_t s = (size_t)first; s < T; s++) {
        double square = gram[s * T + s];
        scale[s] = square > 0 ? 1 / sqrt(square) : 0;
        n += square > 0;
        for (size_t t = (size_t)first; t < s; t++)
            sum += scale[s] * scale[t] * gram[s * T + t];
    }
    return n < 2 ? wide_absent() : resolved(2 * sum / ((double)n * (n - 1)));
}

/* |X|_F^2 / |X|_2^2 = tr G / the largest eigenvalue of the tokens' Gram G. Absent where x is 0 or not finite. */
static struct wide stable_rank(int tokens, const double *gram, struct arena work)
{
    double trace = 0, largest = spectrum_largest_of(tokens, gram, work);
    for (size_t t = 0; t < (size_t)tokens; t++)
        trace += gram[t * (size_t)tokens + t];
    return largest > 0 && isfinite(trace) ? wide_of(trace / largest) : wide_absent();
}

/* The largest of count squares of scale x[i], 0 where each is NaN. Lanes of their own, since no compiler may reorder a
 * maximum that could meet NaN. */
static double largest_square(size_t count, double scale, const real *x)
{
    enum { WIDE = 8 };
    double lanes[WIDE] = {0}, largest = 0;
    size_t i = 0;
    for (; i + WIDE <= count; i += WIDE)
        for (size_t lane = 0; lane < WIDE; lane++) {
            double square = (scale * x[i + lane]) * (scale * x[i + lane]);
            lanes[lane] = square > lanes[lane] ? square : lanes[lane];
        }
    for (; i < count; i++)
        lanes[0] = fmax(lanes[0], (scale * x[i]) * (scale * x[i]));
    for (size_t lane = 0; lane < WIDE; lane++)
        largest = fmax(largest, lanes[lane]);
    return largest;
}

/* The largest entry and the fourth moment, over the mean square. */
static void observe_entries(const int *column, size_t count, const real *x, double mean_square, struct wide *row)
{
    double fourth = 0, scale = 1 / sqrt(mean_square);
    if (!(mean_square > 0 && isfinite(scale)))
        return;
#pragma omp simd reduction(+ : fourth)
    for (size_t i = 0; i < count; i++) {
        double square = (scale * x[i]) * (scale * x[i]);
        fourth += square * square;
    }
    row[column[OBSERVE_PEAK]] = wide_of(sqrt(largest_square(count, scale, x)));
    row[column[OBSERVE_KURTOSIS]] = wide_of(fourth / (double)count);
}

/* The mean square, and by token where asked for, of x 2^exponent. */
static double observe_square(const struct observe_schema *schema, int state, enum observe_id id, const real *x,
                             int exponent, struct wide *row)
{
    size_t d = (size_t)schema->width;
    double sum = 0;
    for (int t = 0; t < schema->tokens; t++) {
        double square = dot(d, x + (size_t)t * d, x + (size_t)t * d);
        sum += square;
        if (state == 0 && schema->token_column[id] >= 0)
            row[schema->token_column[id] + t] = (struct wide){square / schema->width, 2 * exponent};
    }
    double mean_square = sum / schema->tokens / schema->width;
    row[schema->state_column[state][id]] = (struct wide){mean_square, 2 * exponent};
    return mean_square;
}

size_t observe_work(const struct observe_schema *schema)
{
    size_t T = (size_t)schema->tokens, d = arena_doubles_cost((size_t)schema->width);
    size_t entries = memory_multiply(T, T), own = sizeof(real) == sizeof(double) ? 0 : arena_cost(entries);
    size_t gram = memory_add(memory_add(own, arena_doubles_cost(entries)), spectrum_work(schema->tokens));
    return d > gram ? d : gram;
}

/* The tokens' Gram [T][T], in double. */
static const double *gram_of(int tokens, int width, const real *x, struct arena *work)
{
    size_t entries = (size_t)tokens * (size_t)tokens;
    double *gram = arena_take_doubles(work, entries);
    if (sizeof(real) == sizeof(double)) {
        panel_gram(tokens, width, x, (void *)gram);
        return gram;
    }
    real *own = arena_take(work, entries);
    panel_gram(tokens, width, x, own);
    for (size_t i = 0; i < entries; i++)
        gram[i] = own[i];
    return gram;
}

/* What two tokens at least have. */
static void observe_pairs(const struct observe_schema *schema, const int *column, const real *x, struct wide *row,
                          struct arena work)
{
    int T = schema->tokens;
    struct arena scratch = work;
    row[column[OBSERVE_TOKEN_COSINE]] = pair_cosine(T, schema->width, x,
                                                    arena_take_doubles(&scratch, (size_t)schema->width));
    const double *gram = gram_of(T, schema->width, x, &work);
    row[column[OBSERVE_LATE_TOKEN_COSINE]] = gram_cosine(T, T / 2, gram);
    row[column[OBSERVE_TOKEN_STABLE_RANK]] = stable_rank(T, gram, work);
}

void observe_activation(const struct observe_schema *schema, int state, const real *previous, const real *x,
                        struct wide *row, struct arena work)
{
    const int *column = schema->state_column[state];
    size_t count = (size_t)schema->tokens * (size_t)schema->width;
    double square = observe_square(schema, state, OBSERVE_ACTIVATION_VARIANCE, x, 0, row);
    observe_entries(column, count, x, square, row);
    if (column[OBSERVE_TOKEN_COSINE] >= 0)
        observe_pairs(schema, column, x, row, work);
    if (!previous)
        return;
    double lengths = sqrt(dot(count, x, x)) * sqrt(dot(count, previous, previous));
    row[column[OBSERVE_LAYER_COSINE]] = lengths > 0 ? resolved(dot(count, previous, x) / lengths) : wide_absent();
}

void observe_gradient(const struct observe_schema *schema, int state, const real *g, int exponent, struct wide *row,
                      struct arena work)
{
    const int *column = schema->state_column[state];
    double square = observe_square(schema, state, OBSERVE_GRADIENT_VARIANCE, g, exponent, row);
    if (column[OBSERVE_GRADIENT_TOKEN_COSINE] < 0)
        return;
    double *sum = arena_take_doubles(&work, (size_t)schema->width);
    row[column[OBSERVE_GRADIENT_TOKEN_COSINE]] = pair_cosine(schema->tokens, schema->width, g, sum);
    double specific = specific_variance(schema->tokens, schema->width, g, square, sum);
    bool lost = specific > 0 && specific < REAL_RESOLVED * square;
    row[column[OBSERVE_GRADIENT_SPECIFIC]] = (struct wide){lost ? NAN : specific, 2 * exponent};
}

/* Means over the block's attentions and mixtures. */
static void observe_means(const int *column, const struct graph *graph, const struct block_report *report,
                          struct wide *row)
{
    double sums[OBSERVABLES] = {0};
    int attentions = 0, mixtures = 0;
    for (int n = 0; n < graph->node_count; n++) {
        if (graph->nodes[n].kind == GRAPH_ATTEND) {
            const struct attention_report *own = &report->attentions[n];
            sums[OBSERVE_ATTENTION_ENTROPY] += own->entropy;
            sums[OBSERVE_ATTENTION_ENTROPY_RELATIVE] += own->relative_entropy;
            sums[OBSERVE_ATTENTION_SQUARE] += own->square;
            sums[OBSERVE_ATTENTION_STABLE_RANK] += own->stable_rank;
            sums[OBSERVE_LOGIT_DEVIATION] += own->logit_variance;
            attentions++;
        } else if (graph->nodes[n].kind == GRAPH_MOE) {
            sums[OBSERVE_EXPERT_LOAD] += report->mixtures[n].load;
            sums[OBSERVE_EXPERT_ENTROPY] += report->mixtures[n].entropy;
            mixtures++;
        }
    }
    for (enum observe_id id = 0; id < OBSERVABLES; id++) {
        int count = observables[id].need == OBSERVE_ATTENTION ? attentions
                    : observables[id].need == OBSERVE_MIXTURE ? mixtures
                                                              : 0;
        if (count > 0 && column[id] >= 0)
            row[column[id]] = wide_of(id == OBSERVE_LOGIT_DEVIATION ? sqrt(sums[id] / count) : sums[id] / count);
    }
}

void observe_block(const struct observe_schema *schema, const struct graph *graph, const int index[],
                   const struct block_report *report, double input_square, struct wide *row)
{
    for (int s = 0; s < graph->site_count; s++) {
        if (graph->sites[s].output < 0 || !(input_square > 0))
            continue;
        const struct observe_branch *branch = &schema->branches[index[s]];
        row[branch->ratio] = wide_of(report->outputs[s] / input_square);
        row[branch->contribution] = wide_of(report->added[s] / input_square);
    }
    observe_means(schema->layer_column, graph, report, row);
}
