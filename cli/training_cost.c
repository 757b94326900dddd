#include "cli/training_cost.h"

#include <cblas.h>
#include <inttypes.h>
#include <math.h>

#include "sim/budget.h"
#include "sim/clock.h"
#include "train/trainers.h"

/* A step beside its products: measured at widths 32 to 128 on one core of a 2024 server (bench/train). It decides only
 * how many sequences a probe has. */
static const double SECONDS_FLOP = 3.5e-11, PROBE_SECONDS = 0.1;

/* What a profile takes, in steps: held out are 8 batches, each with every block left out once and none, forward only (a
 * third of a step), and the observables and the update's effect are about two more (train/measure). */
static double steps_of(const struct train_run *run)
{
    int profiles = run->training.measured ? run->training.measured->count : 0;
    return (double)run->training.steps + profiles * (8.0 * (run->model.layers + 1) / 3 + 2);
}

static int plan(const struct train_run *run, size_t budget, struct network *network, struct error *error)
{
    const struct training *training = &run->training;
    return trainers_of(&run->model)
        ->network(network, &run->model, training->batch, training->task->vocabulary, training->parametrisation,
                  training->base_width, 0, budget, error);
}

/* Seconds of a step, from the better of two with as many sequences as a moment allows. */
static int time_step(const struct train_run *run, double flops, size_t budget, double *seconds, struct error *error)
{
    const struct trainers *trainers = trainers_of(&run->model);
    struct training training = run->training;
    struct trainer trainer;
    double sequence = SECONDS_FLOP * flops / training.batch, best = INFINITY;
    int batch = (int)fmin(training.batch, fmax(1, PROBE_SECONDS / sequence));
    training.batch = batch;
    training.steps = 2;
    training.warmup = 0;
    training.measured = NULL;
    int code = trainers->init(&trainer, &run->model, &training, budget, error);
    if (code != ERROR_NONE)
        return code;
    while (trainer_goes_on(&trainer)) {
        double start = clock_worked();
        trainers->step(&trainer);
        best = fmin(best, clock_worked() - start);
    }
    trainer_free(&trainer);
    *seconds = best * run->training.batch / batch;
    return ERROR_NONE;
}

/* Of the models numbered from .. to - 1: their flops, memory, and their time by the one in the middle. */
struct part {
    double flops, seconds;
    size_t bytes; /* of the largest */
};

static int weigh(const struct train_run *runs, int of_a_model, int from, int to, size_t budget, struct part *part,
                 struct error *error)
{
    int middle = (from + to) / 2, code = ERROR_NONE;
    double probed = 1, took = 0;
    *part = (struct part){0};
    for (int m = from; code == ERROR_NONE && m < to; m++) {
        const struct train_run *run = &runs[m * of_a_model];
        struct network network;
        code = plan(run, budget, &network, error);
        if (code != ERROR_NONE)
            return code;
        double flops = network.flops;
        part->flops += flops * steps_of(run) * of_a_model;
        part->bytes = network.bytes > part->bytes ? network.bytes : part->bytes;
        network_free(&network);
        if (m == middle) {
            probed = flops;
            code = time_step(run, flops, budget, &took, error);
        }
    }
    part->seconds = part->flops * took / probed;
    return code;
}

int training_cost(const struct train_run *runs, int count, int of_a_model, int threads, size_t memory,
                  struct outlay *outlay, struct error *error)
{
    enum { PROBES = 8 };
    int models = count / of_a_model, probes = models < PROBES ? models : PROBES, code = ERROR_NONE;
    double seconds = 0;
    size_t bytes = 0;
    threads = threads < count ? threads : count;
    memory = memory > 0 ? memory : budget_available(threads);
    openblas_set_num_threads(1);
    for (int i = 0; code == ERROR_NONE && i < probes; i++) {
        struct part part;
        int from = (int)((int64_t)i * models / probes), to = (int)((int64_t)(i + 1) * models / probes);
        code = weigh(runs, of_a_model, from, to, memory / (size_t)threads, &part, error);
        seconds += part.seconds;
        bytes = part.bytes > bytes ? part.bytes : bytes;
    }
    *outlay = (struct outlay){
        .runs = "runs",
        .unit = "steps",
        .count = count,
        .each = runs->training.steps,
        .threads = threads,
        .probes = probes,
        .least_seconds = seconds / threads,
        .seconds = seconds / threads,
        .bytes = bytes * (size_t)threads,
        .thread_bytes = bytes,
    };
    return code;
}
