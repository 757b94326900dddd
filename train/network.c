#include "train/network.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "train/optimiser.h"

static size_t signal_entries(const struct network *network)
{
    return memory_multiply((size_t)model_rows(&network->model), (size_t)network->model.width);
}

static struct linear_map stack_map(enum network_matrix matrix, int fan_out, double sigma)
{
    return (struct linear_map){fan_out, sigma, {.matrix = matrix}};
}

static int add_ends(struct network *network, double readout_sd, struct error *error)
{
    const struct model *model = &network->model;
    double embedding = model->input_scale * sqrt(0.5);
    struct linear_map tokens = stack_map(NETWORK_TOKENS, model->width, embedding);
    struct linear_map positions = stack_map(NETWORK_POSITIONS, model->width, embedding);
    struct linear_map readout = stack_map(NETWORK_READOUT, network->vocabulary, readout_sd);
    network->readout = (struct linear){model_rows(model), model->width, 1, {readout}};
    int code = held_add(&network->held, network->vocabulary, &tokens, PARAMETRISATION_INPUT, error);
    if (code == ERROR_NONE)
        code = held_add(&network->held, model->tokens, &positions, PARAMETRISATION_INPUT, error);
    if (code == ERROR_NONE)
        code = held_add(&network->held, model->width, &readout, PARAMETRISATION_OUTPUT, error);
    return code;
}

static struct linear_cost cost_of(const struct network *network, int block)
{
    return block_cost(&network->model, &network->held.engine, network->depth.blocks[block].graph);
}

static size_t logit_entries(const struct network *network)
{
    return memory_multiply((size_t)model_rows(&network->model), (size_t)network->vocabulary);
}

/* Doubles of a pass: the blocks' tapes, the largest of their scratch, input, two gradients, logits. */
static size_t pass_doubles(const struct network *network, size_t *work)
{
    size_t signals = memory_multiply(3, arena_cost(signal_entries(network)));
    size_t doubles = memory_add(signals, arena_cost(logit_entries(network)));
    *work = 0;
    for (int b = 0; b < network->depth.block_count; b++) {
        struct linear_cost cost = cost_of(network, b);
        doubles = memory_add(doubles, arena_cost(cost.tape));
        *work = cost.work > *work ? cost.work : *work;
    }
    return memory_add(doubles, arena_cost(*work));
}

static void lay_out(struct network *network, struct arena all, size_t work)
{
    for (int b = 0; b < network->depth.block_count; b++) {
        size_t tape = cost_of(network, b).tape;
        network->tapes[b] = (struct arena){arena_take(&all, tape), arena_cost(tape), 0};
    }
    network->input = arena_take(&all, signal_entries(network));
    network->inputs[0] = network->input;
    network->gradient[0] = arena_take(&all, signal_entries(network));
    network->gradient[1] = arena_take(&all, signal_entries(network));
    network->logits = arena_take(&all, logit_entries(network));
    network->work = (struct arena){arena_take(&all, work), arena_cost(work), 0};
}

/* Weights, gradients, and up to two moments. */
enum { WEIGHT_ARRAYS = 2 + OPTIMISER_MOMENTS };

static int allocate(struct network *network, size_t budget, struct error *error)
{
    const struct depth *depth = &network->depth;
    network->tapes = calloc((size_t)depth->block_count, sizeof *network->tapes);
    network->inputs = calloc((size_t)depth->block_count + 1, sizeof *network->inputs);
    network->ratios = calloc((size_t)depth->sites_max + 1, sizeof *network->ratios);
    network->reports = calloc((size_t)depth->sites_max + 1, sizeof *network->reports);
    if (!network->tapes || !network->inputs || !network->ratios || !network->reports)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", depth->block_count);
    size_t work, doubles = pass_doubles(network, &work);
    size_t bytes = memory_multiply(memory_add(doubles, memory_multiply(WEIGHT_ARRAYS, network->held.entries)),
                                   sizeof(double));
    if (bytes > budget)
        return error_set(error, ERROR_RESOURCE,
                         "memory: training needs at least %.4g GB in each thread, the limit is %.4g GB (--memory)",
                         (double)bytes / 1e9, (double)budget / 1e9);
    network->memory = memory_doubles(doubles);
    if (!network->memory)
        return error_set(error, ERROR_RESOURCE, "out of memory: a run needs %.4g GB", (double)bytes / 1e9);
    lay_out(network, (struct arena){network->memory, doubles, 0}, work);
    return ERROR_NONE;
}

int network_init(struct network *network, const struct model *model, int batch, int vocabulary,
                 const struct parametrisation *parametrisation, double base_width, uint64_t seed, size_t budget,
                 struct error *error)
{
    double ratio = model->width / base_width;
    *network = (struct network){.model = *model, .vocabulary = vocabulary};
    network->model.sequences = batch;
    network->model.logit_factor *= pow(ratio, parametrisation->logits);
    int code = depth_init(&network->depth, &network->model, false, error);
    if (code == ERROR_NONE)
        code = held_init(&network->held, &network->depth, error);
    if (code == ERROR_NONE)
        code = add_ends(network, pow(ratio, parametrisation->readout) / sqrt(model->width), error);
    if (code == ERROR_NONE)
        code = held_draw(&network->held, seed, error);
    if (code == ERROR_NONE)
        code = allocate(network, budget, error);
    if (code != ERROR_NONE)
        network_free(network);
    return code;
}

void network_free(struct network *network)
{
    depth_free(&network->depth);
    held_free(&network->held);
    free(network->memory);
    free(network->tapes);
    free(network->inputs);
    free(network->ratios);
    free(network->reports);
    *network = (struct network){0};
}

static struct held_matrix *end_matrix(const struct network *network, enum network_matrix matrix)
{
    return held_find(&network->held, &(struct stream_address){.matrix = matrix});
}

/* ---- embedding ---- */

void network_embed(const struct network *network, const int *tokens, double *x)
{
    size_t d = (size_t)network->model.width;
    const real *words = network->held.weights + end_matrix(network, NETWORK_TOKENS)->first;
    const real *positions = network->held.weights + end_matrix(network, NETWORK_POSITIONS)->first;
    for (size_t t = 0; t < (size_t)network->model.tokens; t++)
        for (size_t i = 0; i < d; i++)
            x[t * d + i] = words[(size_t)tokens[t] * d + i] + positions[t * d + i];
}

static void embed_backward(struct network *network, const int *tokens, const double *dx)
{
    struct held_matrix *words = end_matrix(network, NETWORK_TOKENS);
    struct held_matrix *positions = end_matrix(network, NETWORK_POSITIONS);
    size_t d = (size_t)network->model.width, T = (size_t)network->model.tokens;
    real *dwords = network->held.gradients + words->first, *dpositions = network->held.gradients + positions->first;
    memset(dwords, 0, words->entries * sizeof *dwords);
    memset(dpositions, 0, positions->entries * sizeof *dpositions);
    for (size_t n = 0; n < (size_t)network->model.sequences * T; n++) {
        for (size_t i = 0; i < d; i++) {
            dwords[(size_t)tokens[n] * d + i] += dx[n * d + i];
            dpositions[n % T * d + i] += dx[n * d + i];
        }
    }
    words->fresh = positions->fresh = false;
}

/* ---- loss ---- */

/* The largest logit is taken off first, so that exp cannot overflow. Returns -log p[target]. */
static double softmax_row(int count, int target, double *p)
{
    double largest = p[0], sum = 0;
    for (int i = 1; i < count; i++)
        largest = p[i] > largest ? p[i] : largest;
    double own = p[target] - largest;
    for (int i = 0; i < count; i++) {
        p[i] = exp(p[i] - largest);
        sum += p[i];
    }
    for (int i = 0; i < count; i++)
        p[i] /= sum;
    return log(sum) - own;
}

double network_cross_entropy(int rows, int vocabulary, const int *y, int counted, double *logits)
{
    double loss = 0;
    for (int n = 0; n < rows; n++) {
        double *row = logits + (size_t)n * (size_t)vocabulary;
        if (y[n] == TASK_IGNORED) {
            memset(row, 0, (size_t)vocabulary * sizeof *row);
            continue;
        }
        loss += softmax_row(vocabulary, y[n], row);
        row[y[n]] -= 1;
        for (int i = 0; i < vocabulary; i++)
            row[i] /= counted;
    }
    return loss / counted;
}

/* ---- both passes ---- */

double network_forward(struct network *network, const struct network_batch *batch, int skip)
{
    const struct model *model = &network->model;
    struct block_run run = {model, &network->held.engine, 0, 0};
    double *x = network->input;
    size_t T = (size_t)model->tokens, d = (size_t)model->width;
    for (size_t b = 0; b < (size_t)model->sequences; b++)
        network_embed(network, batch->x + b * T, x + b * T * d);
    for (int b = 0; b < network->depth.block_count; b++)
        network->inputs[b + 1] = b + 1 == skip ? network->inputs[b]
                                               : block_forward(&run, &network->depth.blocks[b], network->inputs[b],
                                                               network->tapes[b], network->work, network->ratios,
                                                               network->reports);
    const struct linear_engine *engine = &network->held.engine;
    engine->forward(engine, &network->readout, network->inputs[network->depth.block_count],
                    (double *const[]){network->logits}, NULL, network->work);
    return network_cross_entropy(model_rows(model), network->vocabulary, batch->y, batch->counted, network->logits);
}

void network_backward(struct network *network, const struct network_batch *batch)
{
    const struct model *model = &network->model;
    struct block_run run = {model, &network->held.engine, 0, 0};
    const struct linear_engine *engine = &network->held.engine;
    double *g = network->gradient[0], *dx = network->gradient[1], square = 0;
    held_clear(&network->held);
    engine->backward(engine, &network->readout, network->inputs[network->depth.block_count], NULL,
                     (const double *const[]){network->logits}, 0, g, &square, NULL, network->work);
    for (int b = network->depth.block_count - 1; b >= 0; b--) {
        block_backward(&run, &network->depth.blocks[b], network->inputs[b], g, dx, network->tapes[b], network->work,
                       network->reports);
        double *swap = g;
        g = dx;
        dx = swap;
    }
    embed_backward(network, batch->x, g);
    held_finish(&network->held);
}

/* ---- collapse ---- */

/* With unit rows n_t and their mean m over the rows that are not zero, 1 - mean of <n_s, n_t> over pairs is
 * sum |n_t - m|^2/(n - 1). NAN where fewer than two are left. */
static double sequence_spread(int tokens, size_t d, const double *x, double *unit, double *mean)
{
    int n = 0;
    memset(mean, 0, d * sizeof *mean);
    for (int t = 0; t < tokens; t++) {
        double norm = cblas_dnrm2((int)d, x + (size_t)t * d, 1);
        if (norm == 0)
            continue;
        for (size_t i = 0; i < d; i++) {
            unit[(size_t)n * d + i] = x[(size_t)t * d + i] / norm;
            mean[i] += unit[(size_t)n * d + i];
        }
        n++;
    }
    double sum = 0;
    for (int t = 0; t < n; t++)
        for (size_t i = 0; i < d; i++) {
            double deviation = unit[(size_t)t * d + i] - mean[i] / n;
            sum += deviation * deviation;
        }
    return n > 1 ? sum / (n - 1) : NAN;
}

double network_spread(const struct network *network)
{
    const struct model *model = &network->model;
    size_t d = (size_t)model->width, T = (size_t)model->tokens;
    const double *x = network->inputs[network->depth.block_count];
    double *unit = network->gradient[0], *mean = network->gradient[1], sum = 0; // free between passes
    for (size_t b = 0; b < (size_t)model->sequences; b++)
        sum += sequence_spread(model->tokens, d, x + b * T * d, unit, mean);
    return sum / model->sequences;
}
