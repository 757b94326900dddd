#include "train/network.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/budget.h"
#include "sim/memory.h"
#include "sim/vanish.h"
#include "train/optimiser.h"

static size_t signal_entries(const struct network *network)
{
    return memory_multiply((size_t)model_rows(&network->model), (size_t)network->model.width);
}

static struct linear_map stack_map(enum network_matrix matrix, int fan_out, double sigma)
{
    return (struct linear_map){.fan_out = fan_out, .sigma = sigma, .address = {.site = NETWORK_SITE, .matrix = matrix}};
}

static int add_ends(struct network *network, double readout_sd, struct error *error)
{
    const struct model *model = &network->model;
    double embedding = model->input_scale * sqrt(0.5);
    struct linear_map tokens = stack_map(NETWORK_TOKENS, model->width, embedding);
    struct linear_map positions = stack_map(NETWORK_POSITIONS, model->width, embedding);
    network->readout_map = stack_map(NETWORK_READOUT, network->vocabulary, readout_sd);
    network->readout = (struct linear){model_rows(model), model->width, 1, &network->readout_map};
    int code = held_add(&network->held, network->vocabulary, &tokens, PARAMETRISATION_INPUT, error);
    if (code == ERROR_NONE)
        code = held_add(&network->held, model->tokens, &positions, PARAMETRISATION_INPUT, error);
    if (code == ERROR_NONE)
        code = held_add(&network->held, model->width, &network->readout_map, PARAMETRISATION_OUTPUT, error);
    return code;
}

static struct linear_cost cost_of(const struct network *network, int block)
{
    return block_cost(&network->model, &network->held.engine, network->depth.blocks[block].plan);
}

static size_t logit_entries(const struct network *network)
{
    return memory_multiply((size_t)model_rows(&network->model), (size_t)network->vocabulary);
}

/* Doubles of a pass, whose flops are added up: the blocks' tapes, the largest of their scratch, input, two gradients, logits. */
static size_t pass_doubles(struct network *network, size_t *work)
{
    size_t signals = memory_multiply(1 + 2 * (size_t)network->depth.state_count, arena_cost(signal_entries(network)));
    size_t doubles = memory_add(signals, arena_cost(logit_entries(network)));
    struct linear_cost readout = network->held.engine.cost(&network->readout);
    *work = readout.work;
    network->flops = readout.flops;
    for (int b = 0; b < network->depth.block_count; b++) {
        struct linear_cost cost = cost_of(network, b);
        doubles = memory_add(doubles, arena_cost(cost.tape));
        network->flops += cost.flops;
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
    size_t layer = (size_t)network->depth.state_count * arena_cost(signal_entries(network));
    network->gradient[0] = arena_take(&all, layer);
    network->gradient[1] = arena_take(&all, layer);
    network->logits = arena_take(&all, logit_entries(network));
    network->work = (struct arena){arena_take(&all, work), arena_cost(work), 0};
}

/* Weights, gradients, and up to two moments. */
enum { WEIGHT_ARRAYS = 2 + OPTIMISER_MOMENTS };

static int allocate(struct network *network, size_t budget, struct error *error)
{
    const struct depth *depth = &network->depth;
    network->tapes = calloc((size_t)depth->block_count, sizeof *network->tapes);
    network->inputs = calloc(((size_t)depth->block_count + 1) * (size_t)depth->state_count, sizeof *network->inputs);
    network->squares = calloc((size_t)depth->matrices_max + 1, sizeof *network->squares);
    if (!network->tapes || !network->inputs || !network->squares)
        return error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", depth->block_count);
    size_t work, doubles = pass_doubles(network, &work);
    size_t bytes = network->bytes = memory_multiply(
        memory_add(doubles, memory_multiply(WEIGHT_ARRAYS, network->held.entries)), sizeof(real));
    char needed[MEMORY_WORDS];
    if (bytes > budget)
        return budget_short("training", bytes, " in each thread", 1, "a thread's share of the limit", budget, error);
    network->memory = memory_reals(doubles);
    if (!network->memory)
        return error_set(error, ERROR_RESOURCE, "out of memory: a run needs %s", memory_words(bytes, needed));
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
    if (code == ERROR_NONE && network->depth.input_count > network->depth.state_count)
        code = error_set(error, ERROR_INPUT, "the formula reads a memory, and no task has one");
    if (code == ERROR_NONE)
        code = held_init(&network->held, &network->depth, error);
    if (code == ERROR_NONE)
        code = add_ends(network, pow(ratio, parametrisation->readout) / sqrt(model->width), error);
    if (code == ERROR_NONE) {
        held_place(&network->held);
        code = allocate(network, budget, error); // and says what is too much before a weight is drawn
    }
    if (code == ERROR_NONE)
        code = held_draw(&network->held, seed, error);
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
    free(network->squares);
    *network = (struct network){0};
}

static struct held_matrix *end_matrix(const struct network *network, enum network_matrix matrix)
{
    return held_find(&network->held, &(struct stream_address){.site = NETWORK_SITE, .matrix = matrix});
}

/* ---- embedding ---- */

void network_embed(const struct network *network, const int *tokens, real *x)
{
    size_t d = (size_t)network->model.width;
    const real *words = network->held.weights + end_matrix(network, NETWORK_TOKENS)->first;
    const real *positions = network->held.weights + end_matrix(network, NETWORK_POSITIONS)->first;
    for (size_t t = 0; t < (size_t)network->model.tokens; t++)
        for (size_t i = 0; i < d; i++)
            x[t * d + i] = words[(size_t)tokens[t] * d + i] + positions[t * d + i];
}

static void embed_backward(struct network *network, const int *tokens, const real *dx)
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

void network_loss_cotangent(const struct network *network, const real *x, const int *y, real *logits, real *g)
{
    const real *readout = network->held.weights + end_matrix(network, NETWORK_READOUT)->first;
    int T = network->model.tokens, d = network->model.width, V = network->vocabulary, counted = 0;
    for (int t = 0; t < T; t++)
        counted += y[t] != TASK_IGNORED;
    REAL_BLAS(gemm)(CblasRowMajor, CblasNoTrans, CblasNoTrans, T, V, d, 1, x, d, readout, V, 0, logits, V);
    readout_loss(T, V, y, counted, logits);
    REAL_BLAS(gemm)(CblasRowMajor, CblasNoTrans, CblasTrans, T, d, V, 1, logits, V, readout, V, 0, g, d);
}

/* ---- both passes ---- */

/* The states of a layer. */
static const real **layer_of(const struct network *network, int layer)
{
    return network->inputs + layer * network->depth.state_count;
}

const real *network_output(const struct network *network)
{
    return network_layer(network, network->depth.block_count);
}

const real *network_layer(const struct network *network, int layer)
{
    return layer_of(network, layer)[0];
}

static void forward_block(struct network *network, int b, bool skipped)
{
    struct block_run run = {&network->model, &network->held.engine, 0, 0};
    struct block_report report = {.gradients = network->squares};
    const real **inputs = layer_of(network, b), **outputs = layer_of(network, b + 1);
    if (skipped)
        memcpy(outputs, inputs, (size_t)network->depth.state_count * sizeof *outputs);
    else
        block_forward(&run, &network->depth.blocks[b], inputs, outputs, network->tapes[b], network->work, &report);
}

double network_forward(struct network *network, const struct network_batch *batch, int skip)
{
    const struct model *model = &network->model;
    size_t T = (size_t)model->tokens, d = (size_t)model->width;
    for (size_t b = 0; b < (size_t)model->sequences; b++)
        network_embed(network, batch->x + b * T, network->input + b * T * d);
    for (int i = 0; i < network->depth.state_count; i++)
        layer_of(network, 0)[i] = network->input;
    for (int b = 0; b < network->depth.block_count; b++)
        forward_block(network, b, b + 1 == skip);
    const struct linear_engine *engine = &network->held.engine;
    engine->forward(engine, &network->readout, network_output(network), (real *const[]){network->logits}, NULL,
                    network->work);
    return readout_loss(model_rows(model), network->vocabulary, batch->y, batch->counted, network->logits);
}

bool network_in_range(const struct network *network)
{
    size_t count = signal_entries(network);
    for (int b = 0; b <= network->depth.block_count; b++)
        for (int i = 0; i < network->depth.state_count; i++) {
            const real *x = layer_of(network, b)[i];
            double square = REAL_SQUARE(count, x) / (double)count;
            if (!isnormal(square) && !(square == 0 && vanish_is_zero(count, x)))
                return false;
        }
    return true;
}

/* State i of what gradient[side] holds. */
static real *gradient_of(const struct network *network, int side, int i)
{
    return network->gradient[side] + (size_t)i * arena_cost(signal_entries(network));
}

static void backward_block(struct network *network, int b, int from)
{
    struct block_run run = {&network->model, &network->held.engine, 0, 0};
    struct block_report report = {.gradients = network->squares};
    const real *dy[GRAPH_INPUTS_MAX];
    real *dx[GRAPH_INPUTS_MAX];
    for (int i = 0; i < network->depth.state_count; i++) {
        dy[i] = gradient_of(network, from, i);
        dx[i] = gradient_of(network, !from, i);
    }
    block_backward(&run, &network->depth.blocks[b], layer_of(network, b), dy, dx, network->tapes[b], network->work,
                   &report);
}

void network_backward(struct network *network, const struct network_batch *batch)
{
    const struct linear_engine *engine = &network->held.engine;
    size_t signal = signal_entries(network);
    double square = 0;
    int side = 0;
    held_clear(&network->held);
    engine->backward(engine, &network->readout, network_output(network), NULL, (const real *const[]){network->logits},
                     0, gradient_of(network, 0, 0), &square, NULL, network->work);
    for (int i = 1; i < network->depth.state_count; i++)
        memset(gradient_of(network, 0, i), 0, signal * sizeof(real));
    for (int b = network->depth.block_count - 1; b >= 0; b--, side = !side)
        backward_block(network, b, side);
    for (int i = 1; i < network->depth.state_count; i++)
        REAL_BLAS(axpy)((int)signal, 1, gradient_of(network, side, i), 1, gradient_of(network, side, 0), 1);
    embed_backward(network, batch->x, gradient_of(network, side, 0));
    held_finish(&network->held);
}

/* ---- collapse ---- */

/* With unit rows n_t and their mean m over the rows that are not zero, 1 - mean of <n_s, n_t> over pairs is
 * sum |n_t - m|^2/(n - 1). NAN where fewer than two are left; 0 where rounding makes as much, by errors of REAL_RESOLVED
 * that are independent from token to token. */
static double sequence_spread(int tokens, size_t d, const real *x, real *unit, double *mean)
{
    int n = 0;
    memset(mean, 0, d * sizeof *mean);
    for (int t = 0; t < tokens; t++) {
        double norm = REAL_BLAS(nrm2)((int)d, x + (size_t)t * d, 1);
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
    double spread = n > 1 ? sum / (n - 1) : NAN;
    return spread < REAL_RESOLVED * REAL_RESOLVED ? 0 : spread;
}

double network_spread(const struct network *network)
{
    const struct model *model = &network->model;
    size_t d = (size_t)model->width, T = (size_t)model->tokens;
    const real *x = network_output(network);
    real *unit = network->gradient[0]; // as the other is, free between passes
    double *mean = (double *)(void *)network->gradient[1], sum = 0;
    for (size_t b = 0; T > 1 && b < (size_t)model->sequences; b++) // which has room for d doubles
        sum += sequence_spread(model->tokens, d, x + b * T * d, unit, mean);
    return T > 1 ? sum / model->sequences : NAN;
}
