#include "sim/stack.h"

#include <stdlib.h>
#include <string.h>

#include "sim/budget.h"
#include "sim/memory.h"
#include "sim/readout.h"
#include "sim/source.h"
#include "sim/vanish.h"

static size_t signal_entries(const struct model *model)
{
    return memory_multiply((size_t)model->tokens, (size_t)model->width);
}

static size_t memory_entries(const struct model *model)
{
    return memory_multiply((size_t)model_memory_tokens(model), (size_t)model->width);
}

/* All states of a layer, one behind the other. */
static size_t layer_entries(const struct stack *stack)
{
    return memory_multiply((size_t)stack->depth.state_count, arena_cost(signal_entries(stack->depth.model)));
}

static int memory_count(const struct stack *stack)
{
    return stack->depth.input_count - stack->depth.state_count;
}

/* Sums the blocks' cost; equal neighbours are looked up once. */
static void add_costs(struct stack *stack)
{
    struct linear_cost block = {0};
    for (int i = 0; i < stack->depth.block_count; i++) {
        if (i == 0 || stack->depth.blocks[i].plan != stack->depth.blocks[i - 1].plan)
            block = block_cost(stack->depth.model, stack->engine, stack->depth.blocks[i].plan);
        stack->block_tape = block.tape > stack->block_tape ? block.tape : stack->block_tape;
        stack->cost = linear_cost_add(stack->cost, block);
    }
    if (stack->depth.model->cotangent->loss)
        stack->cost = linear_cost_add(stack->cost, readout_cost(stack->depth.model, stack->engine));
}

/* Doubles that a workspace needs whatever is kept. */
static size_t fixed_doubles(const struct stack *stack)
{
    size_t layers = memory_multiply(layer_entries(stack),
                                    (size_t)stack->depth.block_count + 3); // inputs, two gradients
    size_t memory = arena_cost(memory_entries(stack->depth.model)), count = (size_t)memory_count(stack);
    size_t memories = memory_multiply(memory, count > 0 ? count + 1 : 0); // and one for their cotangents
    size_t row = arena_cost(observe_work(&stack->depth.schema));
    return memory_add(memory_add(layers, memories), memory_add(row, stack->cost.work));
}

/* Keeping a tape pays where making it again takes longer than writing it to memory and reading it back. In the
 * conditioned engine at moderate T it does not: most of the tape is cheap to make again. A tape that stays in the cache
 * is kept anyway. */
enum { CACHE_BYTES = 32 << 20 };

static bool keeping_pays(const struct stack *stack)
{
    double again = linear_seconds(stack->cost.forward_normals, stack->cost.forward_flops);
    return again > LINEAR_SECONDS_TAPE * (double)stack->cost.tape;
}

static int plan_memory(struct stack *stack, size_t budget, struct error *error)
{
    size_t fixed = memory_multiply(memory_add(fixed_doubles(stack), stack->block_tape), sizeof(real));
    size_t tape = memory_multiply(stack->block_tape, sizeof(real));
    stack->least = fixed;
    if (fixed > budget)
        return budget_short("one sample", fixed, "", 1, "the limit", budget, error);
    size_t most = budget - fixed;
    if (!keeping_pays(stack) && most > CACHE_BYTES)
        most = CACHE_BYTES;
    size_t room = tape > 0 ? most / tape : 0;
    stack->kept = room < (size_t)stack->depth.block_count ? (int)room : stack->depth.block_count;
    if (stack->kept == stack->depth.block_count - 1)
        stack->kept = stack->depth.block_count; // the shared tape is then free for the last one
    stack->bytes = fixed +
                   tape * (size_t)(stack->kept < stack->depth.block_count ? stack->kept : stack->depth.block_count - 1);
    return ERROR_NONE;
}

struct linear_cost stack_sample_cost(const struct stack *stack)
{
    struct linear_cost cost = stack->cost;
    double kept = stack->depth.block_count > 0 ? (double)stack->kept / stack->depth.block_count : 1;
    cost.normals += (1 - kept) * cost.forward_normals;
    cost.flops += (1 - kept) * cost.forward_flops;
    return cost;
}

/* Of all blocks once. What is drawn again for want of memory is left out: the choice of an engine, and with it every
 * bit, must not depend on threads and on what the machine has free, unless one does not fit at all. */
double stack_seconds(const struct stack *stack)
{
    return linear_seconds(stack->cost.normals, stack->cost.flops);
}

static int init_cheapest(struct stack *stack, const struct model *model, bool per_token, size_t budget,
                         struct error *error)
{
    int code = ERROR_NONE;
    *stack = (struct stack){0};
    for (size_t i = 0; i < linear_engine_count; i++) {
        struct stack other;
        struct error own = {0};
        code = stack_init(&other, model, &linear_engines[i], per_token, budget, &own);
        if (code != ERROR_NONE) {
            *error = own;
        } else if (!stack->engine || stack_seconds(&other) < stack_seconds(stack)) {
            stack_free(stack);
            *stack = other;
        } else {
            stack_free(&other);
        }
    }
    if (!stack->engine)
        return code;
    stack->forced = depth_needs_matrices(&stack->depth);
    return ERROR_NONE;
}

static int check_engine(const struct stack *stack, struct error *error)
{
    const char *reason = stack->engine->gaussian ? depth_needs_matrices(&stack->depth) : NULL;
    return reason ? error_set(error, ERROR_INPUT, "engine: %s cannot sample this: %s; dense can", stack->engine->name,
                              reason)
                  : ERROR_NONE;
}

/* A caller's engine may be a row of another precision's table, or of none. */
static const struct linear_engine *engine_here(const struct linear_engine *engine)
{
    const struct linear_engine *own = linear_engine_find(engine->name);
    return own ? own : engine;
}

int stack_init(struct stack *stack, const struct model *model, const struct linear_engine *engine, bool per_token,
               size_t budget, struct error *error)
{
    if (!engine)
        return init_cheapest(stack, model, per_token, budget, error);
    *stack = (struct stack){.engine = engine_here(engine)};
    int code = depth_init(&stack->depth, model, per_token, error);
    if (code != ERROR_NONE)
        return code;
    code = check_engine(stack, error);
    if (code == ERROR_NONE) {
        add_costs(stack);
        code = plan_memory(stack, budget, error);
    }
    if (code != ERROR_NONE)
        stack_free(stack);
    return code;
}

void stack_free(struct stack *stack)
{
    depth_free(&stack->depth);
    *stack = (struct stack){0};
}

static bool init_report(struct block_report *report, const struct depth *depth)
{
    report->outputs = calloc((size_t)depth->sites_max + 1, sizeof *report->outputs);
    report->added = calloc((size_t)depth->sites_max + 1, sizeof *report->added);
    report->gradients = calloc((size_t)depth->matrices_max + 1, sizeof *report->gradients);
    report->attentions = calloc((size_t)depth->nodes_max + 1, sizeof *report->attentions);
    report->mixtures = calloc((size_t)depth->nodes_max + 1, sizeof *report->mixtures);
    return report->outputs && report->added && report->gradients && report->attentions && report->mixtures;
}

static void free_report(struct block_report *report)
{
    free(report->outputs);
    free(report->added);
    free(report->gradients);
    free(report->attentions);
    free(report->mixtures);
}

int stack_workspace_init(struct stack_workspace *workspace, const struct stack *stack, struct error *error)
{
    *workspace = (struct stack_workspace){0};
    const struct depth *depth = &stack->depth;
    struct arena all = {.size = stack->bytes / sizeof(real)};
    char words[MEMORY_WORDS];
    workspace->memory = all.base = memory_reals(all.size);
    workspace->tapes = calloc((size_t)stack->kept + 1, sizeof *workspace->tapes);
    if (!workspace->memory || !workspace->tapes || !init_report(&workspace->report, depth)) {
        stack_workspace_free(workspace);
        return error_set(error, ERROR_RESOURCE, "out of memory: a sample needs %s", memory_words(stack->bytes, words));
    }
    size_t memory = arena_cost(memory_entries(depth->model)), memories = (size_t)memory_count(stack);
    workspace->inputs = arena_take(&all, layer_entries(stack) * (size_t)(depth->block_count + 1));
    workspace->gradient[0] = arena_take(&all, layer_entries(stack));
    workspace->gradient[1] = arena_take(&all, layer_entries(stack));
    workspace->memories = arena_take(&all, memories * memory);
    workspace->forgotten = arena_take(&all, memories > 0 ? memory : 0);
    size_t row = observe_work(&depth->schema);
    workspace->row = (struct arena){arena_take(&all, row), arena_cost(row), 0};
    workspace->work = (struct arena){arena_take(&all, stack->cost.work), stack->cost.work, 0};
    int tapes = stack->kept < depth->block_count ? stack->kept + 1 : stack->kept;
    for (int i = 0; i < tapes; i++)
        workspace->tapes[i] = (struct arena){arena_take(&all, stack->block_tape), stack->block_tape, 0};
    return ERROR_NONE;
}

void stack_workspace_free(struct stack_workspace *workspace)
{
    free(workspace->memory);
    free(workspace->tapes);
    free_report(&workspace->report);
    *workspace = (struct stack_workspace){0};
}

static struct wide *layer_row(const struct stack *stack, struct wide *values, int layer)
{
    return values + (size_t)layer * (size_t)stack->depth.schema.column_count;
}

static real *state_of(const struct stack *stack, real *layer, int state)
{
    return layer + (size_t)state * arena_cost(signal_entries(stack->depth.model));
}

/* A state that enters block number b from 0, which is what block b - 1 left. */
static real *input_of(const struct stack *stack, const struct stack_workspace *workspace, int block, int state)
{
    return state_of(stack, workspace->inputs + (size_t)block * layer_entries(stack), state);
}

/* What a block is handed: its states and the memories. */
static void find_inputs(const struct stack *stack, const struct stack_workspace *workspace, int block,
                        const real *inputs[])
{
    int states = stack->depth.state_count;
    for (int i = 0; i < states; i++)
        inputs[i] = input_of(stack, workspace, block, i);
    for (int i = states; i < stack->depth.input_count; i++)
        inputs[i] = workspace->memories + (size_t)(i - states) * arena_cost(memory_entries(stack->depth.model));
}

static bool is_kept(const struct stack *stack, int block)
{
    return block >= stack->depth.block_count - stack->kept;
}

static struct arena tape_of(const struct stack *stack, const struct stack_workspace *workspace, int block)
{
    int first = stack->depth.block_count - stack->kept;
    return workspace->tapes[is_kept(stack, block) ? block - first : stack->kept];
}

static void report_weights(const struct stack *stack, int b, const struct block_report *report, int exponent,
                           struct wide *row)
{
    const struct block *block = &stack->depth.blocks[b];
    for (int m = 0; m < block->graph->matrix_count; m++) {
        struct init_size size = plan_matrix(block->plan, m);
        double entries = (double)size.fan_in * size.fan_out * plan_copies(block->plan, m);
        int column = stack->depth.schema.matrices[stack->depth.matrix_index[b][m]].column;
        row[column] = (struct wide){report->gradients[m] / entries, 2 * exponent};
    }
}

static int check_stop(const volatile sig_atomic_t *stop, struct error *error)
{
    return stop && *stop ? error_set(error, ERROR_INTERRUPTED, "interrupted") : ERROR_NONE;
}

/* The states that a block has left, observed as layer b + 1; false where one is out of range. */
static bool observe_states(const struct stack *stack, struct stack_workspace *workspace, int b, struct wide *row)
{
    bool finite = true;
    for (int i = 0; i < stack->depth.state_count; i++) {
        observe_activation(&stack->depth.schema, i, input_of(stack, workspace, b, i),
                           input_of(stack, workspace, b + 1, i), row, workspace->row);
        double square = row[stack->depth.schema.state_column[i][OBSERVE_ACTIVATION_VARIANCE]].mantissa;
        finite &= vanish_in_range(square, signal_entries(stack->depth.model), input_of(stack, workspace, b + 1, i));
    }
    if (workspace->watch)
        workspace->watch->activation(workspace->watch->context, b + 1, input_of(stack, workspace, b + 1, 0));
    return finite;
}

/* Nothing but NaN may come of 0/0, where no smaller weights would help. */
static int out_of_range(const struct depth *depth, int block, const real *const outputs[], struct error *error)
{
    size_t count = signal_entries(depth->model), undefined = 0;
    for (int s = 0; s < depth->state_count; s++)
        for (size_t i = 0; i < count; i++)
            undefined += isnan(outputs[s][i]) != 0;
    if (undefined == count * (size_t)depth->state_count)
        return error_set(error, ERROR_INPUT,
                         "the signal is no number in block %d of %d: something leaves the range of " REAL_NAME
                         ", or a norm without eps divides 0 by 0",
                         block, depth->model->layers);
    return error_set(error, ERROR_INPUT,
                     "the signal leaves the range of " REAL_NAME
                     " in block %d of %d; fewer layers, smaller weights or a norm would keep it there",
                     block, depth->model->layers);
}

/* Of what section final: leaves, which no layer observes. */
static bool is_finite(const struct depth *depth, const real *const outputs[])
{
    bool finite = true;
    for (int s = 0; s < depth->state_count; s++)
        finite &= isfinite(real_square(signal_entries(depth->model), outputs[s])) != 0;
    return finite;
}

static int forward_pass(const struct stack *stack, struct stack_workspace *workspace, const struct block_run *run,
                        const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    const struct depth *depth = &stack->depth;
    size_t bytes = signal_entries(depth->model) * sizeof(real);
    int square = depth->schema.layer_column[OBSERVE_ACTIVATION_VARIANCE];
    const real *inputs[GRAPH_INPUTS_MAX], *outputs[GRAPH_INPUTS_MAX];
    for (int i = 0; i < depth->state_count; i++)
        observe_activation(&depth->schema, i, NULL, input_of(stack, workspace, 0, i), values, workspace->row);
    if (workspace->watch)
        workspace->watch->activation(workspace->watch->context, 0, input_of(stack, workspace, 0, 0));
    for (int b = 0; b < depth->block_count; b++) {
        if (check_stop(stop, error) != ERROR_NONE)
            return ERROR_INTERRUPTED;
        find_inputs(stack, workspace, b, inputs);
        block_forward(run, &depth->blocks[b], inputs, outputs, tape_of(stack, workspace, b), workspace->work,
                      &workspace->report);
        for (int i = 0; i < depth->state_count; i++)
            memcpy(input_of(stack, workspace, b + 1, i), outputs[i], bytes);
        if (b >= depth->model->layers)
            return is_finite(depth, outputs) ? ERROR_NONE : out_of_range(depth, b + 1, outputs, error);
        struct wide *row = layer_row(stack, values, b + 1);
        bool finite = observe_states(stack, workspace, b, row);
        observe_block(&depth->schema, depth->blocks[b].graph, depth->branch_index[b], &workspace->report,
                      layer_row(stack, values, b)[square].mantissa, row);
        if (!finite)
            return out_of_range(depth, b + 1, outputs, error);
    }
    return ERROR_NONE;
}

/* Multiplies the states' g by the power of two that brings the largest mean square near 1, and returns the exponent
 * that they have now. Far from the ends of double's range, the multiplication is exact. */
static int rescale(size_t count, real *g, double mean_square, int exponent)
{
    enum { LEAST_SHIFT = sizeof(real) == sizeof(double) ? 32 : 4 };
    int shift = 0;
    if (mean_square > 0)
        frexp(sqrt(mean_square), &shift);
    if (abs(shift) < LEAST_SHIFT)
        return exponent;
    for (size_t i = 0; i < count; i++)
        g[i] = ldexp(g[i], -shift);
    return exponent + shift;
}

/* Returns the largest mean square of the states' gradients at a layer; NAN where one is out of range. */
static double observe_gradients(const struct stack *stack, struct stack_workspace *workspace, int layer, real *g,
                                int exponent, struct wide *values)
{
    double largest = 0;
    struct wide *row = layer_row(stack, values, layer);
    if (workspace->watch)
        workspace->watch->gradient(workspace->watch->context, layer, g, exponent);
    for (int i = 0; i < stack->depth.state_count; i++) {
        observe_gradient(&stack->depth.schema, i, state_of(stack, g, i), exponent, row, workspace->row);
        double square = row[stack->depth.schema.state_column[i][OBSERVE_GRADIENT_VARIANCE]].mantissa;
        bool within = vanish_in_range(square, signal_entries(stack->depth.model), state_of(stack, g, i));
        largest = !within || isnan(largest) ? NAN : fmax(largest, square);
    }
    return largest;
}

/* One block in reverse, from g to dx. Blocks without a tape are evaluated again first. */
static void reverse_block(const struct stack *stack, struct stack_workspace *workspace, const struct block_run *run,
                          int b, real *g, real *dx)
{
    const struct depth *depth = &stack->depth;
    const real *inputs[GRAPH_INPUTS_MAX], *outputs[GRAPH_INPUTS_MAX], *dy[GRAPH_INPUTS_MAX];
    real *to[GRAPH_INPUTS_MAX];
    struct block_report report = {.gradients = workspace->report.gradients};
    find_inputs(stack, workspace, b, inputs);
    for (int i = 0; i < depth->input_count; i++) {
        dy[i] = i < depth->state_count ? state_of(stack, g, i) : NULL;
        to[i] = i < depth->state_count ? state_of(stack, dx, i) : workspace->forgotten;
    }
    if (!is_kept(stack, b))
        block_forward(run, &depth->blocks[b], inputs, outputs, tape_of(stack, workspace, b), workspace->work, &report);
    block_backward(run, &depth->blocks[b], inputs, dy, to, tape_of(stack, workspace, b), workspace->work, &report);
}

static int reverse_pass(const struct stack *stack, struct stack_workspace *workspace, const struct block_run *run,
                        const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    int layers = stack->depth.model->layers, exponent = 0;
    real *g = workspace->gradient[0], *dx = workspace->gradient[1];
    if (stack->depth.block_count == layers)
        observe_gradients(stack, workspace, layers, g, exponent, values);
    for (int b = stack->depth.block_count - 1; b >= 0; b--) {
        if (check_stop(stop, error) != ERROR_NONE)
            return ERROR_INTERRUPTED;
        reverse_block(stack, workspace, run, b, g, dx);
        if (b < layers)
            report_weights(stack, b, &workspace->report, exponent, layer_row(stack, values, b + 1));
        double square = observe_gradients(stack, workspace, b, dx, exponent, values);
        if (!isfinite(square))
            return error_set(error, ERROR_INPUT, "the gradient leaves the range of " REAL_NAME " within block %d of %d",
                             b + 1, layers);
        exponent = rescale(layer_entries(stack), dx, square, exponent);
        real *swap = g;
        g = dx;
        dx = swap;
    }
    return ERROR_NONE;
}

/* Every state begins as the embedding. */
static void start(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
                  const struct stack_ends *ends)
{
    const struct model *model = stack->depth.model;
    size_t bytes = signal_entries(model) * sizeof(real);
    real *x = input_of(stack, workspace, 0, 0);
    ends->input(ends->context, x);
    for (int i = 1; i < stack->depth.state_count; i++)
        memcpy(input_of(stack, workspace, 0, i), x, bytes);
    for (int i = 0; i < memory_count(stack); i++)
        source_input(seed, sample, 1 + (uint32_t)i, model_memory_tokens(model), model->width, model->memory_correlation,
                     model->input_scale, workspace->memories + (size_t)i * arena_cost(memory_entries(model)));
}

/* The cotangent lies on x. */
static void turn(const struct stack *stack, struct stack_workspace *workspace, const struct stack_ends *ends)
{
    memset(workspace->gradient[0], 0, layer_entries(stack) * sizeof(real));
    memset(workspace->gradient[1], 0, layer_entries(stack) * sizeof(real));
    ends->cotangent(ends->context, input_of(stack, workspace, stack->depth.block_count, 0), workspace->gradient[0]);
}

int stack_pass(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
               const struct stack_ends *ends, const volatile sig_atomic_t *stop, struct wide *values,
               struct error *error)
{
    const struct model *model = stack->depth.model;
    struct block_run run = {model, stack->engine, seed, sample};
    size_t cells = (size_t)(model->layers + 1) * (size_t)stack->depth.schema.column_count;
    for (size_t i = 0; i < cells; i++)
        values[i] = wide_absent();
    workspace->report.watch = workspace->watch ? &workspace->watch->block : NULL;
    start(stack, workspace, seed, sample, ends);
    int code = forward_pass(stack, workspace, &run, stop, values, error);
    if (code != ERROR_NONE)
        return code;
    turn(stack, workspace, ends);
    return reverse_pass(stack, workspace, &run, stop, values, error);
}

/* The ends that a model's settings name. */
struct drawn_ends {
    struct block_run run;
    struct arena work;
};

static void draw_input(void *context, real *x)
{
    const struct drawn_ends *ends = context;
    const struct model *model = ends->run.model;
    source_input(ends->run.seed, ends->run.sample, 0, model->tokens, model->width, model->input_correlation,
                 model->input_scale, x);
}

static void draw_cotangent(void *context, const real *x, real *g)
{
    const struct drawn_ends *ends = context;
    const struct model *model = ends->run.model;
    if (model->cotangent->loss)
        readout_cotangent(&ends->run, x, g, ends->work);
    else
        REAL_ROW(cotangents, model->cotangent)->fill(ends->run.seed, ends->run.sample, model->tokens, model->width, g);
}

int stack_sample(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
                 const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    struct drawn_ends drawn = {{stack->depth.model, stack->engine, seed, sample}, workspace->work};
    struct stack_ends ends = {draw_input, draw_cotangent, &drawn};
    return stack_pass(stack, workspace, seed, sample, &ends, stop, values, error);
}
