/* Seconds a dense sample with all statistics: this engine, in double and in single precision, against the same work in PyTorch (dense_torch.py, in the
 * Debian package python3-torch), each on one thread, in one run. Samples before and after PyTorch's turn share in
 * whatever else the machine does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "sim/budget.h"
#include "sim/sampler.h"
#include "sim/setting.h"

enum { TURN = 4, REPETITIONS = 2 * TURN, TORCH_ABSENT = 77 };

/* dense_torch.py's defaults, in double and in single precision. */
static const char SETTINGS[] = "placement=spannorm init=scaleinit layers=32 width=512 heads=8 tokens=32";
static const char *const TORCH[] = {"/usr/bin/python3 bench/dense_torch.py",
                                    "/usr/bin/python3 bench/dense_torch.py single"};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void discard(void *context, uint64_t sample, const struct wide *values)
{
    (void)context, (void)sample, (void)values;
}

/* One sample a call; the first of a turn warms up and is not counted. */
static int take_turn(struct sampler *sampler, double *spent, struct error *error)
{
    int code = ERROR_NONE;
    for (int i = -1; code == ERROR_NONE && i < TURN; ++i) {
        const double start = seconds();
        code = sampler_run(sampler, 1, (uint64_t)(i + 1), 1, NULL, discard, NULL, error);
        if (i >= 0)
            spent[i] = seconds() - start;
    }
    return code;
}

/* PyTorch's median, 0 where it is absent, negative where it fails. */
static double torch_seconds(const char *command)
{
    double median = -1;
    FILE *pipe = popen(command, "r");
    if (pipe == NULL)
        return -1;
    if (fscanf(pipe, "%lf", &median) != 1)
        median = -1;
    int status = pclose(pipe);
    if (WIFEXITED(status) && WEXITSTATUS(status) == TORCH_ABSENT)
        return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS ? median : -1;
}

static void print(const double own[2], const double torch[2])
{
    printf("%-36s %10s %10s %10s\n", "a dense sample, L 32, d 512, T 32", "seconds", "PyTorch", "ratio");
    for (int i = 0; i < 2; i++) {
        printf("%-36s %10.3f", i == 0 ? "double" : "single", own[i]);
        if (torch[i] > 0)
            printf(" %10.3f %10.2f\n", torch[i], torch[i] / own[i]);
        else
            printf(" %10s\n", torch[i] < 0 ? "failed" : "absent");
    }
}

struct subject {
    struct model model;
    struct sampler sampler;
    double spent[REPETITIONS];
};

static int subject_init(struct subject *subject, int single, struct error *error)
{
    model_defaults(&subject->model);
    int code = setting_apply_all(&subject->model, SETTINGS, error);
    subject->model.single = single;
    if (code == ERROR_NONE)
        code = model_check(&subject->model, error);
    return code == ERROR_NONE ? sampler_init(&subject->sampler, &subject->model, linear_engine_find("dense"), false, 1,
                                             budget_available(1), error)
                              : code;
}

int main(void)
{
    static struct subject subjects[2]; // double, single
    struct error error;
    double own[2] = {0}, torch[2] = {-1, -1};
    int code = ERROR_NONE;
    for (int i = 0; code == ERROR_NONE && i < 2; i++)
        code = subject_init(&subjects[i], i, &error);
    for (int turn = 0; code == ERROR_NONE && turn < 2; turn++) {
        for (int i = 0; code == ERROR_NONE && i < 2; i++)
            code = take_turn(&subjects[i].sampler, subjects[i].spent + turn * TURN, &error);
        for (int i = 0; turn == 0 && i < 2; i++)
            torch[i] = torch_seconds(TORCH[i]);
    }
    for (int i = 0; i < 2; i++) {
        qsort(subjects[i].spent, REPETITIONS, sizeof *subjects[i].spent, ascending);
        own[i] = subjects[i].spent[REPETITIONS / 2];
        sampler_free(&subjects[i].sampler);
        model_free(&subjects[i].model);
    }
    if (code == ERROR_NONE)
        print(own, torch);
    else
        fprintf(stderr, "dense: %s\n", error.text);
    return code == ERROR_NONE && torch[0] >= 0 && torch[1] >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
