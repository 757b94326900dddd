#include "analysis/limit/replica.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int replica_init(struct replica *replica, const struct course *course, uint64_t seed, size_t budget,
                 struct error *error)
{
    size_t count = (size_t)course->depth.block_count;
    int code = ERROR_NONE;
    *replica = (struct replica){.course = course, .seed = seed, .budget = budget};
    replica->flows = calloc(count, sizeof *replica->flows);
    replica->read = calloc(count, sizeof *replica->read);
    replica->states = calloc(count + 1, sizeof *replica->states);
    replica->values = calloc(course->cells, sizeof *replica->values);
    if (!replica->flows || !replica->read || !replica->states || !replica->values)
        code = error_set(error, ERROR_RESOURCE, "out of memory for %zu blocks", count);
    for (size_t b = 0; code == ERROR_NONE && b < count; b++)
        code = flow_open(&replica->flows[b], course->layout[b], &course->depth.blocks[b], error);
    if (code != ERROR_NONE)
        replica_free(replica);
    return code;
}

void replica_free(struct replica *replica)
{
    for (int b = 0; replica->flows && b < replica->course->depth.block_count; b++)
        flow_close(&replica->flows[b]);
    pool_free(&replica->forward);
    pool_free(&replica->reverse[0]);
    pool_free(&replica->reverse[1]);
    pool_free(&replica->sources);
    free(replica->flows);
    free(replica->read);
    free(replica->states);
    free(replica->values);
    *replica = (struct replica){0};
}

static const struct space *states_space(const struct replica *replica, int block)
{
    const struct layout *layout = replica->course->layout[block];
    return &layout->spaces[layout->states];
}

static struct wide *layer_row(const struct replica *replica, int layer)
{
    return replica->values + (size_t)layer * (size_t)replica->course->depth.schema.column_count;
}

/* ---- observables: the same cells as sim/observe and sim/stack fill from samples ---- */

static struct wide cosine_cell(double cosine)
{
    return isnan(cosine) ? wide_absent() : wide_of(cosine);
}

static void observe_squares(const struct replica *replica, struct gram_space grams, enum observe_id id,
                            const double *gram, int exponent, struct wide *row)
{
    const struct observe_schema *schema = &replica->course->depth.schema;
    row[schema->layer_column[id]] = (struct wide){gram_mean_square(grams, gram), exponent};
    for (int t = 0; schema->token_column[id] >= 0 && t < schema->tokens; t++)
        row[schema->token_column[id] + t] = (struct wide){gram_diagonal(grams, gram, t), exponent};
}

static void observe_forward(struct replica *replica, int layer, struct pool *work)
{
    const int *column = replica->course->depth.schema.layer_column;
    const struct space *space = states_space(replica, layer > 0 ? layer - 1 : 0);
    struct wide *row = layer_row(replica, layer);
    struct pool_mark mark = pool_mark(work);
    double *gram = pool_take(work, gram_size(space->grams));
    frame_gram(space, 1, &replica->states[layer].signals[0], gram);
    observe_squares(replica, space->grams, OBSERVE_ACTIVATION_VARIANCE, gram, 0, row);
    if (column[OBSERVE_TOKEN_COSINE] >= 0)
        row[column[OBSERVE_TOKEN_COSINE]] = cosine_cell(gram_cosine(space->grams, gram));
    pool_release(work, mark);
}

static void observe_reverse(struct replica *replica, int layer, const struct signal *gradient, int exponent,
                            struct pool *work)
{
    const int *column = replica->course->depth.schema.layer_column;
    const struct space *space = states_space(replica, layer > 0 ? layer - 1 : 0);
    struct wide *row = layer_row(replica, layer);
    struct pool_mark mark = pool_mark(work);
    double *gram = pool_take(work, gram_size(space->grams));
    frame_gram(space, 1, gradient, gram);
    observe_squares(replica, space->grams, OBSERVE_GRADIENT_VARIANCE, gram, exponent, row);
    if (column[OBSERVE_GRADIENT_TOKEN_COSINE] >= 0) {
        row[column[OBSERVE_GRADIENT_TOKEN_COSINE]] = cosine_cell(gram_cosine(space->grams, gram));
        row[column[OBSERVE_GRADIENT_SPECIFIC]] = (struct wide){gram_specific(space->grams, gram), exponent};
    }
    pool_release(work, mark);
}

static double mean_square(const struct space *space, const struct signal *signal)
{
    double sum = 0;
    for (int t = 0; t < space->grams.tokens; t++)
        sum += frame_square(space, signal, space->grams.exchangeable ? 0 : t);
    return sum / space->grams.tokens;
}

static double node_square(const struct flow_block *flow, int node)
{
    const struct layout *layout = flow->layout;
    return mean_square(&layout->spaces[layout->nodes[node].space], &flow->run.nodes[node].out);
}

/* ---- forward ---- */

static int out_of_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for a replica of the Grams");
}

static void fresh_source(struct replica *replica, struct space *space, const double *gram, int number,
                         struct signal *signal)
{
    struct stream_address address = {replica->seed, replica->number, 0, (uint32_t)number, 0, 0, STREAM_REPLICA};
    replica->drawn |= space->drawn || space->population > 0;
    struct factor factor = frame_factor(space->grams, gram, &replica->sources);
    *signal = frame_fresh(space, &factor, &address, &replica->sources, NULL);
}

static void draw_memories(struct replica *replica)
{
    const struct course *course = replica->course;
    memset(replica->memories, 0, sizeof replica->memories);
    for (int i = 0; i < course->layout_count; i++) {
        const struct layout *layout = &course->layouts[i];
        const struct graph *graph = layout->plan->graph;
        for (int n = 0; n < graph->node_count; n++) {
            int input = graph->nodes[n].index;
            if (graph->nodes[n].kind != GRAPH_INPUT || !graph->nodes[n].memory || replica->memories[input].at)
                continue;
            struct space space = layout->spaces[layout->nodes[n].space];
            double *gram = pool_take(&replica->sources, gram_size(space.grams));
            course_memory(course, gram);
            fresh_source(replica, &space, gram, 1 + input, &replica->memories[input]);
        }
    }
}

/* All states start as the embedding. */
static void draw_sources(struct replica *replica)
{
    const struct course *course = replica->course;
    struct space space = *states_space(replica, 0);
    pool_clear(&replica->sources);
    double *gram = pool_take(&replica->sources, gram_size(space.grams));
    course_input(course, gram);
    struct flow_states *states = &replica->states[0];
    states->count = course->depth.blocks[0].graph->state_count;
    fresh_source(replica, &space, gram, 0, &states->signals[0]);
    for (int s = 1; s < states->count; s++)
        states->signals[s] = states->signals[0];
    draw_memories(replica);
}

static size_t bytes_held(const struct replica *replica)
{
    size_t bytes = 0;
    for (int b = 0; b < replica->course->depth.block_count; b++)
        bytes += replica->flows[b].pool.bytes;
    return bytes;
}

static int read_block(struct replica *replica, int block, struct flow_states *out, struct pool *keep,
                      double *covariance, struct error *error)
{
    struct flow_replica shared = {replica->seed, replica->number, replica->memories, &replica->drawn,
                                  &replica->too_sharp};
    replica->read[block] = true;
    return flow_forward(&replica->flows[block], &shared, &replica->states[block], out, keep, covariance, error);
}

static int forward_pass(struct replica *replica, const volatile sig_atomic_t *stop, struct error *error)
{
    const struct course *course = replica->course;
    const int *column = course->depth.schema.layer_column;
    observe_forward(replica, 0, &replica->sources);
    double square = mean_square(states_space(replica, 0), &replica->states[0].signals[0]);
    for (int b = 0; b < course->depth.block_count; b++) {
        double covariance;
        if (stop && *stop)
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        int code = read_block(replica, b, &replica->states[b + 1], &replica->forward, &covariance, error);
        if (code != ERROR_NONE)
            return code;
        double next = mean_square(states_space(replica, b), &replica->states[b + 1].signals[0]);
        if (!isfinite(next) || !isfinite(covariance))
            return error_set(error, ERROR_INPUT,
                             "the signal leaves the range of double in block %d of %d; fewer layers, smaller weights "
                             "or a norm would keep it there",
                             b + 1, course->model.layers);
        if (b < course->model.layers) {
            struct wide *row = layer_row(replica, b + 1);
            double lengths = course->model.tokens * sqrt(square) * sqrt(next);
            observe_forward(replica, b + 1, &replica->sources);
            if (lengths > 0)
                row[column[OBSERVE_LAYER_COSINE]] = wide_of(covariance / lengths);
            observe_branches(replica, b, square, row);
        }
        if (b > 0 && bytes_held(replica) > replica->budget) {
            pool_free(&replica->flows[b].pool);
            replica->read[b] = false;
        }
        square = next;
    }
    return ERROR_NONE;
}

/* ---- reverse ---- */

/* Brings the gradients' mean square near 1 by an exact power of two; returns the exponent of Grams now. */
static int rescale(const struct replica *replica, int block, struct flow_states *dx, int exponent)
{
    const struct space *space = states_space(replica, block);
    double square = 0;
    int shift = 0;
    for (int s = 0; s < dx->count; s++)
        square = fmax(square, mean_square(space, &dx->signals[s]));
    if (square > 0)
        frexp(square, &shift);
    if (abs(shift) < 64)
        return exponent;
    shift = shift / 2;
    for (int s = 0; s < dx->count; s++)
        cblas_dscal(frame_rows(space) * dx->signals[s].columns, ldexp(1, -shift), dx->signals[s].at, 1);
    return exponent + 2 * shift;
}

/* Reads a block again whose flow was given up. */
static int need_block(struct replica *replica, int block, struct error *error)
{
    struct flow_states again;
    struct pool keep = {0};
    double covariance;
    if (replica->read[block])
        return ERROR_NONE;
    int code = read_block(replica, block, &again, &keep, &covariance, error);
    pool_free(&keep);
    return code;
}

static int draw_cotangent(struct replica *replica, struct flow_states *dy, struct error *error)
{
    const struct course *course = replica->course;
    int last = course->depth.block_count - 1;
    double *gram = pool_take(&replica->sources, gram_size(states_space(replica, last)->grams));
    course_cotangent(course, gram);
    pool_clear(&replica->reverse[(last + 1) % 2]);
    int code = need_block(replica, last, error);
    return code != ERROR_NONE ? code
                              : flow_cotangent(&replica->flows[last], gram, dy, &replica->reverse[(last + 1) % 2],
                                               error);
}

static int reverse_pass(struct replica *replica, const volatile sig_atomic_t *stop, struct error *error)
{
    const struct course *course = replica->course;
    int blocks = course->depth.block_count, layers = course->model.layers, exponent = 0;
    struct flow_states dy, dx;
    int code = draw_cotangent(replica, &dy, error);
    for (int b = blocks - 1; code == ERROR_NONE && b >= 0; b--) {
        struct pool *keep = &replica->reverse[b % 2];
        if (stop && *stop)
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        if (b == blocks - 1 && blocks == layers)
            observe_reverse(replica, layers, &dy.signals[0], exponent, &replica->sources);
        pool_clear(keep);
        code = need_block(replica, b, error);
        if (code == ERROR_NONE)
            code = flow_backward(&replica->flows[b], &dy, &dx, keep, error);
        if (code != ERROR_NONE)
            return code;
        if (b < layers)
            observe_weights(replica, b, exponent, layer_row(replica, b + 1));
        observe_reverse(replica, b, &dx.signals[0], exponent, &replica->sources);
        if (!isfinite(mean_square(states_space(replica, b), &dx.signals[0])))
            return error_set(error, ERROR_INPUT, "the gradient leaves the range of double within block %d of %d", b + 1,
                             layers);
        exponent = rescale(replica, b, &dx, exponent);
        dy = dx;
    }
    return code;
}

static int run(struct replica *replica, const volatile sig_atomic_t *stop, struct error *error)
{
    draw_sources(replica);
    int code = forward_pass(replica, stop, error);
    return code == ERROR_NONE ? reverse_pass(replica, stop, error) : code;
}

int replica_run(struct replica *replica, uint64_t number, const volatile sig_atomic_t *stop, struct error *error)
{
    jmp_buf exhausted;
    replica->number = number;
    replica->sources.exhausted = &exhausted;
    for (size_t i = 0; i < replica->course->cells; i++)
        replica->values[i] = wide_absent();
    pool_clear(&replica->forward);
    if (setjmp(exhausted))
        return out_of_memory(error);
    return run(replica, stop, error);
}
