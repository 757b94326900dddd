#include "analysis/limit/flow.h"

#include <cblas.h>
#include <gsl/gsl_pow_int.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/wishart.h"
#include "sim/memory.h"

int flow_open(struct flow_block *flow, const struct layout *layout, const struct block *block, struct error *error)
{
    const struct graph *graph = layout->plan->graph;
    *flow = (struct flow_block){.layout = layout, .block = block};
    flow->run.nodes = calloc((size_t)graph->node_count, sizeof *flow->run.nodes);
    flow->run.spaces = calloc((size_t)layout->space_count, sizeof *flow->run.spaces);
    flow->run.weights = calloc((size_t)graph->matrix_count + 1, sizeof *flow->run.weights);
    flow->run.attentions = calloc((size_t)graph->node_count, sizeof *flow->run.attentions);
    flow->run.mixtures = calloc((size_t)graph->node_count, sizeof *flow->run.mixtures);
    if (flow->run.nodes && flow->run.spaces && flow->run.weights && flow->run.attentions && flow->run.mixtures)
        return ERROR_NONE;
    flow_close(flow);
    return error_set(error, ERROR_RESOURCE, "out of memory for %d signals", graph->node_count);
}

void flow_close(struct flow_block *flow)
{
    free(flow->run.nodes);
    free(flow->run.spaces);
    free(flow->run.weights);
    free(flow->run.attentions);
    free(flow->run.mixtures);
    pool_free(&flow->pool);
    *flow = (struct flow_block){0};
}

static const struct graph *graph_of(const struct flow_block *flow)
{
    return flow->layout->plan->graph;
}

static struct space *states_space(const struct flow_block *flow)
{
    return &flow->run.spaces[flow->layout->states];
}

/* ---- stacks of states: their rows, one below the other ---- */

struct stack {
    int rows, columns;
    double *at; // [rows][columns]
};

/* Which rows of a state a stack is of: all tokens', or for exchangeable tokens one of the two. */
enum rows { ROWS_ALL = -1, ROWS_MEAN, ROWS_ACROSS };

static struct stack stack_of_zeros(int rows, int columns, struct pool *pool)
{
    return (struct stack){rows, columns, pool_take_zeros(pool, (size_t)rows * (size_t)columns * sizeof(double))};
}

/* Columns first .. last of all states. */
static struct stack stack_of(const struct space *space, const struct flow_states *states, int first, int last,
                             enum rows rows, struct pool *pool)
{
    int T = rows == ROWS_ALL ? space->grams.tokens : 1, columns = last > first ? last - first : 0;
    struct stack stack = stack_of_zeros(states->count * T, columns, pool);
    for (int s = 0; s < states->count; s++)
        for (int t = 0; t < T; t++) {
            const struct signal *from = &states->signals[s];
            int row = rows == ROWS_ALL ? t : (int)rows, count = from->columns < last ? from->columns - first : columns;
            if (count > 0)
                memcpy(stack.at + (size_t)(s * T + t) * (size_t)columns,
                       from->at + (size_t)row * (size_t)from->columns + (size_t)first, (size_t)count * sizeof(double));
        }
    return stack;
}

/* lower [rows][rank] of the stack's Gram, without the columns that are 0; kept[rank] their numbers, may be NULL. */
static struct stack stack_factor(const struct stack *stack, int *kept, struct pool *pool)
{
    size_t R = (size_t)stack->rows;
    struct stack out = {stack->rows, 0, pool_take(pool, R * R)};
    double *gram = pool_take(pool, R * R), *lower = pool_take(pool, R * R);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasNoTrans, stack->rows, stack->columns, 1, stack->at, stack->columns, 0,
                gram, stack->rows);
    gram_factor(stack->rows, gram, lower);
    for (size_t j = 0; j < R; j++)
        if (lower[j * R + j] > 0) {
            if (kept)
                kept[out.columns] = (int)j;
            out.columns++;
        }
    for (size_t i = 0; i < R; i++)
        for (size_t j = 0, c = 0; j < R; j++)
            if (lower[j * R + j] > 0)
                out.at[i * (size_t)out.columns + c++] = lower[i * R + j];
    return out;
}

/* The orthonormal rows that span the stack's, [rank][columns]: those kept solve lower rows = stack. */
static struct stack stack_basis(const struct stack *stack, const struct stack *lower, const int *kept,
                                struct pool *pool)
{
    int rank = lower->columns;
    struct stack out = {rank, stack->columns, pool_take(pool, (size_t)rank * (size_t)stack->columns + 1)};
    double *square = pool_take(pool, (size_t)rank * (size_t)rank + 1);
    for (int i = 0; i < rank; i++) {
        memcpy(square + (size_t)i * (size_t)rank, lower->at + (size_t)kept[i] * (size_t)rank,
               (size_t)rank * sizeof(double));
        memcpy(out.at + (size_t)i * (size_t)out.columns, stack->at + (size_t)kept[i] * (size_t)out.columns,
               (size_t)out.columns * sizeof(double));
    }
    if (rank > 0)
        cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, rank, out.columns, 1, square,
                    rank, out.at, out.columns);
    return out;
}

/* ---- forward ---- */

static double *row_of(const struct signal *signal, int row)
{
    return signal->at + (size_t)row * (size_t)signal->columns;
}

/* Signals of `columns` columns, the first `kept` of them those of `states`. */
static void copy_kept(const struct space *space, const struct flow_states *states, int kept, int columns,
                      struct flow_states *out, struct pool *pool)
{
    out->count = states->count;
    out->ripples = NULL;
    for (int s = 0; s < states->count; s++) {
        const struct signal *from = &states->signals[s];
        out->signals[s] = frame_zero(space, columns, pool);
        for (int t = 0; t < frame_rows(space); t++)
            memcpy(row_of(&out->signals[s], t), row_of(from, t),
                   (size_t)(from->columns < kept ? from->columns : kept) * sizeof(double));
    }
}

/* A stack of these rows, into the columns from `first` on. */
static void write_stack(const struct space *space, const struct stack *stack, int first, enum rows rows,
                        struct flow_states *out)
{
    int T = rows == ROWS_ALL ? space->grams.tokens : 1;
    for (int s = 0; s < out->count; s++)
        for (int t = 0; t < T; t++)
            memcpy(row_of(&out->signals[s], rows == ROWS_ALL ? t : (int)rows) + first,
                   stack->at + (size_t)(s * T + t) * (size_t)stack->columns, (size_t)stack->columns * sizeof(double));
}

/* Of the components that are handed on, those that the states do not span among them. */
static const double *hand_on_ripples(struct flow_block *flow, const struct stack *stack, const struct stack *lower,
                                     const int *kept, struct pool *keep)
{
    struct pool *pool = flow->run.scratch;
    struct stack basis = stack_basis(stack, lower, kept, pool);
    int count = stack->rows, columns = flow->kept + stack->columns;
    size_t entries = (size_t)ripple_entries(count);
    struct stack rows = stack_of_zeros(count, columns, pool);
    double *out = pool_take(keep, entries * entries);
    for (int i = 0; i < basis.rows; i++)
        memcpy(rows.at + (size_t)i * (size_t)columns + (size_t)flow->kept, basis.at + (size_t)i * (size_t)basis.columns,
               (size_t)basis.columns * sizeof *rows.at);
    ripple_hand_on(&flow->run.ripples, flow->layout->states, rows.at, count, columns, out);
    return out;
}

/* Exchangeable tokens: each of the two rows has a factor of its own. */
static void hand_on_pairs(struct flow_block *flow, const struct flow_states *states, int columns,
                          struct flow_states *out, struct pool *keep)
{
    struct space *space = states_space(flow);
    copy_kept(space, states, flow->kept, flow->kept + states->count, out, keep);
    for (enum rows row = ROWS_MEAN; row <= ROWS_ACROSS; row++) {
        struct stack stack = stack_of(space, states, flow->kept, columns, row, flow->run.scratch);
        int kept[GRAPH_INPUTS_MAX];
        struct stack lower = stack_factor(&stack, kept, flow->run.scratch);
        write_stack(space, &lower, flow->kept, row, out);
        if (row == ROWS_ACROSS && flow->layout->mode.first_order)
            out->ripples = hand_on_ripples(flow, &stack, &lower, kept, keep);
    }
    flow->handed = flow->kept + states->count;
}

/* The frame of what is handed on: that of the block where it is small enough, else the rows that the states span. */
static void hand_on(struct flow_block *flow, const struct flow_states *states, struct flow_states *out,
                    struct pool *keep)
{
    struct space *space = states_space(flow);
    int columns = space->columns, rows = states->count * space->grams.tokens;
    flow->kept = frame_first(space);
    flow->basis = (struct signal){0};
    flow->spanned = false;
    if (space->grams.exchangeable) {
        hand_on_pairs(flow, states, columns, out, keep);
        return;
    }
    if (columns - flow->kept <= rows) {
        flow->handed = columns;
        copy_kept(space, states, columns, columns, out, keep);
        return;
    }
    struct stack stack = stack_of(space, states, flow->kept, columns, ROWS_ALL, &flow->pool), lower;
    if (rule_has_width(&flow->run)) {
        lower = (struct stack){rows, rows, pool_take(flow->run.scratch, (size_t)rows * (size_t)rows)};
        gram_orthonormal(rows, stack.columns, stack.at, lower.at, flow->run.scratch);
        flow->basis = (struct signal){stack.columns, stack.at};
    } else { // no gradient is along it
        lower = stack_factor(&stack, NULL, flow->run.scratch);
    }
    flow->handed = flow->kept + lower.columns;
    copy_kept(space, states, flow->kept, flow->handed, out, keep);
    write_stack(space, &lower, flow->kept, ROWS_ALL, out);
    flow->spanned = true;
}

static struct signal input_of(const struct flow_block *flow, const struct flow_replica *replica,
                              const struct flow_states *in, int node)
{
    const struct graph *graph = graph_of(flow);
    int input = graph->nodes[node].index;
    return graph->inputs[input].memory ? replica->memories[input] : in->signals[input];
}

static void begin_ripples(struct flow_block *flow, const struct flow_states *in)
{
    const struct graph *graph = graph_of(flow);
    struct ripples *ripples = &flow->run.ripples;
    ripple_begin(ripples, flow->layout->space_count, &flow->pool);
    if (!flow->layout->mode.first_order)
        return;
    if (in->ripples)
        ripple_receive(ripples, flow->layout->states, frame_first(states_space(flow)), in->count, in->ripples);
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_INPUT && (graph->nodes[n].memory || !in->ripples)) {
            const struct space *space = rule_space(&flow->run, n);
            for (int c = frame_first(space); c < flow->run.nodes[n].out.columns; c++)
                ripple_fresh(ripples, flow->layout->nodes[n].space, c, space->width, 1, 1, NULL);
        }
}

static void begin(struct flow_block *flow, const struct flow_replica *replica, const struct flow_states *in)
{
    const struct layout *layout = flow->layout;
    const struct graph *graph = graph_of(flow);
    pool_clear(&flow->pool);
    memset(flow->run.nodes, 0, (size_t)graph->node_count * sizeof *flow->run.nodes);
    memset(flow->run.weights, 0, (size_t)graph->matrix_count * sizeof *flow->run.weights);
    memcpy(flow->run.spaces, layout->spaces, (size_t)layout->space_count * sizeof *layout->spaces);
    flow->run.layout = layout;
    flow->run.block = flow->block;
    flow->run.work = &flow->pool;
    flow->run.scratch = replica->scratch;
    flow->run.address = (struct stream_address){replica->seed, replica->replica, flow->block->number, 0, 0, 0,
                                                STREAM_REPLICA};
    flow->run.drawn = replica->drawn;
    flow->run.too_sharp = replica->too_sharp;
    flow->variance = replica->variance;
    flow->run.uneven = replica->uneven;
    for (int s = 0; s < in->count; s++)
        if (in->signals[s].columns > states_space(flow)->columns)
            states_space(flow)->columns = in->signals[s].columns;
    for (int n = 0; n < graph->node_count; n++)
        if (graph->nodes[n].kind == GRAPH_INPUT) {
            struct space *space = &flow->run.spaces[layout->nodes[n].space];
            int input = graph->nodes[n].index;
            flow->run.nodes[n].out = input_of(flow, replica, in, n);
            if (!graph->inputs[input].memory) {
                flow->run.nodes[n].normed = in->normed[input];
                flow->run.nodes[n].spread = in->spread[input];
                flow->run.nodes[n].uneven = in->uneven[input];
            }
            if (flow->run.nodes[n].out.columns > space->columns)
                space->columns = flow->run.nodes[n].out.columns;
        }
    begin_ripples(flow, in);
}

/* Whether every token's square at the node is within the range of double. */
static bool is_in_range(const struct flow_block *flow, int node)
{
    const struct space *space = rule_space(&flow->run, node);
    bool finite = true;
    for (int t = 0; t < gram_rows(space->grams); t++)
        finite = finite && isfinite(frame_square(space, &flow->run.nodes[node].out, t));
    return finite;
}

/* Whether a state's mean square leaves the next block room, as in a sample (sim/stack). */
static bool leaves_room(const struct flow_block *flow, const struct signal *state)
{
    const struct space *space = states_space(flow);
    double sum = 0;
    for (int t = 0; t < gram_rows(space->grams); t++)
        sum += frame_square(space, state, t);
    return frame_in_range(space, state, sum);
}

/* The variance, at the model's width, of the logarithm of a signal's square, but for what its first columns have. */
static double log_variance(const struct space *space, const struct signal *signal, int old)
{
    double squares[2][2] = {{0}}, T = space->grams.tokens;
    for (int row = 0; row < 2; row++)
        for (int c = 0; c < signal->columns; c++) {
            double square = gsl_pow_2(signal->at[row * signal->columns + c]);
            squares[row][0] += square;
            squares[row][1] += c < old ? square : 0;
        }
    double trace = squares[0][0] + (T - 1) * squares[1][0], all[2];
    for (int i = 0; i < 2; i++)
        all[i] = gsl_pow_2(squares[0][i]) + (T - 1) * gsl_pow_2(squares[1][i]);
    return trace > 0 ? 2 * (all[0] - all[1]) / (space->width * trace * trace) : 0;
}

/* Relative variances of two parts whose squares are a and b make that of their sum. */
static double mix(double a, double of_a, double b, double of_b)
{
    return a + b > 0 ? gsl_pow_2(a / (a + b)) * of_a + gsl_pow_2(b / (a + b)) * of_b : 0;
}

/* The spread of tokens' squares, and of what tokens have by themselves, goes where signals go; what a norm meets is what a
 * mean of squares errs by, once and not three times as a stack's logarithm does (moments.c). */
static void carry_spread(struct flow_block *flow, int n)
{
    const struct graph_node *own = &graph_of(flow)->nodes[n];
    struct rule_node *nodes = flow->run.nodes;
    double a[2], b[2]; // Grams
    switch (own->kind) {
    case GRAPH_SUM:
        frame_gram(rule_space(&flow->run, n), 1, &nodes[own->a].out, a);
        frame_gram(rule_space(&flow->run, n), 1, &nodes[own->b].out, b);
        nodes[n].spread = mix(a[0] + a[1], nodes[own->a].spread, b[0] + b[1], nodes[own->b].spread);
        nodes[n].uneven = mix(a[0], nodes[own->a].uneven, b[0], nodes[own->b].uneven);
        break;
    case GRAPH_NORM:
        *flow->variance += nodes[own->a].spread / 3;
        nodes[n].uneven = nodes[own->a].uneven;
        break;
    case GRAPH_SCALE:
    case GRAPH_MAP:
    case GRAPH_POINTWISE:
    case GRAPH_PRODUCT:
        nodes[n].spread = nodes[own->a].spread;
        nodes[n].uneven = nodes[own->a].uneven;
        break;
    default:
        break;
    }
}

/* covariance[0] is no number where a signal of the block is beyond double, or a state below: what hands it on may hide that. */
static void read_forward(struct flow_block *flow, const struct flow_states *in, struct flow_states *out,
                         struct pool *keep, double covariance[])
{
    bool finite = true;
    const struct graph *graph = graph_of(flow);
    struct flow_states states = {.count = graph->state_count};
    for (int n = 0; n < graph->node_count; n++)
        if (graph_is_signal(graph->nodes[n].kind) && !layout_is_apart(flow->layout, n)) {
            pool_clear(flow->run.scratch);
            rules[graph->nodes[n].kind].forward(&flow->run, n);
            finite = finite && is_in_range(flow, n);
            if (flow->layout->mode.first_order)
                carry_spread(flow, n);
        }
    for (int s = 0; s < states.count; s++) {
        states.signals[s] = flow->run.nodes[graph->outputs[s]].out;
        finite = finite && leaves_room(flow, &states.signals[s]);
        covariance[s] = frame_dot(states_space(flow), &in->signals[s], &states.signals[s]);
    }
    if (!finite)
        covariance[0] = NAN;
    if (flow->layout->mode.first_order)
        *flow->variance += log_variance(states_space(flow), &states.signals[0], in->signals[0].columns);
    hand_on(flow, &states, out, keep);
    for (int s = 0; s < states.count; s++) {
        out->normed[s] = flow->run.nodes[graph->outputs[s]].normed;
        out->spread[s] = flow->run.nodes[graph->outputs[s]].spread;
        out->uneven[s] = flow->run.nodes[graph->outputs[s]].uneven;
    }
}

static int out_of_memory(const struct flow_block *flow, struct error *error)
{
    char words[MEMORY_WORDS];
    return error_set(error, ERROR_RESOURCE, "out of memory for the Grams of block %d, %s of them",
                     (int)flow->block->number, memory_words(flow->pool.bytes, words));
}

int flow_forward(struct flow_block *flow, const struct flow_replica *replica, const struct flow_states *in,
                 struct flow_states *out, struct pool *keep, double covariance[], struct error *error)
{
    jmp_buf exhausted;
    flow->pool.exhausted = replica->scratch->exhausted = keep->exhausted = &exhausted;
    if (setjmp(exhausted))
        return out_of_memory(flow, error);
    begin(flow, replica, in);
    read_forward(flow, in, out, keep, covariance);
    return ERROR_NONE;
}

/* ---- reverse ---- */

/* Orthonormal rows [rank], uniformly turned in the complement of what was handed on: along the columns kept .. columns
 * of the frame, and across it. */
static struct stack turned_rows(struct flow_block *flow, int rank, int added)
{
    struct space *space = states_space(flow);
    struct pool *pool = flow->run.work;
    int old = space->columns - flow->kept, K = flow->basis.columns, handed = flow->handed - flow->kept;
    struct stack rows = stack_of_zeros(rank, old + added, pool);
    struct stream_address address = rule_states_address(&flow->run, 0);
    double *normals = pool_take(pool, (size_t)rank * (size_t)old),
           *along = pool_take(pool, (size_t)(rank * handed) + 1);
    size_t count = (size_t)rank * (size_t)old;
    flight_normals(&address, 0, count, 1, normals);
    for (int i = 0; i < rank; i++)
        memcpy(rows.at + (size_t)i * (size_t)rows.columns, normals + (size_t)i * (size_t)old,
               (size_t)old * sizeof(double));
    if (handed > 0) {
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rank, handed, K, 1, rows.at, rows.columns, flow->basis.at,
                    K, 0, along, handed);
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rank, K, handed, -1, along, handed, flow->basis.at, K, 1,
                    rows.at, rows.columns);
    }
    if (added > 0)
        wishart_factor(&address, count + count % 2, rank, space->width - space->columns, rows.at + old, rows.columns);
    int *kept = (int *)pool_take(pool, (size_t)rank);
    struct stack lower = stack_factor(&rows, kept, pool);
    return stack_basis(&rows, &lower, kept, pool);
}

static void multiply(const struct stack *a, const double *b, int columns, struct stack *out, struct pool *pool)
{
    *out = stack_of_zeros(a->rows, columns, pool);
    if (a->columns > 0 && columns > 0)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, a->rows, columns, a->columns, 1, a->at, a->columns, b,
                    columns, 0, out->at, columns);
}

static int most_columns(const struct flow_states *states)
{
    int most = 0;
    for (int s = 0; s < states->count; s++)
        most = states->signals[s].columns > most ? states->signals[s].columns : most;
    return most;
}

/* What of the gradients lies across all that was handed on. */
static void embed_rest(struct flow_block *flow, const struct flow_states *dy, enum rows which, struct flow_states *out)
{
    struct space *space = states_space(flow);
    struct pool *pool = flow->run.work;
    struct stack rest = stack_of(space, dy, flow->handed, most_columns(dy), which, pool);
    if (rest.columns == 0)
        return;
    struct stack lower = stack_factor(&rest, NULL, pool);
    bool turns = flow->basis.at && space->drawn; // a frame that has no width has room across all that is there
    int left = space->width - space->columns, added = which == ROWS_ALL ? lower.columns : dy->count;
    added = turns && left < added ? left : added;
    int first = turns ? flow->kept : space->columns, columns = space->columns + added;
    struct stack placed = lower;
    if (turns && lower.columns > 0) {
        struct stack rows = turned_rows(flow, lower.columns, added);
        struct stack square = {lower.rows, rows.rows, pool_take(pool, (size_t)lower.rows * (size_t)rows.rows + 1)};
        for (int i = 0; i < lower.rows; i++)
            memcpy(square.at + (size_t)i * (size_t)rows.rows, lower.at + (size_t)i * (size_t)lower.columns,
                   (size_t)rows.rows * sizeof(double));
        multiply(&square, rows.at, rows.columns, &placed, pool);
    }
    struct flow_states wide = {.count = dy->count};
    for (int s = 0; s < dy->count; s++)
        wide.signals[s] = frame_zero(space, columns, pool);
    write_stack(space, &placed, first, which, &wide);
    for (int s = 0; s < dy->count; s++)
        frame_add(space, 1, &wide.signals[s], &out->signals[s], pool);
    if (which != ROWS_MEAN) // both rows of exchangeable tokens have the same columns
        space->columns = columns;
}

/* The gradients at what was handed on, in this block's frame. */
static void embed(struct flow_block *flow, const struct flow_states *dy, struct flow_states *out)
{
    struct space *space = states_space(flow);
    copy_kept(space, dy, flow->spanned || space->grams.exchangeable ? flow->kept : flow->handed, space->columns, out,
              flow->run.work);
    if (flow->basis.at) {
        struct stack along = stack_of(space, dy, flow->kept, flow->handed, ROWS_ALL, flow->run.work), placed;
        multiply(&along, flow->basis.at, flow->basis.columns, &placed, flow->run.work);
        write_stack(space, &placed, flow->kept, ROWS_ALL, out);
    }
    if (space->grams.exchangeable)
        embed_rest(flow, dy, ROWS_MEAN, out);
    embed_rest(flow, dy, space->grams.exchangeable ? ROWS_ACROSS : ROWS_ALL, out);
}

static void read_backward(struct flow_block *flow, const struct flow_states *dy, struct flow_states *dx,
                          struct pool *keep)
{
    const struct graph *graph = graph_of(flow);
    struct flow_states at_output;
    embed(flow, dy, &at_output);
    int old = states_space(flow)->columns;
    for (int s = 0; s < dy->count; s++)
        frame_add(states_space(flow), 1, &at_output.signals[s], &flow->run.nodes[graph->outputs[s]].gradient,
                  flow->run.work);
    for (int n = graph->node_count - 1; n >= 0; n--) {
        if (!graph_is_signal(graph->nodes[n].kind))
            continue;
        rule_collect(&flow->run, n);
        if (flow->run.nodes[n].gradient.at)
            rules[graph->nodes[n].kind].backward(&flow->run, n);
    }
    dx->count = dy->count;
    for (int s = 0; s < dx->count; s++) {
        int node = graph_input_node(graph, s);
        dx->signals[s] = frame_zero(states_space(flow), states_space(flow)->columns, keep);
        if (node >= 0 && flow->run.nodes[node].gradient.at)
            frame_add(states_space(flow), 1, &flow->run.nodes[node].gradient, &dx->signals[s], keep);
    }
    if (flow->layout->mode.first_order)
        *flow->variance += log_variance(states_space(flow), &dx->signals[0], old);
}

int flow_backward(struct flow_block *flow, const struct flow_states *dy, struct flow_states *dx, struct pool *keep,
                  struct error *error)
{
    jmp_buf exhausted;
    flow->run.work = flow->run.scratch; // what is sent back goes no further than the block
    flow->run.ripples.pool = flow->run.work;
    flow->run.work->exhausted = keep->exhausted = &exhausted;
    if (setjmp(exhausted))
        return out_of_memory(flow, error);
    pool_clear(flow->run.work);
    read_backward(flow, dy, dx, keep);
    return ERROR_NONE;
}

/* In the frame of what was handed on and with what lies across it: as a fresh signal in a space of that frame. */
int flow_cotangent(struct flow_block *flow, const struct flow_cotangent *from, struct flow_states *dy,
                   struct pool *keep, struct error *error)
{
    jmp_buf exhausted;
    struct space space = *states_space(flow);
    struct stream_address address = rule_states_address(&flow->run, 1);
    flow->pool.exhausted = keep->exhausted = &exhausted;
    if (setjmp(exhausted))
        return out_of_memory(flow, error);
    space.columns = flow->handed;
    struct factor factor = from->gram ? frame_factor(space.grams, from->gram, keep)
                                      : frame_factor_alike(&space, from->own, from->shared, keep);
    dy->count = graph_of(flow)->state_count;
    dy->signals[0] = frame_fresh(&space, &factor, &address, keep, NULL);
    for (int t = 0; from->along && t < space.grams.tokens; t++)
        memcpy(row_of(&dy->signals[0], t), from->along + (size_t)t * (size_t)flow->handed,
               (size_t)flow->handed * sizeof *from->along);
    for (int s = 1; s < dy->count; s++)
        dy->signals[s] = frame_zero(&space, space.columns, keep);
    return ERROR_NONE;
}
