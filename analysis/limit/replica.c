#include "analysis/limit/replica.h"

#include <gsl/gsl_pow_int.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/loss.h"

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
    pool_free(&replica->scratch);
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

/* ---- observables: the same cells as sim/observe fills from samples ---- */

static struct wide cell(double value)
{
    return isnan(value) ? wide_absent() : wide_of(value);
}

static double mean_square(const struct space *space, const struct signal *signal)
{
    double sum = 0;
    for (int t = 0; t < space->grams.tokens; t++)
        sum += frame_square(space, signal, space->grams.exchangeable ? 0 : t);
    return sum / space->grams.tokens;
}

static double observe_squares(const struct observe_schema *schema, int state, enum observe_id id,
                              const struct space *space, const struct signal *signal, int exponent, struct wide *row)
{
    double mean = mean_square(space, signal);
    row[schema->state_column[state][id]] = (struct wide){mean, exponent};
    for (int t = 0; state == 0 && schema->token_column[id] >= 0 && t < schema->tokens; t++)
        row[schema->token_column[id] + t] = (struct wide){frame_square(space, signal, t), exponent};
    return mean;
}

/* The norm that fixes the state's square at a layer, or NULL. */
static const struct plan_norm *norm_of(const struct replica *replica, int layer, int state)
{
    if (layer == 0)
        return NULL;
    const struct plan *plan = replica->course->layout[layer - 1]->plan;
    const struct graph *graph = plan->graph;
    int node = graph->outputs[state];
    while (graph->nodes[node].kind == GRAPH_SCALE)
        node = graph->nodes[node].a;
    return graph->nodes[node].kind == GRAPH_NORM ? &plan->nodes[node].norm : NULL;
}

/* Mean x^4 of features that share the mean `mean`, and the rest of whose mean square `square` has a direction that is
 * uniform across that of equal features: theirs is 3 (m-1)/(m+1) times its square, and odd moments vanish. */
static double fourth_about(double m, double mean, double square)
{
    double shared = mean * mean, rest = fmax(square - shared, 0);
    return shared * shared + 6 * shared * rest + 3 * (m - 1) / (m + 1) * rest * rest;
}

/* mean x^4 over (mean x^2)^2: of the features that are held, else of a direction that is uniform given its length:
 * 3 m/(m+2) times a token's square, which to first order has a spread of its own unless a norm has fixed it. Where norms
 * of the model take means over features off, about what is left of them, which is 0 behind such a norm. */
static double kurtosis(const struct replica *replica, const struct space *space, const struct signal *signal,
                       double square, const struct plan_norm *norm)
{
    const struct layout_mode *mode = &replica->course->mode;
    bool gaussian = mode->width_limit && !(mode->first_order && norm);
    bool centred = norm && norm->norm->centres && norm->groups == 1;
    bool apart = replica->course->states.centres && space->drawn && !space->grams.exchangeable && !centred;
    double sum = 0, m = space->width, uniform = gaussian ? 3 : centred ? 3 * (m - 1) / (m + 1) : 3 * m / (m + 2);
    size_t n = (size_t)space->population, T = (size_t)space->grams.tokens;
    if (space->share > 0 && space->share < 1)
        return NAN;
    if (n == 0 && !replica->course->states.gaussian)
        return NAN;
    for (size_t t = 0; t < T; t++) {
        double own = frame_square(space, signal, space->grams.exchangeable ? 0 : (int)t);
        if (n == 0)
            sum += apart ? fourth_about(m, frame_mean(space, signal, (int)t), own) : uniform * own * own;
        for (size_t j = 0; j < n; j++)
            sum += gsl_pow_4(signal->at[t * n + j]) * (double)n;
    }
    return sum / (double)T / (square * square);
}

static void observe_state(struct replica *replica, int layer, int state, struct pool *work)
{
    const struct observe_schema *schema = &replica->course->depth.schema;
    const int *column = schema->state_column[state];
    const struct space *space = states_space(replica, layer > 0 ? layer - 1 : 0);
    const struct signal *signal = &replica->states[layer].signals[state];
    struct wide *row = layer_row(replica, layer);
    double square = observe_squares(schema, state, OBSERVE_ACTIVATION_VARIANCE, space, signal, 0, row);
    double varied = 1 + replica->states[layer].spread[state]; // to first order: (E x^2)^2 is no more E of that squared
    row[column[OBSERVE_KURTOSIS]] = cell(varied *
                                         kurtosis(replica, space, signal, square, norm_of(replica, layer, state)));
    if (column[OBSERVE_TOKEN_COSINE] >= 0) {
        row[column[OBSERVE_TOKEN_COSINE]] = cell(frame_cosine(space, signal, 0, work));
        row[column[OBSERVE_LATE_TOKEN_COSINE]] = cell(frame_cosine(space, signal, space->grams.tokens / 2, work));
        if (!replica->course->mode.width_limit) // the limit is off by the root of T/d
            row[column[OBSERVE_TOKEN_STABLE_RANK]] = cell(frame_stable_rank(space, signal, work));
    }
}

static void observe_states(struct replica *replica, int layer)
{
    for (int s = 0; s < replica->states[layer].count; s++)
        observe_state(replica, layer, s, &replica->sources);
}

static void observe_gradients(struct replica *replica, int layer, const struct flow_states *gradients, int exponent,
                              struct pool *work)
{
    const struct observe_schema *schema = &replica->course->depth.schema;
    const struct space *space = states_space(replica, layer > 0 ? layer - 1 : 0);
    struct wide *row = layer_row(replica, layer);
    for (int s = 0; s < gradients->count; s++) {
        const int *column = schema->state_column[s];
        observe_squares(schema, s, OBSERVE_GRADIENT_VARIANCE, space, &gradients->signals[s], exponent, row);
        if (column[OBSERVE_GRADIENT_TOKEN_COSINE] < 0)
            continue;
        const struct signal *gradient = &gradients->signals[s];
        row[column[OBSERVE_GRADIENT_TOKEN_COSINE]] = cell(frame_cosine(space, gradient, 0, work));
        row[column[OBSERVE_GRADIENT_SPECIFIC]] = (struct wide){frame_specific(space, gradient, work), exponent};
    }
}

static double node_square(const struct flow_block *flow, int node)
{
    const struct layout *layout = flow->layout;
    if (node < 0 || !flow->run.nodes[node].out.at)
        return 0;
    return mean_square(&layout->spaces[layout->nodes[node].space], &flow->run.nodes[node].out);
}

static void observe_branches(struct replica *replica, int block, double input_square, struct wide *row)
{
    const struct depth *depth = &replica->course->depth;
    const struct flow_block *flow = &replica->flows[block];
    const struct graph *graph = flow->layout->plan->graph;
    double outputs[graph->site_count + 1], added[graph->site_count + 1];
    struct block_report report = {
        .outputs = outputs, .added = added, .attentions = flow->run.attentions, .mixtures = flow->run.mixtures};
    for (int s = 0; s < graph->site_count; s++) {
        outputs[s] = node_square(flow, graph->sites[s].output);
        added[s] = node_square(flow, graph->sites[s].added);
    }
    observe_block(&depth->schema, graph, depth->branch_index[block], &report, input_square, row);
    int rank = depth->schema.layer_column[OBSERVE_ATTENTION_STABLE_RANK];
    if (rank >= 0 && isnan(row[rank].mantissa))
        row[rank] = wide_absent();
}

static void observe_weights(const struct replica *replica, int block, int exponent, struct wide *row)
{
    const struct depth *depth = &replica->course->depth;
    const struct flow_block *flow = &replica->flows[block];
    for (int m = 0; m < flow->layout->plan->graph->matrix_count; m++) {
        const struct observe_matrix *matrix = &depth->schema.matrices[depth->matrix_index[block][m]];
        row[matrix->column] = (struct wide){flow->run.weights[m], exponent};
    }
}

/* ---- forward ---- */

static int out_of_memory(struct error *error)
{
    return error_set(error, ERROR_RESOURCE, "out of memory for a replica of the Grams");
}

static void fresh_source(struct replica *replica, struct space *space, const double *own, double shared, int number,
                         struct signal *signal)
{
    struct stream_address address = {replica->seed, replica->number, 0, (uint32_t)number, 0, 0, STREAM_REPLICA};
    replica->drawn |= space->drawn || space->population > 0;
    struct factor factor = frame_factor_alike(space, own, shared, &replica->sources);
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
            double *own = pool_take(&replica->sources, (size_t)gram_rows(space.grams));
            double shared = course_memory(course, own);
            fresh_source(replica, &space, own, shared, 1 + input, &replica->memories[input]);
        }
    }
}

/* All states start as the embedding. */
static void draw_sources(struct replica *replica)
{
    const struct course *course = replica->course;
    struct space space = *states_space(replica, 0);
    pool_clear(&replica->sources);
    double *own = pool_take(&replica->sources, (size_t)gram_rows(space.grams)), shared = course_input(course, own);
    struct flow_states *states = &replica->states[0];
    states->ripples = NULL;
    states->count = course->depth.state_count;
    fresh_source(replica, &space, own, shared, 0, &states->signals[0]);
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

/* Gives up what a block's flow holds, where all hold too much: it is read again when it is needed. */
static void spare_block(struct replica *replica, int block)
{
    if (bytes_held(replica) <= replica->budget)
        return;
    pool_free(&replica->flows[block].pool);
    replica->read[block] = false;
}

static int read_block(struct replica *replica, int block, struct flow_states *out, struct pool *keep,
                      double covariance[], struct error *error)
{
    struct flow_replica shared = {
        replica->seed,   replica->number,     replica->memories,        &replica->scratch,
        &replica->drawn, &replica->too_sharp, &replica->order.variance, &replica->order.uneven};
    replica->read[block] = true;
    return flow_forward(&replica->flows[block], &shared, &replica->states[block], out, keep, covariance, error);
}

static void observe_layer_cosines(struct replica *replica, int layer, const double covariance[])
{
    const struct space *space = states_space(replica, layer - 1);
    for (int s = 0; s < replica->states[layer].count; s++) {
        double before = mean_square(space, &replica->states[layer - 1].signals[s]);
        double lengths = sqrt(before) * sqrt(mean_square(space, &replica->states[layer].signals[s]));
        int column = replica->course->depth.schema.state_column[s][OBSERVE_LAYER_COSINE];
        if (lengths > 0)
            layer_row(replica, layer)[column] = wide_of(covariance[s] / space->grams.tokens / lengths);
    }
}

static int forward_block(struct replica *replica, int block, double *square, struct error *error)
{
    const struct course *course = replica->course;
    double covariance[GRAPH_INPUTS_MAX] = {0};
    int code = read_block(replica, block, &replica->states[block + 1], &replica->forward, covariance, error);
    if (code != ERROR_NONE)
        return code;
    double next = mean_square(states_space(replica, block), &replica->states[block + 1].signals[0]);
    if (!isfinite(next) || !isfinite(covariance[0]))
        return error_set(error, ERROR_INPUT,
                         "the signal leaves the range of double in block %d of %d; fewer layers, smaller weights or a "
                         "norm would keep it there",
                         block + 1, course->model.layers);
    if (block < course->model.layers) {
        observe_states(replica, block + 1);
        observe_layer_cosines(replica, block + 1, covariance);
        observe_branches(replica, block, *square, layer_row(replica, block + 1));
    }
    *square = next;
    return ERROR_NONE;
}

static int forward_pass(struct replica *replica, const volatile sig_atomic_t *stop, struct error *error)
{
    int code = ERROR_NONE;
    observe_states(replica, 0);
    double square = mean_square(states_space(replica, 0), &replica->states[0].signals[0]);
    for (int b = 0; code == ERROR_NONE && b < replica->course->depth.block_count; b++) {
        if (stop && *stop)
            return error_set(error, ERROR_INTERRUPTED, "interrupted");
        code = forward_block(replica, b, &square, error);
        if (code == ERROR_NONE && b > 0)
            spare_block(replica, b);
    }
    return code;
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
        frame_scale(space, ldexp(1, -shift), &dx->signals[s]);
    return exponent + 2 * shift;
}

/* Reads a block again whose flow was given up. */
static int need_block(struct replica *replica, int block, struct error *error)
{
    struct flow_states again;
    struct pool keep = {0};
    double covariance[GRAPH_INPUTS_MAX], variance = replica->order.variance;
    if (replica->read[block])
        return ERROR_NONE;
    int code = read_block(replica, block, &again, &keep, covariance, error);
    replica->order.variance = variance; // it has been counted
    pool_free(&keep);
    return code;
}

/* Relative variance of a token's square at the output, unless a norm has fixed it. */
static double spread_of(const struct replica *replica, int layer)
{
    const struct flow_states *states = &replica->states[layer];
    return states->normed[0] > 0 ? 0 : states->spread[0] + 2. / replica->course->model.width;
}

/* What a loss sends back of the output: a Gram, and its coordinates along the output where a replica has a width. */
static void draw_loss(struct replica *replica, struct flow_cotangent *from)
{
    const struct course *course = replica->course;
    const struct model *model = &course->model;
    int last = course->depth.block_count;
    const struct signal *x = &replica->states[last].signals[0];
    struct pool *work = &replica->sources;
    double *gram = pool_take(work, gram_size(states_space(replica, last - 1)->grams)), *along = NULL;
    from->gram = gram;
    if (course->mode.exchangeable) {
        double *own = pool_take(work, gram_size(states_space(replica, last - 1)->grams));
        frame_gram(states_space(replica, last - 1), 1, x, own);
        replica->too_sharp |= !loss_closed(model, !course->mode.first_order, own, gram, work);
        if (course->mode.first_order)
            replica->order.logits = gsl_pow_2(own[0] + own[1]) * spread_of(replica, last);
        return;
    }
    if (!course->mode.width_limit)
        from->along = along = pool_take(work, (size_t)model->tokens * (size_t)x->columns + 1);
    replica->drawn = true;
    loss_draw(model, x, replica->seed, replica->number, gram, along, work);
}

static int draw_cotangent(struct replica *replica, struct flow_states *dy, struct error *error)
{
    const struct course *course = replica->course;
    int last = course->depth.block_count - 1;
    struct flow_cotangent from = {0};
    if (course->model.cotangent->loss) {
        draw_loss(replica, &from);
    } else {
        double *own = pool_take(&replica->sources, (size_t)gram_rows(states_space(replica, last)->grams));
        from.shared = course_cotangent(course, own);
        from.own = own;
    }
    if (course->mode.exchangeable)
        replica->order.alike = from.gram ? from.gram[1] / from.gram[0] : from.shared / from.own[0];
    pool_clear(&replica->reverse[(last + 1) % 2]);
    int code = need_block(replica, last, error);
    return code != ERROR_NONE
               ? code
               : flow_cotangent(&replica->flows[last], &from, dy, &replica->reverse[(last + 1) % 2], error);
}

/* Whether the mean squares of all gradients leave a block room, as those of samples do (sim/stack). */
static bool in_range(const struct space *space, const struct flow_states *states)
{
    bool within = true;
    for (int s = 0; s < states->count; s++)
        within &= frame_in_range(space, &states->signals[s], mean_square(space, &states->signals[s]));
    return within;
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
            observe_gradients(replica, layers, &dy, exponent, &replica->sources);
        pool_clear(keep);
        code = need_block(replica, b, error);
        if (code == ERROR_NONE)
            code = flow_backward(&replica->flows[b], &dy, &dx, keep, error);
        if (code != ERROR_NONE)
            return code;
        if (b < layers)
            observe_weights(replica, b, exponent, layer_row(replica, b + 1));
        observe_gradients(replica, b, &dx, exponent, &replica->sources);
        if (b > 0)
            spare_block(replica, b);
        if (!in_range(states_space(replica, b), &dx))
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
    replica->order = (struct replica_order){0};
    replica->sources.exhausted = &exhausted;
    for (size_t i = 0; i < replica->course->cells; i++)
        replica->values[i] = wide_absent();
    pool_clear(&replica->forward);
    if (setjmp(exhausted))
        return out_of_memory(error);
    return run(replica, stop, error);
}
