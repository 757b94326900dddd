#include "sim/stack.h"

#include <stdlib.h>
#include <string.h>

static size_t signal_entries(const struct model *model)
{
    return memory_multiply((size_t)model->tokens, (size_t)model->width);
}

/* Sums the blocks' cost; equal neighbours are looked up once. */
static void add_costs(struct stack *stack)
{
    struct linear_cost block = {0};
    for (int i = 0; i < stack->depth.block_count; i++) {
        if (i == 0 || stack->depth.blocks[i].graph != stack->depth.blocks[i - 1].graph)
            block = block_cost(stack->depth.model, stack->engine, stack->depth.blocks[i].graph);
        stack->block_tape = block.tape > stack->block_tape ? block.tape : stack->block_tape;
        stack->cost = linear_cost_add(stack->cost, block);
    }
}

/* Doubles that a workspace needs whatever is kept. */
static size_t fixed_doubles(const struct stack *stack)
{
    size_t signal = arena_cost(signal_entries(stack->depth.model));
    size_t signals = memory_multiply(signal, (size_t)stack->depth.block_count + 3); // inputs, two gradients
    size_t row = arena_cost((size_t)stack->depth.model->width);
    return memory_add(memory_add(signals, row), stack->cost.work);
}

/* A tape comes back from memory later than it is made again where it holds much beside what was costly to draw: in the
 * conditioned engine at moderate T. What stays in the cache is worth keeping anyway. */
enum { CACHE_BYTES = 32 << 20 };

static bool keeping_pays(const struct stack *stack)
{
    double again = linear_seconds(stack->cost.forward_normals, stack->cost.forward_flops);
    return again > LINEAR_SECONDS_TAPE * (double)stack->cost.tape;
}

static int plan_memory(struct stack *stack, size_t budget, struct error *error)
{
    size_t fixed = memory_multiply(memory_add(fixed_doubles(stack), stack->block_tape), sizeof(double));
    size_t tape = memory_multiply(stack->block_tape, sizeof(double));
    if (fixed > budget)
        return error_set(error, ERROR_RESOURCE,
                         "memory: one sample needs at least %.4g GB in each thread, the limit is %.4g GB (--memory)",
                         (double)fixed / 1e9, (double)budget / 1e9);
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
    return stack->engine ? ERROR_NONE : code;
}

int stack_init(struct stack *stack, const struct model *model, const struct linear_engine *engine, bool per_token,
               size_t budget, struct error *error)
{
    if (!engine)
        return init_cheapest(stack, model, per_token, budget, error);
    *stack = (struct stack){.engine = engine};
    int code = depth_init(&stack->depth, model, per_token, error);
    if (code != ERROR_NONE)
        return code;
    add_costs(stack);
    code = plan_memory(stack, budget, error);
    if (code != ERROR_NONE)
        stack_free(stack);
    return code;
}

void stack_free(struct stack *stack)
{
    depth_free(&stack->depth);
    *stack = (struct stack){0};
}

int stack_workspace_init(struct stack_workspace *workspace, const struct stack *stack, struct error *error)
{
    *workspace = (struct stack_workspace){0};
    size_t signal = signal_entries(stack->depth.model);
    struct arena all = {.size = stack->bytes / sizeof(double)};
    workspace->memory = all.base = memory_doubles(all.size);
    workspace->tapes = calloc((size_t)stack->kept + 1, sizeof *workspace->tapes);
    workspace->ratios = calloc((size_t)stack->depth.sites_max + 1, sizeof *workspace->ratios);
    workspace->reports = calloc((size_t)stack->depth.sites_max + 1, sizeof *workspace->reports);
    if (!workspace->memory || !workspace->tapes || !workspace->ratios || !workspace->reports) {
        stack_workspace_free(workspace);
        return error_set(error, ERROR_RESOURCE, "out of memory: a sample needs %.4g GB", (double)stack->bytes / 1e9);
    }
    workspace->inputs = arena_take(&all, arena_cost(signal) * (size_t)(stack->depth.block_count + 1));
    workspace->gradient[0] = arena_take(&all, signal);
    workspace->gradient[1] = arena_take(&all, signal);
    workspace->row = arena_take(&all, (size_t)stack->depth.model->width);
    workspace->work = (struct arena){arena_take(&all, stack->cost.work), stack->cost.work, 0};
    int tapes = stack->kept < stack->depth.block_count ? stack->kept + 1 : stack->kept;
    for (int i = 0; i < tapes; i++)
        workspace->tapes[i] = (struct arena){arena_take(&all, stack->block_tape), stack->block_tape, 0};
    return ERROR_NONE;
}

void stack_workspace_free(struct stack_workspace *workspace)
{
    free(workspace->memory);
    free(workspace->tapes);
    free(workspace->ratios);
    free(workspace->reports);
    *workspace = (struct stack_workspace){0};
}

static struct wide *layer_row(const struct stack *stack, struct wide *values, int layer)
{
    return values + (size_t)layer * (size_t)stack->depth.schema.column_count;
}

static double *input_of(const struct stack *stack, const struct stack_workspace *workspace, int block)
{
    return workspace->inputs + (size_t)block * arena_cost(signal_entries(stack->depth.model));
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

/* Means over the block's attentions, and each branch's share, into the row of the block's output. */
static void report_branches(const struct stack *stack, int block, const struct stack_workspace *workspace,
                            double input_square, struct wide *row)
{
    const struct observe_schema *schema = &stack->depth.schema;
    double entropy = 0, relative = 0;
    int attentions = 0;
    for (int s = 0; s < stack->depth.blocks[block].graph->site_count; s++) {
        const struct observe_branch *branch = &schema->branches[stack->depth.branch_index[block][s]];
        if (input_square > 0)
            row[branch->ratio] = wide_of(workspace->ratios[s] / input_square);
        if (branch_of(branch->kind)->has_entropy) {
            entropy += workspace->reports[s].entropy;
            relative += workspace->reports[s].relative_entropy;
            attentions++;
        }
    }
    if (attentions > 0 && schema->layer_column[OBSERVE_ATTENTION_ENTROPY] >= 0) {
        row[schema->layer_column[OBSERVE_ATTENTION_ENTROPY]] = wide_of(entropy / attentions);
        row[schema->layer_column[OBSERVE_ATTENTION_ENTROPY_RELATIVE]] = wide_of(relative / attentions);
    }
}

static void report_weights(const struct stack *stack, int block, const struct branch_report reports[], int exponent,
                           struct wide *row)
{
    for (int s = 0; s < stack->depth.blocks[block].graph->site_count; s++) {
        const struct observe_branch *branch = &stack->depth.schema.branches[stack->depth.branch_index[block][s]];
        for (int m = 0; m < INIT_MATRICES; m++) {
            if (branch->weight[m] < 0)
                continue;
            double entries = (double)branch_of(branch->kind)->entries(stack->depth.model, (enum init_matrix)m);
            row[branch->weight[m]] = (struct wide){reports[s].gradient_squares[m] / entries, 2 * exponent};
        }
    }
}

static int check_stop(const volatile sig_atomic_t *stop, struct error *error)
{
    return stop && *stop ? error_set(error, ERROR_INTERRUPTED, "interrupted") : ERROR_NONE;
}

static int forward_pass(const struct stack *stack, struct stack_workspace *workspace, const struct block_run *run,
                        const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    size_t bytes = signal_entries(stack->depth.model) * sizeof(double);
    int square = stack->depth.schema.layer_column[OBSERVE_ACTIVATION_VARIANCE];
    observe_activation(&stack->depth.schema, NULL, input_of(stack, workspace, 0), values, workspace->row);
    for (int b = 0; b < stack->depth.block_count; b++) {
        if (check_stop(stop, error) != ERROR_NONE)
            return ERROR_INTERRUPTED;
        const double *x = input_of(stack, workspace, b);
        double *next = input_of(stack, workspace, b + 1);
        const double *out = block_forward(run, &stack->depth.blocks[b], x, tape_of(stack, workspace, b),
                                          workspace->work, workspace->ratios, workspace->reports);
        memcpy(next, out, bytes);
        if (b >= stack->depth.model->layers)
            break;
        struct wide *row = layer_row(stack, values, b + 1);
        observe_activation(&stack->depth.schema, x, next, row, workspace->row);
        report_branches(stack, b, workspace, layer_row(stack, values, b)[square].mantissa, row);
        if (!isfinite(row[square].mantissa))
            return error_set(
                error, ERROR_INPUT,
                "the signal leaves the range of double in block %d of %d; fewer layers, smaller weights or "
                "a norm would keep it there",
                b + 1, stack->depth.model->layers);
    }
    return ERROR_NONE;
}

/* Multiplies g by the power of two that brings its mean square near 1, and returns the exponent that it has now. Far
 * from the ends of double's range, the multiplication is exact. */
static int rescale(size_t count, double *g, double mean_square, int exponent)
{
    enum { LEAST_SHIFT = 32 };
    int shift = 0;
    if (mean_square > 0)
        frexp(sqrt(mean_square), &shift);
    if (abs(shift) < LEAST_SHIFT)
        return exponent;
    for (size_t i = 0; i < count; i++)
        g[i] = ldexp(g[i], -shift);
    return exponent + shift;
}

static int reverse_pass(const struct stack *stack, struct stack_workspace *workspace, const struct block_run *run,
                        const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    size_t count = signal_entries(stack->depth.model);
    int square = stack->depth.schema.layer_column[OBSERVE_GRADIENT_VARIANCE], exponent = 0,
        layers = stack->depth.model->layers;
    double *g = workspace->gradient[0], *dx = workspace->gradient[1];
    if (stack->depth.block_count == layers)
        observe_gradient(&stack->depth.schema, g, exponent, layer_row(stack, values, layers), workspace->row);
    for (int b = stack->depth.block_count - 1; b >= 0; b--) {
        if (check_stop(stop, error) != ERROR_NONE)
            return ERROR_INTERRUPTED;
        const double *x = input_of(stack, workspace, b);
        struct arena tape = tape_of(stack, workspace, b);
        if (!is_kept(stack, b))
            block_forward(run, &stack->depth.blocks[b], x, tape, workspace->work, workspace->ratios,
                          workspace->reports);
        memset(workspace->reports, 0, (size_t)stack->depth.sites_max * sizeof *workspace->reports);
        block_backward(run, &stack->depth.blocks[b], x, g, dx, tape, workspace->work, workspace->reports);
        if (b < layers)
            report_weights(stack, b, workspace->reports, exponent, layer_row(stack, values, b + 1));

        struct wide *row = layer_row(stack, values, b);
        observe_gradient(&stack->depth.schema, dx, exponent, row, workspace->row);
        if (!isfinite(row[square].mantissa))
            return error_set(error, ERROR_INPUT, "the gradient leaves the range of double within block %d of %d", b + 1,
                             layers);
        exponent = rescale(count, dx, row[square].mantissa, exponent);
        double *swap = g;
        g = dx;
        dx = swap;
    }
    return ERROR_NONE;
}

int stack_sample(const struct stack *stack, struct stack_workspace *workspace, uint64_t seed, uint64_t sample,
                 const volatile sig_atomic_t *stop, struct wide *values, struct error *error)
{
    const struct model *model = stack->depth.model;
    struct block_run run = {model, stack->engine, seed, sample};
    size_t cells = (size_t)(model->layers + 1) * (size_t)stack->depth.schema.column_count;
    for (size_t i = 0; i < cells; i++)
        values[i] = wide_absent();
    source_input(seed, sample, model->tokens, model->width, model->input_correlation, model->input_scale,
                 input_of(stack, workspace, 0));
    model->cotangent->fill(seed, sample, model->tokens, model->width, workspace->gradient[0]);
    int code = forward_pass(stack, workspace, &run, stop, values, error);
    if (code == ERROR_NONE)
        code = reverse_pass(stack, workspace, &run, stop, values, error);
    return code;
}
