#include "analysis/limit/moments.h"

#include <cblas.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "sim/budget.h"
#include "sim/estimate.h"
#include "analysis/limit/flight.h"
#include "analysis/limit/flow.h"

struct moments_options moments_defaults(void)
{
    return (struct moments_options){.draws = 256, .error = 0.003, .most = 5, .seed = 1, .threads = 1};
}

/* What every replica shares. */
struct plan {
    const struct model *model;
    const struct moments_options *options;
    struct depth depth;
    struct gram_space space;
    int heads;          /* attention matrices a block in each replica */
    size_t work;        /* doubles of scratch for a block */
    size_t size;        /* gram_size */
    size_t *first_site; /* [block_count + 1], into the branches' Grams of all blocks */
    size_t cells;       /* (L + 1) columns */
};

/* One thread's memory. */
struct replica {
    double *memory;
    double *signals;            // [block_count + 1][size]: Gram of every block's input and of the last output
    double *outputs;            // [sites of all blocks][size]
    double *gradient[2];        // [size]
    struct rule_report *report; /* [sites_max] */
    struct arena work;
    struct wide *values; // [(L + 1)][columns]
    bool drawn;
};

/* A router's choice breaks exchangeability in every replica, a mask with order or a cotangent that tells tokens apart
 * in all. */
static bool is_exchangeable(const struct depth *depth)
{
    const struct model *model = depth->model;
    bool sees_all = true;
    for (int t = 0; t < model->tokens; t++)
        sees_all &= model->mask->visible(t, model->tokens) == model->tokens;
    return sees_all && model->cotangent->exchangeable && !depth_has_router(depth);
}

/* Heads of a replica are those of the model; beyond 8 their number hardly matters (the Grams' spread, and with it the
 * effect on any mean, falls like 1/H), so that several replicas are had for the price of one. */
enum { HEADS_MOST = 8 };

static int plan_init(struct plan *plan, const struct model *model, const struct moments_options *options,
                     struct error *error)
{
    *plan = (struct plan){.model = model, .options = options};
    int code = depth_init(&plan->depth, model, options->per_token, error);
    if (code != ERROR_NONE)
        return code;
    plan->space = (struct gram_space){model->tokens, !options->full && is_exchangeable(&plan->depth)};
    plan->size = gram_size(plan->space);
    plan->heads = options->heads > 0                                      ? options->heads
                  : plan->space.exchangeable || model->heads > HEADS_MOST ? HEADS_MOST
                                                                          : model->heads;
    plan->cells = (size_t)(model->layers + 1) * (size_t)plan->depth.schema.column_count;
    plan->first_site = calloc((size_t)plan->depth.block_count + 1, sizeof *plan->first_site);
    if (!plan->first_site) {
        depth_free(&plan->depth);
        return error_set(error, ERROR_RESOURCE, "out of memory for %d blocks", plan->depth.block_count);
    }
    for (int b = 0; b < plan->depth.block_count; b++) {
        const struct graph *graph = plan->depth.blocks[b].graph;
        size_t work = flow_work(model, plan->space, graph);
        plan->work = work > plan->work ? work : plan->work;
        plan->first_site[b + 1] = plan->first_site[b] + (size_t)graph->site_count;
    }
    return ERROR_NONE;
}

static void plan_free(struct plan *plan)
{
    free(plan->first_site);
    depth_free(&plan->depth);
}

static size_t signals_size(const struct plan *plan)
{
    return memory_multiply((size_t)plan->depth.block_count + 1, plan->size);
}

static size_t outputs_size(const struct plan *plan)
{
    return memory_multiply(plan->first_site[plan->depth.block_count], plan->size);
}

static int replica_init(struct replica *replica, const struct plan *plan, struct error *error)
{
    *replica = (struct replica){0};
    size_t size = memory_add(arena_cost(signals_size(plan)), arena_cost(outputs_size(plan)));
    size = memory_add(memory_add(size, memory_multiply(2, arena_cost(plan->size))), arena_cost(plan->work));
    bool fits = memory_multiply(size, sizeof(double)) <=
                budget_available(plan->options->threads) / (size_t)plan->options->threads;
    struct arena all = {fits ? memory_doubles(size) : NULL, size, 0};
    replica->memory = all.base;
    replica->report = calloc((size_t)plan->depth.sites_max + 1, sizeof *replica->report);
    replica->values = calloc(plan->cells, sizeof *replica->values);
    if (!replica->memory || !replica->report || !replica->values)
        return error_set(error, ERROR_RESOURCE, "memory: the Grams of %d blocks of %d tokens take %.4g GB",
                         plan->depth.block_count, plan->model->tokens, (double)size * sizeof(double) / 1e9);
    replica->signals = arena_take(&all, signals_size(plan));
    replica->outputs = arena_take(&all, outputs_size(plan));
    replica->gradient[0] = arena_take(&all, plan->size);
    replica->gradient[1] = arena_take(&all, plan->size);
    replica->work = (struct arena){arena_take(&all, plan->work), plan->work, 0};
    return ERROR_NONE;
}

static void replica_free(struct replica *replica)
{
    free(replica->memory);
    free(replica->report);
    free(replica->values);
}

/* ---- sources ---- */

static void input_gram(const struct plan *plan, double *gram)
{
    const struct model *model = plan->model;
    double square = model->input_scale * model->input_scale, shared = square * model->input_correlation;
    size_t T = (size_t)model->tokens;
    if (plan->space.exchangeable) {
        gram[0] = square * (1 - model->input_correlation);
        gram[1] = shared;
        return;
    }
    for (size_t i = 0; i < T * T; i++)
        gram[i] = i % (T + 1) == 0 ? square : shared;
}

static void cotangent_gram(const struct plan *plan, double *gram)
{
    const struct model *model = plan->model;
    int T = model->tokens;
    if (plan->space.exchangeable) {
        gram[1] = T > 1 ? model->cotangent->gram(T, 0, 1) : 0;
        gram[0] = model->cotangent->gram(T, 0, 0) - gram[1];
        return;
    }
    for (int s = 0; s < T; s++)
        for (int t = 0; t < T; t++)
            gram[s * T + t] = model->cotangent->gram(T, s, t);
}

/* ---- observables: the same cells as sim/observe and sim/stack fill from samples ---- */

static struct wide cosine_cell(double cosine)
{
    return isnan(cosine) ? wide_absent() : wide_of(cosine);
}

static void observe_squares(const struct plan *plan, enum observe_id id, const double *gram, int exponent,
                            struct wide *row)
{
    const struct observe_schema *schema = &plan->depth.schema;
    row[schema->layer_column[id]] = (struct wide){gram_mean_square(plan->space, gram), exponent};
    for (int t = 0; schema->token_column[id] >= 0 && t < schema->tokens; t++)
        row[schema->token_column[id] + t] = (struct wide){gram_diagonal(plan->space, gram, t), exponent};
}

static void observe_signal(const struct plan *plan, const double *gram, struct wide *row)
{
    const int *column = plan->depth.schema.layer_column;
    observe_squares(plan, OBSERVE_ACTIVATION_VARIANCE, gram, 0, row);
    if (column[OBSERVE_TOKEN_COSINE] >= 0)
        row[column[OBSERVE_TOKEN_COSINE]] = cosine_cell(gram_cosine(plan->space, gram));
}

static void observe_reverse(const struct plan *plan, const double *gram, int exponent, struct wide *row)
{
    const int *column = plan->depth.schema.layer_column;
    observe_squares(plan, OBSERVE_GRADIENT_VARIANCE, gram, exponent, row);
    if (column[OBSERVE_GRADIENT_TOKEN_COSINE] < 0)
        return;
    row[column[OBSERVE_GRADIENT_TOKEN_COSINE]] = cosine_cell(gram_cosine(plan->space, gram));
    row[column[OBSERVE_GRADIENT_SPECIFIC]] = (struct wide){gram_specific(plan->space, gram), exponent};
}

static void observe_branches(const struct plan *plan, int block, const struct replica *replica, double input_square,
                             struct wide *row)
{
    const struct observe_schema *schema = &plan->depth.schema;
    double entropy = 0, relative = 0;
    int attentions = 0;
    for (int s = 0; s < plan->depth.blocks[block].graph->site_count; s++) {
        const struct observe_branch *branch = &schema->branches[plan->depth.branch_index[block][s]];
        const double *output = replica->outputs + (plan->first_site[block] + (size_t)s) * plan->size;
        if (input_square > 0)
            row[branch->ratio] = wide_of(gram_mean_square(plan->space, output) / input_square);
        if (branch_of(branch->kind)->has_entropy) {
            entropy += replica->report[s].entropy;
            relative += replica->report[s].relative_entropy;
            attentions++;
        }
    }
    if (attentions > 0 && schema->layer_column[OBSERVE_ATTENTION_ENTROPY] >= 0) {
        row[schema->layer_column[OBSERVE_ATTENTION_ENTROPY]] = wide_of(entropy / attentions);
        row[schema->layer_column[OBSERVE_ATTENTION_ENTROPY_RELATIVE]] = wide_of(relative / attentions);
    }
}

static void observe_weights(const struct plan *plan, int block, const struct rule_report reports[], int exponent,
                            struct wide *row)
{
    for (int s = 0; s < plan->depth.blocks[block].graph->site_count; s++) {
        const struct observe_branch *branch = &plan->depth.schema.branches[plan->depth.branch_index[block][s]];
        for (int m = 0; m < INIT_MATRICES; m++)
            if (branch->weight[m] >= 0)
                row[branch->weight[m]] = (struct wide){reports[s].weight[m], exponent};
    }
}

/* ---- a replica ---- */

static struct wide *layer_row(const struct plan *plan, const struct replica *replica, int layer)
{
    return replica->values + (size_t)layer * (size_t)plan->depth.schema.column_count;
}

static int forward_pass(const struct plan *plan, struct replica *replica, const struct flow_run *run,
                        struct error *error)
{
    const int *column = plan->depth.schema.layer_column;
    input_gram(plan, replica->signals);
    observe_signal(plan, replica->signals, layer_row(plan, replica, 0));
    double square = gram_mean_square(plan->space, replica->signals);
    for (int b = 0; b < plan->depth.block_count; b++) {
        const double *in = replica->signals + (size_t)b * plan->size;
        double *out = replica->signals + ((size_t)b + 1) * plan->size;
        double covariance = flow_forward(run, &plan->depth.blocks[b], in, out,
                                         replica->outputs + plan->first_site[b] * plan->size, replica->work,
                                         replica->report);
        double next = gram_mean_square(plan->space, out);
        if (!isfinite(next) || !isfinite(covariance))
            return error_set(error, ERROR_INPUT,
                             "the signal leaves the range of double in block %d of %d; fewer layers, smaller weights "
                             "or a norm would keep it there",
                             b + 1, plan->model->layers);
        if (b >= plan->model->layers)
            break;
        struct wide *row = layer_row(plan, replica, b + 1);
        observe_signal(plan, out, row);
        double lengths = plan->model->tokens * sqrt(square) * sqrt(next);
        if (lengths > 0)
            row[column[OBSERVE_LAYER_COSINE]] = wide_of(covariance / lengths);
        observe_branches(plan, b, replica, square, row);
        square = next;
    }
    return ERROR_NONE;
}

/* Brings the Gram's mean square near 1 by an exact power of four; returns the exponent that it has now. */
static int rescale(const struct plan *plan, double *gram, double mean_square, int exponent)
{
    int shift = 0;
    if (mean_square > 0)
        frexp(mean_square, &shift);
    if (abs(shift) < 64)
        return exponent;
    shift -= shift % 2;
    for (size_t i = 0; i < plan->size; i++)
        gram[i] = ldexp(gram[i], -shift);
    return exponent + shift;
}

static int reverse_pass(const struct plan *plan, struct replica *replica, const struct flow_run *run,
                        struct error *error)
{
    double *g = replica->gradient[0], *dx = replica->gradient[1];
    int exponent = 0, layers = plan->model->layers;
    cotangent_gram(plan, g);
    if (plan->depth.block_count == layers)
        observe_reverse(plan, g, exponent, layer_row(plan, replica, layers));
    for (int b = plan->depth.block_count - 1; b >= 0; b--) {
        memset(replica->report, 0, (size_t)plan->depth.sites_max * sizeof *replica->report);
        flow_backward(run, &plan->depth.blocks[b], replica->signals + (size_t)b * plan->size,
                      replica->outputs + plan->first_site[b] * plan->size, g, dx, replica->work, replica->report);
        if (b < layers)
            observe_weights(plan, b, replica->report, exponent, layer_row(plan, replica, b + 1));
        observe_reverse(plan, dx, exponent, layer_row(plan, replica, b));
        double square = gram_mean_square(plan->space, dx);
        if (!isfinite(square))
            return error_set(error, ERROR_INPUT, "the gradient leaves the range of double within block %d of %d", b + 1,
                             layers);
        exponent = rescale(plan, dx, square, exponent);
        double *swap = g;
        g = dx;
        dx = swap;
    }
    return ERROR_NONE;
}

static int replica_run(const struct plan *plan, struct replica *replica, uint64_t number, struct error *error)
{
    struct flow_run run = {plan->model, plan->space, plan->options->seed, number, plan->heads, &replica->drawn};
    for (size_t i = 0; i < plan->cells; i++)
        replica->values[i] = wide_absent();
    int code = forward_pass(plan, replica, &run, error);
    if (code == ERROR_NONE)
        code = reverse_pass(plan, replica, &run, error);
    return code;
}

/* ---- all replicas ---- */

/* What is known so far: over flights, whose means are independent, and over the replicas of the flight that is not
 * complete. */
struct tally {
    struct estimate *cells, *flight; // [(L + 1)][columns]
};

static void end_flight(const struct plan *plan, const struct tally *tally)
{
    for (size_t i = 0; i < plan->cells; i++) {
        if (tally->flight[i].n > 0)
            estimate_add(&tally->cells[i], estimate_mean(&tally->flight[i]));
        tally->flight[i] = (struct estimate){0};
    }
}

static void add_replica(const struct plan *plan, const struct tally *tally, int number, const struct wide *values)
{
    for (size_t i = 0; i < plan->cells; i++)
        estimate_add(&tally->flight[i], values[i]);
    if (number % FLIGHT == FLIGHT - 1)
        end_flight(plan, tally);
}

/* Replicas first .. first + count - 1, added in their order. */
static int run_batch(const struct plan *plan, struct replica *replicas, int first, int count, const struct tally *tally,
                     struct error *error)
{
    int halted = ERROR_NONE;
    struct error first_error = {0};
    const volatile sig_atomic_t *stop = plan->options->stop;
#pragma omp parallel for ordered schedule(dynamic, 1) num_threads(plan->options->threads)
    for (int r = first; r < first + count; r++) {
        struct replica *replica = &replicas[omp_get_thread_num()];
        struct error own = {0};
        int code = ERROR_INTERRUPTED, seen;
#pragma omp atomic read
        seen = halted;
        if (seen == ERROR_NONE && !(stop && *stop))
            code = replica_run(plan, replica, (uint64_t)r, &own);
#pragma omp ordered
        {
            if (halted == ERROR_NONE && code == ERROR_NONE) {
                add_replica(plan, tally, r, replica->values);
            } else if (halted == ERROR_NONE) {
                first_error = own;
#pragma omp atomic write
                halted = code;
            }
        }
    }
    if (halted == ERROR_INTERRUPTED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (halted != ERROR_NONE)
        *error = first_error;
    return halted;
}

/* The largest standard error, relative to the mean or absolute for cosines. Columns by token are left out, and what
 * rounding has eaten: parts of a gradient below 1e-10 of the whole. */
static double largest_error(const struct plan *plan, const struct estimate *cells)
{
    const struct observe_schema *schema = &plan->depth.schema;
    double largest = 0;
    for (size_t i = 0; i < plan->cells; i++) {
        int column = (int)(i % (size_t)schema->column_count),
            gradient = schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
        enum observe_id id = schema->columns[column].observable;
        bool by_token = schema->token_column[id] >= 0 && column != schema->layer_column[id];
        bool of_gradient = id == OBSERVE_GRADIENT_SPECIFIC || id == OBSERVE_WEIGHT_GRADIENT_VARIANCE;
        const struct estimate *whole = &cells[i - (size_t)column + (size_t)gradient];
        struct wide se = estimate_se(&cells[i]);
        if (by_token || !wide_present(se) || se.mantissa == 0)
            continue;
        if (of_gradient && ldexp(cells[i].mean, cells[i].exponent - whole->exponent) < 1e-10 * whole->mean)
            continue;
        double scale = observables[id].cosine ? ldexp(1, -cells[i].exponent) : fabs(cells[i].mean);
        largest = fmax(largest, se.mantissa / scale);
    }
    return largest;
}

/* Fewer flights than four know too little of their own spread. */
enum { LEAST = 4 * FLIGHT };

/* The first replica tells whether anything is drawn at all. */
static int run_replicas(const struct plan *plan, struct replica *replicas, const struct tally *tally, int *count,
                        struct error *error)
{
    const struct moments_options *options = plan->options;
    int batch = (options->draws + plan->heads * FLIGHT - 1) / (plan->heads * FLIGHT) * FLIGHT;
    int code = run_batch(plan, replicas, 0, 1, tally, error);
    *count = 1;
    bool drawn = false;
    for (int t = 0; t < options->threads; t++)
        drawn |= replicas[t].drawn;
    if (code == ERROR_NONE && !drawn)
        end_flight(plan, tally);
    for (int b = 0; code == ERROR_NONE && drawn && b < options->most; b++) {
        int next = batch * (b + 1) > LEAST ? batch * (b + 1) : LEAST;
        code = run_batch(plan, replicas, *count, next - *count, tally, error);
        *count = next;
        if (largest_error(plan, tally->cells) <= options->error)
            break;
    }
    return code;
}

static int moments_alloc(struct moments *moments, struct plan *plan, struct error *error)
{
    moments->mean = calloc(plan->cells, sizeof *moments->mean);
    moments->se = calloc(plan->cells, sizeof *moments->se);
    moments->exchangeable = plan->space.exchangeable;
    moments->schema = plan->depth.schema;
    plan->depth.schema = (struct observe_schema){0};
    if (moments->mean && moments->se)
        return ERROR_NONE;
    moments_free(moments);
    return error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", plan->model->layers);
}

int moments_predict(const struct model *model, const struct moments_options *options, struct moments *moments,
                    struct error *error)
{
    *moments = (struct moments){0};
    openblas_set_num_threads(1);
    struct plan plan;
    int code = plan_init(&plan, model, options, error);
    if (code != ERROR_NONE)
        return code;
    struct estimate *cells = calloc(plan.cells, sizeof *cells), *flight = calloc(plan.cells, sizeof *flight);
    struct replica *replicas = calloc((size_t)options->threads, sizeof *replicas);
    if (!cells || !flight || !replicas)
        code = error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", model->layers);
    for (int t = 0; code == ERROR_NONE && t < options->threads; t++)
        code = replica_init(&replicas[t], &plan, error);
    if (code == ERROR_NONE)
        code = run_replicas(&plan, replicas, &(struct tally){cells, flight}, &moments->replicas, error);
    if (code == ERROR_NONE)
        code = moments_alloc(moments, &plan, error);
    for (size_t i = 0; code == ERROR_NONE && i < plan.cells; i++) {
        struct wide se = estimate_se(&cells[i]);
        moments->mean[i] = cells[i].n > 0 ? estimate_mean(&cells[i]) : wide_absent();
        moments->se[i] = wide_present(se) ? se.mantissa : 0;
    }
    for (int t = 0; replicas && t < options->threads; t++)
        replica_free(&replicas[t]);
    free(replicas);
    free(cells);
    free(flight);
    plan_free(&plan);
    return code;
}

void moments_free(struct moments *moments)
{
    observe_schema_free(&moments->schema);
    free(moments->mean);
    free(moments->se);
    *moments = (struct moments){0};
}
