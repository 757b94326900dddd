#include "sim/readout.h"

#include <math.h>
#include <string.h>

/* ---- the loss ---- */

/* The largest logit is taken off first, so that exp cannot overflow. Returns -log p[target]. */
static double softmax_row(int count, int target, real *p)
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

double readout_loss(int rows, int vocabulary, const int *y, int counted, real *logits)
{
    double loss = 0;
    for (int n = 0; n < rows; n++) {
        real *row = logits + (size_t)n * (size_t)vocabulary;
        if (y[n] == READOUT_IGNORED) {
            memset(row, 0, (size_t)vocabulary * sizeof *row);
            continue;
        }
        loss += softmax_row(vocabulary, y[n], row);
        row[y[n]] -= 1;
        for (int i = 0; i < vocabulary; i++)
            row[i] /= (real)counted;
    }
    return loss / counted;
}

/* ---- targets ---- */

static double weight_of(int v, double exponent)
{
    return pow(v + 1, -exponent);
}

/* The first whose cumulated weight is above u. */
static int find_target(int vocabulary, const double *cumulated, double u)
{
    int low = 0, high = vocabulary - 1;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (cumulated[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void readout_targets(const struct stream_address *address, int tokens, int vocabulary, double exponent,
                     double *cumulated, int *y)
{
    struct stream stream = stream_open(address);
    double sum = 0;
    for (int v = 0; v < vocabulary; v++)
        cumulated[v] = sum += weight_of(v, exponent);
    for (int t = 0; t < tokens; t++) {
        uint64_t word;
        stream_words(&stream, (uint64_t)t, 1, &word);
        y[t] = find_target(vocabulary, cumulated, (double)(word >> 11) * 0x1p-53 * sum);
    }
}

double readout_agreement(int vocabulary, double exponent)
{
    double sum = 0, squares = 0;
    for (int v = 0; v < vocabulary; v++) {
        double weight = weight_of(v, exponent);
        sum += weight;
        squares += weight * weight;
    }
    return squares / (sum * sum);
}

/* ---- through the readout ---- */

static struct linear_map map_of(const struct block_run *run)
{
    return (struct linear_map){
        .fan_out = run->model->vocabulary,
        .sigma = 1 / sqrt(run->model->width),
        .address = {.seed = run->seed, .sample = run->sample, .site = READOUT_SITE, .matrix = READOUT_MATRIX},
    };
}

static size_t logit_entries(const struct model *model)
{
    return memory_multiply((size_t)model->tokens, (size_t)model->vocabulary);
}

/* Reals whose place bytes can have, of other types than theirs. */
static size_t reals_for(size_t count, size_t size)
{
    return memory_add(memory_multiply(count, size), sizeof(real) - 1) / sizeof(real);
}

static size_t target_reals(const struct model *model)
{
    return reals_for((size_t)model->tokens, sizeof(int));
}

static size_t law_reals(const struct model *model)
{
    return reals_for((size_t)model->vocabulary, sizeof(double));
}

/* Logits and their gradient, the tape of the one map, targets and their law. */
struct linear_cost readout_cost(const struct model *model, const struct linear_engine *engine)
{
    struct block_run run = {model, engine, 0, 0};
    struct linear_map map = map_of(&run);
    struct linear linear = {model->tokens, model->width, 1, &map};
    struct linear_cost cost = engine->cost(&linear);
    size_t logits = memory_multiply(2, arena_cost(logit_entries(model)));
    size_t targets = memory_add(arena_cost(target_reals(model)), arena_cost(law_reals(model)));
    cost.work = memory_add(memory_add(cost.work, arena_cost(cost.tape)), memory_add(logits, targets));
    cost.tape = 0; // none of it outlives the call
    cost.forward_normals = cost.forward_flops = 0;
    return cost;
}

void readout_gradient(const struct block_run *run, const real *x, const int *y, int counted, real *g, struct arena work)
{
    const struct model *model = run->model;
    struct linear_map map = map_of(run);
    struct linear linear = {model->tokens, model->width, 1, &map};
    size_t entries = logit_entries(model);
    double square = 0;
    real *logits = arena_take(&work, entries), *slope = arena_take(&work, entries);
    real *tape = arena_take(&work, run->engine->cost(&linear).tape);
    run->engine->forward(run->engine, &linear, x, &logits, tape, work);
    memcpy(slope, logits, entries * sizeof *slope);
    readout_loss(model->tokens, model->vocabulary, y, counted, slope);
    run->engine->backward(run->engine, &linear, x, (const real *const[]){logits}, (const real *const[]){slope}, 0, g,
                          &square, tape, work);
}

void readout_cotangent(const struct block_run *run, const real *x, real *g, struct arena work)
{
    const struct model *model = run->model;
    struct stream_address address = {.seed = run->seed, .sample = run->sample, .role = STREAM_COTANGENT};
    int *y = (int *)(void *)arena_take(&work, target_reals(model));
    struct arena scratch = work;
    double *cumulated = (double *)(void *)arena_take(&scratch, law_reals(model));
    readout_targets(&address, model->tokens, model->vocabulary, model->zipf, cumulated, y);
    readout_gradient(run, x, y, model->tokens, g, work);
}
