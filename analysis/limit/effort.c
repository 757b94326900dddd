#include "analysis/limit/effort.h"

#include <math.h>

#include "analysis/limit/replica.h"
#include "sim/budget.h"
#include "sim/clock.h"

static const double PROBE_FLOPS = 1e9;

/* What one replica took. */
struct probe {
    double seconds, bytes;
    bool drawn, too_sharp;
    double variance; /* of replica.h */
};

static double bytes_of(const struct replica *replica)
{
    double bytes = (double)replica->forward.bytes + (double)replica->sources.bytes + (double)replica->reverse[0].bytes +
                   (double)replica->reverse[1].bytes + (double)replica->scratch.bytes;
    for (int b = 0; b < replica->course->depth.block_count; b++)
        bytes += (double)replica->flows[b].pool.bytes;
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
        *probe = (struct probe){clock_worked() - start, bytes_of(&replica), replica.drawn, replica.too_sharp,
                                replica.variance};
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

/* One replica of the whole model, by one of a small one: its time by the products, its memory by layers and Grams. */
static int probe_model(const struct course *whole, const struct model *model, const struct course_options *reading,
                       uint64_t seed, struct probe *probe, struct error *error)
{
    struct model small = shrink(model, reading);
    struct course course;
    int code = course_init(&course, &small, reading, error);
    if (code != ERROR_NONE)
        return code;
    code = probe_course(&course, seed, probe, error);
    double tokens = (double)model->tokens / small.tokens;
    probe->seconds *= course_flops(whole) / course_flops(&course);
    probe->bytes *= (double)model->layers / small.layers * tokens * tokens;
    probe->variance *= (double)model->layers / small.layers;
    course_free(&course);
    return code;
}

/* Replicas go round the threads behind the first. */
static double seconds(double one, int replicas, int threads)
{
    return one * (1 + ceil((double)(replicas - 1) / threads));
}

int effort_measure(struct effort *effort, const struct model *model, const struct moments_options *options,
                   struct error *error)
{
    struct course_options reading = {options->width_limit, options->per_token, options->full, options->heads};
    struct probe probe = {0};
    int code = ERROR_NONE;
    for (bool again = true; code == ERROR_NONE && again;) {
        struct course course;
        code = course_init(&course, model, &reading, error);
        if (code != ERROR_NONE)
            return code;
        code = probe_model(&course, model, &reading, options->seed, &probe, error);
        bool reaches = moments_suffice(options, probe.too_sharp, moments_order_error(&course, probe.variance));
        again = code == ERROR_NONE && course.mode.exchangeable && !reaches;
        int least = probe.drawn ? moments_replicas(&course, options, false) : 1;
        int most = probe.drawn ? moments_replicas(&course, options, true) : 1;
        double held = (double)budget_available(options->threads) / 2;
        effort->least = seconds(probe.seconds, least, options->threads);
        effort->most = seconds(probe.seconds, most, options->threads);
        effort->bytes = (size_t)fmin(held, probe.bytes * (probe.drawn ? options->threads : 1));
        reading.full |= again;
        course_free(&course);
    }
    return code;
}
