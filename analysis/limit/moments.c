#include "analysis/limit/moments.h"

#include <cblas.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/limit/flight.h"
#include "analysis/limit/replica.h"
#include "sim/budget.h"
#include "sim/team.h"

struct moments_options moments_defaults(void)
{
    return (struct moments_options){
        .width_limit = true, .order = 0.05, .draws = 256, .error = 0.003, .most = 5, .seed = 1, .threads = 1};
}

struct course_options moments_reading(const struct moments_options *options)
{
    return (struct course_options){.width_limit = options->width_limit,
                                   .per_token = options->per_token,
                                   .full = options->full,
                                   .heads = options->heads};
}

bool moments_at_width(const struct moments_options *options, const struct model *model)
{
    return !options->width_limit && model_is_normal(model);
}

double moments_budget(const struct moments_options *options, const struct model *model)
{
    enum { FEW_TOKENS = 64 };
    static const double LEAST = 2, MOST = 16;
    double times = (double)model->tokens / FEW_TOKENS;
    if (options->budget > 0)
        return options->budget;
    if (!moments_at_width(options, model))
        return LEAST;
    return options->replicas > 0 ? INFINITY : fmin(fmax(LEAST, LEAST * times * times), MOST);
}

/* Fewer flights than six, or four where they are dear, and fewer replicas than four know too little of their own
 * spread; one knows nothing of it. */
enum { LEAST_FLIGHTS = 6, DEAR_FLIGHTS = 4, LEAST_REPLICAS = 4, FEWEST = 2, REPLICAS_MOST = 4096, DOUBLINGS = 12 };

/* In flights, what is known of them, whose means are independent, and of the replicas of one that is not complete
 * (flight.h). Else every replica is independent. */
struct tally {
    const struct course *course;
    bool in_flights;
    const struct moments_options *options;
    struct estimate *cells, *flight; // [(L + 1)][columns]
    struct wide *part;               // [(L + 1)][columns] means of a flight
    double *log_ratio;               // [REPLICAS_MOST] of each replica, at a width
};

/* A mean over replicas that is independent of all others. */
static void add_part(const struct tally *tally, int number, const struct wide *values)
{
    const struct moments_options *options = tally->options;
    for (size_t i = 0; i < tally->course->cells; i++)
        estimate_add(&tally->cells[i], values[i]);
    if (options->visit)
        options->visit(options->context, &tally->course->depth.schema, number, values);
}

static void end_flight(const struct tally *tally, int number)
{
    for (size_t i = 0; i < tally->course->cells; i++) {
        tally->part[i] = tally->flight[i].n > 0 ? estimate_mean(&tally->flight[i]) : wide_absent();
        tally->flight[i] = (struct estimate){0};
    }
    add_part(tally, number, tally->part);
}

static void add_replica(const struct tally *tally, int number, const struct wide *values)
{
    for (size_t i = 0; tally->in_flights && i < tally->course->cells; i++)
        estimate_add(&tally->flight[i], values[i]);
    if (!tally->in_flights)
        add_part(tally, number, values);
    else if (number % FLIGHT == FLIGHT - 1)
        end_flight(tally, number / FLIGHT);
    const struct observe_schema *schema = &tally->course->depth.schema;
    const struct wide *bottom = values + schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    const struct wide *top = bottom + (size_t)tally->course->model.layers * (size_t)schema->column_count;
    bool both = wide_present(*bottom) && wide_present(*top); // the top one is not where a section final: follows
    if (!tally->course->mode.width_limit)
        tally->log_ratio[number] = both ? wide_log(*bottom) - wide_log(*top) : NAN;
}

/* Without flights the first replica of each. */
static uint64_t replica_number(const struct tally *tally, int r)
{
    return tally->in_flights ? (uint64_t)r : (uint64_t)r * FLIGHT;
}

struct batch {
    const struct tally *tally;
    struct replica *replicas; /* [threads] */
    int first, halted;
    struct error error;
};

static bool run_one(struct team *team, uint64_t i, int thread, void *context)
{
    struct batch *batch = context;
    struct replica *replica = &batch->replicas[thread];
    int number = batch->first + (int)i;
    struct error own = {0};
    int code = replica_run(replica, replica_number(batch->tally, number), batch->tally->options->stop, &own);
    team_await_turn(team, i);
    if (batch->halted == ERROR_NONE && code == ERROR_NONE) {
        add_replica(batch->tally, number, replica->values);
    } else if (batch->halted == ERROR_NONE) {
        batch->error = own;
        batch->halted = code;
    }
    return batch->halted == ERROR_NONE;
}

/* Replicas first .. first + count - 1, added in their order. */
static int run_batch(const struct tally *tally, struct replica *replicas, int first, int count, struct error *error)
{
    struct batch batch = {.tally = tally, .replicas = replicas, .first = first};
    team_run(tally->options->threads, (uint64_t)count, run_one, &batch);
    if (batch.halted == ERROR_INTERRUPTED)
        return error_set(error, ERROR_INTERRUPTED, "interrupted");
    if (batch.halted != ERROR_NONE)
        *error = batch.error;
    return batch.halted;
}

/* Relative to the mean or absolute for cosines; infinite where no spread or no number is known; 0 where rounding has
 * eaten the value: parts of a gradient below 1e-10 of the whole. */
static double relative_error(const struct tally *tally, size_t i)
{
    const struct observe_schema *schema = &tally->course->depth.schema;
    int column = (int)(i % (size_t)schema->column_count), gradient = schema->layer_column[OBSERVE_GRADIENT_VARIANCE];
    enum observe_id id = schema->columns[column].observable;
    const struct estimate *cell = &tally->cells[i], *whole = &tally->cells[i - (size_t)column + (size_t)gradient];
    struct wide se = estimate_se(cell);
    bool by_token = schema->token_column[id] >= 0 && column != schema->layer_column[id];
    bool of_gradient = id == OBSERVE_GRADIENT_SPECIFIC || id == OBSERVE_WEIGHT_GRADIENT_VARIANCE;
    if (by_token || cell->n == 0)
        return 0;
    if (!wide_present(se))
        return INFINITY;
    if (of_gradient && ldexp(cell->mean, cell->exponent - whole->exponent) < 1e-10 * whole->mean)
        return 0;
    if (se.mantissa == 0)
        return 0;
    double error = se.mantissa / (observables[id].cosine ? ldexp(1, -cell->exponent) : fabs(cell->mean));
    return isnan(error) ? INFINITY : error;
}

static double largest_error(const struct tally *tally, size_t *where)
{
    double largest = 0;
    *where = 0;
    for (size_t i = 0; i < tally->course->cells; i++) {
        double error = relative_error(tally, i);
        if (error > largest) {
            largest = error;
            *where = i;
        }
    }
    return largest;
}

static int affordable(const struct course *course, const struct moments_options *options)
{
    bool asked = !course->mode.width_limit && options->replicas > 0;
    double count = moments_budget(options, &course->model) * COURSE_RATE / course_flops(course);
    return (int)fmin(fmax(count, FEWEST), asked ? options->replicas : REPLICAS_MOST);
}

/* In the limit, where the budget has room for a few. */
static bool in_flights(const struct course *course, const struct moments_options *options)
{
    return course->mode.width_limit && affordable(course, options) >= DEAR_FLIGHTS * FLIGHT;
}

static int batch_count(const struct course *course, const struct moments_options *options)
{
    return in_flights(course, options) ? options->most : DOUBLINGS;
}

/* In whole flights: so many batches of the attentions that are asked for. */
static int flights_end(const struct course *course, const struct moments_options *options, int b)
{
    int heads = course->mode.heads, allowed = affordable(course, options);
    int batch = (options->draws + heads * FLIGHT - 1) / (heads * FLIGHT) * FLIGHT, end = batch * (b + 1);
    int least = (allowed < LEAST_FLIGHTS * FLIGHT ? DEAR_FLIGHTS : LEAST_FLIGHTS) * FLIGHT;
    allowed = allowed / FLIGHT * FLIGHT;
    end = end < allowed ? end : allowed;
    return end > least ? end : least;
}

/* The number of replicas after batch b; the same as before where it adds none. Without flights it doubles. */
static int batch_end(const struct course *course, const struct moments_options *options, int b)
{
    int most = affordable(course, options), end = LEAST_REPLICAS << b;
    if (in_flights(course, options))
        return flights_end(course, options, b);
    if (!course->mode.width_limit && options->replicas == 0 && options->enough > 0 && options->enough < most)
        most = options->enough > FEWEST ? (int)options->enough : FEWEST;
    return b == DOUBLINGS - 1 || end > most ? most : end;
}

int moments_replicas(const struct course *course, const struct moments_options *options, bool most)
{
    return batch_end(course, options, most ? batch_count(course, options) - 1 : 0);
}

/* Whether more would be drawn with more to spend. */
static bool is_spent(const struct course *course, const struct moments_options *options)
{
    struct moments_options rich = *options;
    rich.budget = INFINITY;
    return moments_replicas(course, options, true) < moments_replicas(course, &rich, true);
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The least features of a block's spaces and, where tokens are several, of its heads; and, where it attends to them or
 * they are of groups, of its norms. */
static void find_narrowest(const struct course *course, const struct layout *layout, int *width, int *normed)
{
    const struct plan *plan = layout->plan;
    int least_norm = course->model.width;
    bool counts = false;
    for (int s = 0; s < layout->space_count; s++)
        *width = least(*width, layout->spaces[s].width);
    for (int n = 0; course->model.tokens > 1 && n < plan->graph->node_count; n++)
        if (plan->graph->nodes[n].kind == GRAPH_ATTEND) {
            *width = least(*width, plan->nodes[n].attend.head_width);
            counts = true;
        } else if (plan->graph->nodes[n].kind == GRAPH_NORM) {
            least_norm = least(least_norm, plan->nodes[n].width / plan->nodes[n].norm.groups);
            counts = counts || plan->nodes[n].norm.groups > 1;
        }
    *normed = counts ? least(*normed, least_norm) : *normed;
}

/* What the closed form leaves (theory.md): of gradients of queries' and keys' matrices, in heads of h features of tokens
 * that are normed over m, up to 1/h and 5/m, of others less; a mean over stacks whose logarithm has this variance lies
 * some three times it off (d = 64, 4 blocks of unit gain); of attention that reads what few heads have given, about the
 * relative variance of what tokens have there by themselves; of a loss half the variance of its logits' variance, whose
 * exponentials it reads. Of a gradient that tokens share, what functions' slopes have in common where tokens lie
 * together, T/d over pi of it behind relu, here a half for any; and what is left of it along a norm's token, 1/d, is
 * more of what tokens have by themselves. */
double moments_order_error(const struct course *course, const struct replica_order *order)
{
    static const double factor = 3, pairs = 5, slopes = 0.5;
    const struct model *model = &course->model;
    int width = INT_MAX, normed = INT_MAX;
    for (int i = 0; i < course->layout_count; i++)
        find_narrowest(course, &course->layouts[i], &width, &normed);
    double shared = slopes * model->tokens * (1 - 1 / (1 + order->alike)) + order->alike;
    double spread = factor * order->variance + order->uneven + order->logits / 2;
    return course->mode.first_order ? spread + fmax(1. / width, pairs / normed) + shared / model->width : 0;
}

bool moments_give_way(const struct course *course, const struct moments_options *options, bool beyond, bool too_sharp,
                      double order_error)
{
    if (beyond)
        return course->mode.first_order;
    return course->mode.exchangeable && (too_sharp || !(order_error <= options->order));
}

/* The first replica tells whether anything is drawn at all. */
static int run_replicas(const struct tally *tally, struct replica *replicas, struct moments *moments,
                        struct error *error)
{
    const struct moments_options *options = tally->options;
    int code = run_batch(tally, replicas, 0, 1, error), count = 1;
    bool drawn = false;
    struct replica_order order = {0}; // of the one replica that was run
    for (int t = 0; t < options->threads; t++) {
        drawn |= replicas[t].drawn;
        moments->exchangeable &= !replicas[t].too_sharp;
        order.variance += replicas[t].order.variance;
        order.alike += replicas[t].order.alike;
        order.logits += replicas[t].order.logits;
        order.uneven += replicas[t].order.uneven;
    }
    if (code == ERROR_NONE && !drawn && tally->in_flights)
        end_flight(tally, 0);
    moments->order_error = moments_order_error(tally->course, &order);
    for (int b = 0; code == ERROR_NONE && drawn && b < batch_count(tally->course, options); b++) {
        int next = batch_end(tally->course, options, b);
        if (next <= count)
            continue;
        code = run_batch(tally, replicas, count, next - count, error);
        count = next;
        if (largest_error(tally, &moments->worst_cell) <= options->error)
            break;
    }
    moments->replicas = count;
    moments->drawn = drawn;
    moments->worst = drawn ? largest_error(tally, &moments->worst_cell) : 0;
    moments->spent = is_spent(tally->course, options);
    return code;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int keep(struct moments *moments, struct course *course, struct tally *tally, struct error *error)
{
    const struct estimate *cells = tally->cells;
    moments->mean = calloc(course->cells, sizeof *moments->mean);
    moments->se = calloc(course->cells, sizeof *moments->se);
    if (!moments->mean || !moments->se) {
        moments_free(moments);
        return error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", course->model.layers);
    }
    for (size_t i = 0; i < course->cells; i++) {
        struct wide se = estimate_se(&cells[i]);
        moments->mean[i] = cells[i].n > 0 ? estimate_mean(&cells[i]) : wide_absent();
        moments->se[i] = wide_present(se) ? se.mantissa : moments->drawn ? NAN : 0;
    }
    moments->schema = course->depth.schema;
    course->depth.schema = (struct observe_schema){0};
    if (!tally->course->mode.width_limit) {
        moments->spread = tally->cells;
        moments->log_ratio = tally->log_ratio;
        tally->cells = NULL;
        tally->log_ratio = NULL;
        qsort(moments->log_ratio, (size_t)moments->replicas, sizeof(double), ascending);
    }
    return ERROR_NONE;
}

/* Of the limit only attentions and routers are drawn, and a loss's labels. */
static bool is_drawn(const struct course *course)
{
    bool drawn = !course->mode.width_limit || course->model.cotangent->loss;
    for (int i = 0; i < course->layout_count; i++) {
        const struct layout *layout = &course->layouts[i];
        for (int s = 0; s < layout->space_count; s++)
            drawn |= layout->spaces[s].drawn || layout->spaces[s].population > 0;
        for (int n = 0; n < layout->plan->graph->node_count; n++)
            drawn |= layout->plan->graph->nodes[n].kind == GRAPH_MOE;
    }
    return drawn && !course->mode.exchangeable;
}

static void tell_dear(const struct course *course, const struct moments_options *options)
{
    bool drawn = is_drawn(course);
    int count = drawn ? moments_replicas(course, options, false) : 1;
    double seconds = count * course_flops(course) / COURSE_RATE, budget = moments_budget(options, &course->model);
    if (options->dear && seconds > budget)
        options->dear(options->dear_context, seconds, drawn, budget);
}

static int predict(struct course *course, const struct moments_options *options, struct moments *moments,
                   struct error *error)
{
    int most = options->replicas > REPLICAS_MOST ? options->replicas : REPLICAS_MOST;
    struct tally tally = {course,
                          in_flights(course, options),
                          options,
                          calloc(course->cells, sizeof *tally.cells),
                          calloc(course->cells, sizeof *tally.flight),
                          calloc(course->cells, sizeof *tally.part),
                          calloc((size_t)most, sizeof(double))};
    struct replica *replicas = calloc((size_t)options->threads, sizeof *replicas);
    size_t sharers = (size_t)options->threads + (size_t)options->beside;
    size_t budget = budget_available(options->threads) / 2 / sharers;
    int code = ERROR_NONE, opened = 0;
    if (!tally.cells || !tally.flight || !tally.part || !tally.log_ratio || !replicas)
        code = error_set(error, ERROR_RESOURCE, "out of memory for a profile of %d layers", course->model.layers);
    for (; code == ERROR_NONE && opened < options->threads; opened++)
        code = replica_init(&replicas[opened], course, options->seed, budget, error);
    moments->exchangeable = course->mode.exchangeable;
    moments->first_order = course->mode.first_order;
    if (code == ERROR_NONE)
        code = run_replicas(&tally, replicas, moments, error);
    for (int t = 0; t < opened; t++)
        if (replicas[t].flows)
            replica_free(&replicas[t]);
    if (code == ERROR_NONE && moments->exchangeable == course->mode.exchangeable)
        code = keep(moments, course, &tally, error);
    free(replicas);
    free(tally.cells);
    free(tally.flight);
    free(tally.part);
    free(tally.log_ratio);
    return code;
}

int moments_predict(const struct model *model, const struct moments_options *options, struct moments *moments,
                    struct error *error)
{
    struct course_options reading = moments_reading(options);
    *moments = (struct moments){0};
    openblas_set_num_threads(1);
    int code = team_check(options->threads, error);
    for (bool again = code == ERROR_NONE; again;) {
        struct course course;
        code = course_init(&course, model, &reading, error);
        if (code != ERROR_NONE)
            return code;
        tell_dear(&course, options);
        code = predict(&course, options, moments, error);
        again = (code == ERROR_NONE || code == ERROR_INPUT) &&
                moments_give_way(&course, options, code == ERROR_INPUT, !moments->exchangeable, moments->order_error);
        if (again) {
            *error = (struct error){0};
            moments_free(moments);
        }
        reading.full |= again;
        course_free(&course);
    }
    return code;
}

void moments_free(struct moments *moments)
{
    observe_schema_free(&moments->schema);
    free(moments->mean);
    free(moments->se);
    free(moments->spread);
    free(moments->log_ratio);
    *moments = (struct moments){0};
}
