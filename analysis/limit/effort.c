#include "analysis/limit/effort.h"

#include <math.h>

#include "analysis/limit/replica.h"
#include "sim/budget.h"
#include "sim/clock.h"

static const double PROBE_FLOPS = 1e9;

/* What one replica took. */
struct probe {
    double seconds;
    struct course_room bytes;
    bool drawn, too_sharp, beyond; /* beyond: it left the range of double */
    struct replica_order order;
};

static struct course_room touched_by(const struct replica *replica)
{
    struct course_room bytes = {0, (double)pool_touched(&replica->forward),
                                (double)(pool_touched(&replica->sources) + pool_touched(&replica->reverse[0]) +
                                         pool_touched(&replica->reverse[1]) + pool_touched(&replica->scratch))};
    for (int b = 0; b < replica->course->depth.block_count; b++)
        bytes.flows += (double)pool_touched(&replica->flows[b].pool);
    return bytes;
}

/* The second of two, which has its memory. A replica that leaves the range of double has taken its time, too. */
static int probe_course(const struct course *course, uint64_t seed, struct probe *probe, struct error *error)
{
    struct replica replica;
    int code = replica_init(&replica, course, seed, SIZE_MAX, error);
    for (int i = 0; code == ERROR_NONE && i < 2; i++) {
        double start = clock_worked();
        code = replica_run(&replica, 0, NULL, error);
        *probe = (struct probe){.seconds = clock_worked() - start,
                                .bytes = touched_by(&replica),
                                .drawn = replica.drawn,
                                .too_sharp = replica.too_sharp,
                                .beyond = code == ERROR_INPUT,
                                .order = replica.order};
    }
    if (replica.flows)
        replica_free(&replica);
    return code == ERROR_INPUT ? ERROR_NONE : code;
}

/* The model with fewer layers, then fewer tokens, until a replica is a moment's work; as it is where that makes none. */
static struct model shrink(const struct model *model, const struct course_options *reading)
{
    enum { LAYERS_LEAST = 2, TOKENS_LEAST = 8 };
    struct model small = *model; // shares what the model owns, and is not freed
    while (small.layers > LAYERS_LEAST || small.tokens > TOKENS_LEAST) {
        struct course course;
        struct error error;
        if (course_init(&course, &small, reading, &error) != ERROR_NONE)
            return *model;
        double flops = course_flops(&course);
        course_free(&course);
        if (flops <= PROBE_FLOPS)
            break;
        if (small.layers > LAYERS_LEAST)
            small.layers = (small.layers + 1) / 2;
        else
            small.tokens = (small.tokens + 1) / 2;
    }
    return small;
}

/* One replica of the whole model, by one of a small one: its time by the products, its memory by what is counted. */
static int probe_model(const struct course *whole, const struct model *model, const struct course_options *reading,
                       uint64_t seed, struct probe *probe, struct error *error)
{
    struct model small = shrink(model, reading);
    struct course course;
    int code = course_init(&course, &small, reading, error);
    if (code != ERROR_NONE)
        return code;
    code = probe_course(&course, seed, probe, error);
    struct course_room all = course_room(whole), part = course_room(&course);
    probe->seconds *= course_flops(whole) / course_flops(&course);
    probe->bytes.flows *= all.flows / part.flows;
    probe->bytes.states *= all.states / part.states;
    probe->bytes.pass *= all.pass / part.pass;
    probe->order.variance *= (double)model->layers / small.layers;
    course_free(&course);
    return code;
}

/* What is touched beside replicas: more of the program and its libraries, tables, OpenBLAS's buffers. */
static const double BESIDE_BYTES = 2.5e6;

/* The first replica is run alone, and the others by as many threads as there are of them; each thread keeps what it
 * has. Flows are given up beyond what replicas may hold (moments.c), all but one's. */
static double bytes(const struct probe *probe, const struct moments_options *options, int replicas)
{
    double held = (double)budget_available(options->threads) / 2 / (options->threads + options->beside);
    double pass = probe->drawn ? probe->bytes.pass : 0; // room of quadratures, which hardly touch it (softmax.c)
    int others = replicas > 2 ? replicas - 1 : 1, threads = others < options->threads ? others : options->threads;
    return BESIDE_BYTES + threads * (fmin(probe->bytes.flows, held) + probe->bytes.states + pass);
}

/* Replicas go round the threads behind the first. */
static double seconds(double one, int replicas, int threads)
{
    return one * (1 + ceil((double)(replicas - 1) / threads));
}

int effort_measure(struct effort *effort, const struct model *model, const struct moments_options *options,
                   struct error *error)
{
    struct course_options reading = moments_reading(options);
    struct probe probe = {0};
    int code = ERROR_NONE;
    for (bool again = true; code == ERROR_NONE && again;) {
        struct course course;
        code = course_init(&course, model, &reading, error);
        if (code != ERROR_NONE)
            return code;
        code = probe_model(&course, model, &reading, options->seed, &probe, error);
        again = code == ERROR_NONE && moments_give_way(&course, options, probe.beyond, probe.too_sharp,
                                                       moments_order_error(&course, &probe.order));
        int least = probe.drawn ? moments_replicas(&course, options, false) : 1;
        int most = probe.drawn ? moments_replicas(&course, options, true) : 1;
        effort->least = seconds(probe.seconds, least, options->threads);
        effort->most = seconds(probe.seconds, most, options->threads);
        effort->drawn = probe.drawn;
        effort->bytes = (size_t)bytes(&probe, options, most);
        reading.full |= again;
        course_free(&course);
    }
    return code;
}
