/* Activations: nanoseconds a number, value and slope together, against the scalar functions of the mathematical library
 * and GSL; and a sample of the conditioned engine where the FFN is wide and tokens are few, over the same with relu,
 * whose time is that of everything else. All on one thread. The repetitions of all rows alternate, so that a busy
 * machine slows all alike; ratios are of the minima. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sim/sampler.h"
#include "sim/setting.h"

enum { REPETITIONS = 15, COUNT = 1 << 14 };

static double input[COUNT], output[COUNT];

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double logistic(double u)
{
    return 1 / (1 + exp(-u));
}

#define SCALAR(name, value_of_u, slope_of_u)                                                                           \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        for (int i = 0; i < COUNT; i++) {                                                                              \
            double u = input[i];                                                                                       \
            output[i] = value_of_u;                                                                                    \
        }                                                                                                              \
        for (int i = 0; i < COUNT; i++) {                                                                              \
            double u = input[i];                                                                                       \
            output[i] = slope_of_u;                                                                                    \
        }                                                                                                              \
    }

SCALAR(scalar_gelu, u *gsl_cdf_ugaussian_P(u), gsl_cdf_ugaussian_P(u) + u * gsl_ran_ugaussian_pdf(u))
SCALAR(scalar_silu, u *logistic(u), logistic(u) * (1 + u * (1 - logistic(u))))
SCALAR(scalar_tanh, tanh(u), 1 - tanh(u) * tanh(u))

static const struct row {
    const char *name;
    void (*scalar)(void);
} rows[] = {{"relu", NULL}, {"gelu", scalar_gelu}, {"silu", scalar_silu}, {"tanh", scalar_tanh}};
enum { ROWS = sizeof rows / sizeof *rows };

static void fail(const struct error *error)
{
    fprintf(stderr, "%s\n", error->text);
    exit(EXIT_FAILURE);
}

struct subject {
    const struct row *row;
    struct model model;
    struct sampler sampler;
    double vector, scalar, sample; /* seconds, the least */
};

static void subject_init(struct subject *subject, const struct row *row)
{
    static const char shape[] = "placement=prenorm init=unit layers=3 width=8192 heads=64 tokens=4";
    struct error error = {0};
    *subject = (struct subject){.row = row, .vector = INFINITY, .scalar = INFINITY, .sample = INFINITY};
    model_defaults(&subject->model);
    if (setting_apply_all(&subject->model, shape, &error) != ERROR_NONE ||
        setting_apply(&subject->model, "activation", row->name, &error) != ERROR_NONE ||
        model_check(&subject->model, &error) != ERROR_NONE ||
        sampler_init(&subject->sampler, &subject->model, linear_engine_find("conditioned"), false, 1, (size_t)1 << 30,
                     &error) != ERROR_NONE)
        fail(&error);
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

static void subject_time(struct subject *subject)
{
    struct error error = {0};
    double start = seconds();
    subject->model.activation->value(COUNT, input, output);
    subject->model.activation->slope(COUNT, input, output);
    subject->vector = fmin(subject->vector, seconds() - start);
    start = seconds();
    if (subject->row->scalar)
        subject->row->scalar();
    subject->scalar = fmin(subject->scalar, seconds() - start);
    start = seconds();
    if (sampler_run(&subject->sampler, 1, 0, 1, NULL, discard, NULL, &error) != ERROR_NONE)
        fail(&error);
    subject->sample = fmin(subject->sample, seconds() - start);
}

int main(void)
{
    struct subject subjects[ROWS];
    struct stream stream = stream_open(&(struct stream_address){.seed = 1});
    stream_normals(&stream, 0, COUNT, 1.37, input);
    for (int row = 0; row < ROWS; row++)
        subject_init(&subjects[row], &rows[row]);
    for (int r = 0; r < REPETITIONS; r++)
        for (int row = 0; row < ROWS; row++)
            subject_time(&subjects[row]);
    printf("%-12s %12s %12s %8s %14s %10s\n", "activation", "ns", "scalar ns", "ratio", "ms a sample", "to relu");
    for (int row = 0; row < ROWS; row++) {
        struct subject *s = &subjects[row];
        printf("%-12s %12.2f", s->row->name, s->vector / COUNT * 1e9);
        if (s->row->scalar)
            printf(" %12.2f %8.1f", s->scalar / COUNT * 1e9, s->scalar / s->vector);
        else
            printf(" %12s %8s", "", "");
        printf(" %14.2f %10.2f\n", s->sample * 1e3, s->sample / subjects[0].sample);
        sampler_free(&s->sampler);
        model_free(&s->model);
    }
    return EXIT_SUCCESS;
}
